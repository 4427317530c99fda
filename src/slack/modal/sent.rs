//! What is read from the forms when they are sent, and what is said at their fields when it is refused.

use std::collections::BTreeMap;

use super::super::envelope::{self, ViewState};
use super::super::free_words;
use super::super::text::cut;
use super::super::words::{self, form, review_form};
use crate::ids::{IssueKey, RequestId, RoleRef};
use crate::lifecycle::ReviewFinding;
use crate::policy::{Ask, Reason, ReasonCode};
use crate::time::{Span, Timestamp};

/// What a field of a form says when it is refused.
const ERROR_MOST: usize = 1000;

/// A request form as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// What is asked.
    pub ask: Ask,
    /// Whether at once, without approval.
    pub break_glass: bool,
    /// For whom, when it is somebody else: their account.
    pub whom: Option<String>,
}

/// What is wrong, by the block that it is about. Plain.
pub type FieldErrors = BTreeMap<String, String>;

/// Reads a request form.
///
/// # Errors
/// Every field that can't be read, each with what to do about it.
pub fn read_request(view: &ViewState) -> Result<Sent, FieldErrors> {
    let mut errors = FieldErrors::new();
    let mut wrong = |block: &str, text: &str| errors.insert(block.to_owned(), text.to_owned());
    let role = view.values.get("role").and_then(|text| text.parse::<RoleRef>().ok());
    if role.is_none() {
        wrong("role", form::ROLE_MISSING);
    }
    let duration_block = duration_of(view);
    let duration = view.values.get(&duration_block).and_then(|text| text.parse::<Span>().ok());
    if duration.is_none() {
        wrong(&duration_block, form::DURATION_MISSING);
    }
    let justification = view.values.get("why").map(|text| text.trim().to_owned());
    if justification.is_none() {
        wrong("why", form::TEXT_MISSING);
    }
    let ticket = match view.values.get("ticket").map(|text| issue_key(text)) {
        Some(None) => {
            wrong("ticket", form::TICKET_WRONG);
            None
        }
        Some(key) => key,
        None => None,
    };
    let starts_at = match view.values.get("starts").map(|text| text.parse::<i64>()) {
        Some(Err(_)) => {
            wrong("starts", form::STARTS_WRONG);
            None
        }
        Some(Ok(seconds)) => Some(Timestamp::from_millis(seconds.saturating_mul(1000))),
        None => None,
    };
    let fields = view
        .values
        .iter()
        .filter_map(|(block, value)| Some((block.strip_prefix("field:")?.to_owned(), value.clone())))
        .collect();
    let (Some(role), Some(duration), Some(justification), true) =
        (role, duration, justification, errors.is_empty())
    else {
        return Err(errors);
    };
    let ask = Ask { role, duration, starts_at, justification, ticket, fields };
    let whom = view.values.get("whom").cloned();
    Ok(Sent { ask, break_glass: view.values.contains_key("glass"), whom })
}

/// An extension form as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoreTime {
    /// Of which grant.
    pub grant: RequestId,
    /// By how much.
    pub duration: Span,
    /// Why.
    pub justification: String,
}

/// Reads an extension form.
///
/// # Errors
/// Every field that can't be read.
pub fn read_extend(view: &ViewState) -> Result<MoreTime, FieldErrors> {
    let mut errors = FieldErrors::new();
    let grant = view.private_metadata.parse::<RequestId>();
    let duration = view.values.get("duration").and_then(|text| text.parse::<Span>().ok());
    let why = view.values.get("why").map(|text| text.trim().to_owned());
    if duration.is_none() || grant.is_err() {
        errors.insert("duration".to_owned(), form::DURATION_MISSING.to_owned());
    }
    if why.is_none() {
        errors.insert("why".to_owned(), form::TEXT_MISSING.to_owned());
    }
    match (grant, duration, why) {
        (Ok(grant), Some(duration), Some(justification)) => Ok(MoreTime { grant, duration, justification }),
        (_, _, _) => Err(errors),
    }
}

/// Reads the form that approves for less time. What is in somebody's own words counts more than the choice.
///
/// # Errors
/// When no length can be read in it.
pub fn read_approve_less(view: &ViewState) -> Result<(RequestId, Span), FieldErrors> {
    let own = view.values.get("duration_own").map(|text| text.trim()).filter(|text| !text.is_empty());
    let (block, duration, wrong) = match own {
        Some(text) => ("duration_own".to_owned(), free_words::length(text), form::OWN_WRONG),
        None => {
            let chosen = view.values.get("duration").and_then(|text| text.parse().ok());
            (duration_of(view), chosen, form::DURATION_MISSING)
        }
    };
    match (view.private_metadata.parse(), duration) {
        (Ok(request), Some(duration)) => Ok((request, duration)),
        (_, _) => Err(FieldErrors::from([(block, wrong.to_owned())])),
    }
}

/// Reads a denial's or a revocation's form.
///
/// # Errors
/// When there is no reason in it.
pub fn read_reason(view: &ViewState) -> Result<(RequestId, String), FieldErrors> {
    let reason = view.values.get("reason").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    match (view.private_metadata.parse(), reason) {
        (Ok(request), Some(reason)) => Ok((request, reason)),
        (_, _) => Err(FieldErrors::from([("reason".to_owned(), form::TEXT_MISSING.to_owned())])),
    }
}

