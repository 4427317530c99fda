//! While approvals are wanted, and from the last one on: rows 6 to 13.

use super::draft::{Draft, number};
use super::{
    Actor, Answer, DirectCopy, DmKind, EndCause, Event, Kind, NudgeKind, PendingState, Refusal, State, View,
    Vote, What, WithdrawCause, granting, reminders, submit,
};
use crate::ids::PersonId;
use crate::policy::{LEAST_DURATION, Reason, ReasonCode, Stage, Verdict};
use crate::time::{Span, Timestamp};

/// Direct messages that one stage sends to those it asks.
const COPIES_MOST: usize = 10;
/// How often one stage is asked anew of others.
const ASKED_ANEW_MOST: u32 = 20;

/// Asks a stage's approvers.
pub(super) fn ask_stage(draft: &mut Draft<'_>, stage: u32, lapses_at: Timestamp) {
    let found = draft.facts.stages.get(stage as usize).cloned().unwrap_or_default();
    let now = draft.now;
    let tier = &draft.request.terms.tier;
    let stages = number(tier.stages.len());
    let rule = tier.stages.get(stage as usize);
    let quorum = rule.map_or(1, |r| r.quorum);
    let escalate_at = rule.and_then(|r| r.escalate_after.map(|wait| r.after(now, wait)));
    draft.request.state = State::Pending(PendingState {
        stage,
        stage_since: now,
        asked: found.asked.clone(),
        remind_at: rule.and_then(|r| reminders::next(r, 0, now, escalate_at)),
        reminders: 0,
        escalate_at,
        escalated: false,
        lapses_at,
        held: false,
        asked_anew: 0,
        unconfirmed: false,
    });
    draft.show(View::Approval { stage });
    copy_to(draft, stage, &found.asked);
    if found.asked.is_empty() {
        nobody_left(draft);
    }
    draft.tell_jitney(What::ApprovalWanted {
        stage,
        stages,
        quorum,
        asked: found.asked,
        from_fallback: found.from_fallback,
    });
}

/// Nobody can decide: the requester and the operators hear of it at once.
fn nobody_left(draft: &mut Draft<'_>) {
    draft.show(View::Security);
    draft.dm(DmKind::Waiting);
}

/// Asks whoever may approve the stage now, when they are others than those who are asked.
fn ask_anew(draft: &mut Draft<'_>, state: &mut PendingState) {
    let Some(found) = draft.facts.stages.get(state.stage as usize) else { return };
    let asked = found.asked_now(state.escalated);
    let added: Vec<PersonId> = asked.iter().filter(|id| !state.asked.contains(id)).cloned().collect();
    let same = added.is_empty() && asked.len() == state.asked.len();
    // A directory that changes to and fro must not fill the ticket. Who may decide is judged at the click anyway.
    if same || state.asked_anew >= ASKED_ANEW_MOST {
        return;
    }
    draft.row(11);
    state.asked_anew += 1;
    state.asked.clone_from(&asked);
    copy_to(draft, state.stage, &added);
    if asked.is_empty() {
        nobody_left(draft);
    }
    if !added.is_empty() {
        draft.nudge(NudgeKind::Anew);
    }
    let from_fallback = found.from_fallback;
    draft.tell_jitney(What::AskedAnew { stage: state.stage, asked, added, from_fallback });
}

/// Asks them by direct message as well, where the stage says so.
fn copy_to(draft: &mut Draft<'_>, stage: u32, asked: &[PersonId]) {
    if !rule(draft, stage).is_some_and(|rule| rule.direct) {
        return;
    }
    for to in asked {
        let copies = &draft.request.copies;
        let in_stage = copies.iter().filter(|copy| copy.stage == stage);
        if in_stage.clone().count() >= COPIES_MOST {
            return;
        }
        if in_stage.into_iter().any(|copy| copy.to == *to) {
            continue;
        }
        draft.request.copies.push(DirectCopy { stage, to: to.clone() });
        let number = number(draft.request.copies.len());
        draft.show(View::Copy { number });
    }
}

