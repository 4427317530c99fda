//! Every message and every view that the bot can send, as the JSON that Slack gets. What they say is in the snapshots;
//! here none is forgotten, and each is written to `target/slack-gallery`, where `tests/models` holds it against the
//! models of others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use jitney::engine::EngineError;
use jitney::lifecycle::{Answer, DmKind, Entry, NudgeKind, Refusal, State, StateWord, View};
use jitney::policy::{Reason, ReasonCode};
use jitney::slack::command::CommandError;
use jitney::slack::envelope::{BACK_BUTTON, Press, REPLY, ViewState};
use jitney::slack::identity::Stranger;
use jitney::slack::views::{
    Choice, Reader, Said, Where, direct, list, marker, status, which, with_emergency, with_release,
};
use jitney::slack::{modal, posting, words};
use serde_json::{Value, json};

use super::people::{Story, everybody, pending};
use super::views::{Scene, scenes};
use super::{held, home, limits, looking, sentences, wire};
use crate::jira::samples::every_entry;

/// Which of Slack's models it has to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Model {
    /// The body of `chat.postMessage` and its like.
    Message,
    /// The answer to a command, or at the address that came with an interaction.
    Answer,
    /// What `views.open` and `views.publish` take.
    View,
    /// The choices of a search.
    Options,
    /// What a sent form is refused with.
    Errors,
}

impl Model {
    /// The kind of a file: a view is a `modal` or a `home`.
    fn kind(self, payload: &Value) -> &str {
        match self {
            Self::Message => "message",
            Self::Answer => "answer",
            Self::View => payload["type"].as_str().unwrap(),
            Self::Options => "options",
            Self::Errors => "errors",
        }
    }
}

struct Exhibit {
    model: Model,
    name: String,
    payload: Value,
}

fn exhibit(model: Model, name: impl Into<String>, payload: Value) -> Exhibit {
    Exhibit { model, name: name.into(), payload }
}

/// A match with a word for each variant, and the list of the words: a variant without a word does not compile, and a
/// word without an exhibit is found.
macro_rules! words_of {
    ($all:ident, $word:ident($value:ident: &$type:ty), $($pattern:pat => $name:literal),+ $(,)?) => {
        const $all: &[&str] = &[$($name),+];

        fn $word($value: &$type) -> &'static str {
            match $value {
                $($pattern => $name),+
            }
        }
    };
}

words_of!(VIEWS, view_word(view: &View),
    View::Card => "card",
    View::Approval { .. } => "approval",
    View::Log => "log",
    View::Nudge { kind: NudgeKind::Reminder, .. } => "reminder",
    View::Nudge { kind: NudgeKind::Escalation, .. } => "escalation",
    View::Nudge { kind: NudgeKind::Anew, .. } => "anew",
    View::Copy { .. } => "copy",
    View::Question { .. } => "question",
    View::Answer { .. } => "answer to a question",
    View::Dm { kind: DmKind::Question, .. } => "question to the requester",
    View::Dm { kind: DmKind::Confirm, .. } => "confirm",
    View::Dm { kind: DmKind::Asker, .. } => "to who asked",
    View::Dm { kind: DmKind::Decided, .. } => "decided",
    View::Dm { kind: DmKind::Waiting, .. } => "waiting",
    View::Dm { kind: DmKind::Active, .. } => "active",
    View::Dm { kind: DmKind::Warning, .. } => "warning",
    View::Dm { kind: DmKind::Extended, .. } => "extended",
    View::Dm { kind: DmKind::Ended, .. } => "ended",
    View::Security => "security",
    View::Review { .. } => "review wanted",
    View::ReviewCopy { .. } => "review wanted of an owner",
    View::Finding => "not justified",
    View::Dm { kind: DmKind::Reviewed, .. } => "reviewed",
);

words_of!(ANSWERS, answer_word(answer: &Answer),
    Answer::Submitted { .. } => "submitted",
    Answer::ConfirmationWanted { .. } => "confirmation wanted",
    Answer::Granting { .. } => "granting",
    Answer::Scheduled { .. } => "scheduled",
    Answer::Counted { .. } => "counted",
    Answer::Held { .. } => "held",
    Answer::Redacted { .. } => "redacted",
    Answer::Questioned { .. } => "questioned",
    Answer::Replied { .. } => "replied",
    Answer::Applied { .. } => "applied",
    Answer::Denied { .. } => "denied",
    Answer::Withdrawn { .. } => "withdrawn",
    Answer::Ending { .. } => "ending",
    Answer::Reveal { .. } => "reveal",
    Answer::AlreadyRevealed { .. } => "already revealed",
    Answer::Drilled { .. } => "drilled",
    Answer::Reviewed { .. } => "review written down",
    Answer::Noted => "noted",
    // What is refused is said by its own words.
    Answer::Refused(_) => "refused",
);

