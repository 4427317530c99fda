//! The store's contract: what is kept, what is refused, and in which order work comes out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use jitney::audit::{Head, Verifier};
use jitney::engine::{CallTerms, Filter, Owed, SlackMessage};
use jitney::ids::{DedupeKey, EffectId, EntryId, IssueKey, PersonId, RequestId, TargetId};
use jitney::lifecycle::{
    Actor, Answer, Claim, Credential, DmKind, Effect, EndCause, Entry, Kind, Op, PastGrant, PendingState,
    Presence, Request, Requester, State, StateWord, Step, StepTerms, Terms, Times, Urgency, View, What,
    WithdrawCause,
};
use jitney::policy::{Ask, Digest, Employment, Layer, Risk, Tier};
use jitney::store::{Choice, Reader, Store, StoreError, Tx};
use jitney::time::{Span, Timestamp};
use serde_json::json;

const ID: &str = "7f3a9c";

fn t(secs: u64) -> Timestamp {
    Timestamp::from_millis(1_795_342_530_000) + Span::secs(secs)
}

fn id(number: u64) -> RequestId {
    RequestId::from_number(number)
}

fn person(name: &str) -> PersonId {
    PersonId::new(&format!("{name}@example.com")).unwrap()
}

fn target(name: &str) -> TargetId {
    TargetId::new(name).unwrap()
}

fn targets<const N: usize>(names: [&str; N]) -> BTreeSet<TargetId> {
    names.into_iter().map(target).collect()
}

/// A pending request whose one step is the group `readers` of `idp`, shared with other grants.
fn request(number: u64, who: &str, role: &str) -> Request {
    Request {
        id: id(number),
        kind: Kind::New,
        requester: Requester {
            id: person(who),
            name: who.to_owned(),
            employment: Employment::Contractor,
            department: "Finance".to_owned(),
            manager: None,
        },
        terms: Terms {
            app_name: "Billing".to_owned(),
            role_name: "Read".to_owned(),
            gives: "reading".to_owned(),
            risk: Risk::Low,
            layer: Layer::Application,
            owners: vec![person("dana")],
            max_duration: Span::hours(8),
            max_total: Span::hours(24),
            revoke_target: Span::secs(60),
            tier: Tier {
                id: "manager".parse().unwrap(),
                name: "Manager".to_owned(),
                auto_under: None,
                stages: Vec::new(),
                lapse_after: Span::days(1),
                provision_within: Span::mins(5),
                warn_before: Some(Span::mins(10)),
                break_glass: None,
                place: String::new(),
            },
            steps: vec![step("idp", "group/readers", true)],
            lockdown_family: Vec::new(),
        },
        ask: Ask {
            role: role.parse().unwrap(),
            duration: Span::hours(1),
            starts_at: None,
            justification: "closing the books".to_owned(),
            ticket: None,
            fields: BTreeMap::new(),
        },
        submitted_at: t(0),
        policy: Digest::from_hex("ab12".to_owned()),
        votes: Vec::new(),
        asked_by: None,
        questions: Vec::new(),
        copies: Vec::new(),
        state: pending(),
        steps: vec![Step::default()],
        times: None,
        credential: None,
        review_due_at: None,
        views: Default::default(),
        next_effect: 1,
        next_entry: 1,
    }
}

fn step(on: &str, key: &str, shared: bool) -> StepTerms {
    StepTerms {
        gives_group: None,
        target: target(on),
        params: json!({}),
        key: key.parse().unwrap(),
        shared,
        label: "a right".to_owned(),
        issues_credential: false,
        login: None,
        used_at: None,
        readable: true,
        cannot_end: Vec::new(),
    }
}

fn pending() -> State {
    State::Pending(PendingState {
        stage: 0,
        stage_since: t(0),
        asked: vec![person("bob")],
        remind_at: None,
        reminders: 0,
        escalate_at: None,
        escalated: false,
        lapses_at: t(86_400),
        held: false,
        asked_anew: 0,
        unconfirmed: false,
    })
}

fn held() -> State {
    let State::Pending(mut pending) = pending() else { unreachable!() };
    pending.held = true;
    State::Pending(pending)
}

fn revoking() -> State {
    State::Revoking {
        cause: EndCause::Expiry,
        stuck_at: t(60),
        stuck_since: None,
        locked: false,
        waivers: Vec::new(),
    }
}

fn revoked(recheck_at: Option<Timestamp>) -> State {
    State::Revoked { cause: EndCause::Expiry, recheck_at }
}

fn withdrawn() -> State {
    State::Withdrawn { cause: WithdrawCause::Requester, by: Actor::Jitney, at: t(1) }
}

const ACTIVE: State = State::Active { warned: false };

/// The request as a grant in this state, its steps in these presences.
fn grant(mut request: Request, state: State, presences: &[Presence], expires: u64) -> Request {
    request.state = state;
    request.steps =
        presences.iter().map(|presence| Step { presence: *presence, ..Step::default() }).collect();
    request.times = Some(Times {
        provisioning_at: t(0),
        provision_by: t(300),
        not_after: t(3900),
        active_at: None,
        extended_at: None,
        expires_at: t(expires),
        ended_at: None,
        verified_at: None,
    });
    request
}

fn memory() -> Store {
    Store::in_memory(ID).unwrap()
}

/// A fresh directory for a test's files, and a database's path in it.
fn place(test: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("store").join(test);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir.join("jitney.db")
}

fn raw(path: &PathBuf) -> rusqlite::Connection {
    rusqlite::Connection::open(path).unwrap()
}

fn put(tx: &mut Tx<'_>, requests: &[Request]) {
    for request in requests {
        tx.insert_request(request, None).unwrap();
    }
}

fn twin(result: Result<(), StoreError>) -> Option<RequestId> {
    match result {
        Ok(()) => None,
        Err(StoreError::Twin { open }) => Some(open),
        Err(other) => panic!("{other}"),
    }
}

// Requests

#[test]
fn requests_come_back_as_they_went_in_with_a_revision_that_counts() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    assert_eq!(tx.next_request_id().unwrap(), RequestId::FIRST);
    assert_eq!(tx.next_request_id().unwrap(), RequestId::FIRST.next());
    let mut asked = request(1001, "ann", "billing/read");
    tx.insert_request(&asked, None).unwrap();
    assert_eq!(tx.request(id(1001)).unwrap(), Some((asked.clone(), 1)));
    asked.state = State::Lapsed { at: t(9) };
    assert_eq!(tx.update_request(&asked, None).unwrap(), 2);
    assert_eq!(tx.request(id(1001)).unwrap(), Some((asked, 2)));
    assert!(tx.request(id(1)).unwrap().is_none());
    let missing = tx.update_request(&request(7, "ann", "billing/read"), None).unwrap_err();
    assert_eq!(missing.to_string(), "request R7 is not in the database");
}