pub(super) fn approve(
    draft: &mut Draft<'_>,
    state: PendingState,
    by: &Actor,
    at_most: Option<Span>,
) -> Result<Answer, Refusal> {
    not_the_asker(draft, by)?;
    judged(draft)?;
    let at_most = less_time(draft, at_most)?;
    if draft.now >= state.lapses_at {
        // Its time was over before the click: who looks at the clock late approves nothing.
        tick(draft, state);
        return Ok(Answer::Refused(draft.request.settled_refusal()));
    }
    if state.held {
        return Ok(held_answer(draft));
    }
    let Some(person) = by.person() else { return Err(draft.request.settled_refusal()) };
    draft.request.votes.push(Vote {
        by: person.clone(),
        name: by.name().to_owned(),
        stage: state.stage,
        at: draft.now,
        at_most,
        capacity: draft.facts.capacity.clone(),
    });
    let need = rule(draft, state.stage).map_or(1, |r| r.quorum);
    let have = votes_in(draft, state.stage);
    let took = draft.now.since(state.stage_since);
    draft.because(draft.facts.verdict.allowed_by());
    let capacity = draft.facts.capacity.clone();
    draft.tell(What::Approved { stage: state.stage, have, need, took, at_most, capacity });
    if have < need {
        draft.row(6);
        return Ok(Answer::Counted { request: draft.request.id, have, need });
    }
    // The next one; not one that has its votes already, when this one was asked again.
    if let Some(next) = short_stage(draft) {
        draft.row(6);
        ask_stage(draft, next, state.lapses_at);
        return Ok(Answer::Counted { request: draft.request.id, have, need });
    }
    complete(draft, state)
}

/// All votes are in: they must still be good, and so must the requester.
pub(super) fn complete(draft: &mut Draft<'_>, state: PendingState) -> Result<Answer, Refusal> {
    drop_votes(draft);
    if let Some(stage) = short_stage(draft) {
        let need = rule(draft, stage).map_or(1, |r| r.quorum);
        let have = votes_in(draft, stage);
        ask_stage(draft, stage, state.lapses_at);
        return Ok(Answer::Counted { request: draft.request.id, have, need });
    }
    if let Some(answer) = refused_now(draft) {
        return Ok(answer);
    }
    let locked = submit::locked(&draft.request.terms, draft.facts);
    if !locked.is_empty() {
        if !state.held {
            draft.row(12);
            draft.tell_jitney(What::Held { targets: locked });
            draft.dm(DmKind::Waiting);
        }
        draft.request.state = State::Pending(PendingState { held: true, ..state });
        return Ok(held_answer(draft));
    }
    draft.row(if matches!(draft.request.kind, Kind::Extension { .. }) { 8 } else { 7 });
    go(draft)
}

/// Approved in full: an extension applies, the rest is granted now or later.
pub(super) fn go(draft: &mut Draft<'_>) -> Result<Answer, Refusal> {
    if let Kind::Extension { parent } = draft.request.kind {
        return Ok(apply(draft, parent));
    }
    match draft.request.ask.starts_at.filter(|at| *at > draft.now) {
        Some(starts_at) => {
            draft.request.state = State::Scheduled { starts_at };
            draft.tell_jitney(What::Scheduled { starts_at });
            draft.dm(DmKind::Waiting);
            let shortened = draft.request.shortened();
            Ok(Answer::Scheduled { request: draft.request.id, starts_at, shortened })
        }
        None => Ok(granting::start(draft)),
    }
}

fn apply(draft: &mut Draft<'_>, parent: crate::ids::RequestId) -> Answer {
    let now = draft.now;
    let by = draft.request.duration();
    let facts = draft.facts.parent.clone();
    let Some((facts, end)) = facts.and_then(|f| f.expires_at.filter(|end| now < *end).map(|end| (f, end)))
    else {
        withdrawn(draft, Actor::Jitney, WithdrawCause::ParentEnded);
        return Answer::Refused(draft.request.settled_refusal());
    };
    let expires_at = end + by;
    let total = expires_at.since(facts.active_at);
    if total > facts.max_total {
        let reason = Reason {
            code: ReasonCode::OverTotal,
            rule: "the longest in all, with extensions".to_owned(),
            saw: format!("{} in all", total.words()),
            wants: format!("{} at most", facts.max_total.words()),
        };
        return denied_by_rules(draft, vec![reason]);
    }
    draft.request.state = State::Applied { at: now };
    draft.tell_jitney(What::Applied { parent, expires_at });
    let extension = draft.request.id;
    draft.follow_up(parent, Event::Extended { extension, by });
    Answer::Applied { request: extension, parent, expires_at }
}

pub(super) fn deny(draft: &mut Draft<'_>, by: &Actor, reason: &str) -> Result<Answer, Refusal> {
    not_the_asker(draft, by)?;
    judged(draft)?;
    draft.row(9);
    draft.request.state = State::Denied {
        by: by.person().cloned(),
        name: by.name().to_owned(),
        reason: reason.to_owned(),
        at: draft.now,
    };
    draft.because(draft.facts.verdict.allowed_by());
    draft.tell(What::Denied { reason: reason.to_owned(), rules: Vec::new() });
    draft.dm(DmKind::Decided);
    Ok(Answer::Denied { request: draft.request.id })
}

