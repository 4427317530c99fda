//! Where a request stands, in words.

use super::{ANSWERED, NAME, WRITTEN, bold, code, written};
use crate::lifecycle::{Actor, EndCause, Kind, Request, State, StateWord, WithdrawCause};
use crate::policy::Risk;
use crate::slack::text::{date, inline};

/// Where a request stands, as the head of its card: an emoji and a word that says the same.
#[must_use]
pub fn headline(request: &Request) -> (&'static str, &'static str) {
    match &request.state {
        State::Pending(pending) if pending.held => (":large_yellow_circle:", "Approved, but held"),
        State::Pending(pending) if pending.unconfirmed => {
            (":large_yellow_circle:", "Waiting for confirmation")
        }
        State::Pending(_) => (":large_yellow_circle:", "Waiting for approval"),
        State::Scheduled { .. } => (":large_blue_circle:", "Approved, starts later"),
        State::Granting => match request.kind {
            Kind::New | Kind::Extension { .. } | Kind::Drill { .. } => {
                (":large_blue_circle:", "Approved, granting now")
            }
            Kind::BreakGlass => (":large_blue_circle:", "Granting now, without approval"),
        },
        State::Active { .. } => (":large_green_circle:", "Active"),
        State::Revoking { stuck_since: Some(_), .. } => (":rotating_light:", "Could not be removed yet"),
        State::Revoking { stuck_since: None, .. } => (":large_blue_circle:", "Ending, not yet verified"),
        State::Revoked { cause, .. } => match cause {
            EndCause::ProvisioningFailed { .. } => (":red_circle:", "Could not be granted"),
            EndCause::Expiry
            | EndCause::Released
            | EndCause::Revoked { .. }
            | EndCause::Lockdown { .. }
            | EndCause::Leaver
            | EndCause::Policy { .. }
            | EndCause::Reappeared => (":white_circle:", "Ended"),
        },
        State::Applied { .. } => (":large_green_circle:", "Extended"),
        State::Denied { .. } => (":red_circle:", "Denied"),
        State::Withdrawn { cause: WithdrawCause::Drill, .. } => {
            (":construction:", "DRILL, nothing was given")
        }
        State::Withdrawn { .. } => (":white_circle:", "Withdrawn"),
        State::Lapsed { .. } => (":white_circle:", "Lapsed"),
    }
}

/// A state in the middle of a sentence.
#[must_use]
pub const fn state(word: StateWord) -> &'static str {
    match word {
        StateWord::Pending => "waiting for approval",
        StateWord::Scheduled => "approved and starts later",
        StateWord::Granting => "approved and being granted",
        StateWord::Active => "active",
        StateWord::Revoking => "ending",
        StateWord::Revoked => "ended",
        StateWord::Applied => "applied",
        StateWord::Denied => "denied",
        StateWord::Withdrawn => "withdrawn",
        StateWord::Lapsed => "lapsed",
    }
}

/// What was asked, after the requester's name: `asks for *Billing database · Read only*`; without the verb once it
/// was decided.
#[must_use]
pub fn asks_for(request: &Request) -> String {
    let title = bold(&request.title());
    let verb = if request.state.word() == StateWord::Pending { "asks for " } else { "· " };
    match request.kind {
        Kind::New => format!("{verb}{title}"),
        Kind::Extension { parent } => {
            format!("{verb}{} more of {title} ({})", request.ask.duration.words(), code(parent))
        }
        Kind::BreakGlass => format!("broke the glass for {title}"),
        Kind::Drill { .. } => format!("practised a break-glass for {title}"),
    }
}

/// What was asked and for how long, without markup, for `text`. Escaped.
#[must_use]
pub fn asked_plain(request: &Request) -> String {
    let title = inline(&request.title(), NAME);
    let length = request.ask.duration.words();
    match request.kind {
        Kind::New => format!("{title} for {length}"),
        Kind::Extension { parent } => format!("{length} more of {title} (on {parent})"),
        Kind::BreakGlass => format!("{title} for {length} by break-glass"),
        Kind::Drill { .. } => format!("{title} for {length}, a drill of break-glass"),
    }
}

