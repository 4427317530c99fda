//! The people, the policies and the clock of the simulation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use jitney::ids::{EntitlementKey, TargetId};
use jitney::policy::{
    self, Binding, Catalogue, Employment, ParamIssue, Parsed, People, Person, PolicySet, SourceFile, Subject,
};
use jitney::time::{Clock, Span, Timestamp};
use serde_json::Value;

/// 2026-01-01, so that printed times look like times.
pub const START: i64 = 1_767_225_600_000;

/// A clock that the simulation moves. Its wall may be set; its monotonic reading can be broken on purpose.
#[derive(Debug, Default)]
pub struct SimClock {
    elapsed: AtomicI64,
    skew: AtomicI64,
    frozen: AtomicBool,
}

impl SimClock {
    /// True time, whatever the wall says.
    pub fn true_now(&self) -> Timestamp {
        Timestamp::from_millis(START + self.elapsed.load(Ordering::SeqCst))
    }

    pub fn advance(&self, span: Span) {
        self.elapsed.fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub fn set_back(&self, span: Span) {
        self.skew.fetch_sub(i64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub fn set_right(&self) {
        self.skew.store(0, Ordering::SeqCst);
    }

    /// The defect "clock set back a day": nothing but the wall is looked at.
    pub fn freeze_monotonic(&self) {
        self.frozen.store(true, Ordering::SeqCst);
    }
}

impl Clock for SimClock {
    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.true_now().millis() + self.skew.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Span {
        if self.frozen.load(Ordering::SeqCst) {
            return Span::ZERO;
        }
        Span::millis(u64::try_from(self.elapsed.load(Ordering::SeqCst)).unwrap())
    }
}

/// Targets with shared groups and with logins of one grant.
#[derive(Debug, Default)]
pub struct SimCatalogue;

impl Catalogue for SimCatalogue {
    fn targets(&self) -> Vec<TargetId> {
        ["idp", "db", "host"].iter().map(|t| t.parse().unwrap()).collect()
    }

    fn parse(&self, _target: &TargetId, params: &Value) -> Result<Parsed, Vec<ParamIssue>> {
        let group = params.get("group").and_then(Value::as_str);
        let label = group.map_or("a login".to_owned(), |g| format!("membership of {g}"));
        Ok(Parsed {
            params: params.clone(),
            label,
            issues_credential: group.is_none(),
            readable: true,
            cannot_end: Vec::new(),
        })
    }

    fn bind(&self, _target: &TargetId, params: &Value, subject: &Subject<'_>) -> Result<Binding, String> {
        Ok(match params.get("group").and_then(Value::as_str) {
            Some(group) => Binding {
                key: EntitlementKey::new(&format!("group/{group}")).unwrap(),
                shared: true,
                login: None,
                used_at: None,
            },
            None => Binding {
                key: EntitlementKey::new(&format!("login/{}", subject.request)).unwrap(),
                shared: false,
                login: Some(format!("jit-{}", subject.request)),
                used_at: None,
            },
        })
    }
}

const TIERS: &str = r#"
[tiers.quick]
name = "Quick"
auto_under = "30m"
lapse_after = "4h"
provision_within = "15m"
warn_before = "10m"
[[tiers.quick.stages]]
approvers = ["manager"]

[tiers.manager]
name = "Manager"
lapse_after = "6h"
provision_within = "15m"
warn_before = "15m"
[[tiers.manager.stages]]
approvers = ["manager"]
remind_after = "1h"
escalate_after = "2h"
escalate_to = ["group:security"]

[tiers.two]
name = "Two people"
lapse_after = "8h"
provision_within = "20m"
warn_before = "15m"
break_glass = { max_duration = "1h", review_within = "24h" }
[[tiers.two.stages]]
approvers = ["manager"]
[[tiers.two.stages]]
approvers = ["owners", "group:security"]
quorum = 2
distinct = true
"#;

fn app(name: &str, roles: &[(&str, &str, &str)]) -> SourceFile {
    let mut text = format!(
        "[app]\nname = \"{name}\"\nabout = \"simulated\"\nowners = [\"o1@example.com\", \"o2@example.com\"]\nlayer = \"idp\"\n"
    );
    for (role, tier, steps) in roles {
        text += &format!(
            "\n[roles.{role}]\nname = \"{role}\"\ngives = \"{role}\"\nrisk = \"low\"\ndefault_duration = \"30m\"\nmax_duration = \"3h\"\nmax_total = \"8h\"\nrevoke_target = \"2m\"\ntier = \"{tier}\"\nticket = \"optional\"\neligible = [{{ employment = [\"employee\"] }}]\nnever = [{{ employment = [\"contractor\"] }}]\n"
        );
        for step in steps.split(';') {
            text += &format!("\n[[roles.{role}.steps]]\n{}\n", step.trim().replace(',', "\n"));
        }
    }
    SourceFile { name: format!("policies/{name}.toml"), text }
}

/// Apps whose roles overlap in what they give.
fn policies() -> Arc<PolicySet> {
    let files = [
        app(
            "crm",
            &[
                ("read", "quick", "target = \"idp\", group = \"crm\""),
                ("admin", "two", "target = \"idp\", group = \"crm\"; target = \"db\", login = {}"),
            ],
        ),
        app(
            "ledger",
            &[
                ("read", "manager", "target = \"idp\", group = \"crm\""),
                ("write", "manager", "target = \"db\", login = {}; target = \"host\", group = \"ops\""),
                ("audit", "quick", "target = \"db\", login = {}"),
            ],
        ),
        SourceFile { name: "policies/tiers.toml".to_owned(), text: TIERS.to_owned() },
    ];
    let parsed = policy::parse(&files, &SimCatalogue);
    Arc::new(parsed.unwrap_or_else(|issues| {
        panic!("{}", issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }))
}

/// Parsed once for all seeds.
pub fn policies_once() -> Arc<PolicySet> {
    static ONCE: std::sync::OnceLock<Arc<PolicySet>> = std::sync::OnceLock::new();
    Arc::clone(ONCE.get_or_init(policies))
}

/// Requesters p1 to p5 (p5 is a contractor), their manager m1, owners, security; m1 and o1 are operators.
pub fn people() -> Vec<Person> {
    let person =
        |id: &str, employment, manager: Option<&str>, groups: &[&str], operator: Option<&str>| Person {
            id: format!("{id}@example.com").parse().unwrap(),
            name: id.to_uppercase(),
            employment,
            department: "Engineering".to_owned(),
            location: String::new(),
            manager: manager.map(|m| format!("{m}@example.com").parse().unwrap()),
            groups: groups.iter().map(|g| g.parse().unwrap()).collect(),
            active: true,
            slack: Some(format!("U{}", id.to_uppercase()).parse().unwrap()),
            operator_login: operator.map(str::to_owned),
            title: String::new(),
            doubts: None,
        };
    let employee = Employment::Employee;
    vec![
        person("p1", employee, Some("m1"), &[], None),
        person("p2", employee, Some("m1"), &[], None),
        person("p3", employee, Some("m1"), &[], None),
        person("p4", employee, Some("m2"), &[], None),
        person("p5", Employment::Contractor, Some("m1"), &[], None),
        person("m1", employee, None, &[], Some("m1")),
        person("m2", employee, Some("m1"), &[], None),
        person("o1", employee, Some("m1"), &[], Some("o1")),
        person("o2", employee, Some("m2"), &[], None),
        person("s1", employee, Some("m2"), &["security"], None),
    ]
}

pub fn directory(people: Vec<Person>, now: Timestamp) -> Arc<People> {
    Arc::new(People::new(people, now, Span::days(3650)))
}
