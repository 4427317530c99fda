//! People as the directory knows them: the facts that rules are judged on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::doubts::{Doubts, Fact, Origin, is_set, stale_of};
use super::{Away, Aways, Roster, Rosters};
use crate::ids::{GroupId, OnCallId, PersonId, SlackUserId};
use crate::time::{Span, Timestamp};

/// How a person is employed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Employment {
    /// On the payroll.
    Employee,
    /// Working under a contract of services.
    Contractor,
    /// Here to learn, for a while.
    Intern,
    /// Of a supplier.
    Vendor,
}

impl Employment {
    /// Every kind, for messages that list the choices.
    pub const ALL: [Self; 4] = [Self::Employee, Self::Contractor, Self::Intern, Self::Vendor];

    /// As policies write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Employee => "employee",
            Self::Contractor => "contractor",
            Self::Intern => "intern",
            Self::Vendor => "vendor",
        }
    }
}

/// A person of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The one identity.
    pub id: PersonId,
    /// As people call them.
    pub name: String,
    /// How they are employed.
    pub employment: Employment,
    /// Where they work in the company.
    #[serde(default)]
    pub department: String,
    /// What they are called there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Where they work on the map.
    #[serde(default)]
    pub location: String,
    /// Who they report to.
    #[serde(default)]
    pub manager: Option<PersonId>,
    /// Groups that do not come from a grant of ours.
    #[serde(default)]
    pub groups: BTreeSet<GroupId>,
    /// False for leavers: they may nothing.
    #[serde(default = "yes")]
    pub active: bool,
    /// The Slack account that acts for them.
    #[serde(default)]
    pub slack: Option<SlackUserId>,
    /// Their login on the machine that runs Jitney, which makes them an operator.
    #[serde(default)]
    pub operator_login: Option<String>,
    /// Which of this can't be gone by; none when all can.
    #[serde(skip)]
    pub doubts: Option<Arc<Doubts>>,
}

impl Person {
    /// Why a fact of theirs can't be gone by, when it can't.
    #[must_use]
    pub fn doubt(&self, fact: Fact) -> Option<&str> {
        self.doubts.as_ref().and_then(|doubts| doubts.about(fact))
    }

    /// Their manager, when that can be gone by.
    #[must_use]
    pub fn known_manager(&self) -> Option<&PersonId> {
        self.manager.as_ref().filter(|_| self.doubt(Fact::Manager).is_none())
    }
}

const fn yes() -> bool {
    true
}

/// People who are in groups of the directory by a grant of ours.
pub type Borrowed = BTreeMap<GroupId, BTreeSet<PersonId>>;

/// The directory at one moment, with its age: decisions on older facts than `max_age` are not taken. A copy is cheap:
/// copies share what is large until one of them changes it.
#[derive(Debug, Clone, Default)]
pub struct People {
    by_id: Arc<BTreeMap<PersonId, Person>>,
    by_slack: Arc<BTreeMap<SlackUserId, PersonId>>,
    by_group: Arc<BTreeMap<GroupId, BTreeSet<PersonId>>>,
    operators: Arc<BTreeSet<PersonId>>,
    /// Those whose account the directory does not name, and that was bound to them.
    bound: Arc<BTreeSet<PersonId>>,
    /// Those who are in the maps, and are to be as if they were not.
    set_aside: BTreeSet<PersonId>,
    /// Who is on call; none where nobody asks the schedules, as on the command line.
    on_call: Option<Arc<Rosters>>,
    away: Arc<Aways>,
    /// Memberships that are there by a grant of ours.
    borrowed: Arc<Borrowed>,
    as_of: Timestamp,
    max_age: Span,
    /// Sources besides the one that says who there is; their numbers are bits below.
    origins: Arc<Vec<Origin>>,
    /// The sources that do not tell of a person; who is not here is told of by all.
    untold: Arc<BTreeMap<PersonId, u32>>,
    /// The sources that were too old when this was last looked at.
    stale: u32,
}

impl People {
    /// As if this person were not there: for decisions that they may take no part in.
    #[must_use]
    pub fn without(&self, id: &PersonId) -> Self {
        let mut others = self.clone();
        others.set_aside.insert(id.clone());
        if others.operators.contains(id) {
            Arc::make_mut(&mut others.operators).remove(id);
        }
        others
    }

