//! From a Slack account to the one person it is pinned to. Who is not known is not heard.

use super::envelope::Caller;
use crate::ids::{PersonId, SlackUserId};
use crate::lifecycle::Actor;
use crate::policy::People;

/// The person who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// The one identity.
    pub id: PersonId,
    /// As people call them.
    pub name: String,
}

impl Identified {
    /// As commands name them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Person { id: self.id.clone(), name: self.name.clone() }
    }
}

/// Whose people are heard. With neither id everybody whom the directory pins is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Workspace {
    /// The workspace (`T…`).
    pub team_id: Option<String>,
    /// The Enterprise Grid organisation (`E…`): alone, the people of all its workspaces are heard; beside a workspace,
    /// those of that one, whom Slack may name by either id.
    pub enterprise_id: Option<String>,
}

/// Why an account is not heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stranger {
    /// Of another workspace: a guest of a shared channel.
    OtherTeam,
    /// Slack told no workspace, as it does where the app is installed for a whole organisation.
    NoTeam,
    /// Not a person.
    Bot,
    /// No person of the directory has this account.
    Unknown {
        /// The account.
        account: String,
    },
    /// The person has left.
    Leaver,
    /// A guest of the workspace.
    Guest {
        /// The account.
        account: String,
    },
    /// The account was closed.
    Deactivated,
    /// Slack has not confirmed the account's address.
    Unconfirmed {
        /// The account.
        account: String,
    },
    /// Slack does not tell the account's address.
    NoAddress {
        /// The account.
        account: String,
    },
    /// No person of the directory has this account, or its address.
    UnknownAddress {
        /// The account.
        account: String,
    },
    /// The directory names another account for the person with this address.
    Pinned {
        /// The account.
        account: String,
    },
    /// Another account was bound to the person with this address.
    Taken {
        /// The account.
        account: String,
    },
    /// Slack could not be asked now.
    Later,
}

impl Stranger {
    /// Whether the answer may be another in a moment.
    #[must_use]
    pub const fn is_for_now(&self) -> bool {
        matches!(self, Self::Later)
    }
}

/// Whose account it is.
///
/// # Errors
/// Says why the account is not heard.
pub fn identify(people: &People, workspace: &Workspace, caller: &Caller) -> Result<Identified, Stranger> {
    is_of(workspace, caller)?;
    // People's ids begin with U or W; bots act under B, and Slack's own bot has a name for an id.
    if caller.user == "USLACKBOT" || !caller.user.starts_with(['U', 'W']) {
        return Err(Stranger::Bot);
    }
    let unknown = || Stranger::Unknown { account: caller.user.chars().take(80).collect() };
    let account = SlackUserId::new(&caller.user).map_err(|_| unknown())?;
    let person = people.by_slack(&account).ok_or_else(unknown)?;
    if !person.active {
        return Err(Stranger::Leaver);
    }
    Ok(Identified { id: person.id.clone(), name: person.name.clone() })
}

/// The account's own workspace counts; where Slack does not tell it, the one in which they act. On a Grid Slack may
/// tell the organisation's id in its place.
fn is_of(workspace: &Workspace, caller: &Caller) -> Result<(), Stranger> {
    let own = caller.team.as_deref().or(caller.place.as_deref());
    let place = caller.place.as_deref();
    let ours = match (workspace.team_id.as_deref(), workspace.enterprise_id.as_deref()) {
        (None, None) => true,
        (Some(team), None) => own == Some(team),
        (Some(team), Some(enterprise)) => {
            own == Some(team) || (own == Some(enterprise) && place == Some(team))
        }
        (None, Some(enterprise)) => {
            own == Some(enterprise)
                || (caller.enterprise.as_deref() == Some(enterprise)
                    && own.is_none_or(|own| !own.starts_with('E')))
        }
    };
    match own {
        _ if ours => Ok(()),
        None => Err(Stranger::NoTeam),
        Some(_) => Err(Stranger::OtherTeam),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_of_the_workspace_or_of_the_organisation_are_heard() {
        let caller = |team: &str, place: &str, enterprise: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Caller {
                user: "W0ANN".to_owned(),
                team: some(team),
                place: some(place),
                enterprise: some(enterprise),
            }
        };
        let workspace = |team: &str, enterprise: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Workspace { team_id: some(team), enterprise_id: some(enterprise) }
        };
        let (heard, other, nowhere) = (Ok(()), Err(Stranger::OtherTeam), Err(Stranger::NoTeam));
        for (ids, account, wanted) in [
            // One workspace.
            (("T1", ""), ("T1", "T1", ""), &heard),
            (("T1", ""), ("T1", "T2", ""), &heard),
            (("T1", ""), ("", "T1", ""), &heard),
            (("T1", ""), ("T2", "T1", ""), &other),
            (("T1", ""), ("E1", "T1", "E1"), &other),
            (("T1", ""), ("", "", "E1"), &nowhere),
            // One workspace of a Grid.
            (("T1", "E1"), ("T1", "T1", "E1"), &heard),
            (("T1", "E1"), ("E1", "T1", "E1"), &heard),
            (("T1", "E1"), ("E1", "T2", "E1"), &other),
            (("T1", "E1"), ("T2", "T1", "E1"), &other),
            (("T1", "E1"), ("E1", "", "E1"), &other),
            // The whole organisation: no workspace is named.
            (("", "E1"), ("T1", "", "E1"), &heard),
            (("", "E1"), ("E1", "", "E1"), &heard),
            (("", "E1"), ("", "", "E1"), &heard),
            (("", "E1"), ("T9", "T9", "E9"), &other),
            (("", "E1"), ("E9", "T1", "E1"), &other),
            (("", "E1"), ("T9", "T9", ""), &other),
            (("", "E1"), ("", "", ""), &nowhere),
            (("", ""), ("", "", ""), &heard),
        ] {
            let found = is_of(&workspace(ids.0, ids.1), &caller(account.0, account.1, account.2));
            assert_eq!(found, *wanted, "{ids:?} {account:?}");
        }
    }
}
