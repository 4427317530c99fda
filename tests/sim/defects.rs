//! Deliberate defects: the shipped rules, wrapped so that each lacks one thing. Each must be found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jitney::ids::RequestId;
use jitney::lifecycle::{
    Change, Claim, Effect, Event, Evidence, Facts, Kind, Lifecycle, Op, Outcome, Presence, Refusal, Request,
    Rules, State, StateWord, Submission, What,
};
use jitney::policy::Verdict;
use jitney::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    NoRecheck,
    GiveUpAfterSix,
    TrustTheRevokesAnswer,
    RequesterMayApprove,
    SettleEffectsNotInFlight,
    RevokeOnlyWhatIsKnownPresent,
    HandOverPerGrantArtefacts,
    GiveAllThatWasAsked,
    GiveInADrill,
    /// The clock's: the rules are sound, the engine's monotonic reading is frozen and the wall set back a day.
    ClockSetBackADay,
}

impl Defect {
    pub const ALL: [Self; 10] = [
        Self::NoRecheck,
        Self::GiveUpAfterSix,
        Self::TrustTheRevokesAnswer,
        Self::RequesterMayApprove,
        Self::SettleEffectsNotInFlight,
        Self::RevokeOnlyWhatIsKnownPresent,
        Self::HandOverPerGrantArtefacts,
        Self::GiveAllThatWasAsked,
        Self::GiveInADrill,
        Self::ClockSetBackADay,
    ];

    /// A seed that has found it: tried first, to be quick. When the stories change, others find it.
    pub const fn found_before(self) -> u64 {
        match self {
            Self::NoRecheck => 62,
            Self::RevokeOnlyWhatIsKnownPresent => 236,
            Self::GiveUpAfterSix => 1,
            Self::GiveAllThatWasAsked => 3,
            Self::TrustTheRevokesAnswer | Self::GiveInADrill => 0,
            Self::RequesterMayApprove | Self::ClockSetBackADay => 2,
            Self::SettleEffectsNotInFlight => 1041,
            Self::HandOverPerGrantArtefacts => 6,
        }
    }
}

/// What the rules decided so far.
#[derive(Debug, Default)]
pub struct Seen {
    pub requests: BTreeMap<RequestId, Request>,
    /// Visits of each row of the state table.
    pub rows: BTreeMap<u8, u64>,
    /// A terminal state that changed.
    pub unsettled: Vec<String>,
    /// Requests that came to be revoked since the last look.
    pub newly_revoked: Vec<RequestId>,
    /// Decided since the last look; a refusal may have rolled some of it back.
    pub touched: BTreeSet<RequestId>,
}

/// The shipped rules with a recorder, and with a defect or without.
pub struct Watched {
    pub defect: Option<Defect>,
    pub seen: Arc<Mutex<Seen>>,
}

impl Rules for Watched {
    fn submit(&self, submission: Submission, facts: &Facts, now: Timestamp) -> Result<Change, Refusal> {
        let result = match (self.defect, submission.kind) {
            (Some(Defect::GiveInADrill), kind @ Kind::Drill { .. }) => {
                let real = Submission { kind: Kind::BreakGlass, ..submission };
                Lifecycle.submit(real, facts, now).map(|mut change| {
                    change.request.kind = kind;
                    change
                })
            }
            _ => Lifecycle.submit(submission, facts, now),
        };
        self.record(None, &result);
        if result.is_err() {
            self.visit(5);
        }
        result
    }

    fn step(
        &self,
        request: &Request,
        event: &Event,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        let result = match self.defect {
            Some(defect) => self.defective(defect, request, event, facts, now),
            None => Lifecycle.step(request, event, facts, now),
        };
        match &result {
            Err(Refusal::NotInFlight) => self.visit(30),
            Err(_) => self.visit(31),
            Ok(_) => {}
        }
        self.record(Some(request), &result);
        result
    }
}

impl Watched {
    fn visit(&self, row: u8) {
        *self.seen.lock().unwrap().rows.entry(row).or_default() += 1;
    }

    fn record(&self, before: Option<&Request>, result: &Result<Change, Refusal>) {
        let Ok(change) = result else { return };
        let mut seen = self.seen.lock().unwrap();
        for row in &change.rows {
            *seen.rows.entry(*row).or_default() += 1;
        }
        let after = &change.request;
        if let Some(before) = before {
            let terminal = match before.state.word() {
                StateWord::Denied | StateWord::Withdrawn | StateWord::Lapsed | StateWord::Applied => true,
                StateWord::Pending
                | StateWord::Scheduled
                | StateWord::Granting
                | StateWord::Active
                | StateWord::Revoking
                | StateWord::Revoked => false,
            };
            if terminal && before.state.word() != after.state.word() {
                seen.unsettled
                    .push(format!("{} was {:?} and became {:?}", after.id, before.state, after.state));
            }
            if before.state.word() != StateWord::Revoked && after.state.word() == StateWord::Revoked {
                seen.newly_revoked.push(after.id);
            }
        }
        seen.touched.insert(after.id);
        seen.requests.insert(after.id, after.clone());
    }

