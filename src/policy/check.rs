//! What `policy test` and `policy check` run over policies that parse: the rows of the files, and what is lawful
//! but hardly meant.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::approve::unable;
use super::eligible::{auto_approves, judge, rules_allow};
use super::phrase::listed;
use super::{App, Expectation, People, Person, PolicySet, PolicyTest, Role, StepSpec, Tier, Verdict};
use crate::ids::{RoleRef, TierId};

/// What came of one row of `[[tests]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// Where the row stands: `policies/billing.toml:30:1`.
    pub place: String,
    /// What it asks for.
    pub asks: RoleRef,
    /// What it expects.
    pub expect: Expectation,
    /// What the rules say.
    pub got: Verdict,
    /// Whether they agree. A row that names a reason wants it among the reasons.
    pub passed: bool,
}

/// Something lawful in the policies that is hardly meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where: `policies/billing.toml:7:1`.
    pub place: String,
    /// What, and what comes of it.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Runs the rows of all files, in the order of the apps and of their rows: the same decision that judges an ask,
/// for a person with the row's facts.
#[must_use]
pub fn run_tests(policies: &PolicySet) -> Vec<TestResult> {
    let rows = policies.apps.values().flat_map(|app| app.tests.iter().map(move |test| (app, test)));
    rows.map(|(app, test)| run(policies, app, test)).collect()
}

/// Looks for roles that nobody can get, tiers that nothing uses, and roles that give the same.
#[must_use]
pub fn lint(policies: &PolicySet, people: &People) -> Vec<Warning> {
    let mut warnings = unused_tiers(policies);
    warnings.extend(same_entitlements(policies));
    for (at, app, role) in policies.roles() {
        warnings.extend(who_can_get(policies, people, &at, app, role));
    }
    warnings.sort_by(|a, b| (by_line(&a.place), &a.message).cmp(&(by_line(&b.place), &b.message)));
    warnings
}

fn run(policies: &PolicySet, app: &App, test: &PolicyTest) -> TestResult {
    let person = Person {
        id: test.person.clone(),
        name: test.person.to_string(),
        employment: test.employment,
        department: test.department.clone(),
        location: test.location.clone(),
        manager: None,
        groups: test.groups.clone(),
        active: true,
        slack: None,
        operator_login: None,
    };
    let asks = RoleRef::new(app.id.clone(), test.asks.clone());
    let got = judge(policies, &person, &asks, test.duration, &test.holds);
    let passed = match &test.expect {
        Expectation::Eligible => got.is_granted(),
        Expectation::Refused(None) => !got.is_granted(),
        Expectation::Refused(Some(code)) => got.refusals().any(|reason| reason.code == *code),
    };
    TestResult { place: test.place.clone(), asks, expect: test.expect.clone(), got, passed }
}

fn unused_tiers(policies: &PolicySet) -> Vec<Warning> {
    let used: BTreeSet<&TierId> = policies.roles().map(|(_, _, role)| &role.tier).collect();
    let unused = policies.tiers.values().filter(|tier| !used.contains(&tier.id));
    unused.map(|tier| warning(&tier.place, format!("no role uses the tier `{}`", tier.id))).collect()
}

/// Two roles with one entitlement: the end of one leaves it to the other. What issues a credential is made anew
/// for each grant, so it can't be the same.
fn same_entitlements(policies: &PolicySet) -> Vec<Warning> {
    let mut first = BTreeMap::<(String, String, String), RoleRef>::new();
    let mut warnings = Vec::new();
    for (at, _, role) in policies.roles() {
        let shared = |step: &&StepSpec| !step.issues_credential;
        for step in role.steps.iter().filter(shared) {
            let key = (step.target.to_string(), step.label.clone(), step.params.to_string());
            match first.get(&key) {
                Some(other) if *other != at => {
                    let message = format!("{at} gives what {other} gives: {} on {}", step.label, step.target);
                    warnings.push(warning(&role.place, message));
                }
                Some(_) => {}
                None => {
                    first.insert(key, at.clone());
                }
            }
        }
    }
    warnings
}

fn who_can_get(policies: &PolicySet, people: &People, at: &RoleRef, app: &App, role: &Role) -> Vec<Warning> {
    let eligible: Vec<&Person> =
        people.iter().filter(|person| person.active && rules_allow(at, role, person).is_granted()).collect();
    if eligible.is_empty() {
        let message = format!("nobody of the directory is eligible for {at}");
        return vec![warning(role.place_of("eligible"), message)];
    }
    match policies.tiers.get(&role.tier) {
        Some(tier) if !auto_approves(tier, role.max_duration) => stranded(people, at, app, tier, &eligible),
        Some(_) | None => Vec::new(),
    }
}

/// Eligible people whose request too few could approve, by stage.
fn stranded(people: &People, at: &RoleRef, app: &App, tier: &Tier, eligible: &[&Person]) -> Vec<Warning> {
    let mut by_stage = BTreeMap::<u32, BTreeSet<&str>>::new();
    for person in eligible {
        for (stage, _) in unable(tier, &app.owners, &person.id, people) {
            by_stage.entry(stage).or_default().insert(person.id.as_str());
        }
    }
    let told = |(number, who): (u32, BTreeSet<&str>)| {
        let who = if who.len() == eligible.len() {
            "anybody who is eligible".to_owned()
        } else {
            listed(who, "or")
        };
        let stage = usize::try_from(number).ok().and_then(|number| tier.stages.get(number));
        let place = stage.map_or(&tier.place, |stage| &stage.place);
        let stage = format!("stage {} of tier {}", u64::from(number) + 1, tier.id);
        warning(place, format!("too few could approve {stage} when {who} asks for {at}"))
    };
    by_stage.into_iter().map(told).collect()
}

/// A place as files are read: by file, then by number and not by letter.
fn by_line(place: &str) -> (&str, [Option<usize>; 2]) {
    let mut parts = place.rsplitn(3, ':');
    let column = parts.next().and_then(|column| column.parse().ok());
    let line = parts.next().and_then(|line| line.parse().ok());
    (parts.next().unwrap_or(place), [line, column])
}

fn warning(place: &str, message: String) -> Warning {
    Warning { place: place.to_owned(), message }
}
