//! Every sentence of a verdict: the rule with its place, the value it saw, and what would satisfy it.

use super::facts::Check;
use super::phrase::listed;
use super::{
    Begin, Blackout, Calendar, Capacity, Field, People, Reason, ReasonCode, Risk, RiskRule, Role, Stage,
    StageApprovers, StandingAccess, TicketRule, Tier,
};
use crate::ids::{IssueKey, PersonId, RoleRef};
use crate::time::{Span, Timestamp};

const INCIDENT: &str = "break-glass names its incident (built in)";

fn reason(
    code: ReasonCode,
    rule: impl Into<String>,
    saw: impl Into<String>,
    wants: impl Into<String>,
) -> Reason {
    Reason { code, rule: rule.into(), saw: saw.into(), wants: wants.into() }
}

/// `max_duration of billing/read (policies/billing.toml:12:1)`.
pub(super) fn rule_of(at: &RoleRef, role: &Role, key: &str) -> String {
    format!("{key} of {at} ({})", role.place_of(key))
}

fn people_words(people: &[PersonId], join: &str) -> String {
    listed(people.iter().map(PersonId::as_str), join)
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

pub(super) fn unknown_person(id: &PersonId) -> Reason {
    let saw = format!("{id} is not in it");
    reason(
        ReasonCode::UnknownPerson,
        "only people of the directory (built in)",
        saw,
        "a person in the directory",
    )
}

pub(super) fn leaver(id: &PersonId) -> Reason {
    let saw = format!("{id} has left");
    reason(ReasonCode::Leaver, "nothing for people who have left (built in)", saw, "an active person")
}

/// `doubt` says why it is not known whether they are here.
pub(super) fn doubtful(doubt: &str) -> Reason {
    let rule = "no decision on old facts (built in)";
    reason(ReasonCode::StaleDirectory, rule, doubt, "facts that are not older than their limit")
}

pub(super) fn stale_directory(people: &People, now: Timestamp) -> Reason {
    let saw = format!("it was read {} ago", now.since(people.as_of()).words());
    let wants = format!("a read not older than {}", people.max_age().words());
    reason(ReasonCode::StaleDirectory, "no decision on an old directory (built in)", saw, wants)
}

pub(super) fn unknown_role(at: &RoleRef, nearest: Option<&RoleRef>) -> Reason {
    let wants = nearest.map_or("a role of the policies".to_owned(), |near| format!("perhaps {near}"));
    let saw = format!("there is no {at}");
    reason(ReasonCode::UnknownRole, "only roles of the policies (built in)", saw, wants)
}

pub(super) fn retired(at: &RoleRef, role: &Role, instead: Option<&str>) -> Reason {
    let rule = rule_of(at, role, "visibility");
    reason(ReasonCode::Retired, rule, "it is retired", instead.unwrap_or("another role"))
}

pub(super) fn never(at: &RoleRef, number: usize, place: &str, checks: &[Check]) -> Reason {
    let rule = format!("never[{number}] of {at} ({place})");
    let saw = listed(checks.iter().map(|check| check.saw.as_str()), "and");
    let wants = checks.iter().map(|check| check.other.as_str()).collect::<Vec<_>>().join("; or ");
    reason(ReasonCode::Never, rule, saw, wants)
}

pub(super) fn nobody_eligible(at: &RoleRef, role: &Role) -> Reason {
    let rule = rule_of(at, role, "eligible");
    reason(ReasonCode::NotEligible, rule, "it names nobody", "a rule that lets people ask")
}

/// `tried` has the checks of each rule.
pub(super) fn not_eligible(at: &RoleRef, role: &Role, tried: &[Vec<Check>]) -> Reason {
    let mut saw: Vec<&str> = Vec::new();
    for check in tried.iter().flatten() {
        if !saw.contains(&check.saw.as_str()) {
            saw.push(&check.saw);
        }
    }
    let wants = tried.iter().map(|checks| listed(checks.iter().map(|check| check.fits.as_str()), "and"));
    let wants = wants.collect::<Vec<_>>().join("; or ");
    reason(ReasonCode::NotEligible, rule_of(at, role, "eligible"), listed(saw, "and"), wants)
}

pub(super) fn eligible(at: &RoleRef, number: usize, place: &str, checks: &[Check]) -> Reason {
    let rule = format!("eligible[{number}] of {at} ({place})");
    let saw = listed(checks.iter().map(|check| check.saw.as_str()), "and");
    let wants = listed(checks.iter().map(|check| check.fits.as_str()), "and");
    reason(ReasonCode::Eligible, rule, saw, wants)
}

/// `at` is the role whose `conflicts` name the other of the two.
pub(super) fn conflict(at: &RoleRef, role: &Role, held: &RoleRef) -> Reason {
    let saw = format!("{held} is held or asked for");
    reason(ReasonCode::Conflict, rule_of(at, role, "conflicts"), saw, format!("{held} ended first"))
}

pub(super) fn conflict_outside(
    at: &RoleRef,
    role: &Role,
    held: &RoleRef,
    number: usize,
    place: &str,
    checks: &[Check],
) -> Reason {
    let why = listed(checks.iter().map(|check| check.saw.as_str()), "and");
    let saw = format!("{held} is had outside of Jitney by held_by[{number}] ({place}): {why}");
    reason(ReasonCode::Conflict, rule_of(at, role, "conflicts"), saw, taken_outside(held))
}

pub(super) fn conflict_standing(at: &RoleRef, role: &Role, seen: &StandingAccess) -> Reason {
    let StandingAccess { role: held, seen_by, seen_at } = seen;
    let saw =
        format!("{held} is had outside of Jitney: {seen_by} found it standing at {}", seen_at.minute_utc());
    reason(ReasonCode::Conflict, rule_of(at, role, "conflicts"), saw, taken_outside(held))
}

fn taken_outside(held: &RoleRef) -> String {
    format!("{held} taken away outside of Jitney first")
}

pub(super) fn outside_hours(at: &RoleRef, role: &Role, calendar: &Calendar, start: Timestamp) -> Reason {
    let opens = calendar.opens_after(start).map(|opens| format!("; it opens {}", calendar.moment(opens)));
    let saw = format!("a start on {}", calendar.moment(start));
    let wants = format!("a start within {}{}", calendar.words(), opens.unwrap_or_default());
    reason(ReasonCode::OutsideHours, rule_of(at, role, "hours"), saw, wants)
}

/// `blackout Year-end close (policies/tiers.toml:40:1)`.
pub(super) fn blackout_rule(blackout: &Blackout) -> String {
    format!("blackout {} ({})", blackout.because, blackout.place)
}

pub(super) fn blackout(blackout: &Blackout, begin: Begin, now: Timestamp) -> Reason {
    let (from, until) = (blackout.moment(blackout.from), blackout.moment(blackout.until));
    let (what, wants) = match begin {
        Begin::Access(start) => {
            (format!("a start on {}", blackout.moment(start)), format!("a start from {until} on"))
        }
        Begin::MoreTime => {
            let what = format!("more time, asked for on {}", blackout.moment(now));
            (what, format!("a new request from {until} on; what is active ends in its time"))
        }
        Begin::BreakGlass => {
            let what = format!("a break-glass on {}", blackout.moment(now));
            (what, format!("a start from {until} on: it allows no break-glass"))
        }
    };
    let saw = format!("{what}; it lasts from {from} until {until}");
    reason(ReasonCode::Blackout, blackout_rule(blackout), saw, wants)
}

/// `at_once of high risk (policies/tiers.toml:30:1)`.
pub(super) fn risk_rule(risk: Risk, rule: &RiskRule) -> String {
    format!("at_once of {} risk ({})", risk.as_str(), rule.place)
}

pub(super) fn too_many_of_risk(risk: Risk, rule: &RiskRule, most: u32, held: &[&RoleRef]) -> Reason {
    let held: Vec<String> = held.iter().map(|at| at.to_string()).collect();
    let held = listed(held.iter().map(String::as_str), "and");
    let saw = format!("{held} is held or asked for");
    let wants = format!("{most} at most at once: {held} ended first");
    reason(ReasonCode::TooManyOfRisk, risk_rule(risk, rule), saw, wants)
}

pub(super) fn too_short(duration: Span, least: Span) -> Reason {
    let wants = format!("at least {}", least.words());
    reason(ReasonCode::TooShort, "shortest duration (built in)", duration.words(), wants)
}

pub(super) fn over_maximum(at: &RoleRef, role: &Role, duration: Span) -> Reason {
    let wants = format!("at most {}", role.max_duration.words());
    reason(ReasonCode::OverMaximum, rule_of(at, role, "max_duration"), duration.words(), wants)
}

pub(super) fn over_break_glass(tier: &Tier, duration: Span, most: Span) -> Reason {
    let rule = format!("break_glass of tier {} ({})", tier.id, tier.place);
    reason(ReasonCode::OverMaximum, rule, duration.words(), format!("at most {}", most.words()))
}

pub(super) fn over_total(at: &RoleRef, role: &Role, total: Span) -> Reason {
    let saw = format!("{} in all", total.words());
    let wants = format!("at most {} in all", role.max_total.words());
    reason(ReasonCode::OverTotal, rule_of(at, role, "max_total"), saw, wants)
}

pub(super) fn parent_ended(expires_at: Timestamp) -> Reason {
    let saw = format!("it ended at {}", expires_at.minute_utc());
    reason(ReasonCode::ParentEnded, "only active access is extended (built in)", saw, "a new request")
}

pub(super) fn no_break_glass(tier: &Tier) -> Reason {
    let rule = format!("tier {} ({})", tier.id, tier.place);
    reason(ReasonCode::NoBreakGlass, rule, "it has no break_glass", "an ordinary request")
}

pub(super) fn justification(length: usize, least: usize, most: usize) -> Reason {
    let wants = format!("{least} to {most} characters that say why");
    let saw = count(length, "character", "characters");
    reason(ReasonCode::Justification, "justification of every request (built in)", saw, wants)
}

pub(super) fn ticket_missing(at: &RoleRef, role: &Role) -> Reason {
    reason(
        ReasonCode::Ticket,
        rule_of(at, role, "ticket"),
        "no ticket",
        "the key of a ticket, such as OPS-311",
    )
}

pub(super) fn incident_missing() -> Reason {
    reason(ReasonCode::Ticket, INCIDENT, "no ticket", "the key of the incident's ticket, such as OPS-311")
}

/// What was seen of the ticket speaks against it.
pub(super) fn ticket_refused(
    at: &RoleRef,
    role: &Role,
    is_break_glass: bool,
    saw: String,
    wants: String,
) -> Reason {
    let rule = if is_break_glass { INCIDENT.to_owned() } else { rule_of(at, role, "ticket") };
    reason(ReasonCode::Ticket, rule, saw, wants)
}

pub(super) fn ticket_unwanted(at: &RoleRef, role: &Role, ticket: &IssueKey) -> Reason {
    let rule = format!("{} (`{}`)", rule_of(at, role, "ticket"), TicketRule::None.as_str());
    reason(ReasonCode::Ticket, rule, format!("ticket {ticket}"), "no ticket")
}

fn field_rule(at: &RoleRef, field: &Field) -> String {
    format!("field {} of {at} ({})", field.id, field.place)
}

fn field_wants(field: &Field, most: usize) -> String {
    if field.choices.is_empty() {
        format!("1 to {most} characters on one line")
    } else {
        listed(field.choices.iter().map(String::as_str), "or")
    }
}

pub(super) fn field_missing(at: &RoleRef, field: &Field, most: usize) -> Reason {
    reason(ReasonCode::Field, field_rule(at, field), "nothing", field_wants(field, most))
}

pub(super) fn field_bad(at: &RoleRef, field: &Field, value: &str, most: usize) -> Reason {
    let length = value.chars().count();
    let saw = if field.choices.is_empty() && length > most {
        count(length, "character", "characters")
    } else {
        format!("`{}`", shortened(value))
    };
    reason(ReasonCode::Field, field_rule(at, field), saw, field_wants(field, most))
}

pub(super) fn field_unknown(at: &RoleRef, role: &Role, id: &str) -> Reason {
    let rule = format!("fields of {at} ({})", role.place);
    let wants = match listed(role.fields.iter().map(|field| field.id.as_str()), "and") {
        none if none.is_empty() => "no fields".to_owned(),
        all => format!("the fields {all} alone"),
    };
    reason(ReasonCode::Field, rule, format!("a field `{}`", shortened(id)), wants)
}

fn shortened(text: &str) -> String {
    text.chars().take(60).flat_map(char::escape_debug).collect()
}

pub(super) fn starts_in_the_past(starts_at: Timestamp) -> Reason {
    let rule = "no start in the past (built in)";
    reason(ReasonCode::BadStart, rule, starts_at.minute_utc(), "a start from now on")
}

pub(super) fn starts_too_late(starts_at: Timestamp, ahead: Span) -> Reason {
    let wants = format!("a start within {}", ahead.words());
    reason(ReasonCode::BadStart, "no start far ahead (built in)", starts_at.minute_utc(), wants)
}

pub(super) fn break_glass_starts_now(starts_at: Timestamp) -> Reason {
    let saw = format!("a start at {}", starts_at.minute_utc());
    reason(ReasonCode::BadStart, "break-glass starts at once (built in)", saw, "no start")
}

/// `stage 2 of tier two-person (policies/tiers.toml:20:1)`.
pub(super) fn stage_rule(tier: &Tier, number: u32, stage: Option<&Stage>) -> String {
    let place = stage.map_or(&tier.place, |stage| &stage.place);
    format!("stage {} of tier {} ({place})", u64::from(number) + 1, tier.id)
}

pub(super) fn no_stages(tier: &Tier) -> Reason {
    let rule = format!("tier {} ({})", tier.id, tier.place);
    reason(ReasonCode::NoApprovers, rule, "it has no stages", "a stage with approvers")
}

pub(super) fn no_tier(at: &RoleRef, role: &Role) -> Reason {
    let saw = format!("there is no tier {}", role.tier);
    reason(ReasonCode::NoApprovers, rule_of(at, role, "tier"), saw, "a tier of tiers.toml")
}

/// `doubts` say why it is not known who they are.
pub(super) fn no_approvers(
    tier: &Tier,
    number: u32,
    stage: &Stage,
    who: &StageApprovers,
    doubts: &[String],
    people: &People,
    now: Timestamp,
) -> Reason {
    let mut saw = "nobody active besides the requester, also not in its fallback".to_owned();
    for doubt in doubts {
        saw.push_str(&format!("; {doubt}"));
    }
    for id in who.away.iter().take(5) {
        if let Some(away) = people.away(id, now) {
            saw.push_str(&format!("; {id} is away until {}", away.until.minute_utc()));
        }
    }
    for schedule in who.unknown_on_call.iter().take(5) {
        saw.push_str(&format!("; who is on call for {schedule} is not known"));
    }
    let wants = "approvers or a fallback with somebody active in it";
    reason(ReasonCode::NoApprovers, stage_rule(tier, number, Some(stage)), saw, wants)
}

pub(super) fn too_few_approvers(tier: &Tier, number: u32, stage: &Stage, able: &[PersonId]) -> Reason {
    let saw = format!("only {} could approve", people_words(able, "and"));
    let wants = count(stage.quorum as usize, "approver", "approvers");
    reason(ReasonCode::NoApprovers, stage_rule(tier, number, Some(stage)), saw, wants)
}

pub(super) fn same_approvers(
    tier: &Tier,
    number: u32,
    stage: &Stage,
    earlier: u32,
    able: &[PersonId],
    needed: usize,
) -> Reason {
    let able = people_words(able, "and");
    let saw = format!("only {able} could approve it and stage {}", u64::from(earlier) + 1);
    let wants = format!("{} for both", count(needed, "different person", "different people"));
    reason(ReasonCode::NoApprovers, stage_rule(tier, number, Some(stage)), saw, wants)
}

pub(super) fn own_request(id: &PersonId, others: &[PersonId]) -> Reason {
    let wants = match people_words(others, "or") {
        nobody if nobody.is_empty() => "somebody else".to_owned(),
        others => format!("a decision by {others}"),
    };
    let saw = format!("{id} asked for it");
    reason(ReasonCode::OwnRequest, "nobody decides on their own request (built in)", saw, wants)
}

pub(super) fn not_approver(
    tier: &Tier,
    number: u32,
    stage: Option<&Stage>,
    id: &PersonId,
    who: &[PersonId],
) -> Reason {
    let wants = match people_words(who, "or") {
        nobody if nobody.is_empty() => "an approver; there is nobody now".to_owned(),
        who => format!("a decision by {who}"),
    };
    let saw = format!("{id} is not one of its approvers");
    reason(ReasonCode::NotApprover, stage_rule(tier, number, stage), saw, wants)
}

pub(super) fn already_voted(tier: &Tier, number: u32, stage: &Stage, id: &PersonId, voted_in: u32) -> Reason {
    let rule = stage_rule(tier, number, Some(stage));
    if voted_in == number {
        let saw = format!("{id} approved it already");
        return reason(ReasonCode::AlreadyVoted, rule, saw, "a decision by somebody else");
    }
    let saw = format!("{id} approved stage {} already", u64::from(voted_in) + 1);
    let wants = "somebody who approved no earlier stage (`distinct`)";
    reason(ReasonCode::AlreadyVoted, rule, saw, wants)
}

pub(super) fn place_filled(
    tier: &Tier,
    number: u32,
    stage: &Stage,
    id: &PersonId,
    absent: &PersonId,
    voted_in: u32,
) -> Reason {
    let saw = format!(
        "{id} is asked in the place of {absent}, for whom stage {} is approved already",
        u64::from(voted_in) + 1
    );
    let wants = "a decision by somebody else";
    reason(ReasonCode::AlreadyVoted, stage_rule(tier, number, Some(stage)), saw, wants)
}

pub(super) fn may_decide(tier: &Tier, number: u32, stage: &Stage, id: &PersonId, escalated: bool) -> Reason {
    let how = if escalated { "one of those it escalated to" } else { "one of its approvers" };
    let saw = format!("{id} is {how}");
    reason(ReasonCode::Approver, stage_rule(tier, number, Some(stage)), saw, "one of its approvers")
}

pub(super) fn may_decide_as(
    tier: &Tier,
    number: u32,
    stage: &Stage,
    id: &PersonId,
    capacity: &Capacity,
) -> Reason {
    let saw = match capacity {
        Capacity::InPlaceOf { id: absent, .. } => {
            format!("{id} is asked in the place of {absent}, who is away")
        }
        Capacity::OnCall { schedule } => format!("{id} is on call for {schedule} now"),
    };
    reason(ReasonCode::Approver, stage_rule(tier, number, Some(stage)), saw, "one of its approvers")
}

pub(super) fn owner_may_end(id: &PersonId) -> Reason {
    let saw = format!("{id} is an owner of the app");
    reason(ReasonCode::Approver, "owners end access to their app (built in)", saw, "an owner of the app")
}

pub(super) fn requester_may_end(id: &PersonId) -> Reason {
    let saw = format!("{id} has the access");
    reason(ReasonCode::Approver, "people end their own access (built in)", saw, "the person who has it")
}

pub(super) fn may_not_end(tier: &Tier, id: &PersonId, who: &[PersonId]) -> Reason {
    let rule = format!("owners of the app and approvers of tier {} ({})", tier.id, tier.place);
    let wants = match people_words(who, "or") {
        nobody if nobody.is_empty() => "an operator".to_owned(),
        who => format!("{who}, or an operator"),
    };
    reason(ReasonCode::NotApprover, rule, format!("{id} is not one of them"), wants)
}

const REVIEW: &str = "owners of the app, approvers of its tier and operators review a break-glass (built in)";

pub(super) fn may_review(id: &PersonId) -> Reason {
    reason(ReasonCode::Approver, REVIEW, format!("{id} is one of them"), "one of them")
}

pub(super) fn own_review(id: &PersonId, who: &[PersonId]) -> Reason {
    let rule = "nobody reviews their own break-glass (built in)";
    reason(ReasonCode::OwnRequest, rule, format!("{id} took it"), review_by(who))
}

pub(super) fn may_not_review(tier: &Tier, id: &PersonId, who: &[PersonId]) -> Reason {
    let rule = format!("{REVIEW}; the tier is {} ({})", tier.id, tier.place);
    reason(ReasonCode::NotApprover, rule, format!("{id} is not one of them"), review_by(who))
}

fn review_by(who: &[PersonId]) -> String {
    match people_words(who, "or") {
        nobody if nobody.is_empty() => "a review by somebody else".to_owned(),
        who => format!("a review by {who}, or an operator"),
    }
}
