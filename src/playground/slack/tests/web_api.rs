//! The Web API: its refusals, paces and faults, and a typed client that reads it.

use super::*;

#[tokio::test]
async fn triggers_expire() {
    let slack = workspace(|s| s.limits.trigger = Duration::ZERO).await;
    let (mut app, _) = App::connect(&slack).await;
    let (_, sent) = tokio::join!(slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit"), app.answer(None));
    let open = |trigger: Value| json!({ "trigger_id": trigger, "view": modal() });
    assert_eq!(
        call(&slack, "views.open", open(sent["trigger_id"].clone())).await["error"],
        "expired_trigger_id"
    );
    assert_eq!(call(&slack, "views.open", open(json!("1.2.3"))).await["error"], "invalid_trigger_id");
}

#[tokio::test]
async fn each_answer_to_a_token_tells_its_scopes_and_is_dated() {
    let slack = workspace(|s| {
        s.scopes.retain(|scope| scope == "commands" || scope == "chat:write");
        s.app_scopes.clear();
    })
    .await;
    let settings = slack.settings();
    for (token, method, scopes, wanted, error) in [
        (settings.bot_token.as_str(), "auth.test", Some("chat:write,commands"), None, Value::Null),
        (
            settings.bot_token.as_str(),
            "conversations.open",
            Some("chat:write,commands"),
            Some("im:write,mpim:write"),
            json!("missing_scope"),
        ),
        (
            settings.app_token.as_str(),
            "apps.connections.open",
            Some(""),
            Some("connections:write"),
            json!("missing_scope"),
        ),
        ("xoxb-other", "auth.test", None, None, json!("invalid_auth")),
    ] {
        let (_, head, body) = call_with(&slack, token, method, json!({})).await;
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": ").or(line.split_once(":")));
            let mut values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
            values.next().map(|(_, value)| value.to_owned())
        };
        assert_eq!(header("x-oauth-scopes").as_deref(), scopes, "{method}");
        assert_eq!(header("x-accepted-oauth-scopes").as_deref(), wanted, "{method}");
        assert!(header("date").is_some_and(|date| date.ends_with(" GMT")), "{method}");
        assert_eq!(body["error"], error, "{method}");
    }
}

