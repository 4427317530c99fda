//! The beginning: rows 1 to 5 of the state table.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::{
    Actor, Answer, AskedBy, Change, Context, Credential, Facts, Kind, PendingState, Refusal, Request,
    Requester, State, Step, Terms, View, What, WithdrawCause, confirming, granting, pending, review,
};
use crate::ids::{RequestId, TargetId};
use crate::policy::{Ask, Digest, Reason, ReasonCode, Tier, Verdict, auto_approves};
use crate::time::{Span, Timestamp};

/// What a new request is made of.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Its id.
    pub id: RequestId,
    /// New, extension or break-glass.
    pub kind: Kind,
    /// Whose access it is to be.
    pub requester: Requester,
    /// Who asks, when it is somebody else.
    pub asked_by: Option<AskedBy>,
    /// What the policy says now.
    pub terms: Terms,
    /// What is asked.
    pub ask: Ask,
    /// The policies in force.
    pub policy: Digest,
    /// What the approvers are told besides.
    pub context: Context,
}

/// A new request, or why there is none.
///
/// # Errors
/// Every rule that says no. Nothing was changed; the caller audits it.
pub fn submit(submission: Submission, facts: &Facts, now: Timestamp) -> Result<Change, Refusal> {
    let allowed_by = match &facts.verdict {
        Verdict::Granted(because) => because.clone(),
        Verdict::Refused(..) => return Err(Refusal::Rules(facts.verdict.refusals().cloned().collect())),
    };
    let closed: Vec<Reason> = closed_doors(&submission.terms, facts).collect();
    if !closed.is_empty() {
        return Err(Refusal::Rules(closed));
    }

    let asker = submission.asked_by.as_ref().map(|asked_by| (&asked_by.id, &asked_by.name));
    let (id, name) = asker.unwrap_or((&submission.requester.id, &submission.requester.name));
    let by = Actor::Person { id: id.clone(), name: name.clone() };
    let context = Box::new(submission.context.clone());
    let mut draft = Draft::new(request(submission, facts, now), by, facts, now);
    let told = What::Submitted {
        request_kind: draft.request.kind,
        title: draft.request.title(),
        duration: draft.request.ask.duration,
        justification: draft.request.ask.justification.clone(),
        risk: draft.request.terms.risk,
        allowed_by,
        context,
    };
    draft.tell(told);
    if draft.request.asked_by.is_some() {
        let answer = confirming::ask(&mut draft);
        return Ok(draft.finish(answer));
    }
    draft.show(View::Card);
    draft.show(View::Log);
    let answer = begin(&mut draft)?;
    Ok(draft.finish(answer))
}

/// What comes first of a request that somebody wants.
pub(super) fn begin(draft: &mut Draft<'_>) -> Result<Answer, Refusal> {
    let tier = draft.request.terms.tier.clone();
    match draft.request.kind {
        Kind::BreakGlass => {
            draft.row(3);
            draft.show(View::Security);
            if let Some(rule) = &tier.break_glass {
                review::open(draft, rule.review_within);
            }
            Ok(granting::start(draft))
        }
        Kind::Drill { began_at } => {
            draft.row(34);
            draft.show(View::Security);
            if let Some(rule) = &tier.break_glass {
                review::open(draft, rule.review_within);
            }
            Ok(drilled(draft, began_at))
        }
        Kind::New | Kind::Extension { .. } if auto_approves(&tier, whole_life(draft)) => {
            draft.row(if matches!(draft.request.kind, Kind::New) { 2 } else { 4 });
            draft.tell_jitney(What::AutoApproved { under: tier.auto_under.unwrap_or_default() });
            pending::go(draft)
        }
        Kind::New | Kind::Extension { .. } => {
            draft.row(if matches!(draft.request.kind, Kind::New) { 1 } else { 4 });
            let lapses_at = lapses_at(&tier, &draft.request.ask, draft.now);
            pending::ask_stage(draft, 0, lapses_at);
            let asked = match &draft.request.state {
                State::Pending(p) => p.asked.clone(),
                State::Scheduled { .. }
                | State::Granting
                | State::Active { .. }
                | State::Revoking { .. }
                | State::Revoked { .. }
                | State::Applied { .. }
                | State::Denied { .. }
                | State::Withdrawn { .. }
                | State::Lapsed { .. } => Vec::new(),
            };
            Ok(Answer::Submitted { request: draft.request.id, asked })
        }
    }
}

