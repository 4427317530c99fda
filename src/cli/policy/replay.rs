//! `jitney policy replay`: which requests of the past would come out otherwise.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::out::{Out, one_line};
use super::{Exit, PolicyArgs, Read, read_folder, wiring, words};
use crate::audit::Record;
use crate::config::Environment;
use crate::engine::Verb;
use crate::ids::{PersonId, RequestId, RoleRef};
use crate::lifecycle::{Kind, Refusal, Request, StateWord};
use crate::policy::{Ask, Decided, Employment, Otherwise, Past, PastKind, ReasonCode, Replay};
use crate::store::Reader;
use crate::time::{Clock, Span, SystemClock, Timestamp};

/// Requests that are read at most, newest first.
const MOST_REQUESTS: u32 = 100_000;

const EXAMPLES: &str = "\
Examples:
  jitney policy replay --days 90
  jitney policy replay --policies ../edited/policies        before an edit is in force
  jitney policy replay --json | jq '.otherwise[].request'

Stored requests, and refusals of the audit log, are decided once more by the policies of the configuration or of a folder. \
Employment, department and manager are taken as they were; groups, titles, locations and approvers as they are now. The database \
is only read.

Exit codes: 0 told (with --deny-changes: and all come out as they did), 1 the policies have errors (or some would come \
out otherwise), 2 the command line was wrong.";

/// Decide past requests once more, and tell which would come out otherwise
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ReplayArgs {
    /// How far back
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// By the policies of this folder [default: server.policies]
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Exit with 1 when a request would come out otherwise
    #[arg(long)]
    deny_changes: bool,
    #[command(flatten)]
    policy: PolicyArgs,
}

/// A request that would come out otherwise.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Finding {
    /// Its id; none of one that was refused.
    pub(in crate::cli) request: Option<RequestId>,
    pub(in crate::cli) at: Timestamp,
    pub(in crate::cli) person: PersonId,
    pub(in crate::cli) role: RoleRef,
    pub(in crate::cli) duration: Span,
    pub(in crate::cli) otherwise: Otherwise,
}

pub(super) fn run(args: &ReplayArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let config = args.policy.config.load(environment)?;
    let folder = args.policies.as_ref().unwrap_or(&config.server.policies);
    let Read::Good(policies) = read_folder(&config, folder, args.policy.json, out)? else {
        return Ok(Exit::Problem);
    };
    let reader = wiring::reader(&config)?;
    let now = SystemClock::new().wall();
    let people = wiring::people(&config, now)?;
    let since = now - Span::days(u64::from(args.days));
    let mut replay = Replay::new(&policies, people.as_ref().clone());
    let mut replayed = stored(&reader, &mut replay, since)?;
    replayed.merge(refused(&reader, &mut replay, since)?);
    replayed.otherwise.sort_by_key(|finding| (finding.at, finding.request));
    let denied = args.deny_changes && !replayed.otherwise.is_empty();
    let exit = if denied { Exit::Problem } else { Exit::Fine };
    if args.policy.json {
        let Replayed { asked, otherwise } = &replayed;
        out.json(&json!({ "days": args.days, "asked": asked, "otherwise": otherwise }))?;
        return Ok(exit);
    }
    for finding in &replayed.otherwise {
        out.line(one_line(&words::otherwise(finding)))?;
    }
    out.line(words::replayed(replayed.otherwise.len(), replayed.asked, args.days))?;
    Ok(exit)
}

#[derive(Debug, Default)]
struct Replayed {
    asked: usize,
    otherwise: Vec<Finding>,
}

impl Replayed {
    fn add(&mut self, request: Option<RequestId>, past: &Past<'_>, otherwise: Option<Otherwise>) {
        self.asked += 1;
        self.otherwise.extend(otherwise.map(|otherwise| Finding {
            request,
            at: past.at,
            person: past.requester.clone(),
            role: past.ask.role.clone(),
            duration: past.ask.duration,
            otherwise,
        }));
    }

    fn merge(&mut self, other: Self) {
        self.asked += other.asked;
        self.otherwise.extend(other.otherwise);
    }
}

