//! Who approves, who may, and who may end access. People are compared by their one identity alone.
//!
//! Who is away is not asked: their delegate is, or nobody. Both may decide, and they fill one place together. Who is
//! on call is asked while the roster is good; a roster that is too old comes to nobody.

mod asking;

use std::collections::BTreeSet;

use self::asking::{Asking, Named, add_new};
use super::eligible::in_force;
use super::{ApproverRef, Capacity, Fact, People, PolicySet, Reason, Stage, Tier, Verdict, reasons};
use crate::ids::{OnCallId, PersonId};
use crate::time::Timestamp;

/// Who would be asked in one stage now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StageApprovers {
    /// The stage's approvers, or its fallback when they are empty; never the requester. Who is away is not among
    /// them, their delegate is.
    pub asked: Vec<PersonId>,
    /// Who is asked when the stage escalates.
    pub escalation: Vec<PersonId>,
    /// Whether `asked` is the fallback.
    pub from_fallback: bool,
    /// Of both lists, who is asked in whose place: the delegate, then the one who is away.
    pub stand_ins: Vec<(PersonId, PersonId)>,
    /// Approvers of the stage who are away: not asked, and may decide all the same.
    pub away: Vec<PersonId>,
    /// The same of those it escalates to.
    pub escalation_away: Vec<PersonId>,
    /// On-call schedules of the stage of which it is not known who is on call.
    pub unknown_on_call: Vec<OnCallId>,
}

impl StageApprovers {
    /// Everybody who would be asked, sooner or later.
    fn all(&self) -> BTreeSet<&PersonId> {
        self.asked.iter().chain(&self.escalation).collect()
    }

    /// Everybody who is asked now, in order.
    #[must_use]
    pub fn asked_now(&self, escalated: bool) -> Vec<PersonId> {
        let mut asked = self.asked.clone();
        if escalated {
            add_new(&mut asked, &self.escalation);
        }
        asked
    }

    /// Everybody who may decide now: those who are asked, and those who are away.
    fn able(&self, escalated: bool) -> Vec<PersonId> {
        let mut able = self.asked_now(escalated);
        add_new(&mut able, &self.away);
        if escalated {
            add_new(&mut able, &self.escalation_away);
        }
        able
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
    /// The places that the votes which count have filled, with their stages: each voter, and in whose place they
    /// voted.
    pub voted: &'a [(PersonId, u32)],
}

impl Ballot<'_> {
    /// In which stage this person's place was filled, as far as it counts for the open one.
    fn filled(&self, stage: &Stage, id: &PersonId) -> Option<u32> {
        let counts = |of: u32| of == self.stage || (stage.distinct && of < self.stage);
        self.voted.iter().find(|(who, of)| who == id && counts(*of)).map(|(_, of)| *of)
    }

    fn open_stage(&self) -> Option<&Stage> {
        usize::try_from(self.stage).ok().and_then(|number| self.tier.stages.get(number))
    }
}

/// Who would be asked in each stage now: active people, in the order of the policy, nobody twice and never the
/// requester. The requester's manager is whom the directory names now.
#[must_use]
pub fn stage_approvers(
    tier: &Tier,
    owners: &[PersonId],
    requester: &PersonId,
    people: &People,
    now: Timestamp,
) -> Vec<StageApprovers> {
    let asking = Asking { owners, requester, people, now };
    tier.stages.iter().map(|stage| asking.stage(stage)).collect()
}

/// Whether the person may decide, yes or no, on the open stage.
#[must_use]
pub fn may_approve(ballot: &Ballot<'_>, approver: &PersonId, people: &People, now: Timestamp) -> Verdict {
    let Ballot { tier, owners, requester, stage: number, escalated, .. } = *ballot;
    let Some(stage) = ballot.open_stage() else {
        return Verdict::Refused(reasons::not_approver(tier, number, None, approver, &[]), Vec::new());
    };
    let who = Asking { owners, requester, people, now }.stage(stage);
    let asked = who.asked_now(escalated);
    if approver == requester {
        return Verdict::Refused(reasons::own_request(approver, &asked), Vec::new());
    }
    if let Err(reason) = in_force(people, approver, Some(now)) {
        return Verdict::Refused(reason, Vec::new());
    }
    let mut against = Vec::new();
    if !who.able(escalated).contains(approver) {
        against.push(reasons::not_approver(tier, number, Some(stage), approver, &asked));
    }
    let capacity = capacity(ballot, approver, people, now);
    if let Some(voted_in) = ballot.filled(stage, approver) {
        against.push(reasons::already_voted(tier, number, stage, approver, voted_in));
    } else if let Some(Capacity::InPlaceOf { id, .. }) = &capacity
        && let Some(voted_in) = ballot.filled(stage, id)
    {
        // Everybody in whose place they could decide has decided.
        against.push(reasons::place_filled(tier, number, stage, approver, id, voted_in));
    }
    let is_asked = who.asked.contains(approver) || who.away.contains(approver);
    let because = match &capacity {
        Some(capacity) => reasons::may_decide_as(tier, number, stage, approver, capacity),
        None => reasons::may_decide(tier, number, stage, approver, !is_asked),
    };
    Verdict::from_reasons(against, vec![because])
}

