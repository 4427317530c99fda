//! Apps, roles and tiers held against each other, one by one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::super::eligible::may_have;
use super::super::{
    App, Blackout, Calendar, Field, People, PolicySet, Risk, RiskRule, Role, Rule, StepSpec, TicketOf,
    TicketRule, Tier, Visibility,
};
use super::tiers::{overall, tier_differences, waits};
use super::{Change, Direction, Subject, What, more_is_wider, sets};
use crate::ids::{AppId, CalendarId, PersonId, RoleRef, TierId};

/// Every difference.
pub(super) fn changes(old: &PolicySet, new: &PolicySet, people: Option<&People>) -> Vec<Change> {
    let mut found = Differ { old, new, people, changes: Vec::new() };
    found.apps();
    found.roles();
    found.tiers();
    found.calendars();
    found.blackouts();
    found.risks();
    found.changes
}

struct Differ<'a> {
    old: &'a PolicySet,
    new: &'a PolicySet,
    people: Option<&'a People>,
    changes: Vec<Change>,
}

impl Differ<'_> {
    fn add(&mut self, subject: &Subject, what: What, direction: Direction) {
        let people = self.concerned(subject);
        self.changes.push(Change { subject: subject.clone(), what, direction, people });
    }

    fn apps(&mut self) {
        let ids: BTreeSet<&AppId> = self.old.apps.keys().chain(self.new.apps.keys()).collect();
        for id in ids {
            let subject = Subject::App(id.clone());
            match (self.old.apps.get(id), self.new.apps.get(id)) {
                (None, Some(_)) => self.add(&subject, What::Added, Direction::Neither),
                (Some(_), None) => self.add(&subject, What::Removed, Direction::Neither),
                (Some(old), Some(new)) => self.app(&subject, old, new),
                (None, None) => {}
            }
        }
    }

    fn app(&mut self, subject: &Subject, old: &App, new: &App) {
        let (added, removed) = sets(&old.owners, &new.owners);
        if !added.is_empty() || !removed.is_empty() {
            self.add(subject, What::Owners { added, removed }, Direction::Other);
        }
        for (key, same) in [
            ("name", old.name == new.name),
            ("about", old.about == new.about),
            ("layer", old.layer == new.layer),
        ] {
            if !same {
                self.add(subject, What::Text(key), Direction::Neither);
            }
        }
    }

    fn roles(&mut self) {
        let both = self.old.roles().chain(self.new.roles());
        let all: BTreeSet<RoleRef> = both.map(|(at, ..)| at).collect();
        for at in all {
            let subject = Subject::Role(at.clone());
            match (self.old.role(&at), self.new.role(&at)) {
                (None, Some(_)) => self.add(&subject, What::Added, Direction::Wider),
                (Some(_), None) => self.add(&subject, What::Removed, Direction::Narrower),
                (Some(old), Some(new)) => self.role(&subject, old, new),
                (None, None) => {}
            }
        }
    }

    fn role(&mut self, subject: &Subject, (old_app, old): (&App, &Role), (new_app, new): (&App, &Role)) {
        self.rules(subject, (old_app, old), (new_app, new));
        for (key, from, to) in [
            ("max_duration", old.max_duration, new.max_duration),
            ("max_total", old.max_total, new.max_total),
        ] {
            if from != to {
                let what = What::Duration { key, from: Some(from), to: Some(to) };
                self.add(subject, what, more_is_wider(&from, &to));
            }
        }
        for (key, from, to) in [
            ("default_duration", old.default_duration, new.default_duration),
            ("revoke_target", old.revoke_target, new.revoke_target),
        ] {
            if from != to {
                let what = What::Duration { key, from: Some(from), to: Some(to) };
                self.add(subject, what, Direction::Neither);
            }
        }
        self.role_tier(subject, old, new);
        if old.ticket != new.ticket {
            let direction = match (old.ticket, new.ticket) {
                (TicketRule::Required, _) => Direction::Wider,
                (_, TicketRule::Required) => Direction::Narrower,
                (TicketRule::None | TicketRule::Optional, TicketRule::None | TicketRule::Optional) => {
                    Direction::Neither
                }
            };
            self.add(subject, What::Ticket(old.ticket, new.ticket), direction);
        }
        if old.ticket_of != new.ticket_of {
            let direction = match new.ticket_of {
                TicketOf::Anyone => Direction::Wider,
                TicketOf::Requester => Direction::Narrower,
            };
            self.add(subject, What::TicketOf(old.ticket_of, new.ticket_of), direction);
        }
        if old.hours != new.hours {
            let direction = match (&old.hours, &new.hours) {
                (None, Some(_)) => Direction::Narrower,
                (Some(_), None) => Direction::Wider,
                (Some(_), Some(_)) | (None, None) => Direction::Other,
            };
            let what = What::Hours { from: old.hours.clone(), to: new.hours.clone() };
            self.add(subject, what, direction);
        }
        let (added, removed) = sets(&old.conflicts, &new.conflicts);
        if !added.is_empty() || !removed.is_empty() {
            let direction = fewer_or_other(&added, &removed);
            self.add(subject, What::Conflicts { added, removed }, direction);
        }
        let (added, removed) = rules_changed(&old.held_by, &new.held_by);
        if !added.is_empty() || !removed.is_empty() {
            let direction = fewer_or_other(&added, &removed);
            self.add(subject, What::HeldBy { added, removed }, direction);
        }
        self.role_effects(subject, old, new);
    }

    /// What the role gives, and how it is told.
    fn role_effects(&mut self, subject: &Subject, old: &Role, new: &Role) {
        let labels = |role: &Role| -> Vec<String> {
            let gives = |step: &StepSpec| match &step.gives_group {
                Some(group) => format!("{} on {}, which gives the group {group}", step.label, step.target),
                None => format!("{} on {}", step.label, step.target),
            };
            role.steps.iter().map(gives).collect()
        };
        let (mut added, removed) = sets(&labels(old), &labels(new));
        let params = |role: &Role| role.steps.iter().map(|step| step.params.clone()).collect::<Vec<_>>();
        if added.is_empty() && removed.is_empty() && params(old) != params(new) {
            added = labels(new);
        }
        if !added.is_empty() || !removed.is_empty() {
            let direction = match (added.is_empty(), removed.is_empty()) {
                (false, true) => Direction::Wider,
                (true, false) => Direction::Narrower,
                (false, false) | (true, true) => Direction::Other,
            };
            self.add(subject, What::Steps { added, removed }, direction);
        }
        let (added, removed) = sets(&old.lockdown_family, &new.lockdown_family);
        if !added.is_empty() || !removed.is_empty() {
            let direction = fewer_or_other(&added, &removed);
            self.add(subject, What::Family { added, removed }, direction);
        }
        if old.risk != new.risk {
            self.add(subject, What::Risk(old.risk, new.risk), Direction::Neither);
        }
        if plain_fields(old) != plain_fields(new) {
            let to = new.fields.iter().map(|field| field.id.clone()).collect();
            self.add(subject, What::Fields { to }, Direction::Neither);
        }
        for (key, same) in [("name", old.name == new.name), ("gives", old.gives == new.gives)] {
            if !same {
                self.add(subject, What::Text(key), Direction::Neither);
            }
        }
    }

    fn rules(&mut self, subject: &Subject, (old_app, old): (&App, &Role), (new_app, new): (&App, &Role)) {
        let (was, is) = (old_app.visibility_of(old), new_app.visibility_of(new));
        if word(was) != word(is) {
            let direction = match (is_retired(was), is_retired(is)) {
                (true, false) => Direction::Wider,
                (false, true) => Direction::Narrower,
                (false, false) | (true, true) => Direction::Neither,
            };
            self.add(subject, What::Visibility { from: word(was), to: word(is) }, direction);
        }
        let (eligible_added, eligible_removed) = rules_changed(&old.eligible, &new.eligible);
        let (never_added, never_removed) = rules_changed(&old.never, &new.never);
        let lists = [&eligible_added, &eligible_removed, &never_added, &never_removed];
        if lists.iter().all(|list| list.is_empty()) {
            return;
        }
        let (gain, lose) = self.moved(old, new);
        let looser = !eligible_added.is_empty() || !never_removed.is_empty();
        let tighter = !eligible_removed.is_empty() || !never_added.is_empty();
        let direction = match (gain.is_empty(), lose.is_empty()) {
            (false, true) => Direction::Wider,
            (true, false) => Direction::Narrower,
            (false, false) => Direction::Other,
            // Nobody of today moves, or there is no directory: the rules themselves say.
            (true, true) if looser && !tighter => Direction::Wider,
            (true, true) if tighter && !looser => Direction::Narrower,
            (true, true) => Direction::Other,
        };
        let what = What::Rules { gain, lose, eligible_added, eligible_removed, never_added, never_removed };
        self.add(subject, what, direction);
    }

    /// Who gains and who loses by the rules.
    fn moved(&self, old: &Role, new: &Role) -> (Vec<PersonId>, Vec<PersonId>) {
        let (mut gain, mut lose) = (Vec::new(), Vec::new());
        for person in self.people.into_iter().flat_map(People::iter) {
            match (may_have(old, person), may_have(new, person)) {
                (false, true) => gain.push(person.id.clone()),
                (true, false) => lose.push(person.id.clone()),
                (true, true) | (false, false) => {}
            }
        }
        (gain, lose)
    }

    fn role_tier(&mut self, subject: &Subject, old: &Role, new: &Role) {
        if old.tier == new.tier {
            return;
        }
        let tiers = (self.old.tiers.get(&old.tier), self.new.tiers.get(&new.tier));
        let differs = match tiers {
            (Some(old), Some(new)) => tier_differences(old, new),
            (None, _) | (_, None) => Vec::new(),
        };
        let direction = overall(&differs);
        let what = What::Tier { from: old.tier.clone(), to: new.tier.clone(), differs };
        self.add(subject, what, direction);
    }

    fn tiers(&mut self) {
        let ids: BTreeSet<&TierId> = self.old.tiers.keys().chain(self.new.tiers.keys()).collect();
        for id in ids {
            let used = self.new.roles().filter(|(_, _, role)| role.tier == *id);
            let subject = Subject::Tier(id.clone(), used.map(|(at, ..)| at).collect());
            match (self.old.tiers.get(id), self.new.tiers.get(id)) {
                (None, Some(_)) => self.add(&subject, What::Added, Direction::Neither),
                (Some(_), None) => self.add(&subject, What::Removed, Direction::Neither),
                (Some(old), Some(new)) => self.tier(&subject, old, new),
                (None, None) => {}
            }
        }
    }

    fn tier(&mut self, subject: &Subject, old: &Tier, new: &Tier) {
        for difference in tier_differences(old, new) {
            let direction = difference.direction();
            self.add(subject, What::Stages(difference), direction);
        }
        for (key, from, to) in [
            ("lapse_after", Some(old.lapse_after), Some(new.lapse_after)),
            ("provision_within", Some(old.provision_within), Some(new.provision_within)),
            ("warn_before", old.warn_before, new.warn_before),
        ] {
            if from != to {
                let what = What::Duration { key, from, to };
                self.add(subject, what, Direction::Neither);
            }
        }
        if waits(old) != waits(new) {
            self.add(subject, What::Waits, Direction::Neither);
        }
        if old.name != new.name {
            self.add(subject, What::Text("name"), Direction::Neither);
        }
    }

    fn calendars(&mut self) {
        let ids: BTreeSet<&CalendarId> = self.old.calendars.keys().chain(self.new.calendars.keys()).collect();
        for id in ids {
            let subject = Subject::Calendar(id.clone());
            match (self.old.calendars.get(id), self.new.calendars.get(id)) {
                (None, Some(_)) => self.add(&subject, What::Added, Direction::Neither),
                (Some(_), None) => self.add(&subject, What::Removed, Direction::Neither),
                (Some(old), Some(new)) => self.calendar(&subject, old, new),
                (None, None) => {}
            }
        }
    }

    fn calendar(&mut self, subject: &Subject, old: &Calendar, new: &Calendar) {
        if (&old.zone, old.hours()) != (&new.zone, new.hours()) {
            self.add(subject, What::Open { from: old.words(), to: new.words() }, Direction::Other);
        }
        let days = |calendar: &Calendar| calendar.holidays().iter().map(Date::to_string).collect::<Vec<_>>();
        let (added, removed) = sets(&days(old), &days(new));
        if !added.is_empty() || !removed.is_empty() {
            self.add(subject, What::Holidays { added, removed }, Direction::Other);
        }
    }

    fn blackouts(&mut self) {
        let words = |set: &PolicySet| set.blackouts.iter().map(Blackout::words).collect::<Vec<_>>();
        let (added, removed) = sets(&words(self.old), &words(self.new));
        if !added.is_empty() || !removed.is_empty() {
            let direction = fewer_or_other(&added, &removed);
            self.add(&Subject::Blackouts, What::Blackouts { added, removed }, direction);
        }
    }

    fn risks(&mut self) {
        for risk in Risk::ALL {
            let rule = |set: &PolicySet| set.risks.get(&risk).cloned().unwrap_or_default();
            let (old, new) = (rule(self.old), rule(self.new));
            let subject = Subject::Risk(risk);
            if old.at_once != new.at_once {
                let most = |rule: &RiskRule| rule.at_once.unwrap_or(u32::MAX);
                let direction = more_is_wider(&most(&old), &most(&new));
                self.add(&subject, What::AtOnce { from: old.at_once, to: new.at_once }, direction);
            }
            // These hold of files, so what they let through is told of the roles themselves.
            if old.max_duration != new.max_duration {
                let (key, from, to) = ("longest", old.max_duration, new.max_duration);
                self.add(&subject, What::Duration { key, from, to }, Direction::Neither);
            }
            if old.tiers != new.tiers {
                let what = What::RiskTiers { from: old.tiers, to: new.tiers };
                self.add(&subject, what, Direction::Neither);
            }
        }
    }

    /// How many may ask for what the subject is about, before or after.
    fn concerned(&self, subject: &Subject) -> Option<usize> {
        let people = self.people?;
        let roles: Vec<&Role> = match subject {
            Subject::App(id) => {
                let apps = [self.old, self.new].into_iter().filter_map(|set| set.apps.get(id));
                apps.flat_map(|app| app.roles.values()).collect()
            }
            Subject::Role(at) => [self.old, self.new]
                .into_iter()
                .filter_map(|set| set.role(at))
                .map(|(_, role)| role)
                .collect(),
            Subject::Calendar(_) | Subject::Blackouts | Subject::Risk(_) => return None,
            Subject::Tier(_, roles) => {
                roles.iter().filter_map(|at| self.new.role(at)).map(|(_, role)| role).collect()
            }
        };
        Some(people.iter().filter(|person| roles.iter().any(|role| may_have(role, person))).count())
    }
}

