//! The people behind a tier's references: who is named, who of them is there, and who is asked in the place of who is
//! not.

use super::super::{ApproverRef, People, Person, Stage};
use super::StageApprovers;
use crate::ids::{OnCallId, PersonId};
use crate::time::Timestamp;

/// Whose request it is, and who there is at one moment.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) owners: &'a [PersonId],
    pub(super) requester: &'a PersonId,
    pub(super) people: &'a People,
    pub(super) now: Timestamp,
}

/// Somebody behind a reference.
pub(super) struct Named<'a> {
    pub(super) id: &'a PersonId,
    /// The schedule, when nothing else names them.
    pub(super) on_call: Option<&'a OnCallId>,
}

/// The people behind a list of references.
#[derive(Default)]
pub(super) struct NamedList<'a> {
    pub(super) people: Vec<Named<'a>>,
    unknown_on_call: Vec<OnCallId>,
}

/// Who of a list is asked.
#[derive(Default)]
struct Seats {
    asked: Vec<PersonId>,
    stand_ins: Vec<(PersonId, PersonId)>,
    away: Vec<PersonId>,
    unknown_on_call: Vec<OnCallId>,
}

impl<'a> Asking<'a> {
    pub(super) fn stage(&self, stage: &'a Stage) -> StageApprovers {
        let first = self.seats(&stage.approvers);
        let escalation = self.seats(&stage.escalate_to);
        // Somebody may be on call: it is not known to be nobody.
        let unknown = !first.unknown_on_call.is_empty() && !self.people.knows_on_call();
        let from_fallback = first.asked.is_empty() && !unknown;
        let fallback = if from_fallback { self.seats(&stage.fallback) } else { Seats::default() };
        let mut away = first.away;
        add_new(&mut away, &fallback.away);
        away.retain(|id| !fallback.asked.contains(id));
        let stand_ins = first.stand_ins.into_iter().chain(fallback.stand_ins).chain(escalation.stand_ins);
        let mut unknown_on_call = first.unknown_on_call;
        unknown_on_call.extend(fallback.unknown_on_call);
        StageApprovers {
            asked: if from_fallback { fallback.asked } else { first.asked },
            escalation: escalation.asked,
            from_fallback,
            stand_ins: stand_ins.collect(),
            away,
            escalation_away: escalation.away,
            unknown_on_call,
        }
    }

    /// Who is asked: those who are there, and in the place of who is away their delegate, unless that one is asked
    /// already, is away too, has left, or is the requester. A delegate's own delegate is not looked for.
    fn seats(&self, refs: &'a [ApproverRef]) -> Seats {
        let NamedList { people: named, unknown_on_call } = self.named(refs);
        let mut seats = Seats { unknown_on_call, ..Seats::default() };
        for Named { id, .. } in &named {
            let Some(away) = self.people.away(id, self.now) else {
                add_new(&mut seats.asked, std::slice::from_ref(*id));
                continue;
            };
            seats.away.push((*id).clone());
            let delegate = away.delegate.as_ref().filter(|delegate| {
                self.is_here(delegate)
                    && self.people.away(delegate, self.now).is_none()
                    && !named.iter().any(|named| named.id == *delegate)
            });
            if let Some(delegate) = delegate {
                add_new(&mut seats.asked, std::slice::from_ref(delegate));
                seats.stand_ins.push((delegate.clone(), (*id).clone()));
            }
        }
        seats
    }

    /// The active people behind the references, in order, without the requester, away or not.
    pub(super) fn named(&self, refs: &'a [ApproverRef]) -> NamedList<'a> {
        let mut found = NamedList::default();
        for approver in refs {
            match approver {
                ApproverRef::Manager => {
                    let manager = self.people.get(self.requester).and_then(Person::known_manager);
                    manager.into_iter().for_each(|id| self.add(&mut found, id, None));
                }
                ApproverRef::Owners => self.owners.iter().for_each(|id| self.add(&mut found, id, None)),
                ApproverRef::Person(id) => self.add(&mut found, id, None),
                ApproverRef::Group(group) => {
                    self.people.members(group).for_each(|person| self.add(&mut found, &person.id, None));
                }
                ApproverRef::OnCall(schedule) => match self.people.roster(schedule, self.now) {
                    Some(roster) => {
                        roster.on_call.iter().for_each(|id| self.add(&mut found, id, Some(schedule)));
                    }
                    None => found.unknown_on_call.push(schedule.clone()),
                },
            }
        }
        found
    }

    fn add(&self, found: &mut NamedList<'a>, id: &'a PersonId, on_call: Option<&'a OnCallId>) {
        match found.people.iter_mut().find(|named| named.id == id) {
            Some(named) if on_call.is_none() => named.on_call = None,
            Some(_) => {}
            None if self.is_here(id) => found.people.push(Named { id, on_call }),
            None => {}
        }
    }

    fn is_here(&self, id: &PersonId) -> bool {
        id != self.requester && self.people.get(id).is_some_and(|person| person.active)
    }
}

/// Adds those who are not in it yet, in their order.
pub(super) fn add_new(to: &mut Vec<PersonId>, ids: &[PersonId]) {
    for id in ids {
        if !to.contains(id) {
            to.push(id.clone());
        }
    }
}
