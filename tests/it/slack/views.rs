//! Pictures of every message in every state that matters to it.

use jitney::ids::RequestId;
use jitney::lifecycle::{
    Actor, AskedBy, DmKind, EndCause, Kind, NudgeKind, Op, PendingState, ReviewFinding, State, View, What,
    WithdrawCause,
};
use jitney::policy::{Capacity, Reason, ReasonCode};
use jitney::slack::views::{Rendered, Where, marker, render};
use jitney::time::Span;
use serde_json::Value;

use super::deciding;
use super::people::{Story, at, everybody, evidence, id, pending, revoking};

pub(super) const TICKETS: Option<&str> = Some("https://example.atlassian.net/browse/");

/// A message as a few lines of text: what is read, seen and pressed.
pub(crate) fn picture(rendered: Option<Rendered>) -> String {
    let Some(rendered) = rendered else { return "(nothing)\n".to_owned() };
    let place = match &rendered.channel {
        Where::Approvals => "approvals".to_owned(),
        Where::Security => "security".to_owned(),
        Where::Direct(person) => format!("dm to {person}"),
    };
    let thread = rendered.thread_of.map(|view| format!(", in the thread of {view:?}")).unwrap_or_default();
    let blocks: String = rendered.blocks.iter().map(block).collect();
    format!("[{place}{thread}]\naloud: {}\n{blocks}", rendered.text)
}

pub(crate) fn block(block: &Value) -> String {
    let kind = block["type"].as_str().unwrap();
    let mut out = format!("{kind} {}\n", block["block_id"].as_str().unwrap_or("-"));
    let mut texts = vec![];
    collect_texts(block, &mut texts);
    for text in texts {
        out.push_str(&format!("    {}\n", text.replace('\n', "\n    ")));
    }
    out
}