#[test]
fn the_database_itself_refuses_twins() {
    let break_glass =
        |number, who| Request { kind: Kind::BreakGlass, ..request(number, who, "billing/read") };
    let extension = |number, parent| Request {
        kind: Kind::Extension { parent: id(parent) },
        ..request(number, "ann", "billing/read")
    };
    let active = |number| grant(request(number, "ann", "billing/read"), ACTIVE, &[Presence::Present], 3600);
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    // Two in one transaction, which no look before the insert would have caught for a neighbour.
    assert_eq!(twin(tx.insert_request(&active(1), None)), None);
    for (second, open) in [
        (request(2, "ann", "billing/read"), Some(1)),
        (break_glass(2, "ann"), Some(1)),
        (request(2, "ann", "billing/write"), None),
        (request(3, "bob", "billing/read"), None),
        (break_glass(4, "bob"), Some(3)),
        (extension(5, 1), None),
        (extension(6, 1), Some(5)),
        (extension(6, 3), None),
    ] {
        let result = tx.insert_request(&second, None);
        assert_eq!(twin(result), open.map(id), "{} {:?}", second.id, second.kind);
    }
    tx.commit().unwrap();
    let mut tx = store.begin().unwrap();
    assert_eq!(twin(tx.insert_request(&request(9, "ann", "billing/read"), None)), Some(id(1)));
    let error = tx.insert_request(&request(9, "ann", "billing/read"), None).unwrap_err();
    assert_eq!(error.to_string(), "R1 is still open: the same person has the same role there");
}

#[test]
fn a_request_that_is_over_makes_room_for_the_next() {
    for (state, open) in [
        (pending(), true),
        (State::Scheduled { starts_at: t(9) }, true),
        (State::Granting, true),
        (ACTIVE, true),
        (revoking(), true),
        (revoked(Some(t(9))), false),
        (withdrawn(), false),
        (State::Lapsed { at: t(9) }, false),
        (State::Applied { at: t(9) }, false),
    ] {
        let mut store = memory();
        let mut tx = store.begin().unwrap();
        let mut first = request(1, "ann", "billing/read");
        tx.insert_request(&first, None).unwrap();
        first.state = state;
        tx.update_request(&first, None).unwrap();
        let refused = twin(tx.insert_request(&request(2, "ann", "billing/read"), None));
        assert_eq!(refused, open.then_some(id(1)), "{:?}", first.state);
    }
}

#[test]
fn a_grant_that_reappears_is_revoked_even_when_its_place_is_taken() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    let mut first = grant(request(1, "ann", "billing/read"), revoked(Some(t(9))), &[Presence::Absent], 60);
    tx.insert_request(&first, None).unwrap();
    tx.insert_request(&request(2, "ann", "billing/read"), None).unwrap();
    first.state = revoking();
    tx.update_request(&first, Some(t(9))).unwrap();
    assert_eq!(tx.upcoming(t(9), 9).unwrap().0, [(t(9), Urgency::Revocation, id(1))]);
}

#[test]
fn a_failed_savepoint_leaves_its_neighbours() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    tx.savepoint(|tx| tx.insert_request(&request(1, "ann", "billing/read"), None)).unwrap();
    let failed = tx.savepoint(|tx| {
        assert_eq!(tx.next_request_id()?, RequestId::FIRST);
        tx.insert_request(&request(2, "bob", "billing/read"), None)?;
        tx.savepoint(|tx| tx.append(t(0), "submitted", None, json!({})))?;
        tx.insert_request(&request(3, "ann", "billing/read"), None)
    });
    assert_eq!(twin(failed), Some(id(1)));
    tx.savepoint(|tx| {
        let inner = tx.savepoint(|tx| tx.insert_request(&request(4, "ann", "billing/read"), None));
        assert_eq!(twin(inner), Some(id(1)));
        tx.insert_request(&request(5, "carol", "billing/read"), None)
    })
    .unwrap();
    tx.commit().unwrap();
    let mut tx = store.begin().unwrap();
    let kept: Vec<_> = (1..=5).filter(|n| tx.request(id(*n)).unwrap().is_some()).collect();
    assert_eq!(kept, [1, 5]);
    assert_eq!(tx.head().unwrap(), Head::genesis(ID), "the record went with the savepoint around it");
    assert_eq!(tx.next_request_id().unwrap(), RequestId::FIRST, "so did the id that was taken");
}

#[test]
fn a_transaction_that_is_dropped_leaves_nothing() {
    let mut store = memory();
    put(&mut store.begin().unwrap(), &[request(1, "ann", "billing/read")]);
    assert!(store.begin().unwrap().request(id(1)).unwrap().is_none());
}

// Timers

#[test]
fn due_rows_come_the_oldest_first_and_say_how_urgent_they_are() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    for (number, state, due) in [
        (1, pending(), Some(5)),
        (2, revoking(), Some(30)),
        (3, ACTIVE, Some(20)),
        (4, revoking(), Some(10)),
        (5, pending(), None),
        (6, State::Granting, Some(15)),
        (7, revoking(), Some(99)),
        (8, revoked(Some(t(1))), Some(1)),
    ] {
        let request = Request { state, ..request(number, &format!("p{number}"), "billing/read") };
        tx.insert_request(&request, due.map(t)).unwrap();
    }
    let ids = |rows: Vec<(Timestamp, Urgency, RequestId)>| {
        rows.iter().map(|(_, _, id)| id.number()).collect::<Vec<_>>()
    };
    let (rows, complete) = tx.upcoming(t(30), 9).unwrap();
    let urgencies: Vec<_> = rows.iter().map(|(_, urgency, _)| *urgency).collect();
    let (revocation, access, quiet) = (Urgency::Revocation, Urgency::Access, Urgency::Quiet);
    assert_eq!(urgencies, [quiet, quiet, revocation, access, access, revocation]);
    assert_eq!((ids(rows), complete), (vec![8, 1, 4, 6, 3, 2], t(99) - Span::millis(1)));
    let (rows, complete) = tx.upcoming(t(30), 2).unwrap();
    assert_eq!((ids(rows), complete), (vec![8, 1], t(5) - Span::millis(1)), "R1 may have neighbours");
    assert_eq!(tx.upcoming(t(99), 9).unwrap().1, Timestamp::from_millis(i64::MAX));

    assert_eq!(tx.next_due_after(t(0)).unwrap(), Some(t(1)));
    assert_eq!(tx.next_due_after(t(30)).unwrap(), Some(t(99)));
    assert_eq!(tx.next_due_after(t(99)).unwrap(), None);
    let over = Request { state: withdrawn(), ..request(1, "p1", "billing/read") };
    tx.update_request(&over, None).unwrap();
    assert_eq!(ids(tx.upcoming(t(30), 9).unwrap().0), [8, 4, 6, 3, 2]);
}

