//! What each verb asks of the life cycle.

use super::core::{Core, Stop, Touched};
use super::facts::parent_facts;
use super::{Command, Verb};
use crate::ids::{PersonId, RequestId, RoleRef};
use crate::lifecycle::{
    Actor, Answer, Context, EndCause, Event, Facts, HOLDERS_MOST, Kind, PAST, PAST_MOST, Refusal, Request,
    Requester, State, StepTerms, Submission, Terms, WithdrawCause,
};
use crate::policy::{self, Ask, AskMode, Person, Reason, ReasonCode, Subject, TicketLook, Verdict};
use crate::store::{StoreError, Tx};
use crate::time::{Span, Timestamp};

/// What a grant found standing counts for so long: whoever had it taken away since shows it by asking for the role once
/// more.
pub(super) const STANDING: Span = Span::days(90);
/// Texts that people write are cut to this many characters; the edges check first and say so.
const TEXT_LIMIT: usize = 1000;

impl Core {
    /// Runs one command inside its savepoint.
    pub(super) fn act(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        command: &Command,
        look: Option<&TicketLook>,
        now: Timestamp,
    ) -> Result<Answer, Stop> {
        let by = self.known(&command.by)?;
        match &command.verb {
            Verb::Ask(ask) => self.ask(tx, touched, &by, ask, Kind::New, look, now),
            Verb::AskFor { person, ask } => self.ask_for(tx, touched, &by, person, ask, look, now),
            Verb::Confirm { request, agrees } => {
                self.event(tx, touched, *request, &Event::Confirm { by, agrees: *agrees }, now)
            }
            Verb::BreakGlass(ask) => self.ask(tx, touched, &by, ask, Kind::BreakGlass, look, now),
            Verb::Drill { ask, began_at } => {
                self.ask(tx, touched, &by, ask, Kind::Drill { began_at: *began_at }, look, now)
            }
            Verb::Extend { parent, duration, justification } => {
                self.extend(tx, touched, &by, *parent, *duration, justification, now)
            }
            Verb::Approve { request, at_most } => {
                self.event(tx, touched, *request, &Event::Approve { by, at_most: *at_most }, now)
            }
            Verb::Deny { request, reason } => {
                self.event(tx, touched, *request, &Event::Deny { by, reason: cut(reason) }, now)
            }
            Verb::Question { request, text } => {
                self.event(tx, touched, *request, &Event::Question { by, text: cut(text) }, now)
            }
            Verb::Reply { request, question, text } => {
                let event = Event::Reply { by, question: *question, text: cut(text) };
                self.event(tx, touched, *request, &event, now)
            }
            Verb::Withdraw { request, reason } => {
                let cause = match (&by, reason) {
                    (Actor::Operator { .. }, Some(reason)) => WithdrawCause::Operator { reason: cut(reason) },
                    (Actor::Operator { .. }, None) => WithdrawCause::Operator { reason: String::new() },
                    (Actor::Person { .. } | Actor::Jitney, _) => WithdrawCause::Requester,
                };
                self.event(tx, touched, *request, &Event::Withdraw { by, cause }, now)
            }
            Verb::Release { request } => self.event(tx, touched, *request, &Event::Release { by }, now),
            Verb::Revoke { request, reason } => {
                let cause = EndCause::Revoked { by: by.clone(), reason: cut(reason) };
                self.event(tx, touched, *request, &Event::Revoke { by, cause }, now)
            }
            Verb::Reveal { request } => self.event(tx, touched, *request, &Event::Reveal { by }, now),
            Verb::RevealShown { request } => {
                only_requester(tx, &by, *request)?;
                self.event(tx, touched, *request, &Event::RevealShown, now)
            }
            Verb::RevealRefused { request } => {
                only_requester(tx, &by, *request)?;
                self.event(tx, touched, *request, &Event::RevealRefused, now)
            }
            Verb::Attest { request, step, evidence } => {
                let event = Event::Attest { by, step: *step, evidence: cut(evidence) };
                self.event(tx, touched, *request, &event, now)
            }
            Verb::WaiveLockdown { request, reason } => {
                self.event(tx, touched, *request, &Event::WaiveLockdown { by, reason: cut(reason) }, now)
            }
            Verb::Redact { request, remark, reason } => {
                self.redact(tx, &by, *request, *remark, &cut(reason), now)
            }
            Verb::AcceptPeople { held } => self.accept_people(tx, touched, &by, held, now),
            Verb::Review { request, found, finding } => {
                let event = Event::Reviewed { by, found: *found, finding: cut(finding) };
                self.event(tx, touched, *request, &event, now)
            }
        }
    }

