//! What people read while they look for a role and fill in the form.

use super::{NAME, WRITTEN, bold, code, names, reason_line, risk, state, written};
use crate::ids::{PersonId, RoleRef};
use crate::lifecycle::{Request, State};
use crate::policy::{App, People, Reason, Role, RoleMatch, StageApprovers, Tier, Verdict};
use crate::slack::free_words::{AHEAD, NoMoment};
use crate::slack::text::{date, inline, list};
use crate::time::{Span, Timestamp};

/// What somebody typed, as it is quoted.
const TYPED: usize = 60;
/// Approvers that are named one by one.
const NAMED_MOST: usize = 6;

/// What a role gives, how bad it is when it goes wrong, and the longest that one may ask for.
#[must_use]
pub fn role_about(app: &App, role: &Role) -> String {
    format!(
        "*{} · {}*: {}. Risk: {}. At most {} at once.",
        inline(&app.name, NAME),
        inline(&role.name, NAME),
        written(&role.gives, WRITTEN),
        risk(role.risk).to_lowercase(),
        role.max_duration.words()
    )
}

/// Whether it is approved at once, and who is asked by name otherwise. `stages` are those of the tier, for this
/// requester. Names, which don't notify.
#[must_use]
pub fn approval_path(people: &People, tier: &Tier, stages: &[StageApprovers], longest: Span) -> String {
    let (at_once, for_longer) = match tier.auto_under {
        Some(under) if under >= longest => return "Approved at once: nobody has to be asked.".to_owned(),
        Some(under) => (format!("Up to {} it is approved at once. ", under.words()), "For longer it"),
        None => (String::new(), "It"),
    };
    if stages.is_empty() || stages.iter().any(|stage| stage.asked.is_empty()) {
        return format!("{at_once}{for_longer} can't be approved now: there is nobody to ask.");
    }
    let asked: Vec<String> =
        tier.stages.iter().zip(stages).map(|(stage, who)| stage_asked(people, stage.quorum, who)).collect();
    format!("{at_once}{for_longer} needs approval by {}.", asked.join(", then by "))
}

fn stage_asked(people: &People, quorum: u32, who: &StageApprovers) -> String {
    let names = names(people, &who.asked);
    let shown = names.get(..names.len().min(NAMED_MOST)).unwrap_or_default();
    let hidden = names.len() - shown.len();
    let mut names: Vec<String> = shown.iter().map(|name| format!("*{name}*")).collect();
    if hidden > 0 {
        names.push(format!("{hidden} others"));
    }
    let names = match names.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        others => others.concat(),
    };
    let names = if quorum > 1 { format!("{quorum} of {names}") } else { names };
    if who.from_fallback { format!("{names} (the fallback)") } else { names }
}

/// What the person may ask for, above the search. `apps` are names.
#[must_use]
pub fn catalogue(apps: &[String], roles: usize) -> String {
    if roles == 0 {
        return "There is no role here that you may ask for. If you know one by name, `why` tells the rule that is in \
                the way."
            .to_owned();
    }
    let apps: Vec<String> = apps.iter().map(|name| bold(name)).collect();
    let roles = if roles == 1 { "1 role".to_owned() } else { format!("{roles} roles") };
    format!("You may ask for {roles} of {}.", list(&apps, 10))
}

/// What the person has or waits for, above the search.
#[must_use]
pub fn catalogue_held(held: &[&Request]) -> String {
    if held.is_empty() {
        return String::new();
    }
    let held: Vec<String> = held
        .iter()
        .map(|request| {
            format!(
                "{} ({}: {})",
                inline(&request.title(), NAME),
                code(request.id),
                state(request.state.word())
            )
        })
        .collect();
    format!("You have or wait for: {}.", list(&held, 5))
}

/// Beside a role in the search that the person has or waits for. Plain.
#[must_use]
pub fn held(request: &Request) -> String {
    match &request.state {
        State::Pending(_) => format!("You asked for this: {} waits for approval", request.id),
        State::Scheduled { .. } => format!("You will have this: {} starts later", request.id),
        State::Granting | State::Active { .. } => format!("✓ You have this: {}", request.id),
        State::Revoking { .. } => format!("You had this: {} is ending", request.id),
        State::Revoked { .. }
        | State::Applied { .. }
        | State::Denied { .. }
        | State::Withdrawn { .. }
        | State::Lapsed { .. } => format!("You had this: {}", request.id),
    }
}

/// At the end of a list that has more than Slack shows. Plain.
#[must_use]
pub fn more_roles(hidden: usize) -> String {
    match hidden {
        0 => String::new(),
        1 => " … 1 more role: type to find it".to_owned(),
        _ => format!(" … {hidden} more roles: type to find them"),
    }
}

/// The others that fit what was typed: what they add to the first, which gives least.
#[must_use]
pub fn others_fit(first: &RoleMatch, others: &[RoleMatch]) -> String {
    if others.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = others
        .iter()
        .map(|other| {
            let riskier = if other.risk > first.risk {
                format!("; risk: {}", risk(other.risk).to_lowercase())
            } else {
                String::new()
            };
            format!(
                "\n• *{} · {}* adds: {}{riskier}",
                inline(&other.app_name, NAME),
                inline(&other.role_name, NAME),
                written(&other.gives, 200)
            )
        })
        .collect();
    format!("This gives least of what fits your words. Others fit, too:{}", lines.concat())
}