// What one person has

#[test]
fn everybody_who_ever_asked_is_found_a_part_at_a_time() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    for (number, who) in [(1, "carol"), (2, "ann"), (3, "bob"), (4, "ann"), (5, "dora")] {
        tx.insert_request(&request(number, who, &format!("billing/r{number}")), None).unwrap();
    }
    let first = tx.requesters_after(None, 3).unwrap();
    assert_eq!(first, ["ann", "bob", "carol"].map(person));
    assert_eq!(tx.requesters_after(first.last(), 3).unwrap(), [person("dora")]);
    assert_eq!(tx.requesters_after(Some(&person("dora")), 3).unwrap(), []);
}

#[test]
fn a_persons_requests_are_found_by_their_state() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    let states = [
        pending(),
        held(),
        State::Scheduled { starts_at: t(9) },
        State::Granting,
        ACTIVE,
        revoking(),
        revoked(Some(t(9))),
        withdrawn(),
    ];
    for (n, state) in (1..).zip(states) {
        let asked = Request { state, ..request(n, "ann", &format!("app{n}/read")) };
        tx.insert_request(&asked, None).unwrap();
    }
    put(&mut tx, &[request(100, "bob", "billing/read")]);
    let (ann, carol) = (person("ann"), person("carol"));
    assert_eq!(tx.open_count(&ann).unwrap(), 3);
    assert_eq!(tx.held(&ann).unwrap(), [id(2)]);
    assert_eq!(tx.open_requests(&ann).unwrap(), [1, 2, 3, 4, 5, 6].map(id));
    let roles: Vec<_> = tx.live_roles(&ann).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(roles, ["app3/read", "app4/read", "app5/read", "app6/read"]);
    let roles: Vec<_> = tx.open_roles(&ann).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(roles, ["app1/read", "app2/read", "app3/read", "app4/read", "app5/read", "app6/read"]);
    assert_eq!((tx.open_count(&carol).unwrap(), tx.held(&carol).unwrap()), (0, Vec::new()));

    let mut extension =
        Request { kind: Kind::Extension { parent: id(5) }, ..request(200, "ann", "app5/read") };
    tx.insert_request(&extension, None).unwrap();
    assert_eq!(tx.open_extensions(id(5)).unwrap(), [id(200)]);
    extension.state = State::Applied { at: t(1) };
    tx.update_request(&extension, None).unwrap();
    assert_eq!(tx.open_extensions(id(5)).unwrap(), []);
}

#[test]
fn an_owed_review_is_found_until_it_is_done() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    let mut urgent = Request {
        kind: Kind::BreakGlass,
        review_due_at: Some(t(60)),
        views: Default::default(),
        ..grant(request(1, "ann", "billing/read"), revoked(None), &[Presence::Absent], 60)
    };
    tx.insert_request(&urgent, None).unwrap();
    assert_eq!(tx.reviews_owed(&person("ann")).unwrap(), [(t(60), id(1))]);
    assert_eq!(tx.reviews_owed(&person("bob")).unwrap(), []);
    urgent.review_due_at = None;
    tx.update_request(&urgent, None).unwrap();
    assert_eq!(tx.reviews_owed(&person("ann")).unwrap(), []);
}

#[test]
fn lists_are_newest_first_and_filtered() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    for n in 1..=6 {
        let who = if n % 2 == 0 { "ann" } else { "bob" };
        let state = if n < 4 { withdrawn() } else { pending() };
        let asked = Request { state, ..request(n, who, &format!("app{n}/read")) };
        tx.insert_request(&asked, None).unwrap();
    }
    let (withdrawn, pending) = (StateWord::Withdrawn, StateWord::Pending);
    for (who, states, limit, wanted) in [
        (None, vec![], 9, vec![6, 5, 4, 3, 2, 1]),
        (None, vec![], 2, vec![6, 5]),
        (Some("ann"), vec![], 9, vec![6, 4, 2]),
        (None, vec![withdrawn], 9, vec![3, 2, 1]),
        (None, vec![withdrawn, pending], 4, vec![6, 5, 4, 3]),
        (Some("bob"), vec![withdrawn, pending], 2, vec![5, 3]),
        (Some("carol"), vec![], 9, vec![]),
    ] {
        let filter = Filter { requester: who.map(person), states: states.iter().copied().collect(), limit };
        let listed: Vec<_> = tx.list(&filter).unwrap().iter().map(|r| r.id.number()).collect();
        assert_eq!(listed, wanted, "{filter:?}");
    }
}

// Holds

fn claim(request: u64, live: bool, ours: bool, ends: u64) -> Claim {
    Claim {
        step: 0,
        request: id(request),
        their_step: 0,
        live,
        ours,
        closing: false,
        ends_at: t(ends),
        quiet_until: None,
    }
}

#[test]
fn claims_tell_what_other_grants_hold() {
    use Presence::{Absent, Attested, HandedOver, Present, Standing, Unknown, Untouched};
    for (state, presence, wanted) in [
        (State::Granting, Untouched, Some((true, false, 3900))),
        (State::Granting, Unknown, Some((true, true, 3900))),
        (ACTIVE, Present, Some((true, true, 7200))),
        (ACTIVE, Standing, Some((true, false, 7200))),
        (revoking(), Present, Some((false, true, 7200))),
        (revoking(), Unknown, Some((false, true, 7200))),
        (revoking(), Untouched, None),
        (revoking(), Absent, Some((false, false, 7200))),
        (revoking(), HandedOver, None),
        (revoking(), Attested, None),
        (revoked(Some(t(9))), Absent, Some((false, false, 7200))),
        (revoked(Some(t(9))), Present, Some((false, true, 7200))),
        (revoked(None), Absent, None),
    ] {
        let mut store = memory();
        let mut tx = store.begin().unwrap();
        let expires = if state == State::Granting { 3900 } else { 7200 };
        // The same group through another role of another app.
        let theirs = grant(request(1, "ann", "payroll/read"), state.clone(), &[presence], expires);
        let ours = request(2, "ann", "billing/read");
        put(&mut tx, &[theirs, ours.clone()]);
        // Seen gone and not looked at again yet: what is there may be its own, landed late.
        let closing = presence == Absent;
        let wanted: Vec<_> = wanted
            .map(|(live, ours, ends)| Claim { closing, ..claim(1, live, ours, ends) })
            .into_iter()
            .collect();
        assert_eq!(tx.claims(&ours).unwrap(), wanted, "{state:?} {presence:?}");
    }
}

