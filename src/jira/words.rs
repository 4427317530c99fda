//! Every sentence that a ticket says. Plain text; times in UTC, because Jira tells us nothing of its readers.

mod calls;
mod check;
mod issue;

pub(super) use calls::{Doing, jira_said_no};
pub(super) use check::*;
pub use issue::summary;
pub(super) use issue::{DESCRIPTION_END, facts, warning};

use super::adf::tame;
use crate::ids::{PersonId, TargetId};
use crate::lifecycle::{
    Actor, Context, EndCause, Entry, Evidence, Kind, Op, ReviewFinding, What, WithdrawCause,
};
use crate::policy::{Capacity, Reason, TicketFound};

/// The longest justification, reason or finding that is told in full.
const LONG: usize = 500;
/// The longest name, label or answer of a target that is told in full.
const SHORT: usize = 200;
/// People or targets that are named one by one.
const NAMED_MOST: usize = 10;

/// One transition in one sentence or two, without its time.
#[must_use]
pub fn entry_sentence(entry: &Entry) -> String {
    let by = actor(&entry.by);
    match &entry.what {
        What::Submitted { request_kind, title, duration, justification, risk, allowed_by: _, context } => {
            let ticket = named_ticket(context);
            let (title, why) = (short(title), quoted(justification));
            let (time, risk) = (duration.words(), risk.as_str());
            match request_kind {
                Kind::New => format!("{by} asked for {title} for {time}: {why}. Risk: {risk}.{ticket}"),
                Kind::Extension { parent } => {
                    format!("{by} asked for {time} more of grant {parent}, {title}: {why}. Risk: {risk}.")
                }
                Kind::BreakGlass => {
                    format!(
                        "{by} broke the glass: {title} for {time}, at once and without approval. Why: {why}. Risk: {risk}.{ticket}"
                    )
                }
                Kind::Drill { .. } => {
                    format!(
                        "DRILL. {by} practises a break-glass: {title} for {time}. Why: {why}. Risk: {risk}."
                    )
                }
            }
        }
        What::ConfirmationWanted { from, name } => {
            format!("It is for {} ({}), who must confirm it first.", short(name), short(from.as_str()))
        }
        What::Confirmed => format!("{by} confirmed that it is wanted."),
        What::AutoApproved { under } => {
            format!("Approved by the policy: up to {} nobody needs to be asked.", under.words())
        }
        What::ApprovalWanted { stage, stages, quorum, asked, from_fallback } => {
            let fallback =
                if *from_fallback { " They are the fallback: nobody else could be asked." } else { "" };
            format!(
                "Asked {} for approval. Stage {} of {stages} needs {}.{fallback}",
                people(asked),
                stage + 1,
                counted(*quorum, "approval"),
            )
        }
        What::Approved { stage, have, need, took, at_most, capacity } => format!(
            "{by}{} approved{}, {} after the question. Stage {} has {have} of {}.",
            capacity.as_ref().map(in_capacity).unwrap_or_default(),
            at_most.map(|most| format!(" for {} at most", most.words())).unwrap_or_default(),
            took.words(),
            stage + 1,
            counted(*need, "approval"),
        ),
        What::AskedAnew { stage, asked, added: _, from_fallback: _ } if asked.is_empty() => format!(
            "Nobody is left who may approve stage {}, also not in its fallback. The requester and the operators were told.",
            stage + 1
        ),
        What::AskedAnew { stage, asked, added: _, from_fallback } => {
            let fallback = if *from_fallback { ", the fallback" } else { "" };
            format!(
                "Who may approve stage {} has changed. Asked now: {}{fallback}.",
                stage + 1,
                people(asked)
            )
        }
        What::Questioned { question, text } => {
            format!("{by} asked the requester (question {question}): {}.", quoted(text))
        }
        What::Answered { question, asked_by, text } => format!(
            "{by} answered question {question}, which {} had asked: {}.",
            short(asked_by.as_str()),
            quoted(text)
        ),
        What::VoteDropped { voter } => {
            format!(
                "The approval of {} no longer counts: they may not approve this any more.",
                short(voter.as_str())
            )
        }
        What::Reminded { times } => {
            format!("The approvers were asked again ({}).", counted(*times, "reminder"))
        }
        What::Escalated { asked } => format!("Nobody had decided, so {} were asked too.", people(asked)),
        What::Held { targets } => format!(
            "All approvals are in, but the request is held: an earlier revocation of the same person on {} is stuck.",
            target_names(targets)
        ),
        What::Denied { reason, rules } if rules.is_empty() => format!("{by} said no: {}.", quoted(reason)),
        What::Denied { reason, rules: _ } => {
            format!("The policy said no at the last look: {}.", quoted(reason))
        }
        What::Withdrawn { cause } => match cause {
            WithdrawCause::Requester => format!("{by} took the request back."),
            WithdrawCause::Operator { reason } => format!("{by} took the request back: {}.", quoted(reason)),
            WithdrawCause::ParentEnded => "Taken back: the grant that it would extend has ended.".to_owned(),
            WithdrawCause::Leaver => "Taken back: the requester has left.".to_owned(),
            WithdrawCause::Asker => format!("{by}, who had asked for it, took the request back."),
            WithdrawCause::Declined => format!("{by} did not want it."),
            WithdrawCause::Superseded => {
                "Taken back: a break-glass of the same person took its place.".to_owned()
            }
            WithdrawCause::Drill => "It was a drill.".to_owned(),
        },
        What::Lapsed => "Nobody decided in time. The request has lapsed.".to_owned(),
        What::Scheduled { starts_at } => {
            format!("All approvals are in. Access starts at {}.", starts_at.minute_utc())
        }
        What::Provisioning { not_after } => {
            format!(
                "Giving access begins. It ends at {} at the latest, whatever happens.",
                not_after.minute_utc()
            )
        }
        What::FoundStanding { step, label, evidence: _ } => {
            format!("{}: was there already. It is left alone now and at the end.", step_name(*step, label))
        }
        What::FoundShared { step, label, with } => {
            format!("{}: grant {with} put it there already. Both grants share it.", step_name(*step, label))
        }
        What::Granted { step, label, evidence: _ } => {
            format!("{}: granted, and seen there.", step_name(*step, label))
        }
        What::CallFailed { step, label, op, error, failures } => format!(
            "{}: {} failed ({} in a row) and is tried again. Seen: {}.",
            step_name(*step, label),
            op_name(*op),
            counted(*failures, "failure"),
            quoted(error)
        ),
        What::Activated { expires_at } => {
            format!("The requester has the access until {}.", expires_at.minute_utc())
        }
        What::Warned { expires_at } => {
            format!("The requester was told that the access ends at {}.", expires_at.minute_utc())
        }
        What::Extended { extension, from, to } => format!(
            "Extended by request {extension}: the end moved from {} to {}.",
            from.minute_utc(),
            to.minute_utc()
        ),
        What::Applied { parent, expires_at } => {
            format!("The extension took effect: grant {parent} now ends at {}.", expires_at.minute_utc())
        }
        What::ExpiryMoved { step, evidence: _ } => {
            format!("Step {}: the target's own end of the access agrees with the new end.", step + 1)
        }
        What::Ending { cause } => ending(&by, cause),
        What::Gone { step, label, with_sessions: true, .. } => {
            format!("{}: looked, and it is gone, sessions included.", step_name(*step, label))
        }
        What::Gone { step, label, with_sessions: false, .. } => {
            format!("{}: looked, and it is gone, but for what can't be ended.", step_name(*step, label))
        }
        What::HandedOver { step, label, to } => {
            format!("{}: stays, because grant {to} still needs it and will end it.", step_name(*step, label))
        }
        What::Inherited { step, from } => {
            format!("Step {}: grant {from} ended and left it to this grant, which will end it.", step + 1)
        }
        What::Stuck { late, locked } if locked.is_empty() => {
            format!("The revocation is stuck: late by {}. It is tried on until it is done.", late.words())
        }
        What::Stuck { late, locked } => format!(
            "The revocation is stuck: late by {}. It is tried on until it is done, and till then the person gets \
             nothing new on {}.",
            late.words(),
            target_names(locked)
        ),
        What::WaiverGiven { reason } => {
            format!(
                "{by} waived the lockdown: {}. One more operator must do so before it is lifted.",
                quoted(reason)
            )
        }
        What::LockdownLifted { waived: None, by_one: _ } => {
            "The lockdown is lifted: the access was seen gone.".to_owned()
        }
        What::LockdownLifted { waived: Some(reason), by_one } => {
            let alone = if *by_one { " One operator was enough, because there is only one." } else { "" };
            format!("{by} waived the lockdown: {}.{alone}", quoted(reason))
        }
        What::Attested { step, label, evidence } => format!(
            "{}: unverifiable, because the target can't be read back. {by} attested that it is gone: {}.",
            step_name(*step, label),
            quoted(evidence)
        ),
        What::Revoked { cause, took, remains: _ } => format!(
            "Revoked, {} after the end. It ended because {}. Each step was seen gone, attested, handed over or left \
             alone.",
            took.words(),
            why_it_ended(cause)
        ),
        What::Closed { evidence: _ } => "Looked again later: still gone. The grant is closed.".to_owned(),
        What::Reappeared { step, label, evidence: _ } => {
            format!(
                "{}: found again after it was gone. It is being taken away once more.",
                step_name(*step, label)
            )
        }
        What::CredentialRevealed => format!("{by} saw the credential, once."),
        What::RevealRefused => {
            "Slack refused to show the credential. It was not seen and can be asked for again.".to_owned()
        }
        What::Drilled { took, steps } => {
            let took = took.map(|took| format!(", {} after the form was opened", took.words()));
            format!(
                "DRILL, and it ends here{}: access would have been given now. No target was asked. What would have \
                 been done: {}.",
                took.unwrap_or_default(),
                listed(steps.iter().map(String::as_str).collect(), "nothing")
            )
        }
        What::ReviewOverdue { due_at, drill: true } => {
            format!("The review of the drill is overdue: it was due at {}.", due_at.minute_utc())
        }
        What::ReviewOverdue { due_at, drill: false } => format!(
            "The review is overdue: it was due at {}. Until somebody has done it, the requester's next break-glass is \
             refused.",
            due_at.minute_utc()
        ),
        What::Reviewed { found: None, finding } => format!("{by} reviewed it: {}.", quoted(finding)),
        What::Reviewed { found: Some(found), finding } => {
            format!("{by} reviewed it. Finding: {}. {}.", finding_name(*found), quoted(finding))
        }
    }
}

