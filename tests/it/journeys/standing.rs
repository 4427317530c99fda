//! Access that somebody had before: what a grant finds is not what it takes away at its end. On an Okta org.

use jitney::lifecycle::{Presence, StateWord};
use serde_json::json;

use super::stage::Journey;
use crate::servers::okta::{Org, TOKEN, user_id};
use crate::targets::okta::secret;
use crate::targets::scratch::Scratch;

/// A role that is the membership of a group.
const POLICY: &str = r#"
[app]
name   = "Billing"
about  = "Entered through Okta"
owners = ["bob@example.com"]
layer  = "idp"

[roles.admin]
name             = "Administrator"
gives            = "Membership of the billing group"
risk             = "low"
default_duration = "1h"
max_duration     = "8h"
max_total        = "24h"
tier             = "manager"
eligible  = [{ employment = ["employee"] }]
conflicts = ["wiki/read"]

[[roles.admin.steps]]
target = "okta"
group  = { id = "GROUP", name = "Billing" }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_before_the_grant_is_a_member_after_it_and_another_is_not() {
    let Some(org) = Org::shared() else { return };
    let (front, scratch) = (org.front(), Scratch::new());
    let group = org.make_group("standing");
    let standing = format!("/api/v1/groups/{group}/users/{}", user_id("ann@example.com"));
    assert_eq!(org.admin("PUT", &standing, None).0, 204);

    let mut j = Journey::start().await;
    let table = json!({
        "adapter": "okta_group",
        "base_url": front.url(),
        "auth": { "token_file": secret(&scratch, "okta.token", TOKEN) },
        "read_pause": "0s",
    });
    j.world.reach("okta".parse().unwrap(), table);
    let policy = j.world.folder().join("policies/billing.toml");
    std::fs::write(policy, POLICY.replace("GROUP", &group)).unwrap();
    j.world.crash_and_restart().await.unwrap();

    let hers = j.granted("ann", "billing/admin", "1h", "dana").await;
    assert_eq!(j.times(hers, "found_standing").await, 1, "{:#?}", j.kinds(hers).await);
    assert_eq!(j.dossier(hers).await.request.steps[0].presence, Presence::Standing);
    let his = j.granted("frank", "billing/admin", "1h", "erin").await;
    assert_eq!(org.members(&group), ["ann@example.com".to_owned(), "frank@example.com".to_owned()].into());
    j.until_over().await;
    j.is(hers, StateWord::Revoked).await;
    j.came_and_went_once(his).await;
    assert_eq!(org.members(&group), ["ann@example.com".to_owned()].into());
    // She is known to have it outside of Jitney, and he is not: that counts in conflicts.
    let said = j.try_ask("ann", "wiki/read", "1h").await.unwrap_err();
    assert!(said.contains("had outside of Jitney") && said.contains(&hers.to_string()), "{said}");
    j.granted("frank", "wiki/read", "1h", "erin").await;
    j.until_over().await;
    assert!(
        !front
            .seen()
            .iter()
            .any(|line| line.starts_with("DELETE") && line.contains(&user_id("ann@example.com")))
    );
    assert_eq!(front.violations(), Vec::<String>::new());
    j.end().await;
}