#[test]
fn only_the_same_shared_entitlement_of_the_same_person_is_a_claim() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    let other = |number, who: &str, terms: StepTerms| {
        let mut request =
            grant(request(number, who, &format!("a{number}/b")), ACTIVE, &[Presence::Present], 7200);
        request.terms.steps = vec![terms];
        request
    };
    put(
        &mut tx,
        &[
            other(1, "ann", step("idp", "group/readers", true)),
            other(2, "bob", step("idp", "group/readers", true)),
            other(3, "ann", step("idp2", "group/readers", true)),
            other(4, "ann", step("idp", "group/writers", true)),
            other(5, "ann", step("idp", "group/readers", false)),
        ],
    );
    // Two steps, the second of which is shared with R1; itself it is no claim.
    let mut mine =
        grant(request(9, "ann", "billing/read"), ACTIVE, &[Presence::Present, Presence::Present], 3600);
    mine.terms.steps = vec![step("idp", "jit-r9", false), step("idp", "group/readers", true)];
    put(&mut tx, std::slice::from_ref(&mine));
    assert_eq!(tx.claims(&mine).unwrap(), [Claim { step: 1, ..claim(1, true, true, 7200) }]);

    assert_eq!(
        tx.other_grants(&person("ann"), id(9)).unwrap(),
        [
            (id(1), targets(["idp"])),
            (id(3), targets(["idp2"])),
            (id(4), targets(["idp"])),
            (id(5), targets(["idp"])),
        ]
    );
    assert_eq!(tx.targets_in_use().unwrap(), targets(["idp", "idp2"]));
}

#[test]
fn holds_follow_each_change_of_their_request() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    let mine = request(2, "ann", "billing/read");
    let mut theirs = request(1, "ann", "payroll/read");
    put(&mut tx, &[theirs.clone(), mine.clone()]);
    assert_eq!(tx.claims(&mine).unwrap(), [], "no target was asked yet");

    theirs = grant(theirs, ACTIVE, &[Presence::Present], 3600);
    tx.update_request(&theirs, None).unwrap();
    assert_eq!(tx.claims(&mine).unwrap(), [claim(1, true, true, 3600)]);

    theirs.times.as_mut().unwrap().expires_at = t(7200);
    theirs.steps[0].quiet_until = Some(t(33));
    tx.update_request(&theirs, None).unwrap();
    let longer = Claim { quiet_until: Some(t(33)), ..claim(1, true, true, 7200) };
    assert_eq!(tx.claims(&mine).unwrap(), std::slice::from_ref(&longer));
    assert_eq!(tx.other_grants(&person("ann"), id(2)).unwrap().len(), 1);

    theirs.state = revoking();
    theirs.steps[0].presence = Presence::Absent;
    tx.update_request(&theirs, None).unwrap();
    assert_eq!(tx.claims(&mine).unwrap(), [Claim { live: false, ours: false, closing: true, ..longer }]);
    assert_eq!(tx.other_grants(&person("ann"), id(2)).unwrap(), []);

    theirs.state = revoked(None);
    tx.update_request(&theirs, None).unwrap();
    assert_eq!(tx.claims(&mine).unwrap(), []);
    assert_eq!(tx.targets_in_use().unwrap(), targets([]));
}

#[test]
fn lockdowns_are_counted_by_their_cause() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    put(&mut tx, &[request(1, "ann", "billing/read"), request(2, "ann", "payroll/read")]);
    let ann = person("ann");
    for (cause, on) in [(1, "idp"), (1, "idp"), (1, "pg"), (2, "idp")] {
        tx.place_lockdown(&ann, &target(on), id(cause), t(0)).unwrap();
    }
    assert_eq!(tx.lockdowns(&ann).unwrap(), targets(["idp", "pg"]));
    assert_eq!(tx.lift_lockdowns(id(1)).unwrap(), 2);
    assert_eq!(tx.lockdowns(&ann).unwrap(), targets(["idp"]), "the other cause still stands");
    assert_eq!(tx.lift_lockdowns(id(1)).unwrap(), 0);
    assert_eq!(tx.lift_lockdowns(id(2)).unwrap(), 1, "it had locked that one alone");
    assert_eq!(tx.lockdowns(&ann).unwrap(), targets([]));
    assert_eq!(tx.lockdowns(&person("bob")).unwrap(), targets([]));
}

// The outbox

/// What can be claimed, as `lane effect`, with nothing else busy.
fn ready(tx: &mut Tx<'_>, now: Timestamp) -> Vec<String> {
    claimable(tx, now, 99, &[], &[])
}

fn claimable(tx: &mut Tx<'_>, now: Timestamp, most: usize, busy: &[&str], full: &[&str]) -> Vec<String> {
    let found = due(tx, now, most, busy, full).unwrap();
    found
        .iter()
        .map(|(lane, owed)| {
            let effect = match owed.effect {
                Effect::Target { id, step, op, native_expiry: _ } => {
                    format!("{id} step {step} {}", op.as_str())
                }
                Effect::Ticket => "ticket".to_owned(),
                Effect::Show(view) => format!("{view:?}"),
            };
            let tried = if owed.attempts > 0 { format!(" after {}", owed.attempts) } else { String::new() };
            format!("{lane} {effect}{tried}")
        })
        .collect()
}

/// At most so many, one of each lane, the most urgent first.
fn due(
    tx: &mut Tx<'_>,
    now: Timestamp,
    most: usize,
    busy: &[&str],
    full: &[&str],
) -> Result<Vec<(String, Owed)>, StoreError> {
    let mut lanes: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for urgency in Urgency::ALL {
        found.extend(tx.choose_due(urgency, Timestamp::from_millis(i64::MIN), now, |due| {
            if lanes.len() == most {
                return Choice::Enough;
            }
            let target_is_full = due.target.is_some_and(|target| full.contains(&target));
            if target_is_full || busy.contains(&due.lane) || lanes.iter().any(|lane| lane == due.lane) {
                return Choice::Pass;
            }
            lanes.push(due.lane.to_owned());
            Choice::Take
        })?);
    }
    Ok(lanes.into_iter().zip(found).collect())
}

/// The row of the first claimable work in this lane.
fn row(tx: &mut Tx<'_>, lane: &str) -> i64 {
    let found = due(tx, t(9999), 99, &[], &[]).unwrap();
    found
        .iter()
        .find(|(l, _)| l == lane)
        .map(|(_, owed)| owed.row)
        .unwrap_or_else(|| panic!("nothing in {lane}"))
}

const WARNING: View = View::Dm { kind: DmKind::Warning, number: 1 };

