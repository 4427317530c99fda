//! Who approves, who may, and who may end access. People are compared by their one identity alone.

use std::collections::BTreeSet;

use super::eligible::in_force;
use super::{ApproverRef, People, Reason, Stage, Tier, Verdict, reasons};
use crate::ids::PersonId;
use crate::time::Timestamp;

/// Who would be asked in one stage now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StageApprovers {
    /// The stage's approvers, or its fallback when they are empty; never the requester.
    pub asked: Vec<PersonId>,
    /// Who is asked when the stage escalates.
    pub escalation: Vec<PersonId>,
    /// Whether `asked` is the fallback.
    pub from_fallback: bool,
}

impl StageApprovers {
    /// Everybody who could approve it, sooner or later.
    fn all(&self) -> BTreeSet<&PersonId> {
        self.asked.iter().chain(&self.escalation).collect()
    }
}

/// Where the voting on a request stands, for the question whether somebody may decide.
#[derive(Debug, Clone, Copy)]
pub struct Ballot<'a> {
    /// The request's tier, as copied at submission.
    pub tier: &'a Tier,
    /// The app's owners, as copied at submission.
    pub owners: &'a [PersonId],
    /// Who asked.
    pub requester: &'a PersonId,
    /// The open stage, from 0.
    pub stage: u32,
    /// Whether it has escalated.
    pub escalated: bool,
    /// The votes that count, with their stages.
    pub voted: &'a [(PersonId, u32)],
}

/// Who would be asked in each stage now: active people, in the order of the policy, nobody twice and never the
/// requester. The requester's manager is whom the directory names now.
#[must_use]
pub fn stage_approvers(
    tier: &Tier,
    owners: &[PersonId],
    requester: &PersonId,
    people: &People,
) -> Vec<StageApprovers> {
    tier.stages.iter().map(|stage| approvers_of(stage, owners, requester, people)).collect()
}

/// Whether the person may decide, yes or no, on the open stage.
#[must_use]
pub fn may_approve(ballot: &Ballot<'_>, approver: &PersonId, people: &People, now: Timestamp) -> Verdict {
    let Ballot { tier, owners, requester, stage: number, escalated, voted } = *ballot;
    let Some(stage) = usize::try_from(number).ok().and_then(|number| tier.stages.get(number)) else {
        return Verdict::Refused(reasons::not_approver(tier, number, None, approver, &[]), Vec::new());
    };
    let StageApprovers { asked: mut able, escalation, .. } = approvers_of(stage, owners, requester, people);
    let is_asked = able.contains(approver);
    if escalated {
        for id in escalation {
            if !able.contains(&id) {
                able.push(id);
            }
        }
    }
    if approver == requester {
        return Verdict::Refused(reasons::own_request(approver, &able), Vec::new());
    }
    if let Err(reason) = in_force(people, approver, Some(now)) {
        return Verdict::Refused(reason, Vec::new());
    }
    let mut against = Vec::new();
    if !able.contains(approver) {
        against.push(reasons::not_approver(tier, number, Some(stage), approver, &able));
    }
    let counted = |vote: &&(PersonId, u32)| {
        vote.0 == *approver && (vote.1 == number || (stage.distinct && vote.1 < number))
    };
    if let Some((_, voted_in)) = voted.iter().find(counted) {
        against.push(reasons::already_voted(tier, number, stage, approver, *voted_in));
    }
    Verdict::from_reasons(against, vec![reasons::may_decide(tier, number, stage, approver, !is_asked)])
}

/// Whether the person may end the requester's access: the requester, an owner of the app, and whoever may approve
/// any stage. Operators are judged elsewhere. An old directory is no reason against it: less access is the safe
/// side.
#[must_use]
pub fn may_end(
    tier: &Tier,
    owners: &[PersonId],
    requester: &PersonId,
    person: &PersonId,
    people: &People,
) -> Verdict {
    if let Err(reason) = in_force(people, person, None) {
        return Verdict::Refused(reason, Vec::new());
    }
    if person == requester {
        return Verdict::Granted(vec![reasons::requester_may_end(person)]);
    }
    if owners.contains(person) {
        return Verdict::Granted(vec![reasons::owner_may_end(person)]);
    }
    let stages = stage_approvers(tier, owners, requester, people);
    for ((number, stage), approvers) in (0u32..).zip(&tier.stages).zip(&stages) {
        let is_asked = approvers.asked.contains(person);
        if is_asked || approvers.escalation.contains(person) {
            return Verdict::Granted(vec![reasons::may_decide(tier, number, stage, person, !is_asked)]);
        }
    }
    let mut able: Vec<PersonId> = Vec::new();
    let owners = owners.iter().filter(|id| in_force(people, id, None).is_ok());
    let approvers = stages.iter().flat_map(|stage| stage.asked.iter().chain(&stage.escalation));
    for id in owners.chain(approvers) {
        if !able.contains(id) {
            able.push(id.clone());
        }
    }
    Verdict::Refused(reasons::may_not_end(tier, person, &able), Vec::new())
}

