//! What the Slack workspace tells of people: their profiles, and the user groups they are in.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use crate::directory::{Delivery, Source, SourceError, Told, Whose};
use crate::ids::{GroupId, SlackUserId};
use crate::policy::USER_GROUP;
use crate::slack::identity::Workspace;
use crate::slack::web::{CallError, SetupError, Web};
use crate::slack::{SlackSettings, roster};
use crate::time::Timestamp;

/// The profiles of the workspace: titles, who is there still, and departments where a field has them.
pub(super) struct Profiles {
    web: Web,
    workspace: Workspace,
    department_field: Option<String>,
}

impl Profiles {
    pub(super) fn new(
        settings: &SlackSettings,
        department_field: Option<String>,
    ) -> Result<Self, SetupError> {
        Ok(Self { web: Web::new(settings)?, workspace: settings.workspace.clone(), department_field })
    }

    /// Nothing where the field is empty, and of an account that is gone since the list was read: that must not hold up
    /// what is told of all others.
    async fn department(&self, account: &SlackUserId, field: &str) -> Result<Option<String>, SourceError> {
        match roster::profile_field(&self.web, account, field).await {
            Ok(department) => Ok(Some(department).filter(|department| !department.is_empty())),
            Err(error) if error.is("user_not_found") => Ok(None),
            Err(error) if error.is("missing_scope") => Err(SourceError::Other(
                "the app lacks the scope `users.profile:read`, which `department_field` needs; add it and install the \
                 app again"
                    .to_owned(),
            )),
            Err(error) => Err(later(error)),
        }
    }
}

#[async_trait]
impl Source for Profiles {
    async fn fetch(&mut self, now: Timestamp) -> Result<Delivery, SourceError> {
        let mut told = Vec::new();
        for account in roster::accounts(&self.web, &self.workspace).await.map_err(later)? {
            let mut of = Told::of(Whose::Account(account.id.clone()));
            of.active = Some(!account.closed);
            // A guest is known by whoever invited them: what their profile says gives nobody more.
            if !account.closed && !account.guest {
                of.title = Some(account.title).filter(|title| !title.is_empty());
                if let Some(field) = &self.department_field {
                    of.department = self.department(&account.id, field).await?;
                }
            }
            told.push(of);
        }
        Ok(Delivery { as_of: now, told })
    }
}

/// The user groups of the workspace, each as the group `slack:HANDLE`.
pub(super) struct UserGroups {
    web: Web,
    workspace: Workspace,
}

impl UserGroups {
    pub(super) fn new(settings: &SlackSettings) -> Result<Self, SetupError> {
        Ok(Self { web: Web::new(settings)?, workspace: settings.workspace.clone() })
    }
}

#[async_trait]
impl Source for UserGroups {
    async fn fetch(&mut self, now: Timestamp) -> Result<Delivery, SourceError> {
        // Who is in no group is told of too: else nobody could say that they are in none.
        let accounts = roster::accounts(&self.web, &self.workspace).await.map_err(later)?;
        let mut of: BTreeMap<SlackUserId, BTreeSet<GroupId>> =
            accounts.into_iter().map(|account| (account.id, BTreeSet::new())).collect();
        for group in roster::groups(&self.web).await.map_err(later)? {
            let id = GroupId::new(&format!("{USER_GROUP}{}", group.handle))
                .map_err(|error| SourceError::Other(format!("a user group's handle: {error}")))?;
            for member in group.members {
                if let Some(groups) = of.get_mut(&member) {
                    groups.insert(id.clone());
                }
            }
        }
        let told =
            of.into_iter().map(|(account, groups)| Told { groups, ..Told::of(Whose::Account(account)) });
        Ok(Delivery { as_of: now, told: told.collect() })
    }
}

fn later(error: CallError) -> SourceError {
    match error {
        CallError::RateLimited { after } => {
            SourceError::Later { why: "Slack has too many calls".to_owned(), after }
        }
        CallError::Refused { .. } | CallError::Unknown(_) => SourceError::Other(error.to_string()),
    }
}
