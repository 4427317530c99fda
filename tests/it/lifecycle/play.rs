//! Plays a script over the pure functions: several requests, virtual time, and facts computed from the requests
//! as the engine would read them. Nothing is stubbed: what other requests hold is what they hold.

use std::collections::{BTreeMap, BTreeSet};

use jitney::ids::{EffectId, PersonId, RequestId, TargetId};
use jitney::lifecycle::{
    Actor, AskedBy, Change, Context, Effect, EndCause, Event, Evidence, Facts, FollowUp, Kind,
    LockdownChange, Op, Outcome, Refusal, Request, State, Submission, WithdrawCause, next_due, step, submit,
};
use jitney::policy::{Ask, Digest};
use jitney::time::{Span, Timestamp};

use super::facts::{self, Thing, claims, thing};
use super::ledger::{Ledger, call_word};
use super::promises::Promises;
use super::script::{Act, Line, Wait, Who, Word};
use super::world::{World, name};

/// Ticks that one request may take at one moment: a reminder and an escalation may fall together, no more.
const TICKS_AT_ONCE: u32 = 4;

/// A call that a request sent.
#[derive(Debug, Clone)]
struct Sent {
    effect: EffectId,
    request: RequestId,
    step: u32,
    op: Op,
}

pub(crate) struct Play {
    now: Timestamp,
    world: World,
    requests: BTreeMap<RequestId, Request>,
    /// By the stuck request that placed them.
    lockdowns: BTreeMap<RequestId, (PersonId, BTreeSet<TargetId>)>,
    /// The first of each is out; the others wait.
    lanes: BTreeMap<Thing, Vec<Sent>>,
    last_answers: BTreeMap<(RequestId, u32), Event>,
    ledger: Ledger,
    promises: Promises,
    rows: BTreeSet<u8>,
}

/// Plays all lines; the ledger, and the rows of the state table that were taken.
pub(crate) fn play(lines: &[Line]) -> Result<(String, BTreeSet<u8>), String> {
    let mut play = Play::new();
    let mut taken = BTreeSet::new();
    for line in lines {
        play.rows.clear();
        play.line(line).map_err(|why| {
            format!("line {}: {why}\n  {}\n\n{}", line.number, line.text, play.ledger.text())
        })?;
        if let Some(row) = line.rows.iter().find(|row| !play.rows.contains(*row)) {
            return Err(format!(
                "line {}: it takes rows {:?}, not row {row}\n  {}\n\n{}",
                line.number,
                play.rows,
                line.text,
                play.ledger.text()
            ));
        }
        taken.append(&mut play.rows);
    }
    Ok((play.ledger.into_text(), taken))
}

impl Play {
    fn new() -> Self {
        let start = Timestamp::from_millis(1_800_000_000_000);
        Self {
            now: start,
            world: World::new(),
            requests: BTreeMap::new(),
            lockdowns: BTreeMap::new(),
            lanes: BTreeMap::new(),
            last_answers: BTreeMap::new(),
            ledger: Ledger::new(start),
            promises: Promises::default(),
            rows: BTreeSet::new(),
        }
    }

    fn line(&mut self, line: &Line) -> Result<(), String> {
        if line.act.is_none() && line.wait.is_none() {
            self.ledger.remark(&line.text);
            return Ok(());
        }
        match line.wait {
            None => {}
            Some(Wait::Awake(span)) => {
                let until = self.now + span;
                self.ledger.wait(&line.wait_text);
                self.pass_time(until)?;
                self.now = until;
            }
            Some(Wait::Asleep(span)) => {
                self.ledger.wait(&line.wait_text);
                self.now = self.now + span;
            }
        }
        match &line.act {
            Some(act) => {
                self.ledger.line(self.now, &line.said);
                self.act(act)
            }
            None => Ok(()),
        }
    }

