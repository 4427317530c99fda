//! The targets of the simulation: the truth about who holds what, and calls that go wrong as calls do.

use std::collections::{BTreeMap, BTreeSet};

use jitney::ids::{EntitlementKey, PersonId, TargetId};
use jitney::lifecycle::{Evidence, Op, Outcome};
use jitney::time::{Span, Timestamp};
use rand::RngExt;
use rand::rngs::StdRng;

/// An entitlement of a person on a target.
pub type Place = (TargetId, PersonId, EntitlementKey);

/// What a call will come to, drawn from the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Does what was asked and says so.
    Honest,
    /// The connection is refused: nothing was done.
    Refused,
    /// Done, but the reply is lost.
    ReplyLost,
    /// Given up without an answer; it lands later.
    LandsLater,
    /// Says done, and did nothing.
    Lie,
    /// Refuses for good.
    Fatal,
}

/// Something that will still land.
#[derive(Debug, Clone)]
pub struct Landing {
    pub at: Timestamp,
    pub place: Place,
    pub present: bool,
}

/// Who holds what.
#[derive(Debug, Default)]
pub struct Oracle {
    held: BTreeSet<Place>,
    standing: BTreeSet<Place>,
    landings: Vec<Landing>,
    /// Counts of what happened, to show that faults were real.
    pub fates: BTreeMap<&'static str, u64>,
}

impl Oracle {
    pub fn give_standing(&mut self, place: Place) {
        self.held.insert(place.clone());
        self.standing.insert(place);
    }

    pub fn holds(&self, place: &Place) -> bool {
        self.held.contains(place)
    }

    pub fn held(&self) -> &BTreeSet<Place> {
        &self.held
    }

    pub fn standing(&self) -> &BTreeSet<Place> {
        &self.standing
    }

    pub fn next_landing(&self) -> Option<Timestamp> {
        self.landings.iter().map(|l| l.at).min()
    }

    pub fn land_due(&mut self, now: Timestamp) {
        let (due, later): (Vec<_>, Vec<_>) = self.landings.drain(..).partition(|l| l.at <= now);
        self.landings = later;
        for landing in due {
            self.set(&landing.place, landing.present);
        }
    }

    /// Carries the call out as its fate says. The answer comes after the span.
    pub fn call(
        &mut self,
        op: Op,
        place: &Place,
        fate: Fate,
        rng: &mut StdRng,
        now: Timestamp,
    ) -> (Outcome, Span) {
        let quick = Span::millis(rng.random_range(20..2000));
        let evidence = |answer: &str| Evidence {
            method: format!("{} on {}", op.as_str(), place.0),
            answer: answer.to_owned(),
            at: now,
        };
        *self.fates.entry(name(fate)).or_default() += 1;
        let unknown =
            |why: &str| Outcome::Retry { error: why.to_owned(), after: None, may_have_landed: true };
        match op {
            Op::Snapshot | Op::Verify | Op::VerifyGone | Op::Recheck => match fate {
                Fate::Honest | Fate::Lie | Fate::Fatal => {
                    let outcome = if self.holds(place) {
                        Outcome::Found(evidence("there"))
                    } else {
                        Outcome::NotFound(evidence("not there"))
                    };
                    (outcome, quick)
                }
                Fate::Refused => (refused(), quick),
                Fate::ReplyLost | Fate::LandsLater => (unknown("no answer in time"), Span::secs(30)),
            },
            Op::Extend => match fate {
                Fate::Honest | Fate::Lie | Fate::Fatal => {
                    (Outcome::Already(evidence("nothing to move")), quick)
                }
                Fate::Refused => (refused(), quick),
                Fate::ReplyLost | Fate::LandsLater => (unknown("no answer in time"), Span::secs(30)),
            },
            Op::Grant | Op::Revoke => {
                let present = op == Op::Grant;
                match fate {
                    Fate::Honest => {
                        let was = self.holds(place);
                        self.set(place, present);
                        let outcome = if was == present {
                            Outcome::Already(evidence("so already"))
                        } else {
                            Outcome::Done(evidence("done"))
                        };
                        (outcome, quick)
                    }
                    Fate::Refused => (refused(), quick),
                    Fate::ReplyLost => {
                        self.set(place, present);
                        (unknown("the connection was reset"), Span::secs(5))
                    }
                    Fate::LandsLater => {
                        // Given up after 30 s; it lands within a minute of the giving up.
                        let at = now + Span::secs(30) + Span::millis(rng.random_range(0..55_000));
                        self.landings.push(Landing { at, place: place.clone(), present });
                        (unknown("no answer in time"), Span::secs(30))
                    }
                    Fate::Lie => (Outcome::Done(evidence("done")), quick),
                    Fate::Fatal if present => (Outcome::Fatal { error: "not permitted".to_owned() }, quick),
                    Fate::Fatal => (Outcome::Fatal { error: "not permitted just now".to_owned() }, quick),
                }
            }
        }
    }

    fn set(&mut self, place: &Place, present: bool) {
        if present {
            self.held.insert(place.clone());
        } else {
            self.held.remove(place);
        }
    }
}

fn refused() -> Outcome {
    Outcome::Retry { error: "connection refused".to_owned(), after: None, may_have_landed: false }
}

fn name(fate: Fate) -> &'static str {
    match fate {
        Fate::Honest => "honest",
        Fate::Refused => "refused",
        Fate::ReplyLost => "reply lost",
        Fate::LandsLater => "lands later",
        Fate::Lie => "lie",
        Fate::Fatal => "fatal",
    }
}
