//! One decision, explained: every rule that was looked at, the value it saw, and who would be asked. What decides is
//! [`may_ask`] itself; the looks say how it came to that.

use std::collections::BTreeMap;

use serde::Serialize;

use super::approve::{stage_approvers, unable};
use super::eligible::{
    LEAST_DURATION, blackouts, conflicts, in_force, outside_hours, retired, too_many_of_risk,
};
use super::facts::{Check, Fit, checks, fit};
use super::phrase::listed;
use super::{
    App, Ask, AskMode, Begin, BreakGlass, People, Person, PolicySet, Reason, Role, Rule, TicketRule, Tier,
    Verdict, auto_approves, may_ask, reasons,
};
use crate::ids::{IssueKey, OnCallId, PersonId, RoleRef};
use crate::time::{Span, Timestamp};

/// Who would ask for what.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Who asks.
    pub person: &'a PersonId,
    /// For which role.
    pub role: &'a RoleRef,
    /// For how long; the role's default when nobody says.
    pub duration: Option<Span>,
    /// Whether it is a break-glass.
    pub break_glass: bool,
    /// When it would begin; at once, when nobody says.
    pub starts_at: Option<Timestamp>,
    /// The roles that the person has or asks for besides.
    pub holds: &'a [RoleRef],
}

/// How a decision comes about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// Who asks.
    pub person: PersonId,
    /// For which role.
    pub role: RoleRef,
    /// For how long.
    pub duration: Span,
    /// What was looked at, in this order.
    pub looks: Vec<Look>,
    /// What is decided of a form that is filled in well.
    pub verdict: Verdict,
    /// What comes after a yes; none after a no.
    pub then: Option<Then>,
}

/// One look at one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Look {
    /// The rule by name and place.
    pub rule: String,
    /// The value it saw.
    pub saw: String,
    /// What it says of it.
    pub finding: LookFinding,
    /// What would satisfy it, of a refusal.
    pub wants: Option<String>,
}

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LookFinding {
    /// It has nothing against it.
    Passes,
    /// It lets the person in.
    Allows,
    /// It would let in, but does not fit.
    Misses,
    /// It refuses.
    Refuses,
}

/// What comes after a yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Nobody is asked.
    AtOnce,
    /// Nobody is asked, and somebody reviews it.
    Reviewed {
        /// The review is due this long after the start.
        within: Span,
    },
    /// These stages, one after the other.
    Stages(Vec<StageTrace>),
}

/// Who would be asked in one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageTrace {
    /// From 1.
    pub number: u32,
    /// The stage by name and place.
    pub rule: String,
    /// How many of them must agree.
    pub quorum: u32,
    /// Whether approvers of earlier stages don't count.
    pub distinct: bool,
    /// Who is asked.
    pub asked: Vec<PersonId>,
    /// On-call schedules that it asks, of which it is not known who is on call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on_call: Vec<OnCallId>,
    /// Whether they are the fallback.
    pub from_fallback: bool,
    /// After how long, and whom, it asks besides.
    pub escalates: Option<(Span, Vec<PersonId>)>,
}