/// What was taken on.
fn stored(reader: &Reader, replay: &mut Replay<'_>, since: Timestamp) -> anyhow::Result<Replayed> {
    let requests: BTreeMap<RequestId, Request> =
        reader.newest(MOST_REQUESTS)?.into_iter().map(|request| (request.id, request)).collect();
    let mut by_person = BTreeMap::<&PersonId, Vec<&Request>>::new();
    for request in requests.values() {
        by_person.entry(&request.requester.id).or_default().push(request);
    }
    let mut replayed = Replayed::default();
    for request in requests.values().filter(|request| request.submitted_at >= since) {
        let kind = match request.kind {
            Kind::New => PastKind::New,
            Kind::BreakGlass => PastKind::BreakGlass,
            // It led to nothing, and would lead to nothing.
            Kind::Drill { .. } => continue,
            Kind::Extension { parent } => {
                // Its grant is older than what is read: nothing can be said of the whole.
                let Some(times) = requests.get(&parent).and_then(|parent| parent.times) else { continue };
                PastKind::Extension { active_at: times.active_at.unwrap_or(times.provisioning_at) }
            }
        };
        let others = by_person.get(&request.requester.id).map_or(&[][..], Vec::as_slice);
        let holds = held(others, request);
        let votes: Vec<_> =
            request.votes.iter().map(|vote| (vote.by.clone(), vote.stage, vote.capacity.clone())).collect();
        let past = Past {
            requester: &request.requester.id,
            name: &request.requester.name,
            employment: request.requester.employment,
            department: &request.requester.department,
            manager: request.requester.manager.as_ref(),
            ask: &request.ask,
            kind,
            at: request.submitted_at,
            holds: &holds,
            decided: Decided::Taken {
                tier: &request.terms.tier,
                votes: &votes,
                approved: was_approved(request.state.word()),
            },
        };
        replayed.add(Some(request.id), &past, replay.decide(&past));
    }
    Ok(replayed)
}

/// The roles that the requester had at that moment by other grants.
fn held(others: &[&Request], request: &Request) -> Vec<RoleRef> {
    let at = request.submitted_at;
    let had = |other: &&&Request| {
        let from_then = other
            .times
            .is_some_and(|times| other.submitted_at <= at && at < times.ended_at.unwrap_or(times.expires_at));
        other.id != request.id && other.ask.role != request.ask.role && from_then
    };
    others.iter().filter(had).map(|other| other.ask.role.clone()).collect()
}

const fn was_approved(state: StateWord) -> bool {
    match state {
        StateWord::Scheduled
        | StateWord::Granting
        | StateWord::Active
        | StateWord::Revoking
        | StateWord::Revoked
        | StateWord::Applied => true,
        StateWord::Pending | StateWord::Denied | StateWord::Withdrawn | StateWord::Lapsed => false,
    }
}

/// What an audit record of a refusal says, as far as it is needed.
#[derive(Debug, Deserialize)]
struct RefusedRecord {
    requester: Option<RefusedPerson>,
    verb: Verb,
    refusal: Refusal,
}

#[derive(Debug, Deserialize)]
struct RefusedPerson {
    id: PersonId,
    name: String,
    employment: Employment,
    department: String,
}

/// What was refused at once.
fn refused(reader: &Reader, replay: &mut Replay<'_>, since: Timestamp) -> anyhow::Result<Replayed> {
    let mut replayed = Replayed::default();
    reader.for_each_record::<anyhow::Error>(1, |record| {
        if record.kind == "refused" && record.at >= since {
            refused_once_more(&record, replay, &mut replayed)?;
        }
        Ok(())
    })?;
    Ok(replayed)
}

fn refused_once_more(
    record: &Record,
    replay: &mut Replay<'_>,
    replayed: &mut Replayed,
) -> anyhow::Result<()> {
    let RefusedRecord { requester, verb, refusal } = serde_json::from_value(record.body.clone())?;
    let (Some(requester), Refusal::Rules(reasons), Some((ask, kind))) = (requester, refusal, asks(&verb))
    else {
        return Ok(());
    };
    let codes: Vec<ReasonCode> = reasons.iter().map(|reason| reason.code).collect();
    let past = Past {
        requester: &requester.id,
        name: &requester.name,
        employment: requester.employment,
        department: &requester.department,
        manager: None,
        ask,
        kind,
        at: record.at,
        holds: &[],
        decided: Decided::Refused(&codes),
    };
    replayed.add(None, &past, replay.decide(&past));
    Ok(())
}

/// The access that a verb asks for. An exercise asks for none.
fn asks(verb: &Verb) -> Option<(&Ask, PastKind)> {
    if let Verb::Drill { .. } = verb {
        return None;
    }
    let kind = if let Verb::BreakGlass(_) = verb { PastKind::BreakGlass } else { PastKind::New };
    verb.ask().map(|ask| (ask, kind))
}
