//! Links: hello, acks in time and late, repeats, ends.

use super::*;

#[tokio::test]
async fn a_link_begins_with_hello_and_a_ticket_serves_once() {
    let slack = workspace(|_| {}).await;
    let (_app, hello) = App::connect(&slack).await;
    assert_eq!(hello["type"], "hello");
    assert_eq!(hello["num_connections"], 1);
    assert_eq!(hello["connection_info"]["app_id"], APP);
    let url = App::link_url(&slack).await;
    let _second = connect_async(&url).await.expect("the ticket is good");
    assert!(connect_async(&url).await.is_err(), "the ticket was used");
    assert_eq!(
        slack.wait_for(LIMIT, |s| (s.links == 2).then_some(s.calls["apps.connections.open"])).await,
        Ok(2)
    );
}

#[tokio::test]
async fn an_empty_payload_is_an_empty_ack() {
    let slack = workspace(|_| {}).await;
    let (mut app, _) = App::connect(&slack).await;
    for payload in [None, Some(json!({}))] {
        let (seen, _) = tokio::join!(slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit"), app.answer(payload));
        let seen = seen.expect("it is said");
        assert_eq!((seen.answer, seen.told.len()), (Answer::Acked(None), 0));
    }
}

#[tokio::test]
async fn what_is_not_acked_in_time_shows() {
    let slack = workspace(|s| s.limits.ack = Duration::from_millis(50)).await;
    let nobody = slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit").await.expect("it is said");
    assert_eq!(nobody.answer, Answer::NobodyConnected);
    assert_eq!(nobody.told[0].text, "/jit failed with the error \"dispatch_failed\"");

    let (mut app, _) = App::connect(&slack).await;
    let late = slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit").await.expect("it is said");
    assert_eq!(late.answer, Answer::Late);
    assert_eq!(late.told[0].text, "/jit failed with the error \"operation_timeout\"");
    app.answer(Some(json!({ "text": "too late" }))).await;

    let posted = call(&slack, "chat.postMessage", message()).await;
    let ts = posted["ts"].as_str().expect("a ts");
    let clicked = slack.click("U0BOB", ACCESS_CHANNEL, ts, "approve").await.expect("the button is there");
    assert!(clicked.warned);
    assert_eq!(slack.snapshot().warnings[0].action_id, "approve");

    let sent = app.next().await.expect("the click");
    let opened = call(
        &slack,
        "views.open",
        json!({ "trigger_id": sent["payload"]["trigger_id"], "view": {
        "type": "modal", "title": { "type": "plain_text", "text": "Sure?" }, "blocks": [] } }),
    )
    .await;
    assert_eq!(opened["ok"], true, "{opened}");
    assert!(matches!(slack.submit("U0BOB").await, Ok(Submitted::Trouble(_))));
    assert!(slack.open_view("U0BOB").expect("it stays").trouble.is_some());

    let told = slack.snapshot();
    assert!(!told.told("U0ANN").any(|m| m.text == "too late"), "what comes late is ignored");
}

#[tokio::test]
async fn a_slow_network_makes_acks_late() {
    let slack = workspace(|s| s.limits.ack = Duration::from_millis(50)).await;
    let (mut app, _) = App::connect(&slack).await;
    slack.delay_acks(Some(Duration::from_millis(150)));
    let (seen, _) = tokio::join!(slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit"), app.answer(None));
    assert_eq!(seen.expect("it is said").answer, Answer::Late);
    let late = slack.wait_for(LIMIT, |s| s.envelopes[0].acked_after_ms).await.expect("it comes");
    assert!(late >= 150);
}

#[tokio::test]
async fn the_eleventh_link_is_refused() {
    let slack = workspace(|_| {}).await;
    let mut apps = Vec::new();
    for n in 1..=10 {
        let (app, hello) = App::connect(&slack).await;
        assert_eq!(hello["num_connections"], n);
        apps.push(app);
    }
    let (mut eleventh, first) = App::connect(&slack).await;
    assert_eq!((&first["type"], &first["reason"]), (&json!("disconnect"), &json!("too_many_websockets")));
    assert_eq!(eleventh.next().await, None);
    assert_eq!(slack.snapshot().links, 10);
}

#[tokio::test]
async fn envelopes_go_to_any_link_and_acks_count_on_any() {
    let slack = workspace(|_| {}).await;
    let ((mut one, _), (mut two, _)) = (App::connect(&slack).await, App::connect(&slack).await);
    for _ in 0..2 {
        let (seen, _) = tokio::join!(slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit"), async {
            let (envelope, other) = tokio::select! {
                envelope = one.next() => (envelope, &mut two),
                envelope = two.next() => (envelope, &mut one),
            };
            other.ack(&envelope.expect("an envelope"), None).await;
        });
        assert_eq!(seen.expect("it is said").answer, Answer::Acked(None));
    }
}

#[tokio::test]
async fn an_envelope_may_come_twice() {
    let slack = workspace(|_| {}).await;
    let (mut app, _) = App::connect(&slack).await;
    slack.duplicate_next_envelope();
    let (seen, (first, second)) = tokio::join!(slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit"), async {
        let (first, second) = (app.next().await.expect("one"), app.next().await.expect("two"));
        app.ack(&first, None).await;
        app.ack(&second, None).await;
        (first, second)
    });
    assert_eq!(seen.expect("it is said").answer, Answer::Acked(None));
    assert_eq!(first, second);
    assert_eq!(slack.snapshot().complaints, Vec::<String>::new());
}

