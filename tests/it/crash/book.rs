//! What people were told by an answer that reached them, and what they saw: none of it may be lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;

use jitney::ids::RequestId;

/// Something that jitney answered, so that it must be in the database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    /// A form of a new request, by its justification.
    Asked { who: String, role: String, why: String },
    /// A form of an extension.
    Extended { who: String, parent: RequestId, why: String },
    /// A form that said no.
    Denied { by: String },
    /// A button or a command: it counted, or its refusal was written down.
    Acted { by: String, what: &'static str },
    /// An operator's command took it.
    Taken,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    facts: Mutex<BTreeSet<(RequestId, Fact)>>,
    /// Every justification that was ever sent, each with one envelope.
    sent: Mutex<BTreeSet<String>>,
    secrets: Mutex<BTreeSet<String>>,
    counts: Mutex<BTreeMap<String, u64>>,
}

impl Book {
    pub(super) fn acknowledged(&self, request: RequestId, fact: Fact) {
        self.facts.lock().unwrap().insert((request, fact));
    }

    pub(super) fn facts(&self) -> Vec<(RequestId, Fact)> {
        self.facts.lock().unwrap().iter().cloned().collect()
    }

    pub(super) fn sends(&self, why: &str) {
        assert!(self.sent.lock().unwrap().insert(why.to_owned()), "sent twice: {why}");
    }

    pub(super) fn was_sent(&self, why: &str) -> bool {
        self.sent.lock().unwrap().contains(why)
    }

    pub(super) fn learns(&self, secret: &str) {
        self.secrets.lock().unwrap().insert(secret.to_owned());
    }

    pub(super) fn secrets(&self) -> Vec<String> {
        self.secrets.lock().unwrap().iter().cloned().collect()
    }

    pub(super) fn count(&self, what: &str) {
        self.adds(what, 1);
    }

    pub(super) fn adds(&self, what: &str, number: u64) {
        *self.counts.lock().unwrap().entry(what.to_owned()).or_default() += number;
    }

    pub(super) fn told(&self) -> String {
        let mut text = format!("{:>7}  facts acknowledged\n", self.facts().len());
        for (what, count) in self.counts.lock().unwrap().iter() {
            writeln!(text, "{count:>7}  {what}").unwrap();
        }
        text
    }
}