/// How bad it is when it goes wrong, as people read it. Plain.
#[must_use]
pub const fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "Low",
        Risk::Medium => "Medium",
        Risk::High => "High",
    }
}

/// What became of the request, with who and when: the last line of a card.
#[must_use]
pub fn standing(request: &Request) -> String {
    let ends = request.times.map(|t| t.expires_at);
    match &request.state {
        State::Pending(pending) if pending.held => {
            format!(
                "all approvals are in; it goes on when an earlier revocation is settled, or lapses {}",
                date(pending.lapses_at)
            )
        }
        State::Pending(pending) if pending.unconfirmed => format!(
            "{} must confirm it first; lapses {}",
            inline(&request.requester.name, NAME),
            date(pending.lapses_at)
        ),
        State::Pending(pending) => format!("lapses {}", date(pending.lapses_at)),
        State::Scheduled { starts_at } => format!("starts {}", date(*starts_at)),
        State::Granting => "the targets are being asked".to_owned(),
        State::Active { .. } => match ends {
            Some(ends) => format!("until *{}*", date(ends)),
            None => "active".to_owned(),
        },
        State::Revoking { cause, stuck_since, .. } => match stuck_since {
            Some(since) => format!("{}; late since {}, and still tried", end_cause(cause), date(*since)),
            None => end_cause(cause),
        },
        State::Revoked { cause, .. } => match request.times.and_then(|t| t.verified_at) {
            Some(at) => format!("{}; seen gone {}", end_cause(cause), date(at)),
            None => end_cause(cause),
        },
        State::Applied { at } => format!("took effect {}", date(*at)),
        State::Denied { name, reason, at, .. } => {
            format!("{} said no {}: {}", inline(name, NAME), date(*at), written(reason, WRITTEN))
        }
        State::Withdrawn { cause, by, at } => format!("{} {}", withdrawn(cause, by), date(*at)),
        State::Lapsed { at } => format!("nobody had decided by {}", date(*at)),
    }
}

/// Why access ends, in the middle of a sentence.
#[must_use]
pub fn end_cause(cause: &EndCause) -> String {
    match cause {
        EndCause::Expiry => "its time ran out".to_owned(),
        EndCause::Released => "given back by the requester".to_owned(),
        EndCause::Revoked { by, reason } => {
            format!("taken by {}: {}", inline(by.name(), NAME), written(reason, WRITTEN))
        }
        EndCause::ProvisioningFailed { error } => {
            format!("the target said: {}", written(error, ANSWERED))
        }
        EndCause::Lockdown { stuck } => {
            format!("the revocation of {} is stuck on the same target", code(*stuck))
        }
        EndCause::Leaver => "the person has left".to_owned(),
        EndCause::Policy { reason } => format!(
            "the directory says something else now, and the policy does not give it any more: {}, by {}",
            written(&reason.saw, WRITTEN),
            written(&reason.rule, WRITTEN)
        ),
        EndCause::Reappeared => "it was found again after it had been removed".to_owned(),
    }
}

pub(super) fn withdrawn(cause: &WithdrawCause, by: &Actor) -> String {
    match cause {
        WithdrawCause::Requester => "taken back by the requester".to_owned(),
        WithdrawCause::Operator { reason } => {
            format!("taken back by {}: {}", inline(by.name(), NAME), written(reason, WRITTEN))
        }
        WithdrawCause::ParentEnded => "the access to extend is no longer active".to_owned(),
        WithdrawCause::Leaver => "the requester has left".to_owned(),
        WithdrawCause::Asker => format!("taken back by {}, who had asked for it", inline(by.name(), NAME)),
        WithdrawCause::Declined => format!("{} did not want it", inline(by.name(), NAME)),
        WithdrawCause::Superseded => "a break-glass of the same person took its place".to_owned(),
        WithdrawCause::Drill => "it ended where access would have begun".to_owned(),
    }
}