#[test]
fn views_and_tickets_coalesce_and_are_done_again_when_they_went_stale() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    put(&mut tx, &[request(1, "ann", "billing/read")]);
    for revision in 1..=3 {
        tx.owe_show(id(1), View::Card, revision, t(revision)).unwrap();
        tx.owe_ticket(id(1), revision, t(revision)).unwrap();
    }
    assert_eq!(
        ready(&mut tx, t(1)),
        ["s/R1/approvals Card", "j/R1 ticket"],
        "once each, due since it was first owed"
    );
    let (card, ticket) = (row(&mut tx, "s/R1/approvals"), row(&mut tx, "j/R1"));
    assert!(!tx.settle_revision(card, 2, t(5)).unwrap(), "revision 3 is wanted");
    assert_eq!(ready(&mut tx, t(4)), ["j/R1 ticket"]);
    assert_eq!(ready(&mut tx, t(5)), ["j/R1 ticket", "s/R1/approvals Card"]);
    tx.owe_show(id(1), View::Card, 2, t(6)).unwrap();
    assert!(tx.settle_revision(card, 3, t(6)).unwrap());
    assert!(tx.settle_revision(ticket, 4, t(6)).unwrap());
    assert_eq!(ready(&mut tx, t(99)), [""; 0]);
    assert!(tx.settle_revision(card, 3, t(6)).unwrap(), "settled twice is settled");
}

#[test]
fn a_slack_lane_is_done_in_order_and_waits_for_its_oldest() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    put(&mut tx, &[request(1, "ann", "billing/read"), request(2, "bob", "billing/read")]);
    tx.owe_show(id(1), View::Card, 1, t(0)).unwrap();
    tx.owe_show(id(1), View::Log, 1, t(0)).unwrap();
    tx.owe_show(id(2), View::Log, 1, t(0)).unwrap();
    assert_eq!(ready(&mut tx, t(0)), ["s/R1/approvals Card", "s/R2/approvals Log"]);
    let card = row(&mut tx, "s/R1/approvals");
    assert_eq!(tx.later(card, t(30), "429").unwrap(), Some(1));
    assert_eq!(ready(&mut tx, t(29)), ["s/R2/approvals Log"], "the card waits, so does what is behind it");
    assert_eq!(ready(&mut tx, t(30)), ["s/R2/approvals Log", "s/R1/approvals Card after 1"]);
    assert_eq!(tx.next_not_before(t(0)).unwrap(), Some(t(30)));
    assert_eq!(tx.next_not_before(t(30)).unwrap(), None);
    assert_eq!((tx.ready_count(t(29)).unwrap(), tx.ready_count(t(30)).unwrap()), (1, 2));
    tx.settle_revision(card, 1, t(31)).unwrap();
    assert_eq!(
        ready(&mut tx, t(31)),
        ["s/R2/approvals Log", "s/R1/approvals Log"],
        "what waited behind it is due from now on"
    );
    tx.owe_show(id(1), View::Card, 2, t(32)).unwrap();
    assert_eq!(ready(&mut tx, t(32)).len(), 2, "a new card goes to the end of its lane");
    assert_eq!(tx.later(card, t(99), "late").unwrap(), None);
}

#[test]
fn a_channel_that_refuses_us_keeps_no_direct_message_back() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    put(&mut tx, &[request(1, "ann", "billing/read")]);
    for view in [View::Card, View::Security, WARNING] {
        tx.owe_show(id(1), view, 1, t(0)).unwrap();
    }
    let card = row(&mut tx, "s/R1/approvals");
    tx.later(card, t(60), "not_in_channel").unwrap();
    let left = ["s/R1/security Security", "s/R1/direct Dm { kind: Warning, number: 1 }"];
    assert_eq!(ready(&mut tx, t(1)), left);
}

fn effect(request: u64, number: u32) -> EffectId {
    EffectId::new(id(request), number)
}

#[test]
fn revocations_go_before_everything() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    let requests: Vec<_> = (1..=4).map(|n| request(n, &format!("p{n}"), "billing/read")).collect();
    put(&mut tx, &requests);
    tx.owe_ticket(id(1), 1, t(0)).unwrap();
    tx.owe_show(id(1), View::Card, 1, t(0)).unwrap();
    for (n, op, at) in [(1, Op::Grant, 1), (2, Op::VerifyGone, 3), (3, Op::Revoke, 2), (4, Op::Snapshot, 0)] {
        tx.owe_target(&requests[n - 1], effect(n as u64, 1), 0, op, t(900), t(at)).unwrap();
    }
    let wanted = [
        "t/idp/p3@example.com/group/readers eff_3.1 step 0 revoke",
        "t/idp/p2@example.com/group/readers eff_2.1 step 0 verify_gone",
        "t/idp/p4@example.com/group/readers eff_4.1 step 0 snapshot",
        "t/idp/p1@example.com/group/readers eff_1.1 step 0 grant",
        "j/R1 ticket",
        "s/R1/approvals Card",
    ];
    assert_eq!(ready(&mut tx, t(9)), wanted);
    assert_eq!(claimable(&mut tx, t(9), 3, &[], &[]), wanted[..3]);
    assert_eq!(claimable(&mut tx, t(9), 0, &[], &[]), [""; 0]);
    assert_eq!(
        claimable(&mut tx, t(9), 9, &["t/idp/p3@example.com/group/readers", "j/R1"], &[])[..2],
        wanted[1..3]
    );
    assert_eq!(
        claimable(&mut tx, t(9), 1, &[], &["idp"]),
        wanted[4..5],
        "a target with its hands full stops nobody"
    );
    let (_, owed) = due(&mut tx, t(9), 1, &[], &[]).unwrap().remove(0);
    let terms = CallTerms { person: person("p3"), step: requests[2].terms.steps[0].clone() };
    assert_eq!(owed.call, Some(terms), "a call goes out with its terms");
    assert!(tx.owed_calls().unwrap().contains(&effect(3, 1)));
    let revoke = row(&mut tx, "t/idp/p3@example.com/group/readers");
    tx.settle_row(revoke, t(9)).unwrap();
    assert!(!tx.owed_calls().unwrap().contains(&effect(3, 1)));
    tx.settle_row(revoke, t(9)).unwrap();
}

#[test]
fn one_entitlement_is_one_lane_whichever_grants_call_and_a_revocation_passes_there() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    let (first, second) = (request(1, "ann", "billing/read"), request(2, "ann", "payroll/read"));
    put(&mut tx, &[first.clone(), second.clone()]);
    tx.owe_target(&first, effect(1, 1), 0, Op::Verify, t(900), t(50)).unwrap();
    tx.owe_target(&first, effect(1, 2), 0, Op::Grant, t(900), t(1)).unwrap();
    tx.owe_target(&second, effect(2, 1), 0, Op::Extend, t(900), t(2)).unwrap();
    let lane = "t/idp/ann@example.com/group/readers";
    assert_eq!(ready(&mut tx, t(3)), [format!("{lane} eff_1.2 step 0 grant")], "the verify is not due");
    tx.owe_target(&second, effect(2, 2), 0, Op::Revoke, t(900), t(3)).unwrap();
    assert_eq!(ready(&mut tx, t(3)), [format!("{lane} eff_2.2 step 0 revoke")]);
    assert_eq!(claimable(&mut tx, t(99), 9, &[lane], &[]), [""; 0]);
    let missing = tx.owe_target(&first, effect(1, 9), 7, Op::Grant, t(900), t(0)).unwrap_err();
    assert_eq!(missing.to_string(), "step 7 of R1 is not in the database");
    assert!(tx.owe_target(&first, effect(1, 1), 0, Op::Grant, t(900), t(0)).is_err(), "owed twice");
}