/// Rules by what they say, wherever they stand.
fn rules_changed(old: &[Rule], new: &[Rule]) -> (Vec<Rule>, Vec<Rule>) {
    let anywhere = |rules: &[Rule]| -> Vec<Rule> {
        rules.iter().map(|rule| Rule { place: String::new(), ..rule.clone() }).collect()
    };
    sets(&anywhere(old), &anywhere(new))
}

fn plain_fields(role: &Role) -> BTreeMap<String, (String, Vec<String>)> {
    let plain = |field: &Field| (field.id.clone(), (field.label.clone(), field.choices.clone()));
    role.fields.iter().map(plain).collect()
}

const fn word(visibility: &Visibility) -> &'static str {
    match visibility {
        Visibility::Listed => "listed",
        Visibility::Hidden => "hidden",
        Visibility::Retired { .. } => "retired",
    }
}

const fn is_retired(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Retired { .. } => true,
        Visibility::Listed | Visibility::Hidden => false,
    }
}

/// Of what forbids: less of it is wider.
fn fewer_or_other<T>(added: &[T], removed: &[T]) -> Direction {
    match (added.is_empty(), removed.is_empty()) {
        (false, true) => Direction::Narrower,
        (true, false) => Direction::Wider,
        (false, false) | (true, true) => Direction::Other,
    }
}