/// In what capacity this person would decide on the open stage, when it is not in their own right. Of several people in
/// whose place they could, the first whose place is still open.
#[must_use]
pub fn capacity(
    ballot: &Ballot<'_>,
    approver: &PersonId,
    people: &People,
    now: Timestamp,
) -> Option<Capacity> {
    let stage = ballot.open_stage()?;
    let asking = Asking { owners: ballot.owners, requester: ballot.requester, people, now };
    let who = asking.stage(stage);
    let mut refs: Vec<&[ApproverRef]> = vec![&stage.approvers];
    refs.extend(who.from_fallback.then_some(stage.fallback.as_slice()));
    refs.extend(ballot.escalated.then_some(stage.escalate_to.as_slice()));
    let named: Vec<Named<'_>> = refs.into_iter().flat_map(|refs| asking.named(refs).people).collect();
    let own: Vec<Option<&OnCallId>> =
        named.iter().filter(|named| named.id == approver).map(|named| named.on_call).collect();
    if let Some(first) = own.first() {
        // Who is named in any other way does not need to be on call.
        let on_call = if own.contains(&None) { None } else { *first };
        return on_call.map(|schedule| Capacity::OnCall { schedule: schedule.clone() });
    }
    let absent: Vec<&PersonId> =
        who.stand_ins.iter().filter(|(delegate, _)| delegate == approver).map(|(_, absent)| absent).collect();
    let open = absent.iter().find(|absent| ballot.filled(stage, absent).is_none());
    let id = (*open.or(absent.first())?).clone();
    let name = people.get(&id).map_or_else(|| id.to_string(), |person| person.name.clone());
    Some(Capacity::InPlaceOf { id, name })
}

/// Whether a vote that was good at its click is good still. A right that was taken away ends it; a turn that was over
/// does not: who was on call, who stood in, and who was asked by an escalation or as the fallback, was asked rightly.
///
/// # Errors
/// Why it does not count any more.
pub fn vote_stands(
    ballot: &Ballot<'_>,
    voter: &PersonId,
    in_capacity: Option<&Capacity>,
    people: &People,
    now: Timestamp,
) -> Result<(), Reason> {
    let Ballot { tier, owners, requester, stage: number, .. } = *ballot;
    let open = ballot.open_stage();
    let no_approver = |who: &[PersonId]| reasons::not_approver(tier, number, open, voter, who);
    let Some(stage) = open else { return Err(no_approver(&[])) };
    let asking = Asking { owners, requester, people, now };
    if voter == requester {
        return Err(reasons::own_request(voter, &asking.stage(stage).asked));
    }
    in_force(people, voter, Some(now))?;
    let is_named = |id: &PersonId| {
        let lists = [&stage.approvers, &stage.escalate_to, &stage.fallback];
        lists.iter().any(|refs| asking.named(refs).people.iter().any(|named| named.id == id))
    };
    let (may, filled) = match in_capacity {
        None => (is_named(voter), None),
        Some(Capacity::OnCall { schedule }) => {
            let asks = |reference: &ApproverRef| *reference == ApproverRef::OnCall(schedule.clone());
            (stage.references().any(asks), None)
        }
        Some(Capacity::InPlaceOf { id, .. }) => {
            (is_named(id), ballot.filled(stage, id).map(|in_stage| (id, in_stage)))
        }
    };
    if !may {
        return Err(no_approver(&asking.stage(stage).asked));
    }
    if let Some(in_stage) = ballot.filled(stage, voter) {
        return Err(reasons::already_voted(tier, number, stage, voter, in_stage));
    }
    match filled {
        Some((absent, in_stage)) => Err(reasons::place_filled(tier, number, stage, voter, absent, in_stage)),
        None => Ok(()),
    }
}

/// Whether this person is asked by some tier for something, in their own right: as an owner, a manager, by name, by a
/// group, or on call now.
#[must_use]
pub fn is_approver(policies: &PolicySet, people: &People, id: &PersonId, now: Timestamp) -> bool {
    let references = policies.tiers.values().flat_map(|tier| &tier.stages).flat_map(Stage::references);
    let named: BTreeSet<&ApproverRef> = references.collect();
    named.into_iter().any(|reference| match reference {
        ApproverRef::Manager => {
            people.iter().any(|person| person.active && person.manager.as_ref() == Some(id))
        }
        ApproverRef::Owners => policies.apps.values().any(|app| app.owners.contains(id)),
        ApproverRef::Person(person) => person == id,
        ApproverRef::Group(group) => people.members(group).any(|person| person.id == *id),
        ApproverRef::OnCall(schedule) => {
            people.roster(schedule, now).is_some_and(|roster| roster.on_call.contains(id))
        }
    })
}

