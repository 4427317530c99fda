//! A catalogue with something for every decision.

use jitney::ids::{PersonId, RoleRef};
use jitney::policy::{Ask, AskMode, PolicySet, Tier, Verdict, may_ask};
use jitney::time::Span;

use super::{NOW, directory, everybody, file, id, policies};

pub(super) const TIERS: &str = r#"
[tiers.quick]
name = "Quick"
auto_under = "30m"
[[tiers.quick.stages]]
approvers = ["manager"]

[tiers.two]
name = "Two people"
break_glass = { max_duration = "1h", review_within = "3d" }
[[tiers.two.stages]]
approvers = ["manager"]
fallback = ["group:security"]
[[tiers.two.stages]]
approvers = ["owners", "group:dba"]
distinct = true
escalate_after = "1h"
escalate_to = ["group:security"]

[tiers.ghosts]
name = "Nobody there"
[[tiers.ghosts.stages]]
approvers = ["group:ghosts"]

[tiers.backed]
name = "Nobody there, but a fallback"
[[tiers.backed.stages]]
approvers = ["group:ghosts"]
fallback = ["person:gone@example.com", "person:frank@example.com", "manager"]

[tiers.pair]
name = "Two of one"
[[tiers.pair.stages]]
approvers = ["group:security"]
quorum = 2

[tiers.same]
name = "The same one twice"
[[tiers.same.stages]]
approvers = ["person:dana@example.com"]
[[tiers.same.stages]]
approvers = ["person:dana@example.com"]
distinct = true
"#;

/// What goes into `tiers.toml` besides, for the ledger.
const TIMES: &str = r#"
# It is Friday, the 15th of January 2027, eight o'clock in UTC.
[calendars.office]
zone = "UTC"
hours = ["mon-fri 09:00-17:00"]
holidays = ["2027-01-18"]

[[blackouts]]
zone = "Europe/Berlin"
from = 2027-01-15T06:00:00
until = 2027-01-16T00:00:00
because = "Release freeze"
roles = ["ledger/freeze"]

[[blackouts]]
zone = "UTC"
from = 2027-01-15
until = 2027-01-15T08:30:00
because = "Audit"
apps = ["ledger"]
risk = ["medium"]
break_glass = false

[risks.medium]
at_once = 1
max_duration = "3h"
tiers = ["two"]
"#;

pub(super) const BILLING: &str = r#"
[app]
name = "Billing database"
owners = ["bob@example.com", "dana@example.com"]
layer = "application"

[roles.read]
name = "Read only"
gives = "SELECT on every table"
risk = "low"
default_duration = "1h"
max_duration = "8h"
max_total = "12h"
tier = "quick"
ticket = "none"
eligible = [
  { employment = ["employee"], department = ["Finance", "engineering"] },
  { group = ["dba"] },
  { person = ["carol@example.com"] },
]
never = [{ employment = ["contractor", "vendor"] }, { location = ["Atlantis"], group = ["divers"] }]
[[roles.read.steps]]
target = "billing-pg"
login = { roles = ["ro"] }

[roles.write]
name = "Read and write"
gives = "UPDATE and DELETE, too"
risk = "high"
default_duration = "30m"
max_duration = "2h"
tier = "two"
ticket = "required"
eligible = [{ employment = ["employee"] }]
conflicts = ["payments/approve"]
[[roles.write.steps]]
target = "billing-pg"
login = { roles = ["rw"] }
[[roles.write.fields]]
id = "schema"
label = "Schema"
choices = ["public", "ledger"]
[[roles.write.fields]]
id = "query"
label = "What you will run"

[roles.closed]
name = "Closed"
gives = "Nothing to anybody"
risk = "low"
default_duration = "1h"
max_duration = "1h"
tier = "quick"
[[roles.closed.steps]]
target = "billing-pg"
login = { }
"#;

pub(super) const PAYMENTS: &str = r#"
[app]
name = "Payments"
owners = ["erin@example.com"]
layer = "idp"

[roles.approve]
name = "Approver"
gives = "Approving payments of any size"
risk = "high"
default_duration = "1h"
max_duration = "1h"
tier = "two"
eligible = [{ employment = ["employee"] }]
[[roles.approve.steps]]
target = "billing-pg"
login = { roles = ["rw"] }
"#;

/// Roles that begin at some times alone.
pub(super) const LEDGER: &str = r#"
[app]
name = "Ledger"
owners = ["dana@example.com"]
layer = "application"

[roles.office]
name = "In office hours"
gives = "Reading"
risk = "low"
default_duration = "1h"
max_duration = "8h"
tier = "two"
hours = "office"
eligible = [{ employment = ["employee"] }]
[[roles.office.steps]]
target = "billing-pg"
login = { roles = ["office"] }

[roles.freeze]
name = "Not during a freeze"
gives = "Deploying"
risk = "low"
default_duration = "1h"
max_duration = "2h"
max_total = "8h"
tier = "two"
eligible = [{ employment = ["employee"] }]
[[roles.freeze.steps]]
target = "billing-pg"
login = { roles = ["freeze"] }

