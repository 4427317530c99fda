//! Why a request came to what it is: from what was kept with it, so that it stays true when policies are edited.

use serde::Serialize;

use super::{Dossier, Refused, Verb};
use crate::ids::{GroupId, PersonId, RequestId, RoleRef, TargetId};
use crate::lifecycle::{Actor, EndCause, Entry, Kind, Refusal, Request, StateWord, What, WithdrawCause};
use crate::policy::{ApproverRef, Digest, Reason};
use crate::time::{Span, Timestamp};

/// Refusals that are shown of one request, the latest.
pub const REFUSED_MOST: u32 = 20;

/// The decisions and refusals of one request, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Which.
    pub request: RequestId,
    /// What kind of request it is.
    pub kind: Kind,
    /// Whose access it is about.
    pub requester: PersonId,
    /// Who asked, when it was somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<PersonId>,
    /// The role.
    pub role: RoleRef,
    /// For how long it was asked.
    pub duration: Span,
    /// Who approves, by the tier's id and place.
    pub tier: String,
    /// The policies in force when it was asked.
    pub policy: Digest,
    /// Where it stands.
    pub state: StateWord,
    /// What was decided, and what was refused.
    pub lines: Vec<KeptLine>,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptLine {
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub by: Actor,
    /// What.
    #[serde(flatten)]
    pub what: KeptWhat,
    /// The rules that let it happen, or that did it.
    pub because: Vec<Reason>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum KeptWhat {
    /// It was allowed to be asked.
    Submitted,
    /// It is for somebody else than who asked, and waits for them.
    ConfirmationWanted {
        /// Of whom.
        from: PersonId,
    },
    /// The one whom it is for wants it.
    Confirmed,
    /// The tier approved it by itself.
    AutoApproved {
        /// Up to this.
        under: Span,
    },
    /// A stage was asked.
    Asked {
        /// From 1.
        stage: u32,
        /// How many there are.
        stages: u32,
        /// How many approvals it needs.
        quorum: u32,
        /// Where the stage stands.
        place: String,
        /// Who was asked, and as what.
        asked: Vec<AskedOne>,
        /// Whether they are the fallback.
        from_fallback: bool,
    },
    /// Others were asked too.
    Escalated {
        /// Who, and as what.
        asked: Vec<AskedOne>,
    },
    /// A yes.
    Approved {
        /// From 1.
        stage: u32,
        /// How many the stage has.
        have: u32,
        /// How many it needs.
        need: u32,
        /// For less time than was asked.
        at_most: Option<Span>,
    },
    /// A yes that no longer counts.
    VoteDropped {
        /// Whose.
        voter: PersonId,
    },
    /// A no: of a person, or of the rules.
    Denied {
        /// Why.
        reason: String,
    },
    /// Approved in full, but held.
    Held {
        /// Where.
        targets: Vec<TargetId>,
    },
    /// Approved in full; starts later.
    Scheduled {
        /// Then.
        starts_at: Timestamp,
    },
    /// The last look before anything was given.
    Started,
    /// An extension took effect.
    Applied {
        /// On which grant.
        parent: RequestId,
    },
    /// Taken back.
    Withdrawn {
        /// Why.
        cause: WithdrawCause,
    },
    /// Nobody decided in time.
    Lapsed,
    /// The access ended.
    Ended {
        /// Why.
        cause: EndCause,
    },
    /// Somebody tried something, and may not.
    Refused {
        /// What: `approve`.
        tried: &'static str,
        /// Why not.
        refusal: Refusal,
    },
}

/// Somebody who was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskedOne {
    /// Who.
    pub person: PersonId,
    /// As what, by the stage's own words. Empty where they stood in for somebody.
    pub named_as: Vec<AskedAs>,
}

/// Why one is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedAs {
    /// The requester's manager.
    Manager,
    /// An owner of the app.
    Owner,
    /// By their own name.
    Named,
    /// For one of these groups: a member of it, or in the place of one who is away.
    Member(Vec<GroupId>),
}

