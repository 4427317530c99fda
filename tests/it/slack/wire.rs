//! What Slack sends, read; and the forms that it gets.

use jitney::lifecycle::{EndCause, State};
use jitney::policy::{People, Person, Risk, RoleMatch};
use jitney::slack::envelope::{self, Button, Caller, Frame, InThread, Input, Press, ViewState};
use jitney::slack::link_plan::Farewell;
use jitney::slack::modal::{self, Draft, Emergency};
use jitney::time::Span;
use serde_json::{Value, json};

use super::people::{Story, at, everybody, id, policies};
use super::views::{block, glass};

fn read(frame: &Value) -> Frame {
    envelope::parse(&frame.to_string()).unwrap()
}

fn input(kind: &str, payload: Value) -> Result<Input, String> {
    match read(&json!({"envelope_id": "e1", "type": kind, "payload": payload})) {
        Frame::Envelope(envelope) => envelope.input,
        other => panic!("{other:?}"),
    }
}

#[test]
fn frames_are_read_with_and_without_what_slack_leaves_out() {
    let debug = json!({"host": "applink-1", "build_number": 10, "approximate_connection_time": 18060});
    assert_eq!(
        read(
            &json!({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}, "debug_info": debug})
        ),
        Frame::Hello
    );
    assert_eq!(read(&json!({"type": "hello"})), Frame::Hello);
    for (reason, farewell) in [
        ("warning", Farewell::Warning),
        ("refresh_requested", Farewell::RefreshRequested),
        ("link_disabled", Farewell::LinkDisabled),
        ("too_many_websockets", Farewell::TooManyLinks),
        ("new", Farewell::Other("new".to_owned())),
    ] {
        assert_eq!(
            read(&json!({"type": "disconnect", "reason": reason, "debug_info": {"host": "h"}})),
            Frame::Disconnect(farewell.clone())
        );
        assert_eq!(read(&json!({"type": "disconnect", "reason": reason})), Frame::Disconnect(farewell));
    }
    assert_eq!(read(&json!({"type": "odd"})), Frame::Unknown("odd".to_owned()));
    for text in ["", "hello", "[]", "{}", "{\"type\":7}", "{\"type\":"] {
        assert!(envelope::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_command_is_read() {
    let payload = json!({
        "token": "x", "team_id": "T0OURS", "team_domain": "example", "channel_id": "C1", "channel_name": "general",
        "user_id": "U0ANN", "user_name": "ann", "command": "/jit", "text": "list", "api_app_id": "A1",
        "is_enterprise_install": "false", "response_url": "https://hooks.slack.com/commands/1", "trigger_id": "1.2.a",
    });
    let Ok(Input::Slash { caller, command, text, trigger, place: channel }) =
        input("slash_commands", payload)
    else {
        panic!("no command")
    };
    let place = Some("T0OURS".to_owned());
    assert_eq!(caller, Caller { user: "U0ANN".to_owned(), place, ..Caller::default() });
    assert_eq!((command.as_str(), text.as_str(), trigger.as_str()), ("/jit", "list", "1.2.a"));
    assert_eq!(channel.response_url.as_deref(), Some("https://hooks.slack.com/commands/1"));
    assert!(input("slash_commands", json!({"command": "/jit"})).is_err(), "nobody typed it");
}

#[test]
fn clicks_are_read_whoever_installed_the_app() {
    let click = |team: Value, action: Value| {
        input(
            "interactive",
            json!({
                "type": "block_actions", "team": team, "user": {"id": "U0BOB", "username": "bob", "team_id": "T0OURS"},
                "api_app_id": "A1", "trigger_id": "1.2.a", "response_url": "https://hooks.slack.com/actions/1",
                "container": {"type": "message", "message_ts": "2.0", "channel_id": "C1", "is_ephemeral": false},
                "channel": {"id": "C1", "name": "access"}, "message": {"ts": "2.0", "thread_ts": "1.0"},
                "state": {"values": {}}, "actions": [action],
            }),
        )
    };
    let button =
        |id: &str, value: &str| json!({"type": "button", "action_id": id, "value": value, "block_id": "b"});
    for team in [json!({"id": "T0OTHER", "domain": "other"}), Value::Null] {
        let Ok(Input::Click { caller, button, place, .. }) = click(team, button("jit_approve", "R1042"))
        else {
            panic!("no click")
        };
        assert_eq!(caller.team.as_deref(), Some("T0OURS"), "the person's own workspace counts");
        assert_eq!(button, Button::Known(Press::Approve, "R1042".parse().unwrap()));
        assert_eq!((place.channel.as_deref(), place.thread_ts.as_deref()), (Some("C1"), Some("1.0")));
    }
    for press in Press::ALL {
        assert!(matches!(
            click(Value::Null, button(press.action_id(), "R1")),
            Ok(Input::Click { button: Button::Known(known, _), .. }) if known == press
        ));
    }
    let back = click(Value::Null, json!({"type": "button", "action_id": "jit_back", "block_id": "b"}));
    assert!(matches!(back, Ok(Input::Click { button: Button::Back, .. })), "{back:?}");
    for (id, value) in [("jit_other", "R1"), ("jit_approve", "R1; R2"), ("jit_approve", "")] {
        assert!(matches!(
            click(Value::Null, button(id, value)),
            Ok(Input::Click { button: Button::Unknown(_), .. })
        ));
    }
    let select =
        json!({"type": "static_select", "action_id": "duration", "selected_option": {"value": "1h"}});
    assert!(matches!(click(Value::Null, select), Ok(Input::Quiet(_))));
}

fn submission(values: Value) -> Result<Input, String> {
    input(
        "interactive",
        json!({
            "type": "view_submission", "team": {"id": "T0OURS"}, "user": {"id": "U0ANN", "team_id": "T0OURS"},
            "view": {
                "id": "V1", "team_id": "T0OURS", "type": "modal", "callback_id": "jit_request_form", "private_metadata": "",
                "hash": "1.x", "root_view_id": "V1", "previous_view_id": null, "state": {"values": values},
            },
            "response_urls": [],
        }),
    )
}

#[test]
fn a_request_form_is_read_into_an_ask() {
    let values = json!({
        "role": {"jit_role": {"type": "external_select", "selected_option": {"text": {}, "value": "billing/read"}}},
        "duration:billing/read": {"duration": {"type": "static_select", "selected_option": {"value": "1h30m"}}},
        "why": {"why": {"type": "plain_text_input", "value": "  Replica lag alarm  "}},
        "ticket": {"ticket": {"type": "plain_text_input", "value": "https://example.atlassian.net/browse/ops-311"}},
        "field:schema": {"field": {"type": "static_select", "selected_option": {"value": "ledger"}}},
        "starts": {"starts": {"type": "datetimepicker", "selected_date_time": at(60).seconds()}},
        "glass": {"glass": {"type": "checkboxes", "selected_options": [{"value": "glass"}]}},
    });
    let Ok(Input::Form { view, .. }) = submission(values) else { panic!("no form") };
    let sent = modal::read_request(&view).unwrap();
    assert_eq!(sent.ask.role.to_string(), "billing/read");
    assert_eq!(sent.ask.duration, Span::mins(90));
    assert_eq!(sent.ask.justification, "Replica lag alarm");
    assert_eq!(sent.ask.ticket.unwrap().as_str(), "OPS-311");
    assert_eq!(sent.ask.fields["schema"], "ledger");
    assert_eq!(sent.ask.starts_at, Some(at(60)));
    assert!(sent.break_glass);
}

#[test]
fn what_people_write_in_threads_is_read_and_nothing_else_is() {
    let read = |event: Value| {
        let payload =
            json!({"type": "event_callback", "team_id": "T0OURS", "event_id": "Ev1", "event": event});
        match input("events_api", payload).unwrap() {
            Input::InThread { id, channel, thread_ts, ts, deed } => {
                assert_eq!((id.as_str(), channel.as_str(), thread_ts.as_str()), ("Ev1", "C1", "1.0"));
                Some((ts, deed))
            }
            Input::Quiet(_) => None,
            other => panic!("{other:?}"),
        }
    };
    let message = |more: Value| {
        let mut event = json!({"type": "message", "channel": "C1", "user": "U0ANN", "text": "a &lt;b&gt;", "ts": "2.0",
            "thread_ts": "1.0"});
        for (key, value) in more.as_object().unwrap() {
            event[key] = value.clone();
        }
        event
    };
    let caller = |team: Option<&str>| Caller {
        user: "U0ANN".to_owned(),
        team: team.map(str::to_owned),
        place: Some("T0OURS".to_owned()),
        enterprise: None,
    };
    let wrote =
        |team| Some(("2.0".to_owned(), InThread::Wrote { caller: caller(team), text: "a <b>".to_owned() }));
    assert_eq!(read(message(json!({}))), wrote(None));
    assert_eq!(read(message(json!({"user_team": "T0GUEST"}))), wrote(Some("T0GUEST")));
    assert_eq!(read(message(json!({"subtype": "thread_broadcast"}))), wrote(None));
    let (before, after) = (message(json!({})), message(json!({"text": "c"})));
    let changed = |previous: &Value| {
        json!({"type": "message", "subtype": "message_changed", "channel": "C1", "ts": "3.0", "message": after,
            "previous_message": previous})
    };
    assert_eq!(read(changed(&before)), Some(("2.0".to_owned(), InThread::Edited { text: "c".to_owned() })));
    let deleted = json!({"type": "message", "subtype": "message_deleted", "channel": "C1", "ts": "3.0",
        "deleted_ts": "2.0", "previous_message": before});
    assert_eq!(read(deleted), Some(("2.0".to_owned(), InThread::Deleted)));
    for nothing in [
        // An unfurled link, our own message, a bot's, one in no thread, the thread's first, a join, and no words.
        changed(&after),
        message(json!({"bot_id": "B1"})),
        message(json!({"subtype": "bot_message"})),
        message(json!({"thread_ts": null})),
        message(json!({"thread_ts": "2.0"})),
        message(json!({"subtype": "channel_join"})),
        message(json!({"text": " "})),
    ] {
        assert_eq!(read(nothing.clone()), None, "{nothing}");
    }
    let payload = json!({"event_id": "Ev1", "event": {"type": "message", "ts": "2.0", "thread_ts": "1.0"}});
    assert!(input("events_api", payload).is_err());
}

#[test]
fn a_form_for_less_time_is_read_by_its_choice_or_by_somebodys_own_words() {
    let read = |chosen: Option<&str>, own: Option<&str>| {
        let values = json!({
            "duration": {"duration": {"type": "static_select", "selected_option": chosen.map(|value| json!({"value": value}))}},
            "duration_own": {"own": {"type": "plain_text_input", "value": own}},
        });
        let Ok(Input::Form { view, .. }) = submission(values) else { panic!("no form") };
        let view = ViewState { private_metadata: "R1042".to_owned(), ..view };
        modal::read_approve_less(&view)
            .map(|(request, span)| format!("{request} {span}"))
            .map_err(|errors| errors.into_keys().collect::<Vec<_>>().join(", "))
    };
    for (chosen, own, expected) in [
        (Some("30m"), None, Ok("R1042 30m")),
        (Some("30m"), Some("  "), Ok("R1042 30m")),
        (Some("30m"), Some("45 min"), Ok("R1042 45m")),
        (None, Some("an hour and a half, please"), Ok("R1042 1h30m")),
        (None, None, Err("duration")),
        (Some("30m"), Some("until 17:00"), Err("duration_own")),
        (Some("30m"), Some("not long"), Err("duration_own")),
        (Some("30m"), Some("1h or 2h"), Err("duration_own")),
        (Some("30m"), Some("<!channel>"), Err("duration_own")),
    ] {
        let read = read(chosen, own);
        assert_eq!(read.as_deref().map_err(String::as_str), expected, "{chosen:?}, {own:?}");
    }
}

#[test]
fn an_empty_form_says_what_is_missing_where() {
    let values = json!({
        "role": {"jit_role": {"type": "external_select", "selected_option": null}},
        "duration:": {"duration": {"type": "static_select", "selected_option": null}},
        "why": {"why": {"type": "plain_text_input", "value": null}},
        "ticket": {"ticket": {"type": "plain_text_input", "value": "yesterday's incident"}},
        "starts": {"starts": {"type": "datetimepicker", "selected_date_time": null}},
        "glass": {"glass": {"type": "checkboxes", "selected_options": []}},
    });
    let Ok(Input::Form { view, .. }) = submission(values) else { panic!("no form") };
    let errors = modal::read_request(&view).unwrap_err();
    let blocks: Vec<&str> = errors.keys().map(String::as_str).collect();
    assert_eq!(blocks, ["duration:", "role", "ticket", "why"]);
}

#[test]
fn a_search_a_choice_a_shortcut_and_the_rest_are_read() {
    let user = json!({"id": "U0ANN", "team_id": "T0OURS"});
    let suggestion = json!({"type": "block_suggestion", "user": user, "action_id": "jit_role", "block_id": "role",
        "value": "bill", "team": null, "view": {"id": "V1"}});
    assert!(matches!(input("interactive", suggestion), Ok(Input::Suggest { query, .. }) if query == "bill"));
    let chosen = json!({"type": "block_actions", "user": user, "team": null,
        "container": {"type": "view", "view_id": "V1"},
        "view": {"id": "V1", "hash": "1.x", "callback_id": "jit_request_form", "state": {"values": {
            "why": {"why": {"value": "kept"}}}}},
        "actions": [{"action_id": "jit_role", "type": "external_select", "action_ts": "17.5",
            "selected_option": {"value": "billing/read"}}]});
    let Ok(Input::RoleChosen { view, role, at, .. }) = input("interactive", chosen) else {
        panic!("no choice")
    };
    assert_eq!((role.as_str(), view.hash.as_deref(), at.as_str()), ("billing/read", Some("1.x"), "17.5"));
    assert_eq!(view.values["why"], "kept");
    let shortcut =
        json!({"type": "shortcut", "callback_id": "jit_request", "user": user, "trigger_id": "1.2.a"});
    assert!(matches!(input("interactive", shortcut), Ok(Input::Shortcut { .. })));
    let about = json!({"type": "message_action", "callback_id": "jit_request_thread", "user": user,
        "trigger_id": "1.2.a", "message_ts": "2.0", "channel": {"id": "C1", "name": "general"},
        "message": {"ts": "2.0", "text": "the wiki is down"}, "response_url": "https://hooks.slack.com/app/1"});
    let Ok(Input::MessageShortcut { trigger, channel, ts, .. }) = input("interactive", about.clone()) else {
        panic!("no shortcut")
    };
    assert_eq!((trigger.as_str(), channel.as_str(), ts.as_str()), ("1.2.a", "C1", "2.0"));
    let mut other = about;
    other["callback_id"] = json!("delete_everything");
    assert!(input("interactive", other).is_err());
    let event = json!({"type": "event_callback", "event_id": "Ev1", "event": {"type": "app_home_opened"}});
    assert!(matches!(input("events_api", event), Ok(Input::Event { id, .. }) if id == "Ev1"));
    let opened = json!({"type": "event_callback", "event_id": "Ev2", "team_id": "T0OURS", "enterprise_id": "E0OURS",
        "event": {"type": "app_home_opened", "user": "W0ANN", "tab": "home"}});
    let Ok(Input::HomeOpened { caller }) = input("events_api", opened) else { panic!("no home") };
    assert_eq!((caller.user.as_str(), caller.place.as_deref()), ("W0ANN", Some("T0OURS")));
    let closed = json!({"type": "view_closed", "user": user, "view": {"id": "V1"}, "is_cleared": false});
    assert!(matches!(input("interactive", closed), Ok(Input::Quiet(_))));
    assert!(input("interactive", json!({"type": "dialog_submission", "user": user})).is_err());
    assert!(matches!(input("new_kind", json!({})), Ok(Input::Quiet(_))));
}

/// A form as a few lines: each field with what is filled in and what can be chosen.
fn picture(form: &Value) -> String {
    let mut out = format!("[{}] {}\n", form["callback_id"].as_str().unwrap_or("-"), form["title"]["text"]);
    for piece in form["blocks"].as_array().unwrap() {
        if piece["type"] != "input" {
            out += &block(piece);
            continue;
        }
        let element = &piece["element"];
        let filled = [&element["initial_value"], &element["initial_option"]["value"]];
        let filled: String = filled.iter().filter_map(|v| v.as_str()).map(|v| format!(" = {v:?}")).collect();
        let options: Vec<&str> = element["options"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|option| option["text"]["text"].as_str().unwrap())
            .collect();
        let optional = if piece["optional"] == true { ", optional" } else { "" };
        out += &format!(
            "{} {}{optional}: {}{filled} {}\n",
            piece["block_id"].as_str().unwrap(),
            element["type"].as_str().unwrap(),
            piece["label"]["text"].as_str().unwrap(),
            options.join(" | ")
        );
    }
    out
}

#[test]
fn forms_have_the_fields_that_the_role_wants() {
    let forms = forms();
    let out: Vec<String> = forms.iter().map(|(_, form)| picture(form)).collect();
    insta::assert_snapshot!(out.join("\n"));
    insta::assert_json_snapshot!(forms[1].1);
}

#[test]
fn a_form_whose_mark_was_lost_gives_nothing() {
    for leads_to in [Emergency::Real, Emergency::Drill { began_at: at(7) }] {
        assert_eq!(Emergency::read(&leads_to.metadata()), Some(leads_to));
    }
    for odd in ["drill", "drill:", "drill:x", "real", " "] {
        assert_eq!(Emergency::read(odd), None, "{odd:?}");
    }
}

/// Every form and every window, by what it is for.
pub(super) fn forms() -> Vec<(&'static str, Value)> {
    let (set, ann) = (policies(), id("ann"));
    let mut all: Vec<Person> = everybody().iter().cloned().collect();
    all[0].manager = Some(id("bob"));
    for member in &mut all[1..4] {
        member.groups.insert("dba".parse().unwrap());
    }
    let people = People::new(all, at(0), Span::hours(1));
    let story = Story::new(jitney::lifecycle::State::Active { warned: false }).granted();
    let request = &story.dossier.request;
    let chosen = Draft {
        role: Some("billing/read".parse().unwrap()),
        duration: Some(Span::mins(45)),
        because: Some("Replica lag alarm".to_owned()),
        whom: Some("U0BOB".to_owned()),
        fields: [("schema".to_owned(), "public".to_owned())].into(),
        starts_at: Some(at(3600)),
        ticket: Some("OPS-311".parse().unwrap()),
        notes: vec!["A note.".to_owned()],
    };
    let too_long = Draft { duration: Some(Span::days(2)), ..chosen.clone() };
    let offered = |role: &str| RoleMatch {
        role: format!("billing/{role}").parse().unwrap(),
        app_name: "Billing database".to_owned(),
        role_name: if role == "read" { "Read only" } else { "Write" }.to_owned(),
        gives: "Much".to_owned(),
        risk: Risk::High,
        eligible: true,
    };
    let emergency =
        |offered: &[RoleMatch], draft: &Draft, leads_to| modal::emergency(&set, offered, draft, leads_to);
    let ended = State::Revoked { cause: EndCause::Expiry, recheck_at: None };
    let reveal = serde_json::to_value(modal::reveal("1.2.a", request, &"s3cret".to_owned().into())).unwrap();
    vec![
        ("request, empty", modal::request(&set, &people, &ann, &Draft::default())),
        ("request, a role and words", modal::request(&set, &people, &ann, &chosen)),
        ("request, for too long", modal::request(&set, &people, &ann, &too_long)),
        (
            "emergency, empty",
            emergency(&[offered("write"), offered("read")], &Draft::default(), Emergency::Real),
        ),
        ("emergency, the only role", emergency(&[offered("read")], &Draft::default(), Emergency::Real)),
        ("emergency, all said", emergency(&[offered("read")], &chosen, Emergency::Real)),
        ("emergency, a drill", emergency(&[offered("read")], &chosen, Emergency::Drill { began_at: at(0) })),
        ("review", modal::review(&people, &glass(ended).ended().dossier)),
        ("extend", modal::extend(request, None, None)),
        ("approve for less", modal::approve_less(request)),
        ("question", modal::question(request)),
        ("reply", modal::reply(request, 2, "Bob", "Which tables?")),
        ("deny", modal::deny(request)),
        ("revoke", modal::revoke(request, Some("Moved teams"))),
        ("notice", modal::notice("Said and done.")),
        ("credential", reveal["view"].clone()),
    ]
}

/// Slack takes names of 24 characters at most, and sends the callback ids back.
#[test]
fn the_manifest_registers_the_shortcuts_that_are_read() {
    let manifest = include_str!("../../../manifest.yaml");
    let shortcuts = manifest.split("  shortcuts:\n").nth(1).unwrap().split("\noauth_config:").next().unwrap();
    let of = |key: &str| {
        let lines = shortcuts.lines().map(|line| line.trim_start_matches([' ', '-']));
        lines.filter_map(|line| line.strip_prefix(key)).map(str::trim).collect::<Vec<_>>()
    };
    assert_eq!(of("callback_id:"), [envelope::SHORTCUT, envelope::MESSAGE_SHORTCUT]);
    assert_eq!(of("type:"), ["global", "message"]);
    for name in of("name:") {
        assert!((1..=24).contains(&name.chars().count()), "{name}");
    }
}
