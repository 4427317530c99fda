//! The world of a journey, with the few verbs that journeys are told in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jitney::engine::{Command, Dossier, EngineHandle, Filter, Verb};
use jitney::ids::{PersonId, RequestId};
use jitney::lifecycle::{Actor, Answer, DmKind, Request, StateWord, View};
use jitney::playground::people::ACCESS_CHANNEL;
use jitney::playground::slack::{Click, LocalSlack, Message, Place, Settings, Snapshot, Submitted, Which};
use jitney::playground::world::World;
use jitney::policy::Person;
use jitney::time::{Clock as _, Span, Timestamp};
use secrecy::ExposeSecret as _;

/// How long an answer may take in real time.
pub(super) const SOON: Duration = Duration::from_secs(20);

pub(super) const CARD: View = View::Card;
pub(super) const APPROVAL: View = View::Approval { stage: 0 };
pub(super) const ACTIVE: View = View::Dm { kind: DmKind::Active, number: 1 };

/// A world that is told of, in a folder that goes away with it.
pub(super) struct Journey {
    pub(super) world: World,
    pub(super) htpasswd_at_first: Vec<u8>,
    pub(super) secrets: Mutex<BTreeSet<String>>,
    /// What Slack is expected to refuse: a method, a space and an error.
    pub(super) refusals: BTreeSet<&'static str>,
    _folder: Folder,
}

/// The last to be dropped.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Drop for Journey {
    fn drop(&mut self) {
        // A journey that failed has told why.
        if !std::thread::panicking() {
            super::seen::write(&self.slack().snapshot());
        }
    }
}

impl Journey {
    pub(super) async fn start() -> Self {
        Self::start_with(|_| (), |_| ()).await
    }

