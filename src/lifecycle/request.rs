//! A request: what was asked, by whom, on which terms, and how far it got.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Evidence, State, Urgency, View};
use crate::ids::{EffectId, EntitlementKey, EntryId, GroupId, PersonId, RequestId, TargetId};
use crate::policy::{Ask, Capacity, Digest, Employment, Layer, Person, Risk, Tier};
use crate::time::{Span, Timestamp};

/// One ask with its approvals and, when it is granted, its grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Its id, and its grant's.
    pub id: RequestId,
    /// New, extension or break-glass.
    pub kind: Kind,
    /// Who asked, as the directory knew them then.
    pub requester: Requester,
    /// Who asked, when it was somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<AskedBy>,
    /// What the policy said at submission.
    pub terms: Terms,
    /// What was asked.
    pub ask: Ask,
    /// When it was asked.
    pub submitted_at: Timestamp,
    /// The policies in force then.
    pub policy: Digest,
    /// Who approved, in order.
    pub votes: Vec<Vote>,
    /// What approvers asked, in order; the words are in the entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
    /// Who got the question as a direct message, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<DirectCopy>,
    /// Where it stands.
    pub state: State,
    /// One for each of the terms' steps.
    pub steps: Vec<Step>,
    /// The grant's times, from the moment a target is first asked.
    pub times: Option<Times>,
    /// What is known of the issued credential, never the credential.
    pub credential: Option<Credential>,
    /// The compulsory review of a break-glass is due then; none when there is none or it was done.
    pub review_due_at: Option<Timestamp>,
    /// Its Slack messages: those that exist or are owed.
    pub views: BTreeSet<View>,
    /// The number of the next effect.
    pub next_effect: u32,
    /// The number of the next entry, from 1.
    pub next_entry: u32,
}

/// What kind of request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Access that the person does not have.
    New,
    /// More time for an active grant.
    Extension {
        /// That grant.
        parent: RequestId,
    },
    /// Access at once, looked at afterwards.
    BreakGlass,
    /// The exercise of a break-glass: all of it but the access.
    Drill {
        /// When the person opened the form; none where there was none.
        began_at: Option<Timestamp>,
    },
}

impl Kind {
    /// Whether it is the exercise of a break-glass.
    #[must_use]
    pub const fn is_drill(self) -> bool {
        match self {
            Self::Drill { .. } => true,
            Self::New | Self::Extension { .. } | Self::BreakGlass => false,
        }
    }
}

/// The requester with their employment context at submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// The one identity.
    pub id: PersonId,
    /// As people call them.
    pub name: String,
    /// How they were employed.
    pub employment: Employment,
    /// Where they worked.
    pub department: String,
    /// Who they reported to.
    pub manager: Option<PersonId>,
}

impl From<&Person> for Requester {
    fn from(person: &Person) -> Self {
        Self {
            id: person.id.clone(),
            name: person.name.clone(),
            employment: person.employment,
            department: person.department.clone(),
            manager: person.manager.clone(),
        }
    }
}

/// Who asked for the requester, and whether the requester agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedBy {
    /// The one identity.
    pub id: PersonId,
    /// As people call them.
    pub name: String,
    /// When the requester confirmed it. Nobody is asked to approve before, and nothing is given.
    pub confirmed_at: Option<Timestamp>,
}

/// What is copied from the policy at submission, so that a later edit can't strand what is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The app's name.
    pub app_name: String,
    /// The role's name.
    pub role_name: String,
    /// What one can do with it.
    pub gives: String,
    /// How bad it is when it goes wrong.
    pub risk: Risk,
    /// Where the access lives.
    pub layer: Layer,
    /// Who answers for the app.
    pub owners: Vec<PersonId>,
    /// The longest that one request may ask for.
    pub max_duration: Span,
    /// The longest in all, with extensions.
    pub max_total: Span,
    /// From the end to verified; later than that is stuck.
    pub revoke_target: Span,
    /// Who approves.
    pub tier: Tier,
    /// What is done, in order.
    pub steps: Vec<StepTerms>,
    /// Targets that a stuck revocation locks besides its own.
    pub lockdown_family: Vec<TargetId>,
}

/// One entitlement to add, bound to this request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepTerms {
    /// On which target.
    pub target: TargetId,
    /// The group of the directory that it puts the person into: that membership approves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives_group: Option<GroupId>,
    /// What the adapter made of the policy's table.
    pub params: Value,
    /// The entitlement's key.
    pub key: EntitlementKey,
    /// Whether grants share what the target holds under this key; false for per-grant artefacts.
    pub shared: bool,
    /// In words.
    pub label: String,
    /// Whether a credential is issued.
    pub issues_credential: bool,
    /// The login that goes with it.
    pub login: Option<String>,
    /// Where it is used, in words or as an address.
    pub used_at: Option<String>,
    /// Whether the target can be read back.
    pub readable: bool,
    /// What can't be ended.
    pub cannot_end: Vec<String>,
}

/// One approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Whose.
    pub by: PersonId,
    /// As people call them.
    pub name: String,
    /// In which stage, from 0.
    pub stage: u32,
    /// When.
    pub at: Timestamp,
    /// For less time than was asked; none for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Span>,
    /// In what capacity, when not in their own right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
}

impl Vote {
    /// The places that it fills, with its stage: the voter's, and that of whom they voted for.
    pub fn places(&self) -> impl Iterator<Item = (PersonId, u32)> {
        let other = match &self.capacity {
            Some(Capacity::InPlaceOf { id, .. }) => Some(id.clone()),
            Some(Capacity::OnCall { .. }) | None => None,
        };
        [Some(self.by.clone()), other].into_iter().flatten().map(|id| (id, self.stage))
    }
}