#[tokio::test]
async fn calls_are_refused_by_slacks_names() {
    let slack = workspace(|s| {
        s.scopes.remove("im:write");
        s.channels[1].members.remove(BOT_USER);
        s.members[5].deactivated = true;
        let room = s.channels[0].clone();
        s.channels.push(Room { id: "C0OLD".into(), name: "old".into(), archived: true, ..room });
    })
    .await;
    let app_token = slack.settings().app_token.clone();
    let to = |channel: &str| json!({ "channel": channel, "text": "hello" });
    for (token, method, args, error) in [
        ("", "auth.test", json!({}), "not_authed"),
        ("xoxb-other", "auth.test", json!({}), "invalid_auth"),
        (app_token.as_str(), "chat.postMessage", to(ACCESS_CHANNEL), "not_allowed_token_type"),
    ] {
        assert_eq!(call_with(&slack, token, method, args).await.2["error"], error, "{method}");
    }
    let long = |n: usize| json!({ "channel": ACCESS_CHANNEL, "user": "U0ANN", "text": "x".repeat(n) });
    let section =
        |n: usize| json!({ "type": "section", "text": { "type": "mrkdwn", "text": "x".repeat(n) } });
    let table: Vec<(&str, Value, Value)> = vec![
        ("auth.test", json!({}), Value::Null),
        ("bogus.method", json!({}), json!("unknown_method")),
        ("apps.connections.open", json!({}), json!("not_allowed_token_type")),
        ("conversations.open", json!({ "users": "U0ANN" }), json!("missing_scope")),
        ("chat.postMessage", to("C0NOWHERE"), json!("channel_not_found")),
        ("chat.postMessage", to("C0SECURITY"), json!("not_in_channel")),
        ("chat.postMessage", to("C0OLD"), json!("is_archived")),
        ("chat.postMessage", to("U0ANN"), Value::Null),
        ("chat.postMessage", to("U0FRANK"), json!("channel_not_found")),
        ("chat.postMessage", json!({ "channel": ACCESS_CHANNEL }), json!("no_text")),
        (
            "chat.postMessage",
            json!({ "channel": ACCESS_CHANNEL, "blocks": "[" }),
            json!("invalid_blocks_format"),
        ),
        ("chat.postMessage", json!({ "channel": ACCESS_CHANNEL, "blocks": [{}] }), json!("invalid_blocks")),
        (
            "chat.postMessage",
            json!({ "channel": ACCESS_CHANNEL, "blocks": vec![section(3000); 5] }),
            json!("msg_blocks_too_long"),
        ),
        (
            "chat.postMessage",
            json!({ "channel": ACCESS_CHANNEL, "text": "x", "metadata": { "event_type": "x" } }),
            json!("invalid_metadata_schema"),
        ),
        ("chat.postEphemeral", long(4001), json!("msg_too_long")),
        (
            "chat.postEphemeral",
            json!({ "channel": ACCESS_CHANNEL, "user": "U0NOBODY", "text": "x" }),
            json!("user_not_in_channel"),
        ),
        (
            "chat.update",
            json!({ "channel": ACCESS_CHANNEL, "ts": "1.1", "text": "x" }),
            json!("message_not_found"),
        ),
        ("views.open", json!({ "view": modal() }), json!("invalid_arguments")),
        (
            "views.publish",
            json!({ "user_id": "U0NOBODY", "view": { "type": "home", "blocks": [] } }),
            json!("user_not_found"),
        ),
        ("views.update", json!({ "view_id": "V1", "view": modal() }), json!("not_found")),
        ("users.info", json!({ "user": "U0NOBODY" }), json!("user_not_found")),
        ("users.lookupByEmail", json!({ "email": "nobody@example.com" }), json!("users_not_found")),
        ("users.lookupByEmail", json!({ "email": "frank@example.com" }), json!("users_not_found")),
        ("usergroups.users.list", json!({ "usergroup": "S0NONE" }), json!("no_such_subteam")),
    ];
    for (method, args, error) in table {
        let said = call(&slack, method, args).await;
        assert_eq!(said["error"], error, "{method} {said}");
    }
    let refused =
        call(&slack, "chat.postMessage", json!({ "channel": ACCESS_CHANNEL, "blocks": [section(3001)] }))
            .await;
    let line = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]";
    assert_eq!(refused["errors"], json!([line]));
    assert_eq!(refused["response_metadata"]["messages"], json!([format!("[ERROR] {line}")]));
    let snapshot = slack.snapshot();
    assert_eq!(snapshot.refusals["conversations.open missing_scope"], 1);
    assert_eq!(snapshot.calls["bogus.method"], 1);
}

