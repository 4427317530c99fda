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

/// Why an account is not heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stranger {
    /// Of another workspace: a guest of a shared channel.
    OtherTeam,
    /// Not a person.
    Bot,
    /// No person of the directory has this account.
    Unknown {
        /// The account.
        account: String,
    },
    /// The person has left.
    Leaver,
}

/// Whose account it is.
///
/// # Errors
/// Says why the account is not heard.
pub fn identify(people: &People, team: Option<&str>, caller: &Caller) -> Result<Identified, Stranger> {
    if let (Some(ours), Some(theirs)) = (team, caller.team.as_deref())
        && ours != theirs
    {
        return Err(Stranger::OtherTeam);
    }
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
