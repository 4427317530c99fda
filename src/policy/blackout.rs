//! Times in which nothing new begins: a year-end close, a freeze before a release.

use jiff::civil::DateTime;
use serde::Serialize;

use super::phrase::listed;
use super::{Risk, Role};
use crate::ids::{AppId, RoleRef};
use crate::time::Timestamp;
use crate::zone::Zone;

/// A time in which no access begins and none gets longer; what is active ends in its own time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blackout {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
    /// Whose clock its sentences go by.
    pub zone: Zone,
    /// What it is for.
    pub because: String,
    /// Apps that it is about.
    pub apps: Vec<AppId>,
    /// Roles that it is about, besides those of the apps; every role, when it names neither.
    pub roles: Vec<RoleRef>,
    /// The risks that it is about; any, when empty.
    pub risk: Vec<Risk>,
    /// Whether a break-glass is given all the same.
    pub break_glass: bool,
    /// Where it stands: `policies/tiers.toml:40:1`.
    pub place: String,
}

impl Blackout {
    /// Whether it is about this role.
    #[must_use]
    pub fn covers(&self, at: &RoleRef, role: &Role) -> bool {
        let named = self.apps.is_empty() && self.roles.is_empty()
            || self.apps.contains(&at.app)
            || self.roles.contains(at);
        named && (self.risk.is_empty() || self.risk.contains(&role.risk))
    }

    /// Whether this moment lies in it.
    #[must_use]
    pub fn is_on(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    /// `Year-end close, from … until …, for high risk of billing`: all that it says.
    #[must_use]
    pub fn words(&self) -> String {
        let apps = self.apps.iter().map(|app| format!("the app {app}"));
        let names: Vec<String> = apps.chain(self.roles.iter().map(RoleRef::to_string)).collect();
        let about = if names.is_empty() {
            "everything".to_owned()
        } else {
            listed(names.iter().map(String::as_str), "and")
        };
        let risk = match listed(self.risk.iter().map(|risk| risk.as_str()), "or") {
            any if any.is_empty() => String::new(),
            risk => format!(" of {risk} risk"),
        };
        let glass = if self.break_glass { "" } else { ", break-glass too" };
        let (from, until) = (self.moment(self.from), self.moment(self.until));
        format!("{} from {from} until {until} for {about}{risk}{glass}", self.because)
    }

    /// A moment as its zone calls it: `Monday 2027-01-04 08:00 (Europe/Berlin)`.
    #[must_use]
    pub fn moment(&self, at: Timestamp) -> String {
        super::calendar::moment(&self.zone, at)
    }
}

/// What a yes lets begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// Access, at this moment.
    Access(Timestamp),
    /// More time for access that is there.
    MoreTime,
    /// Access at once, looked at afterwards.
    BreakGlass,
}

/// A moment that somebody wrote down for a clock on the wall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WallTime {
    /// What calendar and clock say.
    pub local: DateTime,
    /// Whose clock; that of what it is held against, where nobody said.
    pub zone: Option<Zone>,
}
