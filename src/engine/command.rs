//! What goes into the engine and what comes out of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Held, PeopleChange};
use crate::ids::{DedupeKey, EffectId, EntryId, IssueKey, PersonId, RequestId, SlackUserId};
use crate::lifecycle::{
    Actor, Effect, Entry, Outcome, Refusal, Request, ReviewFinding, StepTerms, View, What,
};
use crate::policy::Ask;
use crate::time::{Span, Timestamp};

/// An input from an edge.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Command {
    /// The same key gets the same answer and changes nothing more.
    pub key: Option<DedupeKey>,
    /// Who acts; the edge has mapped the account, the engine looks the person up again.
    pub by: Actor,
    /// What they want.
    pub verb: Verb,
}

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// New access.
    Ask(Ask),
    /// New access for somebody else, who confirms it first.
    AskFor {
        /// For whom.
        person: PersonId,
        /// What.
        ask: Ask,
    },
    /// Whether one wants what somebody else asked for them.
    Confirm {
        /// Which request.
        request: RequestId,
        /// Whether they do.
        agrees: bool,
    },
    /// Access at once, looked at afterwards.
    BreakGlass(Ask),
    /// The exercise of it: all but the access.
    Drill {
        /// What would be asked for.
        ask: Ask,
        /// When the person opened the form; none where there was none.
        began_at: Option<Timestamp>,
    },
    /// More time for an active grant: a request of its own.
    Extend {
        /// The grant.
        parent: RequestId,
        /// By how much.
        duration: Span,
        /// Why.
        justification: String,
    },
    /// A yes.
    Approve {
        /// To which request.
        request: RequestId,
        /// For less time than was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<Span>,
    },
    /// A no.
    Deny {
        /// To which request.
        request: RequestId,
        /// Why.
        reason: String,
    },
    /// Something to know before a decision.
    Question {
        /// About which request.
        request: RequestId,
        /// What.
        text: String,
    },
    /// The requester's answer to it.
    Reply {
        /// About which request.
        request: RequestId,
        /// To which question, from 1.
        question: u32,
        /// What.
        text: String,
    },
    /// Taken back, by the requester or an operator.
    Withdraw {
        /// Which request.
        request: RequestId,
        /// An operator's why.
        reason: Option<String>,
    },
    /// Given back by the requester.
    Release {
        /// Which grant.
        request: RequestId,
    },
    /// Taken by somebody who may.
    Revoke {
        /// Which grant.
        request: RequestId,
        /// Why.
        reason: String,
    },
    /// Show me the credential.
    Reveal {
        /// Of which grant.
        request: RequestId,
    },
    /// Slack showed it.
    RevealShown {
        /// Of which grant.
        request: RequestId,
    },
    /// Slack definitely did not show it.
    RevealRefused {
        /// Of which grant.
        request: RequestId,
    },
    /// What can't be read back is gone.
    Attest {
        /// Which grant.
        request: RequestId,
        /// Which step, from 0.
        step: u32,
        /// What was seen.
        evidence: String,
    },
    /// Lift the lockdown that a stuck revocation placed.
    WaiveLockdown {
        /// Which one.
        request: RequestId,
        /// Why.
        reason: String,
    },
    /// Takes the words of a remark in the card's thread out.
    Redact {
        /// On which request.
        request: RequestId,
        /// Which remark, from 1.
        remark: u32,
        /// Why.
        reason: String,
    },
    /// Takes the change of people that is held.
    AcceptPeople {
        /// Its id.
        held: String,
    },
    /// The review of a break-glass.
    Review {
        /// Which one.
        request: RequestId,
        /// What was found.
        #[serde(default)]
        found: ReviewFinding,
        /// In the reviewer's own words.
        finding: String,
    },
}

/// Something that somebody tried and that was refused: it stands in the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// When.
    pub at: Timestamp,
    /// Who tried.
    pub by: Actor,
    /// What they wanted.
    pub verb: Verb,
    /// Why not.
    pub refusal: Refusal,
}

/// Refusals that are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusedOf {
    /// Of what was tried with this request.
    Request(RequestId),
    /// Of what this person asked for anew.
    Person(PersonId),
}

/// A Slack account whose confirmed address is a person's, to be bound to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// The account.
    pub account: SlackUserId,
    /// The person with that address.
    pub person: PersonId,
    /// How it was seen, for the record.
    pub evidence: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The account acts for this person from now on.
    To(PersonId),
    /// The directory has nobody with that address.
    Nobody,
    /// The person has left.
    Left,
    /// The directory names another account for the person.
    Pinned,
    /// Another account was bound to the person before, or this one to somebody else.
    Taken,
}

/// Work that the outbox has claimed.
#[derive(Debug, Clone)]
pub struct Owed {
    /// The row it is kept in.
    pub row: i64,
    /// Whose it is.
    pub request: RequestId,
    /// What is owed.
    pub effect: Effect,
    /// How often it was tried before.
    pub attempts: u32,
    /// Of a call to a target: whose it is and on which terms. None when the request has no such step.
    pub call: Option<CallTerms>,
}

/// What a call goes out with. It was copied at submission and never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallTerms {
    /// Whose access it is.
    pub person: PersonId,
    /// The entitlement.
    pub step: StepTerms,
}

