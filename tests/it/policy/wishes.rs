//! Roles found by somebody's own words: what was typed after `/jit request`, read and held against the catalogue.

use jitney::policy::{Found, PolicySet, Vocabulary, find};
use jitney::slack::free_words::{self, FreeWords};

use super::fixture::{TIERS, role};
use super::{directory, everybody, file, id, policies};

/// App, role, name, risk, what it gives, its database roles, and a line of its own.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const APPS: [(&str, &str); 6] = [
    ("billing", "Billing database"),
    ("wiki", "Legacy wiki"),
    ("reports", "Old reports site"),
    ("k8s-prod", "Production cluster"),
    ("payroll", "Payroll"),
    ("vault", "Vault"),
];

const ALL: &str = "eligible = [{ employment = [\"employee\"] }]";

const ROLES: [Row; 13] = [
    ("billing", "read", "Read only", "low", "SELECT on every table", "\"ro\"", ALL),
    ("billing", "write", "Read and write", "high", "UPDATE and DELETE on every table", "\"rw\"", ALL),
    (
        "billing",
        "admin",
        "Administrator",
        "high",
        "Changing tables and users",
        "\"rw\", \"ddl\", \"users\"",
        ALL,
    ),
    ("wiki", "read", "Reader", "low", "A login that reads every page", "\"r\"", ALL),
    ("wiki", "edit", "Editor", "medium", "A login that changes pages", "\"e\"", ALL),
    ("wiki", "admin", "Administrator", "high", "A login that changes pages and settings", "\"a\"", ALL),
    ("reports", "view", "Viewer", "low", "A login that opens every report", "\"v\"", ALL),
    ("k8s-prod", "logs", "Logs", "low", "Reading logs of every pod", "\"l\"", ALL),
    ("k8s-prod", "exec", "Shell", "high", "A shell in every pod", "\"x\"", ALL),
    (
        "payroll",
        "read",
        "Reader",
        "medium",
        "Every salary",
        "\"r\"",
        "eligible = [{ department = [\"Finance\"] }]",
    ),
    (
        "vault",
        "root",
        "Root",
        "high",
        "Everything",
        "\"r\"",
        "visibility = \"hidden\"\neligible = [{ employment = [\"employee\"] }]",
    ),
    (
        "reports",
        "old",
        "Archive",
        "low",
        "Reports before 2012",
        "\"o\"",
        "visibility = \"retired\"\ninstead = \"reports/view has them, too\"\neligible = [{ employment = [\"employee\"] }]",
    ),
    ("wiki", "export", "Export", "medium", "A copy of every page", "\"c\"", ALL),
];

fn catalogue() -> PolicySet {
    let mut files = vec![file("tiers.toml", TIERS)];
    for (app, name) in APPS {
        let mut text =
            format!("[app]\nname = {name:?}\nowners = [\"bob@example.com\"]\nlayer = \"application\"\n");
        for (_, role, name, risk, gives, names, more) in ROLES.iter().filter(|row| row.0 == app) {
            text += &format!(
                "[roles.{role}]\nname = {name:?}\ngives = {gives:?}\nrisk = {risk:?}\ndefault_duration = \"1h\"\n\
                 max_duration = \"8h\"\ntier = \"two\"\n{more}\n[[roles.{role}.steps]]\ntarget = \"billing-pg\"\n\
                 login = {{ roles = [{names}] }}\n"
            );
        }
        files.push(file(&format!("{app}.toml"), &text));
    }
    policies(&files)
}

fn read(policies: &PolicySet, text: &str) -> FreeWords {
    let vocabulary = Vocabulary::of(policies);
    let names_role =
        |word: &str| word.parse().is_ok_and(|at: jitney::ids::RoleRef| policies.role(&at).is_some());
    free_words::read(text, &|word| vocabulary.knows(word) || names_role(word))
}

/// The roles that are offered for these words, in order.
fn offered(policies: &PolicySet, who: &str, wish: &[String]) -> Vec<String> {
    match find(policies, &directory(everybody()), &id(who), &[], wish) {
        Found::Named(at) => vec![at.to_string()],
        Found::Fitting { roles, .. } => roles.iter().map(|found| found.role.to_string()).collect(),
        Found::Barred(_) | Found::Nothing(_) => vec![],
    }
}

