//! Access that starts later: asked for in words, looked at again at its start, taken back before; repeated; and why.

use jitney::engine::Verb;
use jitney::lifecycle::{Answer, DmKind, Refusal, StateWord, View};
use jitney::playground::people::ACCESS_CHANNEL;
use jitney::policy::Employment;
use jitney::time::{Span, Timestamp};
use jitney::zone::Zone;

use super::stage::{APPROVAL, CARD, Journey, account, request_in};

const WAITING: View = View::Dm { kind: DmKind::Waiting, number: 1 };
const DECIDED: View = View::Dm { kind: DmKind::Decided, number: 1 };

/// Nine o'clock of the next day, by the clock of the playground's people.
fn tomorrow_at_nine(j: &Journey) -> Timestamp {
    let tomorrow = Zone::UTC.local(j.now()).date().tomorrow().unwrap();
    Zone::UTC.at(tomorrow.at(9, 0, 0, 0)).unwrap()
}

/// Types a line and sends the form that it opens.
async fn types(j: &Journey, who: &str, line: &str) -> jitney::ids::RequestId {
    let seen = j.slack().say_slash(&account(who), ACCESS_CHANNEL, line).await.unwrap();
    assert!(seen.modal.is_some(), "{line}: no form opened: {:?}", seen.told);
    let id = request_in(&j.send_form(who).await.unwrap());
    j.rest().await;
    id
}

/// What only this person reads after a line.
async fn reads(j: &Journey, who: &str, line: &str) -> String {
    let seen = j.slack().say_slash(&account(who), ACCESS_CHANNEL, line).await.unwrap();
    seen.told.first().unwrap_or_else(|| panic!("{who} reads nothing after {line}")).words()
}