/// When nobody waits any more; at the latest when the time that it was asked for is over.
pub(super) fn lapses_at(tier: &Tier, ask: &Ask, now: Timestamp) -> Timestamp {
    let lapses_at = now + tier.lapse_after;
    ask.starts_at.filter(|at| *at > now).map_or(lapses_at, |at| lapses_at.min(at + ask.duration))
}

/// Where access would begin, a drill is over: nothing was given, so it looks like access nowhere.
fn drilled(draft: &mut Draft<'_>, began_at: Option<Timestamp>) -> Answer {
    let now = draft.now;
    let took = began_at.map(|began_at| now.since(began_at));
    let steps = draft.request.terms.steps.iter().map(|step| step.label.clone()).collect();
    draft.request.state = State::Withdrawn { cause: WithdrawCause::Drill, by: Actor::Jitney, at: now };
    draft.tell_jitney(What::Drilled { took, steps });
    Answer::Drilled { request: draft.request.id, took }
}

/// How long the grant lives in all: short extensions must not add up to what people should have approved.
fn whole_life(draft: &Draft<'_>) -> Span {
    let duration = draft.request.ask.duration;
    match (draft.request.kind, &draft.facts.parent) {
        (Kind::Extension { .. }, Some(parent)) => {
            parent.expires_at.map_or(Span::LONGEST, |end| (end + duration).since(parent.active_at))
        }
        (Kind::Extension { .. }, None) => Span::LONGEST,
        (Kind::New | Kind::BreakGlass | Kind::Drill { .. }, _) => duration,
    }
}

fn request(s: Submission, facts: &Facts, now: Timestamp) -> Request {
    let issues_credential = s.terms.steps.iter().any(|t| t.issues_credential);
    // An extension has no steps of its own: its grant's are extended. A drill takes none.
    let takes_steps = match s.kind {
        Kind::New | Kind::BreakGlass => true,
        Kind::Extension { .. } | Kind::Drill { .. } => false,
    };
    let lapses_at = lapses_at(&s.terms.tier, &s.ask, now);
    let asked = facts.stages.first().map(|f| f.asked.clone()).unwrap_or_default();
    Request {
        id: s.id,
        kind: s.kind,
        requester: s.requester,
        asked_by: s.asked_by,
        steps: if takes_steps { vec![Step::default(); s.terms.steps.len()] } else { Vec::new() },
        credential: (issues_credential && takes_steps).then(Credential::default),
        terms: s.terms,
        ask: s.ask,
        submitted_at: now,
        policy: s.policy,
        votes: Vec::new(),
        questions: Vec::new(),
        copies: Vec::new(),
        state: State::Pending(PendingState {
            stage: 0,
            stage_since: now,
            asked,
            remind_at: None,
            reminders: 0,
            escalate_at: None,
            escalated: false,
            lapses_at,
            held: false,
            asked_anew: 0,
            unconfirmed: false,
        }),
        times: None,
        review_due_at: None,
        views: BTreeSet::new(),
        next_effect: 1,
        next_entry: 1,
    }
}

/// Targets that the role touches and the requester is locked down on.
pub(super) fn locked(terms: &Terms, facts: &Facts) -> Vec<TargetId> {
    let mut locked: Vec<TargetId> =
        terms.steps.iter().map(|s| s.target.clone()).filter(|t| facts.lockdowns.contains(t)).collect();
    locked.dedup();
    locked
}

/// Lockdowns, and targets where a revocation is known not to work now: what can't be taken is not given.
pub(super) fn closed_doors<'a>(terms: &'a Terms, facts: &'a Facts) -> impl Iterator<Item = Reason> + 'a {
    let locked = locked(terms, facts).into_iter().map(|target| Reason {
        code: ReasonCode::Lockdown,
        rule: "nothing new while a revocation is stuck".to_owned(),
        saw: format!("an earlier access of yours on {target} could not be taken away yet"),
        wants: "that revocation verified, or the lockdown waived by operators".to_owned(),
    });
    let broken = terms.steps.iter().filter(|s| facts.breakers_open.contains(&s.target)).map(|s| Reason {
        code: ReasonCode::RevokePathBroken,
        rule: "what can't be taken away is not given".to_owned(),
        saw: format!("{} does not answer", s.target),
        wants: format!("{} reachable again; operators know of it", s.target),
    });
    locked.chain(broken)
}
