//! A group of an Okta org: the emulator, behind Prism where Okta's own description of its API is at hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde_json::Value;

use super::{Ground, private_folder};
use crate::crash::stage::{REQUESTERS, requester};
use crate::servers::okta::{Front, Org, TOKEN, user_id};

/// People who were in the group before anybody asked; some of them ask all the same.
const STANDING: usize = 8;

pub(super) struct Group {
    org: Org,
    front: Front,
    group: String,
    token_file: PathBuf,
    standing: BTreeSet<String>,
}

impl Group {
    /// None where the emulator is not installed.
    pub(super) fn start(folder: &Path) -> Option<Self> {
        let login = |number| format!("{}@example.com", requester(number));
        let others = ["admin", "olga"].map(|name| format!("{name}@example.com"));
        let logins: Vec<String> = (0..REQUESTERS).map(login).chain(others).collect();
        let org = Org::start(&logins)?;
        let group = org.make_group("analysts");
        let standing: BTreeSet<String> =
            (0..STANDING).map(login).chain(["olga@example.com".to_owned()]).collect();
        for member in &standing {
            let path = format!("/api/v1/groups/{group}/users/{}", user_id(member));
            assert_eq!(org.admin("PUT", &path, None), (204, Value::Null));
        }
        let token_file = private_folder(folder).join("okta.token");
        super::write_private(&token_file, TOKEN);
        Some(Self { front: org.front(), org, group, token_file, standing })
    }
}

#[async_trait]
impl Ground for Group {
    fn name(&self) -> &'static str {
        "okta"
    }

    fn table(&self) -> String {
        format!(
            "adapter = \"okta_group\"\nbase_url = \"{}\"\nauth = {{ token_file = \"{}\" }}\nread_pause = \"0s\"\n",
            self.front.url(),
            self.token_file.display(),
        )
    }

    fn step(&self) -> String {
        format!("group = {{ id = \"{}\" }}", self.group)
    }

    fn layer(&self) -> &'static str {
        "idp"
    }

    fn secrets(&self) -> Vec<String> {
        vec![TOKEN.to_owned()]
    }

    async fn enter(&self, login: &str, _password: &str) -> bool {
        panic!("a membership has no credential, and {login} was given one");
    }

    async fn ours(&self) -> Vec<String> {
        self.org.members(&self.group).difference(&self.standing).cloned().collect()
    }

    async fn disturbed(&self) -> Vec<String> {
        let members = self.org.members(&self.group);
        let missing = self.standing.difference(&members).map(|who| format!("{who} was a member before"));
        let minded = self.front.violations().into_iter().take(10);
        missing.chain(minded.map(|said| format!("Okta's description minds: {said}"))).collect()
    }
}