/// What came of claimed work.
#[derive(Debug, Clone)]
pub enum Completion {
    /// A target answered.
    Target {
        /// The row.
        row: i64,
        /// The call.
        effect: EffectId,
        /// The answer.
        outcome: Outcome,
    },
    /// The message says what the request said at that revision.
    Shown {
        /// The row.
        row: i64,
        /// Whose.
        request: RequestId,
        /// Which message.
        view: View,
        /// Where it stands now; none when nothing had to be shown.
        message: Option<SlackMessage>,
        /// The revision that was rendered.
        revision: u64,
    },
    /// The ticket says what the request said at that revision.
    Told {
        /// The row.
        row: i64,
        /// Whose.
        request: RequestId,
        /// The revision that was told.
        revision: u64,
    },
    /// Nothing was tried: it was not its turn.
    NotYet {
        /// The row.
        row: i64,
        /// When its turn comes.
        after: Span,
    },
    /// Not now: tried again after a back-off.
    Later {
        /// The row.
        row: i64,
        /// What was seen, without secrets.
        error: String,
        /// When the other side asked us to wait.
        after: Option<Span>,
    },
}

/// Progress on a ticket, kept before the next call so that a crash repeats nothing.
#[derive(Debug, Clone)]
pub enum TicketProgress {
    /// The issue exists.
    Opened {
        /// Its key.
        issue: IssueKey,
    },
    /// These entries stand in this comment.
    Commented {
        /// Which.
        entries: Vec<EntryId>,
        /// The comment's id.
        comment: String,
    },
    /// The issue is in this status.
    Moved {
        /// By name.
        status: String,
    },
}

/// A posted Slack message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlackMessage {
    /// The channel's id.
    pub channel: String,
    /// The message's `ts`.
    pub ts: String,
    /// SHA-256 of what was last sent, in hex: nothing is sent when it would say the same.
    pub digest: String,
}

/// A request with everything that was told of it: what views and tickets are rendered from.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The request.
    pub request: Request,
    /// Counts its changes.
    pub revision: u64,
    /// Its story so far, in order.
    pub entries: Vec<Entry>,
    /// Its issue.
    pub issue: Option<IssueKey>,
    /// The issue's status as we last set it.
    pub issue_status: Option<String>,
    /// Entries that stand on the issue, by the comment that has them.
    pub comments: BTreeMap<EntryId, String>,
    /// Its Slack messages.
    pub messages: BTreeMap<View, SlackMessage>,
}

impl Dossier {
    /// A question of an approver, by its number, with its answer when there is one.
    #[must_use]
    pub fn question(&self, number: u32) -> Option<Asked<'_>> {
        let mut found: Option<Asked<'_>> = None;
        for entry in &self.entries {
            if let What::Questioned { question, text } = &entry.what
                && *question == number
            {
                found = Some(Asked { by: entry.by.name(), text, answer: None });
            }
            if let (What::Answered { question, text, .. }, Some(asked)) = (&entry.what, &mut found)
                && *question == number
            {
                asked.answer = Some(text);
            }
        }
        found
    }

    /// The review of the break-glass, once it was done.
    #[must_use]
    pub fn review(&self) -> Option<Reviewed<'_>> {
        self.entries.iter().rev().find_map(|entry| {
            let What::Reviewed { found, finding } = &entry.what else { return None };
            Some(Reviewed { by: entry.by.name(), at: entry.at, found: *found, finding })
        })
    }

    /// Entries that are not on the issue yet, in order.
    pub fn untold(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|e| !self.comments.contains_key(&e.id))
    }
}

/// A question of an approver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Who asked, as people call them.
    pub by: &'a str,
    /// What.
    pub text: &'a str,
    /// What the requester said to it.
    pub answer: Option<&'a str>,
}

/// The review of a break-glass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reviewed<'a> {
    /// Who did it, as people call them.
    pub by: &'a str,
    /// When.
    pub at: Timestamp,
    /// What they found; none in reviews from before findings had names.
    pub found: Option<ReviewFinding>,
    /// In their own words.
    pub finding: &'a str,
}

/// Which requests to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this person alone.
    pub requester: Option<PersonId>,
    /// In these states alone; any, when empty.
    pub states: BTreeSet<crate::lifecycle::StateWord>,
    /// At most this many.
    pub limit: u32,
}

/// A change of people that waits for an operator.
#[derive(Debug, Clone)]
pub struct HeldPeople {
    /// In numbers.
    pub held: Held,
    /// The change.
    pub change: PeopleChange,
}

/// How the engine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its now.
    pub now: Timestamp,
    /// When the next row falls due: a request's timer, or something owed that waits out a back-off.
    pub next_due: Option<Timestamp>,
    /// Claimed by the outbox and not completed, and looks that scheduled starts wait for.
    pub in_flight: usize,
    /// Owed and due, not yet claimed; what waits for its lane included.
    pub ready: usize,
    /// Why new requests are refused, when they are.
    pub refusing: Option<String>,
    /// The change of people that waits for an operator.
    #[serde(default)]
    pub held: Option<Held>,
}