const FOR_TOMORROW: &str =
    "/jit request wiki/read from tomorrow 9:00 for 4h because the runbook is moved then";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_tomorrow_starts_and_ends_tomorrow() {
    let j = Journey::start().await;
    let nine = tomorrow_at_nine(&j);
    let id = types(&j, "ann", FOR_TOMORROW).await;
    let ask = j.dossier(id).await.request.ask;
    assert_eq!((ask.starts_at, ask.duration), (Some(nine), Span::hours(4)));
    assert_eq!(ask.justification, "the runbook is moved then");
    assert!(j.words(id, CARD).await.contains("Starts"), "{}", j.words(id, CARD).await);
    let said = j.approve("dana", id).await;
    assert!(said.contains("approved in full and starts"), "{said}");
    j.is(id, StateWord::Scheduled).await;
    assert!(j.words(id, WAITING).await.contains("Approved, starts later"));
    let listed = reads(&j, "ann", "/jit list").await;
    assert!(listed.contains("starts later") && listed.contains("Withdraw"), "{listed}");
    assert_eq!(j.logins(), Vec::<String>::new());
    j.pass(nine.since(j.now()) + Span::mins(1)).await;
    j.is(id, StateWord::Active).await;
    assert_eq!(j.logins().len(), 1);
    let ends = j.expires_at(id).await;
    assert!(ends <= nine + Span::hours(4) && ends > nine + Span::hours(3), "{ends}");
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_have_it_any_more_at_the_start_does_not_get_it() {
    let j = Journey::start().await;
    let id = types(&j, "ann", FOR_TOMORROW).await;
    j.approve("dana", id).await;
    j.is(id, StateWord::Scheduled).await;
    // What is edited in the policies is looked at when it starts; a person who changes is judged at once.
    let mut policies = (*j.engine().policies()).clone();
    let app = policies.apps.values_mut().find(|app| app.name == "Legacy wiki").unwrap();
    let role = app.roles.values_mut().find(|role| role.name == "Reader").unwrap();
    role.never.iter_mut().for_each(|rule| rule.employment = Some(vec![Employment::Employee]));
    j.engine().set_policies(std::sync::Arc::new(policies));
    j.pass(tomorrow_at_nine(&j).since(j.now()) + Span::mins(1)).await;
    j.is(id, StateWord::Denied).await;
    let told = j.words(id, DECIDED).await;
    assert!(told.contains("Could not start") && told.contains("never[0] of wiki/read"), "{told}");
    let why = reads(&j, "ann", &format!("/jit why {id}")).await;
    assert!(why.contains("*Jitney* denied it") && why.contains("employment is employee"), "{why}");
    assert_eq!(j.logins(), Vec::<String>::new());
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_back_before_its_start_never_starts() {
    let j = Journey::start().await;
    let id = types(&j, "ann", FOR_TOMORROW).await;
    j.approve("dana", id).await;
    let said = j.click("ann", id, WAITING, "jit_withdraw").await;
    assert!(said.contains("is withdrawn"), "{said}");
    j.until_over().await;
    j.is(id, StateWord::Withdrawn).await;
    assert_eq!(j.times(id, "provisioning").await, 0);
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_approves_what_would_be_over_by_then() {
    let j = Journey::start().await;
    let line = "/jit request wiki/read in 10 minutes for 15m because the runbook is moved then";
    let id = types(&j, "ann", line).await;
    j.pass(Span::mins(26)).await;
    j.is(id, StateWord::Lapsed).await;
    let answer = j.submit("dana", Verb::Approve { request: id, at_most: None }).await;
    assert!(
        matches!(answer, Answer::Refused(Refusal::Settled { state: StateWord::Lapsed, .. })),
        "{answer:?}"
    );
    assert_eq!(j.logins(), Vec::<String>::new());
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_one_is_repeated_by_its_form_once_it_is_over() {
    let j = Journey::start().await;
    let nothing = reads(&j, "ann", "/jit again").await;
    assert!(nothing.contains("there is none to repeat"), "{nothing}");
    let denied = j.ask("ann", "wiki/read", "1h").await;
    j.deny("dana", denied, "not today, please").await;
    let line = "/jit request wiki/read for 90m because the runbook is wrong, INC-42";
    let id = types(&j, "ann", line).await;
    j.approve("dana", id).await;
    let open = reads(&j, "ann", "/jit again").await;
    assert!(open.contains("is active, so there is nothing to ask again"), "{open}");
    j.until_over().await;
    let again = types(&j, "ann", "/jit again").await;
    let (first, second) = (j.dossier(id).await.request.ask, j.dossier(again).await.request.ask);
    assert_eq!(first, second);
    j.deny("dana", again, "once was enough").await;
    // By a word of it, too; and not when the rules say no by now.
    let third = types(&j, "ann", "/jit again wiki").await;
    assert_eq!(j.dossier(third).await.request.ask, first);
    j.deny("dana", third, "twice, too").await;
    let other = reads(&j, "ann", "/jit again reports").await;
    assert!(other.contains("No request of yours for `reports`"), "{other}");
    j.is_now("ann", |ann| ann.employment = Employment::Contractor).await;
    let refused = reads(&j, "ann", "/jit again").await;
    assert!(refused.contains("again as in") && refused.contains("never[0] of wiki/read"), "{refused}");
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_tells_each_decision_with_its_rule_and_stays_true_when_policies_change() {
    let j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    j.click("ann", id, APPROVAL, "jit_approve").await;
    let answer = j.submit("frank", Verb::Deny { request: id, reason: "because I say so".to_owned() }).await;
    assert!(matches!(answer, Answer::Refused(_)), "{answer:?}");
    j.approve("dana", id).await;
    let why = reads(&j, "ann", &format!("/jit why {id}")).await;
    for part in [
        "eligible[0] of wiki/read",
        "asked Dana (manager)",
        "tried to approve, and was refused",
        "nobody decides on their own request",
        "tried to deny, and was refused",
        "approved stage 1 (1 of 1)",
        "dana@example.com is one of its approvers",
        "Looked at once more before anything was given",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    // An owner and an approver read it; others don't.
    for who in ["bob", "dana"] {
        assert_eq!(reads(&j, who, &format!("/jit why {id}")).await, why, "{who}");
    }
    let hidden = reads(&j, "frank", &format!("/jit why {id}")).await;
    assert!(hidden.contains("is shown to its requester"), "{hidden}");
    // What was kept then is what is told, whatever the policies say now.
    let mut policies = (*j.engine().policies()).clone();
    policies.apps.clear();
    j.engine().set_policies(std::sync::Arc::new(policies));
    assert_eq!(reads(&j, "ann", &format!("/jit why {id}")).await, why);
    j.until_over().await;
    let why = reads(&j, "ann", &format!("/jit why {id}")).await;
    assert!(why.contains("Ended: its time ran out"), "{why}");
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_alone_tells_the_last_refusal() {
    let j = Journey::start().await;
    let nothing = reads(&j, "carol", "/jit why").await;
    assert!(nothing.contains("Nothing that you asked for was refused"), "{nothing}");
    let _ = j.try_ask("carol", "wiki/read", "1h").await.unwrap_err();
    let why = reads(&j, "carol", "/jit why").await;
    assert!(why.contains("`wiki/read` for 1 hour") && why.contains("never[0] of wiki/read"), "{why}");
    let others = reads(&j, "ann", "/jit why").await;
    assert!(others.contains("Nothing that you asked for was refused"), "{others}");
    j.end().await;
}