fn collect_texts(value: &Value, out: &mut Vec<String>) {
    if value["type"] == "button" {
        let style = value["style"].as_str().map(|s| format!(", {s}")).unwrap_or_default();
        let confirm =
            value["confirm"]["text"]["text"].as_str().map(|c| format!(", asks \"{c}\"")).unwrap_or_default();
        out.push(format!(
            "({}) {} {}{style}, aloud \"{}\"{confirm}",
            value["text"]["text"].as_str().unwrap(),
            value["action_id"].as_str().unwrap(),
            value["value"].as_str().unwrap_or("-"),
            value["accessibility_label"].as_str().unwrap()
        ));
        return;
    }
    match value {
        Value::Object(fields) => match fields.get("text") {
            Some(Value::String(text)) => {
                let plain = if fields["type"] == "plain_text" { "plain: " } else { "" };
                out.push(format!("{plain}{text}"));
            }
            _ => fields.values().for_each(|value| collect_texts(value, out)),
        },
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, out)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A message at one moment of a request.
pub(super) struct Scene {
    pub(super) name: &'static str,
    pub(super) view: View,
    pub(super) story: Story,
}

impl Scene {
    pub(super) fn rendered(&self) -> Option<Rendered> {
        render(&self.story.dossier, &everybody(), self.view, TICKETS)
    }
}

/// Every scene, here and of those who decide.
pub(super) fn scenes() -> Vec<Scene> {
    let parts = [
        cards(),
        deciding::known_cards(),
        approvals(),
        deciding::questions(),
        deciding::copies(),
        nudges(),
        direct(),
        security(),
        reviews(),
        vec![whole_log()],
    ];
    parts.into_iter().flatten().collect()
}

pub(super) fn of(view: View, stories: Vec<(&'static str, Story)>) -> Vec<Scene> {
    stories.into_iter().map(|(name, story)| Scene { name, view, story }).collect()
}

pub(super) fn pictures(scenes: &[Scene]) -> String {
    scenes.iter().map(|scene| format!("== {}\n{}\n", scene.name, picture(scene.rendered()))).collect()
}

pub(super) fn denied() -> State {
    State::Denied {
        by: Some(id("bob")),
        name: "Bob".to_owned(),
        reason: "Use the replica's dashboards.".to_owned(),
        at: at(7),
    }
}

fn withdrawn() -> State {
    let by = Actor::Operator { id: id("dana"), name: "Dana".to_owned() };
    let cause = WithdrawCause::Operator { reason: "Asked for in error".to_owned() };
    State::Withdrawn { cause, by, at: at(8) }
}

fn revoked(cause: EndCause) -> State {
    State::Revoked { cause, recheck_at: None }
}

fn held() -> State {
    let State::Pending(mut state) = pending(1) else { unreachable!() };
    state.held = true;
    State::Pending(state)
}

fn failed() -> EndCause {
    EndCause::ProvisioningFailed { error: "permission denied for role <billing_ro>".to_owned() }
}

/// The last vote allows less than was asked.
fn shortened(story: Story) -> Story {
    story.with(|request| request.votes.last_mut().unwrap().at_most = Some(Span::mins(30)))
}

#[test]
fn the_card_says_where_a_request_stands() {
    insta::assert_snapshot!(pictures(&cards()));
}

fn cards() -> Vec<Scene> {
    let approved =
        |state| Story::new(state).asked(0).asked(1).vote("bob", 0, 3).vote("carol", 1, 4).vote("dana", 1, 5);
    let taken = EndCause::Revoked {
        by: Actor::Person { id: id("bob"), name: "Bob".to_owned() },
        reason: "Not needed any more".to_owned(),
    };
    of(
        View::Card,
        vec![
            ("pending", Story::new(pending(0)).asked(0)),
            (
                "pending, second stage, one of two",
                Story::new(pending(1)).asked(0).asked(1).vote("bob", 0, 3).vote("carol", 1, 4),
            ),
            ("held", approved(held())),
            ("scheduled", approved(State::Scheduled { starts_at: at(600) })),
            ("granting", approved(State::Granting)),
            ("active", approved(State::Active { warned: false }).granted()),
            ("ending", approved(revoking(false)).granted()),
            ("stuck", approved(revoking(true)).granted()),
            ("expired", approved(revoked(EndCause::Expiry)).ended()),
            ("taken", approved(revoked(taken)).ended()),
            ("not granted", approved(revoked(failed())).ended()),
            ("denied", Story::new(denied()).asked(0)),
            ("withdrawn", Story::new(withdrawn()).asked(0)),
            ("lapsed", Story::new(State::Lapsed { at: at(480) }).asked(0)),
            ("active, approved for less", shortened(approved(State::Active { warned: false }).granted())),
            (
                "auto-approved",
                Story::new(State::Granting).told("jitney", 0, What::AutoApproved { under: Span::mins(15) }),
            ),
            ("break-glass", Story::new(State::Granting).with(|r| r.kind = Kind::BreakGlass)),
            ("drill", drilled()),
            (
                "extension",
                Story::new(pending(0))
                    .asked(0)
                    .with(|r| r.kind = Kind::Extension { parent: RequestId::from_number(1040) }),
            ),
            (
                "applied",
                approved(State::Applied { at: at(6) })
                    .with(|r| r.kind = Kind::Extension { parent: RequestId::from_number(1040) }),
            ),
        ],
    )
}

#[test]
fn a_stage_asks_while_it_is_pending_and_then_says_what_came_of_it() {
    insta::assert_snapshot!(pictures(&approvals()));
}

fn approvals() -> Vec<Scene> {
    let second = || Story::new(pending(1)).asked(0).asked(1).vote("bob", 0, 3);
    let mut all = of(
        View::Approval { stage: 0 },
        vec![
            ("asked", Story::new(pending(0)).asked(0)),
            ("approved", second()),
            ("denied", Story::new(denied()).asked(0)),
            ("lapsed", Story::new(State::Lapsed { at: at(480) }).asked(0)),
            (
                "nobody to ask",
                Story::new(pending(0)).asked(0).with(|r| {
                    if let State::Pending(state) = &mut r.state {
                        state.asked.clear()
                    }
                }),
            ),
        ],
    );
    all.extend(of(
        View::Approval { stage: 1 },
        vec![
            ("second stage, not asked yet", Story::new(pending(0)).asked(0)),
            ("second stage, fallback, one of two", second().vote("carol", 1, 4)),
            ("second stage, one of two for less", shortened(second().vote("carol", 1, 4))),
            (
                "second stage, held",
                Story::new(held()).asked(0).asked(1).vote("bob", 0, 3).vote("carol", 1, 4).vote("dana", 1, 5),
            ),
        ],
    ));
    all
}

#[test]
fn nudges_ask_only_while_the_stage_they_are_about_waits() {
    insta::assert_snapshot!(pictures(&nudges()));
}

fn nudges() -> Vec<Scene> {
    let reminded = |state| Story::new(state).asked(0).told("jitney", 30, What::Reminded { times: 1 });
    let escalated = |state| reminded(state).told("jitney", 60, What::Escalated { asked: vec![id("dana")] });
    let reminder = View::Nudge { kind: NudgeKind::Reminder, number: 1 };
    let mut all = of(
        reminder,
        vec![
            ("reminder", reminded(pending(0))),
            ("the stage is over, never posted", reminded(pending(1)).asked(1)),
            ("the stage is over", reminded(pending(1)).asked(1).posted(reminder)),
            ("denied", reminded(denied()).posted(reminder)),
        ],
    );
    all.extend(of(
        View::Nudge { kind: NudgeKind::Escalation, number: 1 },
        vec![("escalation", escalated(pending(0)))],
    ));
    let anew = |state| {
        let gone = Story::new(state).asked(0).told("jitney", 40, asked_anew(&[], true));
        gone.told("jitney", 50, asked_anew(&["bob", "erin"], false))
    };
    let nudge = View::Nudge { kind: NudgeKind::Anew, number: 1 };
    all.extend(of(
        nudge,
        vec![("others may decide now", anew(pending(0))), ("and one did", anew(denied()).posted(nudge))],
    ));
    all
}

#[test]
fn the_requester_hears_what_they_can_do_now() {
    insta::assert_snapshot!(pictures(&direct()));
}

fn direct() -> Vec<Scene> {
    let active = || Story::new(State::Active { warned: false }).granted();
    let dm = |kind| View::Dm { kind, number: 1 };
    let rules = vec![Reason {
        code: ReasonCode::Never,
        rule: "never[0] of billing/read (policies/billing.toml:19:1)".to_owned(),
        saw: "employment is contractor".to_owned(),
        wants: "another employment".to_owned(),
    }];
    let by_rule = State::Denied {
        by: None,
        name: "Jitney".to_owned(),
        reason: "no longer eligible".to_owned(),
        at: at(7),
    };
    let mut all = of(
        dm(DmKind::Active),
        vec![
            ("active, credential waits", active()),
            ("active, for less than was asked", shortened(active().vote("bob", 0, 3))),
            (
                "active, credential revealed",
                active().with(|r| r.credential.as_mut().unwrap().revealed_at = Some(at(12))),
            ),
            ("active, credential erased", active().with(|r| r.credential.as_mut().unwrap().erased = true)),
            (
                "active, no credential",
                active().with(|r| {
                    r.credential = None;
                    r.terms.steps[0].issues_credential = false;
                }),
            ),
            ("active, by break-glass", active().with(|r| r.kind = Kind::BreakGlass)),
            ("ending", Story::new(revoking(false)).granted().posted(dm(DmKind::Active))),
            ("over before it was said", Story::new(revoked(EndCause::Released)).ended()),
        ],
    );
    all.extend(of(
        dm(DmKind::Warning),
        vec![
            ("warning", active()),
            ("warning, ended", Story::new(revoked(EndCause::Expiry)).ended().posted(dm(DmKind::Warning))),
        ],
    ));
    all.extend(of(
        dm(DmKind::Waiting),
        vec![
            ("scheduled", Story::new(State::Scheduled { starts_at: at(600) })),
            ("held", Story::new(held())),
            ("nobody may decide", nobody_left()),
            ("started", active().posted(dm(DmKind::Waiting))),
            ("started before it was said", active()),
        ],
    ));
    let for_ann = |story: Story| {
        story.with(|r| {
            let asked_by = AskedBy { id: id("bob"), name: "Bob".to_owned(), confirmed_at: None };
            r.asked_by = Some(asked_by);
        })
    };
    let confirmed =
        |story: Story| for_ann(story).with(|r| r.asked_by.as_mut().unwrap().confirmed_at = Some(at(9)));
    let unconfirmed = || {
        let State::Pending(waits) = pending(0) else { panic!("it is pending") };
        for_ann(Story::new(State::Pending(PendingState { unconfirmed: true, asked: vec![], ..waits })))
    };
    all.extend(of(
        dm(DmKind::Confirm),
        vec![
            ("asked for you", unconfirmed()),
            ("asked for you, and confirmed", confirmed(Story::new(pending(0))).posted(dm(DmKind::Confirm))),
        ],
    ));
    all.extend(of(
        dm(DmKind::Asker),
        vec![
            ("asked for Ann", unconfirmed()),
            ("asked for Ann, who confirmed", confirmed(Story::new(pending(0)))),
            (
                "asked for Ann, who declined",
                for_ann(Story::new(State::Withdrawn {
                    cause: WithdrawCause::Declined,
                    by: Actor::Person { id: id("ann"), name: "Ann".to_owned() },
                    at: at(9),
                })),
            ),
        ],
    ));
    all.extend(of(
        View::Card,
        vec![("asked for by somebody else", confirmed(Story::new(pending(0)).asked(0)))],
    ));
    all.extend(of(
        dm(DmKind::Decided),
        vec![
            ("denied", Story::new(denied())),
            (
                "denied by a rule",
                Story::new(by_rule).told(
                    "jitney",
                    7,
                    What::Denied { reason: "no longer eligible".to_owned(), rules },
                ),
            ),
            ("withdrawn", Story::new(withdrawn())),
            ("lapsed", Story::new(State::Lapsed { at: at(480) })),
        ],
    ));
    let extended = |state| {
        Story::new(state).granted().told(
            "jitney",
            20,
            What::Extended { extension: RequestId::from_number(1043), from: at(130), to: at(190) },
        )
    };
    all.extend(of(
        dm(DmKind::Extended),
        vec![
            ("extended, told on the grant", extended(State::Active { warned: false })),
            (
                "extended, told on the extension",
                Story::new(State::Applied { at: at(20) }).told(
                    "bob",
                    20,
                    What::Applied { parent: RequestId::from_number(1040), expires_at: at(190) },
                ),
            ),
        ],
    ));
    all.extend(of(
        dm(DmKind::Ended),
        vec![
            ("expired", Story::new(revoked(EndCause::Expiry)).ended()),
            (
                "expired, something remains",
                Story::new(revoked(EndCause::Expiry)).ended().with(|r| {
                    r.terms.steps[0].cannot_end = vec!["downloads that were begun".to_owned()];
                }),
            ),
            ("not granted", Story::new(revoked(failed())).ended()),
            ("found again", Story::new(revoking(false)).granted()),
            ("the person left", Story::new(revoked(EndCause::Leaver)).ended()),
            ("the person moved", Story::new(revoked(moved())).ended()),
            (
                "locked down",
                Story::new(revoked(EndCause::Lockdown { stuck: RequestId::from_number(1001) })).ended(),
            ),
        ],
    ));
    all
}

#[test]
fn security_hears_of_break_glass_and_of_what_is_stuck() {
    insta::assert_snapshot!(pictures(&security()));
}

/// A break-glass whose review is owed.
pub(super) fn glass(state: State) -> Story {
    Story::new(state).granted().with(|r| {
        r.kind = Kind::BreakGlass;
        r.review_due_at = Some(at(1440));
    })
}

/// The exercise of it.
pub(super) fn drilled() -> Story {
    let state = State::Withdrawn { cause: WithdrawCause::Drill, by: Actor::Jitney, at: at(1) };
    let steps = vec!["a login in billing-pg".to_owned()];
    let story = glass(state).with(|r| {
        r.kind = Kind::Drill { began_at: Some(at(0)) };
        r.steps.clear();
        r.credential = None;
        r.times = None;
    });
    story.told("jitney", 1, What::Drilled { took: Some(Span::millis(41_200)), steps })
}

/// The same, reviewed.
fn reviewed(found: ReviewFinding) -> Story {
    let reviewed = What::Reviewed { found: Some(found), finding: "The pager log agrees.".to_owned() };
    let story = glass(revoked(EndCause::Expiry)).ended().with(|r| r.review_due_at = None);
    story.told("dana", 900, reviewed)
}

#[test]
fn reviewers_are_asked_and_what_they_found_is_told() {
    insta::assert_snapshot!(pictures(&reviews()));
}

fn reviews() -> Vec<Scene> {
    let over = || glass(revoked(EndCause::Expiry)).ended();
    let asks = [
        ("at once", 1),
        ("half of the time", 2),
        ("overdue", 3),
        ("overdue, a day", 4),
        ("overdue, two days", 5),
    ];
    let mut all = Vec::new();
    for (name, number) in asks {
        all.extend(of(View::Review { number }, vec![(name, over())]));
    }
    all.extend(of(View::Review { number: 1 }, vec![("of a drill", drilled())]));
    all.extend(of(View::Review { number: 3 }, vec![("of a drill, overdue", drilled())]));
    let done = reviewed(ReviewFinding::Justified).posted(View::Review { number: 2 });
    all.extend(of(View::Review { number: 2 }, vec![("done", done)]));
    let copy = View::ReviewCopy { number: 3, owner: 1 };
    all.extend(of(
        copy,
        vec![("to an owner", over()), ("to an owner, done", reviewed(ReviewFinding::FollowUp).posted(copy))],
    ));
    let found = ReviewFinding::ALL.map(reviewed);
    let [justified, not_justified, follow_up] = found;
    all.extend(of(
        View::Finding,
        vec![
            ("justified", reviewed(ReviewFinding::Justified)),
            ("not justified", reviewed(ReviewFinding::NotJustified)),
        ],
    ));
    let dm = View::Dm { kind: DmKind::Reviewed, number: 1 };
    all.extend(of(
        dm,
        vec![("justified", justified), ("not justified", not_justified), ("follow-up", follow_up)],
    ));
    all
}

fn security() -> Vec<Scene> {
    let stuck = |state| {
        Story::new(state).granted().told(
            "jitney",
            131,
            What::Stuck { late: Span::secs(75), locked: vec!["billing-pg".parse().unwrap()] },
        )
    };
    of(
        View::Security,
        vec![
            ("nothing to say", Story::new(State::Active { warned: false }).granted()),
            ("break-glass", glass(State::Active { warned: false })),
            (
                "break-glass, over and overdue",
                glass(revoked(EndCause::Expiry)).ended().told(
                    "jitney",
                    1440,
                    What::ReviewOverdue { due_at: at(1440), drill: false },
                ),
            ),
            ("break-glass, over and reviewed", reviewed(ReviewFinding::Justified)),
            ("drill", drilled()),
            (
                "stuck",
                stuck(revoking(true)).with(|r| {
                    r.steps[0].last_error = Some("connection refused".to_owned());
                    r.steps[0].retry_at = Some(at(133));
                }),
            ),
            ("stuck no more", stuck(revoked(EndCause::Expiry)).ended()),
            ("nobody may decide", nobody_left()),
            ("somebody did", Story::new(denied()).told("jitney", 40, asked_anew(&[], true))),
        ],
    )
}

#[test]
fn the_log_tells_every_kind_of_entry_and_counts_what_it_leaves_out() {
    let mut out = pictures(&[whole_log()]);
    let mut long = Story::new(State::Active { warned: false });
    for failures in 0..400 {
        let error = format!("answered 503, {}", "long ".repeat(50));
        long = long.told(
            "jitney",
            40,
            What::CallFailed {
                step: 0,
                label: "a login in billing-pg".to_owned(),
                op: Op::Revoke,
                error,
                failures,
            },
        );
    }
    let cut = picture(render(&long.dossier, &everybody(), View::Log, None));
    assert!(cut.contains("(399 in a row)") && !cut.contains("(100 in a row)"));
    out.push_str(cut.lines().find(|line| line.contains("earlier")).unwrap());
    insta::assert_snapshot!(out);
}

fn nobody_left() -> Story {
    Story::new(pending(0)).told("jitney", 40, asked_anew(&[], true)).with(|request| {
        if let State::Pending(state) = &mut request.state {
            state.asked.clear();
        }
    })
}

fn asked_anew(asked: &[&str], from_fallback: bool) -> What {
    let asked: Vec<_> = asked.iter().map(|name| id(name)).collect();
    What::AskedAnew { stage: 0, added: asked.iter().skip(1).cloned().collect(), asked, from_fallback }
}

/// With every kind of entry.
fn whole_log() -> Scene {
    let label = || "a login in billing-pg".to_owned();
    let other = RequestId::from_number(1001);
    let mut story = Story::new(State::Active { warned: false }).asked(0).asked(1);
    for (by, what) in [
        ("ann", What::ConfirmationWanted { from: id("bob"), name: "Bob".to_owned() }),
        ("bob", What::Confirmed),
        ("jitney", What::AutoApproved { under: Span::mins(15) }),
        (
            "bob",
            What::Approved {
                stage: 0,
                have: 1,
                need: 2,
                took: Span::secs(250),
                at_most: None,
                capacity: None,
            },
        ),
        (
            "bob",
            What::Approved {
                stage: 0,
                have: 2,
                need: 2,
                took: Span::secs(250),
                at_most: Some(Span::mins(30)),
                capacity: None,
            },
        ),
        (
            "bob",
            What::Approved {
                stage: 0,
                have: 1,
                need: 1,
                took: Span::secs(250),
                at_most: Some(Span::mins(30)),
                capacity: Some(Capacity::InPlaceOf { id: id("dana"), name: "Dana <x>".to_owned() }),
            },
        ),
        (
            "bob",
            What::Approved {
                stage: 0,
                have: 1,
                need: 1,
                took: Span::secs(250),
                at_most: None,
                capacity: Some(Capacity::OnCall { schedule: "payments".parse().unwrap() }),
            },
        ),
        ("jitney", asked_anew(&["bob", "erin"], true)),
        ("jitney", asked_anew(&[], true)),
        ("bob", What::Questioned { question: 1, text: "Which <tables>?".to_owned() }),
        ("ann", What::Answered { question: 1, asked_by: id("bob"), text: "The ledger".to_owned() }),
        ("jitney", What::VoteDropped { voter: id("bob") }),
        ("jitney", What::Reminded { times: 2 }),
        ("jitney", What::Escalated { asked: vec![id("dana"), id("carol")] }),
        ("jitney", What::Held { targets: vec!["billing-pg".parse().unwrap()] }),
        ("bob", What::Denied { reason: "No <need>".to_owned(), rules: vec![] }),
        ("ann", What::Withdrawn { cause: WithdrawCause::Requester }),
        ("jitney", What::Withdrawn { cause: WithdrawCause::ParentEnded }),
        ("jitney", What::Withdrawn { cause: WithdrawCause::Leaver }),
        ("jitney", What::Withdrawn { cause: WithdrawCause::Superseded }),
        ("ann", What::Withdrawn { cause: WithdrawCause::Asker }),
        ("bob", What::Withdrawn { cause: WithdrawCause::Declined }),
        ("jitney", What::Lapsed),
        ("jitney", What::Scheduled { starts_at: at(600) }),
        ("jitney", What::Provisioning { not_after: at(145) }),
        ("jitney", What::FoundStanding { step: 0, label: label(), evidence: evidence("a line for ann") }),
        ("jitney", What::FoundShared { step: 0, label: label(), with: other }),
        ("jitney", What::Granted { step: 0, label: label(), evidence: evidence("a line for jit-r1042") }),
        (
            "jitney",
            What::CallFailed {
                step: 0,
                label: label(),
                op: Op::Revoke,
                error: "503 & more".to_owned(),
                failures: 3,
            },
        ),
        ("jitney", What::Activated { expires_at: at(130) }),
        ("jitney", What::Warned { expires_at: at(130) }),
        ("jitney", What::Extended { extension: other, from: at(130), to: at(190) }),
        ("jitney", What::Applied { parent: other, expires_at: at(190) }),
        ("jitney", What::ExpiryMoved { step: 0, evidence: evidence("valid until 13:10") }),
        ("ann", What::Ending { cause: EndCause::Released }),
        ("jitney", What::Ending { cause: EndCause::Reappeared }),
        (
            "jitney",
            What::Gone {
                step: 0,
                label: label(),
                deed: None,
                with_sessions: true,
                evidence: evidence("no line for jit-r1042 among 14"),
            },
        ),
        ("jitney", What::HandedOver { step: 0, label: label(), to: other }),
        ("jitney", What::Inherited { step: 0, from: other }),
        ("jitney", What::Stuck { late: Span::secs(75), locked: vec!["billing-pg".parse().unwrap()] }),
        ("dana", What::WaiverGiven { reason: "seen by hand".to_owned() }),
        ("jitney", What::LockdownLifted { waived: None, by_one: false }),
        ("dana", What::LockdownLifted { waived: Some("checked by hand".to_owned()), by_one: true }),
        ("dana", What::Attested { step: 0, label: label(), evidence: "I looked at the console".to_owned() }),
        (
            "jitney",
            What::Revoked {
                cause: EndCause::Expiry,
                took: Span::secs(4),
                remains: vec!["open downloads".to_owned()],
            },
        ),
        ("jitney", What::Closed { evidence: vec![evidence("no line")] }),
        ("jitney", What::Reappeared { step: 0, label: label(), evidence: evidence("a line for jit-r1042") }),
        ("ann", What::CredentialRevealed),
        ("jitney", What::RevealRefused),
        ("jitney", What::Withdrawn { cause: WithdrawCause::Drill }),
        (
            "jitney",
            What::Drilled {
                took: Some(Span::millis(41_200)),
                steps: vec!["a login in billing-pg".to_owned()],
            },
        ),
        ("jitney", What::ReviewOverdue { due_at: at(1440), drill: false }),
        ("jitney", What::ReviewOverdue { due_at: at(1440), drill: true }),
        ("dana", What::Reviewed { found: None, finding: "It was needed".to_owned() }),
        (
            "dana",
            What::Reviewed { found: Some(ReviewFinding::FollowUp), finding: "Rotate the key".to_owned() },
        ),
    ] {
        story = story.told(by, 40, what);
    }
    Scene { name: "every kind", view: View::Log, story }
}

#[test]
fn every_message_has_its_own_mark() {
    let mut views =
        vec![View::Card, View::Log, View::Security, View::Approval { stage: 0 }, View::Approval { stage: 1 }];
    views.push(View::Finding);
    for number in [1, 2] {
        views.extend([View::Review { number }, View::ReviewCopy { number, owner: 1 }]);
        views.extend([View::Copy { number }, View::Question { number }, View::Answer { number }]);
        for kind in [NudgeKind::Reminder, NudgeKind::Escalation, NudgeKind::Anew] {
            views.push(View::Nudge { kind, number });
        }
        for kind in [
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
        ] {
            views.push(View::Dm { kind, number });
        }
    }
    let marks: std::collections::BTreeSet<String> =
        views.iter().map(|view| marker(RequestId::from_number(1042), *view)).collect();
    assert_eq!(marks.len(), views.len());
    assert!(marks.contains("R1042:card"));
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
