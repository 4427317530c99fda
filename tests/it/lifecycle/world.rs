//! The world of the scripts: a few people, a few roles, and plain rules that stand for the policies.

use std::collections::{BTreeMap, BTreeSet};

use jitney::ids::{PersonId, RequestId, RoleRef, TargetId};
use jitney::lifecycle::{Kind, ParentFacts, Request, Requester, State, StepTerms, Terms};
use jitney::policy::{
    ApproverRef, Ask, BreakGlass, Employment, Layer, Reason, ReasonCode, Risk, Stage, StageApprovers, Tier,
    Verdict,
};
use jitney::time::{Span, Timestamp};

/// Everybody. Ann and Bob ask, Carol is their manager, Dana owns every app, Erin is asked when Carol and Dana
/// are slow, Erin and Frank run Jitney.
pub(crate) const PEOPLE: [&str; 6] = ["ann", "bob", "carol", "dana", "erin", "frank"];

/// What can be asked for. `kind:name@target`: a group is shared by all grants of one person, a login is each
/// grant's own, a card is shared and its target can't be read back.
const ROLES: &str = "
    role            steps                               tier   max  total  stuck
    wiki/edit       group:wiki@idp                      one    8h   12h    5m
    docs/edit       group:wiki@idp                      one    8h   12h    5m
    billing/read    login:ro@pg                         quick  8h   12h    5m
    billing/write   group:billing@idp,login:rw@pg       two    8h   12h    5m
    ledger/close    group:ledger@idp,group:books@books  pair   8h   12h    5m
    chat/admin      group:chat@idp,group:wiki@idp       one    8h   12h    5m
    desk/key        card:front@desk                     one    8h   12h    10m
";

#[derive(Debug, Clone)]
struct Role {
    steps: Vec<StepTerms>,
    tier: Tier,
    max_duration: Span,
    max_total: Span,
    stuck: Span,
}

/// The people and roles, and what has changed about them.
#[derive(Debug)]
pub(crate) struct World {
    roles: BTreeMap<RoleRef, Role>,
    total_limits: BTreeMap<RoleRef, Span>,
    pub(crate) left: BTreeSet<PersonId>,
    pub(crate) may_not_approve: BTreeSet<PersonId>,
    pub(crate) may_not_ask: BTreeSet<PersonId>,
    pub(crate) operators: BTreeSet<PersonId>,
    pub(crate) breakers_open: BTreeSet<TargetId>,
}

pub(crate) fn person(name: &str) -> PersonId {
    format!("{name}@example.com").parse().unwrap()
}