words_of!(REFUSALS, refusal_word(refusal: &Refusal),
    Refusal::Rules(_) => "rules",
    Refusal::Settled { .. } => "settled",
    Refusal::Unconfirmed { .. } => "unconfirmed",
    Refusal::NotYours { .. } => "not yours",
    Refusal::MayNotRevoke { .. } => "may not revoke",
    Refusal::NoSuchRequest { .. } => "no such request",
    Refusal::NoSuchRemark { .. } => "no such remark",
    Refusal::NoOpenQuestion { .. } => "no open question",
    Refusal::NoCredential { .. } => "no credential",
    Refusal::NothingToAttest { .. } => "nothing to attest",
    Refusal::NoReviewOwed { .. } => "no review owed",
    Refusal::NoLockdown { .. } => "no lockdown",
    Refusal::SecondOperatorNeeded { .. } => "second operator needed",
    Refusal::UnknownPerson { .. } => "unknown person",
    Refusal::NotAnOperator { .. } => "not an operator",
    Refusal::NotInFlight => "not in flight",
);

words_of!(STRANGERS, stranger_word(stranger: &Stranger),
    Stranger::OtherTeam => "other team",
    Stranger::Bot => "bot",
    Stranger::Unknown { .. } => "unknown",
    Stranger::Leaver => "leaver",
    Stranger::NoTeam => "no team",
    Stranger::Guest { .. } => "guest",
    Stranger::Deactivated => "deactivated",
    Stranger::Unconfirmed { .. } => "unconfirmed",
    Stranger::NoAddress { .. } => "no address",
    Stranger::UnknownAddress { .. } => "unknown by address",
    Stranger::Pinned { .. } => "pinned",
    Stranger::Taken { .. } => "taken",
    Stranger::Later => "later",
);

words_of!(MISUNDERSTANDINGS, misunderstanding_word(error: &CommandError),
    CommandError::UnknownWord { .. } => "unknown word",
    CommandError::RequestId { .. } => "request id",
    CommandError::Person { .. } => "person",
    CommandError::Role { .. } => "role",
    CommandError::TooLong => "too long",
);

words_of!(ENGINE_ERRORS, engine_error_word(error: &EngineError),
    EngineError::Stopped => "stopped",
    EngineError::Store(_) => "store",
);

/// All of it.
static GALLERY: LazyLock<Vec<Exhibit>> = LazyLock::new(gallery);

fn gallery() -> Vec<Exhibit> {
    let mut all: Vec<Exhibit> = scenes().iter().filter_map(message).collect();
    all.extend(notices());
    all.extend(answers());
    all.extend(tables());
    all.extend(wire::forms().into_iter().map(|(name, form)| exhibit(Model::View, name, form)));
    all.extend(
        home::homes().into_iter().map(|(name, view)| exhibit(Model::View, format!("home: {name}"), view)),
    );
    all.extend(refused_forms());
    all.push(exhibit(Model::Options, "choices", looking::choices()));
    all.push(exhibit(Model::Options, "no choices", modal::options(&[], &BTreeMap::new())));
    all.extend(hostile());
    all
}

fn message(scene: &Scene) -> Option<Exhibit> {
    let rendered = scene.rendered()?;
    let channel = match &rendered.channel {
        Where::Approvals => "C0ACCESS",
        Where::Security => "C0SECURITY",
        Where::Direct(_) => "D0ANN",
    };
    let thread = rendered.thread_of.map(|_| "1795341600.000100");
    let mark = marker(scene.story.dossier.request.id, scene.view);
    let payload = posting(&rendered, channel, thread, &mark);
    Some(exhibit(Model::Message, format!("{}: {}", view_word(&scene.view), scene.name), payload))
}

/// What is told of changes of people that are held.
fn notices() -> impl Iterator<Item = Exhibit> {
    held::notices().into_iter().map(|(name, rendered)| {
        let payload = posting(&rendered, "C0SECURITY", None, "held:3f9c2a117be0:1795341600000");
        exhibit(Model::Message, format!("people held: {name}"), payload)
    })
}

/// What has to fit whatever people write.
fn hostile() -> Vec<Exhibit> {
    let mut seen = BTreeSet::new();
    let messages = limits::HOSTILE_MESSAGES.iter().map(|(view, rendered)| {
        let payload = posting(rendered, "C0ACCESS", None, "R1042:hostile");
        exhibit(Model::Message, format!("hostile, {}", view_word(view)), payload)
    });
    let answers = limits::hostile_answers().into_iter();
    let answers = answers.map(|said| exhibit(Model::Answer, "hostile answer", said.answer()));
    let forms = limits::hostile_forms().into_iter();
    let forms = forms.map(|form| exhibit(Model::View, "hostile form", form));
    messages.chain(answers).chain(forms).filter(|exhibit| seen.insert(exhibit.payload.to_string())).collect()
}

