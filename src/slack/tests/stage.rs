//! The edge between the little Slack and an engine that follows a script, with a grant to talk about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::fake::{Call, FakeSlack};
use crate::engine::scripted::{Script, start};
use crate::engine::{Dossier, EngineHandle, Verb};
use crate::ids::{PersonId, RequestId, SlackUserId};
use crate::lifecycle::{Answer, Kind, Request, Requester, State, Step, StepTerms, Terms};
use crate::policy::{Ask, Digest, Employment, Layer, People, Person, PolicySet, Risk, Tier};
use crate::slack::envelope::{self, Frame};
use crate::slack::socket::{Ack, Listener};
use crate::slack::{SlackEdge, SlackSettings};
use crate::time::{Span, Timestamp};

pub(super) const R1042: RequestId = RequestId::from_number(1042);
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_795_341_600_000);

fn people() -> People {
    let person = |name: &str, account: &str, active| Person {
        id: PersonId::new(&format!("{name}@example.com")).unwrap(),
        name: name.to_owned(),
        employment: Employment::Employee,
        department: String::new(),
        location: String::new(),
        manager: None,
        groups: BTreeSet::new(),
        active,
        slack: Some(SlackUserId::new(account).unwrap()),
        operator_login: None,
        title: String::new(),
        doubts: None,
    };
    let all = [person("Ann", "U0ANN", true), person("Bob", "U0BOB", true), person("Gone", "U0GONE", false)];
    People::new(all, NOW, Span::hours(1))
}

fn dossier(state: State) -> Dossier {
    let tier = Tier {
        id: "manager".parse().unwrap(),
        name: "Manager".to_owned(),
        auto_under: None,
        stages: vec![],
        lapse_after: Span::hours(8),
        provision_within: Span::mins(15),
        warn_before: Some(Span::mins(15)),
        break_glass: None,
        place: String::new(),
    };
    let step = StepTerms {
        gives_group: None,
        target: "billing-pg".parse().unwrap(),
        params: Value::Null,
        key: "jit-r1042".parse().unwrap(),
        shared: false,
        label: "a login".to_owned(),
        issues_credential: true,
        login: Some("jit-r1042".to_owned()),
        used_at: None,
        readable: true,
        cannot_end: vec![],
    };
    let terms = Terms {
        app_name: "Billing database".to_owned(),
        role_name: "Read only".to_owned(),
        gives: String::new(),
        risk: Risk::Low,
        layer: Layer::Application,
        owners: vec![],
        max_duration: Span::hours(8),
        max_total: Span::hours(24),
        revoke_target: Span::secs(60),
        tier,
        steps: vec![step],
        lockdown_family: vec![],
    };
    let ask = Ask {
        role: "billing/read".parse().unwrap(),
        duration: Span::hours(2),
        starts_at: None,
        justification: "Replica lag alarm".to_owned(),
        ticket: None,
        fields: BTreeMap::new(),
    };
    let request = Request {
        id: R1042,
        kind: Kind::New,
        requester: Requester::from(people().get(&PersonId::new("ann@example.com").unwrap()).unwrap()),
        terms,
        ask,
        submitted_at: NOW,
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
    Dossier {
        request,
        revision: 3,
        entries: vec![],
        issue: None,
        issue_status: None,
        comments: BTreeMap::new(),
        messages: BTreeMap::new(),
    }
}

pub(super) fn active() -> Dossier {
    dossier(State::Active { warned: false })
}

/// The edge, between the fake Slack and the scripted engine.
pub(super) struct Stage {
    pub(super) slack: FakeSlack,
    pub(super) edge: SlackEdge,
    pub(super) engine: EngineHandle,
    pub(super) script: Arc<Mutex<Script>>,
}

impl Stage {
    pub(super) async fn set(script: Script) -> Self {
        Self::set_with(PolicySet::default(), script).await
    }

    /// With other settings.
    pub(super) async fn set_up(script: Script, change: &mut dyn FnMut(&mut SlackSettings)) -> Self {
        let slack = FakeSlack::start().await;
        let (engine, script) = start(PolicySet::default(), people(), NOW, script);
        let mut settings = slack.settings();
        change(&mut settings);
        let edge = SlackEdge::new(settings, engine.clone()).unwrap();
        Self { slack, edge, engine, script }
    }

    pub(super) async fn set_with(policies: PolicySet, script: Script) -> Self {
        let slack = FakeSlack::start().await;
        let (engine, script) = start(policies, people(), NOW, script);
        let edge = SlackEdge::new(slack.settings(), engine.clone()).unwrap();
        Self { slack, edge, engine, script }
    }

    /// Hears one envelope to its end; what it was acknowledged with.
    pub(super) async fn hears(&self, envelope: Value) -> Option<Value> {
        let Ok(Frame::Envelope(envelope)) = envelope::parse(&envelope.to_string()) else {
            panic!("no envelope")
        };
        let (ack, answered): (Ack, oneshot::Receiver<Option<Value>>) = Ack::new(envelope.takes_payload);
        self.edge.ears.hear(&envelope.id, envelope.input, ack).await;
        answered.await.unwrap_or(None)
    }

    pub(super) fn verbs(&self) -> Vec<Verb> {
        self.script.lock().unwrap().verbs()
    }

    pub(super) fn calls(&mut self) -> Vec<Call> {
        std::iter::from_fn(|| self.slack.called()).collect()
    }

    pub(super) fn click(&self, user: &str, action: &str) -> Value {
        json!({"envelope_id": "e1", "type": "interactive", "accepts_response_payload": false, "payload": {
            "type": "block_actions",
            "team": {"id": "T0OURS"},
            "user": {"id": user, "team_id": "T0OURS"},
            "trigger_id": "1.2.a",
            "response_url": format!("{}/respond", self.slack.url),
            "container": {"type": "message", "channel_id": "C0ACCESS"},
            "message": {"ts": "2.0", "thread_ts": "1.0"},
            "actions": [{"type": "button", "action_id": action, "value": "R1042"}],
        }})
    }
}

pub(super) fn answers(answers: impl IntoIterator<Item = Answer>) -> Script {
    Script { answers: answers.into_iter().collect(), ..Script::default() }
}

pub(super) fn typed(id: &str, text: &str) -> Value {
    json!({"envelope_id": id, "type": "slash_commands", "accepts_response_payload": true, "payload": {
        "user_id": "U0ANN", "team_id": "T0OURS", "command": "/jit", "text": text, "trigger_id": "1.2.a",
    }})
}