    /// Everything that falls due up to then, each at its moment, or now when that is over.
    fn pass_time(&mut self, until: Timestamp) -> Result<(), String> {
        let mut ticks: BTreeMap<(RequestId, Timestamp), u32> = BTreeMap::new();
        loop {
            let dues = self.requests.values().filter_map(|r| next_due(r).map(|(at, due)| (at, due, r.id)));
            let Some((at, due, id)) = dues.filter(|(at, ..)| *at <= until).min() else { return Ok(()) };
            self.now = self.now.max(at);
            let count = ticks.entry((id, self.now)).or_default();
            *count += 1;
            if *count > TICKS_AT_ONCE {
                return Err(format!("the timer of {id} spins: {due:?} is due again and again"));
            }
            self.ledger.tick(self.now, id, due);
            self.event(id, Event::Tick)?;
        }
    }

    fn act(&mut self, act: &Act) -> Result<(), String> {
        match act {
            Act::Asks { who, role, duration, starts_in } => {
                let starts_at = starts_in.map(|span| self.now + span);
                self.submits(who, ask(role, *duration, starts_at), Kind::New)
            }
            Act::AsksFor { who, whom, role, duration } => {
                self.submits_for(whom, Some(who), ask(role, *duration, None), Kind::New)
            }
            Act::Confirms { who, request, agrees } => {
                self.event(*request, Event::Confirm { by: actor(who), agrees: *agrees })
            }
            Act::Has { who, role, duration } => self.has(who, ask(role, *duration, None)),
            Act::BreaksGlass { who, role, duration } => {
                self.submits(who, ask(role, *duration, None), Kind::BreakGlass)
            }
            Act::Drills { who, role, duration } => {
                let began_at = Some(self.now - Span::secs(41));
                self.submits(who, ask(role, *duration, None), Kind::Drill { began_at })
            }
            Act::Extends { who, request, by } => {
                let role = self.request(*request)?.ask.role.clone();
                self.submits(who, ask(&role, *by, None), Kind::Extension { parent: *request })
            }
            Act::Approves { who, request, at_most } => {
                self.event(*request, Event::Approve { by: actor(who), at_most: *at_most })
            }
            Act::Denies { who, request } => {
                self.event(*request, Event::Deny { by: actor(who), reason: "no need seen".to_owned() })
            }
            Act::Questions { who, request, times } => {
                let event = Event::Question { by: actor(who), text: "what for?".to_owned() };
                (0..*times).try_for_each(|_| self.event(*request, event.clone()))
            }
            Act::Answers { who, request, question } => {
                let text = "for the quarter end".to_owned();
                self.event(*request, Event::Reply { by: actor(who), question: *question, text })
            }
            Act::Withdraws { who, request } => {
                let cause = match who {
                    Who::Person(_) => WithdrawCause::Requester,
                    Who::Operator(_) => WithdrawCause::Operator { reason: "asked for by mistake".to_owned() },
                };
                self.event(*request, Event::Withdraw { by: actor(who), cause })
            }
            Act::Releases { who, request } => self.event(*request, Event::Release { by: actor(who) }),
            Act::Revokes { who, request } => {
                let cause = EndCause::Revoked { by: actor(who), reason: "looks wrong".to_owned() };
                self.event(*request, Event::Revoke { by: actor(who), cause })
            }
            Act::Reveals { who, request } => self.event(*request, Event::Reveal { by: actor(who) }),
            Act::SlackShows { request } => self.event(*request, Event::RevealShown),
            Act::SlackRefuses { request } => self.event(*request, Event::RevealRefused),
            Act::Attests { who, request, step, evidence } => {
                let evidence = if *evidence { "the card lies in the safe" } else { "" };
                let event = Event::Attest { by: actor(who), step: *step, evidence: evidence.to_owned() };
                self.event(*request, event)
            }
            Act::Waives { who, request } => {
                self.event(*request, Event::WaiveLockdown { by: actor(who), reason: "on call".to_owned() })
            }
            Act::Reviews { who, request, found } => {
                let finding = "the pager log agrees".to_owned();
                self.event(*request, Event::Reviewed { by: actor(who), found: *found, finding })
            }
            Act::Leaves { who } => self.leaves(who),
            Act::MayApprove { who, may } => {
                flag(&mut self.world.may_not_approve, who.clone(), !may);
                Ok(())
            }
            Act::MayAsk { who, may } => {
                flag(&mut self.world.may_not_ask, who.clone(), !may);
                Ok(())
            }
            Act::Breaker { target, open } => {
                flag(&mut self.world.breakers_open, target.clone(), *open);
                Ok(())
            }
            Act::Operators { who } => {
                self.world.operators = who.iter().cloned().collect();
                Ok(())
            }
            Act::TotalLimit { role, limit } => {
                self.world.limit_total(role.clone(), *limit);
                Ok(())
            }
            Act::Settles { request, step, op, outcome, resumed } => {
                self.settles(*request, *step, *op, *outcome, *resumed)
            }
            Act::GoesWell { request } => self.goes_well(*request),
            Act::SettlesAgain { request, step } => {
                let last = self.last_answers.get(&(*request, *step)).cloned();
                self.event(*request, last.ok_or("nothing was answered before")?)
            }
        }
    }

