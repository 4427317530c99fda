//! The forms: request, extension, a reason for a denial or a revocation.

mod choices;
mod emergency;
mod review;
mod sent;

pub use choices::options;
pub use emergency::{Emergency, emergency};
pub use review::review;
pub use sent::{
    FieldErrors, MoreTime, Sent, field_errors, first_field_error, read_approve_less, read_extend,
    read_question, read_reason, read_reply, read_request, read_review,
};

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Value, json};

use super::blocks::{context, input, option, plain_object, section, section_plain};
use super::envelope::{ROLE_SEARCH, question_value};
use super::text::cut;
use super::words::{self, form};
use crate::ids::{IssueKey, PersonId, RoleRef};
use crate::lifecycle::Request;
use crate::policy::{Field, People, PolicySet, TicketRule, stage_approvers};
use crate::time::{Span, Timestamp};

/// `callback_id` of the request form.
pub const REQUEST_FORM: &str = "jit_request_form";
/// `callback_id` of the form for access at once.
pub const EMERGENCY_FORM: &str = "jit_emergency_form";
/// `callback_id` of the extension form.
pub const EXTEND_FORM: &str = "jit_extend_form";
/// `callback_id` of the form that approves for less time.
pub const APPROVE_LESS_FORM: &str = "jit_approve_less_form";
/// `callback_id` of the denial form.
pub const DENY_FORM: &str = "jit_deny_form";
/// `callback_id` of the form for a question.
pub const QUESTION_FORM: &str = "jit_question_form";
/// `callback_id` of the form for an answer.
pub const REPLY_FORM: &str = "jit_reply_form";
/// `callback_id` of the form of a review.
pub const REVIEW_FORM: &str = "jit_review_form";
/// `callback_id` of the revocation form.
pub const REVOKE_FORM: &str = "jit_revoke_form";

/// A justification.
pub(in crate::slack) const WHY_LEAST: u32 = 10;
const WHY_MOST: u32 = 1000;
/// A decider's reason.
const REASON_MOST: u32 = 500;
const QUESTION_LEAST: u32 = 5;
/// A question as the form for its answer quotes it.
const QUOTED_MOST: usize = 1000;
/// Extra fields in one form, and choices of all of them together: a view may have 250 kB.
const FIELDS_MOST: usize = 20;
const CHOICES_MOST: usize = 150;
const FIELD_LABEL_MOST: usize = 150;
/// A field's free text.
const FIELD_MOST: u32 = 500;
/// A length of time in somebody's own words.
const OWN_MOST: u32 = 60;

/// Too short to be offered to who asks; not to who approves less.
const SHORT_LENGTHS: [Span; 2] = [Span::mins(5), Span::mins(10)];
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
    /// From when; at once when there is none.
    pub starts_at: Option<Timestamp>,
    /// Why.
    pub because: Option<String>,
    /// For which ticket.
    pub ticket: Option<IssueKey>,
    /// For whom, when it is somebody else: their account.
    pub whom: Option<String>,
    /// What stands in the role's own fields, by their ids.
    pub fields: BTreeMap<String, String>,
    /// What the person should know of what they typed or chose, nine pieces at most. Mrkdwn.
    pub notes: Vec<String>,
}

