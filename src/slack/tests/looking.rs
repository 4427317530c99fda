//! Looking for a role, by the catalogue and by words; why not; where a request stands; and access that is taken.

use serde_json::{Value, json};

use super::stage::{NOW, R1042, Stage, active, answers, typed};
use crate::engine::scripted::Script;
use crate::engine::{Dossier, Verb};
use crate::ids::{EntitlementKey, TargetId};
use crate::lifecycle::Answer;
use crate::policy::{Binding, Catalogue, ParamIssue, Parsed, PolicySet, SourceFile, Subject, parse};
use crate::time::{Span, Timestamp};
use crate::zone::Zone;

/// A target where every step is right.
struct AnyStep;

impl Catalogue for AnyStep {
    fn targets(&self) -> Vec<TargetId> {
        vec!["legacy".parse().unwrap()]
    }
    fn parse(&self, _: &TargetId, params: &Value) -> Result<Parsed, Vec<ParamIssue>> {
        let label = "a login".to_owned();
        let params = params.clone();
        Ok(Parsed { params, label, issues_credential: true, readable: true, cannot_end: vec![] })
    }
    fn bind(&self, _: &TargetId, _: &Value, _: &Subject<'_>) -> Result<Binding, String> {
        let key = EntitlementKey::new("key").unwrap();
        Ok(Binding { key, shared: false, login: None, used_at: None })
    }
}

fn policies() -> PolicySet {
    let tiers = "[tiers.owners]\nname = \"Owners\"\nauto_under = \"30m\"\n[[tiers.owners.stages]]\napprovers = [\"owners\"]\n";
    let mut wiki =
        "[app]\nname = \"Legacy wiki\"\nowners = [\"bob@example.com\"]\nlayer = \"application\"\n".to_owned();
    for (role, name, risk, gives, more) in [
        ("read", "Reader", "low", "Reads every page", "eligible = [{ employment = [\"employee\"] }]"),
        ("edit", "Editor", "high", "Changes pages", "eligible = [{ employment = [\"employee\"] }]"),
        ("admin", "Administrator", "high", "Settings", "eligible = [{ department = [\"IT\"] }]"),
        ("old", "Archive", "low", "Old pages", "visibility = \"retired\"\ninstead = \"wiki/read has them\""),
    ] {
        wiki += &format!(
            "[roles.{role}]\nname = {name:?}\nrisk = {risk:?}\ngives = {gives:?}\ntier = \"owners\"\ndefault_duration = \
             \"1h\"\nmax_duration = \"8h\"\n{more}\n[[roles.{role}.steps]]\ntarget = \"legacy\"\n"
        );
    }
    let file = |name: &str, text: &str| SourceFile { name: name.to_owned(), text: text.to_owned() };
    parse(&[file("tiers.toml", tiers), file("wiki.toml", &wiki)], &AnyStep).unwrap()
}

/// A grant of that role, which Bob may end.
fn grant_of(role: &str) -> Dossier {
    let mut dossier = active();
    dossier.request.ask.role = role.parse().unwrap();
    dossier.request.terms.owners = vec!["bob@example.com".parse().unwrap()];
    dossier
}

async fn stage(held: Option<Dossier>) -> Stage {
    let requests = held.iter().map(|dossier| dossier.request.clone()).collect();
    Stage::set_with(policies(), Script { dossier: held, requests, ..Script::default() }).await
}

fn by(user: &str, text: &str) -> Value {
    let mut envelope = typed("e1", text);
    envelope["payload"]["user_id"] = json!(user);
    envelope
}

/// What is filled in where, in a form that was opened.
fn filled(view: &Value, block: &str) -> Value {
    let blocks = view["blocks"].as_array().unwrap();
    let element =
        &blocks.iter().find(|b| b["block_id"].as_str().unwrap().starts_with(block)).unwrap()["element"];
    [&element["initial_value"], &element["initial_option"]["value"]]
        .into_iter()
        .find(|value| !value.is_null())
        .cloned()
        .unwrap_or_default()
}