[roles.audit]
name = "Not during the audit"
gives = "Changing books"
risk = "medium"
default_duration = "1h"
max_duration = "2h"
tier = "two"
eligible = [{ employment = ["employee"] }]
[[roles.audit.steps]]
target = "billing-pg"
login = { roles = ["audit"] }

[roles.books]
name = "Whoever keeps books"
gives = "Writing books"
risk = "low"
default_duration = "1h"
max_duration = "3h"
tier = "two"
eligible = [{ employment = ["employee"] }]
conflicts = ["ledger/keys"]
[[roles.books.steps]]
target = "billing-pg"
login = { roles = ["books"] }

[roles.keys]
name = "Has no keys"
gives = "Opening the safe"
risk = "low"
default_duration = "1h"
max_duration = "3h"
tier = "two"
eligible = [{ employment = ["employee"] }]
held_by = [{ person = ["nobody@example.com"] }, { location = ["Lisbon"], group = ["divers"] }]
[[roles.keys.steps]]
target = "billing-pg"
login = { roles = ["keys"] }

[roles.second]
name = "Another of medium risk"
gives = "Changing other books"
risk = "medium"
default_duration = "1h"
max_duration = "3h"
tier = "two"
hours = "office"
eligible = [{ employment = ["employee"] }]
[[roles.second.steps]]
target = "billing-pg"
login = { roles = ["second"] }
"#;

/// Roles that ask for a job title.
const PAYROLL: &str = r#"
[app]
name = "Payroll"
owners = ["dana@example.com"]
layer = "application"

[roles.run]
name = "Run it"
gives = "Starting a payroll run"
risk = "low"
default_duration = "1h"
max_duration = "2h"
tier = "two"
eligible = [{ title = ["Accountant", "Payroll clerk"] }, { title = ["Engineer"], department = ["Engineering"] }]
[[roles.run.steps]]
target = "billing-pg"
login = { roles = ["run"] }

[roles.read]
name = "Read it"
gives = "Reading payslips"
risk = "low"
default_duration = "1h"
max_duration = "2h"
tier = "two"
eligible = [{ employment = ["employee"] }]
never = [{ title = ["engineer"] }]
[[roles.read.steps]]
target = "billing-pg"
login = { roles = ["payslips"] }

[roles.audit]
name = "Audit it"
gives = "Reading all runs"
risk = "low"
default_duration = "1h"
max_duration = "2h"
tier = "two"
eligible = [{ employment = ["employee"] }]
conflicts = ["payroll/keep"]
[[roles.audit.steps]]
target = "billing-pg"
login = { roles = ["all_runs"] }

[roles.keep]
name = "Keep it"
gives = "Changing runs"
risk = "low"
default_duration = "1h"
max_duration = "2h"
tier = "two"
held_by = [{ title = ["Accountant"] }]
[[roles.keep.steps]]
target = "billing-pg"
login = { roles = ["keep_runs"] }
"#;

pub(super) fn set() -> PolicySet {
    let mut files = vec![
        file("tiers.toml", &format!("{TIERS}{TIMES}")),
        file("billing.toml", BILLING),
        file("payments.toml", PAYMENTS),
        file("ledger.toml", LEDGER),
        file("payroll.toml", PAYROLL),
    ];
    for tier in ["ghosts", "backed", "pair", "same"] {
        let text =
            PAYMENTS.replace("\"two\"", &format!("\"{tier}\"")).replace("\"rw\"", &format!("{tier:?}"));
        files.push(file(&format!("{tier}.toml"), &text));
    }
    policies(&files)
}

pub(super) fn role(text: &str) -> RoleRef {
    text.parse().unwrap()
}

/// An ask that nothing is wrong with, for ann.
pub(super) fn ask(role: &str) -> Ask {
    let mut ask = Ask {
        role: role.parse().unwrap(),
        duration: Span::mins(30),
        starts_at: None,
        justification: "Month end: invoice 4711 is wrong".to_owned(),
        ticket: None,
        fields: Default::default(),
    };
    if role == "billing/write" {
        ask.ticket = Some("OPS-311".parse().unwrap());
        ask.fields.insert("schema".to_owned(), "ledger".to_owned());
        ask.fields.insert("query".to_owned(), "update invoice set …".to_owned());
    }
    ask
}

pub(super) fn asked(who: &str, ask: &Ask, mode: AskMode, holds: &[&str]) -> Verdict {
    let holds: Vec<RoleRef> = holds.iter().map(|held| role(held)).collect();
    may_ask(&set(), &directory(everybody()), &id(who), ask, mode, &holds, NOW)
}

/// A kind of access for an extension that was active for `mins` minutes and has an hour to go.
pub(super) fn extension(mins: u64) -> AskMode {
    AskMode::Extension { active_at: NOW - Span::mins(mins), expires_at: NOW + Span::hours(1) }
}

pub(super) fn tier(policies: &PolicySet, name: &str) -> Tier {
    policies.tiers.get(&name.parse().unwrap()).unwrap().clone()
}

pub(super) fn ids(names: &[&str]) -> Vec<PersonId> {
    names.iter().map(|name| id(name)).collect()
}
