//! The people, the catalogue and the requests that the tests speak of.

use std::collections::{BTreeMap, BTreeSet};

use jitney::engine::{Dossier, SlackMessage};
use jitney::ids::{AppId, EntryId, GroupId, PersonId, RequestId, RoleId, SlackUserId, TargetId, TierId};
use jitney::lifecycle::{
    Actor, Context, Credential, EndCause, Entry, Evidence, Kind, PendingState, Presence, Request, Requester,
    State, Step, StepTerms, Terms, Times, View, Vote, What,
};
use jitney::policy::{
    App, ApproverRef, Ask, BreakGlass, Digest, Employment, Field, Layer, People, Person, PolicySet, Risk,
    Role, Stage, StepSpec, TicketOf, TicketRule, Tier, Visibility,
};
use jitney::time::{Span, Timestamp};

/// 2026-11-22 10:00 UTC, and minutes after it.
pub(crate) fn at(minutes: u64) -> Timestamp {
    "2026-11-22T10:00:00Z".parse::<Timestamp>().unwrap() + Span::mins(minutes)
}

pub(crate) fn id(name: &str) -> PersonId {
    PersonId::new(&format!("{name}@example.com")).unwrap()
}

pub(crate) fn person(name: &str) -> Person {
    Person {
        id: id(name),
        name: name[..1].to_uppercase() + &name[1..],
        employment: Employment::Employee,
        department: "Engineering".to_owned(),
        location: String::new(),
        manager: None,
        groups: BTreeSet::new(),
        active: true,
        slack: Some(SlackUserId::new(&format!("U0{}", name.to_uppercase())).unwrap()),
        operator_login: None,
        title: String::new(),
        doubts: None,
    }
}

pub(crate) fn everybody() -> People {
    let mut all: Vec<Person> = ["ann", "bob", "carol", "dana", "erin"].map(person).to_vec();
    all[4].slack = None;
    People::new(all, at(0), Span::hours(1))
}

fn stage(quorum: u32) -> Stage {
    Stage {
        approvers: vec![ApproverRef::Manager, ApproverRef::Group(GroupId::new("dba").unwrap())],
        quorum,
        distinct: true,
        remind_after: Some(Span::mins(30)),
        escalate_after: Some(Span::hours(1)),
        escalate_to: vec![ApproverRef::Owners],
        fallback: vec![],
        direct: false,
        hours: None,
        place: String::new(),
    }
}

pub(crate) fn tier() -> Tier {
    Tier {
        id: TierId::new("two-keys").unwrap(),
        name: "Two keys".to_owned(),
        auto_under: Some(Span::mins(15)),
        stages: vec![stage(1), stage(2)],
        lapse_after: Span::hours(8),
        provision_within: Span::mins(15),
        warn_before: Some(Span::mins(15)),
        break_glass: Some(BreakGlass { max_duration: Span::hours(1), review_within: Span::days(1) }),
        place: String::new(),
    }
}

pub(crate) fn policies() -> PolicySet {
    let role = Role {
        id: RoleId::new("read").unwrap(),
        name: "Read only".to_owned(),
        gives: "SELECT on every table of billing".to_owned(),
        risk: Risk::High,
        default_duration: Span::hours(1),
        max_duration: Span::hours(8),
        max_total: Span::hours(24),
        revoke_target: Span::secs(60),
        tier: TierId::new("two-keys").unwrap(),
        visibility: Visibility::Listed,
        ticket: TicketRule::Required,
        eligible: vec![],
        never: vec![],
        conflicts: vec![],
        hours: None,
        ticket_of: TicketOf::Requester,
        held_by: Vec::new(),
        steps: vec![StepSpec {
            gives_group: None,
            target: TargetId::new("billing-pg").unwrap(),
            params: serde_json::Value::Null,
            label: "a login in billing-pg".to_owned(),
            issues_credential: true,
            readable: true,
            cannot_end: vec![],
        }],
        fields: vec![Field {
            id: "schema".to_owned(),
            label: "Schema".to_owned(),
            choices: vec!["public".to_owned(), "ledger".to_owned()],
            place: String::new(),
        }],
        lockdown_family: vec![],
        key_places: Default::default(),
        place: "policies/billing.toml:7:1".to_owned(),
    };
    let app = App {
        id: AppId::new("billing").unwrap(),
        name: "Billing database".to_owned(),
        about: "PostgreSQL behind the 2009 billing system".to_owned(),
        owners: vec![id("dana")],
        layer: Layer::Application,
        visibility: Visibility::Listed,
        roles: BTreeMap::from([(role.id.clone(), role)]),
        tests: vec![],
    };
    let tier = tier();
    PolicySet {
        apps: BTreeMap::from([(app.id.clone(), app)]),
        tiers: BTreeMap::from([(tier.id.clone(), tier)]),
        ..PolicySet::default()
    }
}

pub(crate) fn evidence(answer: &str) -> Evidence {
    Evidence { method: "read /srv/app/htpasswd".to_owned(), answer: answer.to_owned(), at: at(5) }
}

pub(crate) fn pending(stage: u32) -> State {
    State::Pending(PendingState {
        stage,
        stage_since: at(0),
        asked: vec![id("bob"), id("carol"), id("erin")],
        remind_at: Some(at(30)),
        reminders: 0,
        escalate_at: Some(at(60)),
        escalated: false,
        lapses_at: at(480),
        held: false,
        asked_anew: 0,
        unconfirmed: false,
    })
}