/// Explains what would be decided now.
#[must_use]
pub fn explain(policies: &PolicySet, people: &People, question: &Question<'_>, now: Timestamp) -> Trace {
    let Question { person: id, role: at, .. } = *question;
    let found = policies.role(at);
    let usual = found.map_or(LEAST_DURATION, |(_, role)| role.default_duration);
    let duration = question.duration.unwrap_or(usual);
    let mode = if question.break_glass { AskMode::BreakGlass } else { AskMode::New };
    let mut ask = filled(at, found.map(|(_, role)| role), duration, mode);
    ask.starts_at = question.starts_at;
    let verdict = may_ask(policies, people, id, &ask, mode, question.holds, now);
    let mut looks = Looks::default();
    let person = looks.person(people, id, now);
    let mut then = None;
    if let Some((app, role)) = found {
        looks.visibility(at, app, role);
        if let Some(person) = person {
            looks.rules(at, role, person);
        }
        looks.conflicts(policies, at, role, question.holds, person);
        looks.duration(at, role, duration);
        let begin = match mode {
            AskMode::BreakGlass => Begin::BreakGlass,
            AskMode::New | AskMode::Extension { .. } => {
                Begin::Access(question.starts_at.map_or(now, |starts_at| starts_at.max(now)))
            }
        };
        looks.times(policies, at, role, begin, now);
        looks.risk(policies, at, role, begin, question.holds);
        if let Some(tier) = policies.tiers.get(&role.tier) {
            then = looks.tier(tier, &app.owners, id, person, people, duration, mode, now);
        }
    }
    // What no look came upon, such as a role that there is not.
    for reason in verdict.refusals() {
        if !looks.0.iter().any(|look| look.rule == reason.rule && look.saw == reason.saw) {
            looks.refuses(reason.clone());
        }
    }
    let then = then.filter(|_| verdict.is_granted());
    Trace { person: id.clone(), role: at.clone(), duration, looks: looks.0, verdict, then }
}

/// A form that nothing is wrong with.
fn filled(at: &RoleRef, role: Option<&Role>, duration: Span, mode: AskMode) -> Ask {
    let wants_ticket = mode == AskMode::BreakGlass
        || role.is_some_and(|role| match role.ticket {
            TicketRule::Required => true,
            TicketRule::None | TicketRule::Optional => false,
        });
    let fields = role.map_or(&[][..], |role| &role.fields).iter().map(|field| {
        let value = field.choices.first().cloned().unwrap_or_else(|| "x".to_owned());
        (field.id.clone(), value)
    });
    Ask {
        role: at.clone(),
        duration,
        starts_at: None,
        justification: "asked to have it explained".to_owned(),
        ticket: wants_ticket.then(|| IssueKey::new("OPS-1").ok()).flatten(),
        fields: fields.collect::<BTreeMap<_, _>>(),
    }
}

#[derive(Default)]
struct Looks(Vec<Look>);

impl Looks {
    fn add(&mut self, rule: impl Into<String>, saw: impl Into<String>, finding: LookFinding) {
        self.0.push(Look { rule: rule.into(), saw: saw.into(), finding, wants: None });
    }

    fn refuses(&mut self, reason: Reason) {
        let Reason { rule, saw, wants, .. } = reason;
        self.0.push(Look { rule, saw, finding: LookFinding::Refuses, wants: Some(wants) });
    }