/// What stands below an entry's sentence: how something was seen, which rules decided, what remains.
#[must_use]
pub fn entry_details(entry: &Entry) -> Vec<String> {
    match &entry.what {
        What::Submitted { allowed_by, .. } => allowed_by.iter().map(allowed).collect(),
        What::Denied { rules, .. } => rules.iter().map(refused).collect(),
        What::FoundStanding { evidence, .. }
        | What::Granted { evidence, .. }
        | What::ExpiryMoved { evidence, .. }
        | What::Reappeared { evidence, .. } => vec![seen(evidence)],
        What::Gone { deed, evidence, .. } => {
            deed.iter().map(|deed| told("Taken", deed)).chain([seen(evidence)]).collect()
        }
        What::Closed { evidence } => evidence.iter().map(seen).collect(),
        What::Revoked { remains, .. } => {
            remains.iter().map(|what| format!("Can't be ended: {}.", short(what))).collect()
        }
        What::AutoApproved { .. }
        | What::ApprovalWanted { .. }
        | What::ConfirmationWanted { .. }
        | What::Confirmed
        | What::Approved { .. }
        | What::AskedAnew { .. }
        | What::Questioned { .. }
        | What::Answered { .. }
        | What::VoteDropped { .. }
        | What::Reminded { .. }
        | What::Escalated { .. }
        | What::Held { .. }
        | What::Withdrawn { .. }
        | What::Lapsed
        | What::Scheduled { .. }
        | What::Provisioning { .. }
        | What::FoundShared { .. }
        | What::CallFailed { .. }
        | What::Activated { .. }
        | What::Warned { .. }
        | What::Extended { .. }
        | What::Applied { .. }
        | What::Ending { .. }
        | What::HandedOver { .. }
        | What::Inherited { .. }
        | What::Stuck { .. }
        | What::WaiverGiven { .. }
        | What::LockdownLifted { .. }
        | What::Attested { .. }
        | What::CredentialRevealed
        | What::RevealRefused
        | What::Drilled { .. }
        | What::ReviewOverdue { .. }
        | What::Reviewed { .. } => Vec::new(),
    }
}

