//! What `jitney policy` says of decisions, people and edits.

use super::super::policy::Finding;
use super::counted;
use crate::ids::{PersonId, RoleRef, TierId};
use crate::policy::{
    ApproverRef, Asker, Change, ChangeSubject, Direction, Look, Otherwise, Reach, Reason, Rule, StageTrace,
    Then, TierDifference, Trace, What, listed,
};
use crate::time::Span;

/// Where the people file is named.
pub(in crate::cli) const PEOPLE_FILE: &str = "`directory.file` of the configuration names it";
/// All files are in their form.
pub(in crate::cli) const NOTHING_TO_FORMAT: &str = "every file is in its form already";

/// A role that there is not.
pub(in crate::cli) fn no_such_role(at: &RoleRef, near: &[RoleRef]) -> String {
    let near: Vec<String> = near.iter().map(|role| format!("`{role}`")).collect();
    match listed(near.iter().map(String::as_str), "or") {
        none if none.is_empty() => format!("there is no role {at} in the policies"),
        near => format!("there is no role {at} in the policies; did you mean {near}?"),
    }
}

/// One look at one rule.
pub(in crate::cli) fn look(look: &Look) -> String {
    match &look.wants {
        Some(wants) => format!("{}: {}; wanted: {wants}", look.rule, look.saw),
        None => format!("{}: {}", look.rule, look.saw),
    }
}

/// What came of a trace.
pub(in crate::cli) fn explained(trace: &Trace) -> String {
    let Trace { person, role, duration, .. } = trace;
    let against = trace.verdict.refusals().count();
    let duration = duration.words();
    if trace.verdict.is_granted() {
        format!("{person} may ask for {role} for {duration}")
    } else {
        format!("{person} may not ask for {role} for {duration}: {}", counted(against, "reason"))
    }
}

/// What happens after a yes.
pub(in crate::cli) fn what_follows(trace: &Trace) -> Vec<String> {
    match &trace.then {
        None => Vec::new(),
        Some(Then::AtOnce) => vec!["it is approved at once; nobody is asked".to_owned()],
        Some(Then::Reviewed { within }) => {
            vec![format!("it is given at once; a review is due within {}", within.words())]
        }
        Some(Then::Stages(stages)) => stages.iter().map(stage).collect(),
    }
}

fn stage(stage: &StageTrace) -> String {
    let on_call = stage.on_call.iter().map(|name| format!("whoever is on call for {name}"));
    let asked: Vec<String> = stage.asked.iter().map(PersonId::to_string).chain(on_call).collect();
    let asked = listed(asked.iter().map(String::as_str), "and");
    let fallback = if stage.from_fallback { " (the fallback)" } else { "" };
    let others = if stage.distinct { ", who approved no earlier stage," } else { "" };
    let mut said =
        format!("stage {} asks {asked}{fallback}; {} of them{others} must agree", stage.number, stage.quorum);
    if let Some((after, whom)) = &stage.escalates {
        let whom = if whom.is_empty() { "nobody".to_owned() } else { ids(whom, "and") };
        said.push_str(&format!("; after {} it asks {whom} too", after.words()));
    }
    said
}

/// How many may ask.
pub(in crate::cli) fn reach(reach: &Reach) -> String {
    let of = format!("{} of {}", reach.may.len(), people(reach.active));
    let retired = if reach.retired { "; it is retired, so in truth nobody may" } else { "" };
    let at_once = match reach.at_once_under {
        Some(under) => format!("; up to {} nobody is asked", under.words()),
        None => String::new(),
    };
    format!("{of} may ask for {}{retired}{at_once}", reach.role)
}

/// Beside somebody for whom too few could approve.
pub(in crate::cli) const fn stranded(asker: &Asker) -> &'static str {
    if asker.stranded { "too few could approve" } else { "" }
}

/// How many are not listed.
pub(in crate::cli) fn left_out(all: usize, limit: usize) -> Option<String> {
    (all > limit).then(|| format!("and {} more; --limit lists more of them", all - limit))
}