/// The request form. It has the fields that the role in it wants.
#[must_use]
pub fn request(policies: &PolicySet, people: &People, who: &PersonId, draft: &Draft) -> Value {
    let found = draft.role.as_ref().and_then(|reference| {
        let app = policies.apps.get(&reference.app)?;
        Some((reference, app, app.roles.get(&reference.role)?))
    });
    let mut blocks = vec![role_block(found.map(|(reference, app, role)| {
        option(&format!("{} · {}", app.name, role.name), &reference.to_string(), None)
    }))];
    let tier = found.and_then(|(_, _, role)| policies.tiers.get(&role.tier));
    let mut about = Vec::new();
    if let Some((_, app, role)) = found {
        let approvers = tier.map(|tier| stage_approvers(tier, &app.owners, who, people, people.as_of()));
        let approval = tier.zip(approvers.as_deref());
        about.push(words::role_about(app, role));
        about.extend(
            approval.map(|(tier, stages)| words::approval_path(people, tier, stages, role.max_duration)),
        );
    }
    about.extend(draft.notes.iter().cloned());
    about.retain(|piece| !piece.is_empty());
    if !about.is_empty() {
        blocks.push(context("about", &about));
    }
    // The role is in the block's id, so that Slack forgets a length that the next role may not allow.
    let id = found.map_or_else(|| "duration:".to_owned(), |(reference, ..)| format!("duration:{reference}"));
    let most = found.map(|(_, _, role)| role.max_duration);
    let usual = found.map_or(Span::hours(1), |(_, _, role)| role.default_duration);
    blocks.push(duration_block(&id, form::DURATION, most, draft.duration.unwrap_or(usual)));
    let ticket = found.map_or(TicketRule::Optional, |(_, _, role)| role.ticket);
    let because = because(draft, ticket);
    let hint = Some(form::WHY_HINT);
    blocks.push(text_block("why", form::WHY, hint, WHY_LEAST, WHY_MOST, because.as_deref()));
    match ticket {
        TicketRule::None => {}
        TicketRule::Optional => blocks.push(ticket_block(true, draft.ticket.as_ref())),
        TicketRule::Required => blocks.push(ticket_block(false, draft.ticket.as_ref())),
    }
    if let Some((_, _, role)) = found {
        let mut room = CHOICES_MOST;
        for field in role.fields.iter().take(FIELDS_MOST) {
            let choices = field.choices.get(..field.choices.len().min(room).min(100)).unwrap_or_default();
            room -= choices.len();
            let filled = draft.fields.get(&field.id).map(String::as_str);
            blocks.push(field_block(field, choices, filled));
        }
    }
    blocks.push(starts_block(draft.starts_at));
    blocks.push(whom_block(draft.whom.as_deref()));
    if tier.is_some_and(|tier| tier.break_glass.is_some()) {
        let boxes = json!({"type": "checkboxes", "action_id": "glass",
            "options": [option(form::GLASS_BOX, "glass", Some(form::GLASS_ABOUT))]});
        blocks.push(input("glass", form::GLASS, None, true, boxes));
    }
    modal(REQUEST_FORM, form::REQUEST, "", blocks)
}