/// Each sentence that answers somebody, in one of the ways in which it gets there.
fn answers() -> Vec<Exhibit> {
    let mut said: Vec<(String, String)> = Vec::new();
    let people = everybody();
    for answer in sentences::answers() {
        said.push((format!("answer, {}", answer_word(&answer)), words::answer(&people, &answer)));
    }
    let refused = Answer::Refused(Refusal::NotInFlight);
    said.push((format!("answer, {}", answer_word(&refused)), words::answer(&people, &refused)));
    for refusal in sentences::refusals() {
        said.push((format!("refusal, {}", refusal_word(&refusal)), words::refused(&refusal)));
    }
    for stranger in sentences::strangers() {
        said.push((format!("stranger, {}", stranger_word(&stranger)), words::stranger(&stranger)));
    }
    for error in sentences::misunderstandings() {
        let sentence = words::not_understood("/jit", &error);
        said.push((format!("misunderstanding, {}", misunderstanding_word(&error)), sentence));
    }
    for error in sentences::engine_errors() {
        said.push((format!("engine, {}", engine_error_word(&error)), words::engine_failed(&error)));
    }
    let others = sentences::troubles().into_iter().chain(sentences::unknown_roles());
    said.extend(others.chain(looking::sayings()).enumerate().map(|(n, said)| (format!("saying, {n}"), said)));
    // An empty note is left out where it would stand.
    said.retain(|(_, sentence)| !sentence.is_empty());
    let mut all = Vec::new();
    for (number, (name, sentence)) in said.into_iter().enumerate() {
        let said = Said::from(sentence.clone());
        all.push(match number % 4 {
            0 => exhibit(Model::Answer, name, said.answer()),
            1 => exhibit(Model::Answer, name, said.reply()),
            2 => exhibit(Model::Message, name, said.whisper("C0ACCESS", "U0ANN")),
            _ => exhibit(Model::Message, name, direct("D0ANN", &sentence)),
        });
    }
    all
}

/// The answers that are more than a sentence.
fn tables() -> Vec<Exhibit> {
    let (people, states) = (everybody(), every_state());
    let requests: Vec<_> = states.iter().map(|story| story.dossier.request.clone()).collect();
    let active = Story::new(State::Active { warned: false }).granted().dossier.request;
    let mut all = vec![
        exhibit(
            Model::Answer,
            "submitted, with a way to have it at once",
            with_emergency("R1042 is on its way.".to_owned(), &Story::new(pending(0)).dossier.request)
                .reply(),
        ),
        exhibit(Model::Answer, "why a request", looking::kept().answer()),
        exhibit(Model::Answer, "list: nothing", list("/jit", &[]).answer()),
        exhibit(Model::Answer, "list: one", list("/jit", &requests[..1]).answer()),
        exhibit(Model::Answer, "list: every state", list("/jit", &requests).answer()),
        exhibit(Model::Answer, "which to extend", which(&requests[..2], Choice::Extend).answer()),
        exhibit(Model::Answer, "which to release", which(&requests[..2], Choice::Release).answer()),
        exhibit(Model::Answer, "which to revoke", which(&vec![active.clone(); 25], Choice::Revoke).answer()),
        exhibit(
            Model::Answer,
            "credential seen before",
            with_release("Shown already.".to_owned(), &active).reply(),
        ),
    ];
    for story in &states {
        for reader in [Reader::Requester, Reader::MayRevoke, Reader::Onlooker] {
            let said = status(&people, &story.dossier, reader);
            let name = format!("status: {:?}, {reader:?}", story.dossier.request.state.word());
            all.push(exhibit(Model::Answer, name, said.answer()));
        }
    }
    all
}

/// One request in each state, from the scenes of its card.
fn every_state() -> Vec<Story> {
    let mut seen = BTreeSet::new();
    let cards = scenes().into_iter().filter(|scene| scene.view == View::Card);
    cards.map(|scene| scene.story).filter(|story| seen.insert(story.dossier.request.state.word())).collect()
}