    /// Takes the directory as read at `as_of`.
    #[must_use]
    pub fn new(people: impl IntoIterator<Item = Person>, as_of: Timestamp, max_age: Span) -> Self {
        let by_id: BTreeMap<_, _> = people.into_iter().map(|p| (p.id.clone(), p)).collect();
        let by_slack =
            by_id.values().filter_map(|p| p.slack.clone().map(|slack| (slack, p.id.clone()))).collect();
        let mut by_group = BTreeMap::<GroupId, BTreeSet<PersonId>>::new();
        for person in by_id.values() {
            for group in &person.groups {
                by_group.entry(group.clone()).or_default().insert(person.id.clone());
            }
        }
        let operates = |person: &&Person| person.active && person.operator_login.is_some();
        let operators = by_id.values().filter(operates).map(|p| p.id.clone()).collect();
        Self {
            by_id: Arc::new(by_id),
            by_slack: Arc::new(by_slack),
            by_group: Arc::new(by_group),
            operators: Arc::new(operators),
            bound: Arc::default(),
            set_aside: BTreeSet::new(),
            on_call: None,
            away: Arc::default(),
            borrowed: Arc::default(),
            as_of,
            max_age,
            origins: Arc::default(),
            untold: Arc::default(),
            stale: 0,
        }
    }

    /// The same people, with who is on call by each schedule that was asked.
    #[must_use]
    pub fn with_on_call(mut self, rosters: Arc<Rosters>) -> Self {
        self.on_call = Some(rosters);
        self
    }

    /// The same people, with those who are away.
    #[must_use]
    pub fn with_away(mut self, away: Arc<Aways>) -> Self {
        self.away = away;
        self
    }

    /// The same people, with those who are in a group by a grant of ours: they are none of its members here.
    #[must_use]
    pub fn with_borrowed(mut self, borrowed: Arc<Borrowed>) -> Self {
        self.borrowed = borrowed;
        self
    }

    /// Whether anybody asks who is on call. Where nobody does, a schedule comes to nobody, and that means nothing.
    #[must_use]
    pub const fn knows_on_call(&self) -> bool {
        self.on_call.is_some()
    }

    /// What is known at `now` of who is on call by this schedule; none when it is too old, or the shift is over.
    #[must_use]
    pub fn roster(&self, schedule: &OnCallId, now: Timestamp) -> Option<&Roster> {
        let roster = self.on_call.as_ref()?.get(schedule)?;
        (now < roster.good_until).then_some(roster)
    }

    /// Whether the person is away at `now`.
    #[must_use]
    pub fn away(&self, id: &PersonId, now: Timestamp) -> Option<&Away> {
        self.away.get(id).filter(|away| now < away.until)
    }

    /// Everybody who is away at `now`.
    pub fn all_away(&self, now: Timestamp) -> impl Iterator<Item = (&PersonId, &Away)> {
        self.away.iter().filter(move |(_, away)| now < away.until)
    }

