//! Slack's limits under hostile and very long input: no message and no form of ours may break one.

use std::sync::LazyLock;

use jitney::ids::{RequestId, TargetId};
use jitney::lifecycle::{
    Context, DirectCopy, DmKind, EndCause, Evidence, Kind, NudgeKind, Op, Past, Question, ReviewFinding,
    State, View, What, WithdrawCause,
};
use jitney::policy::{Field, Reason, ReasonCode, TicketFound, TicketLook, TicketSeen};
use jitney::slack::modal::{self, Draft};
use jitney::slack::views::{Reader, Rendered, Said, list, render, status};
use jitney::slack::words;
use jitney::time::Span;
use serde_json::Value;

use super::people::{Story, at, everybody, id, pending, policies, revoking};

fn hostile() -> String {
    "<!channel> & <@U1|x> *b* `c` \u{202E}\u{200B}\u{0007}\n🦀é|>".repeat(150)
}

/// Every text object's bound by where it stands; Slack counts code points.
fn check_texts(value: &Value, path: &str) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(text)) = fields.get("text")
                && fields.get("type").is_some_and(|t| t == "mrkdwn" || t == "plain_text")
            {
                let count = text.chars().count();
                let most = match path.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap() {
                    "fields" => 2000,
                    "title" if path.contains("confirm") => 100,
                    "title" | "submit" | "close" => 24,
                    "text" if path.contains("confirm") => 300,
                    "text" if path.contains("options") || path.contains("option") => 75,
                    "text" if path.contains("elements") || path.contains("accessory") => 75,
                    "description" => 75,
                    "placeholder" => 150,
                    "label" | "hint" => 2000,
                    "confirm" | "deny" => 30,
                    _ => 3000,
                };
                assert!((1..=most).contains(&count), "{path}: {count} of {most}");
                assert!(!text.contains(['\u{202E}', '\u{200B}', '\u{7}']), "{path}: {text}");
                if fields["type"] == "mrkdwn" {
                    assert!(!text.contains("<!channel>") && !text.contains("<@U1|x>"), "{path}: {text}");
                    assert_eq!(text.matches('<').count(), text.matches('>').count(), "{path}: {text}");
                }
            }
            fields.iter().for_each(|(key, value)| check_texts(value, &format!("{path}/{key}")));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| check_texts(item, &format!("{path}/{i}")));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn check_blocks(blocks: &[Value], most: usize) {
    assert!((1..=most).contains(&blocks.len()), "{} blocks", blocks.len());
    let mut ids = std::collections::BTreeSet::new();
    for block in blocks {
        if let Some(id) = block["block_id"].as_str() {
            assert!(id.chars().count() <= 255 && ids.insert(id), "block_id {id}");
        }
        for (key, most) in [("fields", 10), ("elements", if block["type"] == "context" { 10 } else { 25 })] {
            if let Some(items) = block[key].as_array() {
                assert!((1..=most).contains(&items.len()), "{key}: {}", items.len());
            }
        }
        for option in block.pointer("/element/options").and_then(Value::as_array).into_iter().flatten() {
            assert!(option["value"].as_str().unwrap().chars().count() <= 150);
        }
        for element in block["elements"].as_array().into_iter().flatten() {
            if let Some(label) = element["accessibility_label"].as_str() {
                assert!((1..=75).contains(&label.chars().count()), "{label}");
            }
        }
    }
}