    fn defective(
        &self,
        defect: Defect,
        request: &Request,
        event: &Event,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        let plain = || Lifecycle.step(request, event, facts, now);
        match defect {
            Defect::ClockSetBackADay | Defect::GiveInADrill => plain(),
            Defect::NoRecheck => plain().map(without_recheck),
            Defect::GiveUpAfterSix => plain().map(give_up),
            Defect::TrustTheRevokesAnswer => plain().and_then(|c| trust(c, event, facts, now)),
            Defect::RequesterMayApprove => {
                let mut facts = facts.clone();
                if let (Event::Approve { by, .. }, State::Pending(pending)) = (event, &request.state)
                    && by.person() == Some(&request.requester.id)
                {
                    facts.verdict = Verdict::Granted(Vec::new());
                    facts.valid_votes.insert((request.requester.id.clone(), pending.stage));
                }
                Lifecycle.step(request, event, &facts, now)
            }
            Defect::SettleEffectsNotInFlight => match plain() {
                Err(Refusal::NotInFlight) => {
                    let any = request.steps.iter().find_map(|s| s.in_flight);
                    let (Some(flight), Event::Settled { outcome, resumed, .. }) = (any, event) else {
                        return Err(Refusal::NotInFlight);
                    };
                    let event =
                        Event::Settled { effect: flight.effect, outcome: outcome.clone(), resumed: *resumed };
                    Lifecycle.step(request, &event, facts, now)
                }
                other => other,
            },
            Defect::RevokeOnlyWhatIsKnownPresent => {
                let ends = matches!(
                    event,
                    Event::Tick | Event::Release { .. } | Event::Revoke { .. } | Event::Settled { .. }
                );
                let granting = matches!(request.state, State::Granting);
                let change = plain()?;
                if !(ends && granting && matches!(change.request.state, State::Revoking { .. })) {
                    return Ok(change);
                }
                let mut known = request.clone();
                for step in known
                    .steps
                    .iter_mut()
                    .filter(|s| s.presence == Presence::Unknown && s.in_flight.is_none())
                {
                    step.presence = Presence::Untouched;
                }
                Lifecycle.step(&known, event, facts, now)
            }
            Defect::GiveAllThatWasAsked => plain().map(all_that_was_asked),
            Defect::HandOverPerGrantArtefacts => self.hand_over(request, event, facts, now),
        }
    }

    /// Pretends that logins of one grant are shared with the person's other live grants on the target.
    fn hand_over(
        &self,
        request: &Request,
        event: &Event,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        let mut altered = request.clone();
        let mut facts = facts.clone();
        let seen = self.seen.lock().unwrap().requests.clone();
        let mut own = BTreeSet::new();
        for (index, terms) in altered.terms.steps.iter_mut().enumerate().filter(|(_, t)| !t.shared) {
            own.insert(index);
            terms.shared = true;
            let live = seen.values().filter(|r| {
                r.id != request.id
                    && r.requester.id == request.requester.id
                    && matches!(r.state, State::Active { .. })
                    && !matches!(r.kind, Kind::Extension { .. })
            });
            for other in live {
                let Some(their_step) = other.terms.steps.iter().position(|s| s.target == terms.target) else {
                    continue;
                };
                facts.claims.push(Claim {
                    step: u32::try_from(index).unwrap(),
                    request: other.id,
                    their_step: u32::try_from(their_step).unwrap(),
                    live: true,
                    ours: true,
                    closing: false,
                    ends_at: other.times.unwrap().expires_at,
                    quiet_until: None,
                });
            }
        }
        let mut change = Lifecycle.step(&altered, event, &facts, now)?;
        for index in own {
            change.request.terms.steps[index].shared = false;
        }
        Ok(change)
    }
}

fn without_recheck(mut change: Change) -> Change {
    if let State::Revoked { recheck_at, .. } = &mut change.request.state {
        *recheck_at = None;
        for step in &mut change.request.steps {
            step.next_op = None;
            step.retry_at = None;
        }
    }
    change
}

/// As if no approval had been for less.
fn all_that_was_asked(mut change: Change) -> Change {
    let activated = change.entries.iter().any(|entry| matches!(entry.what, What::Activated { .. }));
    if let (true, Some(times)) = (activated, change.request.times.as_mut()) {
        times.expires_at = times.active_at.unwrap() + change.request.ask.duration;
        times.not_after = times.not_after.max(times.expires_at);
    }
    change
}

fn give_up(mut change: Change) -> Change {
    if let State::Revoking { cause, .. } = &change.request.state
        && change.request.steps.iter().any(|s| s.failures >= 6)
    {
        change.request.state = State::Revoked { cause: cause.clone(), recheck_at: None };
        for step in &mut change.request.steps {
            step.presence = Presence::Absent;
            step.next_op = None;
            step.retry_at = None;
            step.in_flight = None;
        }
        change.effects.retain(|e| !matches!(e, Effect::Target { .. }));
    }
    change
}

/// Takes the revoke's word for it: the look is answered without being asked.
fn trust(change: Change, event: &Event, facts: &Facts, now: Timestamp) -> Result<Change, Refusal> {
    let Event::Settled { outcome: Outcome::Done(_), .. } = event else { return Ok(change) };
    let look = change.effects.iter().find_map(|e| match e {
        Effect::Target { id, op: Op::VerifyGone, .. } => Some(*id),
        Effect::Target { .. } | Effect::Ticket | Effect::Show(_) => None,
    });
    let Some(look) = look else { return Ok(change) };
    let evidence = Evidence { method: "trusted".to_owned(), answer: "gone".to_owned(), at: now };
    let answered = Event::Settled { effect: look, outcome: Outcome::NotFound(evidence), resumed: false };
    let mut after = Lifecycle.step(&change.request, &answered, facts, now)?;
    let mut effects = change.effects;
    effects.retain(|e| !matches!(e, Effect::Target { id, .. } if *id == look));
    effects.append(&mut after.effects);
    let mut entries = change.entries;
    entries.append(&mut after.entries);
    let mut rows = change.rows;
    rows.append(&mut after.rows);
    Ok(Change { effects, entries, rows, ..after })
}