/// How many each rule decides on.
pub(in crate::cli) fn rule_counts(reach: &Reach) -> Vec<String> {
    let told = reach.by_rule.iter().filter(|count| count.people > 0 || count.rule.is_some());
    told.map(|count| {
        let n = people(count.people);
        match (&count.rule, count.allows) {
            (Some(rule), true) => format!("{rule} lets in {n}"),
            (Some(rule), false) => format!("{rule} keeps out {n}"),
            (None, _) => format!("no rule lets in {n}"),
        }
    })
    .collect()
}

/// A file of another form.
pub(in crate::cli) fn formatted(name: &str, only_checked: bool) -> String {
    if only_checked {
        format!("{name} is not in its form; `jitney policy fmt` writes it anew")
    } else {
        format!("{name} written anew")
    }
}

/// What `diff` says last.
pub(in crate::cli) fn compared(changes: &[Change]) -> String {
    let of = |wanted| changes.iter().filter(|change| change.direction == wanted).count();
    if changes.is_empty() {
        return "no difference".to_owned();
    }
    format!(
        "{}: {} wider, {} narrower, {} to look at, {} that change no access",
        counted(changes.len(), "difference"),
        of(Direction::Wider),
        of(Direction::Narrower),
        of(Direction::Other),
        of(Direction::Neither)
    )
}