/// Roles that fit better, but not this person.
#[must_use]
pub fn barred_fit(command: &str, barred: &[RoleRef]) -> String {
    let Some(first) = barred.first() else { return String::new() };
    let barred: Vec<String> = barred.iter().map(|role| format!("`{role}`")).collect();
    format!(
        "Not for you, though better by your words: {}. `{} why {first}` tells the rule.",
        list(&barred, 3),
        inline(command, 40)
    )
}

/// Only roles fit that the person may not ask for.
#[must_use]
pub fn only_barred(command: &str, barred: &[RoleRef]) -> String {
    let jit = inline(command, 40);
    match barred.first() {
        Some(first) => {
            let barred: Vec<String> = barred.iter().map(|role| format!("`{role}`")).collect();
            format!(
                "What fits your words is not for you: {}. `{jit} why {first}` tells the rule; `{jit}` alone shows what \
                 you may ask for.",
                list(&barred, 3)
            )
        }
        None => format!("Nothing fits. `{jit}` alone shows what you may ask for."),
    }
}

/// The form begins as that request was made.
#[must_use]
pub fn again(request: &Request) -> String {
    format!(
        "As in {}, asked {}. Look it through, then send it.",
        code(request.id),
        date(request.submitted_at)
    )
}

/// Nothing came to anything that could be asked for again. `wish` is which, as it was typed.
#[must_use]
pub fn nothing_again(command: &str, wish: &str) -> String {
    let jit = inline(command, 40);
    if wish.is_empty() {
        return format!(
            "No request of yours came to access yet, so there is none to repeat. `{jit}` opens the form."
        );
    }
    format!(
        "No request of yours for `{}` came to access, so there is none to repeat. `{jit} list` shows what you asked \
         for.",
        inline(wish, 80)
    )
}

/// The one to repeat is not over.
#[must_use]
pub fn again_open(command: &str, request: &Request) -> String {
    format!(
        "{} for {} is {}, so there is nothing to ask again. For more time: `{} extend {}`.",
        code(request.id),
        bold(&request.title()),
        state(request.state.word()),
        inline(command, 40),
        request.id
    )
}

/// What the person had, they may not have now.
#[must_use]
pub fn again_refused(request: &Request, reasons: &[&Reason]) -> String {
    let lines: Vec<String> = reasons.iter().take(10).map(|r| format!("\n• {}", reason_line(r))).collect();
    format!(
        "You can't ask for {} again as in {}:{}",
        bold(&request.title()),
        code(request.id),
        lines.concat()
    )
}

/// A start that was typed, as it was understood.
#[must_use]
pub fn starts_when(from: &str, at: Timestamp) -> String {
    format!("You wrote “{}”: it starts {}.", inline(from, TYPED), date(at))
}

/// An end that was typed, as it was understood. `scheduled` says that the start was, too.
#[must_use]
pub fn ends_when(until: &str, at: Timestamp, length: Span, scheduled: bool) -> String {
    let from = if scheduled { "the start" } else { "now" };
    format!("You wrote “{}”: {} is {} from {from}.", inline(until, TYPED), date(at), length.words())
}

/// A moment that can't be meant.
#[must_use]
pub fn no_moment(typed: &str, why: NoMoment) -> String {
    let typed = inline(typed, TYPED);
    match why {
        NoMoment::Past => format!("You wrote “{typed}”: that is over. Choose below."),
        NoMoment::TooFar => {
            format!("You wrote “{typed}”: that is more than {} ahead. Choose below.", AHEAD.words())
        }
    }
}

/// The person's time zone is not known.
#[must_use]
pub fn no_zone() -> String {
    "Slack did not tell me your time zone, so I read the time as UTC. See that it is right below.".to_owned()
}

/// What was typed is too long for anything.
#[must_use]
pub fn length_too_long(typed: &str) -> String {
    format!("You wrote “{}”: nothing is given for so long. Choose a length below.", inline(typed, 60))
}

/// The length that was typed is more than the role allows.
#[must_use]
pub fn length_cut(typed: Span, most: Span) -> String {
    format!("You wrote {}; {} is the most for this role.", typed.words(), most.words())
}

/// Where a role's own note says that it can't be had.
#[must_use]
pub fn hint_refused(reasons: &[&Reason]) -> String {
    let ruled: Vec<String> =
        reasons.iter().filter(|r| !r.code.is_of_form()).take(3).map(|r| reason_line(r)).collect();
    if ruled.is_empty() { String::new() } else { format!(":no_entry: {}", ruled.join("\n")) }
}

