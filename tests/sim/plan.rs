//! What people do and what goes wrong, planned from the seed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jitney::engine::{Command, Verb};
use jitney::ids::{DedupeKey, PersonId, RequestId};
use jitney::lifecycle::{Actor, Answer, Kind, ReviewFinding};
use jitney::policy::Ask;
use jitney::time::{Span, Timestamp};
use rand::RngExt;

use super::defects::Defect;
use super::run::{Planned, Sim};

/// For how long people act and faults happen; then everything must come to rest.
pub const BUSY: Span = Span::hours(8);

/// How much happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plot {
    /// Many people through a day.
    Day,
    /// One or two requests, so that a hundred thousand seeds are soon played.
    Errand,
    /// Always the same: asked, approved, granted, extended, expired, revoked, looked at twice; another one revoked
    /// by an owner, a third denied.
    Scenario,
}

impl Sim {
    pub fn at(&mut self, at: Timestamp, planned: Planned) {
        let id = self.next_plan;
        self.next_plan += 1;
        // Ties are broken by the seed, so that races come out both ways.
        let tie = self.rng.random_range(0..1000);
        self.plan.push(Reverse((at, tie, id)));
        self.planned.insert(id, planned);
    }

    /// Asks, restarts, clocks and people; what follows an ask is planned when it was answered.
    pub fn plan_everything(&mut self) {
        match self.plot {
            Plot::Day => self.plan_a_day(),
            Plot::Errand => self.plan_an_errand(),
            Plot::Scenario => self.plan_the_scenario(),
        }
    }

    fn plan_a_day(&mut self) {
        let asks = self.rng.random_range(6..16);
        for _ in 0..asks {
            let at = self.start + Span::millis(self.rng.random_range(0..BUSY.as_millis() * 3 / 4));
            let command = self.some_ask();
            self.plan_twice(at, command);
        }
        for _ in 0..self.rng.random_range(0..6) {
            let at = self.some_moment();
            self.at(at, Planned::Crash);
        }
        if self.defect == Some(Defect::ClockSetBackADay) || self.rng.random_bool(0.2) {
            let at = self.some_moment();
            self.at(at, Planned::ClockBack);
            if self.rng.random_bool(0.5) {
                self.at(at + Span::hours(1), Planned::ClockRight);
            }
        }
        if self.rng.random_bool(0.3) {
            let at = self.some_moment();
            self.at(at, Planned::Breaker { open: true });
            self.at(at + Span::mins(20), Planned::Breaker { open: false });
        }
        if self.rng.random_bool(0.15) {
            let (at, who) = (self.some_moment(), self.rng.random_range(0..4));
            self.at(at, Planned::Leave(who));
            self.at(at + Span::mins(1), Planned::Move((who + 1) % 4));
        }
        if self.rng.random_bool(0.15) {
            let at = self.some_moment();
            self.at(at, Planned::LoseGroup(9));
        }
        if self.rng.random_bool(0.2) {
            let at = self.some_moment();
            let until = at + Span::mins(self.rng.random_range(20..90));
            self.at(at, Planned::Dark { until });
            for after in [10, 25, 40] {
                let waiver = self.rng.random_bool(0.3);
                if waiver {
                    self.at(at + Span::mins(after), Planned::Waive);
                }
                // People go on asking meanwhile, and had asked before.
                let command = self.some_ask();
                self.plan_twice(at + Span::mins(after), command);
            }
        }
    }

    fn plan_an_errand(&mut self) {
        for _ in 0..[1, 1, 1, 2][self.rng.random_range(0..4)] {
            let at = self.start + Span::millis(self.rng.random_range(0..1_200_000));
            let command = self.some_ask();
            self.plan_twice(at, command);
        }
        if self.rng.random_bool(0.2) {
            let at = self.start + Span::millis(self.rng.random_range(0..7_200_000));
            self.at(at, Planned::Crash);
        }
        if self.rng.random_bool(0.1) {
            let at = self.start + Span::millis(self.rng.random_range(0..7_200_000));
            let who = self.rng.random_range(0..4);
            self.at(at, Planned::Leave(who));
        }
    }

