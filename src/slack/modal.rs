//! The forms: request, extension, a reason for a denial or a revocation; and what is read from them when they are
//! sent.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Value, json};

use super::blocks::{context, input, option, plain_object, section};
use super::envelope::{ROLE_SEARCH, ViewState};
use super::text::cut;
use super::words::{self, form};
use crate::ids::{IssueKey, RequestId, RoleRef};
use crate::lifecycle::Request;
use crate::policy::{Ask, Field, People, PolicySet, Reason, ReasonCode, TicketRule};
use crate::time::{Span, Timestamp};

/// `callback_id` of the request form.
pub const REQUEST_FORM: &str = "jit_request_form";
/// `callback_id` of the extension form.
pub const EXTEND_FORM: &str = "jit_extend_form";
/// `callback_id` of the denial form.
pub const DENY_FORM: &str = "jit_deny_form";
/// `callback_id` of the revocation form.
pub const REVOKE_FORM: &str = "jit_revoke_form";

/// A justification.
const WHY_LEAST: u32 = 10;
const WHY_MOST: u32 = 1000;
/// A decider's reason.
const REASON_MOST: u32 = 500;
/// Extra fields in one form, and choices of all of them together: a view may have 250 kB.
const FIELDS_MOST: usize = 20;
const CHOICES_MOST: usize = 150;
const FIELD_LABEL_MOST: usize = 150;
/// A field's free text.
const FIELD_MOST: u32 = 500;
/// What a field of a form says when it is refused.
const ERROR_MOST: usize = 1000;

const LENGTHS: [Span; 10] = [
    Span::mins(15),
    Span::mins(30),
    Span::hours(1),
    Span::hours(2),
    Span::hours(4),
    Span::hours(8),
    Span::hours(12),
    Span::days(1),
    Span::days(3),
    Span::days(7),
];

/// What the request form begins with.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The role.
    pub role: Option<RoleRef>,
    /// For how long.
    pub duration: Option<Span>,
    /// Why.
    pub because: Option<String>,
    /// Why this person can't have the role, when they can't. Mrkdwn.
    pub hint: String,
}

/// The request form. It has the fields that the role in it wants.
#[must_use]
pub fn request(policies: &PolicySet, people: &People, draft: &Draft) -> Value {
    let found = draft.role.as_ref().and_then(|reference| {
        let app = policies.apps.get(&reference.app)?;
        Some((reference, app, app.roles.get(&reference.role)?))
    });
    let mut blocks = vec![role_block(found.map(|(reference, app, role)| {
        option(&format!("{} · {}", app.name, role.name), &reference.to_string(), None)
    }))];
    let tier = found.and_then(|(_, _, role)| policies.tiers.get(&role.tier));
    if let Some((_, app, role)) = found {
        let mut about = vec![words::role_about(people, app, role, tier)];
        if !draft.hint.is_empty() {
            about.push(draft.hint.clone());
        }
        blocks.push(context("about", &about));
    }
    // The role is in the block's id, so that Slack forgets a length that the next role may not allow.
    let id = found.map_or_else(|| "duration:".to_owned(), |(reference, ..)| format!("duration:{reference}"));
    let most = found.map(|(_, _, role)| role.max_duration);
    let usual = found.map_or(Span::hours(1), |(_, _, role)| role.default_duration);
    blocks.push(duration_block(&id, form::DURATION, most, draft.duration.unwrap_or(usual)));
    blocks.push(text_block(
        "why",
        form::WHY,
        Some(form::WHY_HINT),
        WHY_LEAST,
        WHY_MOST,
        draft.because.as_deref(),
    ));
    match found.map_or(TicketRule::Optional, |(_, _, role)| role.ticket) {
        TicketRule::None => {}
        TicketRule::Optional => blocks.push(ticket_block(true)),
        TicketRule::Required => blocks.push(ticket_block(false)),
    }
    if let Some((_, _, role)) = found {
        let mut room = CHOICES_MOST;
        for field in role.fields.iter().take(FIELDS_MOST) {
            let choices = field.choices.get(..field.choices.len().min(room).min(100)).unwrap_or_default();
            room -= choices.len();
            blocks.push(field_block(field, choices));
        }
    }
    let starts = json!({"type": "datetimepicker", "action_id": "starts"});
    blocks.push(input("starts", form::STARTS, Some(form::STARTS_HINT), true, starts));
    if tier.is_some_and(|tier| tier.break_glass.is_some()) {
        let boxes = json!({"type": "checkboxes", "action_id": "glass",
            "options": [option(form::GLASS_BOX, "glass", Some(form::GLASS_ABOUT))]});
        blocks.push(input("glass", form::GLASS, None, true, boxes));
    }
    modal(REQUEST_FORM, form::REQUEST, "", blocks)
}