    /// The actor as the directory knows them now. An operator must still be one.
    fn known(&self, by: &Actor) -> Result<Actor, Stop> {
        let world = self.world();
        // What Jitney does by itself are events; a command is somebody's.
        let Some(id) = by.person() else { return Err(Stop::Internal("a command of nobody's".to_owned())) };
        let Some(person) = world.people.get(id).filter(|p| p.active) else {
            return Err(Refusal::UnknownPerson { account: id.to_string() }.into());
        };
        let name = person.name.clone();
        let id = person.id.clone();
        match by {
            Actor::Operator { .. } if world.people.operators().contains(&id) => {
                Ok(Actor::Operator { id, name })
            }
            Actor::Operator { .. } => Err(Refusal::NotAnOperator { login: id.to_string() }.into()),
            Actor::Person { .. } | Actor::Jitney => Ok(Actor::Person { id, name }),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "an ask is held against all that is known of it")]
    pub(super) fn ask(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        by: &Actor,
        ask: &Ask,
        kind: Kind,
        look: Option<&TicketLook>,
        now: Timestamp,
    ) -> Result<Answer, Stop> {
        let world = self.world();
        let person = asker(&world.people, by)?;
        let mode = match kind {
            Kind::BreakGlass | Kind::Drill { .. } => AskMode::BreakGlass,
            Kind::New | Kind::Extension { .. } => AskMode::New,
        };
        let holds = tx.open_roles(&person.id)?;
        let verdict = policy::may_ask(&world.policies, &world.people, &person.id, ask, mode, &holds, now);
        let standing = tx.standing(&person.id, now - STANDING)?;
        let verdict = verdict.unless(policy::standing_conflicts(&world.policies, &ask.role, &standing));
        let of_ticket = policy::ticket_against(&world.policies, ask, mode, look);
        let verdict = verdict.unless(of_ticket.into_iter().collect());
        if !verdict.is_granted() {
            return Err(Refusal::Rules(verdict.refusals().cloned().collect()).into());
        }
        match kind {
            // It waits for nobody, so it is not one of those that wait.
            Kind::BreakGlass => {
                self.no_review_overdue(tx, &person, now)?;
                self.take_the_place_of_what_waits(tx, touched, &person, ask, now)?;
            }
            // It would be refused, so the exercise is; what waits stays, since nothing comes in its place.
            Kind::Drill { .. } => self.no_review_overdue(tx, &person, now)?,
            Kind::New | Kind::Extension { .. } => self.not_too_many(tx, &person)?,
        }
        let id = tx.next_request_id()?;
        let terms = self.terms(ask, &person, id)?;
        let context = Context { ticket: look.cloned(), ..context(tx, &person.id, &ask.role, now)? };
        self.submit(
            tx,
            touched,
            Submission {
                id,
                kind,
                requester: Requester::from(&person),
                asked_by: None,
                terms,
                ask: ask.clone(),
                policy: world.policies.digest.clone(),
                context,
            },
            verdict,
            now,
        )
    }

    #[allow(clippy::too_many_arguments, reason = "an extension has no ask of its own to carry them")]
    fn extend(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        by: &Actor,
        parent: RequestId,
        duration: Span,
        justification: &str,
        now: Timestamp,
    ) -> Result<Answer, Stop> {
        let world = self.world();
        let person = asker(&world.people, by)?;
        let (grant, _) = tx.request(parent)?.ok_or(Refusal::NoSuchRequest { request: parent })?;
        if grant.requester.id != person.id {
            return Err(Refusal::NotYours { request: parent }.into());
        }
        let (State::Active { .. }, Some(times)) = (&grant.state, grant.times) else {
            return Err(grant.settled_refusal().into());
        };
        let ask =
            Ask { duration, starts_at: None, justification: justification.to_owned(), ..grant.ask.clone() };
        let mode = AskMode::Extension {
            active_at: times.active_at.unwrap_or(times.provisioning_at),
            expires_at: times.expires_at,
        };
        let mut holds = tx.open_roles(&person.id)?;
        holds.retain(|r| *r != ask.role);
        let verdict = policy::may_ask(&world.policies, &world.people, &person.id, &ask, mode, &holds, now);
        if !verdict.is_granted() {
            return Err(Refusal::Rules(verdict.refusals().cloned().collect()).into());
        }
        self.not_too_many(tx, &person)?;
        let id = tx.next_request_id()?;
        let mut terms = self.terms(&ask, &person, id)?;
        terms.steps = grant.terms.steps.clone();
        let context = context(tx, &person.id, &ask.role, now)?;
        self.submit(
            tx,
            touched,
            Submission {
                id,
                kind: Kind::Extension { parent },
                requester: Requester::from(&person),
                asked_by: None,
                terms,
                ask,
                policy: world.policies.digest.clone(),
                context,
            },
            verdict,
            now,
        )
    }

