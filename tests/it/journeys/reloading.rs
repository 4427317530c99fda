//! Policies that are edited while the bot runs, while it is down, and badly.

use std::time::Duration;

use jitney::audit::Record;
use jitney::store::{Reader, StoreError};
use serde_json::json;

use super::stage::{Journey, SOON};

fn records(j: &Journey, kind: &str) -> Vec<Record> {
    let mut found = Vec::new();
    let reader = Reader::open(&j.world.folder().join("jitney.db")).unwrap();
    let keep = |record: Record| {
        found.extend((record.kind == kind).then_some(record));
        Ok::<(), StoreError>(())
    };
    reader.for_each_record(1, keep).unwrap();
    found
}

/// Has the files looked at, and waits for so many records of this kind.
async fn look(j: &Journey, kind: &str, wanted: usize) -> Record {
    j.world.look_again().unwrap();
    let soon = tokio::time::Instant::now() + SOON;
    while tokio::time::Instant::now() < soon {
        let found = records(j, kind);
        if found.len() >= wanted {
            assert_eq!(found.len(), wanted);
            return found.last().unwrap().clone();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("there are {} records `{kind}` and not {wanted}", records(j, kind).len());
}

fn edit(j: &Journey, file: &str, from: &str, to: &str) {
    let path = j.world.folder().join("policies").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_edit_of_the_policies_changes_is_on_the_record_and_a_bad_one_never_takes_effect() {
    let mut j = Journey::start().await;
    let first = j.engine().policies();
    let [at_start] = records(&j, "policies_changed").try_into().unwrap();
    assert_eq!((&at_start.body["from"], &at_start.body["to"]), (&json!(null), &json!(first.digest)));

    edit(&j, "wiki.toml", "max_duration     = \"8h\"", "max_duration     = \"4h\"");
    let told = look(&j, "policies_changed", 2).await.body;
    let second = j.engine().policies();
    assert_eq!((&told["from"], &told["to"]), (&json!(first.digest), &json!(second.digest)));
    let sentence = told["sentences"][0].as_str().unwrap();
    assert!(sentence.starts_with("wiki/") && sentence.contains("up to 4 hours instead of 8 hours"), "{told}");
    assert_eq!((&told["left_out"], &told["gain"], &told["lose"]), (&json!(0), &json!(0), &json!(0)));
    let file = &told["edit"]["files"][0];
    let me = nix::unistd::User::from_uid(nix::unistd::Uid::current()).unwrap().unwrap().name;
    assert_eq!((&file["name"], &file["owner"]), (&json!("policies/wiki.toml"), &json!(me)));
    assert!(file["modified"].as_i64().is_some(), "{file}");

    // A bad one is recorded once, however often it is looked at, and the last good stays.
    edit(&j, "wiki.toml", "tier ", "teir ");
    let refused = look(&j, "policies_refused", 1).await.body;
    assert_eq!(refused["in_force"], json!(second.digest));
    assert_ne!(refused["refused"], json!(second.digest));
    assert!(refused["issues"][0].as_str().unwrap().contains("policies/wiki.toml:"), "{refused}");
    look(&j, "policies_refused", 1).await;
    assert_eq!(j.engine().policies().digest, second.digest);
    j.granted("ann", "wiki/read", "1h", "dana").await;

    // Mended, it is what was in force, so that nothing has changed; the next bad one is another.
    edit(&j, "wiki.toml", "teir ", "tier ");
    look(&j, "policies_changed", 2).await;
    edit(&j, "wiki.toml", "tier ", "teir ");
    look(&j, "policies_refused", 2).await;
    edit(&j, "wiki.toml", "teir ", "tier ");
    look(&j, "policies_changed", 2).await;

    // What is edited while nobody looks is told at the next start.
    j.world.stop_bot().await;
    edit(&j, "wiki.toml", "employment = [\"employee\"]", "employment = [\"employee\", \"intern\"]");
    j.world.start_bot().await.unwrap();
    let down = records(&j, "policies_changed").pop().unwrap();
    assert_eq!(down.body["from"], json!(second.digest));
    assert_eq!(down.body["to"], json!(j.engine().policies().digest));
    let told = down.body["sentences"].to_string();
    assert!(told.contains("intern"), "{told}");
    j.world.crash_and_restart().await.unwrap();
    assert_eq!(records(&j, "policies_changed").len(), 3, "the same policies are no change");
    j.until_over().await;
    j.look_through().await;
}
