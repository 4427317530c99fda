//! The log: one line an entry.

use super::capacity as in_capacity;
use super::{
    ANSWERED, NAME, WRITTEN, bold, code, end_cause, names, reason_line, target_list, withdrawn, written,
};
use crate::lifecycle::{Entry, Evidence, Kind, Op, What};
use crate::policy::People;
use crate::slack::text::{date, inline, list, name};

/// One entry as one line: when, and what.
#[must_use]
pub fn entry(people: &People, entry: &Entry) -> String {
    let by = format!("*{}*", inline(entry.by.name(), NAME));
    format!("{} · {}", date(entry.at), story(people, &by, entry))
}

fn story(people: &People, by: &str, entry: &Entry) -> String {
    match &entry.what {
        What::Submitted { request_kind, title, duration, .. } => {
            let title = bold(title);
            let length = duration.words();
            match request_kind {
                Kind::New => format!("{by} asked for {title} for {length}."),
                Kind::Extension { parent } => {
                    format!("{by} asked for {length} more of {title} ({}).", code(*parent))
                }
                Kind::BreakGlass => format!("{by} broke the glass for {title} for {length}."),
                Kind::Drill { .. } => {
                    format!("DRILL: {by} practised a break-glass for {title} for {length}.")
                }
            }
        }
        What::ConfirmationWanted { name, .. } => {
            format!("It is for *{}*, who must confirm it first.", inline(name, NAME))
        }
        What::Confirmed => format!("{by} confirmed it."),
        What::AutoApproved { under } => {
            format!("Approved by policy: up to {} nobody needs to be asked.", under.words())
        }
        What::ApprovalWanted { stage, stages, quorum, asked, from_fallback } => {
            let asked = list(&names(people, asked), 10);
            let needed =
                if *quorum == 1 { "one approval is".to_owned() } else { format!("{quorum} approvals are") };
            let fallback =
                if *from_fallback { " They are the fallback: nobody else could be asked." } else { "" };
            format!("Stage {} of {stages}: asked {asked}; {needed} needed.{fallback}", stage + 1)
        }
        What::Approved { have, need, took, at_most, capacity, .. } => {
            let most = at_most.map(|most| format!(" for {} at most", most.words())).unwrap_or_default();
            let by = capacity.as_ref().map_or_else(|| by.to_owned(), |it| format!("{by}{}", in_capacity(it)));
            format!("{by} approved{most} ({have} of {need}), {} after being asked.", took.words())
        }
        What::AskedAnew { stage, asked, .. } if asked.is_empty() => {
            format!("Nobody is left who may approve stage {}.", stage + 1)
        }
        What::AskedAnew { stage, asked, from_fallback, .. } => {
            let fallback = if *from_fallback { ", its fallback" } else { "" };
            let asked = list(&names(people, asked), 10);
            format!("Who may approve stage {} has changed; asked now: {asked}{fallback}.", stage + 1)
        }
        What::Questioned { text, .. } => {
            format!("{by} asked the requester: {}.", written(text, WRITTEN))
        }
        What::Answered { asked_by, text, .. } => {
            format!("{by} answered {}: {}.", inline(&name(people, asked_by), NAME), written(text, WRITTEN))
        }
        What::VoteDropped { voter } => format!(
            "The approval of {} no longer counts: they may not approve any more.",
            inline(&name(people, voter), NAME)
        ),
        What::Reminded { times } => format!("Asked again ({times})."),
        What::Escalated { asked } => {
            format!("Nobody had decided; asked {} too.", list(&names(people, asked), 10))
        }
        What::Held { targets } => {
            format!("Held: an earlier revocation on {} is stuck.", target_list(targets))
        }
        What::Denied { reason, rules } => {
            let rules: Vec<String> = rules.iter().take(3).map(|r| format!(" {}.", reason_line(r))).collect();
            format!("{by} denied it: {}.{}", written(reason, WRITTEN), rules.concat())
        }
        What::Withdrawn { cause } => format!("Withdrawn: {}.", withdrawn(cause, &entry.by)),
        What::Lapsed => "Lapsed: nobody decided in time, or the time it was for is over.".to_owned(),
        What::Scheduled { starts_at } => format!("Approved in full; starts {}.", date(*starts_at)),
        What::Provisioning { not_after } => {
            format!("Granting began. Whatever happens, it ends by {}.", date(*not_after))
        }
        What::FoundStanding { label, evidence, .. } => format!(
            "{}: there before us, so it is left alone, now and at the end. {}",
            inline(label, NAME),
            seen(evidence)
        ),
        What::FoundShared { label, with, .. } => {
            format!("{}: {} put it there already, so both share it.", inline(label, NAME), code(*with))
        }
        What::Granted { label, evidence, .. } => {
            format!("{}: granted, and seen there. {}", inline(label, NAME), seen(evidence))
        }
        What::CallFailed { label, op, error, failures, .. } => format!(
            "{}: {} failed ({failures} in a row) and is tried again. {}",
            inline(label, NAME),
            op_words(*op),
            written(error, ANSWERED)
        ),
        What::Activated { expires_at } => format!("Active until {}.", date(*expires_at)),
        What::Warned { expires_at } => format!("The requester was told that it ends {}.", date(*expires_at)),
        What::Extended { extension, from, to } => {
            format!("Extended by {}: ends {} instead of {}.", code(*extension), date(*to), date(*from))
        }
        What::Applied { parent, expires_at } => {
            format!("Took effect: {} now ends {}.", code(*parent), date(*expires_at))
        }
        What::ExpiryMoved { step, evidence } => {
            format!("Step {}: the target's own expiry fits the new end. {}", step + 1, seen(evidence))
        }
        What::Ending { cause } => format!("Ending: {}.", end_cause(cause)),
        What::Gone { label, with_sessions, evidence, .. } => {
            let sessions = if *with_sessions { ", its sessions too" } else { "" };
            format!("{}: seen gone{sessions}. {}", inline(label, NAME), seen(evidence))
        }
        What::HandedOver { label, to, .. } => {
            format!("{}: {} still needs it, so it stays there for it.", inline(label, NAME), code(*to))
        }
        What::Inherited { step, from } => {
            format!("Step {}: taken over from {}, which ended.", step + 1, code(*from))
        }
        What::Stuck { late, locked } => format!(
            "Late by {}, and still not seen gone. Nothing new for this person on {} until it is.",
            late.words(),
            target_list(locked)
        ),
        What::WaiverGiven { reason } => {
            format!("{by} waived the lockdown: {}. One more operator must.", written(reason, WRITTEN))
        }
        What::LockdownLifted { waived: None, .. } => "The lockdown is over: it was seen gone.".to_owned(),
        What::LockdownLifted { waived: Some(reason), by_one } => {
            let alone = if *by_one { " There is one operator only." } else { "" };
            format!("{by} waived the lockdown: {}.{alone}", written(reason, WRITTEN))
        }
        What::Attested { label, evidence, .. } => {
            format!("{}: {by} attests that it is gone: {}.", inline(label, NAME), written(evidence, WRITTEN))
        }
        What::Revoked { cause, took, remains } => {
            let remains = remains_sentence(remains);
            format!("Ended and verified {} after the end ({}).{remains}", took.words(), end_cause(cause))
        }
        What::Closed { .. } => "Looked again: still gone. Closed.".to_owned(),
        What::Reappeared { label, evidence, .. } => {
            format!("{}: found again, and being removed again. {}", inline(label, NAME), seen(evidence))
        }
        What::CredentialRevealed => format!("{by} saw the credential."),
        What::RevealRefused => "Slack refused to show the credential; it was not seen.".to_owned(),
        What::Drilled { took, .. } => {
            format!(
                "The drill ended{}: access would have been given now. No target was asked.",
                super::drill_took(*took)
            )
        }
        What::ReviewOverdue { due_at, drill: true } => {
            format!("The review of the drill is overdue: it was due {}.", date(*due_at))
        }
        What::ReviewOverdue { due_at, drill: false } => {
            format!("The review is overdue: it was due {}. Their next break-glass is refused.", date(*due_at))
        }
        What::Reviewed { found: None, finding } => {
            format!("{by} reviewed it: {}.", written(finding, WRITTEN))
        }
        What::Reviewed { found: Some(found), finding } => {
            format!("{by} reviewed it: *{}*. {}.", super::finding(*found), written(finding, WRITTEN))
        }
    }
}

/// What stands before a log that was cut.
#[must_use]
pub fn earlier(count: usize) -> String {
    format!("… and {count} earlier; all of them are on the ticket.")
}

/// What a revocation can't end, as a sentence with a space before it; nothing, when it ends everything.
#[must_use]
pub fn remains_sentence(remains: &[String]) -> String {
    if remains.is_empty() {
        return String::new();
    }
    let remains: Vec<String> = remains.iter().map(|r| inline(r, NAME)).collect();
    format!(" This can't be ended: {}.", list(&remains, 5))
}

fn seen(evidence: &Evidence) -> String {
    format!("({}: {})", written(&evidence.method, ANSWERED), written(&evidence.answer, ANSWERED))
}

const fn op_words(op: Op) -> &'static str {
    match op {
        Op::Snapshot => "looking at what was there before",
        Op::Grant => "granting",
        Op::Verify => "looking whether it is there",
        Op::Extend => "moving the target's own expiry",
        Op::Revoke => "revoking",
        Op::VerifyGone => "looking whether it is gone",
        Op::Recheck => "looking again whether it is gone",
    }
}