// What was told

#[test]
fn the_story_the_ticket_and_the_messages_make_the_dossier() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    put(&mut tx, &[request(1, "ann", "billing/read")]);
    let entries: Vec<_> = [What::Lapsed, What::CredentialRevealed, What::RevealRefused]
        .into_iter()
        .zip(1..)
        .map(|(what, n)| Entry {
            id: EntryId::new(id(1), n),
            at: t(u64::from(n)),
            by: Actor::Jitney,
            what,
            because: Vec::new(),
        })
        .collect();
    for entry in &entries {
        tx.add_entry(entry).unwrap();
    }
    assert!(tx.add_entry(&entries[0]).is_err(), "an entry is told once");
    tx.told(&[entries[0].id, entries[1].id], "10042").unwrap();
    let missing = tx.told(&[EntryId::new(id(1), 9)], "10043").unwrap_err();
    assert_eq!(missing.to_string(), "entry R1-9 is not in the database");

    tx.set_ticket_status(id(1), "In progress").unwrap();
    tx.set_ticket_issue(id(1), &IssueKey::new("ACC-7").unwrap()).unwrap();
    tx.set_ticket_status(id(1), "Done").unwrap();
    assert_eq!(tx.ticket(id(1)).unwrap().issue.unwrap().as_str(), "ACC-7");
    assert_eq!(tx.ticket(id(2)).unwrap(), jitney::store::Ticket::default());

    let message = |ts: &str| SlackMessage { channel: "C1".into(), ts: ts.into(), digest: "d".into() };
    tx.put_message(id(1), View::Card, &message("1.0")).unwrap();
    tx.put_message(id(1), View::Card, &message("2.0")).unwrap();
    tx.put_message(id(1), WARNING, &message("3.0")).unwrap();
    assert_eq!(tx.message(id(1), View::Card).unwrap(), Some(message("2.0")));
    assert_eq!(tx.message(id(1), View::Log).unwrap(), None);

    let dossier = tx.dossier(id(1)).unwrap().unwrap();
    assert_eq!(dossier.entries, entries);
    assert_eq!(tx.entries(id(1)).unwrap(), entries);
    assert_eq!(dossier.untold().map(|e| e.id.number()).collect::<Vec<_>>(), [3]);
    assert_eq!(dossier.issue_status.as_deref(), Some("Done"));
    assert_eq!(dossier.messages, BTreeMap::from([(View::Card, message("2.0")), (WARNING, message("3.0"))]));
    assert_eq!(tx.messages(id(1)).unwrap(), dossier.messages);
    assert_eq!(dossier.revision, 1);
    assert!(tx.dossier(id(2)).unwrap().is_none());
}

#[test]
fn a_duplicate_is_answered_the_same_until_it_is_old() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    let key = |n: u32| DedupeKey::new(&format!("envelope-{n}")).unwrap();
    for n in 1..=4 {
        tx.put_answer(&key(n), &Answer::Granting { request: id(n.into()), shortened: None }, t(n.into()))
            .unwrap();
    }
    tx.put_answer(&key(4), &Answer::Noted, t(9)).unwrap();
    assert_eq!(
        tx.answer(&key(4)).unwrap(),
        Some(Answer::Granting { request: id(4), shortened: None }),
        "the first one stands"
    );
    assert_eq!(tx.prune_answers(t(4), 2).unwrap(), 2);
    assert_eq!(tx.prune_answers(t(4), 2).unwrap(), 1);
    assert_eq!(tx.prune_answers(t(4), 2).unwrap(), 0);
    assert_eq!(tx.answer(&key(1)).unwrap(), None);
    assert!(tx.answer(&key(4)).unwrap().is_some());
}

#[test]
fn a_sealed_credential_stands_until_it_is_erased() {
    let mut store = memory();
    let mut tx = store.begin().unwrap();
    put(&mut tx, &[request(1, "ann", "billing/read")]);
    assert!(tx.put_secret(id(1), b"sealed once", t(0)).unwrap());
    assert!(!tx.put_secret(id(1), b"sealed twice", t(0)).unwrap(), "a call that is repeated issues the same");
    assert_eq!(tx.secret(id(1)).unwrap().as_deref(), Some(b"sealed once".as_slice()));
    assert!(tx.erase_secrets(id(1)).unwrap());
    assert!(!tx.erase_secrets(id(1)).unwrap());
    assert_eq!(tx.secret(id(1)).unwrap(), None);
}

#[test]
fn the_audit_log_is_chained_on_the_instance_and_append_only() {
    let path = place("audit");
    let mut store = Store::open(&path, ID).unwrap();
    let mut tx = store.begin().unwrap();
    for n in 0..5 {
        let record =
            tx.append(t(n), "submitted", Some(id(n)), json!({"n": n, "é": ["\u{1}", null]})).unwrap();
        assert_eq!((record.seq, tx.head().unwrap()), (n + 1, record.head()));
    }
    let refused = tx.append(t(9), "submitted", None, json!(0.5)).unwrap_err();
    assert!(refused.to_string().contains("`0.5` is not a whole number"), "{refused}");
    assert_eq!(tx.records(4, 99).unwrap().iter().map(|r| r.seq).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(tx.records(2, 2).unwrap().len(), 2);
    tx.commit().unwrap();

    let reader = Reader::open(&path).unwrap();
    let mut verifier = Verifier::after(Head::genesis(&reader.instance_id().unwrap()));
    reader
        .for_each_record(1, |record| {
            verifier.feed(&record).unwrap();
            Ok::<(), StoreError>(())
        })
        .unwrap();
    assert_eq!(verifier.finish().unwrap(), reader.head().unwrap());
    for sql in ["UPDATE audit SET kind = 'x' WHERE seq = 2", "DELETE FROM audit WHERE seq = 5"] {
        let error = raw(&path).execute(sql, []).unwrap_err().to_string();
        assert!(error.contains("audit records are never"), "{error}");
    }
}

// The file

#[test]
fn what_was_committed_is_there_after_opening_again() {
    let path = place("again");
    let mut store = Store::open(&path, ID).unwrap();
    let mut tx = store.begin().unwrap();
    put(&mut tx, &[request(1, "ann", "billing/read")]);
    tx.set_last_now(t(5)).unwrap();
    tx.commit().unwrap();
    drop(store);
    let mut store = Store::open(&path, "another id").unwrap();
    let mut tx = store.begin().unwrap();
    assert_eq!((tx.instance_id().unwrap().as_str(), tx.last_now().unwrap()), (ID, t(5)));
    assert_eq!(tx.request(id(1)).unwrap().unwrap().0, request(1, "ann", "billing/read"));
}

#[test]
fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let path = place("modes");
    let mut store = Store::open(&path, ID).unwrap();
    store.begin().unwrap().commit().unwrap();
    let mut names = Vec::new();
    for file in fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["jitney.db", "jitney.db-shm", "jitney.db-wal", "jitney.db.ballast", "jitney.db.lock"]);
}

