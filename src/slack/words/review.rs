//! The review of a break-glass: asked for, done, and told.

use super::{NAME, WRITTEN, asked_plain, bold, code, headline, standing, written};
use crate::engine::Reviewed;
use crate::ids::RequestId;
use crate::lifecycle::{Request, ReviewAsk, ReviewFinding};
use crate::slack::text::{cut_mrkdwn, date, inline, list};
use crate::time::Timestamp;

/// One request on the home tab.
const ITEM: usize = 900;

/// On buttons. Plain.
pub const REVIEW: &str = "Review…";

/// What the form of a review says. Plain.
pub mod review_form {
    /// Its title.
    pub const TITLE: &str = "Review a break-glass";
    /// Sends it.
    pub const SEND: &str = "Write it down";
    /// Label.
    pub const FOUND: &str = "What did you find?";
    /// Label.
    pub const FINDING: &str = "In your own words";
    /// Hint.
    pub const FINDING_HINT: &str = "It stands on the ticket with your name, and the requester reads it.";
    /// Where the finding is missing.
    pub const FOUND_MISSING: &str = "Choose what you found.";
}

/// A finding. Plain.
#[must_use]
pub const fn finding(found: ReviewFinding) -> &'static str {
    match found {
        ReviewFinding::Justified => "Justified",
        ReviewFinding::NotJustified => "Not justified",
        ReviewFinding::FollowUp => "Needs follow-up",
    }
}

/// What a finding means, below its choice. Plain.
#[must_use]
pub const fn finding_about(found: ReviewFinding) -> &'static str {
    match found {
        ReviewFinding::Justified => "It was needed, and used for that",
        ReviewFinding::NotJustified => "It should not have been; security is told",
        ReviewFinding::FollowUp => "Something is left to be done about it",
    }
}

const fn finding_emoji(found: Option<ReviewFinding>) -> &'static str {
    match found {
        Some(ReviewFinding::Justified) | None => ":white_check_mark:",
        Some(ReviewFinding::NotJustified) => ":no_entry:",
        Some(ReviewFinding::FollowUp) => ":memo:",
    }
}

/// Who reviewed it, and what they found.
#[must_use]
pub fn reviewed(review: &Reviewed<'_>) -> String {
    let found = review.found.map(|found| format!(" *{}*.", finding(found))).unwrap_or_default();
    format!(
        "{} *Reviewed* by {} {}.{found} {}.",
        finding_emoji(review.found),
        inline(review.by, NAME),
        date(review.at),
        written(review.finding, WRITTEN)
    )
}

/// Until when the review is owed, below the message to security.
#[must_use]
pub fn review_due(due: Timestamp, overdue: bool) -> String {
    if overdue {
        format!(":rotating_light: The review is *overdue*: it was due {}.", date(due))
    } else {
        format!("A review is due {}.", date(due))
    }
}

/// Asks for the review. `who` are mentions or names.
#[must_use]
pub fn review_wanted(request: &Request, who: &[String], ask: ReviewAsk, due: Timestamp) -> String {
    let who = if who.is_empty() { "Operators".to_owned() } else { list(who, 10) };
    let of = format!("the {} of {}", exercise(request), inline(&request.requester.name, NAME));
    let one = "One of you is enough; the button works here and above.";
    match ask {
        ReviewAsk::AtOnce => format!("{who}: please review {of} by {}. {one}", date(due)),
        ReviewAsk::Again => {
            format!(":bell: {who}: {of} still waits for its review, due {}. {one}", date(due))
        }
        ReviewAsk::Overdue { days } => format!(
            ":rotating_light: *Overdue{}*: {who}, {of} was to be reviewed by {}.{}",
            overdue_by(days),
            date(due),
            if request.kind.is_drill() { "" } else { " Until it is, their next break-glass is refused." }
        ),
    }
}

/// Asks an owner of the app directly.
#[must_use]
pub fn review_wanted_of_owner(request: &Request, due: Timestamp) -> String {
    format!(
        ":rotating_light: *A review is overdue*: nobody had reviewed the {} of {} for {} ({}) by {}. You own this app, \
         so you can.",
        exercise(request),
        inline(&request.requester.name, NAME),
        bold(&request.title()),
        code(request.id),
        date(due)
    )
}

fn exercise(request: &Request) -> &'static str {
    if request.kind.is_drill() { "break-glass DRILL" } else { "break-glass" }
}

fn overdue_by(days: u64) -> String {
    match days {
        0 => String::new(),
        1 => " by a day".to_owned(),
        _ => format!(" by {days} days"),
    }
}

/// A break-glass that was found not justified.
#[must_use]
pub fn not_justified(request: &Request, review: &Reviewed<'_>) -> String {
    format!(
        ":no_entry: *Not justified*: {} found that the {} of {} for {} ({}) should not have been. {}.",
        inline(review.by, NAME),
        exercise(request),
        inline(&request.requester.name, NAME),
        bold(&request.title()),
        code(request.id),
        written(review.finding, WRITTEN)
    )
}

/// To the requester.
#[must_use]
pub fn dm_reviewed(request: &Request, review: &Reviewed<'_>) -> String {
    let found = review.found.map(|found| format!(": *{}*", finding(found))).unwrap_or_default();
    format!(
        "{} *Reviewed*: {} looked at your {} for {}{found}. {}.",
        finding_emoji(review.found),
        inline(review.by, NAME),
        exercise(request),
        bold(&request.title()),
        written(review.finding, WRITTEN)
    )
}

/// To the reviewer.
#[must_use]
pub fn answer_reviewed(request: RequestId, found: ReviewFinding) -> String {
    let told = match found {
        ReviewFinding::NotJustified => " The security channel is told.",
        ReviewFinding::Justified | ReviewFinding::FollowUp => "",
    };
    format!(
        "The review of {} is written down: {}. It stands on the ticket with your name.{told}",
        code(request),
        finding(found).to_lowercase()
    )
}

/// What is reviewed: who took what, and where it stands.
#[must_use]
pub fn review_about(request: &Request) -> String {
    let (emoji, word) = headline(request);
    format!(
        "{} · {}: {}.\n{emoji} *{word}*: {}.",
        code(request.id),
        inline(&request.requester.name, NAME),
        asked_plain(request),
        standing(request)
    )
}

/// How long it was held, as the form labels it. Plain.
pub const HELD_FOR: &str = "Held for";
/// When it was seen gone, as the form labels it. Plain.
pub const SEEN_GONE: &str = "Seen gone";
/// The incident, as messages label it. Plain.
pub const INCIDENT: &str = "Incident";

/// How long it was held, between these.
#[must_use]
pub fn held_for(active_at: Option<Timestamp>, ended_at: Option<Timestamp>) -> String {
    match (active_at, ended_at) {
        (None, _) => "not given".to_owned(),
        (Some(_), None) => "still held".to_owned(),
        (Some(active_at), Some(ended_at)) => ended_at.since(active_at).words(),
    }
}

/// Whether it was seen gone.
#[must_use]
pub fn seen_gone(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "not yet".to_owned(), date)
}

/// What waits for the reader's review, on their home tab.
#[must_use]
pub fn home_to_review(request: &Request, now: Timestamp) -> String {
    let due = request.review_due_at.map(|due| review_due(due, due < now)).unwrap_or_default();
    cut_mrkdwn(&format!("{}\n{due}", review_about(request)), ITEM)
}

/// What is not shown of it.
#[must_use]
pub fn home_more_to_review(hidden: usize) -> String {
    format!("and {hidden} more: `jitney request list --to-review` on the server has all of them")
}