    fn plan_the_scenario(&mut self) {
        for (minute, who, role) in
            [(0, "p1", "crm/read"), (2, "p2", "ledger/write"), (4, "p4", "ledger/read")]
        {
            let command = self.command(who, Verb::Ask(ask(role, 60)));
            self.at(self.start + Span::mins(minute), Planned::Act(Box::new(command)));
        }
    }

    /// What people do after an answer.
    pub fn plan_on(&mut self, answer: &Answer) {
        match (self.plot, answer) {
            (
                Plot::Day | Plot::Errand,
                Answer::Submitted { request, .. } | Answer::Counted { request, .. },
            ) => {
                self.plan_behalf(*request);
                self.plan_decisions(*request);
            }
            (Plot::Day | Plot::Errand, Answer::ConfirmationWanted { request, from }) => {
                self.plan_confirmation(*request, from);
            }
            (
                Plot::Day | Plot::Errand,
                Answer::Granting { request, .. } | Answer::Scheduled { request, .. },
            ) => {
                self.plan_use(*request);
                self.plan_the_review(*request);
            }
            (Plot::Day | Plot::Errand, Answer::Questioned { request }) => {
                let request = *request;
                let text = "because the books close tonight".to_owned();
                let requester = self.requester(request);
                self.plan_aside(&requester, Verb::Reply { request, question: 1, text }, Span::mins(2));
            }
            (Plot::Scenario, Answer::Submitted { request, .. }) => self.plan_the_decision(*request),
            (Plot::Scenario, Answer::Granting { request, .. }) => self.plan_the_use(*request),
            (
                Plot::Scenario,
                Answer::Counted { .. } | Answer::Scheduled { .. } | Answer::ConfirmationWanted { .. },
            )
            | (
                _,
                Answer::Held { .. }
                | Answer::Applied { .. }
                | Answer::Questioned { .. }
                | Answer::Redacted { .. }
                | Answer::Replied { .. }
                | Answer::Denied { .. }
                | Answer::Withdrawn { .. }
                | Answer::Ending { .. }
                | Answer::Reveal { .. }
                | Answer::AlreadyRevealed { .. }
                | Answer::Drilled { .. }
                | Answer::Reviewed { .. }
                | Answer::Noted
                | Answer::Refused(_),
            ) => {}
        }
    }

    fn plan_the_decision(&mut self, request: RequestId) {
        let (who, verb) = match self.requester(request).as_str() {
            "p4" => ("m2", Verb::Deny { request, reason: "not today, please".to_owned() }),
            _ => ("m1", Verb::Approve { request, at_most: None }),
        };
        self.plan_in(Span::mins(1), who, verb);
    }

    fn plan_the_use(&mut self, request: RequestId) {
        if self.requester(request) == "p1" {
            let verb = Verb::Extend {
                parent: request,
                duration: Span::mins(20),
                justification: "it takes longer than I thought".to_owned(),
            };
            self.plan_in(Span::mins(30), "p1", verb);
        } else {
            self.plan_in(Span::mins(3), "p2", Verb::Reveal { request });
            let verb = Verb::Revoke { request, reason: "no longer needed".to_owned() };
            self.plan_in(Span::mins(40), "o1", verb);
        }
    }

    /// A break-glass is reviewed, some in time and some too late; the requester tries, too.
    fn plan_the_review(&mut self, request: RequestId) {
        let kind = self.seen.lock().unwrap().requests.get(&request).map(|request| request.kind);
        if !self.has_asides() || kind != Some(Kind::BreakGlass) {
            return;
        }
        let late = request.number().is_multiple_of(2);
        let after = if late { Span::hours(30) } else { Span::hours(13) };
        let requester = self.requester(request);
        if late {
            // A drill beside it.
            let incident = Some("INC-2".parse().unwrap());
            let drill = Ask { ticket: incident, ..ask("crm/admin", 30) };
            self.plan_aside(&requester, Verb::Drill { ask: drill, began_at: None }, Span::mins(5));
        }
        for (who, found) in
            [(requester.as_str(), ReviewFinding::Justified), ("m1", ReviewFinding::NotJustified)]
        {
            let verb = Verb::Review { request, found, finding: "the pager log agrees".to_owned() };
            self.plan_aside(who, verb, after);
        }
    }