/// Who can review the requester's break-glass, nobody twice and never the requester: the owners of the app, then whoever
/// may approve any stage; operators where that is nobody.
#[must_use]
pub fn reviewers(tier: &Tier, owners: &[PersonId], requester: &PersonId, people: &People) -> Vec<PersonId> {
    let stages = stage_approvers(tier, owners, requester, people);
    let approvers = stages.iter().flat_map(|stage| stage.asked.iter().chain(&stage.escalation));
    let mut able: Vec<PersonId> = Vec::new();
    for id in owners.iter().chain(approvers) {
        if id != requester && in_force(people, id, None).is_ok() && !able.contains(id) {
            able.push(id.clone());
        }
    }
    if able.is_empty() {
        able.extend(people.operators().iter().filter(|id| *id != requester).cloned());
    }
    able
}

/// Whether the person may review the requester's break-glass: an owner of the app, whoever may approve any stage, and
/// operators; never the requester. An old directory is no reason against it: a review gives nothing.
#[must_use]
pub fn may_review(
    tier: &Tier,
    owners: &[PersonId],
    requester: &PersonId,
    person: &PersonId,
    people: &People,
) -> Verdict {
    if let Err(reason) = in_force(people, person, None) {
        return Verdict::Refused(reason, Vec::new());
    }
    let able = reviewers(tier, owners, requester, people);
    if person == requester {
        return Verdict::Refused(reasons::own_review(person, &able), Vec::new());
    }
    if able.contains(person) || people.operators().contains(person) {
        return Verdict::Granted(vec![reasons::may_review(person)]);
    }
    Verdict::Refused(reasons::may_not_review(tier, person, &able), Vec::new())
}

/// Why the tier can't come to a yes for this requester, by the number of the stage, from 0.
pub(super) fn unable(
    tier: &Tier,
    owners: &[PersonId],
    requester: &PersonId,
    people: &People,
) -> Vec<(u32, Reason)> {
    if tier.stages.is_empty() {
        return vec![(0, reasons::no_stages(tier))];
    }
    let approvers = stage_approvers(tier, owners, requester, people);
    let stages: Vec<_> = (0u32..).zip(&tier.stages).zip(&approvers).collect();
    let mut against = Vec::new();
    for ((number, stage), who) in &stages {
        let able = who.all();
        if who.asked.is_empty() {
            against.push((*number, reasons::no_approvers(tier, *number, stage)));
            continue;
        }
        if able.len() < needed(stage) {
            against.push((*number, reasons::too_few_approvers(tier, *number, stage, &owned(&able))));
            continue;
        }
        // Held against each earlier stage on its own: enough to see that the same few people are meant.
        for ((earlier_number, earlier), earlier_who) in stages.iter().take_while(|((n, _), _)| n < number) {
            let both: BTreeSet<_> = able.union(&earlier_who.all()).copied().collect();
            let wanted = needed(stage) + needed(earlier);
            if stage.distinct && !earlier_who.asked.is_empty() && both.len() < wanted {
                let both = owned(&both);
                let reason = reasons::same_approvers(tier, *number, stage, *earlier_number, &both, wanted);
                against.push((*number, reason));
            }
        }
    }
    against
}

fn needed(stage: &Stage) -> usize {
    usize::try_from(stage.quorum).unwrap_or(usize::MAX).max(1)
}

fn owned(people: &BTreeSet<&PersonId>) -> Vec<PersonId> {
    people.iter().map(|id| (*id).clone()).collect()
}

fn approvers_of(stage: &Stage, owners: &[PersonId], requester: &PersonId, people: &People) -> StageApprovers {
    let escalation = resolve(&stage.escalate_to, owners, requester, people);
    let asked = resolve(&stage.approvers, owners, requester, people);
    if asked.is_empty() {
        let asked = resolve(&stage.fallback, owners, requester, people);
        return StageApprovers { asked, escalation, from_fallback: true };
    }
    StageApprovers { asked, escalation, from_fallback: false }
}

/// The active people behind the references, in order, without the requester.
fn resolve(
    refs: &[ApproverRef],
    owners: &[PersonId],
    requester: &PersonId,
    people: &People,
) -> Vec<PersonId> {
    let mut found: Vec<PersonId> = Vec::new();
    let mut add = |id: &PersonId| {
        if id != requester && people.get(id).is_some_and(|person| person.active) && !found.contains(id) {
            found.push(id.clone());
        }
    };
    for approver in refs {
        match approver {
            ApproverRef::Manager => {
                people
                    .get(requester)
                    .and_then(|person| person.manager.as_ref())
                    .into_iter()
                    .for_each(&mut add);
            }
            ApproverRef::Owners => owners.iter().for_each(&mut add),
            ApproverRef::Person(id) => add(id),
            ApproverRef::Group(group) => {
                people.members(group).map(|person| &person.id).for_each(&mut add);
            }
        }
    }
    found
}
