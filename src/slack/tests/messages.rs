//! Messages that say what stands: posted once, kept up to date, never lost.

use serde_json::json;

use super::stage::{NOW, R1042, Stage, active};
use crate::engine::scripted::Script;
use crate::engine::{Completion, Owed, SlackMessage};
use crate::lifecycle::{Actor, DmKind, Effect, Entry, State, View, What};
use crate::slack::Poster;
use crate::time::Span;

fn owed(view: View, attempts: u32) -> Owed {
    Owed { row: 7, request: R1042, effect: Effect::Show(view), attempts, call: None }
}

async fn show(stage: &Stage, poster: &Poster, view: View, attempts: u32) -> Completion {
    poster.show(&owed(view, attempts), &stage.engine).await
}

fn shown(completion: Completion) -> SlackMessage {
    match completion {
        Completion::Shown { message: Some(message), revision: 3, row: 7, .. } => message,
        other => panic!("{other:?}"),
    }
}

fn store(stage: &Stage, view: View, message: SlackMessage) {
    let mut script = stage.script.lock().unwrap();
    script.dossier.as_mut().unwrap().messages.insert(view, message);
}

async fn theatre() -> (Stage, Poster) {
    let stage = Stage::set(Script { dossier: Some(active()), ..Script::default() }).await;
    let poster = stage.edge.poster();
    (stage, poster)
}

#[tokio::test]
async fn a_message_is_posted_once_left_alone_and_updated_when_it_changed() {
    let (mut stage, poster) = theatre().await;
    let message = shown(show(&stage, &poster, View::Card, 0).await);
    let posted = stage.slack.call().await;
    assert_eq!(posted.method, "chat.postMessage");
    assert_eq!(posted.body["channel"], "C0ACCESS");
    assert_eq!(
        posted.body["metadata"],
        json!({"event_type": "jitney_view", "event_payload": {"id": "R1042:card"}})
    );
    store(&stage, View::Card, message.clone());
    assert_eq!(shown(show(&stage, &poster, View::Card, 0).await), message);
    assert_eq!(stage.calls(), [], "nothing new is to be said");

    stage.script.lock().unwrap().dossier.as_mut().unwrap().request.state = State::Granting;
    let changed = shown(show(&stage, &poster, View::Card, 0).await);
    let updated = stage.slack.call().await;
    assert_eq!((updated.method.as_str(), &updated.body["ts"]), ("chat.update", &json!(message.ts)));
    assert_ne!(changed.digest, message.digest);
}

#[tokio::test]
async fn a_deleted_message_is_posted_anew() {
    let (mut stage, poster) = theatre().await;
    let lost = SlackMessage { channel: "C0ACCESS".to_owned(), ts: "1.0".to_owned(), digest: String::new() };
    store(&stage, View::Card, lost);
    stage.slack.answer(|method| {
        (method == "chat.update").then(|| (200, None, json!({"ok": false, "error": "message_not_found"})))
    });
    assert_eq!(shown(show(&stage, &poster, View::Card, 0).await).ts, "1795341600.000200");
    let methods: Vec<String> = stage.calls().into_iter().map(|call| call.method).collect();
    assert_eq!(methods, ["chat.update", "chat.postMessage"]);
}

#[tokio::test]
async fn a_posting_without_an_answer_is_looked_for_before_it_is_repeated() {
    let (mut stage, poster) = theatre().await;
    stage.slack.answer(|method| {
        let metadata = |id: &str| json!({"event_type": "jitney_view", "event_payload": {"id": id}});
        (method == "conversations.history").then(|| {
            let messages = json!([
                {"ts": "8.0", "metadata": metadata("R1042:log")},
                {"ts": "9.0", "metadata": metadata("R1042:card")},
            ]);
            (200, None, json!({"ok": true, "messages": messages}))
        })
    });
    assert_eq!(shown(show(&stage, &poster, View::Card, 1).await).ts, "9.0");
    let calls = stage.calls();
    assert!(calls[0].body.as_str().unwrap().contains("include_all_metadata=true"));
    assert_eq!(calls[1].method, "chat.update");
    assert_eq!(calls.len(), 2);
}

#[tokio::test]
async fn what_was_posted_and_is_not_wanted_any_more_is_brought_up_to_date() {
    let (mut stage, poster) = theatre().await;
    stage.slack.answer(|method| {
        let found = json!([{"ts": "9.0", "metadata": {
            "event_type": "jitney_view", "event_payload": {"id": "R1042:dm_warning:1"}}}]);
        (method == "conversations.history").then(|| (200, None, json!({"ok": true, "messages": found})))
    });
    stage.script.lock().unwrap().dossier.as_mut().unwrap().request.state = State::Lapsed { at: NOW };
    let warning = View::Dm { kind: DmKind::Warning, number: 1 };
    assert!(matches!(show(&stage, &poster, warning, 0).await, Completion::Shown { message: None, .. }));
    assert_eq!(stage.calls(), [], "it was never tried");

    assert_eq!(shown(show(&stage, &poster, warning, 1).await).ts, "9.0");
    let methods: Vec<String> = stage.calls().into_iter().map(|call| call.method).collect();
    assert_eq!(methods, ["conversations.open", "conversations.history", "chat.update"]);
}