/// A request in which everything that a person, a policy or a target can say is as bad as it can be.
pub(super) fn bad(state: State, evil: &str) -> Story {
    let evil = evil.to_owned();
    let mut story = Story::new(state).ended().with(|request| {
        request.requester.name.clone_from(&evil);
        request.terms.app_name.clone_from(&evil);
        request.terms.role_name.clone_from(&evil);
        request.terms.gives.clone_from(&evil);
        request.ask.justification.clone_from(&evil);
        request.ask.ticket = Some("OPS-311".parse().unwrap());
        request.review_due_at = Some(at(99));
        let step = &mut request.terms.steps[0];
        step.label.clone_from(&evil);
        step.login = Some(evil.clone());
        step.used_at = Some(evil.clone());
        step.cannot_end = vec![evil.clone(); 12];
        request.terms.steps = vec![request.terms.steps[0].clone(); 12];
        request.steps[0].last_error = Some(evil.clone());
        request.steps[0].presence = jitney::lifecycle::Presence::Present;
        request.steps = vec![request.steps[0].clone(); 12];
        request.requester.department.clone_from(&evil);
        request.requester.manager = Some(id("nobody"));
        request.ask.fields = (0..30).map(|n| (format!("{n}{evil}"), evil.clone())).collect();
        request.copies = vec![DirectCopy { stage: 0, to: id("bob") }];
        request.questions = vec![Question { by: id("bob"), answered_at: Some(at(4)) }; 20];
        if let State::Pending(state) = &mut request.state {
            state.asked = (0..200).map(|n| id(&format!("nobody{n}"))).collect();
        }
    });
    for n in 0..60 {
        story = story.vote("bob", n % 2, 3);
    }
    story.dossier.request.votes.iter_mut().for_each(|vote| {
        vote.name.clone_from(&evil);
        vote.at_most = Some(Span::mins(7));
    });
    let past = Past {
        times: u32::MAX,
        given: Span::LONGEST,
        held: Span::LONGEST,
        released: 9,
        unseen: 9,
        ended_at: Some(at(1)),
        more: true,
    };
    let holders = (0..50).map(|n| id(&format!("nobody{n}"))).collect();
    let seen = TicketSeen {
        summary: evil.clone(),
        status: evil.clone(),
        is_done: false,
        names_requester: true,
        is_access_ticket: false,
    };
    let ticket =
        Some(TicketLook { ticket: "OPS-311".parse().unwrap(), as_of: at(1), found: TicketFound::Seen(seen) });
    story = story.knowing(Context { role: past, others: past, holders, held_by: u32::MAX, ticket }).told(
        "bob",
        3,
        What::Questioned { question: 1, text: evil.clone() },
    );
    if !matches!(story.dossier.request.state, State::Pending(_)) {
        story = story.told("ann", 4, What::Answered { question: 1, asked_by: id("bob"), text: evil.clone() });
    }
    let evidence = Evidence { method: evil.clone(), answer: evil.clone(), at: at(5) };
    let targets: Vec<TargetId> = (0..99).map(|n| format!("target-{n}").parse().unwrap()).collect();
    let rules =
        vec![
            Reason { code: ReasonCode::Never, rule: evil.clone(), saw: evil.clone(), wants: evil.clone() };
            50
        ];
    for n in 0..12 {
        let label = evil.clone();
        story = story
            .asked(0)
            .told("bob", n, What::Denied { reason: evil.clone(), rules: rules.clone() })
            .told(
                "jitney",
                n,
                What::Escalated { asked: (0..99).map(|n| id(&format!("nobody{n}"))).collect() },
            )
            .told("jitney", n, What::Reminded { times: 1 })
            .told("jitney", n, What::Stuck { late: Span::days(9), locked: targets.clone() })
            .told(
                "jitney",
                n,
                What::Gone {
                    step: 0,
                    label: label.clone(),
                    deed: Some(evidence.clone()),
                    with_sessions: true,
                    evidence: evidence.clone(),
                },
            )
            .told(
                "jitney",
                n,
                What::CallFailed { step: 0, label, op: Op::Revoke, error: evil.clone(), failures: 9 },
            )
            .told(
                "jitney",
                n,
                What::Extended { extension: RequestId::from_number(1), from: at(1), to: at(2) },
            );
    }
    story
}

/// Every state, with what people said in it.
pub(super) fn every_state(evil: &str) -> Vec<State> {
    let evil = evil.to_owned();
    let by = jitney::lifecycle::Actor::Operator { id: id("dana"), name: evil.clone() };
    vec![
        pending(0),
        pending(1),
        State::Scheduled { starts_at: at(600) },
        State::Granting,
        State::Active { warned: false },
        revoking(false),
        revoking(true),
        State::Revoked {
            cause: EndCause::Revoked { by: by.clone(), reason: evil.clone() },
            recheck_at: None,
        },
        State::Revoked { cause: EndCause::ProvisioningFailed { error: evil.clone() }, recheck_at: None },
        State::Applied { at: at(1) },
        State::Denied { by: None, name: evil.clone(), reason: evil.clone(), at: at(1) },
        State::Withdrawn { cause: WithdrawCause::Operator { reason: evil }, by, at: at(1) },
        State::Lapsed { at: at(1) },
    ]
}

pub(super) fn every_view() -> Vec<View> {
    let mut views =
        vec![View::Card, View::Log, View::Security, View::Approval { stage: 0 }, View::Approval { stage: 1 }];
    views.extend(
        [NudgeKind::Reminder, NudgeKind::Escalation, NudgeKind::Anew]
            .map(|kind| View::Nudge { kind, number: 1 }),
    );
    let dms = [
        DmKind::Confirm,
        DmKind::Asker,
        DmKind::Decided,
        DmKind::Waiting,
        DmKind::Active,
        DmKind::Warning,
        DmKind::Extended,
        DmKind::Question,
        DmKind::Ended,
        DmKind::Reviewed,
    ];
    views.extend([View::Copy { number: 1 }, View::Question { number: 1 }, View::Answer { number: 1 }]);
    views.extend([View::Review { number: 2 }, View::ReviewCopy { number: 2, owner: 1 }, View::Finding]);
    views.extend(dms.map(|kind| View::Dm { kind, number: 1 }));
    views
}

#[test]
fn no_message_breaks_a_limit_whatever_people_write() {
    for (view, rendered) in &*HOSTILE_MESSAGES {
        assert!((1..=4000).contains(&rendered.text.chars().count()), "{view:?}: text");
        assert!(!rendered.text.contains("<!channel>"), "{view:?}");
        check_blocks(&rendered.blocks, 50);
        rendered.blocks.iter().for_each(|block| check_texts(block, ""));
        let size: usize = rendered.blocks.iter().map(|block| block.to_string().chars().count()).sum();
        assert!(size < 13_000, "{view:?}: {size} characters of blocks");
    }
    assert!(HOSTILE_MESSAGES.len() > 300, "{}", HOSTILE_MESSAGES.len());
}