pub(super) fn withdraw(draft: &mut Draft<'_>, by: &Actor, cause: WithdrawCause) -> Result<Answer, Refusal> {
    if let Actor::Person { id, .. } = by
        && *id != draft.request.requester.id
    {
        return Err(Refusal::NotYours { request: draft.request.id });
    }
    withdrawn(draft, by.clone(), cause);
    Ok(Answer::Withdrawn { request: draft.request.id })
}

/// Taking what was not given yet: an operator withdraws it; others have Deny.
pub(super) fn revoke(draft: &mut Draft<'_>, by: &Actor, cause: &EndCause) -> Result<Answer, Refusal> {
    let cause = match (by, cause) {
        (Actor::Operator { .. }, EndCause::Revoked { reason, .. }) => {
            WithdrawCause::Operator { reason: reason.clone() }
        }
        (Actor::Jitney, EndCause::Leaver) => WithdrawCause::Leaver,
        (Actor::Person { .. } | Actor::Operator { .. } | Actor::Jitney, _) => {
            return Err(draft.request.settled_refusal());
        }
    };
    withdrawn(draft, by.clone(), cause);
    Ok(Answer::Withdrawn { request: draft.request.id })
}

pub(super) fn withdrawn(draft: &mut Draft<'_>, by: Actor, cause: WithdrawCause) {
    draft.row(10);
    let by_requester = matches!(cause, WithdrawCause::Requester | WithdrawCause::Declined);
    draft.request.state = State::Withdrawn { cause: cause.clone(), by: by.clone(), at: draft.now };
    draft.tell_by(by, What::Withdrawn { cause });
    if !by_requester {
        draft.dm(DmKind::Decided);
    }
}

pub(super) fn tick(draft: &mut Draft<'_>, mut state: PendingState) -> Answer {
    let now = draft.now;
    if now >= state.lapses_at {
        draft.row(11);
        draft.request.state = State::Lapsed { at: now };
        draft.tell_jitney(What::Lapsed);
        draft.dm(DmKind::Decided);
        return Answer::Noted;
    }
    if state.held {
        return Answer::Noted;
    }
    ask_anew(draft, &mut state);
    let rule = rule(draft, state.stage).cloned();
    if state.escalate_at.is_some_and(|at| now >= at) {
        draft.row(11);
        let others =
            draft.facts.stages.get(state.stage as usize).map(|s| s.escalation.clone()).unwrap_or_default();
        state.escalate_at = None;
        state.escalated = true;
        // Whoever was to be asked again in this minute is asked by this.
        if state.remind_at.is_some_and(|at| at <= now || reminders::is_beside(at, now)) {
            state.remind_at = rule.and_then(|r| reminders::next(&r, state.reminders, now, None));
        }
        for person in &others {
            if !state.asked.contains(person) {
                state.asked.push(person.clone());
            }
        }
        copy_to(draft, state.stage, &others);
        draft.tell(What::Escalated { asked: others });
        draft.nudge(NudgeKind::Escalation);
    } else if state.remind_at.is_some_and(|at| now >= at) {
        draft.row(11);
        state.reminders += 1;
        state.remind_at = rule.and_then(|r| reminders::next(&r, state.reminders, now, state.escalate_at));
        draft.tell(What::Reminded { times: state.reminders });
        draft.nudge(NudgeKind::Reminder);
    }
    draft.request.state = State::Pending(state);
    Answer::Noted
}

/// A scheduled start: everything that was true at the approval must be true now. It waits for a look that is owed, and
/// ends when it was to end all the same.
pub(super) fn start_scheduled(draft: &mut Draft<'_>, starts_at: Timestamp) -> Answer {
    let is_over = draft.now >= starts_at + draft.request.duration();
    if draft.facts.look_owed && !is_over {
        return Answer::Noted;
    }
    draft.row(13);
    if is_over {
        draft.request.state = State::Lapsed { at: draft.now };
        draft.tell(What::Lapsed);
        draft.dm(DmKind::Decided);
        return Answer::Noted;
    }
    drop_votes(draft);
    if short_stage(draft).is_some() && !draft.request.votes_were_not_needed() {
        let reason = Reason {
            code: ReasonCode::NotApprover,
            rule: "approvers must still be approvers at the start".to_owned(),
            saw: "an approval that no longer counts".to_owned(),
            wants: "a new request, approved by people who may".to_owned(),
        };
        return denied_by_rules(draft, vec![reason]);
    }
    if let Some(answer) = refused_now(draft) {
        return answer;
    }
    let locked = submit::locked(&draft.request.terms, draft.facts);
    if !locked.is_empty() {
        let reason = Reason {
            code: ReasonCode::Lockdown,
            rule: "nothing new while a revocation is stuck".to_owned(),
            saw: "an earlier access on the same target could not be taken away yet".to_owned(),
            wants: "that revocation verified, then a new request".to_owned(),
        };
        return denied_by_rules(draft, vec![reason]);
    }
    granting::start(draft)
}