fn about(view: &Value) -> String {
    let block = view["blocks"].as_array().unwrap().iter().find(|b| b["block_id"] == "about");
    let elements = block.map(|b| b["elements"].as_array().unwrap().clone()).unwrap_or_default();
    elements.iter().map(|e| e["text"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_command_alone_opens_the_catalogue_with_what_is_held() {
    for text in ["", "request"] {
        let mut stage = stage(Some(grant_of("wiki/read"))).await;
        assert_eq!(stage.hears(typed("e1", text)).await, None);
        let opened = stage.slack.call().await;
        assert_eq!(opened.method, "views.open");
        let about = about(&opened.body["view"]);
        assert!(about.starts_with("You may ask for 2 roles of *Legacy wiki*."), "{about}");
        assert!(
            about.contains("You have or wait for: Billing database · Read only (`R1042`: active)"),
            "{about}"
        );
        assert_eq!(stage.verbs(), []);
    }
}

#[tokio::test]
async fn words_in_any_order_fill_in_the_form() {
    for text in [
        "request edit the wiki for 2h because the runbook is wrong, INC-7",
        "request INC-7: 2 hours wiki editor because the runbook is wrong",
        "wiki editor 2h because the runbook is wrong, INC-7",
    ] {
        let mut stage = stage(None).await;
        assert_eq!(stage.hears(typed("e1", text)).await, None, "{text}");
        let view = stage.slack.call().await.body["view"].clone();
        assert_eq!(filled(&view, "role"), "wiki/edit", "{text}");
        assert_eq!(filled(&view, "duration:wiki/edit"), "2h");
        assert_eq!(filled(&view, "why"), "the runbook is wrong");
        assert_eq!(filled(&view, "ticket"), "INC-7");
        let about = about(&view);
        for part in ["Changes pages", "At most 8 hours", "Up to 30 minutes it is approved at once", "*Bob*"] {
            assert!(about.contains(part), "{part}: {about}");
        }
    }
}

/// What Slack tells of Ann's account.
fn in_zone(tz: &str) -> impl Fn(&str) -> Option<(u16, Option<u32>, Value)> + Send + 'static {
    let answer = json!({"ok": true, "user": {"id": "U0ANN", "tz": tz}});
    move |method| (method == "users.info").then(|| (200, None, answer.clone()))
}

fn starts(view: &Value) -> Option<i64> {
    let starts = view["blocks"].as_array().unwrap().iter().find(|block| block["block_id"] == "starts");
    starts.unwrap()["element"]["initial_date_time"].as_i64()
}

#[tokio::test]
async fn a_moment_is_read_by_the_clock_of_who_typed_it() {
    let line = "request read the wiki from tomorrow 9:00 for 4h because the audit asks";
    let local = |view: &Value, zone: &str| {
        let at = Timestamp::from_millis(starts(view).unwrap() * 1000);
        zone.parse::<Zone>().unwrap().local(at).to_string()
    };
    let tomorrow = |zone: &str| {
        let today = zone.parse::<Zone>().unwrap().local(NOW).date();
        format!("{}T09:00:00", today.tomorrow().unwrap())
    };
    for zone in ["Europe/Berlin", "Asia/Tokyo", "America/Los_Angeles"] {
        let mut stage = stage(None).await;
        stage.slack.answer(in_zone(zone));
        for _ in 0..2 {
            stage.hears(typed("e1", line)).await;
        }
        let calls = stage.calls();
        let methods: Vec<&str> = calls.iter().map(|call| call.method.as_str()).collect();
        assert_eq!(methods, ["users.info", "views.open", "views.open"], "asked once");
        let view = &calls[1].body["view"];
        assert_eq!(local(view, zone), tomorrow(zone));
        assert_eq!(filled(view, "duration"), "4h");
        assert_eq!(filled(view, "why"), "the audit asks");
        assert!(about(view).contains("You wrote “from tomorrow 9:00”: it starts <!date^"), "{}", about(view));
        assert!(!about(view).contains("time zone"), "{}", about(view));
    }
}

#[tokio::test]
async fn without_a_zone_a_moment_is_read_as_utc_and_that_is_said() {
    for tz in ["Moon/Base", ""] {
        let mut stage = stage(None).await;
        stage.slack.answer(in_zone(tz));
        stage.hears(typed("e1", "request wiki from tomorrow 9:00 until 11:30")).await;
        let view = stage.calls().pop().unwrap().body["view"].clone();
        let at = Timestamp::from_millis(starts(&view).unwrap() * 1000);
        assert!(Zone::UTC.local(at).to_string().ends_with("T09:00:00"));
        assert_eq!(filled(&view, "duration"), "2h30m");
        assert!(about(&view).contains("so I read the time as UTC"), "{}", about(&view));
    }
    // Nothing is asked of Slack where no clock matters.
    let mut stage = stage(None).await;
    stage.hears(typed("e1", "request wiki in 2h")).await;
    let calls = stage.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(starts(&calls[0].body["view"]), Some((NOW + Span::hours(2)).seconds()));
    stage.hears(typed("e1", "request wiki from 1999-01-01 9:00 utc")).await;
    let view = stage.calls().pop().unwrap().body["view"].clone();
    assert_eq!(starts(&view), None);
    assert!(about(&view).contains("that is over"), "{}", about(&view));
}

#[tokio::test]
async fn the_least_powerful_role_is_offered_with_what_others_add() {
    let mut stage = stage(None).await;
    stage.hears(typed("e1", "request wiki until 18:00 UTC")).await;
    let view = stage.slack.call().await.body["view"].clone();
    assert_eq!(filled(&view, "role"), "wiki/read");
    let about = about(&view);
    for part in ["*Legacy wiki · Editor* adds: Changes pages; risk: high", "You wrote “until 18:00 UTC”"]
    {
        assert!(about.contains(part), "{part}: {about}");
    }
    assert!(!about.contains("Administrator"), "{about}");
}

#[tokio::test]
async fn a_role_that_a_person_may_not_have_says_why_on_request() {
    for (text, parts) in [
        ("request wiki settings", vec!["Not for you", "/jit why wiki/admin"]),
        ("request settings", vec!["What fits your words is not for you", "`/jit why wiki/admin`"]),
        (
            "why wiki/admin",
            vec![
                "You may not ask for",
                "department is not known",
                "department is IT",
                "eligible of wiki/admin",
            ],
        ),
        ("why wiki administrator for 9h", vec!["for 9 hours", "at most 8 hours", "department is IT"]),
        (
            "why wiki/read",
            vec!["You may ask for *Legacy wiki · Reader*", "eligible[0] of wiki/read", "*Bob*"],
        ),
        ("why wiki/old", vec!["it is retired", "wiki/read has them"]),
        ("request wiki/old", vec!["`wiki/old` is retired", "Instead: wiki/read has them."]),
        ("request wiki archive", vec!["`wiki/old` is retired"]),
        ("request unicorns", vec!["No role fits `unicorns`", "`/jit` alone opens the form"]),
        ("unicorns", vec!["I do not know `unicorns`"]),
        ("requst wiki", vec!["Did you mean `request`?"]),
    ] {
        let mut stage = stage(None).await;
        let said = match stage.hears(typed("e1", text)).await {
            Some(said) => said["blocks"].to_string(),
            None => about(&stage.slack.call().await.body["view"]),
        };
        for part in parts {
            assert!(said.contains(part), "{text}: {part}: {said}");
        }
        assert_eq!(stage.verbs(), []);
    }
}

fn suggestion(query: &str) -> Value {
    json!({"envelope_id": "e1", "type": "interactive", "accepts_response_payload": true, "payload": {
        "type": "block_suggestion", "user": {"id": "U0ANN", "team_id": "T0OURS"}, "action_id": "jit_role",
        "block_id": "role", "value": query,
    }})
}

#[tokio::test]
async fn the_search_offers_what_the_person_may_have_and_marks_what_they_hold() {
    let stage = stage(Some(grant_of("wiki/read"))).await;
    let offered = stage.hears(suggestion("")).await.unwrap();
    let group = &offered["option_groups"][0];
    assert_eq!(group["label"]["text"], "Legacy wiki");
    let texts: Vec<String> = group["options"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| format!("{}: {}", o["value"].as_str().unwrap(), o["description"]["text"].as_str().unwrap()))
        .collect();
    assert_eq!(texts, ["wiki/read: ✓ You have this: R1042", "wiki/edit: Changes pages"]);
    assert_eq!(stage.hears(suggestion("settings")).await.unwrap(), json!({"options": []}));
}

fn chosen(at: &str) -> Value {
    json!({"envelope_id": at, "type": "interactive", "accepts_response_payload": false, "payload": {
        "type": "block_actions", "user": {"id": "U0ANN", "team_id": "T0OURS"},
        "container": {"type": "view", "view_id": "V1"},
        "view": {"id": "V1", "hash": "1.x", "callback_id": "jit_request_form",
            "state": {"values": {"why": {"why": {"value": "kept"}}}}},
        "actions": [{"type": "external_select", "action_id": "jit_role", "action_ts": at,
            "selected_option": {"value": "wiki/edit"}}],
    }})
}

#[tokio::test]
async fn the_form_follows_the_last_choice_also_when_another_came_between() {
    let mut stage = stage(None).await;
    stage.hears(chosen("5.0")).await;
    let updated = stage.slack.call().await;
    assert_eq!((updated.method.as_str(), &updated.body["hash"]), ("views.update", &json!("1.x")));
    assert!(about(&updated.body["view"]).contains("Changes pages"));
    assert_eq!(filled(&updated.body["view"], "why"), "kept");

    stage.slack.answer(|method| {
        (method == "views.update").then(|| (200, None, json!({"ok": false, "error": "hash_conflict"})))
    });
    stage.hears(chosen("7.0")).await;
    let hashes: Vec<Value> = stage.calls().into_iter().map(|call| call.body["hash"].clone()).collect();
    assert_eq!(hashes, [json!("1.x"), Value::Null], "the last choice counts");
    stage.hears(chosen("6.0")).await;
    let hashes: Vec<Value> = stage.calls().into_iter().map(|call| call.body["hash"].clone()).collect();
    assert_eq!(hashes, [json!("1.x")], "an earlier one does not");
}

#[tokio::test]
async fn a_message_s_shortcut_puts_its_link_into_the_reason() {
    let envelope = json!({"envelope_id": "e1", "type": "interactive", "accepts_response_payload": false, "payload": {
        "type": "message_action", "callback_id": "jit_request_thread", "trigger_id": "1.2.a",
        "user": {"id": "U0ANN", "team_id": "T0OURS"}, "message_ts": "2.0", "channel": {"id": "C1"},
        "message": {"ts": "2.0", "text": "the wiki is down"},
    }});
    let mut stage = stage(None).await;
    let link = "https://example.slack.com/archives/C1/p20";
    stage.slack.answer(move |method| {
        (method == "chat.getPermalink").then(|| (200, None, json!({"ok": true, "permalink": link})))
    });
    stage.hears(envelope.clone()).await;
    let asked = stage.slack.call().await;
    assert_eq!(asked.method, "chat.getPermalink");
    assert_eq!(asked.body, "channel=C1&message_ts=2.0");
    let view = stage.slack.call().await.body["view"].clone();
    assert_eq!(filled(&view, "why"), format!("For {link}"));

    // The form matters more than the link.
    stage.slack.answer(|method| {
        (method == "chat.getPermalink")
            .then(|| (200, None, json!({"ok": false, "error": "channel_not_found"})))
    });
    stage.hears(envelope).await;
    let methods: Vec<String> = stage.calls().into_iter().map(|call| call.method).collect();
    assert_eq!(methods, ["chat.getPermalink", "views.open"]);
}

#[tokio::test]
async fn where_a_request_stands_is_for_those_it_concerns() {
    let stage = stage(Some(grant_of("wiki/read"))).await;
    let mine = stage.hears(by("U0ANN", "status R1042")).await.unwrap();
    assert!(mine["blocks"].to_string().contains("jit_release"), "{mine}");
    assert!(mine["text"].as_str().unwrap().contains("Active"), "{mine}");
    let owners = stage.hears(by("U0BOB", "status r1042")).await.unwrap();
    assert!(owners["blocks"].to_string().contains("jit_revoke"), "{owners}");
    stage.script.lock().unwrap().dossier = Some(active());
    let others = stage.hears(by("U0BOB", "status R1042")).await.unwrap();
    assert!(others["text"].as_str().unwrap().contains("is shown to its requester"), "{others}");
    stage.script.lock().unwrap().dossier = None;
    let none = stage.hears(by("U0BOB", "status R1042")).await.unwrap();
    assert!(none["text"].as_str().unwrap().contains("There is no request R1042"), "{none}");
}

#[tokio::test]
async fn an_owner_takes_access_by_person_and_role_with_a_reason() {
    for text in [
        "revoke <@U0ANN|ann> wiki/read because she moved teams",
        "revoke <@U0ANN> Legacy wiki Reader because she moved teams",
        "revoke R1042 she moved teams",
    ] {
        let stage = stage(Some(grant_of("wiki/read"))).await;
        stage.script.lock().unwrap().answers = answers([Answer::Ending { request: R1042 }]).answers;
        let said = stage.hears(by("U0BOB", text)).await.unwrap();
        assert!(said["text"].as_str().unwrap().starts_with("R1042 is ending."), "{text}: {said}");
        let reason = "she moved teams".to_owned();
        assert_eq!(stage.verbs(), [Verb::Revoke { request: R1042, reason }], "{text}");
    }
    // A reason that is missing or too short is asked for.
    for (text, reason) in [("revoke <@U0ANN> wiki/read", Value::Null), ("revoke R1042 bye", json!("bye"))] {
        let mut stage = stage(Some(grant_of("wiki/read"))).await;
        assert_eq!(stage.hears(by("U0BOB", text)).await, None);
        let view = stage.slack.call().await.body["view"].clone();
        assert_eq!(view["callback_id"], "jit_revoke_form");
        assert_eq!(filled(&view, "reason"), reason);
        assert_eq!(stage.verbs(), []);
    }
    for (text, grant, words) in [
        ("revoke <@U0ANN> wiki/edit because she moved teams", grant_of("wiki/read"), "has no active access"),
        // Not Bob's to take: as if it were not there.
        (
            "revoke <@U0ANN> wiki/read because she moved teams",
            {
                let mut not_his = grant_of("wiki/read");
                not_his.request.terms.owners.clear();
                not_his
            },
            "has no active access",
        ),
        (
            "revoke <@U0EVE> wiki/read because she moved teams",
            grant_of("wiki/read"),
            "The directory has nobody",
        ),
    ] {
        let stage = stage(Some(grant)).await;
        let said = stage.hears(by("U0BOB", text)).await.unwrap();
        assert!(said["text"].as_str().unwrap().contains(words), "{text}: {said}");
        assert_eq!(stage.verbs(), []);
    }
}