impl Kept {
    /// From a request's dossier and from what was refused about it. Both are in order.
    #[must_use]
    pub fn new(dossier: &Dossier, refused: &[Refused]) -> Self {
        let request = &dossier.request;
        let mut lines: Vec<KeptLine> = Vec::new();
        let mut stage = 0;
        for entry in &dossier.entries {
            if let What::ApprovalWanted { stage: asked, .. } = entry.what {
                stage = asked;
            }
            lines.extend(line(request, stage, entry));
        }
        lines.extend(refused.iter().map(|refused| KeptLine {
            at: refused.at,
            by: refused.by.clone(),
            what: KeptWhat::Refused { tried: tried(&refused.verb), refusal: refused.refusal.clone() },
            because: Vec::new(),
        }));
        lines.sort_by_key(|line| line.at);
        let tier = &request.terms.tier;
        Self {
            request: request.id,
            kind: request.kind,
            requester: request.requester.id.clone(),
            asked_by: request.asked_by.as_ref().map(|asked_by| asked_by.id.clone()),
            role: request.ask.role.clone(),
            duration: request.ask.duration,
            tier: format!("{} ({})", tier.id, tier.place),
            policy: request.policy.clone(),
            state: request.state.word(),
            lines,
        }
    }
}

/// What an entry decided; none where it only tells what was done.
fn line(request: &Request, stage_now: u32, entry: &Entry) -> Option<KeptLine> {
    let mut because = entry.because.clone();
    let what = match &entry.what {
        What::Submitted { allowed_by, .. } => {
            because.clone_from(allowed_by);
            KeptWhat::Submitted
        }
        What::ConfirmationWanted { from, .. } => KeptWhat::ConfirmationWanted { from: from.clone() },
        What::Confirmed => KeptWhat::Confirmed,
        What::AutoApproved { under } => KeptWhat::AutoApproved { under: *under },
        What::ApprovalWanted { stage, stages, quorum, asked, from_fallback } => {
            let rule = usize::try_from(*stage).ok().and_then(|n| request.terms.tier.stages.get(n));
            let refs = rule.map_or(&[][..], |r| if *from_fallback { &r.fallback } else { &r.approvers });
            KeptWhat::Asked {
                stage: stage + 1,
                stages: *stages,
                quorum: *quorum,
                place: rule.map(|rule| rule.place.clone()).unwrap_or_default(),
                asked: asked_as(request, refs, asked),
                from_fallback: *from_fallback,
            }
        }
        What::AskedAnew { stage, asked, from_fallback, .. } => {
            let rule = usize::try_from(*stage).ok().and_then(|n| request.terms.tier.stages.get(n));
            let refs = rule.map_or(&[][..], |r| if *from_fallback { &r.fallback } else { &r.approvers });
            KeptWhat::Asked {
                stage: stage + 1,
                stages: u32::try_from(request.terms.tier.stages.len()).unwrap_or(u32::MAX),
                quorum: rule.map_or(1, |rule| rule.quorum),
                place: rule.map(|rule| rule.place.clone()).unwrap_or_default(),
                asked: asked_as(request, refs, asked),
                from_fallback: *from_fallback,
            }
        }
        What::Escalated { asked } => {
            let rule = usize::try_from(stage_now).ok().and_then(|n| request.terms.tier.stages.get(n));
            let refs = rule.map_or(&[][..], |rule| &rule.escalate_to);
            KeptWhat::Escalated { asked: asked_as(request, refs, asked) }
        }
        What::Approved { stage, have, need, at_most, .. } => {
            KeptWhat::Approved { stage: stage + 1, have: *have, need: *need, at_most: *at_most }
        }
        What::VoteDropped { voter } => KeptWhat::VoteDropped { voter: voter.clone() },
        What::Denied { reason, rules } => {
            because.extend(rules.iter().cloned());
            KeptWhat::Denied { reason: reason.clone() }
        }
        What::Held { targets } => KeptWhat::Held { targets: targets.clone() },
        What::Scheduled { starts_at } => KeptWhat::Scheduled { starts_at: *starts_at },
        What::Provisioning { .. } => KeptWhat::Started,
        What::Applied { parent, .. } => KeptWhat::Applied { parent: *parent },
        What::Withdrawn { cause } => KeptWhat::Withdrawn { cause: cause.clone() },
        What::Drilled { .. } => KeptWhat::Withdrawn { cause: WithdrawCause::Drill },
        What::Lapsed => KeptWhat::Lapsed,
        What::Ending { cause } => KeptWhat::Ended { cause: cause.clone() },
        What::Questioned { .. }
        | What::Answered { .. }
        | What::Reminded { .. }
        | What::FoundStanding { .. }
        | What::FoundShared { .. }
        | What::Granted { .. }
        | What::CallFailed { .. }
        | What::Activated { .. }
        | What::Warned { .. }
        | What::Extended { .. }
        | What::ExpiryMoved { .. }
        | What::Gone { .. }
        | What::HandedOver { .. }
        | What::Inherited { .. }
        | What::Stuck { .. }
        | What::WaiverGiven { .. }
        | What::LockdownLifted { .. }
        | What::Attested { .. }
        | What::Revoked { .. }
        | What::Closed { .. }
        | What::Reappeared { .. }
        | What::CredentialRevealed
        | What::RevealRefused
        | What::ReviewOverdue { .. }
        | What::Reviewed { .. } => return None,
    };
    Some(KeptLine { at: entry.at, by: entry.by.clone(), what, because })
}

