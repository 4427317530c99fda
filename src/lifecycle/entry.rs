//! The request's story, one entry a transition: told on the ticket in order, and recorded in the audit log.

use serde::{Deserialize, Serialize};

use super::{Actor, Context, EndCause, Evidence, Kind, Op, ReviewFinding, WithdrawCause};
use crate::ids::{EntryId, PersonId, RequestId, TargetId};
use crate::policy::{Capacity, Reason, Risk};
use crate::time::{Span, Timestamp};

/// One transition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its place in the story.
    pub id: EntryId,
    /// When.
    pub at: Timestamp,
    /// Who made it happen.
    pub by: Actor,
    /// What happened.
    pub what: What,
    /// The rules that let it happen, or that did it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Reason>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// Somebody asked.
    Submitted {
        /// New, extension or break-glass.
        request_kind: Kind,
        /// `Billing database · Read only`.
        title: String,
        /// For how long.
        duration: Span,
        /// Why.
        justification: String,
        /// How bad it is when it goes wrong.
        risk: Risk,
        /// The rules that allowed it.
        allowed_by: Vec<Reason>,
        /// What its approvers are told besides.
        #[serde(default, skip_serializing_if = "Context::is_empty")]
        context: Box<Context>,
    },
    /// It is for somebody else than who asked, and waits for them.
    ConfirmationWanted {
        /// Of whom.
        from: PersonId,
        /// As people call them.
        name: String,
    },
    /// The one whom it is for wants it.
    Confirmed,
    /// The tier approves asks as short as this by itself.
    AutoApproved {
        /// Up to this.
        under: Span,
    },
    /// A stage is asked.
    ApprovalWanted {
        /// From 0.
        stage: u32,
        /// How many stages there are.
        stages: u32,
        /// How many approvals it needs.
        quorum: u32,
        /// Who is asked.
        asked: Vec<PersonId>,
        /// Whether they are the fallback, because nobody else could be asked.
        from_fallback: bool,
    },
    /// An approval counted.
    Approved {
        /// In which stage.
        stage: u32,
        /// How many it has.
        have: u32,
        /// How many it needs.
        need: u32,
        /// How long the approver took, from the moment the stage was asked.
        took: Span,
        /// For less time than was asked; none for all of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<Span>,
        /// In what capacity, when not in their own right.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capacity: Option<Capacity>,
    },
    /// Others are asked, because who may approve the stage has changed.
    AskedAnew {
        /// From 0.
        stage: u32,
        /// Who is asked now; nobody, when nobody is left.
        asked: Vec<PersonId>,
        /// Those of them who were not asked before.
        added: Vec<PersonId>,
        /// Whether they are the fallback.
        from_fallback: bool,
    },
    /// Somebody who may decide asked the requester something.
    Questioned {
        /// Which question of the request, from 1.
        question: u32,
        /// What they asked.
        text: String,
    },
    /// The requester answered.
    Answered {
        /// Which question.
        question: u32,
        /// Who had asked it.
        asked_by: PersonId,
        /// What they said.
        text: String,
    },
    /// An approval no longer counts: its giver may not approve any more.
    VoteDropped {
        /// Whose.
        voter: PersonId,
    },
    /// The same people were asked again.
    Reminded {
        /// How often.
        times: u32,
    },
    /// Others were asked too.
    Escalated {
        /// Who.
        asked: Vec<PersonId>,
    },
    /// All approvals are in, but the person is locked down.
    Held {
        /// Where.
        targets: Vec<TargetId>,
    },
    /// Somebody who may, said no; or a rule did at the last look.
    Denied {
        /// Why.
        reason: String,
        /// The rules, when they did.
        rules: Vec<Reason>,
    },
    /// Taken back.
    Withdrawn {
        /// Why.
        cause: WithdrawCause,
    },
    /// Nobody decided in time, or the time it was for is over.
    Lapsed,
    /// Starts later.
    Scheduled {
        /// Then.
        starts_at: Timestamp,
    },
    /// The first target is asked; the end stands from here.
    Provisioning {
        /// The end that no late start moves.
        not_after: Timestamp,
    },
    /// The person has it already: left alone now and at the end.
    FoundStanding {
        /// Which step.
        step: u32,
        /// In words.
        label: String,
        /// How it was seen.
        evidence: Evidence,
    },
    /// Another grant of ours put it there: shared.
    FoundShared {
        /// Which step.
        step: u32,
        /// In words.
        label: String,
        /// Which grant.
        with: RequestId,
    },
    /// Granted, and seen there.
    Granted {
        /// Which step.
        step: u32,
        /// In words.
        label: String,
        /// How it was seen.
        evidence: Evidence,
    },
    /// A call failed and is tried again.
    CallFailed {
        /// Which step.
        step: u32,
        /// In words.
        label: String,
        /// Which call.
        op: Op,
        /// What was seen.
        error: String,
        /// Failures in a row.
        failures: u32,
    },
    /// The requester has the access.
    Activated {
        /// Until then.
        expires_at: Timestamp,
    },
    /// The requester was warned of the expiry.
    Warned {
        /// The end.
        expires_at: Timestamp,
    },
    /// More time.
    Extended {
        /// By which extension.
        extension: RequestId,
        /// The end before.
        from: Timestamp,
        /// The end now.
        to: Timestamp,
    },
    /// This extension took effect.
    Applied {
        /// On which grant.
        parent: RequestId,
        /// Its end now.
        expires_at: Timestamp,
    },
    /// The target's own expiry was moved, or need not be.
    ExpiryMoved {
        /// Which step.
        step: u32,
        /// How it was seen.
        evidence: Evidence,
    },
    /// The end began.
    Ending {
        /// Why.
        cause: EndCause,
    },
    /// Seen gone.
    Gone {
        /// Which step.
        step: u32,
        /// In words.
        label: String,
        /// How it was taken.
        deed: Option<Evidence>,
        /// Whether its sessions were looked for as well; false where something can't be ended.
        with_sessions: bool,
        /// How it was seen.
        evidence: Evidence,
    },
    /// Another live grant explains it now.
    HandedOver {
        /// Which step.
        step: u32,
        /// In words.
        label: String,
        /// Which grant.
        to: RequestId,
    },
    /// This grant explains it now.
    Inherited {
        /// Which step.
        step: u32,
        /// From which grant.
        from: RequestId,
    },
    /// The revocation is late.
    Stuck {
        /// Since the end.
        late: Span,
        /// Targets that the person is locked down on.
        locked: Vec<TargetId>,
    },
    /// An operator waived the lockdown; one more must.
    WaiverGiven {
        /// Why.
        reason: String,
    },
    /// The lockdown is over.
    LockdownLifted {
        /// Waived, with the reason; none when the revocation was verified.
        waived: Option<String>,
        /// Whether only one operator exists, so that one alone waived it.
        by_one: bool,
    },
    /// A named person attested that it is gone.
    Attested {
        /// Which step.
        step: u32,
        /// In words.
        label: String,
        /// What they saw.
        evidence: String,
    },
    /// Every step is gone, handed over or attested.
    Revoked {
        /// Why it ended.
        cause: EndCause,
        /// From the end to this.
        took: Span,
        /// What can't be ended.
        remains: Vec<String>,
    },
    /// The delayed second look agreed.
    Closed {
        /// How.
        evidence: Vec<Evidence>,
    },
    /// The delayed second look found it again.
    Reappeared {
        /// Which step.
        step: u32,
        /// In words.
        label: String,
        /// How it was seen.
        evidence: Evidence,
    },
    /// The requester saw the credential.
    CredentialRevealed,
    /// Slack refused to show it, so it was not seen.
    RevealRefused,
    /// A drill ended where access would have begun. No target was asked.
    Drilled {
        /// From the opening of the form to here; none where there was no form.
        took: Option<Span>,
        /// What would have been done, in order and in words.
        steps: Vec<String>,
    },
    /// Nobody has reviewed the break-glass in time.
    ReviewOverdue {
        /// It was due then.
        due_at: Timestamp,
        /// Of a drill: then it refuses nothing.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        drill: bool,
    },
    /// The review of a break-glass was done.
    Reviewed {
        /// What was found; none in entries from before findings had names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        found: Option<ReviewFinding>,
        /// In the reviewer's own words.
        finding: String,
    },
}