/// `ann`, of `ann@example.com`.
pub(crate) fn name(id: &PersonId) -> &str {
    id.as_str().split('@').next().unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        let rows = ROLES.lines().map(str::trim).filter(|l| !l.is_empty()).skip(1);
        Self {
            roles: rows.map(role).collect(),
            total_limits: BTreeMap::new(),
            left: BTreeSet::new(),
            may_not_approve: BTreeSet::new(),
            may_not_ask: BTreeSet::new(),
            operators: BTreeSet::from([person("erin"), person("frank")]),
            breakers_open: BTreeSet::new(),
        }
    }

    pub(crate) fn limit_total(&mut self, role: RoleRef, limit: Span) {
        self.total_limits.insert(role, limit);
    }

    pub(crate) fn requester(who: &PersonId) -> Requester {
        Requester {
            id: who.clone(),
            name: name(who).to_owned(),
            employment: Employment::Employee,
            department: "Finance".to_owned(),
            manager: Some(person("carol")),
        }
    }

    /// What is copied from the policy at submission; a per-grant artefact has the grant's id in its key.
    pub(crate) fn terms(&self, ask: &Ask, id: RequestId) -> Result<Terms, String> {
        let role = self.roles.get(&ask.role).ok_or_else(|| format!("there is no role {}", ask.role))?;
        let mut steps = role.steps.clone();
        for step in steps.iter_mut().filter(|s| !s.shared) {
            step.key = format!("{} of {id}", step.key).parse().unwrap();
        }
        Ok(Terms {
            app_name: ask.role.app.to_string(),
            role_name: ask.role.role.to_string(),
            gives: String::new(),
            risk: Risk::Low,
            layer: Layer::Application,
            owners: vec![person("dana")],
            max_duration: role.max_duration,
            max_total: role.max_total,
            revoke_target: role.stuck,
            tier: role.tier.clone(),
            steps,
            lockdown_family: Vec::new(),
        })
    }

    /// May this person have this role for so long: judged at each click, at a start, and before an extension.
    pub(crate) fn eligible(&self, who: &PersonId, ask: &Ask) -> Verdict {
        let mut no = Vec::new();
        if self.left.contains(who) {
            no.push(reason(ReasonCode::Leaver));
        }
        if self.may_not_ask.contains(who) {
            no.push(reason(ReasonCode::NotEligible));
        }
        if self.roles.get(&ask.role).is_some_and(|r| ask.duration > r.max_duration) {
            no.push(reason(ReasonCode::OverMaximum));
        }
        Verdict::from_reasons(no, Vec::new())
    }

    /// May this person submit this.
    pub(crate) fn may_submit(
        &self,
        requests: &BTreeMap<RequestId, Request>,
        who: &PersonId,
        ask: &Ask,
        kind: Kind,
        now: Timestamp,
    ) -> Verdict {
        let mut no: Vec<Reason> = self.eligible(who, ask).refusals().cloned().collect();
        let own = || requests.values().filter(|r| r.requester.id == *who);
        let twin = |r: &Request| {
            r.ask.role == ask.role
                && std::mem::discriminant(&r.kind) == std::mem::discriminant(&kind)
                && r.state.word().is_open()
        };
        if own().any(twin) {
            no.push(reason(ReasonCode::Twin));
        }
        match kind {
            Kind::New => {}
            Kind::BreakGlass | Kind::Drill { .. } => {
                let rule = self.roles.get(&ask.role).and_then(|r| r.tier.break_glass.as_ref());
                match rule {
                    None => no.push(reason(ReasonCode::NoBreakGlass)),
                    Some(rule) if ask.duration > rule.max_duration => {
                        no.push(reason(ReasonCode::OverMaximum));
                    }
                    Some(_) => {}
                }
                if own().any(|r| !r.kind.is_drill() && r.review_due_at.is_some_and(|due| now > due)) {
                    no.push(reason(ReasonCode::ReviewOverdue));
                }
            }
            Kind::Extension { parent } => match requests.get(&parent).and_then(|p| self.parent(p)) {
                Some(ParentFacts { expires_at: Some(end), active_at, max_total }) => {
                    if (end + ask.duration).since(active_at) > max_total {
                        no.push(reason(ReasonCode::OverTotal));
                    }
                }
                Some(ParentFacts { expires_at: None, .. }) | None => no.push(reason(ReasonCode::ParentEnded)),
            },
        }
        Verdict::from_reasons(no, Vec::new())
    }

    /// The grant to extend, and the smaller of both limits.
    pub(crate) fn parent(&self, parent: &Request) -> Option<ParentFacts> {
        let times = parent.times?;
        let limit = self.total_limits.get(&parent.ask.role).copied().unwrap_or(parent.terms.max_total);
        Some(ParentFacts {
            expires_at: matches!(parent.state, State::Active { .. }).then_some(times.expires_at),
            active_at: times.active_at.unwrap_or(times.provisioning_at),
            max_total: limit.min(parent.terms.max_total),
        })
    }

    /// Who would be asked now, in each stage.
    pub(crate) fn stages(&self, request: &Request) -> Vec<StageApprovers> {
        let known = |refs: &[ApproverRef]| self.people_of(refs, request);
        let stage = |stage: &Stage| {
            let asked = known(&stage.approvers);
            let from_fallback = asked.is_empty();
            let asked = if from_fallback { known(&stage.fallback) } else { asked };
            StageApprovers {
                asked,
                escalation: known(&stage.escalate_to),
                from_fallback,
                ..StageApprovers::default()
            }
        };
        request.terms.tier.stages.iter().map(stage).collect()
    }

    /// May this person approve, or deny, this stage: one who is asked, not the requester, once.
    pub(crate) fn may_approve(
        &self,
        request: &Request,
        who: &PersonId,
        stage: u32,
        escalated: bool,
    ) -> Verdict {
        let stages = self.stages(request);
        let found = stages.get(stage as usize).cloned().unwrap_or_default();
        let distinct = request.terms.tier.stages.get(stage as usize).is_some_and(|s| s.distinct);
        let mut no = Vec::new();
        if *who == request.requester.id {
            no.push(reason(ReasonCode::OwnRequest));
        }
        let asked = found.asked.contains(who) || escalated && found.escalation.contains(who);
        if !asked {
            no.push(reason(ReasonCode::NotApprover));
        }
        if request.votes.iter().any(|v| v.by == *who && (v.stage == stage || distinct)) {
            no.push(reason(ReasonCode::AlreadyVoted));
        }
        Verdict::from_reasons(no, Vec::new())
    }

    /// May this person take somebody's access: whoever could have approved it, and the owners.
    pub(crate) fn may_end(&self, request: &Request, who: &PersonId) -> Verdict {
        let approver =
            self.stages(request).iter().any(|s| s.asked.contains(who) || s.escalation.contains(who));
        let may = *who != request.requester.id && (approver || request.terms.owners.contains(who));
        let no = if may { Vec::new() } else { vec![reason(ReasonCode::NotApprover)] };
        Verdict::from_reasons(no, Vec::new())
    }

    fn people_of(&self, refs: &[ApproverRef], request: &Request) -> Vec<PersonId> {
        let one = |r: &ApproverRef| match r {
            ApproverRef::Manager => request.requester.manager.iter().cloned().collect(),
            ApproverRef::Owners => request.terms.owners.clone(),
            ApproverRef::Person(id) => vec![id.clone()],
            ApproverRef::Group(group) => panic!("the scripts have no groups such as {group}"),
            ApproverRef::OnCall(name) => panic!("the scripts have no schedules such as {name}"),
        };
        let may = |p: &PersonId| {
            *p != request.requester.id
                && !request.is_asked_by(p)
                && !self.left.contains(p)
                && !self.may_not_approve.contains(p)
        };
        refs.iter().flat_map(one).filter(may).collect()
    }
}

