//! Why a request came to what it is: the decisions that were kept with it, one line each.

use super::{
    ANSWERED, NAME, WRITTEN, allowed_by, bold, code, end_cause, reason_line, refused, target_list, withdrawn,
    written,
};
use crate::engine::{AskedAs, AskedOne, Kept, KeptLine, KeptWhat, Refused, Verb};
use crate::lifecycle::{Actor, Refusal};
use crate::policy::{People, Reason};
use crate::slack::text::{date, inline, list, name};

/// Reasons of one line.
const REASONS: usize = 5;
/// People of one line.
const PEOPLE: usize = 10;

/// Which request, and by which policies.
#[must_use]
pub fn kept_head(kept: &Kept) -> String {
    format!(
        "*Why {}*: what was decided about `{}` for {}, as it was kept then. Tier {}; policies {}.",
        code(kept.request),
        kept.role,
        kept.duration.words(),
        inline(&kept.tier, ANSWERED),
        kept.policy.short()
    )
}

/// One decision: when, what, and by which rule.
#[must_use]
pub fn kept_line(people: &People, line: &KeptLine) -> String {
    let by = bold(line.by.name());
    let said = match &line.what {
        KeptWhat::Submitted => format!("{by} was allowed to ask."),
        KeptWhat::ConfirmationWanted { from } => {
            format!("It is for {}, who must confirm it first.", inline(&name(people, from), NAME))
        }
        KeptWhat::Confirmed => format!("{by} confirmed it."),
        KeptWhat::AutoApproved { under } => {
            format!("Approved by policy: up to {} nobody needs to be asked.", under.words())
        }
        KeptWhat::Asked { stage, stages, quorum, place, asked, from_fallback } => {
            let needed =
                if *quorum == 1 { "one approval is".to_owned() } else { format!("{quorum} approvals are") };
            let fallback = if *from_fallback { " as the fallback" } else { "" };
            format!(
                "Stage {stage} of {stages}: asked {}{fallback}; {needed} needed. _({})_",
                asked_ones(people, asked),
                inline(place, ANSWERED)
            )
        }
        KeptWhat::Escalated { asked } => {
            format!("Nobody had decided; asked {} too.", asked_ones(people, asked))
        }
        KeptWhat::Approved { stage, have, need, at_most } => {
            let most = at_most.map(|most| format!(" for {} at most", most.words())).unwrap_or_default();
            format!("{by} approved stage {stage}{most} ({have} of {need}).")
        }
        KeptWhat::VoteDropped { voter } => {
            format!("The approval of {} stopped counting.", inline(&name(people, voter), NAME))
        }
        KeptWhat::Denied { reason } => format!("{by} denied it: {}.", written(reason, WRITTEN)),
        KeptWhat::Held { targets } => format!("Held: a revocation on {} is stuck.", target_list(targets)),
        KeptWhat::Scheduled { starts_at } => format!("Approved in full; starts {}.", date(*starts_at)),
        KeptWhat::Started => "Looked at once more before anything was given.".to_owned(),
        KeptWhat::Applied { parent } => format!("More time for {}.", code(*parent)),
        KeptWhat::Withdrawn { cause } => format!("Withdrawn: {}.", withdrawn(cause, &line.by)),
        KeptWhat::Lapsed => "Lapsed: nobody decided in time, or the time it was for is over.".to_owned(),
        KeptWhat::Ended { cause } => format!("Ended: {}.", end_cause(cause)),
        KeptWhat::Refused { tried, refusal } => {
            return format!(
                "{} · {by} tried to {tried}, and was refused.{}",
                date(line.at),
                against(refusal)
            );
        }
    };
    format!("{} · {said}{}", date(line.at), rules(line))
}

/// Decisions that are left out.
#[must_use]
pub fn kept_earlier(kept: &Kept, hidden: usize) -> String {
    format!("… and {hidden} earlier; `jitney request why {}` on the server prints all.", kept.request)
}

/// What was refused last, of what this person asked for anew.
#[must_use]
pub fn last_refused(command: &str, last: &Refused) -> String {
    let role = if let Verb::Extend { parent, .. } = &last.verb {
        format!("more of {}", code(*parent))
    } else if let Some(ask) = last.verb.ask() {
        let whose = if let Verb::AskFor { .. } = &last.verb { " for somebody else" } else { "" };
        format!("`{}` for {}{whose}", ask.role, ask.duration.words())
    } else {
        "something".to_owned()
    };
    format!(
        "You asked {} for {role}, and were refused.{}\n`{} why` with a role tells how it is now.",
        date(last.at),
        against(&last.refusal),
        inline(command, 40)
    )
}

/// Nothing that they asked for was refused.
#[must_use]
pub fn nothing_refused(command: &str) -> String {
    let jit = inline(command, 40);
    format!(
        "Nothing that you asked for was refused. `{jit} why billing/write` tells of a role, `{jit} why R1042` of a \
         request."
    )
}

fn against(refusal: &Refusal) -> String {
    let Refusal::Rules(reasons) = refusal else { return format!(" {}", refused(refusal)) };
    let lines: Vec<String> =
        reasons.iter().take(REASONS).map(|reason| format!("\n• {}", reason_line(reason))).collect();
    lines.concat()
}

/// The rules of a line: those that did it when it was a no of Jitney's, else those that let it happen.
fn rules(line: &KeptLine) -> String {
    let of_no = match (&line.what, &line.by) {
        (KeptWhat::VoteDropped { .. }, _) | (KeptWhat::Denied { .. }, Actor::Jitney) => true,
        (_, Actor::Person { .. } | Actor::Operator { .. } | Actor::Jitney) => false,
    };
    let told: fn(&Reason) -> String = if of_no { reason_line } else { allowed_by };
    line.because.iter().take(REASONS).map(|reason| format!("\n• {}", told(reason))).collect()
}

fn asked_ones(people: &People, asked: &[AskedOne]) -> String {
    if asked.is_empty() {
        return "nobody".to_owned();
    }
    let ones: Vec<String> = asked
        .iter()
        .map(|one| {
            let named_as: Vec<String> = one.named_as.iter().map(asked_as).collect();
            let shown = inline(&name(people, &one.person), NAME);
            if named_as.is_empty() { shown } else { format!("{shown} ({})", named_as.join(", ")) }
        })
        .collect();
    list(&ones, PEOPLE)
}

fn asked_as(named_as: &AskedAs) -> String {
    match named_as {
        AskedAs::Manager => "manager".to_owned(),
        AskedAs::Owner => "owner".to_owned(),
        AskedAs::Named => "named".to_owned(),
        AskedAs::Member(groups) => {
            let groups: Vec<String> = groups.iter().map(|group| inline(group.as_str(), NAME)).collect();
            format!("for {}", groups.join(" or "))
        }
    }
}