    /// When time alone next changes who is asked: a roster gets too old, or somebody is back.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let rosters = self.on_call.iter().flat_map(|all| all.values()).map(|roster| roster.good_until);
        rosters.chain(self.away.values().map(|away| away.until)).filter(|at| *at > now).min()
    }

    /// Whether from `now` on the same people are asked by both, until time alone changes it.
    #[must_use]
    pub fn asks_like(&self, other: &Self, now: Timestamp) -> bool {
        let names = |people: &Self| people.on_call.iter().flat_map(|all| all.keys()).cloned().collect();
        let all: BTreeSet<OnCallId> = names(self);
        let on_call = |people: &Self, name| people.roster(name, now).map(|roster| roster.on_call.clone());
        let same_duty =
            all == names(other) && all.iter().all(|name| on_call(self, name) == on_call(other, name));
        let shared = Arc::ptr_eq(&self.by_id, &other.by_id) && self.set_aside == other.set_aside;
        let same_people = || shared || self.iter().eq(other.iter());
        same_duty && self.away == other.away && self.borrowed == other.borrowed && same_people()
    }

    /// The same people, whose facts come from these sources besides. `untold` has those of whom some do not tell, a bit a
    /// source by its number: 32 of them at most.
    #[must_use]
    pub fn with_origins(
        mut self,
        origins: Vec<Origin>,
        untold: BTreeMap<PersonId, u32>,
        now: Timestamp,
    ) -> Self {
        self.stale = stale_of(&origins, now);
        self.origins = Arc::new(origins);
        self.untold = Arc::new(untold);
        self.doubt();
        self
    }

    /// The same people as they can be gone by at `now`; none when that is how they are.
    #[must_use]
    pub fn seen_at(&self, now: Timestamp) -> Option<Self> {
        let stale = stale_of(&self.origins, now);
        (stale != self.stale).then(|| {
            let mut people = self.clone();
            people.stale = stale;
            people.doubt();
            people
        })
    }

    fn doubt(&mut self) {
        // People share what is said of them.
        let mut said: BTreeMap<u32, Option<Arc<Doubts>>> = BTreeMap::new();
        for (id, person) in Arc::make_mut(&mut self.by_id) {
            let untold = self.untold.get(id).copied().unwrap_or_default();
            let doubts = said
                .entry(untold)
                .or_insert_with(|| Doubts::of(&self.origins, untold, self.stale).map(Arc::new));
            person.doubts.clone_from(doubts);
        }
    }

    /// The sources besides the one that says who there is.
    #[must_use]
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// Why nobody's fact of this kind can be gone by, when it is so.
    #[must_use]
    pub fn too_old(&self, fact: Fact) -> Option<String> {
        let mut stale = self.origins.iter().enumerate().filter(|(number, _)| is_set(self.stale, *number));
        stale.find(|(_, origin)| origin.gives.contains(&fact)).map(|(_, origin)| origin.too_old(fact))
    }

    /// The same people, with the accounts that were bound to them where the directory names none. What the directory
    /// names goes before: of a person, and of an account. What was bound before this counts no more.
    #[must_use]
    pub fn with_bound(mut self, accounts: &BTreeMap<SlackUserId, PersonId>) -> Self {
        for id in std::mem::take(&mut self.bound).iter() {
            let account = Arc::make_mut(&mut self.by_id).get_mut(id).and_then(|person| person.slack.take());
            account.and_then(|account| Arc::make_mut(&mut self.by_slack).remove(&account));
        }
        for (account, id) in accounts {
            let has_none = self.by_id.get(id).is_some_and(|person| person.slack.is_none());
            if !has_none || self.by_slack.contains_key(account) {
                continue;
            }
            if let Some(person) = Arc::make_mut(&mut self.by_id).get_mut(id) {
                person.slack = Some(account.clone());
                Arc::make_mut(&mut self.by_slack).insert(account.clone(), id.clone());
                Arc::make_mut(&mut self.bound).insert(id.clone());
            }
        }
        self
    }

    /// Whether the person's account was bound to them, and is not named by the directory.
    #[must_use]
    pub fn is_bound(&self, id: &PersonId) -> bool {
        self.bound.contains(id)
    }

    /// The person, leaver or not.
    #[must_use]
    pub fn get(&self, id: &PersonId) -> Option<&Person> {
        self.by_id.get(id).filter(|person| !self.set_aside.contains(&person.id))
    }

    /// The person behind a Slack account.
    #[must_use]
    pub fn by_slack(&self, id: &SlackUserId) -> Option<&Person> {
        self.by_slack.get(id).and_then(|id| self.get(id))
    }

    /// Everybody, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Person> {
        self.by_id.values().filter(|person| !self.set_aside.contains(&person.id))
    }

    /// Who runs Jitney: those who have not left and have a login on its machine.
    #[must_use]
    pub fn operators(&self) -> &BTreeSet<PersonId> {
        &self.operators
    }

    /// The group's members by id, leavers among them, but for those who are in it by a grant of ours; nobody while who they
    /// are can't be gone by.
    pub fn members(&self, group: &GroupId) -> impl Iterator<Item = &Person> {
        let fact = Fact::of_group(group);
        let borrowed = self.borrowed.get(group);
        let ids = self.by_group.get(group).into_iter().flatten();
        let ids = ids.filter(move |id| borrowed.is_none_or(|borrowed| !borrowed.contains(*id)));
        ids.filter_map(|id| self.get(id)).filter(move |person| person.doubt(fact).is_none())
    }

    /// When the directory was read.
    #[must_use]
    pub const fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// How old it may be for a decision.
    #[must_use]
    pub const fn max_age(&self) -> Span {
        self.max_age
    }

    /// Whether decisions at `now` must wait for a fresh read.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.since(self.as_of) > self.max_age
    }

    /// Puts the person in the place of whom this id names, or nobody; gives back who was there. Only for a while: the
    /// groups, the account and the rights of an operator stay whose they were.
    pub(super) fn put(&mut self, id: &PersonId, person: Option<Person>) -> Option<Person> {
        match person {
            Some(person) => Arc::make_mut(&mut self.by_id).insert(id.clone(), person),
            None => Arc::make_mut(&mut self.by_id).remove(id),
        }
    }

    /// The same people, read again at `as_of`.
    #[must_use]
    pub fn reread_at(mut self, as_of: Timestamp) -> Self {
        self.as_of = as_of;
        self
    }
}

#[cfg(test)]
mod tests;