/// The extension form.
#[must_use]
pub fn extend(grant: &Request, duration: Option<Span>, because: Option<&str>) -> Value {
    let blocks = vec![
        section("about", &words::extend_about(grant)),
        duration_block(
            "duration",
            form::MORE,
            Some(grant.terms.max_total),
            duration.unwrap_or(Span::hours(1)),
        ),
        text_block("why", form::WHY, Some(form::WHY_HINT), WHY_LEAST, WHY_MOST, because),
    ];
    modal(EXTEND_FORM, form::EXTEND, &grant.id.to_string(), blocks)
}

/// Asks why it is denied.
#[must_use]
pub fn deny(request: &Request) -> Value {
    reason(DENY_FORM, form::DENY, request)
}

/// Asks why the access is taken.
#[must_use]
pub fn revoke(request: &Request) -> Value {
    reason(REVOKE_FORM, form::REVOKE, request)
}

fn reason(callback: &str, title: &str, request: &Request) -> Value {
    let blocks = vec![
        section("about", &words::decide_about(request)),
        text_block("reason", form::REASON, Some(form::REASON_HINT), WHY_LEAST, REASON_MOST, None),
    ];
    modal(callback, title, &request.id.to_string(), blocks)
}

/// A window that only says something. Mrkdwn.
#[must_use]
pub fn notice(sentence: &str) -> Value {
    json!({
        "type": "modal",
        "title": plain_object(form::SAID, 24),
        "close": plain_object(form::CLOSE, 24),
        "blocks": [section("said", sentence)],
    })
}

/// The window with the credential, which is borrowed: no copy of it is made before the body is written.
#[derive(Serialize)]
pub struct RevealBody<'a> {
    trigger_id: &'a str,
    view: RevealView<'a>,
}

#[derive(Serialize)]
struct RevealView<'a> {
    r#type: &'static str,
    title: Value,
    close: Value,
    blocks: Vec<RevealBlock<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum RevealBlock<'a> {
    Open(Value),
    Secret { r#type: &'static str, block_id: &'static str, text: SecretText<'a> },
}

#[derive(Serialize)]
struct SecretText<'a> {
    r#type: &'static str,
    text: &'a str,
    emoji: bool,
}