/// A question of somebody who may decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Who asked.
    pub by: PersonId,
    /// When the requester answered.
    pub answered_at: Option<Timestamp>,
}

/// A copy of a stage's question, to one who is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectCopy {
    /// Of which stage, from 0.
    pub stage: u32,
    /// To whom.
    pub to: PersonId,
}

/// How far one step got.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is believed of the entitlement on the target.
    pub presence: Presence,
    /// The call that was sent and not yet settled.
    pub in_flight: Option<InFlight>,
    /// The call to send next, at `retry_at`.
    pub next_op: Option<Op>,
    /// When to send it.
    pub retry_at: Option<Timestamp>,
    /// Failed calls in a row.
    pub failures: u32,
    /// Whether a revoke was ever sent: from then on the entitlement can't be handed over.
    pub revoke_sent: bool,
    /// A call ended without an answer and may land until then.
    pub quiet_until: Option<Timestamp>,
    /// What the target last said.
    pub evidence: Option<Evidence>,
    /// Why the last call failed.
    pub last_error: Option<String>,
}

/// A call that was sent and not yet settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    /// Its id.
    pub effect: EffectId,
    /// What it does.
    pub op: Op,
}

/// What is asked of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Look what was there before.
    Snapshot,
    /// Add the entitlement.
    Grant,
    /// Look whether it is there.
    Verify,
    /// Move the target's own expiry.
    Extend,
    /// Block, remove, end the sessions.
    Revoke,
    /// Look whether it and its sessions are gone.
    VerifyGone,
    /// Look again later.
    Recheck,
}

impl Op {
    /// For logs and effects.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Grant => "grant",
            Self::Verify => "verify",
            Self::Extend => "extend",
            Self::Revoke => "revoke",
            Self::VerifyGone => "verify_gone",
            Self::Recheck => "recheck",
        }
    }

    /// How urgent it is.
    #[must_use]
    pub const fn urgency(self) -> Urgency {
        if self.is_revocation() { Urgency::Revocation } else { Urgency::Access }
    }

    /// Whether it takes access away, or looks whether it is away: those go before everything else.
    #[must_use]
    pub const fn is_revocation(self) -> bool {
        match self {
            Self::Revoke | Self::VerifyGone | Self::Recheck => true,
            Self::Snapshot | Self::Grant | Self::Verify | Self::Extend => false,
        }
    }
}

/// What is believed of an entitlement. From the moment a target was asked to grant, only a look that finds
/// nothing clears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Nothing was asked of the target.
    #[default]
    Untouched,
    /// Asked; it may be there.
    Unknown,
    /// Seen there, by a grant of ours.
    Present,
    /// Looked for and gone.
    Absent,
    /// There before us: left alone.
    Standing,
    /// Another live grant explains it now.
    HandedOver,
    /// A named person attested that it is gone.
    Attested,
}

impl Presence {
    /// Whether a revocation has work to do on it.
    #[must_use]
    pub const fn is_touched(self) -> bool {
        match self {
            Self::Unknown | Self::Present => true,
            Self::Untouched | Self::Absent | Self::Standing | Self::HandedOver | Self::Attested => false,
        }
    }
}

/// The grant's times. There is one stored end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// When a target was first asked.
    pub provisioning_at: Timestamp,
    /// Given up after this.
    pub provision_by: Timestamp,
    /// The end that no late start moves: start of granting + `provision_within` + duration.
    pub not_after: Timestamp,
    /// When the last step was seen there.
    pub active_at: Option<Timestamp>,
    /// When the end was last moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_at: Option<Timestamp>,
    /// The end.
    pub expires_at: Timestamp,
    /// When revoking began.
    pub ended_at: Option<Timestamp>,
    /// When the last step was seen gone.
    pub verified_at: Option<Timestamp>,
}

/// What is known of an issued credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// When it was revealed to the requester; marked before it is shown.
    pub revealed_at: Option<Timestamp>,
    /// Whether it was erased.
    pub erased: bool,
}

impl Request {
    /// The next entry's id, counting it as used.
    pub(crate) fn take_entry_id(&mut self) -> EntryId {
        let id = EntryId::new(self.id, self.next_entry);
        self.next_entry += 1;
        id
    }

    /// The next effect's id, counting it as used.
    pub(crate) fn take_effect_id(&mut self) -> EffectId {
        let id = EffectId::new(self.id, self.next_effect);
        self.next_effect += 1;
        id
    }

    /// Whether it waits for the requester, for whom somebody else asked.
    #[must_use]
    pub const fn is_unconfirmed(&self) -> bool {
        match &self.state {
            State::Pending(pending) => pending.unconfirmed,
            State::Scheduled { .. }
            | State::Granting
            | State::Active { .. }
            | State::Revoking { .. }
            | State::Revoked { .. }
            | State::Applied { .. }
            | State::Denied { .. }
            | State::Withdrawn { .. }
            | State::Lapsed { .. } => false,
        }
    }

    /// Whether this person asked for it, for somebody else.
    #[must_use]
    pub fn is_asked_by(&self, person: &PersonId) -> bool {
        self.asked_by.as_ref().is_some_and(|asked_by| asked_by.id == *person)
    }

    /// For how long it is given: the shortest of what was asked and what each approval allows.
    #[must_use]
    pub fn duration(&self) -> Span {
        self.votes.iter().filter_map(|vote| vote.at_most).fold(self.ask.duration, Span::min)
    }

    /// The same, when it is less than was asked.
    #[must_use]
    pub fn shortened(&self) -> Option<Span> {
        Some(self.duration()).filter(|duration| *duration < self.ask.duration)
    }

    /// `Billing database · Read only`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} · {}", self.terms.app_name, self.terms.role_name)
    }
}