#[tokio::test]
async fn a_view_that_is_too_large_or_wrong_is_refused_and_keeps_its_trigger() {
    let slack = workspace(|_| {}).await;
    let (mut app, _) = App::connect(&slack).await;
    let (_, sent) = tokio::join!(slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit"), app.answer(None));
    let mut wrong = modal();
    wrong["title"]["text"] = json!("x".repeat(25));
    let said = call(&slack, "views.open", json!({ "trigger_id": sent["trigger_id"], "view": wrong })).await;
    assert_eq!(said["error"], "invalid_arguments");
    assert_eq!(
        said["response_metadata"]["messages"],
        json!([
            "[ERROR] failed to match all allowed schemas [json-pointer:/view]",
            "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]",
        ])
    );
    let mut large = modal();
    let section = json!({ "type": "section", "text": { "type": "mrkdwn", "text": "ü".repeat(3000) } });
    large["blocks"] = json!(vec![section; 50]);
    let args = json!({ "trigger_id": sent["trigger_id"], "view": large });
    assert_eq!(call(&slack, "views.open", args).await["error"], "view_too_large");
    let args = json!({ "trigger_id": sent["trigger_id"], "view": modal() });
    assert_eq!(call(&slack, "views.open", args).await["ok"], true);
}

#[tokio::test]
async fn paces_answer_429_with_the_seconds() {
    let slack = workspace(|s| s.limits.rates.channel_burst = 1).await;
    let token = slack.settings().bot_token.clone();
    assert_eq!(call(&slack, "chat.postMessage", message()).await["ok"], true);
    let (status, head, body) = call_with(&slack, &token, "chat.postMessage", message()).await;
    assert_eq!((status, &body["error"]), (429, &json!("ratelimited")));
    assert!(head.contains("retry-after: 1"), "{head}");
    slack.fail_next("chat.update", 1, &Fault::RateLimited(7));
    let (status, head, _) = call_with(&slack, &token, "chat.update", json!({})).await;
    assert_eq!(status, 429);
    assert!(head.contains("retry-after: 7"), "{head}");
}

#[tokio::test]
async fn faults_come_as_often_as_planned() {
    let slack = workspace(|_| {}).await;
    let token = slack.settings().bot_token.clone();
    slack.fail_next("chat.postMessage", 1, &Fault::Status(502));
    slack.fail_next("chat.postMessage", 1, &Fault::Error("token_revoked".into()));
    assert_eq!(call_with(&slack, &token, "chat.postMessage", message()).await.0, 502);
    assert_eq!(call(&slack, "chat.postMessage", message()).await["error"], "token_revoked");
    assert_eq!(slack.snapshot().messages(ACCESS_CHANNEL).count(), 0);

    slack.fail_next("chat.postMessage", 1, &Fault::DropAfterApply);
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let lost = exchange(slack.addr(), "POST /api/chat.postMessage", &headers, &message().to_string()).await;
    assert_eq!(lost, None);
    assert_eq!(slack.snapshot().messages(ACCESS_CHANNEL).count(), 1, "it was done all the same");

    slack.fail_next("auth.test", 1, &Fault::Hang);
    let hung = exchange(slack.addr(), "POST /api/auth.test", &headers, "{}");
    assert!(tokio::time::timeout(Duration::from_millis(100), hung).await.is_err());
    assert_eq!(call(&slack, "auth.test", json!({})).await["ok"], true);
}

#[tokio::test]
async fn history_shows_metadata_threads_and_stones() {
    let slack = workspace(|_| {}).await;
    let parent = call(&slack, "chat.postMessage", message()).await["ts"].clone();
    let reply = json!({ "channel": ACCESS_CHANNEL, "thread_ts": parent, "text": "reminder" });
    assert_eq!(call(&slack, "chat.postMessage", reply).await["ok"], true);
    let read = |more: Value| {
        let mut args = json!({ "channel": ACCESS_CHANNEL });
        args.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        args
    };
    let plain = call(&slack, "conversations.history", read(json!({}))).await;
    assert_eq!(plain["messages"][0]["metadata"], Value::Null);
    assert_eq!(plain["messages"][0]["reply_count"], 1);
    let full = call(&slack, "conversations.history", read(json!({ "include_all_metadata": true }))).await;
    assert_eq!(full["messages"][0]["metadata"]["event_payload"]["id"], "R1001");
    assert_eq!(full["messages"].as_array().map(Vec::len), Some(1), "answers are in the thread");
    let thread = call(&slack, "conversations.replies", read(json!({ "ts": parent }))).await;
    assert_eq!(thread["messages"][1]["text"], "reminder");
    slack.delete_message(ACCESS_CHANNEL, parent.as_str().expect("a ts")).expect("it is there");
    let stone = call(&slack, "conversations.history", read(json!({}))).await;
    assert_eq!(stone["messages"][0]["subtype"], "tombstone");
    for n in 0..3 {
        let post = json!({ "channel": ACCESS_CHANNEL, "text": n.to_string() });
        call(&slack, "chat.postMessage", post).await;
    }
    let first = call(&slack, "conversations.history", read(json!({ "limit": 2 }))).await;
    assert_eq!((&first["messages"][0]["text"], &first["has_more"]), (&json!("2"), &json!(true)));
    let next = first["response_metadata"]["next_cursor"].clone();
    let second = call(&slack, "conversations.history", read(json!({ "limit": 2, "cursor": next }))).await;
    assert_eq!((&second["messages"][0]["text"], &second["has_more"]), (&json!("0"), &json!(false)));
}

#[tokio::test]
async fn worlds_do_not_know_each_other() {
    let (one, two) = (workspace(|_| {}).await, workspace(|_| {}).await);
    call(&one, "chat.postMessage", message()).await;
    assert_eq!(one.snapshot().messages(ACCESS_CHANNEL).count(), 1);
    assert_eq!(two.snapshot().messages(ACCESS_CHANNEL).count(), 0);
    let addr = one.addr();
    drop(one);
    let gone = async {
        while exchange(addr, "POST /api/auth.test", &[], "").await.is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, gone).await.expect("a dropped workspace stops");
}

/// The client that the bot uses reads our answers into its types.
#[tokio::test]
async fn the_typed_client_reads_every_answer() {
    use slack_morphism::prelude::*;
    let slack = workspace(|_| {}).await;
    let (mut app, _) = App::connect(&slack).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(
            rustls::ClientConfig::builder()
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth(),
        )
        .https_or_http()
        .enable_http1()
        .build();
    let client = SlackClient::new(
        SlackClientHyperConnector::with_connector(connector)
            .with_slack_api_url(&format!("{}/api", slack.url())),
    );
    let token = SlackApiToken::new(slack.settings().bot_token.as_str().into());
    let session = client.open_session(&token);

    assert_eq!(session.auth_test().await.expect("auth.test").user_id, SlackUserId::new(BOT_USER.into()));
    let ann = SlackUserId::new("U0ANN".into());
    let info = session.users_info(&SlackApiUsersInfoRequest::new(ann.clone())).await.expect("users.info");
    assert_eq!(info.user.profile.and_then(|p| p.email), Some(EmailAddress("ann@example.com".into())));
    let by_email = SlackApiUsersLookupByEmailRequest::new(EmailAddress("erin@example.com".into()));
    assert!(session.users_lookup_by_email(&by_email).await.is_ok());
    let group = SlackApiUserGroupsUsersListRequest::new(SlackUserGroupId::new("S0SECURITY".into()));
    let members = session.usergroups_users_list(&group).await.expect("usergroups.users.list");
    assert_eq!(members.users, [SlackUserId::new("U0ERIN".into())]);
    let open = SlackApiConversationsOpenRequest::new().with_users(vec![ann.clone()]);
    let direct = session.conversations_open(&open).await.expect("conversations.open").channel;
    assert_eq!(direct.id, SlackChannelId::new("D0ANN".into()));
    let channel = SlackChannelId::new(ACCESS_CHANNEL.into());
    let info = SlackApiConversationsInfoRequest::new(channel.clone());
    assert!(session.conversations_info(&info).await.is_ok());
    let members = SlackApiConversationsMembersRequest::new().with_channel(channel.clone());
    assert_eq!(
        session.conversations_members(&members).await.expect("conversations.members").members.len(),
        7
    );

    let blocks: Vec<SlackBlock> = serde_json::from_value(message()["blocks"].clone()).expect("blocks");
    let content = SlackMessageContent::new().with_text("a".into()).with_blocks(blocks);
    let post = SlackApiChatPostMessageRequest::new(channel.clone(), content.clone());
    let posted = session.chat_post_message(&post).await.expect("chat.postMessage");
    let update = SlackApiChatUpdateRequest::new(channel.clone(), content.clone(), posted.ts.clone());
    assert_eq!(session.chat_update(&update).await.expect("chat.update").ts, posted.ts);
    let whisper = SlackApiChatPostEphemeralRequest::new(channel.clone(), ann.clone(), content);
    assert!(session.chat_post_ephemeral(&whisper).await.is_ok());
    let history = SlackApiConversationsHistoryRequest::new().with_channel(channel.clone());
    assert_eq!(
        session.conversations_history(&history).await.expect("conversations.history").messages.len(),
        1
    );
    let replies = SlackApiConversationsRepliesRequest::new(channel.clone(), posted.ts.clone());
    assert_eq!(
        session.conversations_replies(&replies).await.expect("conversations.replies").messages.len(),
        1
    );

    let (_, sent) = tokio::join!(slack.say_slash("U0ANN", ACCESS_CHANNEL, "/jit"), app.answer(None));
    let trigger = SlackTriggerId::new(sent["trigger_id"].as_str().expect("a trigger").into());
    let view: SlackView = serde_json::from_value(modal()).expect("a view");
    let opened = session.views_open(&SlackApiViewsOpenRequest::new(trigger, view.clone())).await;
    let id = opened.expect("views.open").view.state_params.id;
    let update = SlackApiViewsUpdateRequest::new(view).with_view_id(id);
    assert!(session.views_update(&update).await.is_ok());
    let home = serde_json::from_value(json!({ "type": "home", "blocks": [] })).expect("a view");
    let publish = SlackApiViewsPublishRequest::new(ann, home);
    session.views_publish(&publish).await.expect("views.publish");
    assert!(session.chat_delete(&SlackApiChatDeleteRequest::new(channel, posted.ts)).await.is_ok());

    let url = SlackResponseUrl(sent["response_url"].as_str().expect("an address").parse().expect("a url"));
    let reply = SlackApiPostWebhookMessageRequest::new(SlackMessageContent::new().with_text("later".into()));
    assert!(client.respond_to_event(&url, &reply).await.is_ok());

    slack.fail_next("auth.test", 1, &Fault::RateLimited(3));
    let limited = session.auth_test().await;
    assert!(
        matches!(limited, Err(errors::SlackClientError::RateLimitError(ref e)) if e.retry_after == Some(Duration::from_secs(3)))
    );
}
