//! Links that break, end with a notice, and deliver twice, while people act: nothing is lost, and nothing happens
//! twice.

use std::time::Duration;

use futures_util::future::join_all;
use jitney::ids::RequestId;
use jitney::lifecycle::StateWord;
use jitney::playground::people::ACCESS_CHANNEL;
use jitney::playground::slack::{DisconnectReason, Fault, Outage, Settings};
use jitney::time::Span;
use tokio::sync::watch;

use super::crowd::{PEOPLE, ROLES, approver_of, many_roles};
use super::persistence::Acts;
use super::stage::{ACTIVE, APPROVAL, CARD, Journey, SOON};

const LENGTH: &str = "4h";

/// Everybody asks for all of these roles, one after the other, each person at their own pace.
async fn everybody_asks(
    j: &Journey,
    acts: &Acts,
    roles: std::ops::Range<usize>,
    pause: Duration,
) -> Vec<RequestId> {
    let each = PEOPLE.map(|who| {
        let roles = roles.clone();
        async move {
            let mut ids = Vec::new();
            for role in roles {
                ids.push(j.insist_on_asking(acts, who, &format!("many/r{role}"), LENGTH).await);
                tokio::time::sleep(pause).await;
            }
            ids
        }
    });
    join_all(each).await.concat()
}

/// Those of these requests that wait, with their approvers.
async fn waiting(j: &Journey, ids: &[RequestId]) -> Vec<(&'static str, RequestId)> {
    let mut waiting = Vec::new();
    for id in ids {
        let request = j.dossier(*id).await.request;
        if request.state.word() == StateWord::Pending {
            waiting.push((approver_of(&request.requester.id), *id));
        }
    }
    waiting
}

/// Each approver goes through what waits for them.
async fn approvers_agree(j: &Journey, acts: &Acts, waiting: &[(&str, RequestId)], pause: Duration) {
    let each = ["bob", "dana", "erin"].map(|approver| async move {
        for (_, id) in waiting.iter().filter(|(who, _)| *who == approver) {
            let said = j.insist_on_clicking(acts, approver, *id, APPROVAL, "jit_approve").await;
            let heard_before = said.contains("That is not possible now");
            assert!(said.contains("approved in full") || heard_before, "{said}");
            tokio::time::sleep(pause).await;
        }
    });
    join_all(each).await;
}

impl Journey {
    /// Every wish became one request, and each that needed an approval was approved once.
    async fn each_came_once(&self, ids: &[RequestId]) {
        let mut all: Vec<RequestId> = self.all().await.iter().map(|request| request.id).collect();
        let mut wished = ids.to_vec();
        all.sort_unstable();
        wished.sort_unstable();
        assert_eq!(all, wished, "one request for each wish");
        for request in self.all().await {
            self.is(request.id, StateWord::Active).await;
            assert_eq!(self.times(request.id, "submitted").await, 1);
            let needs = usize::from(request.terms.tier.auto_under.is_none());
            assert_eq!(self.times(request.id, "approved").await, needs, "{}", request.id);
            assert!(self.words(request.id, CARD).await.contains("Active"), "the card of {}", request.id);
        }
        self.look_through().await;
    }

    /// What approvers were told of these requests.
    fn answers(&self, ids: &[RequestId]) -> usize {
        let told = |who| ids.iter().map(|id| self.told_of(who, *id).len()).sum::<usize>();
        ["bob", "dana", "erin"].into_iter().map(told).sum()
    }

    /// Waits until both links are up.
    async fn has_two_links(&self) {
        self.slack().wait_for(SOON, |s| (s.links == 2).then_some(())).await.expect("two links");
    }

