//! Departments that people's Slack profiles tell, in a field of the workspace.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jitney::config::{SourceKind, SourceTable};
use jitney::engine::EngineHandle;
use jitney::playground::slack::{Fault, LocalSlack, MemberKind, Profile, Settings};
use jitney::policy::Fact;
use jitney::sync::configured;
use jitney::time::{Span, SystemClock, Timestamp};

use crate::doctor::slack_settings;

use super::stage::{Journey, SOON, person};

const FIELD: &str = "Xf0DEPT";

fn profiles() -> SourceTable {
    SourceTable {
        name: "profiles".to_owned(),
        kind: SourceKind::SlackProfiles { department_field: Some(FIELD.to_owned()) },
        sync: "0 */15 * * * *".parse().unwrap(),
        max_age: Span::hours(1),
        gives: [Fact::Department, Fact::Active].into(),
    }
}

/// What a round has, of one of them: the field's value, and what kind of account it is.
type Row = (&'static str, &'static str, MemberKind);

const LONG: &str = "Research and development of everything that the company may at some time sell to somebody, or \
                    give away, or keep to itself";

const ROUNDS: [(&str, [Row; 6]); 2] = [
    (
        "as people write it",
        [
            ("ann", "Sales", MemberKind::Full),
            ("bob", "  Data\n  Science ", MemberKind::Full),
            ("carol", "Engineering", MemberKind::Guest),
            ("dana", "", MemberKind::Full),
            ("erin", "<b>Legal & *Risk*</b>", MemberKind::Full),
            ("frank", LONG, MemberKind::Full),
        ],
    ),
    (
        "as it changes",
        [
            ("ann", "En\u{200b}gineer\u{202e}ing", MemberKind::Full),
            ("bob", " \t ", MemberKind::Full),
            ("carol", "Engineering", MemberKind::Full),
            ("dana", "\u{200b}", MemberKind::Full),
            ("erin", "Sécurité", MemberKind::SingleChannelGuest),
            ("frank", "0", MemberKind::Full),
        ],
    ),
];

/// What is known of everybody's department.
fn departments(engine: &EngineHandle) -> String {
    let people = engine.people();
    let line = |person: &jitney::policy::Person| match person.doubt(Fact::Department) {
        None => format!("{}: `{}`\n", person.id, person.department),
        Some(doubt) => format!("{}: {doubt}\n", person.id),
    };
    people.iter().map(line).collect()
}

/// Has everything read again until it shows.
async fn look(j: &Journey, ann: &str) {
    let soon = tokio::time::Instant::now() + SOON;
    while j.engine().people().get(&person("ann")).is_none_or(|of| of.department != ann) {
        assert!(tokio::time::Instant::now() < soon, "{}", departments(j.engine()));
        j.world.look_again().unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    j.rest().await;
}

/// Has everything read again until a reading that began after now was taken in: one that is under way knows half of it.
async fn look_anew(j: &Journey) {
    let readings = || j.slack().snapshot().calls.get("users.list").copied().unwrap_or_default();
    let soon = tokio::time::Instant::now() + SOON;
    // The one after the next begins when the next was taken in.
    let wanted = readings() + 2;
    while readings() < wanted {
        assert!(tokio::time::Instant::now() < soon, "{}", departments(j.engine()));
        j.world.look_again().unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn departments_come_from_a_field_of_the_profile_and_from_nobody_who_is_a_guest() {
    let scope = |settings: &mut Settings| settings.scopes.extend(["users.profile:read".to_owned()]);
    let mut j = Journey::start_with(scope, |_| ()).await;
    j.world.stop_bot().await;
    j.world.hear_from(profiles());
    j.world.start_bot().await.unwrap();
    let mut told = String::new();
    for (round, rows) in ROUNDS {
        j.slack().change_roster(|settings| {
            for (who, value, kind) in rows {
                let member = settings.members.iter_mut().find(|member| member.handle == who).unwrap();
                member.kind = kind;
                // Who has nothing in the field has something in another.
                let fields = BTreeMap::from([
                    ("Xf0OTHER".to_owned(), "Elsewhere".to_owned()),
                    (FIELD.to_owned(), value.to_owned()),
                ]);
                let fields = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
                settings.profiles.insert(member.id.clone(), Profile { title: String::new(), fields });
            }
        });
        look_anew(&j).await;
        look(&j, if round == "as it changes" { "Engineering" } else { "Sales" }).await;
        told += &format!("== {round}\n{}\n", departments(j.engine()));
    }
    insta::assert_snapshot!("departments", told);
    let said = j.try_ask("frank", "wiki/read", "1h").await.unwrap_err();
    assert!(said.contains("department is 0"), "{said}");
    let said = j.try_ask("dana", "wiki/read", "1h").await.unwrap_err();
    assert!(said.contains("department is not known"), "{said}");

    // An account that is gone between the list and its profile takes nothing from the others.
    j.slack().fail_next("users.profile.get", 1, &Fault::Error("user_not_found".to_owned()));
    look(&j, "").await;
    let known = departments(j.engine());
    assert!(known.contains("carol@example.com: `Engineering`"), "{known}");
    // Slack asks to wait in the middle of it: that is waited for.
    j.slack().fail_next("users.profile.get", 1, &Fault::RateLimited(1));
    look(&j, "Engineering").await;
    // What can't be asked is told by nobody, and what was told grows old.
    let fault = Fault::Error("missing_scope".to_owned());
    j.slack().fail_next("users.profile.get", 1000, &fault);
    j.pass(Span::mins(61)).await;
    let known = departments(j.engine());
    assert!(
        known.contains("ann@example.com: department is older than 1 hour (source profiles, as of"),
        "{known}"
    );
    j.slack().forget_faults();
    look(&j, "Engineering").await;
    j.end().await;
}

/// What a source says when it tells nothing: the log has it, once.
#[tokio::test]
async fn a_source_that_tells_nothing_says_why() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let people = jitney::playground::people::people().unwrap();
    let mut settings = Settings::for_people(&people);
    settings.scopes.insert("users.profile:read".to_owned());
    let slack = LocalSlack::start(settings, Arc::new(SystemClock::new())).await.unwrap();
    let source = || configured(&[profiles()], &slack_settings(&slack)).unwrap().remove(0).source;
    let mut said = String::new();
    for (method, fault) in [
        ("users.profile.get", "missing_scope"),
        ("users.profile.get", "internal_error"),
        ("users.list", "missing_scope"),
        ("users.list", "account_inactive"),
    ] {
        slack.fail_next(method, 100, &Fault::Error(fault.to_owned()));
        let error = source().fetch(Timestamp::default()).await.unwrap_err();
        said += &format!("{method} {fault}: {error}\n");
        slack.forget_faults();
    }
    insta::assert_snapshot!("source_errors", said);
    let told = source().fetch(Timestamp::default()).await.unwrap().told;
    assert_eq!(told.len(), people.len());
}