/// One difference, in one sentence.
pub(in crate::cli) fn change(change: &Change) -> String {
    let subject = subject(&change.subject);
    match &change.what {
        What::Added => format!("{subject} is new{}", may_ask(change)),
        What::Removed => format!("{subject} is gone{}", could_ask(change)),
        What::Rules { gain, lose, eligible_added, eligible_removed, never_added, never_removed } => {
            let rules: Vec<String> = [
                rules("eligible", eligible_added, eligible_removed),
                rules("never", never_added, never_removed),
            ]
            .into_iter()
            .flatten()
            .collect();
            format!("{}: {}", moved(&subject, change.people.is_some(), gain, lose), rules.join("; "))
        }
        What::Duration { key, from, to } => {
            let (from, to) = (span(*from), span(*to));
            match *key {
                "longest" => {
                    format!("no role of {subject} may have a `max_duration` over {to}, instead of {from}")
                }
                "max_duration" => {
                    format!("{subject} may be asked for up to {to} instead of {from}{}", may_ask(change))
                }
                "max_total" => {
                    format!("{subject} may last {to} in all instead of {from}{}", may_ask(change))
                }
                key => format!("{subject} has `{key}` {to} instead of {from}{}", may_ask(change)),
            }
        }
        What::Tier { from, to, differs } => {
            let differs: Vec<String> = differs.iter().map(difference).collect();
            let how = match (strength(change.direction), differs.join("; ")) {
                (_, same) if same.is_empty() => ", which asks alike".to_owned(),
                (how, differs) => format!(", which is {how}: {differs}"),
            };
            format!("{subject} is decided by the tier `{to}` instead of `{from}`{how}{}", may_ask(change))
        }
        What::Stages(one) => {
            format!("{subject} is {}: {}{}", strength(change.direction), difference(one), may_ask(change))
        }
        What::Owners { added, removed } => {
            let said =
                came_and_went(added.iter().map(PersonId::as_str), removed.iter().map(PersonId::as_str));
            format!("{subject} has other owners, who decide where a tier says `owners`: {said}")
        }
        What::Risk(from, to) => format!("{subject} is of {} risk instead of {}", to.as_str(), from.as_str()),
        What::Ticket(from, to) => {
            let (from, to) = (from.as_str(), to.as_str());
            format!("{subject} has a ticket that is `{to}` instead of `{from}`{}", may_ask(change))
        }
        What::TicketOf(from, to) => {
            let (from, to) = (from.as_str(), to.as_str());
            format!("{subject} takes a ticket of `{to}` instead of `{from}`{}", may_ask(change))
        }
        What::Visibility { from, to } => {
            format!("{subject} is {to} instead of {from}{}", may_ask(change))
        }
        What::Conflicts { added, removed } => {
            format!("{subject} conflicts with other roles: {}", roles_moved(added, removed))
        }
        What::HeldBy { added, removed } => {
            let said = rules("held_by", added, removed).join("; ");
            format!("{subject} is had outside of Jitney by other people, for its conflicts: {said}")
        }
        What::Steps { added, removed } => {
            let said = came_and_went(added.iter().map(String::as_str), removed.iter().map(String::as_str));
            format!("{subject} gives something else: {said}{}", may_ask(change))
        }
        What::Family { added, removed } => {
            let said = came_and_went(
                added.iter().map(|target| target.as_str()),
                removed.iter().map(|target| target.as_str()),
            );
            format!("{subject} locks down other targets besides its own: {said}")
        }
        What::Fields { to } => match listed(to.iter().map(String::as_str), "and") {
            none if none.is_empty() => format!("the form of {subject} asks nothing besides"),
            fields => format!("the form of {subject} asks other things: {fields}"),
        },
        What::Text(key) => format!("{subject} has another `{key}`"),
        What::Hours { from, to } => {
            let may_ask = may_ask(change);
            match (from, to) {
                (_, None) => format!("{subject} may begin at any time{may_ask}"),
                (None, Some(to)) => {
                    format!("{subject} may begin in the hours of `{to}` alone{may_ask}")
                }
                (Some(from), Some(to)) => {
                    format!("{subject} may begin in the hours of `{to}` instead of `{from}`{may_ask}")
                }
            }
        }
        What::Blackouts { added, removed } => {
            let said = came_and_went(added.iter().map(String::as_str), removed.iter().map(String::as_str));
            format!("{subject} differs: {said}")
        }
        What::AtOnce { from, to } => {
            let most = |most: Option<u32>| {
                most.map_or_else(|| "any number of roles".to_owned(), |most| counted(most as usize, "role"))
            };
            format!("one person may have {} of {subject} at once instead of {}", most(*to), most(*from))
        }
        What::RiskTiers { from, to } => {
            let tiers = |all: &[TierId]| match listed(all.iter().map(TierId::as_str), "or") {
                none if none.is_empty() => "any tier".to_owned(),
                all => all,
            };
            format!("a role of {subject} may name {} instead of {}", tiers(to), tiers(from))
        }
        What::Open { from, to } => format!("{subject} is open {to} instead of {from}"),
        What::Holidays { added, removed } => {
            let said = came_and_went(added.iter().map(String::as_str), removed.iter().map(String::as_str));
            format!("{subject} has other holidays: {said}")
        }
        What::Waits => format!("{subject} reminds, escalates or sends direct messages otherwise"),
    }
}

fn subject(subject: &ChangeSubject) -> String {
    match subject {
        ChangeSubject::App(id) => format!("the app `{id}`"),
        ChangeSubject::Role(at) => at.to_string(),
        ChangeSubject::Tier(id, _) => format!("the tier `{id}`"),
        ChangeSubject::Calendar(id) => format!("the calendar `{id}`"),
        ChangeSubject::Blackouts => "the list of blackouts".to_owned(),
        ChangeSubject::Risk(risk) => format!("{} risk", risk.as_str()),
    }
}

/// `; 4 people may ask for it`.
fn may_ask(change: &Change) -> String {
    asking(change, "may ask")
}

fn could_ask(change: &Change) -> String {
    asking(change, "could ask")
}

fn asking(change: &Change, verb: &str) -> String {
    let it = match &change.subject {
        ChangeSubject::App(_) => "its roles".to_owned(),
        ChangeSubject::Role(_) => "it".to_owned(),
        ChangeSubject::Calendar(_) | ChangeSubject::Blackouts | ChangeSubject::Risk(_) => {
            return String::new();
        }
        ChangeSubject::Tier(_, roles) if roles.is_empty() => return "; no role uses it".to_owned(),
        ChangeSubject::Tier(_, roles) => {
            let roles: Vec<String> = roles.iter().map(RoleRef::to_string).collect();
            format!("{}, which it decides on", listed(roles.iter().map(String::as_str), "and"))
        }
    };
    match change.people {
        Some(n) => format!("; {} {verb} for {it}", people(n)),
        None => String::new(),
    }
}

