//! People who leave and move, facts that grow old, and a directory that was cut off.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jitney::config::{SourceKind, SourceTable};
use jitney::engine::{Command, EngineHandle, Held, Verb};
use jitney::lifecycle::{Actor, Answer, DmKind, EndCause, Refusal, State, StateWord, View, WithdrawCause};
use jitney::playground::people::SECURITY_CHANNEL;
use jitney::playground::slack::{Fault, Message, Snapshot};
use jitney::policy::{Employment, Fact, Person};
use jitney::store::{Reader, StoreError};
use jitney::time::{Span, Timestamp};

use super::stage::{APPROVAL, Journey, SOON, person};

const ENDED: View = View::Dm { kind: DmKind::Ended, number: 1 };
const DECIDED: View = View::Dm { kind: DmKind::Decided, number: 1 };

fn everybody(j: &Journey) -> Vec<Person> {
    j.engine().people().iter().cloned().collect()
}

fn write(j: &Journey, people: &[Person]) {
    let table = BTreeMap::from([("people", people)]);
    std::fs::write(j.world.folder().join("people.toml"), toml::to_string(&table).unwrap()).unwrap();
}

/// Has everything read again, and waits until it shows.
async fn look(j: &Journey, shows: impl Fn(&EngineHandle) -> bool) {
    let soon = tokio::time::Instant::now() + SOON;
    while !shows(j.engine()) {
        assert!(tokio::time::Instant::now() < soon, "{:?}", j.engine().people());
        j.world.look_again().unwrap();
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if shows(j.engine()) {
                break;
            }
        }
    }
    j.rest().await;
}

fn department_of(engine: &EngineHandle, who: &str) -> String {
    engine.people().get(&person(who)).map(|p| p.department.clone()).unwrap_or_default()
}

async fn move_to(j: &Journey, moves: &[(&str, &str)]) {
    let mut people = everybody(j);
    for (who, department) in moves {
        people.iter_mut().find(|p| p.id == person(who)).unwrap().department = (*department).to_owned();
    }
    write(j, &people);
    look(j, |engine| moves.iter().all(|(who, department)| department_of(engine, who) == *department)).await;
}

