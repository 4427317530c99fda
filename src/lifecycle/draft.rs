//! A change in the making: the request as it will be, and what it will owe.

use super::{
    Actor, Answer, Change, DmKind, Effect, Entry, Event, Facts, FollowUp, LockdownChange, NudgeKind, Op,
    Presence, Request, Step, View, What,
};
use crate::ids::{RequestId, TargetId};
use crate::policy::Reason;
use crate::time::{Span, Timestamp};

/// A target's own expiry is set this much later than the grant's end, so that ours comes first.
const NATIVE_GRACE: Span = Span::mins(5);
/// The first retry comes after this; each further one after twice as long.
const FIRST_RETRY: Span = Span::secs(2);
/// Retries while granting come at least this often: a person waits.
const GRANT_RETRY_CAP: Span = Span::secs(30);
/// Retries while revoking come at least this often, for ever.
const REVOKE_RETRY_CAP: Span = Span::mins(5);
/// A call without an answer may land this long after it was given up.
pub(super) const LATE_LANDING: Span = Span::secs(60);

/// A change in the making.
pub(super) struct Draft<'a> {
    pub(super) request: Request,
    pub(super) facts: &'a Facts,
    pub(super) now: Timestamp,
    by: Actor,
    /// What the next entry rests on.
    because: Vec<Reason>,
    effects: Vec<Effect>,
    entries: Vec<Entry>,
    follow_ups: Vec<FollowUp>,
    lockdowns: Vec<LockdownChange>,
    /// Messages that are owed even when nothing is told.
    reminders: Vec<View>,
    erase_credential: bool,
    rows: Vec<u8>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(request: Request, by: Actor, facts: &'a Facts, now: Timestamp) -> Self {
        Self {
            request,
            facts,
            now,
            by,
            because: Vec::new(),
            effects: Vec::new(),
            entries: Vec::new(),
            follow_ups: Vec::new(),
            lockdowns: Vec::new(),
            reminders: Vec::new(),
            erase_credential: false,
            rows: Vec::new(),
        }
    }

    /// Counts a row of the state table as taken.
    pub(super) fn row(&mut self, row: u8) {
        self.rows.push(row);
    }

    /// The rules that the next entry rests on: kept with it.
    pub(super) fn because(&mut self, rules: &[Reason]) {
        self.because = rules.to_vec();
    }

    /// Tells a transition: an entry on the ticket and a record in the audit log.
    pub(super) fn tell(&mut self, what: What) {
        self.tell_by(self.by.clone(), what);
    }

    /// Tells what Jitney did by itself because of what somebody did.
    pub(super) fn tell_jitney(&mut self, what: What) {
        self.tell_by(Actor::Jitney, what);
    }

    /// Tells what somebody did.
    pub(super) fn tell_by(&mut self, by: Actor, what: What) {
        let id = self.request.take_entry_id();
        let because = std::mem::take(&mut self.because);
        self.entries.push(Entry { id, at: self.now, by, what, because });
    }

    /// Adds a message to the request's messages.
    pub(super) fn show(&mut self, view: View) {
        self.request.views.insert(view);
    }

    /// Adds a message though nothing is told: a reminder changes nothing that a ticket or the log must say.
    pub(super) fn show_quietly(&mut self, view: View) {
        self.show(view);
        self.reminders.push(view);
    }

    /// Adds the next direct message of a kind.
    pub(super) fn dm(&mut self, kind: DmKind) {
        let number = self.next_number(|view| match view {
            View::Dm { kind: k, number } if *k == kind => Some(*number),
            View::Dm { .. }
            | View::Card
            | View::Approval { .. }
            | View::Log
            | View::Nudge { .. }
            | View::Copy { .. }
            | View::Question { .. }
            | View::Answer { .. }
            | View::Security
            | View::Review { .. }
            | View::ReviewCopy { .. }
            | View::Finding => None,
        });
        self.show(View::Dm { kind, number });
    }

    /// Adds the next nudge of a kind.
    pub(super) fn nudge(&mut self, kind: NudgeKind) {
        let number = self.next_number(|view| match view {
            View::Nudge { kind: k, number } if *k == kind => Some(*number),
            View::Nudge { .. }
            | View::Card
            | View::Approval { .. }
            | View::Log
            | View::Dm { .. }
            | View::Copy { .. }
            | View::Question { .. }
            | View::Answer { .. }
            | View::Security
            | View::Review { .. }
            | View::ReviewCopy { .. }
            | View::Finding => None,
        });
        self.show(View::Nudge { kind, number });
    }

    fn next_number(&self, number: impl Fn(&View) -> Option<u32>) -> u32 {
        self.request.views.iter().filter_map(number).max().unwrap_or(0) + 1
    }

    /// Another request hears of it.
    pub(super) fn follow_up(&mut self, request: RequestId, event: Event) {
        self.follow_ups.push(FollowUp { request, event });
    }

    pub(super) fn lock(&mut self, target: TargetId) {
        self.lockdowns.push(LockdownChange::Place(target));
    }

    pub(super) fn lift_lockdowns(&mut self) {
        self.lockdowns.push(LockdownChange::LiftAll);
        for held in self.facts.held.clone() {
            self.follow_up(held, Event::HoldLifted);
        }
    }

    /// Erases the sealed credential; it is never shown after this.
    pub(super) fn erase_credential(&mut self) {
        if let Some(credential) = self.request.credential.as_mut()
            && !credential.erased
        {
            credential.erased = true;
            self.erase_credential = true;
        }
    }

    /// The step, and what is known of it.
    pub(super) fn step(&self, index: usize) -> Option<&Step> {
        self.request.steps.get(index)
    }

    pub(super) fn step_mut(&mut self, index: usize) -> Option<&mut Step> {
        self.request.steps.get_mut(index)
    }

    /// The step in words.
    pub(super) fn label(&self, index: usize) -> String {
        self.request.terms.steps.get(index).map(|s| s.label.clone()).unwrap_or_default()
    }

    pub(super) fn target(&self, index: usize) -> Option<TargetId> {
        self.request.terms.steps.get(index).map(|s| s.target.clone())
    }

    /// Asks the target. From a grant on, the entitlement may be there.
    pub(super) fn call(&mut self, index: usize, op: Op) {
        let native_expiry = self.native_expiry(index);
        let id = self.request.take_effect_id();
        let Some(step) = self.request.steps.get_mut(index) else { return };
        step.in_flight = Some(super::request::InFlight { effect: id, op });
        step.next_op = None;
        step.retry_at = None;
        match op {
            Op::Grant if step.presence == Presence::Untouched => step.presence = Presence::Unknown,
            Op::Revoke => step.revoke_sent = true,
            Op::Grant | Op::Snapshot | Op::Verify | Op::Extend | Op::VerifyGone | Op::Recheck => {}
        }
        self.effects.push(Effect::Target { id, step: number(index), op, native_expiry });
    }

    /// The latest end of all live grants that share the entitlement, with the grace.
    fn native_expiry(&self, index: usize) -> Timestamp {
        let own = self.request.times.map_or(self.now, |t| match t.active_at {
            Some(_) => t.expires_at,
            None => t.not_after,
        });
        let others = self.claims(index).filter(|c| c.live).map(|c| c.ends_at);
        others.fold(own, Timestamp::max) + NATIVE_GRACE
    }

    /// Other requests' holds on this step's entitlement; none on a per-grant artefact.
    pub(super) fn claims(&self, index: usize) -> impl Iterator<Item = &'a super::Claim> + use<'a> {
        let shared = self.request.terms.steps.get(index).is_some_and(|s| s.shared);
        let claims = if shared { self.facts.claims.as_slice() } else { &[] };
        claims.iter().filter(move |c| c.step == number(index))
    }

    /// Counts a failed call and plans the next one. Tells it at growing intervals.
    pub(super) fn failed(
        &mut self,
        index: usize,
        next: Op,
        error: &str,
        after: Option<Span>,
        revoking: bool,
    ) {
        let label = self.label(index);
        let jitter = self.facts.jitter;
        let now = self.now;
        let Some(step) = self.request.steps.get_mut(index) else { return };
        let op = step.in_flight.take().map_or(next, |f| f.op);
        step.failures = step.failures.saturating_add(1);
        step.last_error = Some(error.to_owned());
        let cap = if revoking { REVOKE_RETRY_CAP } else { GRANT_RETRY_CAP };
        let wait = back_off(step.failures, cap, jitter).max(after.unwrap_or(Span::ZERO).min(cap));
        step.next_op = Some(next);
        step.retry_at = Some(now + wait);
        let failures = step.failures;
        if failures.is_power_of_two() {
            self.tell_jitney(What::CallFailed {
                step: number(index),
                label,
                op,
                error: error.to_owned(),
                failures,
            });
        }
    }

    /// Finishes: whatever says something of the request is stale when something was told.
    pub(super) fn finish(mut self, answer: Answer) -> Change {
        if self.entries.is_empty() {
            self.effects.extend(self.reminders.iter().copied().map(Effect::Show));
        } else {
            self.effects.push(Effect::Ticket);
            self.effects.extend(self.request.views.iter().copied().map(Effect::Show));
        }
        self.rows.sort_unstable();
        self.rows.dedup();
        Change {
            request: self.request,
            effects: self.effects,
            entries: self.entries,
            follow_ups: self.follow_ups,
            lockdowns: self.lockdowns,
            erase_credential: self.erase_credential,
            answer,
            rows: self.rows,
        }
    }
}

/// An index as it is written down. Roles have at most ten steps.
pub(super) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// 2 s, 4 s, 8 s … up to `cap`, each a quarter shorter or longer by `jitter` (0 to 999).
fn back_off(failures: u32, cap: Span, jitter: u32) -> Span {
    let doublings = failures.saturating_sub(1).min(20);
    let plain = FIRST_RETRY.times(1_u64 << doublings).min(cap);
    Span::millis(plain.as_millis() * (750 + u64::from(jitter.min(999)) / 2) / 1000).min(cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_to_its_cap_and_spreads_by_a_quarter() {
        let cap = Span::mins(5);
        assert_eq!(back_off(1, cap, 500), Span::secs(2));
        assert_eq!(back_off(3, cap, 500), Span::secs(8));
        assert_eq!(back_off(60, cap, 500), cap);
        assert_eq!(back_off(1, cap, 0), Span::millis(1500));
        assert!(back_off(1, cap, 999) < Span::millis(2501));
        assert_eq!(back_off(60, cap, 999), cap, "never later than the cap");
    }
}
