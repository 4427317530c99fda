//! Made-up requests and one entry of every kind.

use std::collections::BTreeMap;

use jitney::engine::Dossier;
use jitney::ids::{EntitlementKey, EntryId, PersonId, RequestId, TargetId, TierId};
use jitney::lifecycle::{
    Actor, EndCause, Entry, Evidence, Kind, Op, PendingState, Request, Requester, ReviewFinding, State, Step,
    StepTerms, Terms, What, WithdrawCause,
};
use jitney::policy::{
    Ask, Capacity, Digest, Employment, Layer, Reason, ReasonCode, Risk, Stage, TicketFound, TicketLook,
    TicketSeen, Tier,
};
use jitney::time::{Span, Timestamp};

pub(crate) const REQUEST: RequestId = RequestId::from_number(1042);

/// 2026-11-22 10:00 UTC and so many minutes.
pub(crate) fn at(minutes: u64) -> Timestamp {
    "2026-11-22T10:00:00Z".parse::<Timestamp>().unwrap() + Span::mins(minutes)
}

pub(crate) fn person(name: &str) -> PersonId {
    PersonId::new(&format!("{name}@example.com")).unwrap()
}

fn actor(name: &str) -> Actor {
    let (first, rest) = name.split_at(1);
    Actor::Person { id: person(name), name: format!("{}{rest}", first.to_uppercase()) }
}

fn operator() -> Actor {
    Actor::Operator { id: person("erin"), name: "Erin".to_owned() }
}

fn target(id: &str) -> TargetId {
    TargetId::new(id).unwrap()
}

fn reason(code: ReasonCode, rule: &str, saw: &str, wants: &str) -> Reason {
    Reason { code, rule: rule.to_owned(), saw: saw.to_owned(), wants: wants.to_owned() }
}

fn evidence(answer: &str) -> Evidence {
    Evidence { method: "read /srv/app/htpasswd".to_owned(), answer: answer.to_owned(), at: at(50) }
}

pub(crate) fn pending() -> State {
    State::Pending(PendingState {
        stage: 0,
        stage_since: at(0),
        asked: vec![person("bob")],
        remind_at: None,
        reminders: 0,
        escalate_at: None,
        escalated: false,
        lapses_at: at(1000),
        held: false,
        asked_anew: 0,
        unconfirmed: false,
    })
}

pub(crate) fn revoked() -> State {
    State::Revoked { cause: EndCause::Expiry, recheck_at: None }
}

pub(crate) fn request(kind: Kind, justification: &str) -> Request {
    let stage = Stage {
        approvers: Vec::new(),
        quorum: 1,
        distinct: false,
        remind_after: None,
        escalate_after: None,
        escalate_to: Vec::new(),
        fallback: Vec::new(),
        direct: false,
        hours: None,
        place: String::new(),
    };
    let tier = Tier {
        id: TierId::new("two-eyes").unwrap(),
        name: "Manager, then owner".to_owned(),
        auto_under: None,
        stages: vec![stage.clone(), Stage { quorum: 2, distinct: true, ..stage }],
        lapse_after: Span::hours(8),
        provision_within: Span::mins(15),
        warn_before: Some(Span::mins(10)),
        break_glass: None,
        place: String::new(),
    };
    let step = StepTerms {
        gives_group: None,
        target: target("wiki-host"),
        params: serde_json::Value::Null,
        key: EntitlementKey::new("jit-r1042").unwrap(),
        shared: false,
        label: "a login in /srv/app/htpasswd".to_owned(),
        issues_credential: true,
        login: Some("jit-r1042".to_owned()),
        used_at: None,
        readable: true,
        cannot_end: vec!["pages that stay open in a browser".to_owned()],
    };
    let badge = StepTerms {
        gives_group: None,
        target: target("front-desk"),
        label: "a visitor's badge".to_owned(),
        readable: false,
        cannot_end: Vec::new(),
        ..step.clone()
    };
    Request {
        id: REQUEST,
        kind,
        requester: Requester {
            id: person("ann"),
            name: "Ann".to_owned(),
            employment: Employment::Employee,
            department: "Finance".to_owned(),
            manager: Some(person("bob")),
        },
        terms: Terms {
            app_name: "Team wiki".to_owned(),
            role_name: "Editor".to_owned(),
            gives: "Edit every page of the old wiki".to_owned(),
            risk: Risk::Medium,
            layer: Layer::Application,
            owners: vec![person("dana")],
            max_duration: Span::hours(8),
            max_total: Span::hours(24),
            revoke_target: Span::secs(60),
            tier,
            steps: vec![step, badge],
            lockdown_family: Vec::new(),
        },
        ask: Ask {
            role: "wiki/editor".parse().unwrap(),
            duration: Span::hours(2),
            starts_at: None,
            justification: justification.to_owned(),
            ticket: Some("OPS-311".parse().unwrap()),
            fields: BTreeMap::from([("space".to_owned(), "Ledger".to_owned())]),
        },
        submitted_at: at(0),
        policy: Digest::from_hex("0123456789abcdef".repeat(4)),
        votes: Vec::new(),
        asked_by: None,
        questions: Vec::new(),
        copies: Vec::new(),
        state: pending(),
        steps: vec![Step::default(), Step::default()],
        times: None,
        credential: None,
        review_due_at: None,
        views: Default::default(),
        next_effect: 1,
        next_entry: 1,
    }
}