/// The time that an approval allows, when it is less than what was asked.
fn less_time(draft: &Draft<'_>, at_most: Option<Span>) -> Result<Option<Span>, Refusal> {
    let Some(span) = at_most else { return Ok(None) };
    let asked = draft.request.ask.duration;
    let refused = |code, saw: String, wants: String| {
        let rule = "an approval for less time (built in)".to_owned();
        Err(Refusal::Rules(vec![Reason { code, rule, saw, wants }]))
    };
    if span > asked {
        let saw = format!("{}, and {} was asked for", span.words(), asked.words());
        return refused(ReasonCode::OverMaximum, saw, format!("at most {}", asked.words()));
    }
    // What was asked may be as short as that already.
    let least = LEAST_DURATION.min(asked);
    if span < least {
        return refused(ReasonCode::TooShort, span.words(), format!("at least {}", least.words()));
    }
    Ok(Some(span).filter(|span| *span < asked))
}

/// Who asked for somebody else decides no more about it than the requester.
pub(super) fn not_the_asker(draft: &Draft<'_>, by: &Actor) -> Result<(), Refusal> {
    let Some(person) = by.person().filter(|person| draft.request.is_asked_by(person)) else { return Ok(()) };
    Err(Refusal::Rules(vec![Reason {
        code: ReasonCode::OwnRequest,
        rule: "nobody decides on what they asked for, for whomever (built in)".to_owned(),
        saw: format!("{person} asked for it"),
        wants: "a decision by somebody else".to_owned(),
    }]))
}

/// Turns a refused verdict of the event's own question into a refusal.
pub(super) fn judged(draft: &Draft<'_>) -> Result<(), Refusal> {
    match &draft.facts.verdict {
        Verdict::Granted(_) => Ok(()),
        Verdict::Refused(..) => Err(Refusal::Rules(draft.facts.verdict.refusals().cloned().collect())),
    }
}

/// The requester's facts changed: who may not have it any more does not wait for a click to hear so.
pub(super) fn rejudge(draft: &mut Draft<'_>) -> Answer {
    refused_now(draft).unwrap_or(Answer::Noted)
}

/// Denied when the requester may not have it any more.
pub(super) fn refused_now(draft: &mut Draft<'_>) -> Option<Answer> {
    let reasons: Vec<Reason> = draft.facts.still_eligible.refusals().cloned().collect();
    (!reasons.is_empty()).then(|| denied_by_rules(draft, reasons))
}

fn denied_by_rules(draft: &mut Draft<'_>, rules: Vec<Reason>) -> Answer {
    let reason = rules.first().map(|r| r.saw.clone()).unwrap_or_default();
    draft.request.state =
        State::Denied { by: None, name: "Jitney".to_owned(), reason: reason.clone(), at: draft.now };
    draft.tell_jitney(What::Denied { reason, rules: rules.clone() });
    draft.dm(DmKind::Decided);
    Answer::Refused(Refusal::Rules(rules))
}

/// Votes of people who may not approve any more stop counting.
fn drop_votes(draft: &mut Draft<'_>) {
    let valid = &draft.facts.valid_votes;
    let (valid, dropped): (Vec<Vote>, Vec<Vote>) =
        draft.request.votes.drain(..).partition(|v| valid.contains(&(v.by.clone(), v.stage)));
    draft.request.votes = valid;
    for vote in dropped {
        let lost = draft.facts.lost_votes.get(&(vote.by.clone(), vote.stage));
        draft.because(lost.map_or(&[], Vec::as_slice));
        draft.tell_jitney(What::VoteDropped { voter: vote.by });
    }
}

/// The first stage without its quorum.
fn short_stage(draft: &Draft<'_>) -> Option<u32> {
    let stages = &draft.request.terms.tier.stages;
    (0..number(stages.len()))
        .find(|stage| votes_in(draft, *stage) < stages.get(*stage as usize).map_or(1, |s| s.quorum))
}

fn rule<'a>(draft: &'a Draft<'_>, stage: u32) -> Option<&'a Stage> {
    draft.request.terms.tier.stages.get(stage as usize)
}

fn votes_in(draft: &Draft<'_>, stage: u32) -> u32 {
    number(draft.request.votes.iter().filter(|v| v.stage == stage).count())
}

fn held_answer(draft: &Draft<'_>) -> Answer {
    Answer::Held { request: draft.request.id, targets: submit::locked(&draft.request.terms, draft.facts) }
}

impl super::Request {
    /// Whether the tier approved it by itself.
    pub(super) fn votes_were_not_needed(&self) -> bool {
        crate::policy::auto_approves(&self.terms.tier, self.ask.duration)
    }
}
