//! Who may ask for what: one decision, judged at submission and again at each click, at a scheduled start and
//! before provisioning.

use super::facts::{Fit, checks, fit, fits};
use super::search::nearest_role;
use super::{
    App, Ask, Begin, Blackout, Fact, People, Person, PolicySet, Reason, Role, Tier, Verdict, Visibility,
};
use super::{approve, form, reasons};
use crate::ids::{PersonId, RequestId, RoleRef};
use crate::time::{Span, Timestamp};

/// The shortest ask, and the shortest time that an approval may allow.
pub const LEAST_DURATION: Span = Span::mins(1);

/// What kind of ask is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskMode {
    /// Access that the person does not have.
    New,
    /// More time for a grant.
    Extension {
        /// When the grant became active.
        active_at: Timestamp,
        /// Its end now.
        expires_at: Timestamp,
    },
    /// Access at once, looked at afterwards.
    BreakGlass,
}

/// Whether the person may ask for this now, with every reason against it or the rule that allows it. `holds` are
/// the roles that the person has or asks for besides.
///
/// The ticket and the form fields of an extension may be left out: those of its grant stand.
#[must_use]
pub fn may_ask(
    policies: &PolicySet,
    people: &People,
    requester: &PersonId,
    ask: &Ask,
    mode: AskMode,
    holds: &[RoleRef],
    now: Timestamp,
) -> Verdict {
    let mut found = Findings::default();
    let person = match in_force(people, requester, Some(now)) {
        Ok(person) => Some(person),
        Err(reason) => {
            found.against.push(reason);
            None
        }
    };
    let Some((app, role)) = policies.role(&ask.role) else {
        found.against.push(unknown_role(policies, &ask.role));
        return found.verdict();
    };
    found.against.extend(retired(&ask.role, app, role));
    if let Some(person) = person {
        found.rules(&ask.role, role, person);
    }
    found.conflicts(policies, &ask.role, role, holds, person);
    found.duration(&ask.role, role, ask.duration);
    let begin = match mode {
        AskMode::New => Begin::Access(ask.starts_at.map_or(now, |starts_at| starts_at.max(now))),
        AskMode::Extension { .. } => Begin::MoreTime,
        AskMode::BreakGlass => Begin::BreakGlass,
    };
    found.times(policies, &ask.role, role, begin, now);
    found.risk(policies, &ask.role, role, begin, holds);
    let Some(tier) = policies.tiers.get(&role.tier) else {
        found.against.push(reasons::no_tier(&ask.role, role));
        return found.verdict();
    };
    match mode {
        AskMode::New => found.against.extend(form::start(ask.starts_at, now)),
        AskMode::Extension { active_at, expires_at } => {
            found.extension(ask, role, active_at, expires_at, now);
        }
        AskMode::BreakGlass => found.break_glass(ask, tier, now),
    }
    found.against.extend(form::judge(ask, role, mode));
    if let Some(person) = person {
        found.approvers(ask, mode, app, tier, person, people, now);
    }
    found.verdict()
}

/// Whether the person may still have what was asked: the part of [`may_ask`] that can change after the asking.
/// `holds` are the roles that the person has or asks for besides, `begin` is what a yes lets begin.
#[must_use]
#[allow(clippy::too_many_arguments, reason = "a decision is held against all that may have changed")]
pub fn still_eligible(
    policies: &PolicySet,
    people: &People,
    requester: &PersonId,
    role: &RoleRef,
    duration: Span,
    begin: Begin,
    holds: &[RoleRef],
    now: Timestamp,
) -> Verdict {
    match in_force(people, requester, Some(now)) {
        Ok(person) => judge(policies, person, role, duration, Some((begin, now)), holds),
        Err(reason) => Verdict::Refused(reason, Vec::new()),
    }
}

/// Whether the tier approves this by itself. For an extension the span is the whole life of the grant: short
/// steps must not add up to what a person should have approved.
#[must_use]
pub fn auto_approves(tier: &Tier, span: Span) -> bool {
    tier.auto_under.is_some_and(|under| span <= under)
}

