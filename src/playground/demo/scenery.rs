//! Everything on the page that is no conversation, gathered from the world.

use std::collections::{BTreeMap, VecDeque};

use super::reload::Reload;
use crate::audit::Record;
use crate::engine::Filter;
use crate::ids::PersonId;
use crate::ids::RoleRef;
use crate::lifecycle::{Kind, Request, State};
use crate::playground::policies::PolicyTrouble;
use crate::playground::web::{
    AuditLine, AuditLog, MayAsk, OldApp, PersonFacts, Policies, PolicyIssue, RequestFacts, RoleFacts,
    Scenery, Ticket, TicketComment,
};
use crate::playground::world::World;
use crate::policy::{
    App, Begin, People, Person, PolicySet, Role, TestResult, Verdict, auto_approves, lint, run_tests,
    still_eligible,
};
use crate::store::Reader;
use crate::time::Timestamp;

/// Requests that are shown at most, the latest.
const REQUESTS_MAX: u32 = 50;
/// Audit records that are shown at most, the latest.
const RECORDS_MAX: usize = 120;
/// Lines of the password file that are shown at most.
const LINES_MAX: usize = 100;
/// Characters of a password's hash that are shown.
const HASH_SHOWN: usize = 12;

/// Looks, and remembers what does not change between two looks.
#[derive(Debug, Default)]
pub(super) struct Looker {
    records: VecDeque<AuditLine>,
    log: AuditLog,
}

impl Looker {
    /// The scenery now. What can't be read for a moment is left as it was or out.
    pub(super) async fn look(&mut self, world: &World, reload: &Reload) -> Scenery {
        let Ok(engine) = world.engine() else { return Scenery::default() };
        let due = engine.status().await.ok().and_then(|status| status.next_due).map(Timestamp::millis);
        let filter = Filter { limit: REQUESTS_MAX, ..Filter::default() };
        let requests = engine.list(filter).await.unwrap_or_default();
        self.read_log(world).await;
        let people = &world.playground.people;
        Scenery {
            due,
            people: facts(people),
            requests: requests.iter().rev().map(|one| request(one, people)).collect(),
            tickets: tickets(world),
            app: old_app(world).await,
            log: self.log.clone(),
            policies: policies(world, reload, &engine.policies(), &engine.people(), engine.now()),
        }
    }

    /// Reads the records that came since the last look.
    async fn read_log(&mut self, world: &World) {
        let database = world.folder().join("jitney.db");
        let from = self.log.length + 1;
        let read = tokio::task::spawn_blocking(move || -> anyhow::Result<Vec<Record>> {
            let mut records = Vec::new();
            Reader::open(&database)?.for_each_record(from, |record| -> anyhow::Result<()> {
                records.push(record);
                Ok(())
            })?;
            Ok(records)
        });
        let Ok(Ok(records)) = read.await else { return };
        let Some(last) = records.last() else { return };
        self.log.length = last.seq;
        self.log.head = last.hash.to_string();
        self.records.extend(records.iter().map(audit_line));
        while self.records.len() > RECORDS_MAX {
            self.records.pop_front();
        }
        self.log.records = self.records.iter().cloned().collect();
    }
}

fn audit_line(record: &Record) -> AuditLine {
    AuditLine {
        seq: record.seq,
        at: record.at.millis(),
        kind: record.kind.replace('_', " "),
        request: record.request.map(|id| id.to_string()),
        hash: record.hash.to_string().chars().take(HASH_SHOWN).collect(),
    }
}

fn slack_id(people: &[Person], id: &PersonId) -> Option<String> {
    let person = people.iter().find(|person| person.id == *id)?;
    person.slack.as_ref().map(|slack| slack.as_str().to_owned())
}

fn facts(people: &[Person]) -> BTreeMap<String, PersonFacts> {
    let name =
        |id: &PersonId| people.iter().find(|person| person.id == *id).map(|person| person.name.clone());
    let of = |person: &Person| {
        let facts = PersonFacts {
            department: person.department.clone(),
            employment: person.employment.as_str(),
            manager: person.manager.as_ref().and_then(name),
        };
        Some((person.slack.as_ref()?.as_str().to_owned(), facts))
    };
    people.iter().filter_map(of).collect()
}

fn request(request: &Request, people: &[Person]) -> RequestFacts {
    let asked = match &request.state {
        State::Pending(pending) => pending.asked.iter().filter_map(|id| slack_id(people, id)).collect(),
        State::Scheduled { .. }
        | State::Granting
        | State::Active { .. }
        | State::Revoking { .. }
        | State::Revoked { .. }
        | State::Applied { .. }
        | State::Denied { .. }
        | State::Withdrawn { .. }
        | State::Lapsed { .. } => Vec::new(),
    };
    let extends = match request.kind {
        Kind::Extension { parent } => Some(parent.to_string()),
        Kind::New | Kind::BreakGlass | Kind::Drill { .. } => None,
    };
    RequestFacts {
        id: request.id.to_string(),
        title: request.title(),
        by: slack_id(people, &request.requester.id).unwrap_or_default(),
        at_once: request.kind == Kind::BreakGlass,
        extends,
        state: request.state.word().as_str(),
        asked,
        login: request.terms.steps.iter().find_map(|step| step.login.clone()),
        sealed: request.credential.is_some_and(|c| c.revealed_at.is_none() && !c.erased),
        revealed: request.credential.is_some_and(|c| c.revealed_at.is_some()),
        warned: matches!(request.state, State::Active { warned: true }),
        expires: request.times.map(|times| times.expires_at.millis()),
        gone: request.times.and_then(|times| times.verified_at).map(Timestamp::millis),
    }
}

