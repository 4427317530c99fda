//! Who is who: accounts that the directory does not name, and the organisation of an Enterprise Grid.

use jitney::playground::people::ACCESS_CHANNEL;
use jitney::playground::slack::{Member, MemberKind, Settings};
use jitney::store::{Reader, StoreError};

use super::stage::{Journey, account};

const GRID: &str = "E0GRID";

/// Ann's entry of the directory names no account.
fn without_anns_account(folder: &std::path::Path) {
    let file = folder.join("people.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("slack = \"U0ANN\"\n"));
    std::fs::write(&file, text.replace("slack = \"U0ANN\"\n", "")).unwrap();
}

fn member(settings: &mut Settings, id: &str, email: &str, kind: MemberKind) {
    let handle = id.to_lowercase();
    let member = Member {
        id: id.to_owned(),
        name: handle.clone(),
        handle,
        email: email.to_owned(),
        email_confirmed: true,
        deactivated: false,
        kind,
    };
    settings.members.push(member);
    for room in &mut settings.channels {
        room.members.insert(id.to_owned());
    }
}

/// What the account hears when it types the command; nothing when a form opens.
async fn asks(j: &Journey, account: &str) -> String {
    let seen = j.slack().say_slash(account, ACCESS_CHANNEL, "/jit").await.unwrap();
    let said = seen.told.iter().map(|message| message.words()).collect::<Vec<_>>().join("\n");
    if seen.modal.is_some() {
        assert_eq!(said, "");
        j.slack().close_view(account).await.unwrap();
    }
    said
}

fn recorded(j: &Journey, kind: &str) -> Vec<serde_json::Value> {
    let reader = Reader::open(&j.world.folder().join("jitney.db")).unwrap();
    let mut found = Vec::new();
    let look = |record: jitney::audit::Record| -> Result<(), StoreError> {
        found.extend((record.kind == kind).then_some(record.body));
        Ok(())
    };
    reader.for_each_record(1, look).unwrap();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_bound_once_by_its_confirmed_address_and_for_good() {
    let shape = |settings: &mut Settings| {
        member(settings, "U0SECOND", "ann@example.com", MemberKind::Full);
        member(settings, "U0ZOE", "zoe@example.com", MemberKind::Full);
        member(settings, "U0GUEST", "ann@example.com", MemberKind::Guest);
        member(settings, "U0ALONE", "ann@example.com", MemberKind::SingleChannelGuest);
        member(settings, "U0ABROAD", "ann@example.com", MemberKind::Stranger("T0ABROAD".to_owned()));
        member(settings, "U0ROBOT", "ann@example.com", MemberKind::Bot);
        member(settings, "U0BOB2", "bob@example.com", MemberKind::Full);
        member(settings, "U0HASTY", "ann@example.com", MemberKind::Full);
        settings.members.last_mut().unwrap().email_confirmed = false;
    };
    let mut j = Journey::start_with(shape, without_anns_account).await;
    for (account, says) in [
        ("U0GUEST", "Your Slack account is a guest's"),
        ("U0ALONE", "Your Slack account is a guest's"),
        ("U0ABROAD", "I answer to people of my own workspace only"),
        ("U0ROBOT", "I answer to people only"),
        ("U0HASTY", "Slack has not confirmed the e-mail address"),
        ("U0ZOE", "nobody with your Slack account or its e-mail address"),
        ("U0BOB2", "The directory names another Slack account"),
    ] {
        let said = asks(&j, account).await;
        assert!(said.contains(says), "{account}: {said}");
    }
    assert_eq!(recorded(&j, "account_bound").len(), 0);
    assert_eq!(recorded(&j, "account_refused").len(), 2, "those whose address Slack confirms");

    assert_eq!(asks(&j, &account("ann")).await, "", "a form opens");
    let bound = recorded(&j, "account_bound");
    assert_eq!(
        (bound.len(), &bound[0]["account"], &bound[0]["person"]),
        (1, &"U0ANN".into(), &"ann@example.com".into())
    );
    let said = asks(&j, "U0SECOND").await;
    assert!(said.contains("Another Slack account is bound to your e-mail address"), "{said}");

    // What was bound stays: messages go there, also after a restart, and nothing is looked up any more.
    let id = j.granted("ann", "wiki/read", "1h", "dana").await;
    j.world.crash_and_restart().await.unwrap();
    let looked = j.slack().snapshot().calls["users.info"];
    j.release("ann", id).await;
    assert_eq!(j.slack().snapshot().calls["users.info"], looked);
    let said = asks(&j, "U0SECOND").await;
    assert!(said.contains("Another Slack account is bound to your e-mail address"), "{said}");
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grid_that_the_app_is_installed_for_as_a_whole_is_served_by_its_own_id() {
    let shape = |settings: &mut Settings| {
        settings.enterprise = Some(GRID.to_owned());
        settings.org_install = true;
        member(settings, "W0ANN", "ann@example.com", MemberKind::Full);
        member(settings, "W0ABROAD", "ann@example.com", MemberKind::Stranger("E0ABROAD".to_owned()));
    };
    let j = Journey::start_with(shape, without_anns_account).await;
    assert_eq!(asks(&j, "W0ANN").await, "");
    let said = asks(&j, "W0ABROAD").await;
    assert!(said.contains("I answer to people of my own workspace only"), "{said}");

    let line = "/jit request wiki/read for 1h because something there wants mending";
    let seen = j.slack().say_slash("W0ANN", ACCESS_CHANNEL, line).await.unwrap();
    assert!(seen.modal.is_some(), "{seen:?}");
    let sent = j.slack().submit("W0ANN").await.unwrap();
    let id = super::stage::request_in(&format!("{sent:?}"));
    j.slack().close_view("W0ANN").await.unwrap();
    j.rest().await;
    j.approve("dana", id).await;
    let told = j.slack().snapshot();
    let direct = told.direct("W0ANN").expect("she is written to under her id of the organisation");
    assert!(direct.messages.iter().any(|message| message.words().contains("Active")), "{direct:?}");
    j.end().await;
}
