//! What `policy test` runs: the rows of `[[tests]]`.

use super::eligible::judge;
use super::{App, Begin, Expectation, Person, PolicySet, PolicyTest, Verdict, WallTime};
use crate::ids::RoleRef;
use crate::time::Timestamp;
use crate::zone::Zone;

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

/// Runs the rows of all files, in the order of the apps and of their rows: the same decision that judges an ask,
/// for a person with the row's facts.
#[must_use]
pub fn run_tests(policies: &PolicySet) -> Vec<TestResult> {
    let rows = policies.apps.values().flat_map(|app| app.tests.iter().map(move |test| (app, test)));
    rows.map(|(app, test)| run(policies, app, test)).collect()
}

fn run(policies: &PolicySet, app: &App, test: &PolicyTest) -> TestResult {
    let person = Person {
        id: test.person.clone(),
        name: test.person.to_string(),
        employment: test.employment,
        department: test.department.clone(),
        title: test.title.clone(),
        location: test.location.clone(),
        manager: None,
        groups: test.groups.clone(),
        active: true,
        slack: None,
        operator_login: None,
        doubts: None,
    };
    let asks = RoleRef::new(app.id.clone(), test.asks.clone());
    let when = test.at.as_ref().map(|at| moment(policies, &asks, at));
    let when = when.map(|at| (Begin::Access(at), at));
    let got = judge(policies, &person, &asks, test.duration, when, &test.holds);
    let passed = match &test.expect {
        Expectation::Eligible => got.is_granted(),
        Expectation::Refused(None) => !got.is_granted(),
        Expectation::Refused(Some(code)) => got.refusals().any(|reason| reason.code == *code),
    };
    TestResult { place: test.place.clone(), asks, expect: test.expect.clone(), got, passed }
}

/// By the clock of the role's hours, where the row names none.
fn moment(policies: &PolicySet, at: &RoleRef, written: &WallTime) -> Timestamp {
    let hours = policies.role(at).and_then(|(_, role)| policies.calendars.get(role.hours.as_ref()?));
    let zone = written.zone.clone().or_else(|| hours.map(|calendar| calendar.zone.clone()));
    zone.unwrap_or(Zone::UTC).at(written.local).unwrap_or_default()
}