/// A ticket that has no field of its own stands in the reason.
fn because(draft: &Draft, rule: TicketRule) -> Option<String> {
    let because = draft.because.as_deref();
    match (rule, &draft.ticket) {
        (TicketRule::None, Some(ticket)) if !because.is_some_and(|text| text.contains(ticket.as_str())) => {
            Some(because.map_or_else(|| ticket.to_string(), |text| format!("{text} ({ticket})")))
        }
        (TicketRule::None | TicketRule::Optional | TicketRule::Required, _) => because.map(str::to_owned),
    }
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

/// Asks for how long it is approved instead.
#[must_use]
pub fn approve_less(request: &Request) -> Value {
    let asked = request.ask.duration;
    let shorter: Vec<Span> = SHORT_LENGTHS.into_iter().chain(LENGTHS).filter(|span| *span < asked).collect();
    let mut blocks = vec![section("about", &words::decide_about(request))];
    if let Some(longest) = shorter.last() {
        blocks.push(choose_length("duration", form::LESS, &shorter, Some(*longest)));
    }
    let own = json!({"type": "plain_text_input", "action_id": "own", "max_length": OWN_MOST});
    blocks.push(input("duration_own", form::OWN, Some(form::OWN_HINT), !shorter.is_empty(), own));
    modal(APPROVE_LESS_FORM, form::APPROVE_LESS, &request.id.to_string(), blocks)
}

/// Asks why it is denied.
#[must_use]
pub fn deny(request: &Request) -> Value {
    reason(DENY_FORM, form::DENY, request, None)
}

/// Asks why the access is taken.
#[must_use]
pub fn revoke(request: &Request, because: Option<&str>) -> Value {
    reason(REVOKE_FORM, form::REVOKE, request, because)
}

/// Asks what the requester shall be asked.
#[must_use]
pub fn question(request: &Request) -> Value {
    let blocks = vec![
        section("about", &words::decide_about(request)),
        text_block("text", form::ASKED, Some(form::ASKED_HINT), QUESTION_LEAST, REASON_MOST, None),
    ];
    modal(QUESTION_FORM, form::QUESTION, &request.id.to_string(), blocks)
}

/// Asks for the answer to a question. `asked_by` is the name of who asked it.
#[must_use]
pub fn reply(request: &Request, question: u32, asked_by: &str, asked: &str) -> Value {
    let blocks = vec![
        section("about", &words::reply_about(request, asked_by)),
        section_plain("asked", asked, QUOTED_MOST),
        text_block("text", form::ANSWERED, Some(form::ANSWERED_HINT), 1, WHY_MOST, None),
    ];
    modal(REPLY_FORM, form::REPLY, &question_value(request.id, question), blocks)
}

fn reason(callback: &str, title: &str, request: &Request, because: Option<&str>) -> Value {
    let blocks = vec![
        section("about", &words::decide_about(request)),
        text_block("reason", form::REASON, Some(form::REASON_HINT), WHY_LEAST, REASON_MOST, because),
    ];
    modal(callback, title, &request.id.to_string(), blocks)
}

/// A window that only says something. Mrkdwn.
#[must_use]
pub fn notice(sentence: &str) -> Value {
    notice_of(&[section("said", sentence)])
}

/// A window with these blocks and nothing to fill in.
#[must_use]
pub fn notice_of(blocks: &[Value]) -> Value {
    json!({
        "type": "modal",
        "title": plain_object(form::SAID, 24),
        "close": plain_object(form::CLOSE, 24),
        "blocks": blocks,
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

fn modal(callback: &str, title: &str, private_metadata: &str, blocks: Vec<Value>) -> Value {
    let mut view = json!({
        "type": "modal",
        "callback_id": callback,
        "title": plain_object(title, 24),
        "submit": plain_object(form::SEND, 24),
        "close": plain_object(form::CANCEL, 24),
        "blocks": blocks,
    });
    if let (false, Some(fields)) = (private_metadata.is_empty(), view.as_object_mut()) {
        fields.insert("private_metadata".to_owned(), Value::from(private_metadata));
    }
    view
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
    choose_length(id, label, &lengths, Some(chosen).filter(|span| !span.is_zero()))
}

fn choose_length(id: &str, label: &str, lengths: &[Span], chosen: Option<Span>) -> Value {
    let choice = |span: &Span| option(&span.words(), &span.to_string(), None);
    let mut element = json!({
        "type": "static_select",
        "action_id": "duration",
        "options": lengths.iter().map(choice).collect::<Vec<_>>(),
    });
    if let (Some(chosen), Some(fields)) = (chosen, element.as_object_mut()) {
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

fn starts_block(filled: Option<Timestamp>) -> Value {
    let mut element = json!({"type": "datetimepicker", "action_id": "starts"});
    if let (Some(at), Some(fields)) = (filled, element.as_object_mut()) {
        fields.insert("initial_date_time".to_owned(), Value::from(at.seconds()));
    }
    input("starts", form::STARTS, Some(form::STARTS_HINT), true, element)
}

fn whom_block(filled: Option<&str>) -> Value {
    let mut element = json!({"type": "users_select", "action_id": "whom"});
    if let (Some(account), Some(fields)) = (filled, element.as_object_mut()) {
        fields.insert("initial_user".to_owned(), Value::from(account));
    }
    input("whom", form::WHOM, Some(form::WHOM_HINT), true, element)
}

fn ticket_block(optional: bool, filled: Option<&IssueKey>) -> Value {
    let mut element = json!({"type": "plain_text_input", "action_id": "ticket", "max_length": 300});
    if let (Some(key), Some(fields)) = (filled, element.as_object_mut()) {
        fields.insert("initial_value".to_owned(), Value::from(key.as_str()));
    }
    input("ticket", form::TICKET, Some(form::TICKET_HINT), optional, element)
}

/// Free text where there are no choices, or none that would fit.
fn field_block(field: &Field, choices: &[String], filled: Option<&str>) -> Value {
    let filled = filled.filter(|text| !text.trim().is_empty());
    let (mut element, initial) = if choices.is_empty() {
        let most = usize::try_from(FIELD_MOST).unwrap_or(0);
        let initial = filled.map(|text| ("initial_value", Value::from(cut(&super::text::clean(text), most))));
        (json!({"type": "plain_text_input", "action_id": "field", "max_length": FIELD_MOST}), initial)
    } else {
        let chosen = choices.iter().find(|choice| Some(choice.as_str()) == filled);
        let initial = chosen.map(|choice| ("initial_option", option(choice, choice, None)));
        let choices: Vec<Value> = choices.iter().map(|choice| option(choice, choice, None)).collect();
        (json!({"type": "static_select", "action_id": "field", "options": choices}), initial)
    };
    if let (Some((key, value)), Some(fields)) = (initial, element.as_object_mut()) {
        fields.insert(key.to_owned(), value);
    }
    input(&format!("field:{}", field.id), &cut(&field.label, FIELD_LABEL_MOST), None, false, element)
}