/// A dossier of a new request with so many entries, of which nothing is told.
pub(crate) fn dossier(entries: Vec<Entry>) -> Dossier {
    Dossier {
        request: request(Kind::New, "Quarter end"),
        revision: 7,
        entries,
        issue: None,
        issue_status: None,
        comments: BTreeMap::new(),
        messages: BTreeMap::new(),
    }
}

pub(crate) fn entry(number: u32, by: Actor, what: What) -> Entry {
    Entry { id: EntryId::new(REQUEST, number), at: at(u64::from(number)), by, what, because: Vec::new() }
}

/// The first entry of every ticket.
pub(crate) fn submitted(justification: &str) -> What {
    What::Submitted {
        request_kind: Kind::New,
        title: "Team wiki · Editor".to_owned(),
        duration: Span::hours(2),
        justification: justification.to_owned(),
        risk: Risk::Medium,
        allowed_by: vec![reason(
            ReasonCode::NotEligible,
            "eligible[0] of wiki/editor (policies/wiki.toml:14:1)",
            "department is Finance",
            "",
        )],
        context: Box::default(),
    }
}

/// The happy story of a grant, as far as entry `most`.
pub(crate) fn story(most: usize) -> Vec<Entry> {
    let all = [
        (actor("ann"), submitted("Quarter end")),
        (
            actor("bob"),
            What::Approved { stage: 0, have: 1, need: 1, took: Span::mins(4), at_most: None, capacity: None },
        ),
        (Actor::Jitney, What::Provisioning { not_after: at(140) }),
        (Actor::Jitney, granted()),
        (Actor::Jitney, What::Activated { expires_at: at(125) }),
        (Actor::Jitney, What::Ending { cause: EndCause::Expiry }),
        (Actor::Jitney, gone()),
        (Actor::Jitney, What::Revoked { cause: EndCause::Expiry, took: Span::secs(2), remains: Vec::new() }),
    ];
    let numbered = (1..).zip(all).map(|(number, (by, what))| entry(number, by, what));
    numbered.take(most).collect()
}

fn granted() -> What {
    What::Granted { step: 0, label: label(), evidence: evidence("a line for jit-r1042") }
}

fn gone() -> What {
    What::Gone {
        step: 0,
        label: label(),
        deed: Some(evidence("removed the line for jit-r1042; its sessions were ended")),
        with_sessions: true,
        evidence: evidence("no line for jit-r1042 among 14"),
    }
}

fn label() -> String {
    "a login in /srv/app/htpasswd".to_owned()
}

fn seen_ticket(is_there: bool) -> TicketLook {
    let seen = TicketSeen {
        summary: "The “front page” is down".to_owned(),
        status: "In Progress".to_owned(),
        is_done: false,
        names_requester: true,
        is_access_ticket: false,
    };
    let found = if is_there { TicketFound::Seen(seen) } else { TicketFound::Unanswered };
    TicketLook { ticket: "INC-42".parse().unwrap(), as_of: at(0), found }
}