/// By what the terms and the requester were when it was asked. Who was a member of which group is not kept: a person
/// whom nothing else names was asked for a group of the stage, unless a schedule may have named them.
fn asked_as(request: &Request, refs: &[ApproverRef], asked: &[PersonId]) -> Vec<AskedOne> {
    let groups: Vec<GroupId> = refs
        .iter()
        .filter_map(|named| if let ApproverRef::Group(group) = named { Some(group.clone()) } else { None })
        .collect();
    let as_what = |person: &PersonId| {
        let mut named_as: Vec<AskedAs> = refs
            .iter()
            .filter_map(|named| match named {
                ApproverRef::Manager => {
                    (request.requester.manager.as_ref() == Some(person)).then_some(AskedAs::Manager)
                }
                ApproverRef::Owners => request.terms.owners.contains(person).then_some(AskedAs::Owner),
                ApproverRef::Person(id) => (id == person).then_some(AskedAs::Named),
                ApproverRef::Group(_) | ApproverRef::OnCall(_) => None,
            })
            .collect();
        let on_call = refs.iter().any(|named| matches!(named, ApproverRef::OnCall(_)));
        if named_as.is_empty() && !groups.is_empty() && !on_call {
            named_as.push(AskedAs::Member(groups.clone()));
        }
        named_as
    };
    asked.iter().map(|person| AskedOne { person: person.clone(), named_as: as_what(person) }).collect()
}

const fn tried(verb: &Verb) -> &'static str {
    match verb {
        Verb::Ask(_) | Verb::AskFor { .. } => "ask",
        Verb::Confirm { .. } => "confirm",
        Verb::BreakGlass(_) => "break glass",
        Verb::Drill { .. } => "practise a break-glass",
        Verb::Extend { .. } => "extend",
        Verb::Approve { .. } => "approve",
        Verb::Deny { .. } => "deny",
        Verb::Question { .. } => "ask a question",
        Verb::Reply { .. } => "answer a question",
        Verb::Withdraw { .. } => "withdraw",
        Verb::Release { .. } => "release",
        Verb::Revoke { .. } => "revoke",
        Verb::Reveal { .. } | Verb::RevealShown { .. } | Verb::RevealRefused { .. } => "see the credential",
        Verb::Attest { .. } => "attest",
        Verb::WaiveLockdown { .. } => "waive the lockdown",
        Verb::Redact { .. } => "redact",
        Verb::AcceptPeople { .. } => "accept a change of people",
        Verb::Review { .. } => "review",
    }
}