#[tokio::test]
async fn what_is_not_wanted_any_more_is_waited_for_once() {
    let (stage, poster) = theatre().await;
    stage.slack.answer(|method| {
        (method == "conversations.history").then(|| (200, None, json!({"ok": true, "messages": []})))
    });
    stage.script.lock().unwrap().dossier.as_mut().unwrap().request.state = State::Lapsed { at: NOW };
    let warning = View::Dm { kind: DmKind::Warning, number: 1 };
    let first = show(&stage, &poster, warning, 1).await;
    assert!(matches!(first, Completion::Later { after: Some(_), .. }), "{first:?}");
    let then = show(&stage, &poster, warning, 2).await;
    assert!(matches!(then, Completion::Shown { message: None, .. }), "{then:?}");
}

#[tokio::test]
async fn what_slack_does_not_take_now_is_tried_later_and_never_lost() {
    for (answer, after, words) in [
        ((503, None, json!({})), None, "status 503"),
        ((200, None, json!({"ok": false, "error": "not_in_channel"})), Some(Span::mins(1)), "not_in_channel"),
    ] {
        let (stage, poster) = theatre().await;
        stage.slack.answer(move |_| Some(answer.clone()));
        match show(&stage, &poster, View::Card, 0).await {
            Completion::Later { row: 7, error, after: asked } => {
                assert!(error.contains(words), "{error}");
                assert_eq!(asked, after);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_stands_in_the_thread_waits_for_its_card() {
    let (stage, poster) = theatre().await;
    stage.script.lock().unwrap().dossier.as_mut().unwrap().entries.push(Entry {
        id: "R1042-1".parse().unwrap(),
        at: NOW,
        by: Actor::Jitney,
        what: What::Lapsed,
        because: Vec::new(),
    });
    assert!(matches!(show(&stage, &poster, View::Log, 0).await, Completion::NotYet { .. }));
    let card = SlackMessage { channel: "C0ACCESS".to_owned(), ts: "5.0".to_owned(), digest: String::new() };
    store(&stage, View::Card, card);
    let mut stage = stage;
    shown(show(&stage, &poster, View::Log, 0).await);
    assert_eq!(stage.slack.call().await.body["thread_ts"], "5.0");
}

#[tokio::test]
async fn nothing_to_say_is_settled_as_nothing() {
    let (mut stage, poster) = theatre().await;
    let done = show(&stage, &poster, View::Security, 0).await;
    assert!(matches!(done, Completion::Shown { message: None, .. }), "{done:?}");
    assert_eq!(stage.calls(), []);
}

#[tokio::test]
async fn when_slack_asks_to_slow_down_nothing_of_that_kind_is_called_before_and_others_are() {
    let (mut stage, poster) = theatre().await;
    let busy = |method: &'static str, after| {
        let answer = move || (429, Some(after), json!({"ok": false, "error": "ratelimited"}));
        move |called: &str| (called == method).then(answer)
    };
    let not_yet = |completion| match completion {
        Completion::NotYet { row, after } => (row, after),
        other => panic!("{other:?}"),
    };
    let row = |row, view| Owed { row, ..owed(view, 0) };

    // A channel that is full takes nothing more; a direct message goes out.
    stage.slack.answer(busy("chat.postMessage", 7));
    assert_eq!(not_yet(poster.show(&row(1, View::Card), &stage.engine).await), (1, Span::secs(7)));
    stage.slack.answer(|_| None);
    assert_eq!(not_yet(poster.show(&row(2, View::Card), &stage.engine).await), (2, Span::secs(7)));
    assert_eq!(stage.calls().len(), 1, "the second was not tried");
    let direct = View::Dm { kind: DmKind::Active, number: 1 };
    assert!(matches!(poster.show(&row(3, direct), &stage.engine).await, Completion::Shown { .. }));

    // Changes are counted together, wherever the messages stand.
    for (view, channel) in [(View::Card, "C0OTHER"), (direct, "D0ANN")] {
        let message =
            SlackMessage { channel: channel.to_owned(), ts: "5.0".to_owned(), digest: String::new() };
        store(&stage, view, message);
    }
    stage.calls();
    stage.slack.answer(busy("chat.update", 9));
    assert_eq!(not_yet(poster.show(&row(4, View::Card), &stage.engine).await), (4, Span::secs(9)));
    assert_eq!(not_yet(poster.show(&row(5, direct), &stage.engine).await), (5, Span::secs(9)));
    assert_eq!(stage.calls().len(), 1, "the second was not tried");
}

#[tokio::test]
async fn a_busy_channel_keeps_nobody_waiting_for_another() {
    let (mut stage, poster) = theatre().await;
    let row = |row, view| Owed { row, ..owed(view, 0) };
    // Its burst is three, and then one a second: what comes later is told when to come again.
    let mut waits = Vec::new();
    for number in 0..8 {
        match poster.show(&row(number, View::Card), &stage.engine).await {
            Completion::Shown { .. } => waits.push(0),
            Completion::NotYet { after, .. } => waits.push(after.as_secs()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(waits, [0, 0, 0, 0, 2, 3, 4, 5], "the fourth waits its second here");
    stage.calls();
    let direct = View::Dm { kind: DmKind::Active, number: 1 };
    assert!(matches!(poster.show(&row(9, direct), &stage.engine).await, Completion::Shown { .. }));
    let methods: Vec<String> = stage.calls().into_iter().map(|call| call.method).collect();
    assert_eq!(methods, ["conversations.open", "chat.postMessage"]);
}
