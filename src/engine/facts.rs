//! Gathers the facts that a decision may look at, in the transaction that will hold what it decides.

use std::collections::BTreeSet;

use rand::RngExt;

use super::act::STANDING;
use super::core::{Core, Stop, World};
use crate::ids::{PersonId, RoleRef};
use crate::lifecycle::{Actor, Event, Facts, Kind, ParentFacts, Request, State, Vote};
use crate::policy::{self, Ballot, Begin, Reason, ReasonCode, Verdict};
use crate::store::Tx;
use crate::time::{Span, Timestamp};

impl Core {
    /// The facts for an event of an existing request.
    pub(super) fn facts(
        &mut self,
        tx: &mut Tx<'_>,
        request: &Request,
        event: &Event,
        now: Timestamp,
    ) -> Result<Facts, Stop> {
        let world = self.world();
        let mut facts = Facts::alone();
        facts.jitter = self.jitter();
        facts.breakers_open = self.breakers.clone();
        let person = &request.requester.id;
        facts.operators = world.people.operators().iter().filter(|operator| *operator != person).count();
        if let Event::Reviewed { by, .. } = event {
            let terms = &request.terms;
            facts.verdict = match by.person() {
                Some(id) => policy::may_review(&terms.tier, &terms.owners, person, id, &world.people),
                None => Verdict::Refused(nobody(), Vec::new()),
            };
        }
        match (&request.state, event) {
            (State::Pending(_) | State::Scheduled { .. }, _) => {
                let holds = self.holds(tx, person, request)?;
                judge_pending(&mut facts, &world, request, event, &holds, now);
                let standing = tx.standing(person, now - STANDING)?;
                let against = policy::standing_conflicts(&world.policies, &request.ask.role, &standing);
                facts.still_eligible = facts.still_eligible.unless(against);
                facts.lockdowns = tx.lockdowns(person)?;
                facts.claims = tx.claims(request)?;
                if let Kind::Extension { parent } = request.kind {
                    facts.parent = parent_facts(tx, parent, &world)?;
                }
                if let Event::Rejudge = event {
                    facts.still_eligible = rejudged(&world, request);
                }
                if let (State::Scheduled { starts_at }, Event::Tick) = (&request.state, event)
                    && now >= *starts_at
                {
                    self.judge_ticket(&mut facts, &world, request, now);
                }
            }
            (State::Granting | State::Active { .. }, _) => {
                if let Event::Revoke { by: Actor::Person { id, .. }, .. } = event {
                    let terms = &request.terms;
                    facts.verdict =
                        policy::may_end(&terms.tier, &terms.owners, person, id, &world.people, now);
                }
                if let Event::Rejudge = event {
                    facts.still_eligible = rejudged(&world, request);
                }
                facts.lockdowns = tx.lockdowns(person)?;
                facts.claims = tx.claims(request)?;
                facts.open_extensions = tx.open_extensions(request.id)?;
            }
            (State::Revoking { stuck_at, stuck_since, locked, .. }, _) => {
                facts.claims = tx.claims(request)?;
                // Only what has just got stuck locks others, and only what locked lets go again.
                if stuck_since.is_none() && now >= *stuck_at {
                    facts.other_grants = tx.other_grants(person, request.id)?;
                }
                if *locked || now >= *stuck_at {
                    facts.held = tx.held(person)?;
                }
            }
            (State::Revoked { .. }, _) => facts.claims = tx.claims(request)?,
            (
                State::Applied { .. } | State::Denied { .. } | State::Withdrawn { .. } | State::Lapsed { .. },
                _,
            ) => {}
        }
        Ok(facts)
    }

    /// A number from 0 to 999 that spreads retries.
    pub(super) fn jitter(&mut self) -> u32 {
        self.rng.random_range(0..1000)
    }

    /// Roles that the person has or is about to have, besides this request's own.
    fn holds(&self, tx: &mut Tx<'_>, person: &PersonId, request: &Request) -> Result<Vec<RoleRef>, Stop> {
        let mut holds = tx.live_roles(person)?;
        if !matches!(request.kind, Kind::New | Kind::BreakGlass) || !request.steps.is_empty() {
            holds.retain(|role| *role != request.ask.role);
        }
        Ok(holds)
    }
}

/// The grant that an extension extends, if it exists.
pub(super) fn parent_facts(
    tx: &mut Tx<'_>,
    parent: crate::ids::RequestId,
    world: &World,
) -> Result<Option<ParentFacts>, Stop> {
    let Some((parent, _)) = tx.request(parent)? else { return Ok(None) };
    let Some(times) = parent.times else { return Ok(None) };
    let active = matches!(parent.state, State::Active { .. });
    // The smaller of both maximums counts.
    let live = world.policies.role(&parent.ask.role).map(|(_, role)| role.max_total);
    Ok(Some(ParentFacts {
        expires_at: active.then_some(times.expires_at),
        active_at: times.active_at.unwrap_or(times.provisioning_at),
        max_total: live.map_or(parent.terms.max_total, |l| l.min(parent.terms.max_total)),
    }))
}