fn reason(code: ReasonCode) -> Reason {
    Reason { code, rule: String::new(), saw: format!("{code:?}"), wants: String::new() }
}

fn role(row: &str) -> (RoleRef, Role) {
    let cells: Vec<&str> = row.split_whitespace().collect();
    let [role, steps, tier_id, max, total, stuck] = cells[..] else { panic!("a role has six cells: {row}") };
    let span = |text: &str| text.parse::<Span>().unwrap();
    let role_of = Role {
        steps: steps.split(',').map(step).collect(),
        tier: tier(tier_id),
        max_duration: span(max),
        max_total: span(total),
        stuck: span(stuck),
    };
    (role.parse().unwrap(), role_of)
}

fn step(text: &str) -> StepTerms {
    let (key, target) = text.split_once('@').unwrap();
    let login = key.starts_with("login:");
    StepTerms {
        gives_group: None,
        target: target.parse().unwrap(),
        params: serde_json::Value::Null,
        key: key.parse().unwrap(),
        shared: !login,
        label: key.to_owned(),
        issues_credential: login,
        login: None,
        used_at: None,
        readable: !key.starts_with("card:"),
        cannot_end: Vec::new(),
    }
}

/// `one`: Carol or Dana. `quick`: as one, and by itself up to 30 minutes. `two`: Carol, then somebody else.
/// `pair`: two of three.
fn tier(id: &str) -> Tier {
    let people = |names: &[&str]| names.iter().map(|n| ApproverRef::Person(person(n))).collect::<Vec<_>>();
    let either = Stage {
        approvers: vec![ApproverRef::Manager, ApproverRef::Owners],
        quorum: 1,
        distinct: false,
        remind_after: Some(Span::mins(15)),
        escalate_after: Some(Span::mins(40)),
        escalate_to: people(&["erin"]),
        fallback: people(&["erin"]),
        direct: false,
        hours: None,
        place: String::new(),
    };
    let manager = Stage { approvers: vec![ApproverRef::Manager], ..either.clone() };
    let three = people(&["carol", "dana", "erin"]);
    let stages = match id {
        "one" | "quick" => vec![either],
        "two" => vec![manager, Stage { approvers: three, distinct: true, ..either }],
        "pair" => vec![Stage { approvers: three, quorum: 2, direct: true, ..either }],
        other => panic!("there is no tier {other}"),
    };
    Tier {
        id: id.parse().unwrap(),
        name: id.to_owned(),
        auto_under: (id == "quick").then_some(Span::mins(30)),
        stages,
        lapse_after: Span::hours(2),
        provision_within: Span::mins(10),
        warn_before: Some(Span::mins(15)),
        break_glass: (id == "one")
            .then_some(BreakGlass { max_duration: Span::hours(1), review_within: Span::days(1) }),
        place: String::new(),
    }
}