/// Each form that is filled in, refused at its fields.
fn refused_forms() -> Vec<Exhibit> {
    let reasons = [ReasonCode::OverMaximum, ReasonCode::Ticket, ReasonCode::Never].map(|code| Reason {
        code,
        rule: "billing/read".to_owned(),
        saw: "9 hours".to_owned(),
        wants: "8 hours at most".to_owned(),
    });
    let forms = wire::forms().into_iter().filter(|(_, form)| form["submit"].is_object());
    forms
        .map(|(name, form)| {
            let view = as_sent(&form);
            let errors = modal::field_errors(&view, &reasons);
            assert!(errors.keys().all(|block| view.blocks.contains(block)), "{name}: {errors:?}");
            let payload = json!({"response_action": "errors", "errors": errors});
            exhibit(Model::Errors, format!("{name}, refused"), payload)
        })
        .collect()
}

fn as_sent(form: &Value) -> ViewState {
    let blocks = form["blocks"].as_array().unwrap().iter().filter(|block| block["type"] == "input");
    ViewState {
        id: "V1".to_owned(),
        hash: None,
        callback: form["callback_id"].as_str().unwrap().to_owned(),
        private_metadata: form["private_metadata"].as_str().unwrap_or_default().to_owned(),
        values: Default::default(),
        blocks: blocks.map(|block| block["block_id"].as_str().unwrap().to_owned()).collect(),
    }
}

#[test]
fn the_gallery_has_every_message_and_every_view() {
    let all = &*GALLERY;
    let names: BTreeSet<&str> = all.iter().map(|exhibit| exhibit.name.as_str()).collect();
    let missing = |before: &str, words: &[&str], after: &str| -> Vec<String> {
        let wanted = words.iter().map(|word| format!("{before}{word}{after}"));
        wanted.filter(|start| !names.iter().any(|name| name.starts_with(start.as_str()))).collect()
    };
    for (before, words, after) in [
        ("", VIEWS, ": "),
        ("answer, ", ANSWERS, ""),
        ("refusal, ", REFUSALS, ""),
        ("stranger, ", STRANGERS, ""),
        ("misunderstanding, ", MISUNDERSTANDINGS, ""),
        ("engine, ", ENGINE_ERRORS, ""),
    ] {
        assert_eq!(missing(before, words, after), Vec::<String>::new(), "no example of these");
    }
    let states: BTreeSet<StateWord> = every_state().iter().map(|s| s.dossier.request.state.word()).collect();
    assert_eq!(states, BTreeSet::from(StateWord::ALL), "a card in each state");
    let logs = scenes().into_iter().filter(|scene| scene.view == View::Log);
    let told = kinds(logs.flat_map(|scene| scene.story.dossier.entries));
    assert_eq!(told, kinds(every_entry()), "the log with each kind of entry");
    let whole: String = all.iter().map(|exhibit| exhibit.payload.to_string()).collect();
    assert!(whole.contains(REPLY), "no button that answers a question");
    assert!(whole.contains(BACK_BUTTON), "no button that ends an absence");
    for press in Press::ALL {
        assert!(whole.contains(&format!("\"action_id\":\"{}\"", press.action_id())), "no button {press:?}");
    }
    // Forms are told apart by these constants alone.
    let source = include_str!("../../../src/slack/modal.rs");
    let callbacks =
        source.lines().filter(|line| line.starts_with("pub const ") && line.contains("_FORM: &str"));
    let callbacks: Vec<&str> = callbacks.map(|line| line.split('"').nth(1).unwrap()).collect();
    assert!(callbacks.contains(&modal::REQUEST_FORM));
    for callback in callbacks {
        assert!(whole.contains(&format!("\"callback_id\":\"{callback}\"")), "no form {callback}");
    }
}

fn kinds(entries: impl IntoIterator<Item = Entry>) -> BTreeSet<String> {
    let kind = |entry: Entry| serde_json::to_value(entry.what).unwrap()["kind"].as_str().unwrap().to_owned();
    entries.into_iter().map(kind).collect()
}

#[test]
fn every_message_says_something_without_its_blocks() {
    for exhibit in &*GALLERY {
        match exhibit.model {
            Model::Message | Model::Answer => {
                let text = exhibit.payload["text"].as_str().unwrap_or_default();
                assert!(text.chars().any(char::is_alphabetic), "{}: {text:?}", exhibit.name);
            }
            Model::View | Model::Options | Model::Errors => {}
        }
    }
}

/// One file each, named by what is in it; those of an earlier run go.
#[test]
fn the_gallery_is_written_for_the_models_of_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/slack-gallery");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (number, Exhibit { model, name, payload }) in GALLERY.iter().enumerate() {
        let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let kind = model.kind(payload);
        let file = folder.join(format!("{number:03}-{kind}-{plain}.json"));
        let written = json!({"kind": kind, "name": name, "payload": payload});
        std::fs::write(file, format!("{written:#}\n")).unwrap();
    }
}