    fn plan_in(&mut self, span: Span, who: &str, verb: Verb) {
        let command = self.command(who, verb);
        self.at(self.clock.true_now() + span, Planned::Act(Box::new(command)));
    }

    fn some_moment(&mut self) -> Timestamp {
        self.start + Span::millis(self.rng.random_range(0..BUSY.as_millis()))
    }

    fn some_ask(&mut self) -> Command {
        let roles = ["crm/read", "crm/admin", "ledger/read", "ledger/write", "ledger/audit"];
        let role = roles[self.rng.random_range(0..roles.len())];
        let who = format!("p{}", self.rng.random_range(1..=5));
        let mins = [20, 30, 45, 60, 120, 300][self.rng.random_range(0..6)];
        let starts_at = self.rng.random_bool(0.1).then(|| self.clock.true_now() + Span::hours(2));
        let ask = Ask { starts_at, ..ask(role, mins) };
        let verb = if role == "crm/admin" && self.rng.random_bool(0.3) {
            Verb::BreakGlass(Ask {
                duration: Span::mins(30),
                starts_at: None,
                ticket: Some("INC-1".parse().unwrap()),
                ..ask
            })
        } else {
            Verb::Ask(ask)
        };
        self.command(&who, verb)
    }

    fn command(&mut self, who: &str, verb: Verb) -> Command {
        let key = format!("env-{}", self.rng.random::<u64>());
        Command { key: Some(DedupeKey::new(&key).unwrap()), by: self.actor(who), verb }
    }

    fn actor(&self, who: &str) -> Actor {
        let id: PersonId = format!("{who}@example.com").parse().unwrap();
        Actor::Person { id, name: who.to_uppercase() }
    }

    /// Approvals for less time, and questions. They were not there when the other defects were found, and would make
    /// the seeds that find them others.
    fn has_asides(&self) -> bool {
        self.plot == Plot::Day
            && matches!(self.defect, None | Some(Defect::GiveAllThatWasAsked | Defect::GiveInADrill))
    }

    /// Somebody asks for somebody else, also one who would have to approve it.
    fn plan_behalf(&mut self, request: RequestId) {
        let number = request.number();
        if !(self.has_asides() && number.is_multiple_of(3)) {
            return;
        }
        let asker = ["p1", "m1", "p3", "o1"][usize::try_from(number % 4).unwrap()];
        let person: PersonId = format!("p{}@example.com", number % 5 + 1).parse().unwrap();
        let role = ["crm/read", "ledger/write", "ledger/read", "crm/admin"]
            [usize::try_from(number % 7 % 4).unwrap()];
        let ask = ask(role, if number.is_multiple_of(2) { 20 } else { 60 });
        self.plan_aside(asker, Verb::AskFor { person, ask }, Span::mins(3));
    }

    /// The one whom it is for says yes or no, or nothing; others try before.
    fn plan_confirmation(&mut self, request: RequestId, from: &PersonId) {
        let from = from.as_str().split('@').next().unwrap_or_default().to_owned();
        for who in ["m1", "m2", "o1", "s1"] {
            self.plan_aside(who, Verb::Approve { request, at_most: None }, Span::mins(1));
        }
        self.plan_aside("m1", Verb::Confirm { request, agrees: true }, Span::mins(1));
        match request.number() % 6 {
            0 => {}
            1 => self.plan_aside(&from, Verb::Confirm { request, agrees: false }, Span::mins(2)),
            _ => self.plan_aside(&from, Verb::Confirm { request, agrees: true }, Span::mins(2)),
        }
    }

    /// What comes besides, without a throw of the dice.
    fn plan_aside(&mut self, who: &str, verb: Verb, after: Span) {
        let key = DedupeKey::new(&format!("aside-{}", self.next_plan)).unwrap();
        let command = Command { key: Some(key), by: self.actor(who), verb };
        self.at(self.clock.true_now() + after, Planned::Act(Box::new(command)));
    }