/// The body of the `views.open` call that shows the credential.
#[must_use]
pub fn reveal<'a>(trigger: &'a str, grant: &Request, secret: &'a SecretString) -> RevealBody<'a> {
    let issued = grant.terms.steps.iter().find(|step| step.issues_credential);
    let known = words::credential_facts(
        issued.and_then(|step| step.login.as_deref()),
        issued.and_then(|step| step.used_at.as_deref()),
    );
    let mut blocks = vec![RevealBlock::Open(section("once", &words::credential_once(grant.id)))];
    if !known.is_empty() {
        blocks.push(RevealBlock::Open(super::blocks::facts("where", &known)));
    }
    let text = SecretText { r#type: "plain_text", text: secret.expose_secret(), emoji: false };
    blocks.push(RevealBlock::Secret { r#type: "section", block_id: "credential", text });
    let view = RevealView {
        r#type: "modal",
        title: plain_object(form::CREDENTIAL, 24),
        close: plain_object(form::CLOSE, 24),
        blocks,
    };
    RevealBody { trigger_id: trigger, view }
}

/// A request form as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// What is asked.
    pub ask: Ask,
    /// Whether at once, without approval.
    pub break_glass: bool,
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
    Ok(Sent { ask, break_glass: view.values.contains_key("glass") })
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
        ReasonCode::BadStart => "starts".to_owned(),
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
        | ReasonCode::Never
        | ReasonCode::NotEligible
        | ReasonCode::Conflict
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
    let known = ["role", "duration", "reason"].into_iter().find(|b| view.blocks.contains(*b));
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

fn modal(callback: &str, title: &str, private_metadata: &str, blocks: Vec<Value>) -> Value {
    json!({
        "type": "modal",
        "callback_id": callback,
        "private_metadata": private_metadata,
        "title": plain_object(title, 24),
        "submit": plain_object(form::SEND, 24),
        "close": plain_object(form::CANCEL, 24),
        "blocks": blocks,
    })
}

fn role_block(chosen: Option<Value>) -> Value {
    let mut element = json!({
        "type": "external_select",
        "action_id": ROLE_SEARCH,
        "min_query_length": 0,
        "placeholder": plain_object(form::ROLE_EMPTY, 150),
    });
    if let (Some(chosen), Some(fields)) = (chosen, element.as_object_mut()) {
        fields.insert("initial_option".to_owned(), chosen);
    }
    let mut block = input("role", form::ROLE, Some(form::ROLE_HINT), false, element);
    if let Some(fields) = block.as_object_mut() {
        fields.insert("dispatch_action".to_owned(), Value::Bool(true));
    }
    block
}

fn duration_block(id: &str, label: &str, most: Option<Span>, wanted: Span) -> Value {
    let most = most.unwrap_or(Span::days(7));
    let chosen = wanted.min(most);
    let mut lengths: Vec<Span> = LENGTHS.into_iter().filter(|span| *span <= most).collect();
    lengths.extend([chosen, most]);
    lengths.retain(|span| !span.is_zero());
    lengths.sort_unstable();
    lengths.dedup();
    let choice = |span: &Span| option(&span.words(), &span.to_string(), None);
    let mut element = json!({
        "type": "static_select",
        "action_id": "duration",
        "options": lengths.iter().map(choice).collect::<Vec<_>>(),
    });
    if let (false, Some(fields)) = (chosen.is_zero(), element.as_object_mut()) {
        fields.insert("initial_option".to_owned(), choice(&chosen));
    }
    input(id, label, None, false, element)
}

fn text_block(
    id: &str,
    label: &str,
    hint: Option<&str>,
    least: u32,
    most: u32,
    filled: Option<&str>,
) -> Value {
    let mut element = json!({
        "type": "plain_text_input",
        "action_id": id,
        "multiline": true,
        "min_length": least,
        "max_length": most,
    });
    let filled = filled.map(|text| cut(&super::text::clean(text), usize::try_from(most).unwrap_or(0)));
    if let (Some(text), Some(fields)) = (filled.filter(|text| !text.is_empty()), element.as_object_mut()) {
        fields.insert("initial_value".to_owned(), Value::from(text));
    }
    input(id, label, hint, false, element)
}

fn ticket_block(optional: bool) -> Value {
    let element = json!({"type": "plain_text_input", "action_id": "ticket", "max_length": 300});
    input("ticket", form::TICKET, Some(form::TICKET_HINT), optional, element)
}

/// Free text where there are no choices, or none that would fit.
fn field_block(field: &Field, choices: &[String]) -> Value {
    let element = if choices.is_empty() {
        json!({"type": "plain_text_input", "action_id": "field", "max_length": FIELD_MOST})
    } else {
        let choices: Vec<Value> = choices.iter().map(|choice| option(choice, choice, None)).collect();
        json!({"type": "static_select", "action_id": "field", "options": choices})
    };
    input(&format!("field:{}", field.id), &cut(&field.label, FIELD_LABEL_MOST), None, false, element)
}