#[test]
fn a_second_instance_is_refused_while_the_first_runs() {
    let path = place("two");
    let first = Store::open(&path, ID).unwrap();
    let error = Store::open(&path, ID).unwrap_err();
    assert!(matches!(error, StoreError::AnotherInstance(_)), "{error}");
    drop(first);
    Store::open(&path, ID).unwrap();
}

#[test]
fn a_reader_sees_what_is_committed_while_the_writer_runs_and_writes_nothing() {
    let path = place("reader");
    assert!(matches!(Reader::open(&path).unwrap_err(), StoreError::File { .. }), "it makes no database");
    let mut store = Store::open(&path, ID).unwrap();
    let reader = Reader::open(&path).unwrap();
    let filter = Filter { limit: 9, ..Filter::default() };
    let mut tx = store.begin().unwrap();
    put(&mut tx, &[request(1, "ann", "billing/read")]);
    assert!(reader.list(&filter).unwrap().is_empty());
    tx.commit().unwrap();
    assert_eq!(reader.list(&filter).unwrap().len(), 1);
    assert_eq!(reader.dossier(id(1)).unwrap().unwrap().revision, 1);
    assert!(reader.dossier(id(2)).unwrap().is_none());
    assert_eq!(reader.head().unwrap(), Head::genesis(ID));
}

#[test]
fn a_long_log_is_brought_into_the_database_beside_the_writer() {
    let path = place("checkpoints");
    let mut store = Store::open(&path, ID).unwrap();
    let checkpoints = store.hand_over_checkpoints().unwrap().unwrap();
    let length = || fs::metadata(&path).unwrap().len();
    let write = |store: &mut Store, records: u64| {
        let mut tx = store.begin().unwrap();
        for n in 0..records {
            tx.append(t(n), "submitted", Some(id(n)), json!({ "words": "x".repeat(4000) })).unwrap();
        }
        tx.commit().unwrap();
    };
    write(&mut store, 500);
    let before = length();
    checkpoints.run().unwrap();
    assert_eq!(length(), before, "a short log is left alone");
    write(&mut store, 1000);
    assert_eq!(length(), before, "the writer does not do it by itself");
    let mut tx = store.begin().unwrap();
    tx.append(t(9), "submitted", None, json!({ "words": "not committed yet" })).unwrap();
    checkpoints.run().unwrap();
    tx.commit().unwrap();
    assert!(length() > 1500 * 4000, "all that was committed is in the database");
    let at = store.begin().unwrap().head().unwrap();
    assert_eq!(at.seq, 1501, "and what was not yet, comes after it");
    write(&mut store, 4500);
    assert!(length() > 5500 * 4000, "left alone, the writer does it");
    assert!(Store::in_memory(ID).unwrap().hand_over_checkpoints().unwrap().is_none());
}

#[test]
fn files_that_are_not_ours_are_refused_and_left_alone() {
    type Spoil = fn(&PathBuf);
    let cases: [(&str, Spoil, &str); 4] = [
        ("text", |path| fs::write(path, "dear diary").unwrap(), "is not a jitney database"),
        (
            "foreign",
            |path| raw(path).execute_batch("CREATE TABLE recipes (name TEXT)").unwrap(),
            "is not a jitney database",
        ),
        (
            "newer",
            |path| {
                drop(Store::open(path, ID).unwrap());
                raw(path).execute_batch("PRAGMA user_version = 99").unwrap();
            },
            "format 99, and this jitney knows up to ",
        ),
        ("directory", |path| fs::create_dir(path).unwrap(), "can't be used"),
    ];
    for (name, spoil, sentence) in cases {
        let path = place(name);
        spoil(&path);
        let before = fs::read(&path).ok();
        for error in [Store::open(&path, ID).unwrap_err(), Reader::open(&path).unwrap_err()] {
            assert!(error.to_string().contains(sentence), "{name}: {error}");
        }
        assert_eq!(fs::read(&path).ok(), before, "{name}");
    }
}