/// In what capacity somebody approved, after their name.
fn in_capacity(capacity: &Capacity) -> String {
    match capacity {
        Capacity::InPlaceOf { id, name } => {
            format!(" for {} ({}), who is away,", short(name), short(id.as_str()))
        }
        Capacity::OnCall { schedule } => format!(" (on call by {schedule})"),
    }
}

fn actor(by: &Actor) -> String {
    match by {
        Actor::Person { name, .. } => short(name),
        Actor::Operator { name, .. } => format!("{} (operator)", short(name)),
        Actor::Jitney => "Jitney".to_owned(),
    }
}

fn ending(by: &str, cause: &EndCause) -> String {
    match cause {
        EndCause::Expiry => "The time is over. Access is being taken away.".to_owned(),
        EndCause::Released => format!("{by} gave the access back. It is being taken away."),
        EndCause::Revoked { by, reason } => {
            format!("{} revoked the access: {}. It is being taken away.", actor(by), quoted(reason))
        }
        EndCause::ProvisioningFailed { error } => {
            format!("Giving access failed: {}. What was begun is being taken away.", quoted(error))
        }
        EndCause::Lockdown { stuck } => format!(
            "The revocation of grant {stuck} of the same person is stuck. This access is being taken away too."
        ),
        EndCause::Leaver => "The requester has left. Access is being taken away.".to_owned(),
        EndCause::Policy { reason } => format!(
            "The requester's facts changed, and the policy does not let them have it any more: {}, by {}. Access is being \
             taken away.",
            quoted(&reason.saw),
            quoted(&reason.rule)
        ),
        EndCause::Reappeared => "The access was found again. It is being taken away once more.".to_owned(),
    }
}