async fn ticket(j: &Journey, id: jitney::ids::RequestId) -> String {
    let dossier = j.dossier(id).await;
    format!("{:?}", dossier.entries)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mover_loses_what_the_policy_would_not_give_any_more_and_keeps_what_it_would() {
    let j = Journey::start().await;
    let lost = j.granted("ann", "wiki/read", "4h", "dana").await;
    let kept = j.granted("bob", "wiki/read", "4h", "dana").await;
    let waits = j.ask("frank", "wiki/read", "4h").await;
    j.is(waits, StateWord::Pending).await;
    move_to(&j, &[("ann", "Sales"), ("bob", "Finance"), ("frank", "Sales")]).await;

    let state = j.dossier(lost).await.request.state;
    let State::Revoked { cause: EndCause::Policy { reason }, .. } = &state else { panic!("{state:?}") };
    assert_eq!(reason.saw, "employment is employee and department is Sales");
    assert!(j.words(lost, ENDED).await.contains("department is Sales"), "{}", j.words(lost, ENDED).await);
    assert!(ticket(&j, lost).await.contains("department is Sales"));
    j.is(kept, StateWord::Active).await;
    assert_eq!(j.logins().len(), 1, "{:?}", j.logins());

    let state = j.dossier(waits).await.request.state;
    assert!(matches!(state, State::Denied { by: None, .. }), "{state:?}");
    let said = j.words(waits, DECIDED).await;
    assert!(said.contains("department is Sales"), "{said}");
    j.until_over().await;
    j.came_and_went_once(lost).await;
    j.end().await;
}

/// Gives people titles in the file of the folder.
fn entitle(folder: &std::path::Path, titles: &[(&str, &str)]) {
    let file = folder.join("people.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut people = jitney::directory::parse_people("people.toml", &text).unwrap();
    for (who, title) in titles {
        people.iter_mut().find(|p| p.id == person(who)).unwrap().title = (*title).to_owned();
    }
    std::fs::write(file, toml::to_string(&BTreeMap::from([("people", &people)])).unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gets_another_title_loses_what_asks_for_it_and_who_has_none_keeps_it() {
    let by_title = |folder: &std::path::Path| {
        let file = folder.join("policies/wiki.toml");
        let wiki = std::fs::read_to_string(&file).unwrap();
        let from = "department = [\"Finance\", \"Engineering\"]";
        assert!(wiki.contains(from));
        std::fs::write(&file, wiki.replacen(from, "title = [\"Editor\"]", 1)).unwrap();
        entitle(folder, &[("ann", "Editor"), ("bob", "editor"), ("frank", "Accountant")]);
    };
    let j = Journey::start_with(|_| (), by_title).await;
    let said = j.try_ask("frank", "wiki/read", "1h").await.unwrap_err();
    assert!(said.contains("title is Accountant"), "{said}");
    let lost = j.granted("ann", "wiki/read", "4h", "dana").await;
    let kept = j.granted("bob", "wiki/read", "4h", "dana").await;
    entitle(j.world.folder(), &[("ann", "Writer"), ("bob", "")]);
    look(&j, |engine| engine.people().get(&person("ann")).is_some_and(|ann| ann.title == "Writer")).await;

    let state = j.dossier(lost).await.request.state;
    let State::Revoked { cause: EndCause::Policy { reason }, .. } = &state else { panic!("{state:?}") };
    assert_eq!(reason.saw, "employment is employee and title is Writer");
    assert!(j.words(lost, ENDED).await.contains("title is Writer"), "{}", j.words(lost, ENDED).await);
    j.is(kept, StateWord::Active).await;
    let said = j.try_ask("bob", "wiki/read", "1h").await.unwrap_err();
    assert!(said.contains("title is not known"), "{said}");
    j.until_over().await;
    j.came_and_went_once(lost).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_deactivated_loses_what_they_have_and_what_waits_at_once() {
    let j = Journey::start().await;
    let has = j.granted("ann", "wiki/read", "4h", "dana").await;
    let waits = j.ask("ann", "reports/view", "4h").await;
    j.is(waits, StateWord::Pending).await;
    let mut people = everybody(&j);
    people.iter_mut().find(|p| p.id == person("ann")).unwrap().active = false;
    write(&j, &people);
    look(&j, |engine| engine.people().get(&person("ann")).is_some_and(|ann| !ann.active)).await;
    let state = j.dossier(has).await.request.state;
    assert!(matches!(state, State::Revoked { cause: EndCause::Leaver, .. }), "{state:?}");
    let state = j.dossier(waits).await.request.state;
    assert!(matches!(state, State::Withdrawn { cause: WithdrawCause::Leaver, .. }), "{state:?}");
    assert_eq!(j.logins(), Vec::<String>::new());
    assert!(ticket(&j, has).await.contains("Leaver"));
    j.until_over().await;
    j.came_and_went_once(has).await;
    j.end().await;
}

/// A CSV file of departments, as a system of the company writes it.
fn hr(j: &Journey) -> SourceTable {
    SourceTable {
        name: "hr".to_owned(),
        kind: SourceKind::Csv(j.world.folder().join("hr.csv")),
        sync: "0 */15 * * * *".parse().unwrap(),
        max_age: Span::days(1),
        gives: [Fact::Department, Fact::Manager].into(),
    }
}

/// Writes it as of now, as the bot's clock has it.
fn export(j: &Journey, rows: &str) {
    let path = j.world.folder().join("hr.csv");
    std::fs::write(&path, format!("Id,Department,Manager,Cost centre\n{rows}")).unwrap();
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(j.now().millis().unsigned_abs());
    std::fs::File::options().write(true).open(path).unwrap().set_modified(now).unwrap();
}

const ROWS: &str =
    "ann@example.com,Engineering,dana@example.com,7\nfrank@example.com,Sales,erin@example.com,8\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_that_is_older_than_its_limit_refuses_and_says_so_and_a_restart_does_not_freshen_it() {
    let mut j = Journey::start().await;
    j.world.stop_bot().await;
    j.world.hear_from(hr(&j));
    j.world.start_bot().await.unwrap();
    let said = j.try_ask("ann", "wiki/read", "1h").await.unwrap_err();
    assert!(said.contains("source hr has told nothing yet"), "{said}");

    export(&j, ROWS);
    look(&j, |engine| department_of(engine, "frank") == "Sales").await;
    let id = j.granted("ann", "wiki/read", "8h", "dana").await;
    let said = j.try_ask("frank", "wiki/read", "1h").await.unwrap_err();
    assert!(said.contains("department is Sales"), "the file says Finance, and hr goes before it: {said}");
    let said = j.try_ask("dana", "wiki/read", "1h").await.unwrap_err();
    assert!(said.contains("source hr does not tell it of this person"), "{said}");

    j.pass(Span::hours(25)).await;
    let refused = async |j: &Journey| {
        let said = j.try_ask("ann", "wiki/read", "1h").await.unwrap_err();
        assert!(said.contains("department is older than 1 day (source hr, as of "), "{said}");
    };
    refused(&j).await;
    j.world.crash_and_restart().await.unwrap();
    refused(&j).await;
    export(&j, ROWS);
    let fresh = |engine: &EngineHandle| engine.people().get(&person("ann")).unwrap().doubts.is_none();
    look(&j, fresh).await;
    let again = j.ask("ann", "wiki/read", "1h").await;
    j.is(again, StateWord::Pending).await;

    // A file that is broken changes nothing, and what it told last grows old.
    export(&j, "ann@example.com,Engineering\n");
    j.world.look_again().unwrap();
    j.rest().await;
    assert_eq!(department_of(j.engine(), "ann"), "Engineering");
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slacks_user_groups_approve_until_they_are_too_old() {
    let by_group = |folder: &std::path::Path| {
        let file = folder.join("policies/tiers.toml");
        let tiers = std::fs::read_to_string(&file).unwrap();
        let from = "approvers      = [\"manager\"]\nremind_after   = \"2h\"";
        assert!(tiers.contains(from));
        let to = from.replace("manager", "group:slack:security");
        std::fs::write(&file, tiers.replacen(from, &to, 1)).unwrap();
    };
    let mut j = Journey::start_with(|_| (), by_group).await;
    j.world.stop_bot().await;
    for (name, kind, gives) in [
        ("groups", SourceKind::SlackUserGroups, vec![Fact::UserGroups]),
        ("profiles", SourceKind::SlackProfiles { department_field: None }, vec![Fact::Title, Fact::Active]),
    ] {
        j.world.hear_from(SourceTable {
            name: name.to_owned(),
            kind,
            sync: "0 */15 * * * *".parse().unwrap(),
            max_age: Span::hours(1),
            gives: gives.into_iter().collect(),
        });
    }
    j.slack().change_roster(|settings| {
        let group = settings.groups.iter_mut().find(|group| group.handle == "security").unwrap();
        group.members.insert("U0FRANK".to_owned());
        let title = |title: &str| jitney::playground::slack::Profile {
            title: title.to_owned(),
            ..Default::default()
        };
        settings.profiles.insert("U0ANN".to_owned(), title("Engineer"));
    });
    j.world.start_bot().await.unwrap();
    let told = |engine: &EngineHandle| {
        let people = engine.people();
        let ann = people.get(&person("ann")).unwrap();
        ann.title == "Engineer" && ann.doubts.is_none()
    };
    look(&j, told).await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    let asked = j.dossier(id).await.request;
    let State::Pending(pending) = &asked.state else { panic!("{asked:?}") };
    assert_eq!(pending.asked, [person("erin"), person("frank")]);
    j.approve("frank", id).await;
    j.is(id, StateWord::Active).await;

    // Slack tells nothing for longer than an hour: nobody is known to be in the group, and the fallback is asked.
    for method in ["users.list", "usergroups.list"] {
        let fault = jitney::playground::slack::Fault::Error("internal_error".to_owned());
        j.slack().fail_next(method, 1000, &fault);
    }
    j.pass(Span::hours(2)).await;
    let said = j.try_ask("bob", "wiki/read", "1h").await.unwrap_err();
    assert!(said.contains("source profiles"), "{said}");
    j.slack().forget_faults();
    look(&j, told).await;
    let again = j.ask("bob", "wiki/read", "1h").await;
    let asked = j.dossier(again).await.request;
    let State::Pending(pending) = &asked.state else { panic!("{asked:?}") };
    assert_eq!(pending.asked, [person("erin"), person("frank")]);

    // Whose account is closed has left, whatever the people file says.
    j.slack().change_roster(|settings| {
        settings.members.iter_mut().find(|member| member.id == "U0FRANK").unwrap().deactivated = true;
    });
    look(&j, |engine| engine.people().get(&person("frank")).is_some_and(|frank| !frank.active)).await;
    let said = j.click("frank", again, APPROVAL, "jit_approve").await;
    assert!(!said.contains("approved in full"), "{said}");
    j.is(again, StateWord::Pending).await;
    j.until_over().await;
    j.look_through().await;
}

/// A company that is large enough for something to be sudden.
fn many(folder: &std::path::Path) {
    let file = folder.join("people.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut people = jitney::directory::parse_people("people.toml", &text).unwrap();
    let first = people[0].clone();
    people.extend((0..40).map(|number| Person {
        id: person(&format!("p{number:02}")),
        name: format!("P {number}"),
        employment: Employment::Employee,
        manager: None,
        slack: None,
        operator_login: None,
        ..first.clone()
    }));
    let table = BTreeMap::from([("people", &people)]);
    std::fs::write(file, toml::to_string(&table).unwrap()).unwrap();
}

/// What is held. While a source is taken in, nothing is for a moment.
async fn held(j: &Journey) -> Held {
    let soon = tokio::time::Instant::now() + SOON;
    loop {
        match j.engine().held_people() {
            Some(held) => return held,
            None => assert!(tokio::time::Instant::now() < soon, "nothing is held"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn held_since(j: &Journey) -> Timestamp {
    held(j).await.since
}

/// What the security channel reads of changes of people, once each of them says this: no more and no other.
async fn security_reads(j: &Journey, parts: &[&str]) -> Vec<String> {
    let told = |s: &Snapshot| {
        let told: Vec<String> = s.messages(SECURITY_CHANNEL).map(Message::words).collect();
        (told.len() == parts.len() && told.iter().zip(parts).all(|(told, part)| told.contains(part)))
            .then_some(told)
    };
    let read = j.slack().wait_for(SOON, told).await;
    read.unwrap_or_else(|_| {
        let read: Vec<String> = j.slack().snapshot().messages(SECURITY_CHANNEL).map(Message::words).collect();
        panic!("security reads {read:#?}, not {parts:?}")
    })
}

/// The kinds of what the audit log has of held changes, in order.
fn audit_of_people(j: &Journey) -> Vec<String> {
    let mut kinds = Vec::new();
    let reader = Reader::open(&j.world.folder().join("jitney.db")).unwrap();
    let keep = |record: jitney::audit::Record| -> Result<(), StoreError> {
        kinds.extend(Some(record.kind).filter(|kind| kind.starts_with("people_")));
        Ok(())
    };
    reader.for_each_record(1, keep).unwrap();
    kinds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_was_cut_off_is_held_until_an_operator_accepts_it() {
    let mut j = Journey::start_with(|_| (), many).await;
    j.world.stop_bot().await;
    j.world.hear_from(SourceTable {
        name: "titles".to_owned(),
        kind: SourceKind::Csv(j.world.folder().join("titles.csv")),
        sync: "0 */15 * * * *".parse().unwrap(),
        max_age: Span::days(9),
        gives: [Fact::Title].into(),
    });
    j.world.start_bot().await.unwrap();
    let id = j.granted("ann", "wiki/read", "8h", "dana").await;
    let whole = everybody(&j);
    let left =
        |person: &Person| !person.id.as_str().starts_with('p') && person.id.as_str() != "ann@example.com";
    let cut: Vec<Person> = whole.iter().filter(|person| left(person)).cloned().collect();
    write(&j, &cut);
    look(&j, |engine| engine.held_people().is_some()).await;
    let held = self::held(&j).await;
    assert_eq!((held.left, held.of, held.sources.as_slice()), (41, 46, ["file".to_owned()].as_slice()));
    j.is(id, StateWord::Active).await;
    assert_eq!(j.engine().people().iter().count(), 46);
    let told = security_reads(&j, &["Action needed"]).await;
    for part in [
        "41 of 46 people would leave",
        &format!("an operator (<@U0DANA>) accepts it on the server: `jitney people accept {}`", held.id),
    ] {
        assert!(told[0].contains(part), "{part}: {told:?}");
    }
    // While other sources go on telling, it is the same, and nobody is told twice.
    let since = held.since;
    j.pass(Span::mins(20)).await;
    std::fs::write(j.world.folder().join("titles.csv"), "Id,Title\nann@example.com,Writer\n").unwrap();
    look(&j, |engine| engine.people().get(&person("ann")).is_some_and(|ann| ann.title == "Writer")).await;
    assert_eq!(held_since(&j).await, since);

    // It is held after a restart, too; and forgotten when the file is mended.
    j.world.crash_and_restart().await.unwrap();
    look(&j, |engine| engine.held_people().is_some()).await;
    assert_eq!(held_since(&j).await, since);
    j.is(id, StateWord::Active).await;
    security_reads(&j, &["Action needed"]).await;
    write(&j, &whole);
    look(&j, |engine| engine.held_people().is_none()).await;
    security_reads(&j, &["No longer held"]).await;
    // Slack's answer is lost: it is looked for before it is told once more.
    j.slack().fail_next("chat.postMessage", 1, &Fault::DropAfterApply);
    write(&j, &cut);
    look(&j, |engine| engine.held_people().is_some()).await;
    security_reads(&j, &["No longer held", "Action needed"]).await;
    look(&j, |engine| engine.held_notice().is_some_and(|notice| notice.message.is_some())).await;
    let held = self::held(&j).await;

    let dana = |j: &Journey| {
        let people = j.engine().people();
        let dana = people.get(&person("dana")).unwrap();
        Actor::Operator { id: dana.id.clone(), name: dana.name.clone() }
    };
    let accept = async |j: &Journey, by: Actor, held: &str| {
        let verb = Verb::AcceptPeople { held: held.to_owned() };
        j.engine().submit(Command { key: None, by, verb }).await.unwrap()
    };
    let bob = Actor::Person { id: person("bob"), name: "Bob".to_owned() };
    let refused = accept(&j, bob, &held.id).await;
    assert!(matches!(refused, Answer::Refused(Refusal::NotAnOperator { .. })), "{refused:?}");
    let refused = accept(&j, dana(&j), "another").await;
    assert!(matches!(refused, Answer::Refused(Refusal::Rules(_))), "{refused:?}");
    let soon = tokio::time::Instant::now() + SOON;
    while accept(&j, dana(&j), &self::held(&j).await.id).await != Answer::Noted {
        assert!(tokio::time::Instant::now() < soon, "it can't be accepted");
    }
    look(&j, |engine| engine.people().iter().count() == 5 && engine.held_people().is_none()).await;
    security_reads(&j, &["No longer held", "Accepted by Dana"]).await;
    let recorded = ["held", "held_told", "held_dropped", "held", "held_told", "accepted"];
    assert_eq!(audit_of_people(&j), recorded.map(|kind| format!("people_{kind}")));
    let state = j.dossier(id).await.request.state;
    assert!(matches!(state, State::Revoked { cause: EndCause::Leaver, .. }), "{state:?}");
    j.world.crash_and_restart().await.unwrap();
    look(&j, |engine| engine.people().iter().count() == 5 && engine.held_people().is_none()).await;
    j.until_over().await;
    j.came_and_went_once(id).await;
    j.end().await;
}