#[test]
fn a_row_that_does_not_decode_is_named_never_skipped() {
    let path = place("corrupt");
    let mut store = Store::open(&path, ID).unwrap();
    let mut tx = store.begin().unwrap();
    put(&mut tx, &[request(1001, "ann", "billing/read"), request(1002, "bob", "billing/read")]);
    let entry = Entry {
        id: EntryId::new(id(1002), 1),
        at: t(0),
        by: Actor::Jitney,
        what: What::Lapsed,
        because: Vec::new(),
    };
    tx.add_entry(&entry).unwrap();
    tx.append(t(0), "submitted", None, json!({})).unwrap();
    tx.owe_show(id(1002), View::Card, 1, t(0)).unwrap();
    tx.commit().unwrap();
    drop(store);
    raw(&path)
        .execute_batch(
            "DROP TRIGGER audit_is_never_changed;
             UPDATE requests SET body = replace(body, 'submitted_at', 'submitted') WHERE id = 1001;
             UPDATE requests SET v = 7 WHERE id = 1002;
             UPDATE entries SET body = '{';
             UPDATE audit SET body = '{';
             UPDATE outbox SET view = 'null';",
        )
        .unwrap();
    let mut store = Store::open(&path, ID).unwrap();
    let mut tx = store.begin().unwrap();
    let errors = [
        tx.request(id(1001)).unwrap_err(),
        tx.request(id(1002)).unwrap_err(),
        tx.list(&Filter { limit: 9, ..Filter::default() }).unwrap_err(),
        tx.entries(id(1002)).unwrap_err(),
        tx.records(1, 9).unwrap_err(),
        due(&mut tx, t(9), 9, &[], &[]).unwrap_err(),
    ];
    assert!(errors.iter().all(|error| matches!(error, StoreError::Corrupt(_))));
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn the_ballast_is_really_there_and_can_be_given_back() {
    let path = place("ballast");
    let ballast = path.with_extension("db.ballast");
    let store = Store::open(&path, ID).unwrap();
    let used = |path: &PathBuf| {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(path).map(|file| file.blocks() * 512).unwrap_or(0)
    };
    assert!(store.has_ballast());
    assert!(used(&ballast) >= 4 * 1024 * 1024, "{}", used(&ballast));
    store.release_ballast().unwrap();
    store.release_ballast().unwrap();
    assert!(!store.has_ballast() && !ballast.exists());
    store.restore_ballast().unwrap();
    assert!(store.has_ballast());
    drop(store);
    fs::write(&ballast, "cut short").unwrap();
    assert!(Store::open(&path, ID).unwrap().has_ballast(), "made whole when the store is opened");

    let memory = memory();
    memory.release_ballast().unwrap();
    memory.restore_ballast().unwrap();
    assert!(!memory.has_ballast());
}

/// A grant of an hour from `from` on that ended after `held`, or has not.
fn had(number: u64, who: &str, role: &str, from: u64, held: Option<u64>) -> Request {
    let times = Times {
        provisioning_at: t(from),
        provision_by: t(from + 60),
        not_after: t(from + 3660),
        active_at: Some(t(from)),
        extended_at: None,
        expires_at: t(from + 3600),
        ended_at: held.map(|held| t(from + held)),
        verified_at: None,
    };
    let state = match held {
        None => State::Active { warned: false },
        Some(3600) => State::Revoked { cause: EndCause::Expiry, recheck_at: None },
        Some(_) => State::Revoked { cause: EndCause::Released, recheck_at: None },
    };
    let credential = Some(Credential { revealed_at: None, erased: true });
    Request { times: Some(times), state, credential, ..request(number, who, role) }
}

fn past(tx: &mut Tx<'_>) -> Vec<(String, u64, Option<u64>, bool, bool)> {
    let grants = tx.past_grants(&person("ann"), &"billing".parse().unwrap(), t(100), 10).unwrap();
    let secs = |at: Timestamp| at.since(t(0)).as_secs();
    let row = |g: PastGrant| {
        assert_eq!(g.ends_at.since(g.active_at), Span::hours(1));
        (g.role.to_string(), secs(g.active_at), g.ended_at.map(secs), g.released, g.unseen)
    };
    grants.into_iter().map(row).collect()
}

#[test]
fn what_grants_came_to_is_read_by_person_and_by_role_also_from_a_database_of_before() {
    let path = place("grants");
    let grants = [
        had(1, "ann", "billing/read", 10, Some(3600)),
        had(2, "ann", "billing/read", 200, Some(300)),
        had(3, "ann", "billing/write", 5000, None),
        had(4, "ann", "payroll/read", 6000, None),
        had(5, "bob", "billing/write", 7000, None),
        had(6, "carol", "billing/write", 8000, Some(3600)),
    ];
    let mut store = Store::open(&path, ID).unwrap();
    let mut tx = store.begin().unwrap();
    for grant in &grants {
        tx.insert_request(grant, None).unwrap();
        tx.keep_grant(grant).unwrap();
    }
    tx.keep_grant(&request(9, "ann", "billing/read")).unwrap();
    tx.commit().unwrap();
    let look = |store: &mut Store| {
        let mut tx = store.begin().unwrap();
        let expected =
            [("write".to_owned(), 5000, None, false, true), ("read".to_owned(), 200, Some(500), true, true)];
        assert_eq!(past(&mut tx), expected, "the first one began before");
        let role = "billing/write".parse().unwrap();
        assert_eq!(tx.holders(&role, &person("ann"), 10).unwrap(), [person("bob")]);
        assert_eq!(tx.holders(&role, &person("erin"), 1).unwrap(), [person("ann")]);
    };
    look(&mut store);
    drop(store);
    raw(&path)
        .execute_batch(
            "DROP TABLE grants; DROP INDEX messages_cards; DROP TABLE remarks; DROP TABLE remarks_left_out;
             DROP TABLE bindings; DROP TABLE away;
             DROP INDEX reviews_by_due; DROP INDEX audit_refused_of; DROP INDEX audit_refused_asks;
             DROP TABLE standing; DROP TABLE policies_seen;
             DROP TABLE source_facts; DROP TABLE sources; DROP TABLE moved;
             DROP INDEX requests_by_asker; ALTER TABLE requests DROP COLUMN asked_by;
             DROP INDEX step_keys_borrowed; ALTER TABLE step_keys DROP COLUMN gives_group;
             PRAGMA user_version = 2;",
        )
        .unwrap();
    look(&mut Store::open(&path, ID).unwrap());
}

#[test]
fn what_a_grant_found_standing_is_kept_until_a_later_one_finds_it_gone() {
    let mut store = Store::open(&place("standing"), ID).unwrap();
    let mut tx = store.begin().unwrap();
    let found = |tx: &mut Tx<'_>, n: u64, presence| {
        let mut grant = had(n, "ann", "billing/read", 100 * n, Some(3600));
        grant.steps.iter_mut().for_each(|step| step.presence = presence);
        tx.insert_request(&grant, None).unwrap();
        tx.keep_grant(&grant).unwrap();
        grant
    };
    let standing = |tx: &mut Tx<'_>, since| {
        let found = tx.standing(&person("ann"), t(since)).unwrap();
        found.into_iter().map(|seen| (seen.role.to_string(), seen.seen_by)).collect::<Vec<_>>()
    };
    let first = found(&mut tx, 1, Presence::Standing);
    assert_eq!(standing(&mut tx, 0), [("billing/read".to_owned(), id(1))]);
    found(&mut tx, 2, Presence::Standing);
    assert_eq!(standing(&mut tx, 0), [("billing/read".to_owned(), id(2))]);
    assert_eq!(standing(&mut tx, 100_000), []);
    assert_eq!(tx.standing(&person("bob"), t(0)).unwrap(), []);
    found(&mut tx, 3, Presence::Absent);
    assert_eq!(standing(&mut tx, 0), []);
    // What an older grant saw does not come back with it.
    found(&mut tx, 4, Presence::Standing);
    tx.keep_grant(&first).unwrap();
    assert_eq!(standing(&mut tx, 0), [("billing/read".to_owned(), id(4))]);
}

#[test]
fn a_look_at_all_of_the_past_is_not_cut_like_a_list() {
    let path = place("past");
    let mut store = Store::open(&path, ID).unwrap();
    let mut tx = store.begin().unwrap();
    let all: Vec<_> =
        (0..1200).map(|number| request(2000 + number, &format!("p{number}"), "billing/read")).collect();
    put(&mut tx, &all);
    tx.commit().unwrap();
    let reader = Reader::open(&path).unwrap();
    let filter = Filter { requester: None, states: Default::default(), limit: 5000 };
    assert_eq!(reader.list(&filter).unwrap().len(), 1000);
    let newest = reader.newest(5000).unwrap();
    assert_eq!((newest.len(), newest[0].id), (1200, id(3199)));
    assert_eq!(reader.newest(7).unwrap().len(), 7);
}