/// Who gains and who loses, with their number.
fn moved(role: &str, is_counted: bool, gain: &[PersonId], lose: &[PersonId]) -> String {
    let some = |who: &[PersonId], one: &str, many: &str| {
        let verb = if who.len() == 1 { one } else { many };
        format!("{} {verb} {role} ({})", people(who.len()), ids(who, "and"))
    };
    match (gain.is_empty(), lose.is_empty()) {
        (false, true) => some(gain, "gains", "gain"),
        (true, false) => some(lose, "loses", "lose"),
        (false, false) => format!(
            "{}, and {} {} it ({})",
            some(gain, "gains", "gain"),
            people(lose.len()),
            if lose.len() == 1 { "loses" } else { "lose" },
            ids(lose, "and")
        ),
        (true, true) if is_counted => format!("nobody of today gains or loses {role}"),
        (true, true) => format!("{role} has other rules"),
    }
}

/// What came to the list of rules and what went from it.
fn rules(key: &str, added: &[Rule], removed: &[Rule]) -> Vec<String> {
    let words = |rules: &[Rule]| rules.iter().map(rule).collect::<Vec<_>>().join("; or ");
    match (added, removed) {
        ([], []) => Vec::new(),
        (added, []) => vec![format!("`{key}` also has {}", words(added))],
        ([], removed) => vec![format!("`{key}` no longer has {}", words(removed))],
        (added, removed) => vec![format!("`{key}` has {} instead of {}", words(added), words(removed))],
    }
}

/// `employment employee, department Finance or Sales`.
fn rule(rule: &Rule) -> String {
    let mut facts = Vec::new();
    let mut fact = |name: &str, values: Option<Vec<&str>>| {
        if let Some(values) = values {
            facts.push(format!("{name} {}", listed(values, "or")));
        }
    };
    fact("employment", rule.employment.as_ref().map(|all| all.iter().map(|one| one.as_str()).collect()));
    fact("department", rule.department.as_ref().map(|all| all.iter().map(String::as_str).collect()));
    fact("title", rule.title.as_ref().map(|all| all.iter().map(String::as_str).collect()));
    fact("location", rule.location.as_ref().map(|all| all.iter().map(String::as_str).collect()));
    fact("group", rule.group.as_ref().map(|all| all.iter().map(|one| one.as_str()).collect()));
    fact("person", rule.person.as_ref().map(|all| all.iter().map(PersonId::as_str).collect()));
    facts.join(", ")
}

fn difference(difference: &TierDifference) -> String {
    match difference {
        TierDifference::Count { from, to } => format!("it has {} instead of {from}", counted(*to, "stage")),
        TierDifference::Quorum { stage, from, to } => {
            format!("stage {stage} wants {to} of its approvers to agree instead of {from}")
        }
        TierDifference::Distinct { stage, to: true } => {
            format!("whoever approved an earlier stage does not count in stage {stage} any more")
        }
        TierDifference::Distinct { stage, to: false } => {
            format!("whoever approved an earlier stage counts in stage {stage} too")
        }
        TierDifference::Approvers { stage, key, added, removed } => {
            let words = |all: &[ApproverRef]| all.iter().map(approver).collect::<Vec<_>>();
            let (added, removed) = (words(added), words(removed));
            let said = came_and_went(added.iter().map(String::as_str), removed.iter().map(String::as_str));
            format!("`{key}` of stage {stage}: {said}")
        }
        TierDifference::Auto { from: None, to: Some(to) } => {
            format!("up to {} nobody is asked any more", to.words())
        }
        TierDifference::Auto { from, to: None } => {
            format!("people decide always, where up to {} nobody was asked", span(*from))
        }
        TierDifference::Auto { from, to } => {
            format!("nobody is asked up to {} instead of {}", span(*to), span(*from))
        }
        TierDifference::BreakGlass { from: None, to } => {
            format!("it has a break-glass now, of up to {}", span(*to))
        }
        TierDifference::BreakGlass { to: None, .. } => "it has no break-glass any more".to_owned(),
        TierDifference::BreakGlass { from, to } => {
            format!("a break-glass may last {} instead of {}", span(*to), span(*from))
        }
        TierDifference::Review { from, to } => {
            format!("a break-glass is reviewed within {} instead of {}", to.words(), from.words())
        }
    }
}

