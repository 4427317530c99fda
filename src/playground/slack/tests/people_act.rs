//! People: what they type and press reaches the app whole, and what it answers shows.

use super::*;

#[tokio::test]
async fn a_command_is_answered_for_the_person_alone() {
    let slack = workspace(|_| {}).await;
    let (mut app, _) = App::connect(&slack).await;
    let (seen, sent) = tokio::join!(
        slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit request @bob #security a<b"),
        app.answer(Some(json!({ "text": "noted" })))
    );
    let seen = seen.expect("ann is in the channel");
    assert_eq!(seen.answer, Answer::Acked(Some(json!({ "text": "noted" }))));
    assert_eq!(seen.told.iter().map(|m| m.text.as_str()).collect::<Vec<_>>(), ["noted"]);
    assert_eq!(sent["text"], "request <@U0BOB|bob> <#C0SECURITY|security> a&lt;b");
    for field in [
        "token",
        "team_id",
        "team_domain",
        "channel_id",
        "channel_name",
        "user_id",
        "user_name",
        "command",
        "api_app_id",
        "response_url",
        "trigger_id",
    ] {
        assert!(sent[field].is_string(), "{field}");
    }
    assert_eq!(sent["is_enterprise_install"], "false");
    let snapshot = slack.snapshot();
    assert_eq!(snapshot.messages(ACCESS_CHANNEL).count(), 0);
    assert_eq!((snapshot.told("U0ANN").count(), snapshot.told("U0BOB").count()), (1, 0));
    assert!(snapshot.envelopes[0].acked_after_ms.is_some());
}