/// Reads the form of a review: of which request, what was found, and the reviewer's own words.
///
/// # Errors
/// Every field that can't be read.
pub fn read_review(view: &ViewState) -> Result<(RequestId, ReviewFinding, String), FieldErrors> {
    let found = view.values.get("found").and_then(|text| text.parse().ok());
    let finding =
        view.values.get("finding").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    match (view.private_metadata.parse(), found, finding) {
        (Ok(request), Some(found), Some(finding)) => Ok((request, found, finding)),
        (_, None, _) => Err(FieldErrors::from([("found".to_owned(), review_form::FOUND_MISSING.to_owned())])),
        (_, Some(_), _) => Err(FieldErrors::from([("finding".to_owned(), form::TEXT_MISSING.to_owned())])),
    }
}

/// Reads the form for a question.
///
/// # Errors
/// When there is none in it.
pub fn read_question(view: &ViewState) -> Result<(RequestId, String), FieldErrors> {
    match (view.private_metadata.parse(), text_of(view)) {
        (Ok(request), Some(text)) => Ok((request, text)),
        (_, _) => Err(FieldErrors::from([("text".to_owned(), form::TEXT_MISSING.to_owned())])),
    }
}

/// Reads the form for an answer: of which request, to which question, and what.
///
/// # Errors
/// When there is none in it.
pub fn read_reply(view: &ViewState) -> Result<(RequestId, u32, String), FieldErrors> {
    match (envelope::read_question(&view.private_metadata), text_of(view)) {
        (Some((request, question)), Some(text)) => Ok((request, question, text)),
        (_, _) => Err(FieldErrors::from([("text".to_owned(), form::TEXT_MISSING.to_owned())])),
    }
}

fn text_of(view: &ViewState) -> Option<String> {
    view.values.get("text").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Each reason at the field that it is about; what concerns no field stands at the form's first.
#[must_use]
pub fn field_errors(view: &ViewState, reasons: &[Reason]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for reason in reasons {
        let text = errors.entry(block_of(view, reason)).or_default();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&words::reason_plain(reason));
    }
    errors.into_iter().map(|(block, text)| (block, cut(&text, ERROR_MOST))).collect()
}

/// One sentence, mrkdwn or plain, at the form's first field.
#[must_use]
pub fn first_field_error(view: &ViewState, sentence: &str) -> FieldErrors {
    FieldErrors::from([(first_block(view), cut(&words::unmarked(sentence), ERROR_MOST))])
}

fn block_of(view: &ViewState, reason: &Reason) -> String {
    let wanted = match reason.code {
        ReasonCode::OverMaximum | ReasonCode::TooShort | ReasonCode::OverTotal => duration_of(view),
        ReasonCode::Justification => "why".to_owned(),
        ReasonCode::Ticket => "ticket".to_owned(),
        ReasonCode::BadStart | ReasonCode::OutsideHours | ReasonCode::Blackout => "starts".to_owned(),
        ReasonCode::NoBreakGlass | ReasonCode::ReviewOverdue => "glass".to_owned(),
        ReasonCode::Field => {
            let fields = || view.blocks.iter().filter_map(|b| Some((b, b.strip_prefix("field:")?)));
            let named = fields().find(|(_, id)| reason.rule.contains(id) || reason.saw.contains(id));
            named.or_else(|| fields().next()).map_or_else(|| "role".to_owned(), |(block, _)| block.clone())
        }
        ReasonCode::UnknownPerson
        | ReasonCode::Leaver
        | ReasonCode::StaleDirectory
        | ReasonCode::UnknownRole
        | ReasonCode::Retired
        | ReasonCode::Never
        | ReasonCode::NotEligible
        | ReasonCode::Conflict
        | ReasonCode::TooManyOfRisk
        | ReasonCode::Twin
        | ReasonCode::Lockdown
        | ReasonCode::TooMany
        | ReasonCode::RevokePathBroken
        | ReasonCode::ParentEnded
        | ReasonCode::OwnRequest
        | ReasonCode::NotApprover
        | ReasonCode::AlreadyVoted
        | ReasonCode::DiskFull
        | ReasonCode::NoApprovers
        | ReasonCode::Eligible
        | ReasonCode::Approver
        | ReasonCode::Internal => "role".to_owned(),
    };
    // Slack drops an error at a block that the form does not have, and the form would stay open without a word.
    if view.blocks.contains(&wanted) { wanted } else { first_block(view) }
}

fn first_block(view: &ViewState) -> String {
    let known =
        ["role", "duration", "reason", "text", "found"].into_iter().find(|b| view.blocks.contains(*b));
    known.map(str::to_owned).or_else(|| view.blocks.first().cloned()).unwrap_or_else(|| "role".to_owned())
}

fn duration_of(view: &ViewState) -> String {
    let block = view.blocks.iter().find(|block| block.starts_with("duration"));
    block.cloned().unwrap_or_else(|| "duration".to_owned())
}

/// An issue's key, or the key at the end of its address.
fn issue_key(text: &str) -> Option<IssueKey> {
    let text = text.trim().trim_end_matches('/');
    IssueKey::new(text.rsplit('/').next().unwrap_or(text)).ok()
}