    fn request(&self, id: RequestId) -> Result<&Request, String> {
        self.requests.get(&id).ok_or_else(|| format!("there is no {id}"))
    }

    fn submits(&mut self, who: &PersonId, ask: Ask, kind: Kind) -> Result<(), String> {
        self.submits_for(who, None, ask, kind)
    }

    fn submits_for(
        &mut self,
        who: &PersonId,
        asker: Option<&PersonId>,
        ask: Ask,
        kind: Kind,
    ) -> Result<(), String> {
        let asked_by =
            asker.map(|id| AskedBy { id: id.clone(), name: name(id).to_owned(), confirmed_at: None });
        let verdict = self.world.may_submit(&self.requests, who, &ask, kind, self.now);
        if kind == Kind::BreakGlass && verdict.is_granted() {
            // As the engine does, in the same savepoint: a break-glass takes the place of the own pending twin.
            let twin = self.requests.values().find(|r| {
                r.requester.id == *who && r.ask.role == ask.role && matches!(r.state, State::Pending(_))
            });
            if let Some(twin) = twin.map(|r| r.id) {
                let cause = WithdrawCause::Superseded;
                self.event(twin, Event::Withdraw { by: Actor::Jitney, cause })?;
            }
        }
        let id = RequestId::from_number(self.requests.len() as u64 + 1);
        let mut terms = self.world.terms(&ask, id)?;
        let mut facts = Facts::alone();
        if let Kind::Extension { parent } = kind {
            let parent = self.request(parent)?;
            terms.steps = parent.terms.steps.clone();
            facts.parent = self.world.parent(parent);
        }
        facts.verdict = verdict;
        facts.lockdowns = self.locked(who);
        facts.breakers_open = self.world.breakers_open.clone();
        let draft = Request { asked_by: asked_by.clone(), ..draft(id, kind, who, &terms, &ask, self.now) };
        facts.stages = self.world.stages(&draft);
        facts.claims = claims(&self.requests, id, who, &terms.steps);
        let requester = World::requester(who);
        let (policy, context) = (Digest::default(), Context::default());
        let submission = Submission { id, kind, requester, asked_by, terms, ask, policy, context };
        match submit(submission, &facts, self.now) {
            Ok(change) => {
                self.ledger.answer(&change.answer);
                self.commit(None, change)
            }
            Err(refusal) => {
                if matches!(refusal, Refusal::Rules(_)) {
                    self.rows.insert(5);
                }
                self.ledger.refusal(&refusal);
                Ok(())
            }
        }
    }

    /// What is open for somebody who left is ended.
    fn leaves(&mut self, who: &PersonId) -> Result<(), String> {
        self.world.left.insert(who.clone());
        let theirs: Vec<RequestId> =
            self.requests.values().filter(|r| r.requester.id == *who).map(|r| r.id).collect();
        for id in theirs {
            if self.request(id)?.state.word().is_open() {
                self.event(id, Event::Revoke { by: Actor::Jitney, cause: EndCause::Leaver })?;
            }
        }
        Ok(())
    }

    fn settles(
        &mut self,
        id: RequestId,
        index: u32,
        op: Op,
        word: Word,
        resumed: bool,
    ) -> Result<(), String> {
        let thing = thing(self.request(id)?, index).ok_or_else(|| format!("{id} has no step {index}"))?;
        let lane = self.lanes.get_mut(&thing).filter(|lane| !lane.is_empty());
        let lane = lane.ok_or_else(|| format!("no call to {}/{} is out", thing.0, thing.2))?;
        let out = &lane[0];
        if (out.request, out.step, out.op) != (id, index, op) {
            return Err(format!("{}.{} {} is out in that lane", out.request, out.step, out.op.as_str()));
        }
        let effect = lane.remove(0).effect;
        // Revocations go before everything.
        if let Some(first) = lane.iter().position(|s| s.op.is_revocation()) {
            let sent = lane.remove(first);
            lane.insert(0, sent);
        }
        let event = Event::Settled { effect, outcome: outcome(word, op, self.now), resumed };
        self.last_answers.insert((id, index), event.clone());
        self.event(id, event)
    }