    pub(super) fn submit(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        submission: Submission,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<Answer, Stop> {
        let world = self.world();
        let person = submission.requester.id.clone();
        let tier = &submission.terms.tier;
        let mut facts = Facts::alone();
        facts.verdict = verdict;
        facts.jitter = self.jitter();
        let without = submission.asked_by.as_ref().map(|asked_by| world.people.without(&asked_by.id));
        let people = without.as_ref().unwrap_or(&world.people);
        facts.stages = policy::stage_approvers(tier, &submission.terms.owners, &person, people, now);
        facts.lockdowns = tx.lockdowns(&person)?;
        facts.breakers_open = self.breakers.clone();
        facts.claims = tx.claims_on(&person, &submission.terms.steps, submission.id)?;
        if let Kind::Extension { parent } = submission.kind {
            facts.parent = parent_facts(tx, parent, &world)?;
        }
        let role = submission.ask.role.clone();
        let change = self.rules.submit(submission, &facts, now)?;
        let answer = change.answer.clone();
        let mut waiting = match self.apply(tx, touched, change, true, now) {
            Err(Stop::Store(StoreError::Twin { open })) => {
                return Err(Refusal::Rules(vec![twin(&role.to_string(), open)]).into());
            }
            other => other?,
        };
        while let Some(follow_up) = waiting.pop() {
            waiting.append(&mut self.follow_up(tx, touched, &follow_up, now)?);
        }
        Ok(answer)
    }

    /// A break-glass is refused while the review of an earlier one is overdue. That of a drill refuses nothing.
    fn no_review_overdue(&self, tx: &mut Tx<'_>, person: &Person, now: Timestamp) -> Result<(), Stop> {
        for (due, id) in tx.reviews_owed(&person.id)?.into_iter().filter(|(due, _)| *due < now) {
            let Some((unreviewed, _)) = tx.request(id)? else { continue };
            if !unreviewed.kind.is_drill() {
                return Err(Refusal::Rules(vec![self.review_overdue(&unreviewed, due)]).into());
            }
        }
        Ok(())
    }

    fn take_the_place_of_what_waits(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        person: &Person,
        ask: &Ask,
        now: Timestamp,
    ) -> Result<(), Stop> {
        for open in tx.open_requests(&person.id)? {
            let Some((twin, _)) = tx.request(open)? else { continue };
            let waits = matches!(twin.state, State::Pending(_) | State::Scheduled { .. });
            if waits && twin.ask.role == ask.role && !matches!(twin.kind, Kind::Extension { .. }) {
                let event = Event::Withdraw { by: Actor::Jitney, cause: WithdrawCause::Superseded };
                self.event(tx, touched, open, &event, now)?;
            }
        }
        Ok(())
    }

    fn review_overdue(&self, unreviewed: &Request, due: Timestamp) -> Reason {
        let Request { id, terms, requester, .. } = unreviewed;
        let people = &self.world().people;
        let able = policy::reviewers(&terms.tier, &terms.owners, &requester.id, people);
        let able = policy::listed(able.iter().map(PersonId::as_str), "or");
        Reason {
            code: ReasonCode::ReviewOverdue,
            rule: "a break-glass must be reviewed".to_owned(),
            saw: format!("the review of {id} was due at {}", due.minute_utc()),
            wants: if able.is_empty() {
                "that review, by somebody else".to_owned()
            } else {
                format!("that review, by {able}")
            },
        }
    }

    pub(super) fn not_too_many(&self, tx: &mut Tx<'_>, person: &Person) -> Result<(), Stop> {
        let open = tx.open_count(&person.id)?;
        if open < self.open_requests_per_person as usize {
            return Ok(());
        }
        Err(Refusal::Rules(vec![Reason {
            code: ReasonCode::TooMany,
            rule: "open requests of one person".to_owned(),
            saw: format!("{open} of yours wait"),
            wants: format!("{} at most: withdraw one, or wait for a decision", self.open_requests_per_person),
        }])
        .into())
    }

    /// What is copied from the policy at submission.
    pub(super) fn terms(&self, ask: &Ask, person: &Person, request: RequestId) -> Result<Terms, Stop> {
        let world = self.world();
        let unknown = || Stop::Internal(format!("{} passed the policy and is not in it", ask.role));
        let (app, role) = world.policies.role(&ask.role).ok_or_else(unknown)?;
        let tier = world.policies.tiers.get(&role.tier).ok_or_else(unknown)?;
        let mut steps = Vec::with_capacity(role.steps.len());
        for spec in &role.steps {
            let subject = Subject { person: &person.id, request };
            let bound = self.catalogue.bind(&spec.target, &spec.params, &subject).map_err(|why| {
                Stop::Refused(Refusal::Rules(vec![Reason {
                    code: ReasonCode::NotEligible,
                    rule: format!("{} on {}", spec.label, spec.target),
                    saw: why,
                    wants: "an operator to look at the policy".to_owned(),
                }]))
            })?;
            steps.push(StepTerms {
                target: spec.target.clone(),
                gives_group: spec.gives_group.clone(),
                params: spec.params.clone(),
                key: bound.key,
                shared: bound.shared,
                label: spec.label.clone(),
                issues_credential: spec.issues_credential,
                login: bound.login,
                used_at: bound.used_at,
                readable: spec.readable,
                cannot_end: spec.cannot_end.clone(),
            });
        }
        Ok(Terms {
            app_name: app.name.clone(),
            role_name: role.name.clone(),
            gives: role.gives.clone(),
            risk: role.risk,
            layer: app.layer,
            owners: app.owners.clone(),
            max_duration: role.max_duration,
            max_total: role.max_total,
            revoke_target: role.revoke_target,
            tier: tier.clone(),
            steps,
            lockdown_family: role.lockdown_family.clone(),
        })
    }

    /// What is open for somebody who left is ended.
    pub(super) fn leaver(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        id: RequestId,
        now: Timestamp,
    ) -> Result<Answer, Stop> {
        let event = Event::Revoke { by: Actor::Jitney, cause: EndCause::Leaver };
        self.event(tx, touched, id, &event, now)
    }
}

pub(super) fn asker(people: &policy::People, by: &Actor) -> Result<Person, Stop> {
    let id = by.person().ok_or_else(|| Stop::Internal("nobody asks".to_owned()))?;
    let person = people.get(id).cloned();
    person.ok_or_else(|| Refusal::UnknownPerson { account: id.to_string() }.into())
}

/// What Slack did with a credential is told for the one it was shown to, by nobody else.
fn only_requester(tx: &mut Tx<'_>, by: &Actor, request: RequestId) -> Result<(), Stop> {
    let (found, _) = tx.request(request)?.ok_or(Refusal::NoSuchRequest { request })?;
    if by.person() == Some(&found.requester.id) { Ok(()) } else { Err(Refusal::NotYours { request }.into()) }
}

/// What the approvers are told of the requester's past and of who else has the role.
pub(super) fn context(
    tx: &mut Tx<'_>,
    person: &PersonId,
    role: &RoleRef,
    now: Timestamp,
) -> Result<Context, Stop> {
    let past = tx.past_grants(person, &role.app, now - PAST, PAST_MOST)?;
    let holders = tx.holders(role, person, HOLDERS_MOST)?;
    Ok(Context::new(&role.role, &past, holders, now))
}

fn twin(role: &str, open: RequestId) -> Reason {
    Reason {
        code: ReasonCode::Twin,
        rule: "one open request of a person for a role".to_owned(),
        saw: format!("{open} for {role} is still open"),
        wants: "that one withdrawn, released or ended first; for more time, extend it".to_owned(),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_LIMIT).collect()
}

/// The request's facts that every audit record of it carries.
pub(super) fn audit_body(request: &Request, entry: &crate::lifecycle::Entry) -> serde_json::Value {
    let mut body = serde_json::json!({
        "actor": entry.by,
        "requester": {
            "id": request.requester.id,
            "name": request.requester.name,
            "employment": request.requester.employment,
            "department": request.requester.department,
        },
        "role": request.ask.role,
        "layer": request.terms.layer,
        "policy": request.policy,
        "entry": entry.what,
        "entry_id": entry.id,
        "times": request.times,
        "approvals": request.votes,
    });
    if let (Some(asked_by), Some(fields)) = (&request.asked_by, body.as_object_mut()) {
        fields.insert("asked_by".to_owned(), serde_json::json!(asked_by));
    }
    if let (false, Some(fields)) = (entry.because.is_empty(), body.as_object_mut()) {
        fields.insert("because".to_owned(), serde_json::json!(entry.because));
    }
    body
}
