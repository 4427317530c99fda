//! Every sentence that the command line says of requests and answers.

mod doctor;
mod kept;
mod people;
mod policy;

pub(super) use doctor::*;
pub(super) use kept::*;
pub(super) use people::*;
pub(super) use policy::*;

use crate::audit::{Break, Head};
use crate::engine::{Redaction, Remark};
use crate::ids::RoleRef;
use crate::lifecycle::{
    Answer, EndCause, Evidence, Presence, Refusal, Request, State, Step, StepTerms, WithdrawCause,
};
use crate::policy::{Expectation, PolicySet, Reason, StepSpec, TestResult};
use crate::time::Timestamp;

/// What came of a command, in a sentence.
pub(super) fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Submitted { request, asked } => {
            let asked: Vec<&str> = asked.iter().map(|person| person.as_str()).collect();
            format!("{request} is pending; asked: {}.", asked.join(", "))
        }
        Answer::Granting { request, .. } => format!("{request} is approved; access is being given."),
        Answer::Scheduled { request, starts_at, .. } => {
            format!("{request} is approved and starts at {}.", starts_at.minute_utc())
        }
        Answer::Redacted { request, number } => {
            format!(
                "the words of remark {number} on {request} are gone; the log says that you took them out."
            )
        }
        Answer::Questioned { request } => format!("the requester of {request} is asked."),
        Answer::Replied { request, to } => {
            format!("the answer about {request} is in the thread; {to} is told.")
        }
        Answer::Counted { request, have, need } => {
            format!("The approval of {request} counts: {have} of {need}.")
        }
        Answer::ConfirmationWanted { request, from } => {
            format!("{request} waits for the confirmation of {from}.")
        }
        Answer::Held { request, targets } => {
            let targets: Vec<&str> = targets.iter().map(|target| target.as_str()).collect();
            format!(
                "{request} is approved but held: a revocation of this person is stuck on {}.",
                targets.join(", ")
            )
        }
        Answer::Applied { request, parent, expires_at } => {
            format!("{request} took effect: {parent} now ends at {}.", expires_at.minute_utc())
        }
        Answer::Denied { request } => format!("{request} is denied."),
        Answer::Withdrawn { request } => format!("{request} is withdrawn."),
        Answer::Ending { request } => format!(
            "{request} is being revoked. It counts as revoked once every target was looked at: see `jitney request show {request}`."
        ),
        Answer::Reveal { request } => format!("The credential of {request} may be shown once."),
        Answer::AlreadyRevealed { request, at } => {
            format!("The credential of {request} was shown at {}, and is shown once only.", at.minute_utc())
        }
        Answer::Drilled { request, took } => {
            let took = took.map(|took| format!(" after {}", took.words())).unwrap_or_default();
            format!("{request} was a drill: access would have been given{took}. No target was asked.")
        }
        Answer::Reviewed { request, found } => {
            format!("The review of {request} is written down: {}.", found.as_str())
        }
        Answer::Noted => "Written down.".to_owned(),
        Answer::Refused(refusal) => format!("Refused: {}", refused(refusal)),
    }
}

/// Whether the answer is a no.
pub(super) const fn is_refusal(answer: &Answer) -> bool {
    match answer {
        Answer::Refused(_) => true,
        Answer::Submitted { .. }
        | Answer::Granting { .. }
        | Answer::Scheduled { .. }
        | Answer::Counted { .. }
        | Answer::Questioned { .. }
        | Answer::Redacted { .. }
        | Answer::Replied { .. }
        | Answer::Held { .. }
        | Answer::ConfirmationWanted { .. }
        | Answer::Applied { .. }
        | Answer::Denied { .. }
        | Answer::Withdrawn { .. }
        | Answer::Ending { .. }
        | Answer::Reveal { .. }
        | Answer::AlreadyRevealed { .. }
        | Answer::Drilled { .. }
        | Answer::Reviewed { .. }
        | Answer::Noted => false,
    }
}

fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Rules(reasons) => reasons.iter().map(reason).collect::<Vec<_>>().join("\n  "),
        Refusal::Settled { request, state, by, at } => {
            let by = by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            let at = at.map(|at| format!(" since {}", at.minute_utc())).unwrap_or_default();
            format!("{request} is {} already{by}{at}.", state.as_str())
        }
        Refusal::NotYours { request } => format!("only the requester of {request} may do this."),
        Refusal::MayNotRevoke { request } => {
            format!("only an approver, an owner of the app or an operator may revoke {request}.")
        }
        Refusal::NoSuchRequest { request } => {
            format!("there is no request {request}; `jitney request list` shows those that there are.")
        }
        Refusal::Unconfirmed { request } => {
            format!("{request} was asked for somebody who has not confirmed it yet.")
        }
        Refusal::NoCredential { request } => {
            format!("{request} has no credential: none was issued, or it was erased.")
        }
        Refusal::NothingToAttest { request } => format!(
            "there is nothing to attest on {request}: this step can be read back, or is not being revoked."
        ),
        Refusal::NoReviewOwed { request } => {
            format!("no review of {request} waits: it was done, or none was owed.")
        }
        Refusal::NoLockdown { request } => format!("no lockdown of {request} stands."),
        Refusal::SecondOperatorNeeded { request } => {
            format!("written down; a second operator must waive the lockdown of {request} too.")
        }
        Refusal::UnknownPerson { account } => format!(
            "the directory knows nobody as {account}; add the account to their entry in the people file."
        ),
        Refusal::NotAnOperator { login } => format!(
            "the system user {login} is no operator. To make somebody one, set `operator_login = \"{login}\"` for one person in the people file."
        ),
        Refusal::NoSuchRemark { request, number } => {
            format!("there is no remark {number} on {request}; `jitney request show {request}` numbers them.")
        }
        Refusal::NoOpenQuestion { request } => {
            format!("no such question about {request} waits for an answer.")
        }
        Refusal::NotInFlight => "that was not under way.".to_owned(),
    }
}

fn reason(reason: &Reason) -> String {
    format!("{}: {}; wanted: {}", reason.rule, reason.saw, reason.wants)
}

/// Where a request stands, in a few words for a list.
pub(super) fn standing_with_review(request: &Request) -> String {
    let standing = standing(request);
    match request.review_due_at {
        Some(due) => format!("{standing}; to be reviewed by {}", due.minute_utc()),
        None => standing,
    }
}

fn standing(request: &Request) -> String {
    let until = |at: Timestamp| format!("until {}", at.minute_utc());
    match &request.state {
        State::Pending(pending) if pending.held => "held by a lockdown".to_owned(),
        State::Pending(pending) if pending.unconfirmed => {
            format!("waits for its person to confirm; lapses at {}", pending.lapses_at.minute_utc())
        }
        State::Pending(pending) => format!("lapses at {}", pending.lapses_at.minute_utc()),
        State::Scheduled { starts_at } => format!("starts at {}", starts_at.minute_utc()),
        State::Granting => "targets are being asked".to_owned(),
        State::Active { .. } => request.times.map_or_else(String::new, |times| until(times.expires_at)),
        State::Revoking { stuck_since: Some(since), .. } => format!("STUCK since {}", since.minute_utc()),
        State::Revoking { cause, stuck_since: None, .. } => end_cause(cause),
        State::Revoked { cause, recheck_at: Some(at) } => {
            format!("{}; looked at again at {}", end_cause(cause), at.minute_utc())
        }
        State::Revoked { cause, recheck_at: None } => format!("{}; verified twice", end_cause(cause)),
        State::Applied { at } => format!("at {}", at.minute_utc()),
        State::Denied { name, reason, .. } => format!("by {name}: {reason}"),
        State::Withdrawn { cause, by, .. } => withdraw_cause(cause, by.name()),
        State::Lapsed { at } => format!("at {}", at.minute_utc()),
    }
}

/// For how long it is, or will be, given.
pub(super) fn given_for(request: &Request) -> String {
    let asked = request.ask.duration.words();
    match request.shortened() {
        Some(less) => format!("{}, approved for less than the {asked} that were asked for", less.words()),
        None => asked,
    }
}

/// A remark in the card's thread: its number, who, and what.
pub(super) fn remark(remark: &Remark) -> String {
    let who = &remark.author.name;
    let said = match (&remark.redacted, remark.deleted_at) {
        (Some(Redaction { by, at, reason }), _) => {
            format!("(taken out by {} at {}: {reason})", by.name(), at.minute_utc())
        }
        (None, Some(at)) => format!("(deleted in Slack at {})", at.minute_utc()),
        (None, None) => {
            let cut = if remark.cut { " (cut: it is longer in Slack)" } else { "" };
            let edited = remark.edited_at.map(|at| format!(" (edited at {})", at.minute_utc()));
            format!("{}{cut}{}", remark.text, edited.unwrap_or_default())
        }
    };
    format!("remark {} by {who}: {said}", remark.number)
}

