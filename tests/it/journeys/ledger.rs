//! What must be true at the end of every journey.

use std::collections::BTreeMap;

use jitney::audit::{Head, Verifier};
use jitney::engine::Dossier;
use jitney::lifecycle::{State, StateWord};
use jitney::store::{Reader, StoreError};

use super::stage::{CARD, Journey};

impl Journey {
    /// Everything ends; then the books are looked through.
    pub(super) async fn end(self) {
        self.until_over().await;
        self.close().await;
    }

    /// Everything has ended: the books are looked through.
    pub(super) async fn close(self) {
        self.look_through().await;
        assert_eq!(self.bytes(), self.htpasswd_at_first, "the password file is as it was");
    }

    /// The books, whatever still goes on.
    pub(super) async fn look_through(&self) {
        self.rest().await;
        self.slack_took_everything();
        for request in self.all().await {
            let dossier = self.dossier(request.id).await;
            self.ticket_tells_the_story(&dossier);
            self.messages_stand_once(&dossier);
            if matches!(dossier.request.state, State::Revoked { .. }) {
                for login in dossier.request.terms.steps.iter().filter_map(|step| step.login.as_deref()) {
                    assert_eq!(self.world.playground.legacy.sessions_of(login), 0, "sessions of {login}");
                    assert!(!self.logins().iter().any(|l| l == login), "{login} is still in the file");
                }
            }
        }
        self.audit_verifies();
        self.secrets_are_nowhere();
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.world.folder().join("htpasswd")).unwrap()
    }

    fn slack_took_everything(&self) {
        let snapshot = self.slack().snapshot();
        assert_eq!(snapshot.complaints, Vec::<String>::new());
        let unexpected: Vec<_> =
            snapshot.refusals.keys().filter(|r| !self.refusals.contains(r.as_str())).collect();
        assert!(unexpected.is_empty(), "{unexpected:?}");
    }

    /// One issue, with every entry once and in order, in the status that goes with the state.
    fn ticket_tells_the_story(&self, dossier: &Dossier) {
        let id = dossier.request.id;
        let title = format!("{id} · ");
        let issues: Vec<_> =
            self.world.jira.issues().into_iter().filter(|i| i.summary.starts_with(&title)).collect();
        assert_eq!(issues.len(), 1, "issues of {id}");
        let issue = &issues[0];
        let comments = self.world.jira.comments(&issue.key);
        let kept = comments
            .iter()
            .flat_map(|comment| comment.properties["jitney.entries"]["ids"].as_array().unwrap().clone());
        let kept: Vec<String> = kept.map(|entry| entry.as_str().unwrap().to_owned()).collect();
        let lines = comments.iter().flat_map(|comment| comment.text.lines());
        let read: Vec<String> = lines
            .filter_map(|line| line.strip_prefix("- ")?.split_once(" · "))
            .map(|(entry, _)| entry.to_owned())
            .filter(|entry| entry.starts_with(&format!("{id}-")))
            .collect();
        let story: Vec<String> = dossier.entries.iter().map(|entry| entry.id.to_string()).collect();
        assert_eq!(read, story, "what the comments of {id} say");
        assert_eq!(kept, story, "what the comments of {id} carry");
        let status = match dossier.request.state.word() {
            StateWord::Pending => "Waiting for approval",
            StateWord::Active => "In Progress",
            StateWord::Revoked | StateWord::Applied => "Done",
            StateWord::Denied | StateWord::Withdrawn | StateWord::Lapsed => "Declined",
            StateWord::Scheduled | StateWord::Granting | StateWord::Revoking => return,
        };
        assert_eq!(issue.status, status, "the status of {id}");
    }

    /// Each message once, and the card in its last words.
    fn messages_stand_once(&self, dossier: &Dossier) {
        let snapshot = self.slack().snapshot();
        let id = dossier.request.id;
        let prefix = format!("{id}:");
        let mut marks: BTreeMap<String, u32> = BTreeMap::new();
        for message in snapshot.channels.values().flat_map(|c| &c.messages).filter(|m| !m.deleted) {
            let mark = message.metadata.as_ref().and_then(|m| m["event_payload"]["id"].as_str());
            if let Some(mark) = mark.filter(|mark| mark.starts_with(&prefix)) {
                *marks.entry(mark.to_owned()).or_default() += 1;
            }
        }
        assert!(marks.values().all(|count| *count == 1), "messages of {id}: {marks:?}");
        assert_eq!(marks.len(), dossier.messages.len(), "messages of {id}: {marks:?} {:?}", dossier.messages);
        let asked_by = dossier.request.asked_by.as_ref();
        if asked_by.is_some_and(|asked_by| asked_by.confirmed_at.is_none()) {
            assert!(!dossier.messages.contains_key(&CARD), "{id} has a card, and nobody confirmed it");
            return;
        }
        let card = &dossier.messages[&CARD];
        let card = snapshot.messages(&card.channel).find(|m| m.ts == card.ts).unwrap();
        let headline = match dossier.request.state.word() {
            StateWord::Pending => "Waiting for approval",
            StateWord::Scheduled => "Approved, starts later",
            StateWord::Granting => "Approved, granting now",
            StateWord::Active => "Active",
            StateWord::Revoking => "Could not be removed yet",
            StateWord::Revoked => "Ended",
            StateWord::Applied => "Extended",
            StateWord::Denied => "Denied",
            StateWord::Withdrawn if dossier.request.kind.is_drill() => "DRILL, nothing was given",
            StateWord::Withdrawn => "Withdrawn",
            StateWord::Lapsed => "Lapsed",
        };
        assert!(card.text.starts_with(headline), "the card of {id} says: {}", card.text);
    }

    fn audit_verifies(&self) {
        let reader = Reader::open(&self.world.folder().join("jitney.db")).unwrap();
        let mut verifier = Verifier::after(Head::genesis(&reader.instance_id().unwrap()));
        let mut broken = Vec::new();
        reader
            .for_each_record(1, |record| {
                broken.extend(verifier.feed(&record).err());
                Ok::<_, StoreError>(())
            })
            .unwrap();
        assert!(broken.is_empty(), "{broken:?}");
        assert_eq!(verifier.finish().unwrap(), reader.head().unwrap());
    }

    /// In no ticket, message or file of the bot's; the window that showed it is the only place.
    fn secrets_are_nowhere(&self) {
        let snapshot = self.slack().snapshot();
        let mut places = vec![("homes", format!("{:?}", snapshot.homes))];
        places.push(("channels", format!("{:?}", snapshot.channels)));
        places.push(("whispers", format!("{:?}", snapshot.ephemerals)));
        for issue in self.world.jira.issues() {
            places.push(("issue", format!("{issue:?}")));
            places.push(("comments", format!("{:?}", self.world.jira.comments(&issue.key))));
        }
        // The audit log is in here too.
        for file in ["jitney.db", "jitney.db-wal", "htpasswd"] {
            if let Ok(bytes) = std::fs::read(self.world.folder().join(file)) {
                places.push((file, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        for secret in self.secrets.lock().unwrap().iter() {
            for (place, text) in &places {
                assert!(!text.contains(secret.as_str()), "a credential stands in {place}");
            }
        }
    }
}