/// Whether the person may ask for a role, and by which rule; what a form still wants is left out. `standing` is their open request of it, `approval` who
/// would be asked.
#[must_use]
pub fn why(
    at: &RoleRef,
    title: &str,
    verdict: &Verdict,
    length: Span,
    approval: &str,
    standing: Option<&Request>,
) -> String {
    let role = format!("{} (`{at}`)", bold(title));
    let against: Vec<String> = verdict
        .refusals()
        .filter(|r| !r.code.is_of_form())
        .take(10)
        .map(|r| format!("\n• {}", reason_line(r)))
        .collect();
    let held = standing.map(|request| {
        format!("\nYour request {} for it is {}.", code(request.id), state(request.state.word()))
    });
    let held = held.unwrap_or_default();
    if !against.is_empty() {
        return format!("You may not ask for {role} for {}:{}{held}", length.words(), against.concat());
    }
    let because: Vec<String> = match verdict {
        Verdict::Granted(because) => because.iter().map(|r| format!("\n• {}", allowed_by(r))).collect(),
        Verdict::Refused(..) => Vec::new(),
    };
    let approval = if approval.is_empty() { String::new() } else { format!("\n{approval}") };
    format!("You may ask for {role} for {}.{}{approval}{held}", length.words(), because.concat())
}

pub(super) fn allowed_by(reason: &Reason) -> String {
    format!("{} _({})_", written(&reason.saw, 300), written(&reason.rule, 300))
}

/// There is no role of that name to say why about.
#[must_use]
pub fn no_such_role(command: &str, typed: &str, near: &[RoleRef]) -> String {
    let jit = inline(command, 40);
    let typed = inline(typed, 80);
    match near {
        [] => format!("No role fits `{typed}`. `{jit}` alone opens the form, which can search."),
        [first, ..] => {
            let near: Vec<String> = near.iter().map(|role| format!("`{role}`")).collect();
            format!(
                "No role fits `{typed}`. Near it: {}. For example: `{jit} request {first} for 1h`",
                list(&near, 3)
            )
        }
    }
}

/// The role has that name, but is not to be asked for any more.
#[must_use]
pub fn retired(at: &RoleRef, instead: Option<&str>) -> String {
    let instead = instead.map(|instead| format!(" Instead: {}.", written(instead, 200))).unwrap_or_default();
    format!("`{at}` is retired: nobody can ask for it any more.{instead}")
}

/// Begins the reason of a request that was made from a message. Plain.
#[must_use]
pub fn about_message(link: &str) -> String {
    format!("For {link}")
}

/// The message's address could not be had.
#[must_use]
pub fn no_link() -> String {
    "Slack did not give me the message's link, perhaps because I am not in its channel. Paste it below if it matters."
        .to_owned()
}

/// Where a request stands: its first line. Names, which don't notify.
#[must_use]
pub fn status_head(request: &Request) -> String {
    let (emoji, word) = super::headline(request);
    format!(
        "{emoji} *{word}* · {} · {} {}",
        code(request.id),
        inline(&request.requester.name, NAME),
        super::asks_for(request)
    )
}

/// The facts below it: for how long, why, and what became of it.
#[must_use]
pub fn status_facts(request: &Request) -> String {
    let starts = request.ask.starts_at.map(|at| format!(", from {}", date(at))).unwrap_or_default();
    format!(
        "For {}{starts}. Reason: {}. Now: {}.",
        super::given_for(request),
        written(&request.ask.justification, WRITTEN),
        super::standing(request)
    )
}

/// Who can decide now.
#[must_use]
pub fn status_waits(people: &People, asked: &[PersonId], since: crate::time::Timestamp) -> String {
    format!("Waits for {} since {}.", list(&names(people, asked), 10), date(since))
}

/// Not for everybody's eyes.
#[must_use]
pub fn status_not_yours(request: crate::ids::RequestId) -> String {
    format!(
        "Where {} stands is shown to its requester, to its approvers, to owners of the app and to operators.",
        code(request)
    )
}

/// Nobody can be given anything whom the directory does not know.
#[must_use]
pub fn unknown_beneficiary(account: &str) -> String {
    format!(
        "The directory has nobody with the Slack account `{}`, so nothing can be asked for them. Guests and bots get \
         no access.",
        inline(account, NAME)
    )
}

/// Nobody of the directory has the mentioned account.
#[must_use]
pub fn unknown_holder(account: &str) -> String {
    format!(
        "The directory has nobody with the Slack account `{}`, so nothing is theirs.",
        inline(account, NAME)
    )
}

/// Nothing that this person may take.
#[must_use]
pub fn nothing_to_revoke(name: &str, role: &str) -> String {
    format!(
        "{} has no active access like `{}` that you may take. Owners of an app and approvers of a role may take access \
         to it; operators take any on the command line.",
        bold(name),
        inline(role, 80)
    )
}

/// Several grants fit.
#[must_use]
pub fn which_to_revoke(command: &str, name: &str, grants: &[&Request]) -> String {
    let lines: Vec<String> = grants
        .iter()
        .take(10)
        .map(|grant| {
            format!(
                "\n• `{} revoke {} because …`: {}",
                inline(command, 40),
                grant.id,
                inline(&grant.title(), NAME)
            )
        })
        .collect();
    format!("{} has several that fit. Which one?{}", bold(name), lines.concat())
}
