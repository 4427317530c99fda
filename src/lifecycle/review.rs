//! The review of a break-glass: asked for at once, then again and louder, until somebody else has done it.

use serde::{Deserialize, Serialize};

use super::draft::{Draft, number};
use super::{Actor, Answer, DmKind, Refusal, Request, View, What, pending};
use crate::policy::{Reason, ReasonCode};
use crate::time::{Span, Timestamp};

/// A review that is due is asked for once a day, for so many days.
const OVERDUE_DAYS: u64 = 14;
/// While it is overdue, the owners of the app hear of it directly, every so many days.
const OWNERS_EVERY: u64 = 7;
/// Owners who hear of it directly.
const OWNERS_MOST: usize = 5;

/// What a review found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewFinding {
    /// It was needed, and used for that.
    Justified,
    /// It should not have been taken.
    NotJustified,
    /// Something remains to be done about it.
    #[default]
    FollowUp,
}

impl ReviewFinding {
    /// Every finding.
    pub const ALL: [Self; 3] = [Self::Justified, Self::NotJustified, Self::FollowUp];

    /// As the command line and forms write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Justified => "justified",
            Self::NotJustified => "not-justified",
            Self::FollowUp => "follow-up",
        }
    }
}

impl std::str::FromStr for ReviewFinding {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.map(Self::as_str);
        let found = Self::ALL.into_iter().find(|finding| finding.as_str() == text);
        found.ok_or_else(|| format!("a review finds {}", known.join(", ")))
    }
}

/// How loudly the reviewers are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewAsk {
    /// When the access was taken.
    AtOnce,
    /// Again, before it is due.
    Again,
    /// It is overdue by so many days; none on the day itself.
    Overdue {
        /// Whole days.
        days: u64,
    },
}

/// How the reviewers are asked by the message of this number, from 1; none when no review is owed.
#[must_use]
pub fn review_ask(request: &Request, message: u32) -> Option<ReviewAsk> {
    let due = request.review_due_at?;
    let moments = moments(request.submitted_at, due);
    let at = *moments.get(usize::try_from(message).ok()?.checked_sub(1)?)?;
    Some(match message {
        1 => ReviewAsk::AtOnce,
        _ if at < due => ReviewAsk::Again,
        _ => ReviewAsk::Overdue { days: whole_days(due, at) },
    })
}

/// When the reviewers are asked again; none when no review is owed, or they were asked for the last time.
pub(super) fn next_ask(request: &Request) -> Option<Timestamp> {
    let moments = moments(request.submitted_at, request.review_due_at?);
    moments.get(asked(request)).copied()
}

/// Opens the review: those who may do it are asked at once.
pub(super) fn open(draft: &mut Draft<'_>, within: Span) {
    draft.request.review_due_at = Some(draft.now + within);
    draft.show(View::Review { number: 1 });
}

/// Asks again when it is time. After a long sleep it asks once, not for each moment that went by.
pub(super) fn tick(draft: &mut Draft<'_>) {
    let Some(due) = draft.request.review_due_at else { return };
    let now = draft.now;
    let asked = asked(&draft.request);
    let moments = moments(draft.request.submitted_at, due);
    let reached = moments.iter().take_while(|at| **at <= now).count();
    let Some(news) = moments.get(asked..reached).filter(|news| !news.is_empty()) else { return };
    draft.row(32);
    let message = number(reached);
    draft.show_quietly(View::Review { number: message });
    if news.iter().any(|at| *at >= due && whole_days(due, *at).is_multiple_of(OWNERS_EVERY)) {
        copy_to_owners(draft, message);
    }
    if news.contains(&due) {
        let drill = draft.request.kind.is_drill();
        draft.tell_jitney(What::ReviewOverdue { due_at: due, drill });
    }
}

/// Somebody else looked at it, whatever became of it.
pub(super) fn review(
    draft: &mut Draft<'_>,
    by: &Actor,
    found: ReviewFinding,
    finding: &str,
) -> Result<Answer, Refusal> {
    let request = draft.request.id;
    if draft.request.review_due_at.is_none() {
        return Err(Refusal::NoReviewOwed { request });
    }
    pending::judged(draft)?;
    let requester = &draft.request.requester.id;
    if by.person().is_none_or(|person| person == requester) {
        return Err(Refusal::Rules(vec![Reason {
            code: ReasonCode::OwnRequest,
            rule: "nobody reviews their own break-glass (built in)".to_owned(),
            saw: format!("{requester} took it"),
            wants: "a review by somebody else".to_owned(),
        }]));
    }
    draft.row(33);
    draft.request.review_due_at = None;
    draft.tell(What::Reviewed { found: Some(found), finding: finding.to_owned() });
    draft.dm(DmKind::Reviewed);
    if found == ReviewFinding::NotJustified {
        draft.show(View::Finding);
    }
    Ok(Answer::Reviewed { request, found })
}

/// The moments at which the reviewers are asked: at once, after half the time, a day before it is due, when it is due,
/// and each day after that for two weeks.
fn moments(opened: Timestamp, due: Timestamp) -> Vec<Timestamp> {
    let half = opened + Span::millis(due.since(opened).as_millis() / 2);
    let eve = due - Span::days(1);
    let mut moments = vec![opened, half];
    moments.extend(Some(eve).filter(|eve| *eve > half));
    moments.extend((0..=OVERDUE_DAYS).map(|days| due + Span::days(days)));
    moments
}

/// The number of the last message that asked.
fn asked(request: &Request) -> usize {
    let numbers = request.views.iter().filter_map(|view| match view {
        View::Review { number } => Some(*number),
        View::Card
        | View::Approval { .. }
        | View::Log
        | View::Nudge { .. }
        | View::Copy { .. }
        | View::Question { .. }
        | View::Answer { .. }
        | View::Dm { .. }
        | View::Security
        | View::ReviewCopy { .. }
        | View::Finding => None,
    });
    usize::try_from(numbers.max().unwrap_or(0)).unwrap_or(usize::MAX)
}

fn copy_to_owners(draft: &mut Draft<'_>, message: u32) {
    let requester = draft.request.requester.id.clone();
    let owners = draft.request.terms.owners.clone();
    let others = (1u32..).zip(&owners).filter(|(_, owner)| **owner != requester).take(OWNERS_MOST);
    for (owner, _) in others {
        draft.show_quietly(View::ReviewCopy { number: message, owner });
    }
}

fn whole_days(from: Timestamp, to: Timestamp) -> u64 {
    to.since(from).as_millis() / Span::days(1).as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reviewers_are_asked_at_sensible_moments_whatever_time_they_have() {
        let opened = Timestamp::from_millis(1_800_000_000_000);
        for (within, before) in [
            ("10m", vec!["0s", "5m"]),
            ("1d", vec!["0s", "12h"]),
            ("2d", vec!["0s", "1d"]),
            ("3d", vec!["0s", "36h", "2d"]),
            ("30d", vec!["0s", "15d", "29d"]),
        ] {
            let within: Span = within.parse().unwrap();
            let moments = moments(opened, opened + within);
            let wanted: Vec<Timestamp> = before.iter().map(|span| opened + span.parse().unwrap()).collect();
            assert_eq!(moments[..before.len()], wanted, "{within}");
            assert_eq!(moments[before.len()..].len(), 15, "the due time and two weeks: {within}");
            assert!(moments.is_sorted());
        }
    }
}