    /// An input may arrive twice, with the same key.
    fn plan_twice(&mut self, at: Timestamp, command: Command) {
        if self.rng.random_bool(0.2) {
            let again = at + Span::millis(self.rng.random_range(0..300_000));
            self.at(again, Planned::Act(Box::new(command.clone())));
        }
        self.at(at, Planned::Act(Box::new(command)));
    }
    /// Approvers click, some at the same moment; the requester may try, or think better of it.
    fn plan_decisions(&mut self, request: RequestId) {
        let now = self.clock.true_now();
        let together = now + Span::millis(self.rng.random_range(1000..1_200_000));
        let clicks = if self.plot == Plot::Errand { 0.45 } else { 0.75 };
        for who in ["m1", "m2", "o1", "o2", "s1"] {
            if self.rng.random_bool(clicks) {
                let apart = Span::millis(self.rng.random_range(0..600_000));
                let at = if self.rng.random_bool(0.4) { together } else { together + apart };
                let verb = if self.rng.random_bool(0.06) {
                    Verb::Deny { request, reason: "not today, please".to_owned() }
                } else {
                    // Chosen without a throw of the dice, so that the stories of before stay as they are.
                    let less = self.has_asides() && request.number().is_multiple_of(5);
                    let at_most = less.then(|| Span::mins(if who == "m1" { 15 } else { 50 }));
                    Verb::Approve { request, at_most }
                };
                let command = self.command(who, verb);
                self.plan_twice(at, command);
            }
        }
        if self.has_asides() && request.number().is_multiple_of(7) {
            let verb = Verb::Question { request, text: "what is it for?".to_owned() };
            self.plan_aside("m1", verb, Span::secs(20));
        }
        let requester = self.requester(request);
        if self.rng.random_bool(0.2) {
            let command = self.command(&requester, Verb::Approve { request, at_most: None });
            self.plan_twice(together, command);
        }
        if self.rng.random_bool(0.1) {
            let command = self.command(&requester, Verb::Withdraw { request, reason: None });
            self.plan_twice(together, command);
        }
        self.plan_use(request);
    }

    /// What the requester and others do with a grant: reveal, extend, release, revoke.
    fn plan_use(&mut self, request: RequestId) {
        let requester = self.requester(request);
        let now = self.clock.true_now();
        for _ in 0..2 {
            let at = now + Span::millis(self.rng.random_range(60_000..7_200_000));
            let verb = match self.rng.random_range(0..8) {
                0 | 1 => Verb::Extend {
                    parent: request,
                    duration: Span::mins(30),
                    justification: "it takes longer than I thought".to_owned(),
                },
                2 => Verb::Release { request },
                3 | 4 => Verb::Reveal { request },
                _ => continue,
            };
            let command = self.command(&requester, verb);
            self.plan_twice(at, command);
        }
        // Second thoughts, while targets are still being asked.
        if self.rng.random_bool(0.2) {
            let at = now + Span::millis(self.rng.random_range(0..60_000));
            let command = self.command(&requester, Verb::Release { request });
            self.plan_twice(at, command);
        }
        if self.rng.random_bool(0.15) {
            let at = now + Span::millis(self.rng.random_range(60_000..7_200_000));
            let command = self.command("o1", Verb::Revoke { request, reason: "no longer needed".to_owned() });
            self.plan_twice(at, command);
        }
        // An extension in the moment of the expiry, and a new ask right after the end.
        let end =
            self.seen.lock().unwrap().requests.get(&request).and_then(|r| r.times).map(|t| t.expires_at);
        if let Some(end) = end
            && self.rng.random_bool(0.3)
        {
            let verb = Verb::Extend {
                parent: request,
                duration: Span::mins(20),
                justification: "just a little longer".to_owned(),
            };
            let command = self.command(&requester, verb);
            self.plan_twice(end, command);
        }
    }

    fn requester(&self, request: RequestId) -> String {
        let seen = self.seen.lock().unwrap();
        let id = seen.requests.get(&request).map(|r| r.requester.id.to_string()).unwrap_or_default();
        id.split('@').next().unwrap_or_default().to_owned()
    }
}

fn ask(role: &str, mins: u64) -> Ask {
    Ask {
        role: role.parse().unwrap(),
        duration: Span::mins(mins),
        starts_at: None,
        justification: "the simulation needs it".to_owned(),
        ticket: None,
        fields: BTreeMap::new(),
    }
}
