//! Nothing that a person types can ping somebody, forge a link or a time, or break a block: what is rendered is read
//! back as Slack reads it, and each bracket in it must be one that we put there.

use jitney::ids::{PersonId, RoleRef};
use jitney::lifecycle::{Answer, Kind, Refusal, Request};
use jitney::playground::slack::{check_message, check_options, check_view};
use jitney::policy::{Reason, ReasonCode, Risk, RoleMatch, Verdict};
use jitney::slack::command::{self, CommandError};
use jitney::slack::free_words::NoMoment;
use jitney::slack::identity::Stranger;
use jitney::slack::views::render;
use jitney::slack::{modal, text, words};
use jitney::time::Span;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use super::limits::{bad, every_state, every_view};
use super::people::{at, everybody, id, policies};

const SEEDS: u64 = 40;
const TICKETS: &str = "https://tickets.example.com/browse/";

/// What would be markup if it got through, whole and in halves.
const PIECES: [&str; 40] = [
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<@U0EVIL>",
    "<@U0EVIL|ann>",
    "<#C0EVIL>",
    "<!subteam^S0EVIL>",
    "<https://evil.example.com|click>",
    "<https://evil.example.com>",
    "<mailto:evil@example.com|x>",
    "<!date^666^{date}|soon>",
    "&lt;!channel&gt;",
    "&amp;lt;!here&amp;gt;",
    "&#60;!channel&#62;",
    "<",
    ">",
    "&",
    "|",
    "<!chan",
    "nel>",
    "<@",
    "`",
    "```",
    "*",
    "_",
    "~",
    "\n",
    "\n> ",
    "\t",
    "\r",
    "\u{0}",
    "\u{7}",
    "\u{202E}",
    "\u{200B}",
    "\u{FEFF}",
    "@channel",
    ":no_entry:",
    "🦀",
    "word",
    " ",
];

pub(super) fn evil(rng: &mut StdRng) -> String {
    let count = rng.random_range(1..30);
    (0..count).map(|_| PIECES[rng.random_range(0..PIECES.len())]).collect()
}

/// Whether what stands between `<` and `>` is ours.
fn is_ours(token: &str) -> bool {
    if let Some(account) = token.strip_prefix('@') {
        return ["U0ANN", "U0BOB", "U0CAROL", "U0DANA"].contains(&account);
    }
    if let Some(date) = token.strip_prefix("!date^") {
        let (seconds, rest) = date.split_once('^').unwrap();
        let ours = rest.starts_with("{date_short_pretty} at {time}|20") && rest.ends_with(" UTC");
        return ours && seconds != "666" && seconds.chars().all(|c| c.is_ascii_digit());
    }
    token.strip_prefix(TICKETS).is_some_and(|key| key.starts_with("OPS-") || key.starts_with("ACC-"))
}

/// Reads mrkdwn as Slack does: `<…>` is markup, `&…;` one of three signs, all else is text.
fn check_mrkdwn(mrkdwn: &str, what: &str) {
    let mut rest = mrkdwn;
    while let Some(at) = rest.find(['<', '>', '&']) {
        let (found, after) = rest[at..].split_at(1);
        rest = match found {
            "<" => {
                let (token, after) =
                    after.split_once('>').unwrap_or_else(|| panic!("{what}: open < in {mrkdwn}"));
                assert!(is_ours(token), "{what}: <{token}> in {mrkdwn}");
                after
            }
            "&" => {
                let known = ["amp;", "lt;", "gt;"].into_iter().find_map(|name| after.strip_prefix(name));
                known.unwrap_or_else(|| panic!("{what}: bare & in {mrkdwn}"))
            }
            _ => panic!("{what}: bare > in {mrkdwn}"),
        };
    }
    let deceives =
        |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202E}' | '\u{200B}' | '\u{FEFF}');
    assert!(!mrkdwn.contains(deceives), "{what}: {mrkdwn:?}");
}

