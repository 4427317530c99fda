//! Slack accounts that are bound to people by a confirmed e-mail address: each once, for good, and on the record. What
//! the directory names goes before.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use serde_json::json;

use super::apply::DISK_IS_FULL;
use super::core::Core;
use super::handle::Shared;
use super::{Bind, Bound, EngineError};
use crate::ids::{PersonId, SlackUserId};
use crate::policy::{Aways, Borrowed, People, Rosters};
use crate::store::StoreError;

impl Core {
    /// Binds an account, or says what is in the way; both are recorded.
    ///
    /// # Errors
    /// When it could not be committed: then nothing was bound.
    pub fn bind(&mut self, bind: &Bind) -> Result<Bound, EngineError> {
        if self.full_until.is_some() {
            return Err(EngineError::Store(DISK_IS_FULL.to_owned()));
        }
        let now = self.now();
        let bound = self.commit(|core, tx, _| {
            let bindings = tx.bindings()?;
            let bound = judge(bind, &core.world().people, &bindings);
            let kind = match &bound {
                // A second click while the first was bound.
                Bound::To(_) if bindings.contains_key(&bind.account) => return Ok(bound),
                Bound::To(person) => {
                    tx.bind(&bind.account, person, now)?;
                    "account_bound"
                }
                Bound::Nobody | Bound::Left | Bound::Pinned | Bound::Taken => "account_refused",
            };
            let body = json!({
                "account": bind.account, "person": bind.person, "evidence": bind.evidence, "outcome": bound,
            });
            tx.append(now, kind, None, body)?;
            Ok(bound)
        });
        let bound = bound.map_err(|error| EngineError::Store(error.to_string()))?;
        if matches!(bound, Bound::To(_)) {
            self.reload_bindings().map_err(|error| EngineError::Store(error.to_string()))?;
        }
        Ok(bound)
    }

    /// Puts in force who is in a group of the directory by a grant of ours.
    pub(super) fn reload_borrowed(&mut self) -> Result<(), StoreError> {
        let borrowed = self.read_rows(|tx| tx.borrowed())?;
        let shared = self.shared();
        if *shared.borrowed.read().unwrap_or_else(PoisonError::into_inner).as_ref() != borrowed {
            shared.set_borrowed(Arc::new(borrowed));
        }
        Ok(())
    }

    /// Puts what is bound in force, beside what the directory names.
    pub(super) fn reload_bindings(&mut self) -> Result<(), StoreError> {
        let bindings = self.read_rows(|tx| tx.bindings())?;
        let shared = self.shared();
        *shared.bindings.write().unwrap_or_else(PoisonError::into_inner) = bindings;
        let people = Arc::clone(&shared.people.read().unwrap_or_else(PoisonError::into_inner));
        shared.set_people(people);
        Ok(())
    }
}

impl Shared {
    /// Puts people in force, with the accounts that are bound, who is on call and who is away.
    pub(super) fn set_people(&self, people: Arc<People>) {
        // Held from here on, so that two who set different things at once both come into force.
        let mut in_force = self.people.write().unwrap_or_else(PoisonError::into_inner);
        let bindings = self.bindings.read().unwrap_or_else(PoisonError::into_inner);
        let rosters = self.rosters.read().unwrap_or_else(PoisonError::into_inner).clone();
        let away = Arc::clone(&self.away.read().unwrap_or_else(PoisonError::into_inner));
        let borrowed = Arc::clone(&self.borrowed.read().unwrap_or_else(PoisonError::into_inner));
        let people = People::clone(&people).with_bound(&bindings).with_away(away).with_borrowed(borrowed);
        *in_force = Arc::new(match rosters {
            Some(rosters) => people.with_on_call(rosters),
            None => people,
        });
    }

    /// Puts in force who is on call.
    pub(super) fn set_on_call(&self, rosters: Arc<Rosters>) {
        let mut in_force = self.people.write().unwrap_or_else(PoisonError::into_inner);
        *self.rosters.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&rosters));
        *in_force = Arc::new(People::clone(&in_force).with_on_call(rosters));
    }

    /// Puts in force who is in a group by a grant of ours alone.
    pub(super) fn set_borrowed(&self, borrowed: Arc<Borrowed>) {
        let mut in_force = self.people.write().unwrap_or_else(PoisonError::into_inner);
        *self.borrowed.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&borrowed);
        *in_force = Arc::new(People::clone(&in_force).with_borrowed(borrowed));
    }

    /// Puts in force who is away.
    pub(super) fn set_away(&self, away: Arc<Aways>) {
        let mut in_force = self.people.write().unwrap_or_else(PoisonError::into_inner);
        *self.away.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&away);
        *in_force = Arc::new(People::clone(&in_force).with_away(away));
    }
}