    /// `shape` changes the workspace, `prepare` the files, before the bot starts.
    pub(super) async fn start_with(shape: impl FnOnce(&mut Settings), prepare: impl FnOnce(&Path)) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let _ = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::WARN)
            .with_writer(tracing_subscriber::fmt::TestWriter::default())
            .try_init();
        let name = format!("jitney-journey-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let folder = Folder(std::env::temp_dir().join(name));
        std::fs::create_dir_all(&folder.0).unwrap();
        let prepare = |folder: &Path| {
            prepare(folder);
            Ok(())
        };
        let world = World::start_prepared(&folder.0, shape, prepare).await.unwrap();
        let htpasswd_at_first = std::fs::read(folder.0.join("htpasswd")).unwrap();
        Self {
            world,
            htpasswd_at_first,
            secrets: Mutex::default(),
            refusals: BTreeSet::new(),
            _folder: folder,
        }
    }

    pub(super) fn slack(&self) -> &LocalSlack {
        &self.world.playground.slack
    }

    pub(super) fn engine(&self) -> &EngineHandle {
        self.world.engine().unwrap()
    }

    /// Has the directory say this of everybody, and waits until it is in force.
    pub(super) async fn people_are(&self, people: Vec<Person>) {
        let table = BTreeMap::from([("people", &people)]);
        let file = self.world.folder().join("people.toml");
        std::fs::write(file, toml::to_string(&table).unwrap()).unwrap();
        let people: BTreeMap<_, _> = people.iter().map(|person| (&person.id, person)).collect();
        let soon = tokio::time::Instant::now() + SOON;
        while !self.engine().people().iter().eq(people.values().copied()) {
            assert!(tokio::time::Instant::now() < soon, "{:?}", self.engine().people());
            self.world.look_again().unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.rest().await;
    }

    /// Has the directory say something else of one person.
    pub(super) async fn is_now(&self, who: &str, change: impl FnOnce(&mut Person)) {
        let mut people: Vec<Person> = self.engine().people().iter().cloned().collect();
        change(people.iter_mut().find(|one| one.id == person(who)).unwrap());
        self.people_are(people).await;
    }

    // ---- what people do ----

    /// Fills in the form by a command, and sends it.
    pub(super) async fn ask(&self, who: &str, role: &str, length: &str) -> RequestId {
        let asked = self.try_ask(who, role, length).await;
        let id = asked.unwrap_or_else(|words| panic!("{who} was refused: {words}"));
        self.rest().await;
        id
    }

    /// The request, or what the form says instead.
    pub(super) async fn try_ask(&self, who: &str, role: &str, length: &str) -> Result<RequestId, String> {
        let line = format!("/jit request {role} for {length} because something there wants mending");
        let seen = self.slack().say_slash(&account(who), ACCESS_CHANNEL, &line).await.unwrap();
        assert!(seen.modal.is_some(), "no form opened: {seen:?}");
        self.send_form(who).await.map(|words| request_in(&words))
    }

    /// Sends the form on top and closes what it turned into: what it says then, or what it complains of.
    pub(super) async fn send_form(&self, who: &str) -> Result<String, String> {
        let sent = self.slack().submit(&account(who)).await.unwrap();
        let said = match sent {
            Submitted::Updated(view) => Ok(view.words()),
            Submitted::Errors(errors) => Err(errors.into_values().collect::<Vec<_>>().join("\n")),
            other => panic!("{other:?}"),
        };
        self.slack().close_view(&account(who)).await.unwrap();
        said
    }

    /// Presses a button and waits for what only this person reads then.
    pub(super) async fn click(&self, who: &str, id: RequestId, view: View, action: &str) -> String {
        let click = self.remember(who, id, view, action).await;
        let before = self.heard(who);
        let seen = self.slack().click_stale(&click).await;
        assert!(!seen.warned, "{seen:?}");
        self.hears(who, before + 1).await
    }

    pub(super) async fn approve(&self, who: &str, id: RequestId) -> String {
        let said = self.click(who, id, APPROVAL, "jit_approve").await;
        self.rest().await;
        said
    }

    /// Asks, and has it approved by this person.
    pub(super) async fn granted(&self, who: &str, role: &str, length: &str, approver: &str) -> RequestId {
        let id = self.ask(who, role, length).await;
        let said = self.approve(approver, id).await;
        assert!(said.contains("approved in full"), "{said}");
        self.is(id, StateWord::Active).await;
        id
    }

    pub(super) async fn release(&self, who: &str, id: RequestId) -> String {
        let said = self.click(who, id, ACTIVE, "jit_release").await;
        self.rest().await;
        said
    }

    /// Keeps a press of a button as it is now.
    pub(super) async fn remember(&self, who: &str, id: RequestId, view: View, action: &str) -> Click {
        let message = self.message(id, view).await.unwrap_or_else(|| panic!("{id} has no {view:?}"));
        let place = Place::Message { channel: message.channel, ts: message.ts };
        self.slack().remember_click(&account(who), &place, &Which::action(action), None).unwrap()
    }

    /// Asks for more time through the form that the message to the requester opens.
    pub(super) async fn extend(&self, who: &str, id: RequestId, length: &str) -> RequestId {
        let click = self.remember(who, id, ACTIVE, "jit_extend").await;
        let _ = self.slack().click_stale(&click).await;
        self.modal(who, "Ask for more time").await;
        let user = account(who);
        self.slack().fill(&user, "duration", length).await.unwrap();
        self.slack().fill(&user, "why", "the import still runs").await.unwrap();
        let words = self.send_form(who).await.unwrap();
        self.rest().await;
        request_in(&words)
    }

    /// Denies through the form.
    pub(super) async fn deny(&self, who: &str, id: RequestId, reason: &str) -> String {
        let click = self.remember(who, id, APPROVAL, "jit_deny").await;
        let _ = self.slack().click_stale(&click).await;
        self.modal(who, "Deny this request").await;
        self.slack().fill(&account(who), "reason", reason).await.unwrap();
        let said = self.send_form(who).await.unwrap();
        self.rest().await;
        said
    }

    /// Acts without Slack.
    pub(super) async fn submit(&self, who: &str, verb: Verb) -> Answer {
        let id = person(who);
        let name = self.engine().people().get(&id).unwrap().name.clone();
        let by = Actor::Person { id, name };
        self.engine().submit(Command { key: None, by, verb }).await.unwrap()
    }

    // ---- what people see ----

    /// How often this person was told something that only they read.
    pub(super) fn heard(&self, who: &str) -> usize {
        self.slack().snapshot().told(&account(who)).count()
    }

    /// Waits until this person was told so many things; the last of them.
    pub(super) async fn hears(&self, who: &str, count: usize) -> String {
        let user = account(who);
        let last = |s: &Snapshot| s.told(&user).nth(count.checked_sub(1)?).map(Message::words);
        self.slack().wait_for(SOON, last).await.unwrap_or_else(|_| panic!("{who} hears nothing"))
    }

    /// Waits for a window with this title; its words.
    pub(super) async fn modal(&self, who: &str, title: &str) -> String {
        let user = account(who);
        let open =
            |s: &Snapshot| s.modal(&user).filter(|view| view.title() == title).map(|view| view.words());
        self.slack().wait_for(SOON, open).await.unwrap_or_else(|_| panic!("{who} sees no `{title}`"))
    }

    /// A message of a request as it stands.
    pub(super) async fn message(&self, id: RequestId, view: View) -> Option<Message> {
        let posted = self.dossier(id).await.messages.get(&view)?.clone();
        self.slack().snapshot().messages(&posted.channel).find(|m| m.ts == posted.ts).cloned()
    }

    pub(super) async fn words(&self, id: RequestId, view: View) -> String {
        self.message(id, view).await.unwrap_or_else(|| panic!("{id} has no {view:?}")).words()
    }

    // ---- what is so ----

    pub(super) async fn dossier(&self, id: RequestId) -> Dossier {
        self.engine().dossier(id).await.unwrap().unwrap()
    }

    pub(super) async fn state(&self, id: RequestId) -> StateWord {
        self.dossier(id).await.request.state.word()
    }

    pub(super) async fn is(&self, id: RequestId, state: StateWord) {
        assert_eq!(self.state(id).await, state, "{id}: {:#?}", self.kinds(id).await);
    }

    /// The kinds of a request's entries, in order.
    pub(super) async fn kinds(&self, id: RequestId) -> Vec<String> {
        let kind = |what| serde_json::to_value(what).unwrap()["kind"].as_str().unwrap().to_owned();
        self.dossier(id).await.entries.iter().map(|entry| kind(&entry.what)).collect()
    }

    /// How often its story tells such a thing.
    pub(super) async fn times(&self, id: RequestId, kind: &str) -> usize {
        self.kinds(id).await.iter().filter(|k| *k == kind).count()
    }

    /// One grant, seen there once, and one revocation, seen gone once.
    pub(super) async fn came_and_went_once(&self, id: RequestId) {
        self.is(id, StateWord::Revoked).await;
        for kind in ["provisioning", "granted", "activated", "ending", "gone", "revoked", "closed"] {
            assert_eq!(self.times(id, kind).await, 1, "{kind}: {:#?}", self.kinds(id).await);
        }
    }

    pub(super) async fn all(&self) -> Vec<Request> {
        self.engine().list(Filter { limit: 1000, ..Filter::default() }).await.unwrap()
    }

    pub(super) async fn expires_at(&self, id: RequestId) -> Timestamp {
        self.dossier(id).await.request.times.unwrap().expires_at
    }

    /// Logins of ours in the password file.
    pub(super) fn logins(&self) -> Vec<String> {
        let file = std::fs::read_to_string(self.world.folder().join("htpasswd")).unwrap();
        let names = file.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.to_owned());
        names.filter(|name| name.starts_with("jit-")).collect()
    }

    // ---- time ----

    /// Comes to rest, and writes down which credentials there are.
    pub(super) async fn rest(&self) {
        self.world.rest().await.unwrap();
        let filter = Filter { states: [StateWord::Active].into(), limit: 1000, requester: None };
        for request in self.engine().list(filter).await.unwrap() {
            if let Some(secret) = self.engine().credential(request.id).await.unwrap() {
                self.secrets.lock().unwrap().insert(secret.expose_secret().to_owned());
            }
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.playground.clock.wall()
    }

    pub(super) async fn pass(&self, span: Span) {
        self.world.pass(span).await.unwrap();
        self.rest().await;
    }

    /// Until nothing is due any more.
    pub(super) async fn until_over(&self) {
        while self.world.jump().await.unwrap().is_some() {}
    }
}

pub(super) fn account(who: &str) -> String {
    format!("U0{}", who.to_uppercase())
}

pub(super) fn person(who: &str) -> PersonId {
    PersonId::new(&format!("{who}@example.com")).unwrap()
}

/// The first request that is named.
pub(super) fn request_in(words: &str) -> RequestId {
    let mut tokens = words.split(|c: char| !c.is_ascii_alphanumeric());
    tokens.find_map(|token| token.parse().ok()).unwrap_or_else(|| panic!("no request in: {words}"))
}