/// Every text object in it.
pub(super) fn check_texts(value: &Value, what: &str) {
    match value {
        Value::Object(fields) => {
            if let (Some("mrkdwn"), Some(text)) =
                (fields.get("type").and_then(Value::as_str), fields.get("text").and_then(Value::as_str))
            {
                check_mrkdwn(text, what);
            }
            fields.values().for_each(|value| check_texts(value, what));
        }
        Value::Array(items) => items.iter().for_each(|item| check_texts(item, what)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn no_message_says_what_people_typed_as_markup() {
    let people = everybody();
    let mut shown = 0;
    for seed in 0..SEEDS {
        let mut rng = StdRng::seed_from_u64(seed);
        let evil = evil(&mut rng);
        let states = every_state(&evil);
        let state = states[rng.random_range(0..states.len())].clone();
        let mut story = bad(state, &evil);
        if rng.random_bool(0.3) {
            story = story.with(|request| request.kind = Kind::BreakGlass);
        }
        for view in every_view() {
            story = story.posted(view);
        }
        for view in every_view() {
            let Some(rendered) = render(&story.dossier, &people, view, Some(TICKETS)) else { continue };
            shown += 1;
            let what = format!("seed {seed}, {view:?}");
            check_mrkdwn(&rendered.text, &what);
            let blocks = Value::from(rendered.blocks);
            check_texts(&blocks, &what);
            assert_eq!(check_message(&blocks), vec![], "{what}");
        }
    }
    assert!(shown > 200, "{shown}");
}

#[test]
fn no_form_says_what_people_typed_as_markup() {
    let people = everybody();
    for seed in 0..SEEDS {
        let mut rng = StdRng::seed_from_u64(1000 + seed);
        let evil = evil(&mut rng);
        let mut set = policies();
        for app in set.apps.values_mut() {
            app.name.clone_from(&evil);
            for role in app.roles.values_mut() {
                role.name.clone_from(&evil);
                role.gives.clone_from(&evil);
                role.fields[0].label.clone_from(&evil);
                role.fields[0].choices = vec![evil.clone(), "other".to_owned()];
            }
        }
        let draft = modal::Draft {
            role: Some("billing/read".parse().unwrap()),
            because: Some(evil.clone()),
            notes: vec![words::starts_when(&evil, at(0)), words::length_too_long(&evil)],
            ..modal::Draft::default()
        };
        let story = bad(jitney::lifecycle::State::Active { warned: false }, &evil);
        let request = &story.dossier.request;
        for form in [
            modal::request(&set, &people, &id("ann"), &draft),
            modal::extend(request, None, Some(&evil)),
            modal::approve_less(request),
            modal::question(request),
            modal::reply(request, 20, &evil, &evil),
            modal::deny(request),
            modal::revoke(request, Some(&evil)),
            modal::notice(&words::no_such_role("/jit", &evil, &[])),
        ] {
            let what = format!("seed {seed}");
            check_texts(&form, &what);
            assert_eq!(check_view(&form), vec![], "{what}: {form}");
        }
        let choice = found(&evil);
        let held = [(choice.role.clone(), words::held(request))].into();
        assert_eq!(check_options(&modal::options(&[choice], &held)), vec![], "seed {seed}");
    }
}

fn found(evil: &str) -> RoleMatch {
    RoleMatch {
        role: "wiki/read".parse().unwrap(),
        app_name: evil.to_owned(),
        role_name: evil.to_owned(),
        gives: evil.to_owned(),
        risk: Risk::High,
        eligible: true,
    }
}

/// Every sentence into which something foreign goes, outside of messages and forms.
fn sentences(evil: &str, request: &Request) -> Vec<String> {
    let people = everybody();
    let role: RoleRef = "wiki/read".parse().unwrap();
    let reason = Reason {
        code: ReasonCode::Never,
        rule: evil.to_owned(),
        saw: evil.to_owned(),
        wants: evil.to_owned(),
    };
    let refused = Verdict::Refused(reason.clone(), vec![reason.clone()]);
    let granted = Verdict::Granted(vec![reason.clone()]);
    let owned = evil.to_owned();
    let settled = Refusal::Settled {
        request: request.id,
        state: jitney::lifecycle::StateWord::Denied,
        by: Some(owned.clone()),
        at: Some(at(1)),
    };
    let mut said = vec![
        words::refused(&Refusal::Rules(vec![reason.clone(), reason.clone()])),
        words::refused(&settled),
        words::refused(&Refusal::UnknownPerson { account: owned.clone() }),
        words::refused(&Refusal::NotAnOperator { login: owned.clone() }),
        words::answer(
            &people,
            &Answer::Submitted {
                request: request.id,
                asked: vec![id("bob"), PersonId::new("nobody").unwrap()],
            },
        ),
        words::stranger(&Stranger::Unknown { account: owned.clone() }),
        words::stranger(&Stranger::Guest { account: owned.clone() }),
        words::stranger(&Stranger::Taken { account: owned.clone() }),
        words::hint_refused(&[&reason]),
        words::no_such_role("/jit", evil, std::slice::from_ref(&role)),
        words::others_fit(&found(evil), &[found(evil), found(evil)]),
        words::catalogue(&[owned.clone(), owned.clone()], 2),
        words::catalogue_held(&[request, request]),
        words::retired(&role, Some(evil)),
        words::starts_when(evil, at(0)),
        words::ends_when(evil, at(0), Span::hours(1), false),
        words::no_moment(evil, NoMoment::Past),
        words::length_too_long(evil),
        words::again(request),
        words::nothing_again(evil, evil),
        words::again_open(evil, request),
        words::dm_not_started(request, at(0), evil),
        words::why(&role, evil, &refused, Span::hours(1), "", Some(request)),
        words::why(&role, evil, &granted, Span::hours(1), "", None),
        words::status_head(request),
        words::status_facts(request),
        words::unknown_holder(evil),
        words::nothing_to_revoke(evil, evil),
        words::which_to_revoke("/jit", evil, &[request]),
        words::list_line(request),
    ];
    for error in [
        CommandError::UnknownWord { word: owned.clone(), nearest: None },
        CommandError::RequestId { word: "status", text: owned.clone() },
        CommandError::Person { word: "revoke", text: owned },
    ] {
        said.push(words::not_understood("/jit", &error));
    }
    said
}

#[test]
fn no_answer_says_what_people_typed_as_markup() {
    for seed in 0..SEEDS * 5 {
        let mut rng = StdRng::seed_from_u64(2000 + seed);
        let evil = evil(&mut rng);
        let story = bad(jitney::lifecycle::State::Active { warned: false }, &evil);
        for sentence in sentences(&evil, &story.dossier.request) {
            check_mrkdwn(&sentence, &format!("seed {seed}"));
        }
        // As Slack sends it, whatever was typed comes back out of a command as text.
        if let Err(error) = command::parse(&text::escape(&evil)) {
            check_mrkdwn(&words::not_understood("/jit", &error), &format!("seed {seed}"));
        }
    }
}

#[test]
fn a_forged_token_would_be_seen() {
    for forged in
        ["<!channel>", "<@U0EVIL>", "a & b", "<https://evil.example.com|x>", "a > b", "<!date^666^{date}|x>"]
    {
        let seen = std::panic::catch_unwind(|| check_mrkdwn(forged, "forged"));
        assert!(seen.is_err(), "{forged}");
    }
}