/// Whom the account can be bound to; neither it nor its person may be bound already.
fn judge(bind: &Bind, people: &People, bindings: &BTreeMap<SlackUserId, PersonId>) -> Bound {
    let Some(person) = people.get(&bind.person) else { return Bound::Nobody };
    if !person.active {
        return Bound::Left;
    }
    match &person.slack {
        Some(account) if *account == bind.account => Bound::To(person.id.clone()),
        Some(_) if people.is_bound(&person.id) => Bound::Taken,
        Some(_) => Bound::Pinned,
        // An account does not change hands with an address, nor a person with an account that the directory gave away.
        None if bindings.contains_key(&bind.account) || bindings.values().any(|id| *id == person.id) => {
            Bound::Taken
        }
        None => Bound::To(person.id.clone()),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;
    use crate::credentials::{Sealer, SealingKey};
    use crate::directory::parse_people;
    use crate::engine::Parts;
    use crate::lifecycle::Lifecycle;
    use crate::policy::PolicySet;
    use crate::store::Store;
    use crate::targets::Targets;
    use crate::time::{Span, SystemClock, Timestamp};

    const TWO: &str = "
        [[people]]
        id = 'ann@example.com'
        name = 'Ann'
        employment = 'employee'
        department = 'IT'
        [[people]]
        id = 'bob@example.com'
        name = 'Bob'
        employment = 'employee'
        department = 'IT'
        slack = 'U0BOB'
        [[people]]
        id = 'gone@example.com'
        name = 'Gone'
        employment = 'employee'
        department = 'IT'
        active = false
    ";

    fn people(text: &str) -> Arc<People> {
        let people = parse_people("people.toml", text).unwrap();
        Arc::new(People::new(people, Timestamp::from_millis(0), Span::days(9999)))
    }

    fn core(store: Store) -> Core {
        let key = SealingKey::parse(&SealingKey::generate()).unwrap();
        Core::new(Parts {
            store,
            clock: Arc::new(SystemClock::new()),
            rules: Arc::new(Lifecycle),
            catalogue: Arc::new(Targets::default()),
            sealer: Sealer::new(&key),
            rng: StdRng::seed_from_u64(7),
            policies: Arc::new(PolicySet::default()),
            people: people(TWO),
            open_requests_per_person: 5,
        })
        .unwrap()
    }

    fn bind(core: &mut Core, account: &str, person: &str) -> Bound {
        let account = SlackUserId::new(account).unwrap();
        let person = PersonId::new(&format!("{person}@example.com")).unwrap();
        core.bind(&Bind { account, person, evidence: "seen".to_owned() }).unwrap()
    }

    fn whose(core: &Core, account: &str) -> Option<String> {
        let people = core.world().people;
        people.by_slack(&SlackUserId::new(account).unwrap()).map(|person| person.name.clone())
    }

    #[test]
    fn an_account_is_bound_once_and_on_the_record_and_survives_a_restart() {
        let ann = || Bound::To(PersonId::new("ann@example.com").unwrap());
        let mut first = core(Store::in_memory("7f3a9c").unwrap());
        for (account, person, wanted) in [
            ("U0ANN", "nobody", Bound::Nobody),
            ("U0ANN", "gone", Bound::Left),
            ("U0ANN", "bob", Bound::Pinned),
            ("U0ANN", "ann", ann()),
            ("U0ANN", "ann", ann()),
            ("U0OTHER", "ann", Bound::Taken),
        ] {
            assert_eq!(bind(&mut first, account, person), wanted, "{account} {person}");
        }
        let mut again = core(first.into_store().unwrap());
        assert_eq!(whose(&again, "U0ANN").as_deref(), Some("Ann"));
        assert_eq!(bind(&mut again, "U0OTHER", "ann"), Bound::Taken);
        again.verify_audit().unwrap();
        let kinds = again.read(|tx| tx.records(1, 99)).unwrap();
        let kinds: Vec<&str> = kinds.iter().map(|record| record.kind.as_str()).collect();
        let refused = "account_refused";
        assert_eq!(kinds, [refused, refused, refused, "account_bound", refused, refused]);

        // Whatever is read of the directory later: it goes before, and nothing that was bound comes back by itself.
        again.set_people(people(&TWO.replace("'Ann'", "'Ann'\nslack = 'U0NEW'")));
        assert_eq!(whose(&again, "U0NEW").as_deref(), Some("Ann"));
        assert_eq!(whose(&again, "U0ANN"), None);
        assert_eq!(bind(&mut again, "U0ANN", "ann"), Bound::Pinned);
        again.set_people(people(&TWO.replace("U0BOB", "U0ANN")));
        assert_eq!(whose(&again, "U0ANN").as_deref(), Some("Bob"));
        assert_eq!(bind(&mut again, "U0THIRD", "ann"), Bound::Taken, "an old account is not forgotten");
    }
}