    fn person<'p>(&mut self, people: &'p People, id: &PersonId, now: Timestamp) -> Option<&'p Person> {
        match in_force(people, id, Some(now)) {
            Ok(person) => {
                let saw = format!("{id} is in it, and has not left");
                self.add("only active people of the directory (built in)", saw, LookFinding::Passes);
                Some(person)
            }
            Err(reason) => {
                self.refuses(reason);
                None
            }
        }
    }

    fn visibility(&mut self, at: &RoleRef, app: &App, role: &Role) {
        match retired(at, app, role) {
            Some(reason) => self.refuses(reason),
            None => {
                let rule = reasons::rule_of(at, role, "visibility");
                self.add(rule, "it is not retired", LookFinding::Passes);
            }
        }
    }

    /// Every rule, also those after the one that decides.
    fn rules(&mut self, at: &RoleRef, role: &Role, person: &Person) {
        let named =
            |key: &str, number: usize, rule: &Rule| format!("{key}[{number}] of {at} ({})", rule.place);
        for (number, rule) in role.never.iter().enumerate() {
            let checks = checks(rule, person);
            match fit(&checks) {
                Fit::Yes | Fit::Unknown => self.refuses(reasons::never(at, number, &rule.place, &checks)),
                Fit::No => self.add(named("never", number, rule), misses(&checks), LookFinding::Passes),
            }
        }
        if role.eligible.is_empty() {
            self.refuses(reasons::nobody_eligible(at, role));
        }
        let mut tried = Vec::new();
        for (number, rule) in role.eligible.iter().enumerate() {
            let checks = checks(rule, person);
            let rule = named("eligible", number, rule);
            match fit(&checks) {
                Fit::Yes => self.add(rule, seen(&checks), LookFinding::Allows),
                Fit::No | Fit::Unknown => {
                    self.add(rule, misses(&checks), LookFinding::Misses);
                    tried.push(checks);
                }
            }
        }
        if !tried.is_empty() && tried.len() == role.eligible.len() {
            self.refuses(reasons::not_eligible(at, role, &tried));
        }
    }

    fn conflicts(
        &mut self,
        policies: &PolicySet,
        at: &RoleRef,
        role: &Role,
        holds: &[RoleRef],
        person: Option<&Person>,
    ) {
        let found = conflicts(policies, at, role, holds, person);
        if found.is_empty() {
            let held: Vec<String> = holds.iter().map(RoleRef::to_string).collect();
            let saw = match listed(held.iter().map(String::as_str), "and") {
                none if none.is_empty() => "no other role is held".to_owned(),
                held => format!("{held} is held"),
            };
            self.add(reasons::rule_of(at, role, "conflicts"), saw, LookFinding::Passes);
        }
        for reason in found {
            self.refuses(reason);
        }
    }

    fn duration(&mut self, at: &RoleRef, role: &Role, duration: Span) {
        if duration < LEAST_DURATION {
            self.refuses(reasons::too_short(duration, LEAST_DURATION));
        }
        if duration > role.max_duration {
            self.refuses(reasons::over_maximum(at, role, duration));
        } else {
            let saw = format!("{} of at most {}", duration.words(), role.max_duration.words());
            self.add(reasons::rule_of(at, role, "max_duration"), saw, LookFinding::Passes);
        }
    }

    fn times(&mut self, policies: &PolicySet, at: &RoleRef, role: &Role, begin: Begin, now: Timestamp) {
        if let Some(calendar) = role.hours.as_ref().and_then(|id| policies.calendars.get(id)) {
            match (outside_hours(policies, at, role, begin), begin) {
                (Some(reason), _) => self.refuses(reason),
                (None, Begin::Access(start)) => {
                    let saw = format!("{} is within {}", calendar.moment(start), calendar.words());
                    self.add(reasons::rule_of(at, role, "hours"), saw, LookFinding::Passes);
                }
                (None, Begin::MoreTime | Begin::BreakGlass) => {
                    let saw = "a break-glass is given at any time";
                    self.add(reasons::rule_of(at, role, "hours"), saw, LookFinding::Passes);
                }
            }
        }
        for blackout in blackouts(policies, at, role, begin, now) {
            self.refuses(reasons::blackout(blackout, begin, now));
        }
        let still_to_come = policies.blackouts.iter().filter(|blackout| {
            blackout.covers(at, role)
                && blackout.until > now
                && !blackouts(policies, at, role, begin, now).any(|on| on == *blackout)
        });
        for blackout in still_to_come {
            let (from, until) = (blackout.moment(blackout.from), blackout.moment(blackout.until));
            let saw = format!("it lasts from {from} until {until}");
            self.add(reasons::blackout_rule(blackout), saw, LookFinding::Passes);
        }
    }

    fn risk(&mut self, policies: &PolicySet, at: &RoleRef, role: &Role, begin: Begin, holds: &[RoleRef]) {
        let Some((rule, most)) = policies.risks.get(&role.risk).and_then(|rule| Some((rule, rule.at_once?)))
        else {
            return;
        };
        match too_many_of_risk(policies, at, role, begin, holds) {
            Some(reason) => self.refuses(reason),
            None => {
                let saw = format!("no more than {most} at once");
                self.add(reasons::risk_rule(role.risk, rule), saw, LookFinding::Passes);
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "a tier is held against all that was asked")]
    fn tier(
        &mut self,
        tier: &Tier,
        owners: &[PersonId],
        requester: &PersonId,
        person: Option<&Person>,
        people: &People,
        duration: Span,
        mode: AskMode,
        now: Timestamp,
    ) -> Option<Then> {
        if mode == AskMode::BreakGlass {
            return self.break_glass(tier, duration);
        }
        if let Some(under) = tier.auto_under {
            let rule = format!("auto_under of tier {} ({})", tier.id, tier.place);
            let saw = format!("{}; up to {} nobody is asked", duration.words(), under.words());
            let at_once = auto_approves(tier, duration);
            self.add(rule, saw, if at_once { LookFinding::Allows } else { LookFinding::Misses });
            if at_once {
                return Some(Then::AtOnce);
            }
        }
        person?;
        let mut unable_by_stage = BTreeMap::<u32, Vec<Reason>>::new();
        for (number, reason) in unable(tier, owners, requester, people, now) {
            unable_by_stage.entry(number).or_default().push(reason);
        }
        let mut stages = Vec::new();
        let approvers = stage_approvers(tier, owners, requester, people, now);
        for ((number, stage), who) in (0u32..).zip(&tier.stages).zip(approvers) {
            let rule = reasons::stage_rule(tier, number, Some(stage));
            match unable_by_stage.remove(&number) {
                Some(reasons) => reasons.into_iter().for_each(|reason| self.refuses(reason)),
                None => {
                    let on_call =
                        who.unknown_on_call.iter().map(|name| format!("whoever is on call for {name}"));
                    let asked = who.asked.iter().map(|id| in_whose_place(id, &who.stand_ins)).chain(on_call);
                    let asked = listed(asked.collect::<Vec<_>>().iter().map(String::as_str), "and");
                    let from = if who.from_fallback { ", its fallback" } else { "" };
                    self.add(rule.clone(), format!("it would ask {asked}{from}"), LookFinding::Passes);
                }
            }
            stages.push(StageTrace {
                number: number + 1,
                rule,
                quorum: stage.quorum,
                distinct: stage.distinct,
                asked: who.asked,
                on_call: who.unknown_on_call,
                from_fallback: who.from_fallback,
                escalates: stage.escalate_after.map(|after| (after, who.escalation)),
            });
        }
        unable_by_stage.into_values().flatten().for_each(|reason| self.refuses(reason));
        Some(Then::Stages(stages))
    }

    fn break_glass(&mut self, tier: &Tier, duration: Span) -> Option<Then> {
        let Some(BreakGlass { max_duration, review_within }) = tier.break_glass else {
            self.refuses(reasons::no_break_glass(tier));
            return None;
        };
        if duration > max_duration {
            self.refuses(reasons::over_break_glass(tier, duration, max_duration));
        } else {
            let rule = format!("break_glass of tier {} ({})", tier.id, tier.place);
            let saw = format!("{} of at most {}", duration.words(), max_duration.words());
            self.add(rule, saw, LookFinding::Allows);
        }
        Some(Then::Reviewed { within: review_within })
    }
}

/// `ben@example.com for ann@example.com`, of a delegate.
fn in_whose_place(id: &PersonId, stand_ins: &[(PersonId, PersonId)]) -> String {
    let absent = stand_ins.iter().filter(|(delegate, _)| delegate == id).map(|(_, absent)| absent.as_str());
    match listed(absent, "and") {
        nobody if nobody.is_empty() => id.to_string(),
        absent => format!("{id} for {absent}"),
    }
}

fn seen(checks: &[Check]) -> String {
    listed(checks.iter().map(|check| check.saw.as_str()), "and")
}

/// What did not fit.
fn misses(checks: &[Check]) -> String {
    let missed = checks.iter().filter(|check| check.fit != Fit::Yes);
    listed(missed.map(|check| check.saw.as_str()), "and")
}