/// One entry of every kind at least, in the order of the type.
pub(crate) fn every_entry() -> Vec<Entry> {
    let (ann, bob, dana, jitney) = (actor("ann"), actor("bob"), actor("dana"), Actor::Jitney);
    let grant = RequestId::from_number(1030);
    let parent = RequestId::from_number(1001);
    let submit = |request_kind| match submitted("Quarter end: “closing” the books.") {
        What::Submitted { title, duration, justification, risk, allowed_by, mut context, .. } => {
            context.ticket =
                (request_kind != Kind::New).then(|| seen_ticket(request_kind == Kind::BreakGlass));
            What::Submitted { request_kind, title, duration, justification, risk, allowed_by, context }
        }
        other => other,
    };
    let contractor = reason(
        ReasonCode::Never,
        "never[0] of wiki/editor (policies/wiki.toml:19:1)",
        "employment is contractor",
        "any employment but contractor",
    );
    let waited = |locked| What::Stuck { late: Span::mins(12), locked };
    let wanted =
        |asked, from_fallback| What::ApprovalWanted { stage: 0, stages: 2, quorum: 1, asked, from_fallback };
    let anew = |asked: Vec<_>, from_fallback| What::AskedAnew {
        stage: 1,
        added: asked.iter().skip(1).cloned().collect(),
        asked,
        from_fallback,
    };
    let many = (1..=12).map(|n| person(&format!("owner{n}"))).collect();
    let ending = |cause| What::Ending { cause };
    let taken = EndCause::Revoked { by: dana.clone(), reason: "Wrong wiki".to_owned() };
    let failed = EndCause::ProvisioningFailed { error: "the host refused the key".to_owned() };
    let whats = [
        (ann.clone(), submit(Kind::New)),
        (ann.clone(), submit(Kind::Extension { parent })),
        (ann.clone(), submit(Kind::BreakGlass)),
        (ann.clone(), submit(Kind::Drill { began_at: None })),
        (ann.clone(), What::ConfirmationWanted { from: person("bob"), name: "Bob".to_owned() }),
        (bob.clone(), What::Confirmed),
        (jitney.clone(), What::AutoApproved { under: Span::mins(30) }),
        (jitney.clone(), wanted(vec![person("bob")], false)),
        (jitney.clone(), wanted(many, true)),
        (
            bob.clone(),
            What::Approved {
                stage: 0,
                have: 1,
                need: 1,
                took: Span::mins(4),
                at_most: Some(Span::mins(30)),
                capacity: None,
            },
        ),
        (
            bob.clone(),
            What::Approved { stage: 0, have: 1, need: 1, took: Span::mins(4), at_most: None, capacity: None },
        ),
        (
            dana.clone(),
            What::Approved {
                stage: 1,
                have: 1,
                need: 2,
                took: Span::secs(5400),
                at_most: None,
                capacity: None,
            },
        ),
        (
            bob.clone(),
            What::Approved {
                stage: 0,
                have: 1,
                need: 1,
                took: Span::mins(4),
                at_most: None,
                capacity: Some(Capacity::InPlaceOf { id: person("dana"), name: "Dana".to_owned() }),
            },
        ),
        (
            bob.clone(),
            What::Approved {
                stage: 0,
                have: 1,
                need: 1,
                took: Span::mins(4),
                at_most: None,
                capacity: Some(Capacity::OnCall { schedule: "payments".parse().unwrap() }),
            },
        ),
        (jitney.clone(), anew(vec![person("bob"), person("erin")], true)),
        (jitney.clone(), anew(Vec::new(), true)),
        (dana.clone(), What::Questioned { question: 1, text: "Which tables, and why now?".to_owned() }),
        (
            ann.clone(),
            What::Answered {
                question: 1,
                asked_by: person("dana"),
                text: "The ledger, for “closing” the books.".to_owned(),
            },
        ),
        (jitney.clone(), What::VoteDropped { voter: person("bob") }),
        (jitney.clone(), What::Reminded { times: 2 }),
        (jitney.clone(), What::Escalated { asked: vec![person("dana"), person("carol")] }),
        (jitney.clone(), What::Held { targets: vec![target("wiki-host"), target("front-desk")] }),
        (bob.clone(), What::Denied { reason: "Ask for read only.".to_owned(), rules: Vec::new() }),
        (jitney.clone(), What::Denied { reason: "no longer eligible".to_owned(), rules: vec![contractor] }),
        (ann.clone(), What::Withdrawn { cause: WithdrawCause::Requester }),
        (operator(), What::Withdrawn { cause: WithdrawCause::Operator { reason: "Clean-up".to_owned() } }),
        (jitney.clone(), What::Withdrawn { cause: WithdrawCause::ParentEnded }),
        (jitney.clone(), What::Withdrawn { cause: WithdrawCause::Leaver }),
        (jitney.clone(), What::Withdrawn { cause: WithdrawCause::Superseded }),
        (ann.clone(), What::Withdrawn { cause: WithdrawCause::Asker }),
        (bob.clone(), What::Withdrawn { cause: WithdrawCause::Declined }),
        (jitney.clone(), What::Lapsed),
        (jitney.clone(), What::Scheduled { starts_at: at(60) }),
        (jitney.clone(), What::Provisioning { not_after: at(140) }),
        (
            jitney.clone(),
            What::FoundStanding { step: 0, label: label(), evidence: evidence("a line for ann") },
        ),
        (jitney.clone(), What::FoundShared { step: 0, label: label(), with: grant }),
        (jitney.clone(), granted()),
        (
            jitney.clone(),
            What::CallFailed {
                step: 0,
                label: label(),
                op: Op::Revoke,
                error: "connection refused".to_owned(),
                failures: 3,
            },
        ),
        (jitney.clone(), What::Activated { expires_at: at(125) }),
        (jitney.clone(), What::Warned { expires_at: at(125) }),
        (
            jitney.clone(),
            What::Extended { extension: RequestId::from_number(1050), from: at(125), to: at(185) },
        ),
        (jitney.clone(), What::Applied { parent, expires_at: at(185) }),
        (
            jitney.clone(),
            What::ExpiryMoved { step: 0, evidence: evidence("the line has no expiry of its own") },
        ),
        (jitney.clone(), ending(EndCause::Expiry)),
        (ann.clone(), ending(EndCause::Released)),
        (dana.clone(), ending(taken.clone())),
        (jitney.clone(), ending(failed.clone())),
        (jitney.clone(), ending(EndCause::Lockdown { stuck: grant })),
        (jitney.clone(), ending(EndCause::Leaver)),
        (jitney.clone(), ending(moved())),
        (jitney.clone(), ending(EndCause::Reappeared)),
        (jitney.clone(), gone()),
        (jitney.clone(), What::HandedOver { step: 0, label: label(), to: grant }),
        (jitney.clone(), What::Inherited { step: 0, from: grant }),
        (jitney.clone(), waited(Vec::new())),
        (jitney.clone(), waited(vec![target("wiki-host")])),
        (dana.clone(), What::WaiverGiven { reason: "Seen by hand".to_owned() }),
        (jitney.clone(), What::LockdownLifted { waived: None, by_one: false }),
        (
            operator(),
            What::LockdownLifted { waived: Some("The host is gone for good".to_owned()), by_one: true },
        ),
        (
            dana.clone(),
            What::Attested {
                step: 1,
                label: "a visitor's badge".to_owned(),
                evidence: "I have the badge in my hand.".to_owned(),
            },
        ),
        (jitney.clone(), What::Revoked { cause: EndCause::Expiry, took: Span::secs(2), remains: Vec::new() }),
        (
            jitney.clone(),
            What::Revoked {
                cause: taken,
                took: Span::mins(14),
                remains: vec!["pages that stay open in a browser".to_owned()],
            },
        ),
        (jitney.clone(), What::Revoked { cause: failed, took: Span::secs(9), remains: Vec::new() }),
        (jitney.clone(), What::Closed { evidence: vec![evidence("no line for jit-r1042 among 14")] }),
        (
            jitney.clone(),
            What::Reappeared { step: 0, label: label(), evidence: evidence("a line for jit-r1042") },
        ),
        (ann.clone(), What::CredentialRevealed),
        (jitney.clone(), What::RevealRefused),
        (jitney.clone(), What::Withdrawn { cause: WithdrawCause::Drill }),
        (
            jitney.clone(),
            What::Drilled {
                took: Some(Span::secs(41)),
                steps: vec![label(), "the group crm-admins".to_owned()],
            },
        ),
        (jitney.clone(), What::Drilled { took: None, steps: vec![] }),
        (jitney.clone(), What::ReviewOverdue { due_at: at(5000), drill: true }),
        (jitney, What::ReviewOverdue { due_at: at(5000), drill: false }),
        (dana.clone(), What::Reviewed { found: None, finding: "Needed: the site was down.".to_owned() }),
        (
            dana,
            What::Reviewed {
                found: Some(ReviewFinding::NotJustified),
                finding: "No page was sent.".to_owned(),
            },
        ),
    ];
    (1..).zip(whats).map(|(number, (by, what))| entry(number, by, what)).collect()
}

/// Why access ends of somebody who works elsewhere now.
fn moved() -> EndCause {
    EndCause::Policy {
        reason: Reason {
            code: ReasonCode::NotEligible,
            rule: "eligible of wiki/read (policies/wiki.toml:12:1)".to_owned(),
            saw: "department is <Sales> & co".to_owned(),
            wants: "department is Engineering".to_owned(),
        },
    }
}