/// Remarks that were written and not kept.
pub(super) fn remarks_left_out(count: u32) -> String {
    format!("{count} more remarks were written in the thread and not kept: there were too many.")
}

/// A step of a request, with what is believed of it.
pub(super) fn step(number: usize, terms: &StepTerms, step: &Step) -> String {
    let presence = match step.presence {
        Presence::Untouched => "not asked for yet",
        Presence::Unknown => "asked for; it may be there",
        Presence::Present => "there, by this grant",
        Presence::Absent => "looked for, and gone",
        Presence::Standing => "there before the grant; left alone",
        Presence::HandedOver => "left to another live grant",
        Presence::Attested => "attested to be gone",
    };
    let mut said = format!("step {number}: {} on {}: {presence}", terms.label, terms.target);
    if let Some(evidence) = &step.evidence {
        let Evidence { method, answer, at } = evidence;
        said.push_str(&format!("\n          {method} at {}: {answer}", at.minute_utc()));
    }
    if let Some(error) = &step.last_error {
        said.push_str(&format!("\n          last error, {} in a row: {error}", step.failures));
    }
    said
}

/// What `policy check` says last.
pub(super) fn policies_fine(policies: &PolicySet, warnings: usize) -> String {
    format!(
        "{}, {}, {}: no issues, {}.",
        counted(policies.apps.len(), "app"),
        counted(policies.roles().count(), "role"),
        counted(policies.tiers.len(), "tier"),
        counted(warnings, "warning")
    )
}

/// What `policy check` says last of a broken set.
pub(super) fn policies_refused(issues: usize) -> String {
    format!("{}: a running server keeps its last good policies.", counted(issues, "issue"))
}

/// How many people there are.
pub(super) fn people_counted(active: usize, in_slack: usize, operators: usize) -> String {
    format!("{active} active, {in_slack} of them with a Slack account, {}", counted(operators, "operator"))
}

/// Who can get what was not looked at.
pub(super) fn people_unread(error: &dyn std::fmt::Display) -> String {
    format!("who can get what was not looked at: {error}")
}

/// What the adapter of a step can't do; nothing when it can do all.
pub(super) fn step_limits(at: &RoleRef, step: &StepSpec) -> Option<String> {
    let mut limits: Vec<String> = Vec::new();
    if !step.readable {
        limits.push("can't be read back, so a named person must attest that it is gone".to_owned());
    }
    if !step.cannot_end.is_empty() {
        limits.push(format!("a revocation can't end: {}", step.cannot_end.join("; ")));
    }
    (!limits.is_empty()).then(|| format!("{at} on {}: {}", step.target, limits.join("; ")))
}

/// A row of `[[tests]]` that did not come out as it says.
pub(super) fn test_failed(result: &TestResult) -> String {
    let expected = match &result.expect {
        Expectation::Eligible => "eligible".to_owned(),
        Expectation::Refused(None) => "refused".to_owned(),
        Expectation::Refused(Some(code)) => {
            let code = serde_json::to_value(code).unwrap_or_default();
            format!("refused because of {}", code.as_str().unwrap_or("another check"))
        }
    };
    let got: Vec<String> = result.got.refusals().map(reason).collect();
    let got =
        if got.is_empty() { "eligible".to_owned() } else { format!("refused:\n    {}", got.join("\n    ")) };
    format!("{}: {} expects {expected}, but is {got}", result.place, result.asks)
}

/// What `policy test` says last.
pub(super) fn tests_ran(all: usize, failed: usize) -> String {
    format!("{} of {} came out as written.", all.saturating_sub(failed), counted(all, "test"))
}

/// A whole chain.
pub(super) fn chain_holds(head: &Head) -> String {
    format!(
        "the chain of {} holds\nhead {}:{}\nwrite the head down somewhere else, and hold the log against it later with --remember",
        counted(usize::try_from(head.seq).unwrap_or(usize::MAX), "record"),
        head.seq,
        head.hash
    )
}

