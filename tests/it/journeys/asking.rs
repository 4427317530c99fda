//! Who may not, and what they hear.

use jitney::lifecycle::StateWord;
use jitney::playground::people::ACCESS_CHANNEL;
use jitney::playground::slack::View;
use jitney::time::Span;

use super::stage::{APPROVAL, CARD, Journey, account, request_in};

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

/// What stands in a field of a form.
fn filled(view: &View, block: &str) -> String {
    let found = view.values.iter().find(|(id, _)| id.starts_with(block)).unwrap().1.values().next().unwrap();
    let text = ["/value", "/selected_option/value"].into_iter().find_map(|at| found.pointer(at)?.as_str());
    text.unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_asks_in_their_own_words_and_gets_the_role_that_gives_least() {
    let j = Journey::start().await;
    let line = "/jit request a login for the wikki, 2 hours, becuase the on-call runbook is wrong, INC-42";
    let seen = j.slack().say_slash(&account("ann"), ACCESS_CHANNEL, line).await.unwrap();
    let form = seen.modal.unwrap_or_else(|| panic!("no form: {:?}", seen.told));
    assert_eq!(filled(&form, "role"), "wiki/read");
    assert_eq!(filled(&form, "duration:wiki/read"), "2h");
    assert_eq!(filled(&form, "why"), "the on-call runbook is wrong");
    assert_eq!(filled(&form, "ticket"), "INC-42");
    let words = form.words();
    assert!(words.contains("*Legacy wiki · Administrator* adds: A login that changes pages"), "{words}");
    assert!(words.contains("It needs approval by *Dana*"), "{words}");

    // Another choice changes the form to what that role is; what was typed stays.
    j.slack().fill(&account("ann"), "role", "Legacy wiki · Administrator").await.unwrap();
    let changed = j.slack().wait_for(super::stage::SOON, |snapshot| {
        let view = snapshot.modal(&account("ann"))?;
        view.words().contains("At most 2 hours").then(|| view.clone())
    });
    let changed = changed.await.unwrap();
    assert_eq!(filled(&changed, "why"), "the on-call runbook is wrong");
    assert!(changed.block_ids().any(|block| block == "glass"), "the role's tier knows break-glass");

    j.slack().fill(&account("ann"), "role", "wiki/read").await.unwrap();
    let back = j.slack().wait_for(super::stage::SOON, |snapshot| {
        snapshot.modal(&account("ann")).filter(|view| view.words().contains("At most 8 hours")).map(|_| ())
    });
    back.await.unwrap();
    j.slack().fill(&account("ann"), "duration:wiki/read", "2h").await.unwrap();
    let id = request_in(&j.send_form("ann").await.unwrap());
    j.rest().await;
    let ask = j.dossier(id).await.request.ask;
    assert_eq!((ask.role.to_string().as_str(), ask.duration), ("wiki/read", Span::hours(2)));
    assert_eq!(ask.justification, "the on-call runbook is wrong");
    assert_eq!(ask.ticket.unwrap().as_str(), "INC-42");
    j.approve("dana", id).await;
    j.is(id, StateWord::Active).await;

    // The search marks what is held now.
    j.slack().say_slash(&account("ann"), ACCESS_CHANNEL, "/jit").await.unwrap();
    let offered = j.slack().search_options(&account("ann"), "role", "jit_role", "").await.unwrap();
    let marked = |value: &str| {
        let option = offered.iter().find(|option| option["value"] == value).unwrap();
        option["description"]["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(marked("wiki/read"), format!("✓ You have this: {id}"));
    assert_eq!(marked("wiki/admin"), "A login that changes pages and settings");
    j.slack().close_view(&account("ann")).await.unwrap();

    // The owner looks, and takes it.
    let said = |who: &'static str, line: String| {
        let j = &j;
        async move {
            let seen = j.slack().say_slash(&account(who), ACCESS_CHANNEL, &line).await.unwrap();
            seen.told.first().unwrap_or_else(|| panic!("{who} reads nothing")).words()
        }
    };
    let stands = said("bob", format!("/jit status {id}")).await;
    assert!(stands.contains("Active") && stands.contains("the on-call runbook is wrong"), "{stands}");
    let hidden = said("frank", format!("/jit status {id}")).await;
    assert!(hidden.contains("is shown to its requester"), "{hidden}");
    let refused = said("frank", "/jit revoke @ann wiki/read because I do not like it".to_owned()).await;
    assert!(refused.contains("no active access like `wiki/read` that you may take"), "{refused}");
    let taken = said("bob", "/jit revoke @ann wiki/read because the runbook is right again".to_owned()).await;
    assert!(taken.contains("is ending"), "{taken}");
    j.rest().await;
    j.is(id, StateWord::Revoked).await;
    j.until_over().await;
    j.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_leads_to_a_request_that_names_it() {
    let j = Journey::start().await;
    let first = j.ask("ann", "wiki/read", "1h").await;
    let card = j.message(first, CARD).await.unwrap();
    let opened = j
        .slack()
        .run_message_shortcut(&account("frank"), &card.channel, &card.ts, "jit_request_thread")
        .await
        .unwrap();
    assert!(opened.told.is_empty(), "{opened:?}");
    j.modal("frank", "Request access").await;
    let form = j.slack().open_view(&account("frank")).unwrap();
    let number = card.ts.replace('.', "");
    let link = format!("https://playground.slack.com/archives/{ACCESS_CHANNEL}/p{number}");
    assert_eq!(filled(&form, "why"), format!("For {link}"));
    j.slack().fill(&account("frank"), "role", "Old reports site · Viewer").await.unwrap();
    j.slack()
        .wait_for(super::stage::SOON, |snapshot| {
            snapshot
                .modal(&account("frank"))
                .filter(|view| view.words().contains("At most 4 hours"))
                .map(|_| ())
        })
        .await
        .unwrap();
    let id = request_in(&j.send_form("frank").await.unwrap());
    j.rest().await;
    assert_eq!(j.dossier(id).await.request.ask.justification, format!("For {link}"));
    j.is(id, StateWord::Active).await;
    j.until_over().await;
    j.end().await;
}
