//! Who may not, and what they hear.

use jitney::lifecycle::StateWord;

use super::stage::{APPROVAL, Journey};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_does_not_approve_it_and_hears_why() {
    let j = Journey::start().await;
    let id = j.ask("ann", "wiki/read", "1h").await;
    let said = j.click("ann", id, APPROVAL, "jit_approve").await;
    assert!(said.contains("Not possible, and nothing was changed"), "{said}");
    assert!(said.contains("nobody decides on their own request"), "{said}");
    // Nor does somebody who was not asked.
    let said = j.click("frank", id, APPROVAL, "jit_approve").await;
    assert!(said.contains("Not possible, and nothing was changed"), "{said}");
    j.rest().await;
    j.is(id, StateWord::Pending).await;
    assert_eq!(j.logins(), Vec::<String>::new());
    j.deny("dana", id, "the wiki is being moved today").await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contractor_reads_the_rule_that_refuses_on_the_form() {
    let j = Journey::start().await;
    let said = j.try_ask("carol", "wiki/read", "1h").await.unwrap_err();
    assert!(said.contains("contractor") && said.contains("never[0] of wiki/read"), "{said}");
    assert!(said.contains("wiki.toml:"), "the rule has a place: {said}");
    assert_eq!(j.all().await.len(), 0);
    assert_eq!(j.world.jira.issues().len(), 0, "a refusal is on no ticket");
    j.end().await;
}