/// Every message in every state of a request that is as bad as it can be.
pub(super) static HOSTILE_MESSAGES: LazyLock<Vec<(View, Rendered)>> = LazyLock::new(hostile_messages);

fn hostile_messages() -> Vec<(View, Rendered)> {
    let evil = hostile();
    let people = everybody();
    let mut all = Vec::new();
    let drill = Kind::Drill { began_at: None };
    for kind in [Kind::New, Kind::BreakGlass, drill, Kind::Extension { parent: RequestId::from_number(1) }] {
        for state in every_state(&evil) {
            let mut story = bad(state, &evil).with(|request| request.kind = kind);
            if kind.is_drill() {
                let steps = vec![evil.clone(); 10];
                story = story.told("jitney", 1, What::Drilled { took: Some(Span::secs(3)), steps });
            }
            if kind == Kind::BreakGlass {
                let found = Some(ReviewFinding::NotJustified);
                let reviewed = What::Reviewed { found, finding: evil.clone() };
                story = story.with(|request| request.review_due_at = None).told("dana", 50, reviewed);
            }
            for view in every_view() {
                story = story.posted(view);
            }
            for view in every_view() {
                let rendered = render(&story.dossier, &people, view, Some("https://x.example.com/<&>/"));
                all.extend(rendered.map(|rendered| (view, rendered)));
            }
        }
    }
    all
}

#[test]
fn no_answer_breaks_a_limit_whatever_people_write() {
    for said in hostile_answers() {
        assert!((1..=4000).contains(&said.text.chars().count()), "{}", said.text);
        check_blocks(&said.blocks, 50);
        said.blocks.iter().for_each(|block| check_texts(block, ""));
        let size: usize = said.blocks.iter().map(|block| block.to_string().chars().count()).sum();
        assert!(size < 13_000, "{size} characters of blocks");
    }
}

/// The answers that show requests, of requests that are as bad as they can be.
pub(super) fn hostile_answers() -> Vec<Said> {
    let evil = hostile();
    let people = everybody();
    let stories: Vec<Story> = every_state(&evil).into_iter().map(|state| bad(state, &evil)).collect();
    let requests = stories.iter().cycle().take(30).map(|story| story.dossier.request.clone());
    let mut many: Vec<_> = requests.collect();
    many.iter_mut().zip(1..).for_each(|(request, number)| request.id = RequestId::from_number(number));
    let mut all = vec![list(&evil, &[]), list("/jit", &many)];
    for reader in [Reader::Requester, Reader::MayRevoke, Reader::Onlooker] {
        all.extend(stories.iter().map(|story| status(&people, &story.dossier, reader)));
    }
    all
}

#[test]
fn no_form_breaks_a_limit_whatever_a_policy_says() {
    for form in hostile_forms() {
        check_blocks(form["blocks"].as_array().unwrap(), 100);
        check_texts(&form, "");
        assert!(form.to_string().len() < 250_000);
        assert!(form["private_metadata"].as_str().unwrap_or_default().len() <= 3000);
    }
}

/// Every form of policies and a request that are as bad as they can be.
pub(super) fn hostile_forms() -> Vec<Value> {
    let mut set = policies();
    let evil = hostile();
    for app in set.apps.values_mut() {
        app.name.clone_from(&evil);
        for role in app.roles.values_mut() {
            role.name.clone_from(&evil);
            role.gives.clone_from(&evil);
            let choices = vec![evil.clone(); 300];
            role.fields = (0..50)
                .map(|n| Field {
                    id: format!("f{n}"),
                    label: evil.clone(),
                    choices: choices.clone(),
                    place: String::new(),
                })
                .collect();
        }
    }
    let people = everybody();
    let draft = Draft {
        role: Some("billing/read".parse().unwrap()),
        duration: Some(Span::days(3000)),
        because: Some(evil.clone()),
        whom: Some("U0BOB".to_owned()),
        fields: [("schema".to_owned(), "public".to_owned())].into(),
        starts_at: Some(at(100_000)),
        ticket: Some("OPS-311".parse().unwrap()),
        notes: vec![words::bold(&evil); 20],
    };
    let story = bad(State::Active { warned: false }, &evil);
    let request = &story.dossier.request;
    vec![
        modal::request(&set, &people, &id("ann"), &draft),
        modal::request(&set, &people, &id("ann"), &Draft::default()),
        modal::extend(request, Some(Span::ZERO), Some(&evil)),
        modal::approve_less(request),
        modal::question(request),
        modal::reply(request, 20, &evil, &evil),
        modal::deny(request),
        modal::revoke(request, Some(&evil)),
        modal::notice(&evil.replace(['<', '>', '&', '\u{202E}', '\u{200B}', '\u{7}'], "")),
        serde_json::to_value(modal::reveal("1.2.a", request, &"secret".to_owned().into())).unwrap()["view"]
            .clone(),
    ]
}