/// A broken chain.
pub(super) fn chain_broken(broken: &Break) -> String {
    format!("first bad record: {}\n{}; nothing from there on can be believed", broken.seq, broken.why)
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn end_cause(cause: &EndCause) -> String {
    match cause {
        EndCause::Expiry => "its time ran out".to_owned(),
        EndCause::Released => "released by the requester".to_owned(),
        EndCause::Revoked { by, reason } => format!("revoked by {}: {reason}", by.name()),
        EndCause::ProvisioningFailed { error } => format!("provisioning failed: {error}"),
        EndCause::Lockdown { stuck } => format!("locked down, because {stuck} is stuck"),
        EndCause::Leaver => "the person left".to_owned(),
        EndCause::Policy { reason } => {
            format!("the person's facts changed: {}, by {}", reason.saw, reason.rule)
        }
        EndCause::Reappeared => "found again after it was revoked".to_owned(),
    }
}

fn withdraw_cause(cause: &WithdrawCause, by: &str) -> String {
    match cause {
        WithdrawCause::Requester => "by the requester".to_owned(),
        WithdrawCause::Operator { reason } => format!("by {by}: {reason}"),
        WithdrawCause::ParentEnded => "the grant to extend had ended".to_owned(),
        WithdrawCause::Leaver => "the person left".to_owned(),
        WithdrawCause::Asker => format!("taken back by {by}, who had asked for it"),
        WithdrawCause::Declined => format!("{by} did not want it"),
        WithdrawCause::Superseded => "a break-glass took its place".to_owned(),
        WithdrawCause::Drill => "it was a drill; nothing was given".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PersonId, RequestId, TargetId};
    use crate::lifecycle::{ReviewFinding, StateWord};
    use crate::policy::ReasonCode;
    use crate::time::Span;

    #[test]
    fn every_answer_is_a_sentence() {
        let request = RequestId::FIRST;
        let at = Timestamp::from_millis(1_790_000_000_000);
        let reason = Reason {
            code: ReasonCode::OwnRequest,
            rule: "own request".to_owned(),
            saw: "the requester decides".to_owned(),
            wants: "somebody else".to_owned(),
        };
        let answers = [
            Answer::Submitted { request, asked: vec![PersonId::new("bob@example.com").unwrap()] },
            Answer::Granting { request, shortened: None },
            Answer::Scheduled { request, starts_at: at, shortened: None },
            Answer::Counted { request, have: 1, need: 2 },
            Answer::Questioned { request },
            Answer::Redacted { request, number: 2 },
            Answer::Reviewed { request, found: ReviewFinding::NotJustified },
            Answer::Drilled { request, took: Some(Span::secs(41)) },
            Answer::Drilled { request, took: None },
            Answer::Replied { request, to: "dana@example.com".parse().unwrap() },
            Answer::ConfirmationWanted { request, from: "ben@example.com".parse().unwrap() },
            Answer::Held { request, targets: vec![TargetId::new("wiki").unwrap()] },
            Answer::Applied { request: request.next(), parent: request, expires_at: at },
            Answer::Denied { request },
            Answer::Withdrawn { request },
            Answer::Ending { request },
            Answer::Reveal { request },
            Answer::AlreadyRevealed { request, at },
            Answer::Noted,
            Answer::Refused(Refusal::Rules(vec![reason.clone(), reason])),
            Answer::Refused(Refusal::Settled {
                request,
                state: StateWord::Revoked,
                by: Some("Bob".to_owned()),
                at: Some(at),
            }),
            Answer::Refused(Refusal::NotYours { request }),
            Answer::Refused(Refusal::MayNotRevoke { request }),
            Answer::Refused(Refusal::NoSuchRequest { request }),
            Answer::Refused(Refusal::NoCredential { request }),
            Answer::Refused(Refusal::NothingToAttest { request }),
            Answer::Refused(Refusal::NoReviewOwed { request }),
            Answer::Refused(Refusal::NoLockdown { request }),
            Answer::Refused(Refusal::SecondOperatorNeeded { request }),
            Answer::Refused(Refusal::UnknownPerson { account: "U1".to_owned() }),
            Answer::Refused(Refusal::NotAnOperator { login: "backup".to_owned() }),
            Answer::Refused(Refusal::NotInFlight),
        ];
        let said: Vec<String> = answers.iter().map(answer).collect();
        insta::assert_snapshot!(said.join("\n"));
    }
}