fn tickets(world: &World) -> Vec<Ticket> {
    let folder = format!("{}/", world.folder().display());
    let short = |text: &str| text.replace(&folder, "");
    let comments = |key: &str| {
        let all = world.jira.comments(key).into_iter();
        all.map(|comment| TicketComment { text: short(&comment.text), by: comment.author }).collect()
    };
    let ticket = |issue: crate::playground::jira::LocalIssue| Ticket {
        comments: comments(&issue.key),
        about: short(&issue.description),
        key: issue.key,
        title: issue.summary,
        status: issue.status,
        reporter: issue.reporter,
    };
    world.jira.issues().into_iter().map(ticket).collect()
}

async fn old_app(world: &World) -> OldApp {
    let text = tokio::fs::read_to_string(world.folder().join("htpasswd")).await.unwrap_or_default();
    let cut = |line: &str| match line.split_once(':') {
        Some((login, hash)) if !line.starts_with('#') && hash.len() > HASH_SHOWN => {
            format!("{login}:{}…", hash.chars().take(HASH_SHOWN).collect::<String>())
        }
        Some(_) | None => line.to_owned(),
    };
    OldApp {
        url: world.playground.legacy.url(),
        file: text.lines().filter(|line| !line.is_empty()).take(LINES_MAX).map(cut).collect(),
        sessions: world.playground.legacy.sessions(),
    }
}

fn policies(world: &World, reload: &Reload, set: &PolicySet, people: &People, now: Timestamp) -> Policies {
    let simulated: Vec<String> = world.policies.simulated.ids().iter().map(ToString::to_string).collect();
    let results = run_tests(set);
    let (passed, failed): (Vec<&TestResult>, Vec<&TestResult>) =
        results.iter().partition(|result| result.passed);
    Policies {
        folder: world.policies.path().display().to_string(),
        named: world.policies.is_named(),
        digest: set.digest.short().to_owned(),
        in_force: reload.trouble().is_none(),
        issues: reload.trouble().map(issues).unwrap_or_default(),
        warnings: lint(set, people).iter().map(ToString::to_string).collect(),
        tests_passed: passed.len(),
        tests_failed: failed.into_iter().map(failure).collect(),
        roles: set
            .roles()
            .map(|(at, app, role)| facts_of_role((&at, app, role), set, people, &simulated, now))
            .collect(),
        simulated,
    }
}

fn issues(trouble: &PolicyTrouble) -> Vec<PolicyIssue> {
    match trouble {
        PolicyTrouble::Unreadable(why) => vec![PolicyIssue { place: String::new(), message: why.clone() }],
        PolicyTrouble::Issues(issues) => issues
            .iter()
            .map(|issue| PolicyIssue {
                place: format!("{}:{}:{}", issue.file, issue.line, issue.column),
                message: issue.words(),
            })
            .collect(),
    }
}

fn failure(result: &TestResult) -> String {
    let got = match &result.got {
        Verdict::Granted(_) => "it is eligible".to_owned(),
        Verdict::Refused(first, _) => format!("it is refused by {}: {}", first.rule, first.saw),
    };
    format!("{}: the row that asks for {} expects otherwise; {got}", result.place, result.asks)
}

fn facts_of_role(
    (at, app, role): (&RoleRef, &App, &Role),
    set: &PolicySet,
    people: &People,
    simulated: &[String],
    now: Timestamp,
) -> RoleFacts {
    let tier = set.tiers.get(&role.tier);
    let at_once = tier.is_some_and(|tier| auto_approves(tier, role.default_duration));
    let may = |person: &Person| match still_eligible(
        set,
        people,
        &person.id,
        at,
        role.default_duration,
        Begin::Access(now),
        &[],
        now,
    ) {
        Verdict::Granted(_) if at_once => MayAsk::AtOnce,
        Verdict::Granted(_) => MayAsk::Asks,
        Verdict::Refused(first, _) => {
            MayAsk::No(format!("{}: {}. It takes: {}", first.rule, first.saw, first.wants))
        }
    };
    let who = people
        .iter()
        .filter(|person| person.active)
        .filter_map(|person| person.slack.as_ref().map(|slack| (slack.as_str().to_owned(), may(person))));
    RoleFacts {
        role: at.to_string(),
        title: format!("{} · {}", app.name, role.name),
        gives: role.gives.clone(),
        risk: role.risk.as_str(),
        usual: role.default_duration.to_string(),
        most: role.max_duration.words(),
        tier: tier.map(|tier| tier.name.clone()).unwrap_or_default(),
        simulated: role.steps.iter().any(|step| simulated.iter().any(|id| step.target.as_str() == id)),
        who: who.collect(),
    }
}