pub(crate) fn revoking(stuck: bool) -> State {
    State::Revoking {
        cause: EndCause::Expiry,
        stuck_at: at(131),
        stuck_since: stuck.then(|| at(131)),
        locked: stuck,
        waivers: vec![],
    }
}

/// Ann's request R1042 in some state, with the parts of its story that a test adds.
pub(crate) struct Story {
    pub(crate) dossier: Dossier,
}

impl Story {
    pub(crate) fn new(state: State) -> Self {
        let request = Request {
            id: RequestId::from_number(1042),
            kind: Kind::New,
            requester: Requester::from(&person("ann")),
            terms: Terms {
                app_name: "Billing database".to_owned(),
                role_name: "Read only".to_owned(),
                gives: "SELECT on every table of billing".to_owned(),
                risk: Risk::High,
                layer: Layer::Application,
                owners: vec![id("dana")],
                max_duration: Span::hours(8),
                max_total: Span::hours(24),
                revoke_target: Span::secs(60),
                tier: tier(),
                steps: vec![StepTerms {
                    gives_group: None,
                    target: TargetId::new("billing-pg").unwrap(),
                    params: serde_json::Value::Null,
                    key: "jit-r1042".parse().unwrap(),
                    shared: false,
                    label: "a login in billing-pg".to_owned(),
                    issues_credential: true,
                    login: Some("jit-r1042".to_owned()),
                    used_at: Some("https://billing.example.com".to_owned()),
                    readable: true,
                    cannot_end: vec![],
                }],
                lockdown_family: vec![],
            },
            ask: Ask {
                role: "billing/read".parse().unwrap(),
                duration: Span::hours(2),
                starts_at: None,
                justification: "Replica lag alarm; I need the query plans.".to_owned(),
                ticket: Some("OPS-311".parse().unwrap()),
                fields: BTreeMap::new(),
            },
            submitted_at: at(0),
            policy: Digest::default(),
            votes: vec![],
            asked_by: None,
            questions: vec![],
            copies: vec![],
            state,
            steps: vec![Step::default()],
            times: None,
            credential: None,
            review_due_at: None,
            views: Default::default(),
            next_effect: 1,
            next_entry: 1,
        };
        let dossier = Dossier {
            request,
            revision: 3,
            entries: vec![],
            issue: Some("ACC-7".parse().unwrap()),
            issue_status: None,
            comments: BTreeMap::new(),
            messages: BTreeMap::new(),
        };
        let submitted = What::Submitted {
            request_kind: Kind::New,
            title: "Billing database · Read only".to_owned(),
            duration: Span::hours(2),
            justification: "Replica lag alarm; I need the query plans.".to_owned(),
            risk: Risk::High,
            allowed_by: vec![],
            context: Box::default(),
        };
        Self { dossier }.told("ann", 0, submitted)
    }

    pub(crate) fn told(mut self, by: &str, minutes: u64, what: What) -> Self {
        let by = match by {
            "jitney" => Actor::Jitney,
            name => Actor::Person { id: id(name), name: person(name).name },
        };
        let number = u32::try_from(self.dossier.entries.len()).unwrap() + 1;
        let id = EntryId::new(self.dossier.request.id, number);
        self.dossier.entries.push(Entry { id, at: at(minutes), by, what, because: Vec::new() });
        self
    }

    /// With what the approvers are told besides.
    pub(crate) fn knowing(mut self, known: Context) -> Self {
        if let What::Submitted { context, .. } = &mut self.dossier.entries[0].what {
            **context = known;
        }
        self
    }

    pub(crate) fn asked(self, stage: u32) -> Self {
        let quorum = stage + 1;
        let asked = vec![id("bob"), id("carol"), id("erin")];
        let what = What::ApprovalWanted { stage, stages: 2, quorum, asked, from_fallback: stage == 1 };
        self.told("jitney", u64::from(stage), what)
    }

    pub(crate) fn vote(mut self, by: &str, stage: u32, minutes: u64) -> Self {
        let name = person(by).name;
        self.dossier.request.votes.push(Vote {
            by: id(by),
            name,
            stage,
            at: at(minutes),
            at_most: None,
            capacity: None,
        });
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Request)) -> Self {
        change(&mut self.dossier.request);
        self
    }

    /// With a grant that is active from minute 10 to minute 130.
    pub(crate) fn granted(self) -> Self {
        self.with(|request| {
            request.times = Some(Times {
                provisioning_at: at(9),
                provision_by: at(24),
                not_after: at(145),
                active_at: Some(at(10)),
                extended_at: None,
                expires_at: at(130),
                ended_at: None,
                verified_at: None,
            });
            request.credential = Some(Credential::default());
            request.steps[0].presence = Presence::Present;
        })
    }

    pub(crate) fn ended(self) -> Self {
        self.granted().with(|request| {
            let times = request.times.as_mut().unwrap();
            times.ended_at = Some(at(130));
            times.verified_at = Some(at(131));
            request.steps[0].presence = Presence::Absent;
        })
    }

    pub(crate) fn posted(mut self, view: View) -> Self {
        let message = SlackMessage {
            channel: "C0ACCESS".to_owned(),
            ts: "1795341600.000100".to_owned(),
            digest: String::new(),
        };
        self.dossier.messages.insert(view, message);
        self
    }
}