/// The rules alone, for a person whose facts are taken as they are; hours and blackouts where it is known what begins, and
/// when that is asked.
pub(super) fn judge(
    policies: &PolicySet,
    person: &Person,
    at: &RoleRef,
    duration: Span,
    when: Option<(Begin, Timestamp)>,
    holds: &[RoleRef],
) -> Verdict {
    let mut found = Findings::default();
    let Some((app, role)) = policies.role(at) else {
        found.against.push(unknown_role(policies, at));
        return found.verdict();
    };
    found.against.extend(retired(at, app, role));
    found.rules(at, role, person);
    found.conflicts(policies, at, role, holds, Some(person));
    found.duration(at, role, duration);
    if let Some((begin, now)) = when {
        found.times(policies, at, role, begin, now);
    }
    let begin = when.map_or(Begin::Access(Timestamp::default()), |(begin, _)| begin);
    found.risk(policies, at, role, begin, holds);
    found.verdict()
}

/// The person, unless they are unknown or have left, or (where `now` is given) the directory is too old.
pub(super) fn in_force<'p>(
    people: &'p People,
    id: &PersonId,
    now: Option<Timestamp>,
) -> Result<&'p Person, Reason> {
    if let Some(now) = now
        && people.is_stale(now)
    {
        return Err(reasons::stale_directory(people, now));
    }
    match people.get(id) {
        None => Err(reasons::unknown_person(id)),
        Some(person) if !person.active => Err(reasons::leaver(id)),
        Some(person) if now.is_some() && person.doubt(Fact::Active).is_some() => {
            Err(reasons::doubtful(person.doubt(Fact::Active).unwrap_or_default()))
        }
        Some(person) => Ok(person),
    }
}

/// Whether the person is here and the rules on people let them ask: a `never` rule that matches, or that the directory
/// knows too little to rule out, wins over every `eligible` rule.
pub(super) fn may_have(role: &Role, person: &Person) -> bool {
    person.active && matches!(standing(role, person), Standing::Eligible(_))
}

/// Which rule decides on a person; [`Findings::rules`] in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// The `never` rule of this number.
    Never(usize),
    /// The `eligible` rule of this number.
    Eligible(usize),
    /// None of them.
    NoRule,
}

/// Which rule decides on this person; made for a look at many people, so without words.
pub(super) fn standing(role: &Role, person: &Person) -> Standing {
    let forbidden = role.never.iter().position(|rule| fits(rule, person) != Fit::No);
    let allowed = || role.eligible.iter().position(|rule| fits(rule, person) == Fit::Yes);
    match forbidden {
        Some(number) => Standing::Never(number),
        None => allowed().map_or(Standing::NoRule, Standing::Eligible),
    }
}

/// The conflicts between the role and what the person holds, whichever of the two names the other. What they have outside
/// of Jitney counts as held, also when the directory knows too little to rule it out.
pub(super) fn conflicts(
    policies: &PolicySet,
    at: &RoleRef,
    role: &Role,
    holds: &[RoleRef],
    person: Option<&Person>,
) -> Vec<Reason> {
    let mut found = Vec::new();
    for held in holds {
        found.extend(
            names_other(policies, at, role, held).map(|(by, role)| reasons::conflict(by, role, held)),
        );
    }
    for held in policies.held_outside.iter().filter(|held| !holds.contains(held)) {
        let (Some(person), Some((by, named_in))) = (person, names_other(policies, at, role, held)) else {
            continue;
        };
        let rules = policies.role(held).map_or(&[][..], |(_, other)| &other.held_by);
        let fitting = rules.iter().enumerate().find(|(_, rule)| fits(rule, person) != Fit::No);
        if let Some((number, rule)) = fitting {
            let checks = checks(rule, person);
            found.push(reasons::conflict_outside(by, named_in, held, number, &rule.place, &checks));
        }
    }
    found.dedup();
    found
}

/// Access that a grant found standing when it began: the person has it outside of Jitney.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingAccess {
    /// Of which role.
    pub role: RoleRef,
    /// Which request's grant saw it.
    pub seen_by: RequestId,
    /// When.
    pub seen_at: Timestamp,
}