#[tokio::test]
async fn an_event_is_told_again_until_it_is_acked() {
    let slack = workspace(|s| {
        s.limits.ack = Duration::from_millis(50);
        s.limits.event_retries = vec![Duration::ZERO, Duration::from_millis(10), Duration::from_millis(10)];
    })
    .await;
    let (mut app, _) = App::connect(&slack).await;
    assert_eq!(slack.open_home("U0ANN").await, Ok(None));
    let mut ids = Vec::new();
    for attempt in 0..3 {
        let envelope = app.next().await.expect("the event");
        assert_eq!((&envelope["type"], &envelope["retry_attempt"]), (&json!("events_api"), &json!(attempt)));
        assert_eq!(envelope["payload"]["event"]["type"], "app_home_opened");
        ids.push(envelope["payload"]["event_id"].clone());
        if attempt == 2 {
            app.ack(&envelope, None).await;
        }
    }
    assert!(ids.iter().all(|id| *id == ids[0]));
    let acked =
        |s: &Snapshot| s.envelopes.iter().any(|e| e.attempt == 2 && e.acked_after_ms.is_some()).then_some(());
    slack.wait_for(LIMIT, acked).await.expect("the third is acked");
    assert_eq!(slack.snapshot().envelopes.len(), 3, "acked is acked");
}

#[tokio::test]
async fn an_old_link_delivers_until_it_closes() {
    let slack = workspace(|s| s.limits.closing_notice = Duration::from_millis(300)).await;
    let (mut app, _) = App::connect(&slack).await;
    slack.disconnect_all(DisconnectReason::RefreshRequested);
    let told = app.next().await.expect("the notice");
    assert_eq!((&told["type"], &told["reason"]), (&json!("disconnect"), &json!("refresh_requested")));
    let (seen, _) = tokio::join!(slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit"), app.answer(None));
    assert_eq!(seen.expect("it is said").answer, Answer::Acked(None));
    assert_eq!(app.next().await, None);
    slack.wait_for(LIMIT, |s| (s.links == 0).then_some(())).await.expect("it is closed");
}

#[tokio::test]
async fn links_end_at_once_when_cut_or_disabled() {
    let slack = workspace(|_| {}).await;
    let (mut app, _) = App::connect(&slack).await;
    slack.disconnect_all(DisconnectReason::LinkDisabled);
    assert_eq!(app.next().await.expect("the notice")["reason"], "link_disabled");
    assert_eq!(app.next().await, None);
    let (mut app, _) = App::connect(&slack).await;
    slack.outage(Outage::Unreachable);
    assert_eq!(app.next().await, None);
    assert!(exchange(slack.addr(), "POST /api/auth.test", &[], "").await.is_none());
    slack.outage(Outage::Unavailable);
    let (status, ..) = exchange(slack.addr(), "POST /api/auth.test", &[], "").await.expect("it answers");
    assert_eq!(status, 503);
    slack.outage(Outage::None);
    App::connect(&slack).await;
}

#[tokio::test]
async fn what_a_broken_link_left_unanswered_may_come_again_over_the_next() {
    let slack = workspace(|_| {}).await;
    slack.redeliver(true);
    let (mut app, _) = App::connect(&slack).await;
    let (seen, envelopes) = tokio::join!(slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit"), async {
        let first = app.next().await.expect("it comes");
        slack.cut_links();
        slack.wait_for(LIMIT, |s| (s.links == 0).then_some(())).await.expect("the link is gone");
        let (mut app, _) = App::connect(&slack).await;
        let again = app.next().await.expect("it comes again");
        app.ack(&again, None).await;
        (first, again)
    });
    assert_eq!(seen.expect("it is said").answer, Answer::Acked(None));
    assert_eq!(envelopes.0, envelopes.1);
    let attempts: Vec<u32> = slack.snapshot().envelopes.iter().map(|seen| seen.attempt).collect();
    assert_eq!(attempts, [0, 1]);
}