fn why_it_ended(cause: &EndCause) -> String {
    match cause {
        EndCause::Expiry => "its time was over".to_owned(),
        EndCause::Released => "the requester gave it back".to_owned(),
        EndCause::Revoked { by, reason: _ } => format!("{} revoked it", actor(by)),
        EndCause::ProvisioningFailed { error: _ } => "giving access had failed".to_owned(),
        EndCause::Lockdown { stuck } => format!("the revocation of grant {stuck} was stuck"),
        EndCause::Leaver => "the requester had left".to_owned(),
        EndCause::Policy { reason: _ } => "the policy did not let the requester have it any more".to_owned(),
        EndCause::Reappeared => "it had been found again".to_owned(),
    }
}

const fn op_name(op: Op) -> &'static str {
    match op {
        Op::Snapshot => "looking what was there",
        Op::Grant => "granting",
        Op::Verify => "looking whether it is there",
        Op::Extend => "moving the target's own end of the access",
        Op::Revoke => "revoking",
        Op::VerifyGone => "looking whether it is gone",
        Op::Recheck => "looking again",
    }
}

const fn finding_name(found: ReviewFinding) -> &'static str {
    match found {
        ReviewFinding::Justified => "justified",
        ReviewFinding::NotJustified => "NOT justified",
        ReviewFinding::FollowUp => "needs follow-up",
    }
}

fn seen(evidence: &Evidence) -> String {
    told("Seen", evidence)
}

fn told(how: &str, Evidence { method, answer, at }: &Evidence) -> String {
    format!("{how} at {} by {}. The target answered {}.", at.minute_utc(), quoted(method), quoted(answer))
}

fn allowed(reason: &Reason) -> String {
    format!("Allowed by {}: {}.", tame(&reason.rule, SHORT), short(&reason.saw))
}

fn refused(reason: &Reason) -> String {
    let (rule, saw, wants) = (short(&reason.rule), short(&reason.saw), short(&reason.wants));
    format!("Refused by {rule}: {saw}. Wanted: {wants}.")
}

fn step_name(step: u32, label: &str) -> String {
    format!("Step {}, {}", step + 1, short(label))
}

fn counted(n: u32, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn people(ids: &[PersonId]) -> String {
    listed(ids.iter().map(PersonId::as_str).collect(), "nobody")
}

fn target_names(ids: &[TargetId]) -> String {
    listed(ids.iter().map(TargetId::as_str).collect(), "no target")
}

/// `a, b and c`, or the first of them and how many more.
fn listed(names: Vec<&str>, none: &str) -> String {
    let more = names.len().saturating_sub(NAMED_MOST);
    let mut names: Vec<String> = names.into_iter().take(NAMED_MOST).map(short).collect();
    if more > 0 {
        names.push(format!("{more} more"));
    }
    match (names.pop(), names.is_empty()) {
        (None, _) => none.to_owned(),
        (Some(only), true) => only,
        (Some(last), false) => format!("{} and {last}", names.join(", ")),
    }
}

/// What was seen of the ticket that the requester named, behind a sentence.
fn named_ticket(context: &Context) -> String {
    let Some(look) = &context.ticket else { return String::new() };
    let (key, at) = (&look.ticket, look.as_of.minute_utc());
    match &look.found {
        TicketFound::Seen(seen) => {
            format!(" For {key}, {}, which was {} at {at}.", quoted(&seen.summary), short(&seen.status))
        }
        TicketFound::Missing => format!(" For {key}, which was not there at {at}."),
        TicketFound::Unanswered => {
            format!(" For {key}, which could not be looked at at {at}: Jira did not answer.")
        }
    }
}

/// A text of others, so that it shows where it begins and ends.
fn quoted(text: &str) -> String {
    let text = tame(text, LONG).replace(['“', '”', '„', '‟'], "\"");
    format!("“{}”", text.trim_end_matches('.'))
}

fn short(text: &str) -> String {
    tame(text, SHORT)
}
