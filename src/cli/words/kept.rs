//! Who decided what about a request, and by which rule.

use super::{answer, end_cause, withdraw_cause};
use crate::engine::{AskedAs, AskedOne, Kept, KeptLine, KeptWhat};
use crate::lifecycle::{Answer, Refusal, Request};
use crate::policy::Reason;

/// Which request, and by which policies.
pub(in crate::cli) fn kept_head(request: &Request, kept: &Kept) -> String {
    let asked_by = kept.asked_by.as_ref().map(|asker| format!(", asked by {asker},")).unwrap_or_default();
    format!(
        "{}  {} of {}{asked_by} for {}: tier {}, policies {}",
        kept.request,
        kept.role,
        request.requester.id,
        kept.duration.words(),
        kept.tier,
        kept.policy.short()
    )
}

/// One decision.
pub(in crate::cli) fn kept_line(line: &KeptLine) -> String {
    let by = line.by.name();
    match &line.what {
        KeptWhat::Submitted => format!("{by} was allowed to ask"),
        KeptWhat::ConfirmationWanted { from } => format!("it is for {from}, who must confirm it first"),
        KeptWhat::Confirmed => format!("{by} confirmed it"),
        KeptWhat::AutoApproved { under } => {
            format!("approved by policy: up to {} nobody needs to be asked", under.words())
        }
        KeptWhat::Asked { stage, stages, quorum, place, asked, from_fallback } => {
            let fallback = if *from_fallback { ", the fallback" } else { "" };
            let asked = asked_ones(asked);
            format!("stage {stage} of {stages} ({place}): asked {asked}{fallback}; {quorum} needed")
        }
        KeptWhat::Escalated { asked } => format!("nobody had decided; asked {} too", asked_ones(asked)),
        KeptWhat::Approved { stage, have, need, at_most } => {
            let most = at_most.map(|most| format!(" for {} at most", most.words())).unwrap_or_default();
            format!("{by} approved stage {stage}{most} ({have} of {need})")
        }
        KeptWhat::VoteDropped { voter } => format!("the approval of {voter} stopped counting"),
        KeptWhat::Denied { reason } => format!("{by} denied it: {reason}"),
        KeptWhat::Held { targets } => {
            let targets: Vec<&str> = targets.iter().map(|target| target.as_str()).collect();
            format!("held: a revocation on {} is stuck", targets.join(", "))
        }
        KeptWhat::Scheduled { starts_at } => {
            format!("approved in full; starts at {}", starts_at.minute_utc())
        }
        KeptWhat::Started => "looked at once more before anything was given".to_owned(),
        KeptWhat::Applied { parent } => format!("more time for {parent}"),
        KeptWhat::Withdrawn { cause } => format!("withdrawn: {}", withdraw_cause(cause, by)),
        KeptWhat::Lapsed => "lapsed: nobody decided in time, or the time it was for is over".to_owned(),
        KeptWhat::Ended { cause } => format!("ended: {}", end_cause(cause)),
        KeptWhat::Refused { tried, .. } => format!("{by} tried to {tried}, and was refused"),
    }
}

/// The rules of it, one a line.
pub(in crate::cli) fn kept_rules(line: &KeptLine) -> Vec<String> {
    match &line.what {
        KeptWhat::Refused { refusal: Refusal::Rules(reasons), .. } => reasons.iter().map(rule).collect(),
        KeptWhat::Refused { refusal, .. } => vec![answer(&Answer::Refused(refusal.clone()))],
        KeptWhat::Submitted
        | KeptWhat::ConfirmationWanted { .. }
        | KeptWhat::Confirmed
        | KeptWhat::AutoApproved { .. }
        | KeptWhat::Asked { .. }
        | KeptWhat::Escalated { .. }
        | KeptWhat::Approved { .. }
        | KeptWhat::VoteDropped { .. }
        | KeptWhat::Denied { .. }
        | KeptWhat::Held { .. }
        | KeptWhat::Scheduled { .. }
        | KeptWhat::Started
        | KeptWhat::Applied { .. }
        | KeptWhat::Withdrawn { .. }
        | KeptWhat::Lapsed
        | KeptWhat::Ended { .. } => line.because.iter().map(rule).collect(),
    }
}

fn rule(reason: &Reason) -> String {
    let wanted = if reason.wants == reason.saw || reason.wants.is_empty() {
        String::new()
    } else {
        format!("; wanted: {}", reason.wants)
    };
    format!("{}: {}{wanted}", reason.rule, reason.saw)
}

fn asked_ones(asked: &[AskedOne]) -> String {
    if asked.is_empty() {
        return "nobody".to_owned();
    }
    let ones: Vec<String> = asked
        .iter()
        .map(|one| {
            let named_as: Vec<String> = one.named_as.iter().map(asked_as).collect();
            if named_as.is_empty() {
                one.person.to_string()
            } else {
                format!("{} ({})", one.person, named_as.join(", "))
            }
        })
        .collect();
    ones.join(", ")
}

fn asked_as(named_as: &AskedAs) -> String {
    match named_as {
        AskedAs::Manager => "manager".to_owned(),
        AskedAs::Owner => "owner".to_owned(),
        AskedAs::Named => "named".to_owned(),
        AskedAs::Member(groups) => {
            let groups: Vec<&str> = groups.iter().map(|group| group.as_str()).collect();
            format!("for {}", groups.join(" or "))
        }
    }
}