/// The conflicts between the role and access that is known to stand outside of Jitney.
#[must_use]
pub fn standing_conflicts(policies: &PolicySet, at: &RoleRef, standing: &[StandingAccess]) -> Vec<Reason> {
    let Some((_, role)) = policies.role(at) else { return Vec::new() };
    let conflict = |seen: &StandingAccess| {
        let (by, named_in) = names_other(policies, at, role, &seen.role)?;
        Some(reasons::conflict_standing(by, named_in, seen))
    };
    standing.iter().filter_map(conflict).collect()
}

/// The one of the two roles whose `conflicts` name the other.
fn names_other<'p>(
    policies: &'p PolicySet,
    at: &'p RoleRef,
    role: &'p Role,
    held: &'p RoleRef,
) -> Option<(&'p RoleRef, &'p Role)> {
    if held == at {
        return None;
    }
    if role.conflicts.contains(held) {
        return Some((at, role));
    }
    let (_, other) = policies.role(held)?;
    other.conflicts.contains(at).then_some((held, other))
}

/// The hours of the role, when they are not open for what would begin. Break-glass is there for when they are not, and
/// what has begun may get longer.
pub(super) fn outside_hours(policies: &PolicySet, at: &RoleRef, role: &Role, begin: Begin) -> Option<Reason> {
    let calendar = role.hours.as_ref().and_then(|id| policies.calendars.get(id))?;
    match begin {
        Begin::Access(start) if !calendar.is_open(start) => {
            Some(reasons::outside_hours(at, role, calendar, start))
        }
        Begin::Access(_) | Begin::MoreTime | Begin::BreakGlass => None,
    }
}

/// The blackouts that hold up what would begin.
pub(super) fn blackouts<'p>(
    policies: &'p PolicySet,
    at: &'p RoleRef,
    role: &'p Role,
    begin: Begin,
    now: Timestamp,
) -> impl Iterator<Item = &'p Blackout> {
    let (moment, breaks_glass) = match begin {
        Begin::Access(start) => (start, false),
        Begin::MoreTime => (now, false),
        Begin::BreakGlass => (now, true),
    };
    policies.blackouts.iter().filter(move |blackout| {
        blackout.is_on(moment) && !(breaks_glass && blackout.break_glass) && blackout.covers(at, role)
    })
}

/// The roles of one risk that the person has too many of with this one.
pub(super) fn too_many_of_risk(
    policies: &PolicySet,
    at: &RoleRef,
    role: &Role,
    begin: Begin,
    holds: &[RoleRef],
) -> Option<Reason> {
    let rule = policies.risks.get(&role.risk)?;
    let most = rule.at_once?;
    match begin {
        Begin::Access(_) => {}
        Begin::MoreTime | Begin::BreakGlass => return None,
    }
    let is_such = |held: &&RoleRef| {
        *held != at && policies.role(held).is_some_and(|(_, other)| other.risk == role.risk)
    };
    let mut held: Vec<&RoleRef> = holds.iter().filter(is_such).collect();
    held.sort();
    held.dedup();
    let is_over = u32::try_from(held.len()).is_ok_and(|held| held >= most);
    is_over.then(|| reasons::too_many_of_risk(role.risk, rule, most, &held))
}

/// Why nobody asks for it any more, when nobody does.
pub(super) fn retired(at: &RoleRef, app: &App, role: &Role) -> Option<Reason> {
    match app.visibility_of(role) {
        Visibility::Listed | Visibility::Hidden => None,
        Visibility::Retired { instead } => Some(reasons::retired(at, role, instead.as_deref())),
    }
}

fn unknown_role(policies: &PolicySet, at: &RoleRef) -> Reason {
    reasons::unknown_role(at, nearest_role(policies, &at.to_string()).first())
}

/// Reasons for and against, as they are found.
#[derive(Default)]
struct Findings {
    against: Vec<Reason>,
    because: Vec<Reason>,
}