/// What was typed; the role that comes first and those that fit besides, by power; for how long, why, and which
/// ticket. Who writes a role's exact name gets that role, with the reason when they may not have it.
const PHRASINGS: [(&str, &str, &str, &str, &str); 60] = [
    ("read billing prod for 2h because INC-42", "billing/read billing/write", "2h", "INC-42", "INC-42"),
    ("2 hours of wiki read, need to fix a page, INC-42", "wiki/read", "2h", "need to fix a page", "INC-42"),
    ("billing/read", "billing/read", "", "", ""),
    ("billing/write for 1h because the import failed", "billing/write", "1h", "the import failed", ""),
    (
        "billing/read for 2h because I fix it for the 1. time, at last",
        "billing/read",
        "2h",
        "I fix it for the 1. time, at last",
        "",
    ),
    ("Billing database · Read only for 30m", "billing/read", "30m", "", ""),
    ("billing", "billing/read billing/write billing/admin", "", "", ""),
    (
        "biling databse 45 min, replica lag alarm",
        "billing/read billing/write billing/admin",
        "45m",
        "replica lag alarm",
        "",
    ),
    ("wiki", "wiki/read wiki/edit wiki/export wiki/admin", "", "", ""),
    ("wkii reader 1h because I look for the runbook", "wiki/read", "1h", "I look for the runbook", ""),
    (
        "I need access to the wiki to fix a broken page for 1 hour",
        "wiki/read wiki/edit wiki/export wiki/admin",
        "1h",
        "to fix a broken page",
        "",
    ),
    (
        "because INC-42 I need 2h of billing read",
        "billing/read",
        "2h",
        "INC-42 I need 2h of billing read",
        "INC-42",
    ),
    (
        "because the nightly job hangs: billing write, 90 minutes",
        "billing/write",
        "1h30m",
        "the nightly job hangs",
        "",
    ),
    ("INC-42, billing read, 2h", "billing/read", "2h", "", "INC-42"),
    ("for 2 hours reports viewer, month end figures", "reports/view", "2h", "month end figures", ""),
    ("view the reports for an hour", "reports/view", "1h", "", ""),
    (
        "see reports half an hour since the board meets today",
        "reports/view",
        "30m",
        "the board meets today",
        "",
    ),
    (
        "edit wiki 1.5 hours to correct the onboarding guide",
        "wiki/edit",
        "1h30m",
        "to correct the onboarding guide",
        "",
    ),
    (
        "wiki admin for 2h due to the rename of the company",
        "wiki/admin",
        "2h",
        "the rename of the company",
        "",
    ),
    (
        "please give me admin on the wiki for 1h30m, ticket OPS-7, so that the theme can be changed",
        "wiki/admin",
        "1h30m",
        "the theme can be changed",
        "OPS-7",
    ),
    ("prod logs 20m INC-9 - pods crash in a loop", "k8s-prod/logs", "20m", "pods crash in a loop", "INC-9"),
    ("logs of production for 20 mintues becuase pods crash", "k8s-prod/logs", "20m", "pods crash", ""),
    ("shell prod https://example.atlassian.net/browse/INC-77 2h", "k8s-prod/exec", "2h", "", "INC-77"),
    ("k8s-prod exec 15min because a pod hangs", "k8s-prod/exec", "15m", "a pod hangs", ""),
    ("wiki reader until 17:00", "wiki/read", "", "", ""),
    ("wiki reader until 5 pm because the audit asks", "wiki/read", "", "the audit asks", ""),
    ("delete billing rows for 2h as finance asked for it", "billing/write", "2h", "finance asked for it", ""),
    (
        "Need to restart a pod, prod shell, 1 hr, inc-12",
        "k8s-prod/exec",
        "1h",
        "Need to restart a pod",
        "INC-12",
    ),
    ("billing users, two hours, a new colleague starts", "billing/admin", "2h", "a new colleague starts", ""),
    (
        "request billing read; reason: invoices look wrong; 3 hours",
        "billing/read",
        "3h",
        "invoices look wrong",
        "",
    ),
    (
        "hi, could I have read access to billing for the next 4 hours please",
        "billing/read billing/write",
        "4h",
        "",
        "",
    ),
    ("reprots 1 day because of the yearly audit", "reports/view", "1d", "the yearly audit", ""),
    ("wiki export 2h 30m so I can move the pages", "wiki/export", "2h30m", "I can move the pages", ""),
    (
        "billing admin a couple of hours — schema change CHG-100",
        "billing/admin",
        "2h",
        "schema change CHG-100",
        "CHG-100",
    ),
    ("BILLING READ 2H", "billing/read", "2h", "", ""),
    (
        "wiki read because the import takes 3 hours to finish",
        "wiki/read",
        "",
        "the import takes 3 hours to finish",
        "",
    ),
    ("wiki read because the replica lags for 2h", "wiki/read", "2h", "the replica lags", ""),
    ("vault/root for 15m because the seal broke", "vault/root", "15m", "the seal broke", ""),
    ("vault", "", "", "", ""),
    ("reports archive for 1h", "reports/old", "1h", "", ""),
    (
        "need to fix a page on the wiki for 2h",
        "wiki/read wiki/edit wiki/export wiki/admin",
        "2h",
        "need to fix a page on the wiki",
        "",
    ),
    (
        "one hour billing writer to repair invoice 4711, FIN-3",
        "billing/write",
        "1h",
        "to repair invoice 4711",
        "FIN-3",
    ),
    ("old reports 30m: figures of 2011", "reports/view", "30m", "figures of 2011", ""),
    ("payroll reader for 1h", "payroll/read", "1h", "", ""),
    ("unicorns for 1h because of magic", "", "1h", "magic", ""),
    ("can I get into the wiki pls", "wiki/read wiki/edit wiki/export wiki/admin", "", "", ""),
    (
        "I need the wiki to look up the runbook for INC-3, 30m",
        "wiki/read wiki/edit wiki/export wiki/admin",
        "30m",
        "to look up the runbook for INC-3",
        "INC-3",
    ),
    (
        "give me billing db write access for 3 hours, reason: fix invoice 4711, ticket FIN-9",
        "billing/write",
        "3h",
        "fix invoice 4711",
        "FIN-9",
    ),
    ("billing read 2h. need to check invoices", "billing/read", "2h", "need to check invoices", ""),
    ("prod logs for debugging for 1h", "k8s-prod/logs", "1h", "debugging", ""),
    ("read-only billing 1h", "billing/read", "1h", "", ""),
    ("wiki for 2 h", "wiki/read wiki/edit wiki/export wiki/admin", "2h", "", ""),
    ("logs (prod) 30m", "k8s-prod/logs", "30m", "", ""),
    ("wiki read access for bob for 1h", "wiki/read", "1h", "bob", ""),
    (
        "for 1h: wiki reader – onboarding of a new colleague",
        "wiki/read",
        "1h",
        "onboarding of a new colleague",
        "",
    ),
    (
        "wiki 2hrs b/c INC-42 is open",
        "wiki/read wiki/edit wiki/export wiki/admin",
        "2h",
        "INC-42 is open",
        "INC-42",
    ),
    (
        "I'd like to view billing for an hour and a half because of the audit",
        "billing/read billing/write",
        "1h30m",
        "the audit",
        "",
    ),
    ("Production cluster shell 10 minutes!", "k8s-prod/exec", "10m", "", ""),
    ("admin of billing, 1h, schema migration", "billing/admin", "1h", "schema migration", ""),
    ("the wiki, read only, half a day, writing the handbook", "wiki/read", "12h", "writing the handbook", ""),
];