    /// Every call of the request is answered as one would wish, until none is out.
    fn goes_well(&mut self, id: RequestId) -> Result<(), String> {
        self.ledger.begin_sum();
        let answered = self.answer_well(id)?;
        self.ledger.end_sum(&answered);
        if answered.is_empty() { Err(format!("no call of {id} is out")) } else { Ok(()) }
    }

    fn answer_well(&mut self, id: RequestId) -> Result<Vec<String>, String> {
        let mut answered = Vec::new();
        while let Some(out) = self.lanes.values().filter_map(|l| l.first()).find(|s| s.request == id).cloned()
        {
            let readable = self.request(id)?.terms.steps[out.step as usize].readable;
            let word = match out.op {
                Op::Grant | Op::Extend | Op::Revoke => Word::Done,
                Op::Snapshot | Op::Verify | Op::VerifyGone | Op::Recheck if !readable => Word::Unreadable,
                Op::Snapshot | Op::VerifyGone | Op::Recheck => Word::Gone,
                Op::Verify => Word::Found,
            };
            answered.push(format!("{} {}", out.step, call_word(out.op)));
            self.settles(id, out.step, out.op, word, false)?;
        }
        Ok(answered)
    }

    /// Asks, is approved by whoever may, and every call goes well.
    fn has(&mut self, who: &PersonId, ask: Ask) -> Result<(), String> {
        let id = RequestId::from_number(self.requests.len() as u64 + 1);
        self.ledger.begin_sum();
        self.submits(who, ask, Kind::New)?;
        while let State::Pending(pending) = &self.request(id)?.state {
            let voter = pending
                .asked
                .iter()
                .find(|p| self.world.may_approve(&self.requests[&id], p, pending.stage, false).is_granted());
            let voter = Who::Person(voter.ok_or("nobody may approve it")?.clone());
            self.event(id, Event::Approve { by: actor(&voter), at_most: None })?;
        }
        self.answer_well(id)?;
        self.ledger.end_brief_sum();
        if matches!(self.request(id)?.state, State::Active { .. }) {
            Ok(())
        } else {
            Err("it has not".to_owned())
        }
    }

    /// One event as the engine runs it: with what other requests must hear, in the same commit.
    fn event(&mut self, id: RequestId, event: Event) -> Result<(), String> {
        let before = self.request(id)?.clone();
        let facts = self.facts(&before, &event);
        match step(&before, &event, &facts, self.now) {
            Ok(change) => {
                self.promises.heard(&before, &event);
                if !matches!(event, Event::Tick | Event::Settled { .. }) {
                    self.ledger.answer(&change.answer);
                }
                self.commit(Some(&before), change)
            }
            Err(refusal) => {
                match &refusal {
                    Refusal::NotInFlight => drop(self.rows.insert(30)),
                    Refusal::Settled { .. } => drop(self.rows.insert(31)),
                    _ => {}
                }
                self.ledger.refusal(&refusal);
                Ok(())
            }
        }
    }

    fn commit(&mut self, before: Option<&Request>, change: Change) -> Result<(), String> {
        let mut waiting = self.apply(before, change)?;
        // The last one first, and what it leads to before the others: an heir hears before it is told to end.
        while let Some(FollowUp { request, event }) = waiting.pop() {
            let before = self.request(request)?.clone();
            let facts = self.facts(&before, &event);
            match step(&before, &event, &facts, self.now) {
                Ok(change) => {
                    self.promises.heard(&before, &event);
                    waiting.append(&mut self.apply(Some(&before), change)?);
                }
                Err(refusal) if matches!(event, Event::Inherited { .. } | Event::Extended { .. }) => {
                    return Err(format!("{request} did not take what it was handed: {refusal:?}"));
                }
                Err(_) => self.ledger.dropped(request, &event),
            }
        }
        self.promises.hold_for_all(&self.requests, &self.lockdowns)
    }

