//! Journeys: people in the local Slack, the very bot that `serve` runs, a local Jira, and the old app.

use jitney::playground::people::ACCESS_CHANNEL;
use jitney::playground::slack::Submitted;
use jitney::playground::world::World;

fn folder() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("jitney-journey-{}-{}", std::process::id(), unique()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn unique() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_approved_granted_and_expires() {
    let _ = tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).try_init();
    let folder = folder();
    let mut world = World::start(&folder, |_| ()).await.unwrap();
    let slack = world.playground.slack.clone();
    let seen = slack
        .say_slash("U0ANN", ACCESS_CHANNEL, "/jit request wiki/read for 1h because I must fix a page")
        .await
        .unwrap();
    println!("{:?}", seen.modal.as_ref().map(|m| m.words()));
    let sent = slack.submit("U0ANN").await.unwrap();
    assert!(matches!(sent, Submitted::Updated(_)), "{sent:?}");
    world.rest().await.unwrap();
    let snapshot = slack.snapshot();
    for message in snapshot.messages(ACCESS_CHANNEL) {
        println!("--- {} {}", message.ts, message.words());
    }
    let approval = snapshot.find(ACCESS_CHANNEL, "Approve").unwrap().clone();
    let seen = slack.click("U0DANA", ACCESS_CHANNEL, &approval.ts, "jit_approve").await.unwrap();
    println!("{seen:?}");
    world.rest().await.unwrap();
    while world.jump().await.unwrap().is_some() {}
    let snapshot = slack.snapshot();
    for message in snapshot.messages(ACCESS_CHANNEL) {
        println!("--- {} {}", message.ts, message.words());
    }
    for issue in world.jira.issues() {
        println!("{} {} {}", issue.key, issue.status, issue.summary);
        for comment in world.jira.comments(&issue.key) {
            println!("   {}", comment.text);
        }
    }
    println!("{:?} {:?}", snapshot.complaints, snapshot.refusals);
    world.stop_bot().await;
    std::fs::remove_dir_all(&folder).unwrap();
}