    /// Nobody saw a warning sign, and everything was acknowledged.
    fn nobody_was_left_without_an_answer(&self) {
        let snapshot = self.slack().snapshot();
        assert_eq!(snapshot.warnings, []);
        let silent: Vec<_> = snapshot.envelopes.iter().filter(|e| e.acked_after_ms.is_none()).collect();
        assert!(silent.is_empty(), "{silent:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_minutes_without_slack_in_the_middle_of_fifty_requests_lose_and_double_nothing() {
    let j = Journey::start_with(|slack| slack.limits.rates.on = false, many_roles).await;
    let (acts, at_once) = (Acts::default(), Duration::ZERO);
    let mut ids = everybody_asks(&j, &acts, 0..4, at_once).await;
    j.rest().await;
    let waits = waiting(&j, &ids).await;
    assert_eq!((ids.len(), waits.len()), (20, 10));

    // Ten more are asked and five approvals made; then Slack is gone, with the last answers on their way.
    let (gone, is_gone) = watch::channel(false);
    let (before, after) = waits.split_at(5);
    let approving = async {
        approvers_agree(&j, &acts, before, at_once).await;
        is_gone.clone().wait_for(|gone| *gone).await.unwrap();
        approvers_agree(&j, &acts, after, at_once).await;
    };
    let outage = async {
        while j.all().await.len() < 30 {
            tokio::task::yield_now().await;
        }
        j.slack().fail_next("chat.postMessage", 2, &Fault::DropAfterApply);
        j.slack().fail_next("chat.update", 2, &Fault::DropAfterApply);
        j.slack().outage(Outage::Unreachable);
        gone.send_replace(true);
        j.minutes(10).await;
        assert!(j.all().await.len() < 50, "Slack was to go in the middle");
        j.slack().outage(Outage::None);
    };
    let (asked, (), ()) = tokio::join!(everybody_asks(&j, &acts, 4..10, at_once), approving, outage);
    assert!(acts.in_vain() > 0, "nobody noticed that Slack was away");
    ids.extend(asked);
    j.minutes(10).await;
    let waits = waiting(&j, &ids).await;
    assert_eq!((ids.len(), waits.len()), (50, 15));
    approvers_agree(&j, &acts, &waits, at_once).await;
    j.minutes(5).await;
    j.each_came_once(&ids).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_drops_every_second_loses_and_doubles_nothing() {
    let shape = |slack: &mut Settings| {
        slack.limits.rates.on = false;
        // So much is not answered here that three seconds for each would be long.
        slack.limits.ack = Duration::from_secs(1);
    };
    let j = Journey::start_with(shape, many_roles).await;
    let (acts, pause) = (Acts::default(), Duration::from_millis(150));
    j.has_two_links().await;
    j.slack().cut_behind(Some(7));
    let acting = async {
        let ids = everybody_asks(&j, &acts, 0..4, pause).await;
        j.rest().await;
        let waits = waiting(&j, &ids).await;
        approvers_agree(&j, &acts, &waits, pause).await;
        ids
    };
    let dropping = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            j.slack().cut_links();
        }
    };
    let ids = tokio::select! {
        ids = acting => ids,
        () = dropping => Vec::new(),
    };
    j.slack().cut_behind(None);
    assert_eq!(ids.len(), 20);
    j.rest().await;
    let calls = j.slack().snapshot().calls["apps.connections.open"];
    assert!(calls > 6, "the links dropped while people acted: {calls}");
    let told = j.answers(&ids);
    assert!(told <= acts.clicks(), "{told} answers to {} clicks", acts.clicks());
    j.each_came_once(&ids).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn envelopes_that_come_twice_over_two_links_are_heard_once() {
    let j = Journey::start().await;
    j.has_two_links().await;
    j.slack().duplicate_envelopes(true);
    // Commands, forms, choices and buttons of all kinds.
    let first = j.granted("ann", "wiki/read", "1h", "dana").await;
    let more = j.extend("ann", first, "30m").await;
    assert!(j.approve("dana", more).await.contains("took effect"));
    let reveal = j.remember("ann", first, ACTIVE, "jit_reveal").await;
    let _ = j.slack().click_stale(&reveal).await;
    j.modal("ann", "Your credential").await;
    j.slack().close_view("U0ANN").await.unwrap();
    assert!(j.release("ann", first).await.contains("is ending"));
    let second = j.ask("bob", "wiki/read", "1h").await;
    j.deny("dana", second, "the wiki is being moved today").await;
    j.rest().await;

    j.nobody_was_left_without_an_answer();
    // Dana approved twice; ann released. Windows and forms say what they have to say by themselves.
    assert_eq!((j.heard("dana"), j.heard("ann"), j.heard("bob")), (2, 1, 0));
    let opened: Vec<String> =
        j.slack().snapshot().views.iter().map(|view| format!("{} {}", view.user, view.title())).collect();
    assert_eq!(opened.len(), 5, "one window each: {opened:?}");
    for (id, kind) in
        [(first, "approved"), (more, "approved"), (first, "credential_revealed"), (second, "denied")]
    {
        assert_eq!(j.times(id, kind).await, 1, "{kind} of {id}");
    }
    j.until_over().await;
    j.came_and_went_once(first).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_click_is_lost_while_links_are_renewed() {
    let notice = Duration::from_secs(2);
    let shape = |slack: &mut Settings| {
        slack.limits.rates.on = false;
        slack.limits.closing_notice = notice;
    };
    let j = Journey::start_with(shape, many_roles).await;
    let acts = Acts::default();
    j.has_two_links().await;
    let mut opened = 2;
    let mut ids = Vec::new();
    for (round, reason) in
        [DisconnectReason::RefreshRequested, DisconnectReason::Warning].into_iter().enumerate()
    {
        let roles = 2 * round..2 * round + 2;
        let acting = async {
            let ids = everybody_asks(&j, &acts, roles, notice / 4).await;
            j.rest().await;
            let waits = waiting(&j, &ids).await;
            approvers_agree(&j, &acts, &waits, notice / 4).await;
            ids
        };
        let renewal = async {
            tokio::time::sleep(notice / 8).await;
            j.slack().disconnect_all(reason);
            // The successors are there before the old ones close.
            j.slack().wait_for(SOON, |s| (s.links == 4).then_some(())).await.expect("four links");
            j.has_two_links().await;
        };
        let (asked, ()) = tokio::join!(acting, renewal);
        ids.extend(asked);
        opened += 2;
        assert_eq!(j.slack().snapshot().calls["apps.connections.open"], opened);
    }
    assert_eq!(acts.in_vain(), 0);
    j.nobody_was_left_without_an_answer();
    assert_eq!((j.answers(&ids), acts.clicks()), (10, 10), "each click is answered once");
    j.pass(Span::mins(1)).await;
    j.each_came_once(&ids).await;
    j.end().await;
}

/// Without Slack's own limits in the way: it is the bot that keeps to one message a second.
fn unhurried(slack: &mut Settings) {
    slack.limits.rates.channel_burst = 10_000;
    slack.limits.rates.workspace_posts = 100_000;
    slack.limits.rates.tier_burst_minutes = 1000;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_with_a_long_queue_holds_up_neither_direct_messages_nor_tickets() {
    let j = Journey::start_with(unhurried, many_roles).await;
    let (acts, at_once) = (Acts::default(), Duration::ZERO);
    let ids = everybody_asks(&j, &acts, 0..ROLES, at_once).await;
    j.rest().await;
    assert_eq!(ids.len(), 50);
    let cards = |j: &Journey| j.slack().snapshot().messages(ACCESS_CHANNEL).count();
    assert!(cards(&j) < 50, "the channel gets one message a second: {}", cards(&j));
    let mut direct = 0;
    for id in &ids {
        direct += usize::from(j.message(*id, ACTIVE).await.is_some());
    }
    assert_eq!(direct, 25, "each whose access is there was told");
    assert_eq!(j.world.jira.issues().len(), 50, "each has its ticket");
    j.pass(Span::mins(15)).await;
    for id in &ids {
        assert!(j.message(*id, CARD).await.is_some(), "{id} has its card by now");
    }
    j.look_through().await;
    j.end().await;
}
