//! A timer is a column: when a request must be looked at again, computed from its state.

use super::review::next_ask;
use super::warning::warn_at;
use super::{Request, State};
use crate::time::Timestamp;

/// Why a request must be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// The end of access.
    Expire,
    /// A call to a target is to be made again, or the delayed second look.
    CallAgain,
    /// A revocation is late from then on.
    Stuck,
    /// A scheduled start.
    Start,
    /// Provisioning is given up.
    GiveUp,
    /// The requester is warned.
    Warn,
    /// Others are asked.
    Escalate,
    /// The same people are asked again.
    Remind,
    /// Nobody decided.
    Lapse,
    /// The review of a break-glass is asked for.
    Review,
}

/// How urgent a timer or a call is; the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Revocations: the timers of those under way, and their calls.
    Revocation,
    /// Access: the timers that may end it, and the calls that give it.
    Access,
    /// Everything else: people who wait, Slack and Jira.
    Quiet,
}

impl Urgency {
    /// From the most urgent.
    pub const ALL: [Self; 3] = [Self::Revocation, Self::Access, Self::Quiet];
}

/// How urgent the state's timer is.
#[must_use]
pub const fn urgency(state: &State) -> Urgency {
    match state {
        State::Revoking { .. } => Urgency::Revocation,
        State::Granting | State::Active { .. } => Urgency::Access,
        State::Pending(_)
        | State::Scheduled { .. }
        | State::Revoked { .. }
        | State::Applied { .. }
        | State::Denied { .. }
        | State::Withdrawn { .. }
        | State::Lapsed { .. } => Urgency::Quiet,
    }
}

/// The next moment at which time alone changes the request; none when it never will.
#[must_use]
pub fn next_due(request: &Request) -> Option<(Timestamp, Due)> {
    let calls = request.steps.iter().filter(|s| s.in_flight.is_none());
    let call = calls.filter_map(|s| s.retry_at).min().map(|at| (at, Due::CallAgain));
    let times = request.times;
    let own: Vec<Option<(Timestamp, Due)>> = match &request.state {
        State::Pending(state) if state.held => vec![Some((state.lapses_at, Due::Lapse))],
        State::Pending(state) => vec![
            Some((state.lapses_at, Due::Lapse)),
            state.escalate_at.map(|at| (at, Due::Escalate)),
            state.remind_at.map(|at| (at, Due::Remind)),
        ],
        State::Scheduled { starts_at } => vec![Some((*starts_at, Due::Start))],
        State::Granting => vec![times.map(|t| (t.provision_by, Due::GiveUp)), call],
        State::Active { warned } => {
            let warn = warn_at(request).filter(|_| !warned).map(|at| (at, Due::Warn));
            vec![times.map(|t| (t.expires_at, Due::Expire)), warn, call]
        }
        State::Revoking { stuck_at, stuck_since, .. } => {
            vec![stuck_since.is_none().then_some((*stuck_at, Due::Stuck)), call]
        }
        State::Revoked { .. } => vec![call],
        State::Applied { .. } | State::Denied { .. } | State::Withdrawn { .. } | State::Lapsed { .. } => {
            Vec::new()
        }
    };
    let review = next_ask(request).map(|at| (at, Due::Review));
    own.into_iter().flatten().chain(review).min()
}