fn approver(approver: &ApproverRef) -> String {
    match approver {
        ApproverRef::Manager => "the manager".to_owned(),
        ApproverRef::Owners => "the owners".to_owned(),
        ApproverRef::Person(id) => id.to_string(),
        ApproverRef::Group(id) => format!("the group {id}"),
        ApproverRef::OnCall(name) => format!("whoever is on call for {name}"),
    }
}

fn came_and_went<'a>(
    added: impl IntoIterator<Item = &'a str>,
    removed: impl IntoIterator<Item = &'a str>,
) -> String {
    match (listed(added, "and"), listed(removed, "and")) {
        (came, went) if went.is_empty() => format!("with {came}"),
        (came, went) if came.is_empty() => format!("without {went}"),
        (came, went) => format!("with {came}, without {went}"),
    }
}

fn roles_moved(added: &[RoleRef], removed: &[RoleRef]) -> String {
    let words = |all: &[RoleRef]| all.iter().map(RoleRef::to_string).collect::<Vec<_>>();
    let (added, removed) = (words(added), words(removed));
    came_and_went(added.iter().map(String::as_str), removed.iter().map(String::as_str))
}

const fn strength(direction: Direction) -> &'static str {
    match direction {
        Direction::Wider => "weaker",
        Direction::Narrower => "stronger",
        Direction::Other | Direction::Neither => "different",
    }
}

/// A past request that would come out otherwise.
pub(in crate::cli) fn otherwise(finding: &Finding) -> String {
    let id = finding.request.map_or_else(|| "refused".to_owned(), |id| id.to_string());
    let what = match &finding.otherwise {
        Otherwise::NowRefused(verdict) => {
            let reasons: Vec<String> = verdict.refusals().map(reason).collect();
            format!("would be refused: {}", reasons.join("; "))
        }
        Otherwise::NowTaken => "was refused, and would be taken on".to_owned(),
        Otherwise::NowAtOnce => "people were asked, and nobody would be".to_owned(),
        Otherwise::NowAsked => "nobody was asked, and people would be".to_owned(),
        Otherwise::VotesShort { stage } => {
            format!("those who agreed would not be enough: stage {stage} would stay open")
        }
        Otherwise::FewerVotes { enough, given } => {
            format!("{enough} of the {given} who agreed would be enough")
        }
    };
    let Finding { at, person, role, duration, .. } = finding;
    format!("{id}  {}  {person} asked for {role} for {}: {what}", at.minute_utc(), duration.words())
}

/// What `replay` says last.
pub(in crate::cli) fn replayed(otherwise: usize, asked: usize, days: u32) -> String {
    let days = counted(usize::try_from(days).unwrap_or(usize::MAX), "day");
    format!("{otherwise} of {} in the last {days} would come out otherwise", counted(asked, "request"))
}

fn reason(reason: &Reason) -> String {
    format!("{} ({})", reason.rule, reason.saw)
}

fn span(span: Option<Span>) -> String {
    span.map_or_else(|| "none".to_owned(), Span::words)
}

fn ids(ids: &[PersonId], join: &str) -> String {
    listed(ids.iter().map(PersonId::as_str), join)
}

fn people(n: usize) -> String {
    if n == 1 { "1 person".to_owned() } else { format!("{n} people") }
}
