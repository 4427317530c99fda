//! Who approves, while the world changes: stages and escalation, groups that lose people, policies that get tighter.

use std::path::Path;
use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::Weekday;
use jitney::engine::Verb;
use jitney::ids::{GroupId, PersonId, RequestId};
use jitney::lifecycle::{DmKind, NudgeKind, StateWord, View, What};
use jitney::oncall::{Service, Watch};
use jitney::playground::people::ACCESS_CHANNEL;
use jitney::playground::slack::{Message, Snapshot};
use jitney::time::{Clock, Span};
use jitney::zone::Zone;

use super::stage::{APPROVAL, Journey, SOON, account, person};
use crate::oncall::{Desk, Said, pagerduty_entry, pagerduty_page, schedule};

const SECOND: View = View::Approval { stage: 1 };
const ANEW: View = View::Nudge { kind: NudgeKind::Anew, number: 1 };
const WAITING: View = View::Dm { kind: DmKind::Waiting, number: 1 };

/// The tier of `wiki/read` has this one stage.
fn tiers(folder: &Path, stage: &str) {
    let file = folder.join("policies/tiers.toml");
    let tiers = std::fs::read_to_string(&file).unwrap();
    let (before, after) = tiers.split_once("[[tiers.manager.stages]]\n").unwrap();
    let after = after.split_once("[tiers.two-person]").unwrap().1;
    let tiers = format!("{before}[[tiers.manager.stages]]\n{stage}\n[tiers.two-person]{after}");
    std::fs::write(&file, tiers).unwrap();
}

/// It asks a group, and another when that is empty.
fn groups(folder: &Path) {
    tiers(folder, "approvers = [\"group:dba\"]\nfallback = [\"group:backup\"]\n");
}

async fn joins(j: &Journey, who: &str, group: &str) {
    let group = GroupId::new(group).unwrap();
    j.is_now(who, |person| assert!(person.groups.insert(group))).await;
}

async fn leaves(j: &Journey, who: &str, group: &str) {
    let group = GroupId::new(group).unwrap();
    j.is_now(who, |person| assert!(person.groups.remove(&group))).await;
}