#[tokio::test]
async fn a_form_goes_all_the_way() {
    let slack = workspace(|_| {}).await;
    let (mut app, _) = App::connect(&slack).await;
    let (_, sent) = tokio::join!(slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit"), app.answer(None));
    let opened =
        call(&slack, "views.open", json!({ "trigger_id": sent["trigger_id"], "view": modal() })).await;
    assert_eq!(opened["ok"], true, "{opened}");
    let again =
        call(&slack, "views.open", json!({ "trigger_id": sent["trigger_id"], "view": modal() })).await;
    assert_eq!(again["error"], "exchanged_trigger_id");

    let incomplete = slack.fill_and_submit("U0ANN", &[("why", "no")]).await.expect("a form is open");
    let Submitted::Incomplete(said) = incomplete else { panic!("{incomplete:?}") };
    assert_eq!(said.keys().collect::<Vec<_>>(), ["dur", "role", "why"]);

    // The select asks for its choices, and its change is sent.
    let offer = json!({ "options": [
        { "text": { "type": "plain_text", "text": "Billing · read" }, "value": "billing/read" }] });
    let (filled, (query, change)) = tokio::join!(slack.fill("U0ANN", "role", "Billing · read"), async {
        (app.answer(Some(offer)).await, app.answer(None).await)
    });
    filled.expect("it is offered").expect("it is sent");
    assert_eq!((&query["type"], &query["value"]), (&json!("block_suggestion"), &json!("Billing · read")));
    assert_eq!(change["actions"][0]["selected_option"]["value"], "billing/read");
    assert_eq!(change["view"]["state"]["values"]["role"]["role"]["selected_option"]["value"], "billing/read");
    assert_eq!(change["container"], json!({ "type": "view", "view_id": opened["view"]["id"] }));

    // An update under way keeps what was put in; an old hash does not.
    let args = |hash: &Value| json!({ "view_id": opened["view"]["id"], "hash": hash, "view": modal() });
    let updated = call(&slack, "views.update", args(&opened["view"]["hash"])).await;
    assert_eq!(
        updated["view"]["state"]["values"]["role"]["role"]["selected_option"]["value"],
        "billing/read"
    );
    assert_eq!(call(&slack, "views.update", args(&opened["view"]["hash"])).await["error"], "hash_conflict");

    let form = [("dur", "2h"), ("why", "the nightly job failed")];
    let errors = json!({ "response_action": "errors", "errors": { "dur": "at most 1 hour" } });
    let (result, sent) = tokio::join!(slack.fill_and_submit("U0ANN", &form), app.answer(Some(errors)));
    assert!(matches!(result, Ok(Submitted::Errors(said)) if said["dur"] == "at most 1 hour"));
    assert_eq!(sent["view"]["private_metadata"], "kept");
    assert_eq!(sent["view"]["state"]["values"]["why"]["why"]["value"], "the nightly job failed");

    let strange = json!({ "response_action": "errors", "errors": { "nowhere": "?" } });
    let (result, _) = tokio::join!(slack.submit("U0ANN"), app.answer(Some(strange)));
    assert!(matches!(result, Ok(Submitted::Trouble(_))), "errors must point to inputs");
    let mut broken = modal();
    broken["title"]["text"] = json!("x".repeat(25));
    let broken = json!({ "response_action": "update", "view": broken });
    let (result, _) = tokio::join!(slack.submit("U0ANN"), app.answer(Some(broken)));
    assert!(matches!(result, Ok(Submitted::Trouble(_))), "a broken view is not shown");

    let update = json!({ "response_action": "update", "view": {
        "type": "modal", "title": { "type": "plain_text", "text": "Sent" }, "blocks": [] } });
    let (result, _) = tokio::join!(slack.submit("U0ANN"), app.answer(Some(update)));
    assert!(matches!(result, Ok(Submitted::Updated(view)) if view.title() == "Sent"));
    assert_eq!(slack.snapshot().modal("U0ANN").expect("it is open").title(), "Sent");
    slack.close_view("U0ANN").await.expect("it was open");
    assert_eq!(slack.open_view("U0ANN"), None);
    assert_eq!(slack.snapshot().complaints.len(), 2);
}

#[tokio::test]
async fn a_shortcut_of_a_message_says_which_message() {
    let slack = workspace(|_| {}).await;
    let (mut app, _) = App::connect(&slack).await;
    let posted = call(&slack, "chat.postMessage", message()).await;
    let ts = posted["ts"].as_str().expect("a ts");
    let (seen, sent) =
        tokio::join!(slack.run_message_shortcut("U0BOB", ACCESS_CHANNEL, ts, "about"), app.answer(None));
    assert_eq!(seen.expect("it is there").answer, Answer::Acked(None));
    assert_eq!((&sent["type"], &sent["callback_id"]), (&json!("message_action"), &json!("about")));
    assert_eq!((&sent["message_ts"], &sent["channel"]["id"]), (&json!(ts), &json!(ACCESS_CHANNEL)));
    assert_eq!(sent["message"]["text"], "ann asks for billing/read");
    assert!(sent["trigger_id"].is_string() && sent["response_url"].is_string());
    let gone = slack.run_message_shortcut("U0BOB", ACCESS_CHANNEL, "1.0", "about").await;
    assert_eq!(gone, Err(ActError::NoSuchMessage("1.0".into())));

    let link = |ts: &str| json!({ "channel": ACCESS_CHANNEL, "message_ts": ts });
    let number = ts.replace('.', "");
    let found = call(&slack, "chat.getPermalink", link(ts)).await;
    assert_eq!(
        found["permalink"],
        format!("https://playground.slack.com/archives/{ACCESS_CHANNEL}/p{number}")
    );
    assert_eq!(call(&slack, "chat.getPermalink", link("1.0")).await["error"], "message_not_found");
    let nowhere = json!({ "channel": "C0NOWHERE", "message_ts": ts });
    assert_eq!(call(&slack, "chat.getPermalink", nowhere).await["error"], "channel_not_found");
}

#[tokio::test]
async fn a_search_that_is_answered_late_or_with_too_much_shows_nothing() {
    let slack = workspace(|s| s.limits.ack = Duration::from_millis(300)).await;
    let (mut app, _) = App::connect(&slack).await;
    let (_, sent) = tokio::join!(slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit"), app.answer(None));
    call(&slack, "views.open", json!({ "trigger_id": sent["trigger_id"], "view": modal() })).await;
    let option = |n: usize| json!({ "text": { "type": "plain_text", "text": "x" }, "value": n.to_string() });
    let options = |count: usize| (0..count).map(option).collect::<Vec<_>>();
    let label = json!({ "type": "plain_text", "text": "An app" });
    for (answer, shown) in [
        (json!({ "options": options(100) }), Some(100)),
        (json!({ "options": options(101) }), None),
        (json!({ "option_groups": [{ "label": label, "options": options(100) }] }), Some(100)),
        (json!({ "option_groups": [{ "label": label, "options": [] }] }), None),
        (json!({ "option_groups": [{ "options": options(1) }] }), None),
        (json!({ "options": [] }), Some(0)),
    ] {
        let (found, _) = tokio::join!(
            slack.search_options("U0ANN", "role", "role", "x"),
            app.answer(Some(answer.clone()))
        );
        assert_eq!(found.ok().map(|found| found.len()), shown, "{answer}");
    }
    let found = slack.search_options("U0ANN", "role", "role", "x").await;
    assert_eq!(found, Err(ActError::NoAnswer), "nobody answers");
}

#[tokio::test]
async fn a_modal_opens_two_more_and_tells_when_it_is_closed() {
    let slack = workspace(|_| {}).await;
    let (mut app, _) = App::connect(&slack).await;
    let (_, mut sent) = tokio::join!(slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit"), app.answer(None));
    let view = json!({ "type": "modal", "title": { "type": "plain_text", "text": "M" }, "notify_on_close": true,
        "blocks": [{ "type": "actions", "elements": [
            { "type": "button", "action_id": "more", "text": { "type": "plain_text", "text": "More" } }] }] });
    for (method, error) in [
        ("views.push", json!("not_found")),
        ("views.open", Value::Null),
        ("views.push", Value::Null),
        ("views.push", Value::Null),
        ("views.push", json!("push_limit_reached")),
    ] {
        let said = call(&slack, method, json!({ "trigger_id": sent["trigger_id"], "view": view })).await;
        assert_eq!(said["error"], error, "{method} {said}");
        if slack.open_view("U0ANN").is_some() {
            let more = Which::action("more");
            let (pressed, payload) =
                tokio::join!(slack.press("U0ANN", &Place::Modal, &more, None), app.answer(None));
            pressed.expect("the button is there");
            sent = payload;
        }
    }
    let (closed, told) = tokio::join!(slack.close_view("U0ANN"), app.answer(None));
    closed.expect("it was open");
    assert_eq!((&told["type"], &told["is_cleared"]), (&json!("view_closed"), &json!(false)));
    let clear = json!({ "response_action": "clear" });
    let (result, _) = tokio::join!(slack.submit("U0ANN"), app.answer(Some(clear)));
    assert_eq!(result, Ok(Submitted::Cleared));
    assert_eq!(slack.open_view("U0ANN"), None);
}

#[tokio::test]
async fn buttons_are_pressed_as_they_stand_and_old_presses_can_be_kept() {
    let slack = workspace(|_| {}).await;
    let (mut app, _) = App::connect(&slack).await;
    let posted = call(&slack, "chat.postMessage", message()).await;
    let ts = posted["ts"].as_str().expect("a ts");
    let (seen, sent) = tokio::join!(slack.click("U0BOB", ACCESS_CHANNEL, ts, "approve"), app.answer(None));
    assert!(!seen.expect("it is there").warned);
    assert_eq!(sent["user"]["id"], "U0BOB");
    assert_eq!(sent["actions"][0]["value"], "R1001");
    assert_eq!(sent["container"]["message_ts"], ts);
    assert_eq!(sent["message"]["text"], "ann asks for billing/read");
    assert_eq!(sent["state"], json!({ "values": {} }));

    let place = Place::Message { channel: ACCESS_CHANNEL.into(), ts: ts.into() };
    let old = slack.remember_click("U0DANA", &place, &"deny".into(), None).expect("it is there");
    let update = json!({ "channel": ACCESS_CHANNEL, "ts": ts, "text": "approved" });
    assert_eq!(call(&slack, "chat.update", update).await["ok"], true);
    let gone = slack.click("U0DANA", ACCESS_CHANNEL, ts, "deny").await;
    assert_eq!(gone, Err(ActError::NoSuchElement("deny".into())), "text without blocks took them away");
    let (seen, sent) = tokio::join!(slack.click_stale(&old), app.answer(None));
    assert_eq!(seen.answer, Answer::Acked(None));
    assert_eq!((&sent["actions"][0]["action_id"], &sent["user"]["id"]), (&json!("deny"), &json!("U0DANA")));

    slack.delete_message(ACCESS_CHANNEL, ts).expect("it is there");
    let update = json!({ "channel": ACCESS_CHANNEL, "ts": ts, "text": "again" });
    assert_eq!(call(&slack, "chat.update", update).await["error"], "message_not_found");
}

#[tokio::test]
async fn a_reply_address_shows_and_replaces_for_one_person() {
    let slack = workspace(|_| {}).await;
    let (mut app, _) = App::connect(&slack).await;
    let first = json!({ "text": "sure?", "blocks": message()["blocks"] });
    let (seen, _) = tokio::join!(slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit"), app.answer(Some(first)));
    let ts = seen.expect("it is said").told[0].ts.clone();
    let (_, sent) = tokio::join!(slack.click("U0ANN", ACCESS_CHANNEL, &ts, "approve"), app.answer(None));
    assert_eq!((&sent["container"]["is_ephemeral"], &sent["message"]), (&json!(true), &Value::Null));
    let url = sent["response_url"].as_str().expect("an address").to_owned();
    let path = url.strip_prefix(&slack.url()).expect("of this workspace").to_owned();
    for n in 0..6 {
        let body = json!({ "text": format!("done {n}"), "replace_original": true }).to_string();
        let (status, _, said) =
            exchange(slack.addr(), &format!("POST {path}"), &[], &body).await.expect("it answers");
        assert_eq!((status, said.as_str()), if n < 5 { (200, "ok") } else { (404, "used_url") });
    }
    let told: Vec<String> = slack.snapshot().told("U0ANN").map(|m| m.text.clone()).collect();
    assert_eq!(told, ["done 4"]);
}

#[tokio::test]
async fn home_tabs_are_published_and_pressed() {
    let slack = workspace(|_| {}).await;
    let (mut app, _) = App::connect(&slack).await;
    let button = |value: &str| {
        json!({ "type": "actions", "block_id": value, "elements": [
        { "type": "button", "action_id": "withdraw", "value": value, "text": { "type": "plain_text", "text": "Withdraw" } }] })
    };
    let view = json!({ "type": "home", "blocks": [button("R1001"), button("R1002")] });
    let published = call(&slack, "views.publish", json!({ "user_id": "U0ANN", "view": view })).await;
    assert_eq!(published["ok"], true, "{published}");
    let which = Which::action("withdraw").with_value("R1002");
    let (seen, sent) = tokio::join!(slack.press("U0ANN", &Place::Home, &which, None), app.answer(None));
    seen.expect("it is there");
    assert_eq!(sent["actions"][0]["block_id"], "R1002");
    assert_eq!(sent["view"]["type"], "home");
    let args = |hash: &Value| json!({ "user_id": "U0ANN", "view": view, "hash": hash });
    assert_eq!(call(&slack, "views.publish", args(&published["view"]["hash"])).await["ok"], true);
    assert_eq!(
        call(&slack, "views.publish", args(&published["view"]["hash"])).await["error"],
        "hash_conflict"
    );
}