impl Findings {
    fn verdict(self) -> Verdict {
        Verdict::from_reasons(self.against, self.because)
    }

    /// Leaves at least one reason, for or against.
    fn rules(&mut self, at: &RoleRef, role: &Role, person: &Person) {
        for (number, rule) in role.never.iter().enumerate() {
            let checks = checks(rule, person);
            match fit(&checks) {
                Fit::Yes | Fit::Unknown => {
                    self.against.push(reasons::never(at, number, &rule.place, &checks));
                }
                Fit::No => {}
            }
        }
        if role.eligible.is_empty() {
            self.against.push(reasons::nobody_eligible(at, role));
            return;
        }
        let mut tried = Vec::new();
        for (number, rule) in role.eligible.iter().enumerate() {
            let checks = checks(rule, person);
            match fit(&checks) {
                Fit::Yes => {
                    self.because.push(reasons::eligible(at, number, &rule.place, &checks));
                    return;
                }
                Fit::No | Fit::Unknown => tried.push(checks),
            }
        }
        self.against.push(reasons::not_eligible(at, role, &tried));
    }

    fn conflicts(
        &mut self,
        policies: &PolicySet,
        at: &RoleRef,
        role: &Role,
        holds: &[RoleRef],
        person: Option<&Person>,
    ) {
        self.against.extend(conflicts(policies, at, role, holds, person));
    }

    fn duration(&mut self, at: &RoleRef, role: &Role, duration: Span) {
        if duration < LEAST_DURATION {
            self.against.push(reasons::too_short(duration, LEAST_DURATION));
        }
        if duration > role.max_duration {
            self.against.push(reasons::over_maximum(at, role, duration));
        }
    }

    fn times(&mut self, policies: &PolicySet, at: &RoleRef, role: &Role, begin: Begin, now: Timestamp) {
        self.against.extend(outside_hours(policies, at, role, begin));
        let on = blackouts(policies, at, role, begin, now);
        self.against.extend(on.map(|blackout| reasons::blackout(blackout, begin, now)));
    }

    fn risk(&mut self, policies: &PolicySet, at: &RoleRef, role: &Role, begin: Begin, holds: &[RoleRef]) {
        self.against.extend(too_many_of_risk(policies, at, role, begin, holds));
    }

    fn extension(
        &mut self,
        ask: &Ask,
        role: &Role,
        active_at: Timestamp,
        expires_at: Timestamp,
        now: Timestamp,
    ) {
        if now >= expires_at {
            self.against.push(reasons::parent_ended(expires_at));
        }
        let total = (expires_at + ask.duration).since(active_at);
        if total > role.max_total {
            self.against.push(reasons::over_total(&ask.role, role, total));
        }
    }

    fn break_glass(&mut self, ask: &Ask, tier: &Tier, now: Timestamp) {
        match &tier.break_glass {
            None => self.against.push(reasons::no_break_glass(tier)),
            Some(limits) if ask.duration > limits.max_duration => {
                self.against.push(reasons::over_break_glass(tier, ask.duration, limits.max_duration));
            }
            Some(_) => {}
        }
        if let Some(starts_at) = ask.starts_at
            && starts_at > now
        {
            self.against.push(reasons::break_glass_starts_now(starts_at));
        }
    }

    /// Somebody must be able to approve, unless nobody has to.
    #[allow(clippy::too_many_arguments, reason = "approvers are found by all of these")]
    fn approvers(
        &mut self,
        ask: &Ask,
        mode: AskMode,
        app: &App,
        tier: &Tier,
        requester: &Person,
        people: &People,
        now: Timestamp,
    ) {
        let span = match mode {
            AskMode::New => ask.duration,
            AskMode::Extension { active_at, expires_at } => (expires_at + ask.duration).since(active_at),
            AskMode::BreakGlass => return,
        };
        if !auto_approves(tier, span) {
            let stuck = approve::unable(tier, &app.owners, &requester.id, people, now);
            self.against.extend(stuck.into_iter().map(|(_, reason)| reason));
        }
    }
}