    fn apply(&mut self, before: Option<&Request>, change: Change) -> Result<Vec<FollowUp>, String> {
        let after = &change.request;
        self.rows.extend(&change.rows);
        self.ledger.change(before, &change);
        let locked = self.locked(&after.requester.id);
        self.promises.hold_for_change(before, &change, &self.requests, &locked, self.now)?;
        for lockdown in &change.lockdowns {
            match lockdown {
                LockdownChange::Place(target) => {
                    let person = after.requester.id.clone();
                    let placed = self.lockdowns.entry(after.id).or_insert((person, BTreeSet::new()));
                    placed.1.insert(target.clone());
                }
                LockdownChange::LiftAll => drop(self.lockdowns.remove(&after.id)),
            }
        }
        for effect in &change.effects {
            let Effect::Target { id, step, op, .. } = effect else { continue };
            let thing = thing(after, *step).ok_or_else(|| format!("{id} is about no step"))?;
            let sent = Sent { effect: *id, request: after.id, step: *step, op: *op };
            self.lanes.entry(thing).or_default().push(sent);
        }
        self.requests.insert(after.id, change.request);
        Ok(change.follow_ups)
    }

    fn facts(&self, request: &Request, event: &Event) -> Facts {
        let locked = self.locked(&request.requester.id);
        facts::of_event(&self.world, &self.requests, locked, request, event)
    }

    fn locked(&self, who: &PersonId) -> BTreeSet<TargetId> {
        self.lockdowns.values().filter(|(p, _)| p == who).flat_map(|(_, t)| t.iter().cloned()).collect()
    }
}

fn ask(role: &jitney::ids::RoleRef, duration: Span, starts_at: Option<Timestamp>) -> Ask {
    let fields = BTreeMap::new();
    let justification = "quarter end".to_owned();
    Ask { role: role.clone(), duration, starts_at, justification, ticket: None, fields }
}

/// Enough of a request to say who would be asked.
fn draft(
    id: RequestId,
    kind: Kind,
    who: &PersonId,
    terms: &jitney::lifecycle::Terms,
    ask: &Ask,
    now: Timestamp,
) -> Request {
    Request {
        id,
        kind,
        requester: World::requester(who),
        terms: terms.clone(),
        ask: ask.clone(),
        submitted_at: now,
        policy: Digest::default(),
        votes: Vec::new(),
        asked_by: None,
        questions: Vec::new(),
        copies: Vec::new(),
        state: State::Granting,
        steps: Vec::new(),
        times: None,
        credential: None,
        review_due_at: None,
        views: BTreeSet::new(),
        next_effect: 1,
        next_entry: 1,
    }
}

fn actor(who: &Who) -> Actor {
    match who {
        Who::Person(id) => Actor::Person { id: id.clone(), name: name(id).to_owned() },
        Who::Operator(id) => Actor::Operator { id: id.clone(), name: name(id).to_owned() },
    }
}

fn outcome(word: Word, op: Op, at: Timestamp) -> Outcome {
    let evidence = |answer: &str| Evidence { method: op.as_str().to_owned(), answer: answer.to_owned(), at };
    let retry = |after, may_have_landed| {
        let error = if may_have_landed { "no answer in time" } else { "not reachable" };
        Outcome::Retry { error: error.to_owned(), after, may_have_landed }
    };
    match word {
        Word::Done => Outcome::Done(evidence("done")),
        Word::Already => Outcome::Already(evidence("so already")),
        Word::Found => Outcome::Found(evidence("there")),
        Word::Gone => Outcome::NotFound(evidence("not there")),
        Word::Unreadable => Outcome::Unreadable(evidence("can't say")),
        Word::Retry => retry(None, false),
        Word::RetryAfter(span) => retry(Some(span), false),
        Word::Unknown => retry(None, true),
        Word::Fatal => Outcome::Fatal { error: "forbidden".to_owned() },
    }
}

fn flag<T: Ord>(set: &mut BTreeSet<T>, item: T, on: bool) {
    if on {
        set.insert(item);
    } else {
        set.remove(&item);
    }
}