#[test]
fn the_right_role_is_found_for_each_phrasing_and_the_least_powerful_comes_first() {
    let policies = catalogue();
    let mut wrong = Vec::new();
    for (text, roles, duration, because, ticket) in PHRASINGS {
        let read = read(&policies, text);
        let roles_found = offered(&policies, "ann", &read.role).join(" ");
        let length = read.duration.map(|span| span.to_string()).unwrap_or_default();
        let why = read.because.clone().unwrap_or_default();
        let key = read.ticket.as_ref().map(ToString::to_string).unwrap_or_default();
        let found = (roles_found.as_str(), length.as_str(), why.as_str(), key.as_str());
        if found != (roles, duration, because, ticket) {
            wrong.push(format!(
                "{text}\n  wanted {:?}\n  found  {found:?}\n  by {:?}",
                (roles, duration, because, ticket),
                read.role
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), PHRASINGS.len(), wrong.join("\n"));
}

#[test]
fn a_moment_stands_apart_from_role_length_and_reason() {
    let policies = catalogue();
    for (text, from, until, role, duration, why) in [
        ("wiki reader until 17:00", "", "until 17:00", "wiki/read", "", ""),
        ("wiki reader till tomorrow noon", "", "till tomorrow noon", "wiki/read", "", ""),
        ("wiki reader until the import is done", "", "", "wiki/read", "", ""),
        (
            "read billing from tomorrow 9:00 for 4h because invoices look wrong",
            "from tomorrow 9:00",
            "",
            "billing/read",
            "4h",
            "invoices look wrong",
        ),
        (
            "billing read for 4h because invoices look wrong, from tomorrow 9:00",
            "from tomorrow 9:00",
            "",
            "billing/read",
            "4h",
            "invoices look wrong",
        ),
        (
            "wiki edit tomorrow 9am for 2h to correct the onboarding guide",
            "tomorrow 9am",
            "",
            "wiki/edit",
            "2h",
            "to correct the onboarding guide",
        ),
        ("wiki edit because we move on friday", "", "", "wiki/edit", "", "we move on friday"),
        (
            "wiki edit for 2h because the deploy on friday 18:00 broke it",
            "",
            "",
            "wiki/edit",
            "2h",
            "the deploy on friday 18:00 broke it",
        ),
        ("wiki read for the friday deploy for 1h", "", "", "wiki/read", "1h", "the friday deploy"),
        ("wiki admin from 22:00 to 23:30 for INC-4", "from 22:00", "to 23:30", "wiki/admin", "", ""),
        ("wiki admin in 2h for 30m", "in 2h", "", "wiki/admin", "30m", ""),
        ("wiki admin for 2h in the next 3 days", "", "", "wiki/admin", "2h", ""),
    ] {
        let read = read(&policies, text);
        let typed = |moment: &Option<free_words::Moment>| moment.as_ref().map(|m| m.typed().to_owned());
        let found = [
            typed(&read.from).unwrap_or_default(),
            typed(&read.until).unwrap_or_default(),
            offered(&policies, "ann", &read.role).first().cloned().unwrap_or_default(),
            read.duration.map(|span| span.to_string()).unwrap_or_default(),
            read.because.unwrap_or_default(),
        ];
        assert_eq!(found, [from, until, role, duration, why], "{text}");
    }
}

#[test]
fn what_a_person_may_not_have_is_told_apart() {
    let policies = catalogue();
    let people = directory(everybody());
    let wish = |text: &str| read(&policies, text).role;
    let found = |who: &str, text: &str| find(&policies, &people, &id(who), &[], &wish(text));
    assert_eq!(found("ann", "payroll reader"), Found::Named(role("payroll/read")));
    assert_eq!(found("ann", "salary"), Found::Barred(vec![role("payroll/read")]));
    assert_eq!(found("carol", "wiki admin page"), Found::Barred(vec![role("wiki/admin")]));
    let Found::Fitting { roles, barred } = found("ann", "payroll wiki reader") else {
        panic!("nothing fits")
    };
    assert_eq!((&roles[0].role, barred), (&role("wiki/read"), vec![]));
    assert_eq!(found("ann", "unicorns"), Found::Nothing(vec![]));
    assert_eq!(
        found("zoe", "wiki"),
        Found::Barred(vec![role("wiki/read"), role("wiki/edit"), role("wiki/export")])
    );
}

#[test]
fn a_role_that_conflicts_with_what_is_held_comes_last() {
    let mut policies = catalogue();
    let at = role("wiki/read");
    let wiki = policies.apps.get_mut(&at.app).unwrap();
    wiki.roles.get_mut(&at.role).unwrap().conflicts = vec![role("billing/read")];
    let people = directory(everybody());
    let Found::Fitting { roles, .. } =
        find(&policies, &people, &id("ann"), &[role("billing/read")], &["wiki".to_owned()])
    else {
        panic!("nothing fits")
    };
    let found: Vec<(String, bool)> = roles.iter().map(|r| (r.role.to_string(), r.eligible)).collect();
    assert_eq!(found[0], ("wiki/edit".to_owned(), true));
    assert_eq!(found[3], ("wiki/read".to_owned(), false));
}

/// However odd the text, it is read in bounds, and no word of it is lost between the role and the reason where one is
/// left to choose.
#[test]
fn any_text_is_read_without_a_panic() {
    use rand::{RngExt as _, SeedableRng as _};
    let policies = catalogue();
    let pieces = [
        "because",
        "for",
        "2h",
        "half",
        "an",
        "hour",
        "and",
        "a",
        "until",
        "17:00",
        "wiki",
        "read",
        ",",
        ";",
        "-",
        "—",
        "INC-42",
        "https://x/browse/A-1",
        "é",
        "🦀",
        "\u{202E}",
        "to",
        "of",
        "need",
        "<@U1>",
        "1.5",
        "99999999999999999999h",
        ":",
        "  ",
        "\n",
        "due",
        "in",
        "order",
        "from",
        "tomorrow",
        "next",
        "week",
        "fri",
        "31",
        "feb",
        "9am",
        "2026-12-01",
        "midnight",
        "utc",
        "tonight",
    ];
    let mut rng = rand::rngs::SmallRng::seed_from_u64(42);
    for _ in 0..3000 {
        let count = rng.random_range(0..14);
        let text: Vec<&str> = (0..count).map(|_| pieces[rng.random_range(0..pieces.len())]).collect();
        let found = read(&policies, &text.join(" "));
        assert!(found.duration.is_none_or(|span| span <= jitney::time::Span::LONGEST), "{text:?}");
        for moment in found.from.iter().chain(&found.until) {
            let now = jitney::time::Timestamp::from_millis(1_795_341_600_000);
            let begins = moment.begins(now, &jitney::zone::Zone::UTC);
            assert!(begins.is_err() || begins.is_ok_and(|at| at >= now), "{text:?}");
            let ends = moment.ends(now, now, &jitney::zone::Zone::UTC);
            assert!(ends.is_err() || ends.is_ok_and(|at| at > now), "{text:?}");
        }
        assert!(found.because.is_none_or(|because| !because.trim().is_empty()), "{text:?}");
    }
}