/// Whether the person may end the requester's access: the requester, an owner of the app, and whoever may approve
/// any stage in their own right. Operators are judged elsewhere. An old directory is no reason against it: less access
/// is the safe side.
#[must_use]
pub fn may_end(
    tier: &Tier,
    owners: &[PersonId],
    requester: &PersonId,
    person: &PersonId,
    people: &People,
    now: Timestamp,
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
    let mut able: Vec<PersonId> =
        owners.iter().filter(|id| in_force(people, id, None).is_ok()).cloned().collect();
    let stages = in_own_right(tier, &Asking { owners, requester, people, now });
    for ((number, stage), (asked, escalation)) in (0u32..).zip(&tier.stages).zip(&stages) {
        let is_asked = asked.contains(person);
        if is_asked || escalation.contains(person) {
            return Verdict::Granted(vec![reasons::may_decide(tier, number, stage, person, !is_asked)]);
        }
        add_new(&mut able, asked);
        add_new(&mut able, escalation);
    }
    Verdict::Refused(reasons::may_not_end(tier, person, &able), Vec::new())
}

/// Of each stage who is asked, and whom it escalates to, as if nobody were away: whoever stands in for somebody decides
/// on requests, and on nothing else.
fn in_own_right<'a>(tier: &'a Tier, asking: &Asking<'a>) -> Vec<(Vec<PersonId>, Vec<PersonId>)> {
    let named = |refs: &'a [ApproverRef]| -> Vec<PersonId> {
        asking.named(refs).people.into_iter().map(|named| named.id.clone()).collect()
    };
    let of_stage = |stage: &'a Stage| {
        let asked = named(&stage.approvers);
        let asked = if asked.is_empty() { named(&stage.fallback) } else { asked };
        (asked, named(&stage.escalate_to))
    };
    tier.stages.iter().map(of_stage).collect()
}

/// Who can review the requester's break-glass, nobody twice and never the requester: the owners of the app, then whoever
/// may approve any stage in their own right; operators where that is nobody.
#[must_use]
pub fn reviewers(tier: &Tier, owners: &[PersonId], requester: &PersonId, people: &People) -> Vec<PersonId> {
    // Who is on call as of the directory's reading: a review is in no hurry.
    let stages = in_own_right(tier, &Asking { owners, requester, people, now: people.as_of() });
    let approvers = stages.iter().flat_map(|(asked, escalation)| asked.iter().chain(escalation));
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
    now: Timestamp,
) -> Vec<(u32, Reason)> {
    if tier.stages.is_empty() {
        return vec![(0, reasons::no_stages(tier))];
    }
    let approvers = stage_approvers(tier, owners, requester, people, now);
    let stages: Vec<_> = (0u32..).zip(&tier.stages).zip(&approvers).collect();
    // Where nobody asks the schedules, as on the command line, nothing is known against them.
    let unknown = |who: &StageApprovers| !people.knows_on_call() && !who.unknown_on_call.is_empty();
    let mut against = Vec::new();
    for ((number, stage), who) in &stages {
        if unknown(who) {
            continue;
        }
        let able = who.all();
        if who.asked.is_empty() {
            let doubts = doubts_of(stage, requester, people);
            against.push((*number, reasons::no_approvers(tier, *number, stage, who, &doubts, people, now)));
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
            let counts = stage.distinct && !earlier_who.asked.is_empty() && !unknown(earlier_who);
            if counts && both.len() < wanted {
                let both = owned(&both);
                let reason = reasons::same_approvers(tier, *number, stage, *earlier_number, &both, wanted);
                against.push((*number, reason));
            }
        }
    }
    against
}

/// Why it is not known who some of the stage's approvers are.
fn doubts_of(stage: &Stage, requester: &PersonId, people: &People) -> Vec<String> {
    let all = stage.approvers.iter().chain(&stage.fallback);
    let doubt = |approver: &ApproverRef| match approver {
        ApproverRef::Manager => people.get(requester)?.doubt(Fact::Manager).map(str::to_owned),
        ApproverRef::Group(group) => people.too_old(Fact::of_group(group)),
        ApproverRef::Owners | ApproverRef::Person(_) | ApproverRef::OnCall(_) => None,
    };
    all.filter_map(doubt).collect()
}

fn needed(stage: &Stage) -> usize {
    usize::try_from(stage.quorum).unwrap_or(usize::MAX).max(1)
}

fn owned(people: &BTreeSet<&PersonId>) -> Vec<PersonId> {
    people.iter().map(|id| (*id).clone()).collect()
}
