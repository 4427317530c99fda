//! Jira is down for six hours and Slack for one, with fifty requests under way.

use std::collections::BTreeMap;
use std::time::Duration;

use jitney::engine::Verb;
use jitney::ids::RequestId;
use jitney::lifecycle::{Answer, StateWord};
use jitney::playground::slack::Outage;
use jitney::policy::Ask;
use jitney::time::Span;

use super::crowd::{PEOPLE, ROLES, approver_of, many_roles};
use super::stage::Journey;

impl Journey {
    /// Without Slack.
    async fn ask_directly(&self, who: &str, role: usize, length: Span) -> RequestId {
        let ask = Ask {
            role: format!("many/r{role}").parse().unwrap(),
            duration: length,
            starts_at: None,
            justification: "something there wants mending".to_owned(),
            ticket: None,
            fields: BTreeMap::new(),
        };
        match self.submit(who, Verb::Ask(ask)).await {
            Answer::Submitted { request, .. } | Answer::Granting { request, .. } => request,
            other => panic!("{other:?}"),
        }
    }

    async fn approve_directly(&self, id: RequestId) {
        let asker = self.dossier(id).await.request.requester.id;
        let answer = self.submit(approver_of(&asker), Verb::Approve { request: id, at_most: None }).await;
        assert_eq!(answer, Answer::Granting { request: id, shortened: None });
    }

    async fn count(&self, state: StateWord) -> usize {
        self.all().await.iter().filter(|r| r.state.word() == state).count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_six_hours_without_jira_and_one_without_slack_everything_is_told_once_and_in_order() {
    let j = Journey::start_with(|slack| slack.limits.rates.on = false, many_roles).await;
    let mut ids: Vec<Vec<RequestId>> = Vec::new();
    // Before: twenty, of which ten wait for their approval.
    for role in 0..4 {
        let mut row = Vec::new();
        for who in PEOPLE {
            row.push(j.ask_directly(who, role, Span::mins(45 + 60 * role as u64)).await);
        }
        ids.push(row);
    }
    j.rest().await;
    assert_eq!((j.count(StateWord::Active).await, j.count(StateWord::Pending).await), (10, 10));
    j.look_through().await;

    j.world.jira.down(true);
    j.slack().outage(Outage::Unreachable);
    for role in 4..ROLES {
        let mut row = Vec::new();
        for who in PEOPLE {
            row.push(j.ask_directly(who, role, Span::mins(30 * role as u64 - 60)).await);
            j.world.rest().await.unwrap();
            j.world.playground.clock.jump_to(j.now() + Span::secs(10));
        }
        ids.push(row);
    }
    // Grants go on meanwhile.
    for id in &ids[1] {
        j.approve_directly(*id).await;
    }
    j.rest().await;
    assert_eq!((j.count(StateWord::Active).await, j.count(StateWord::Pending).await), (30, 20));
    assert_eq!(j.logins().len(), 30);
    j.minutes(30).await;
    j.submit("ann", Verb::Release { request: ids[2][0] }).await;
    for id in &ids[3] {
        j.submit("ann", Verb::Withdraw { request: *id, reason: None }).await;
    }
    // And so do revocations: the first five end after 45 minutes.
    j.minutes(30).await;
    assert_eq!(j.count(StateWord::Withdrawn).await, 1, "ann's own");
    assert_eq!(
        j.count(StateWord::Revoked).await,
        11,
        "five by time, one given back, five short ones of an hour"
    );
    assert_eq!(j.logins().len(), j.count(StateWord::Active).await);

    // Slack is back, Jira is not.
    j.slack().outage(Outage::None);
    let limit = Duration::from_secs(60);
    j.slack().wait_for(limit, |s| (s.links > 0).then_some(())).await.unwrap();
    j.minutes(10).await;
    for row in [5, 7] {
        for (who, id) in PEOPLE.iter().zip(&ids[row]) {
            let approver = approver_of(&super::stage::person(who));
            let said = j.click(approver, *id, super::stage::APPROVAL, "jit_approve").await;
            assert!(said.contains("approved in full"), "{said}");
        }
    }
    j.minutes(290).await;
    assert_eq!(j.logins().len(), j.count(StateWord::Active).await);

    j.world.jira.down(false);
    j.minutes(15).await;
    assert_eq!(j.all().await.len(), 50);
    j.look_through().await;
    j.end().await;
}