/// Whom its story says are asked, the last time that it says so.
async fn asked(j: &Journey, id: RequestId) -> Vec<PersonId> {
    let entries = j.dossier(id).await.entries;
    let asked = |what: &What| match what {
        What::ApprovalWanted { asked, .. } | What::AskedAnew { asked, .. } => Some(asked.clone()),
        _ => None,
    };
    entries.iter().rev().find_map(|entry| asked(&entry.what)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stages_with_reminders_and_an_escalation_come_to_access() {
    let j = Journey::start().await;
    let id = j.ask("ann", "wiki/admin", "1h").await;
    j.approve("dana", id).await;
    assert_eq!(asked(&j, id).await, [person("bob")]);
    let early = j.click("erin", id, SECOND, "jit_approve").await;
    assert!(early.contains("erin@example.com is not one of its approvers"), "{early}");
    assert!(early.contains("bob@example.com"), "{early}");

    // Asked again after one hour, and two hours after that; not once more before the escalation.
    j.pass(Span::mins(239)).await;
    assert_eq!((j.times(id, "reminded").await, j.times(id, "escalated").await), (2, 0));
    j.pass(Span::mins(2)).await;
    assert_eq!((j.times(id, "reminded").await, j.times(id, "escalated").await), (2, 1));
    j.pass(Span::mins(150)).await;
    assert_eq!(j.times(id, "reminded").await, 2);

    // Who approved the first stage does not count in the second.
    let again = j.click("dana", id, SECOND, "jit_approve").await;
    assert!(again.contains("dana@example.com is not one of its approvers"), "{again}");
    let said = j.click("erin", id, SECOND, "jit_approve").await;
    assert!(said.contains("approved in full"), "{said}");
    j.rest().await;
    j.is(id, StateWord::Active).await;
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approver_who_left_the_group_is_refused_in_words_and_blocks_nobody() {
    let j = Journey::start_with(|_| (), groups).await;
    joins(&j, "bob", "dba").await;
    joins(&j, "frank", "dba").await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    assert_eq!(asked(&j, id).await, [person("bob"), person("frank")]);
    let click = j.remember("bob", id, APPROVAL, "jit_approve").await;
    leaves(&j, "bob", "dba").await;
    j.rest().await;

    // The question is asked of those who are left.
    let question = j.words(id, APPROVAL).await;
    assert!(question.contains("Frank") && !question.contains("Bob"), "{question}");
    assert_eq!(asked(&j, id).await, [person("frank")]);
    assert!(j.message(id, ANEW).await.is_none(), "nobody new is asked");
    let heard = j.heard("bob");
    let _ = j.slack().click_stale(&click).await;
    let said = j.hears("bob", heard + 1).await;
    assert!(said.contains("bob@example.com is not one of its approvers"), "{said}");
    assert!(said.contains("frank@example.com"), "{said}");
    let said = j.approve("frank", id).await;
    assert!(said.contains("approved in full"), "{said}");
    j.is(id, StateWord::Active).await;
    j.until_over().await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_is_gone_goes_to_its_fallback_and_then_everybody_is_told_at_once() {
    let j = Journey::start_with(|_| (), groups).await;
    joins(&j, "bob", "dba").await;
    joins(&j, "frank", "backup").await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    let old = j.remember("bob", id, APPROVAL, "jit_approve").await;

    leaves(&j, "bob", "dba").await;
    j.rest().await;
    assert_eq!(asked(&j, id).await, [person("frank")]);
    let question = j.words(id, APPROVAL).await;
    assert!(question.contains("Frank") && question.contains("You are the fallback"), "{question}");
    assert!(j.words(id, ANEW).await.contains("you may decide it now"), "{}", j.words(id, ANEW).await);

    leaves(&j, "frank", "backup").await;
    j.rest().await;
    assert_eq!(asked(&j, id).await, []);
    assert!(j.words(id, APPROVAL).await.contains("Nobody can be asked"));
    assert!(j.words(id, WAITING).await.contains("Nobody can approve it now"));
    assert!(j.words(id, View::Security).await.contains("Nobody can approve"));
    let heard = j.heard("bob");
    let _ = j.slack().click_stale(&old).await;
    let said = j.hears("bob", heard + 1).await;
    assert!(said.contains("there is nobody now"), "{said}");

    // Somebody is put into the group: it is theirs, and all that was said is put right.
    joins(&j, "dana", "dba").await;
    j.rest().await;
    assert_eq!(asked(&j, id).await, [person("dana")]);
    let said = j.approve("dana", id).await;
    assert!(said.contains("approved in full"), "{said}");
    for view in [WAITING, View::Security] {
        let words = j.words(id, view).await;
        assert!(!words.contains("Nobody can approve"), "{words}");
    }
    assert_eq!(j.times(id, "asked_anew").await, 3);
    j.until_over().await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_who_is_not_known_is_the_fallbacks_business() {
    let j = Journey::start().await;
    let id = j.ask("erin", "wiki/read", "1h").await;
    assert_eq!(asked(&j, id).await, ["bob", "dana"].map(person), "she has no manager");
    let other = j.ask("ann", "wiki/read", "1h").await;
    assert_eq!(asked(&j, other).await, [person("dana")]);
    j.is_now("ann", |ann| ann.manager = None).await;
    j.rest().await;
    assert_eq!(asked(&j, other).await, ["bob", "erin", "dana"].map(person), "gone while she waits");
    j.is_now("ann", |ann| ann.manager = Some(person("frank"))).await;
    j.rest().await;
    let said = j.approve("frank", other).await;
    assert!(said.contains("approved in full"), "{said}");
    j.approve("bob", id).await;
    j.until_over().await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_got_tighter_while_it_waited_counts_at_the_click() {
    let j = Journey::start().await;
    let long = j.ask("ann", "wiki/read", "2h").await;
    let short = j.ask("bob", "wiki/read", "2h").await;
    let barred = j.ask("frank", "wiki/read", "1h").await;
    let mut policies = j.engine().policies().as_ref().clone();
    let wiki = policies.apps.get_mut(&"wiki".parse().unwrap()).unwrap();
    let role = wiki.roles.get_mut(&"read".parse().unwrap()).unwrap();
    role.max_duration = Span::hours(1);
    role.eligible.iter_mut().for_each(|rule| rule.department = Some(vec!["Engineering".to_owned()]));
    j.engine().set_policies(Arc::new(policies));

    let said = j.approve("dana", long).await;
    assert!(said.contains("at most 1 hour"), "{said}");
    j.is(long, StateWord::Denied).await;
    // Who approves for no longer than what is allowed now, may.
    j.submit("dana", Verb::Approve { request: short, at_most: Some(Span::hours(1)) }).await;
    j.rest().await;
    j.is(short, StateWord::Active).await;
    let said = j.approve("erin", barred).await;
    assert!(said.contains("department is Finance"), "{said}");
    j.is(barred, StateWord::Denied).await;
    j.until_over().await;
    j.end().await;
}

/// The tier of `wiki/read` counts the hours of an office in Lisbon.
fn office(folder: &Path) {
    let file = folder.join("policies/tiers.toml");
    let tiers = std::fs::read_to_string(&file).unwrap();
    let tiers =
        tiers.replace("[tiers.manager]\n", "[tiers.manager]\nhours = \"lisbon\"\nlapse_after = \"7d\"\n");
    let calendar = "\n[calendars.lisbon]\nzone = \"Europe/Lisbon\"\nhours = [\"mon-fri 09:00-17:00\"]\n";
    std::fs::write(&file, tiers + calendar).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_reminded_and_nothing_escalates_while_the_office_is_closed() {
    let j = Journey::start_with(|_| (), office).await;
    // A Friday, somewhat more than two hours before the office closes.
    let zone: Zone = "Europe/Lisbon".parse().unwrap();
    let mut friday = zone.local(j.now()).date();
    while friday.weekday() != Weekday::Friday {
        friday = friday.tomorrow().unwrap();
    }
    friday = friday.checked_add(7.days()).unwrap();
    let asked_at = zone.at(friday.at(14, 55, 0, 0)).unwrap();
    j.pass(asked_at.since(j.now())).await;
    let id = j.ask("ann", "wiki/read", "1h").await;

    // Two of the tier's eight hours, and a whole weekend.
    j.pass(Span::hours(60)).await;
    assert_eq!((j.times(id, "reminded").await, j.times(id, "escalated").await), (1, 0));
    let reminder = View::Nudge { kind: NudgeKind::Reminder, number: 1 };
    assert!(j.message(id, reminder).await.is_some());
    // Monday, at 14:55, it has waited for eight hours.
    let monday = zone.at(friday.checked_add(3.days()).unwrap().at(14, 50, 0, 0)).unwrap();
    j.pass(monday.since(j.now())).await;
    assert_eq!((j.times(id, "reminded").await, j.times(id, "escalated").await), (2, 0));
    j.pass(Span::mins(10)).await;
    assert_eq!((j.times(id, "reminded").await, j.times(id, "escalated").await), (2, 1));
    let said = j.approve("bob", id).await;
    assert!(said.contains("approved in full"), "{said}");
    j.until_over().await;
    j.end().await;
}

/// The tier of `wiki/read` asks whoever is on call, and the owners when nobody is known to be.
fn on_call(folder: &Path) {
    tiers(folder, "approvers = [\"oncall:payments\"]\nfallback = [\"owners\"]\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_on_call_at_the_click_decides_and_an_old_roster_comes_to_nobody() {
    let j = Journey::start_with(|_| (), on_call).await;
    let clock = Arc::clone(&j.world.playground.clock) as Arc<dyn Clock>;
    let shift = |who: &str, hours: u64| {
        let (from, to) = (j.now() - Span::hours(1), j.now() + Span::hours(hours));
        let entry = pagerduty_entry(Some("PI7DH85"), 1, person(who).as_str(), from, to);
        Said::Json(pagerduty_page(&[entry], false))
    };
    let (desk, server) = Desk::start(shift("erin", 8));
    let schedule = schedule(Service::PagerDuty, &server);
    let mut watch = Watch::new(vec![schedule], j.engine().clone(), clock).unwrap();
    watch.round().await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    assert_eq!(asked(&j, id).await, [person("erin")]);
    let old = j.remember("erin", id, APPROVAL, "jit_approve").await;

    // The shift changes between the card and the click.
    desk.says(shift("frank", 8));
    watch.round().await;
    j.rest().await;
    assert_eq!(asked(&j, id).await, [person("frank")]);
    assert!(j.words(id, APPROVAL).await.contains("Frank"), "{}", j.words(id, APPROVAL).await);
    let heard = j.heard("erin");
    let _ = j.slack().click_stale(&old).await;
    let said = j.hears("erin", heard + 1).await;
    assert!(said.contains("erin@example.com is not one of its approvers"), "{said}");
    let said = j.approve("frank", id).await;
    assert!(said.contains("approved in full"), "{said}");
    assert!(j.words(id, APPROVAL).await.contains("Frank (on call: payments)"));
    j.until_over().await;
    watch.round().await;

    // Nothing more is heard of the schedule. What was heard is good for ten minutes; then the fallback is asked.
    desk.says(Said::Status(503));
    let second = j.ask("ann", "wiki/read", "1h").await;
    j.pass(Span::mins(9)).await;
    watch.round().await;
    j.rest().await;
    assert_eq!(asked(&j, second).await, [person("frank")]);
    j.pass(Span::mins(2)).await;
    assert_eq!(asked(&j, second).await, [person("bob")]);
    let late = j.click("frank", second, APPROVAL, "jit_approve").await;
    assert!(late.contains("frank@example.com is not one of its approvers"), "{late}");

    // A shift that ends is over then, also when nobody has asked since.
    desk.says(shift("dana", 0));
    watch.round().await;
    j.rest().await;
    assert_eq!(asked(&j, second).await, [person("bob")]);
    let said = j.approve("bob", second).await;
    assert!(said.contains("approved in full"), "{said}");
    j.until_over().await;
    j.end().await;
}

/// Says something of being away, and hears the answer.
async fn says(j: &Journey, who: &str, words: &str) -> String {
    let before = j.heard(who);
    j.slack().say_slash(&account(who), ACCESS_CHANNEL, &format!("/jit away {words}")).await.unwrap();
    let said = j.hears(who, before + 1).await;
    j.rest().await;
    said
}

/// Waits for a direct message to this person that says so.
async fn is_told(j: &Journey, who: &str, wanted: &str) {
    let user = account(who);
    let found = |s: &Snapshot| {
        let channel = &s.direct(&user)?.id;
        s.messages(channel).find(|m| m.words().contains(wanted)).map(Message::words)
    };
    let told = j.slack().wait_for(SOON, found).await;
    assert!(told.is_ok(), "{who} is not told `{wanted}`");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_away_is_asked_through_their_delegate_until_they_are_back() {
    let j = Journey::start().await;
    let first = j.ask("ann", "wiki/read", "1h").await;
    let said = says(&j, "dana", "in 4h to @erin because of a wedding").await;
    assert!(said.contains("Erin is asked for you; I tell them"), "{said}");
    is_told(&j, "erin", "Dana is away until").await;
    assert_eq!(asked(&j, first).await, [person("erin")], "what waits is hers now");
    let second = j.ask("ann", "wiki/admin", "1h").await;
    assert_eq!(asked(&j, second).await, [person("erin")]);

    // The vote says for whom: in the thread, in the log and on the ticket; and nobody votes twice in one place.
    let said = j.approve("erin", first).await;
    assert!(said.contains("approved in full"), "{said}");
    assert!(j.words(first, APPROVAL).await.contains("Erin for Dana"));
    assert!(j.words(first, View::Log).await.contains("for Dana approved"));
    let entries = j.dossier(first).await.entries;
    let told =
        entries.iter().map(jitney::jira::words::entry_sentence).find(|told| told.contains("approved,"));
    assert!(
        told.as_ref().is_some_and(|told| told.contains("Erin for Dana (dana@example.com), who is away")),
        "{told:?}"
    );
    j.submit("erin", Verb::Approve { request: second, at_most: None }).await;
    j.rest().await;
    let hers = j.click("dana", second, SECOND, "jit_approve").await;
    assert!(hers.contains("dana@example.com is not one of its approvers"), "{hers}");

    // Who is away decides all the same.
    let third = j.ask("bob", "wiki/read", "1h").await;
    assert_eq!(asked(&j, third).await, [person("erin")]);
    let said = j.approve("dana", third).await;
    assert!(said.contains("approved in full"), "{said}");

    let shown = says(&j, "erin", "").await;
    assert!(shown.contains("You are not away") && shown.contains("in the place of Dana"), "{shown}");

    // It is over by itself, and what waits is asked of dana again.
    let waiting = j.ask("bob", "reports/view", "1h").await;
    assert_eq!(asked(&j, waiting).await, [person("erin")]);
    j.pass(Span::hours(4)).await;
    assert_eq!(asked(&j, waiting).await, [person("dana")]);
    let late = j.click("erin", waiting, APPROVAL, "jit_approve").await;
    assert!(late.contains("erin@example.com is not one of its approvers"), "{late}");
    j.until_over().await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_delegate_the_fallback_is_asked_and_what_is_senseless_is_refused() {
    let j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    let said = says(&j, "dana", "tomorrow").await;
    assert!(said.contains("goes to the fallback"), "{said}");
    assert_eq!(asked(&j, id).await, [person("bob"), person("erin")]);
    let said = says(&j, "dana", "off").await;
    assert!(said.contains("Welcome back"), "{said}");
    assert_eq!(asked(&j, id).await, [person("dana")]);
    assert!(says(&j, "dana", "off").await.contains("You were not away"));

    for (words, wanted) in [
        ("in 2h to @dana", "nobody stands in for themselves"),
        ("in 2h to @carol", "approves nothing themselves"),
        ("in 2h to @nobody", "not a person that Slack told me of"),
        ("until the cows come home", "I do not understand until when"),
        ("for ever", "I do not understand until when"),
        ("until 2026-01-01 09:00", "is over"),
        ("in 70d", "more than"),
        ("in 2h to bob", "not a person that Slack told me of"),
    ] {
        let said = says(&j, "dana", words).await;
        assert!(said.contains(wanted), "{words}: {said}");
    }
    says(&j, "erin", "in 3h").await;
    let said = says(&j, "dana", "in 2h to @erin").await;
    assert!(said.contains("is away too"), "{said}");
    says(&j, "dana", "in 2h to @bob").await;
    let listed = jitney::store::Reader::open(&j.world.folder().join("jitney.db")).unwrap().away().unwrap();
    let delegates: Vec<_> = listed.iter().map(|(id, away)| (id.clone(), away.delegate.clone())).collect();
    assert_eq!(delegates, [(person("dana"), Some(person("bob"))), (person("erin"), None)]);
    let said = j.approve("bob", id).await;
    assert!(said.contains("approved in full"), "{said}");

    // All of it is on the record.
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    let keep = |record: jitney::audit::Record| {
        if record.kind.starts_with("away") {
            *kinds.entry(record.kind).or_default() += 1;
        }
        Ok::<(), jitney::store::StoreError>(())
    };
    jitney::store::Reader::open(&j.world.folder().join("jitney.db"))
        .unwrap()
        .for_each_record(1, keep)
        .unwrap();
    let wanted = [("away_cleared", 1), ("away_refused", 4), ("away_set", 3)];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), wanted.map(|(kind, n)| (kind.to_owned(), n)));
    j.until_over().await;
    j.end().await;
}

/// As the directory tells it once it was read again: a grant of ours put somebody into the group of approvers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_an_approver_by_a_grant_alone_approves_nothing() {
    let lending = |folder: &Path| {
        groups(folder);
        let file = folder.join("policies/wiki.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let given =
            text.replace("target = \"legacy-wiki\"", "target = \"legacy-wiki\"\ngives_group = \"dba\"");
        assert_ne!(given, text);
        std::fs::write(&file, given).unwrap();
    };
    let j = Journey::start_with(|_| (), lending).await;
    joins(&j, "frank", "dba").await;
    let lent = j.granted("bob", "wiki/read", "1h", "frank").await;
    joins(&j, "bob", "dba").await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    assert_eq!(asked(&j, id).await, [person("frank")]);
    // Whoever is in it on their own is asked again once nothing is lent any more.
    j.until_over().await;
    j.came_and_went_once(lent).await;
    let next = j.ask("dana", "wiki/read", "1h").await;
    assert_eq!(asked(&j, next).await, [person("bob"), person("frank")]);
    j.end().await;
}