fn judge_pending(
    facts: &mut Facts,
    world: &World,
    request: &Request,
    event: &Event,
    holds: &[RoleRef],
    now: Timestamp,
) {
    let terms = &request.terms;
    let requester = &request.requester.id;
    // Who asked for somebody else has no part in the decision.
    let without = request.asked_by.as_ref().map(|asked_by| world.people.without(&asked_by.id));
    let people = without.as_ref().unwrap_or(&world.people);
    facts.stages = policy::stage_approvers(&terms.tier, &terms.owners, requester, people, now);
    let mut votes: Vec<Vote> = request.votes.clone();
    if let State::Pending(state) = &request.state
        && let Event::Approve { by, .. } | Event::Deny { by, .. } | Event::Question { by, .. } = event
    {
        let voted = places(votes.iter());
        let ballot = ballot(request, state.stage, state.escalated, &voted);
        facts.verdict = match by.person() {
            Some(person) => policy::may_approve(&ballot, person, people, now),
            None => Verdict::Refused(nobody(), Vec::new()),
        };
        if let (Event::Approve { at_most, .. }, true, Some(person)) =
            (event, facts.verdict.is_granted(), by.person())
        {
            facts.capacity = policy::capacity(&ballot, person, people, now);
            votes.push(Vote {
                by: person.clone(),
                name: by.name().to_owned(),
                stage: state.stage,
                at: now,
                at_most: *at_most,
                capacity: facts.capacity.clone(),
            });
        }
    }
    // The one that is given now is held against the others, too: it may be of a stage that is asked again.
    let stands = |(index, vote): &(usize, &Vote)| {
        let others = votes.iter().enumerate().filter(|(other, _)| other != index).map(|(_, other)| other);
        let others = places(others);
        // An approver who was asked by an escalation stays one.
        let ballot = ballot(request, vote.stage, true, &others);
        policy::vote_stands(&ballot, &vote.by, vote.capacity.as_ref(), people, now)
    };
    for vote in votes.iter().enumerate() {
        let key = (vote.1.by.clone(), vote.1.stage);
        match stands(&vote) {
            Ok(()) => {
                facts.valid_votes.insert(key);
            }
            Err(reason) => {
                facts.lost_votes.insert(key, vec![reason]);
            }
        }
    }
    facts.still_eligible = policy::still_eligible(
        &world.policies,
        &world.people,
        requester,
        &request.ask.role,
        granted_for(request, event, &facts.valid_votes),
        begin(request, now),
        holds,
        now,
    );
}

/// What a yes lets begin: what was asked for a time that is over begins now.
fn begin(request: &Request, now: Timestamp) -> Begin {
    match request.kind {
        Kind::New => Begin::Access(request.ask.starts_at.map_or(now, |starts_at| starts_at.max(now))),
        Kind::Extension { .. } => Begin::MoreTime,
        Kind::BreakGlass | Kind::Drill { .. } => Begin::BreakGlass,
    }
}

/// Whether the rules on people would still let the requester have it, as far as that is known.
fn rejudged(world: &World, request: &Request) -> Verdict {
    policy::no_longer_fits(&world.policies, &world.people, &request.requester.id, &request.ask.role)
}

/// For how long it would be given, with what this event allows, and without votes that no longer count.
fn granted_for(request: &Request, event: &Event, valid: &BTreeSet<(PersonId, u32)>) -> Span {
    let at_most = if let Event::Approve { at_most, .. } = event { *at_most } else { None };
    let valid = request.votes.iter().filter(|vote| valid.contains(&(vote.by.clone(), vote.stage)));
    valid.filter_map(|vote| vote.at_most).chain(at_most).fold(request.ask.duration, Span::min)
}

fn ballot<'a>(request: &'a Request, stage: u32, escalated: bool, voted: &'a [(PersonId, u32)]) -> Ballot<'a> {
    let terms = &request.terms;
    let requester = &request.requester.id;
    Ballot { tier: &terms.tier, owners: &terms.owners, requester, stage, escalated, voted }
}

/// The places that votes have filled.
fn places<'a>(votes: impl Iterator<Item = &'a Vote>) -> Vec<(PersonId, u32)> {
    votes.flat_map(Vote::places).collect()
}

fn nobody() -> Reason {
    Reason {
        code: ReasonCode::NotApprover,
        rule: "people decide".to_owned(),
        saw: "nobody".to_owned(),
        wants: "a person who may approve".to_owned(),
    }
}
