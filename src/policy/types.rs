//! The catalogue as values: apps, roles and tiers. What is here has been parsed and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Blackout, Calendar, Employment, Risk, RiskRule, WallTime};
use crate::ids::{AppId, CalendarId, GroupId, OnCallId, PersonId, RoleId, RoleRef, TargetId, TierId};
use crate::time::{Span, Timestamp};

/// SHA-256 over the policy files as they were read, in hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// From hex that was computed over the files.
    #[must_use]
    pub fn from_hex(hex: String) -> Self {
        Self(hex)
    }
    /// All 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The first 12 digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where in the stack the access lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// The identity provider.
    Idp,
    /// The app itself.
    Application,
    /// Short-lived credentials from a vault.
    Vault,
    /// A person does it.
    Manual,
}

impl Layer {
    /// Every layer, for messages that list the choices.
    pub const ALL: [Self; 4] = [Self::Idp, Self::Application, Self::Vault, Self::Manual];

    /// As policies write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idp => "idp",
            Self::Application => "application",
            Self::Vault => "vault",
            Self::Manual => "manual",
        }
    }
}

/// Whether a request names a ticket of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TicketRule {
    /// No field for it.
    None,
    /// May name one.
    Optional,
    /// Must name one.
    Required,
}

impl TicketRule {
    /// Every rule, for messages that list the choices.
    pub const ALL: [Self; 3] = [Self::None, Self::Optional, Self::Required];

    /// As policies write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// Whose ticket a request may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TicketOf {
    /// One that the requester reported, made, or works on.
    Requester,
    /// Anybody's.
    Anyone,
}

impl TicketOf {
    /// Every one, for messages that list the choices.
    pub const ALL: [Self; 2] = [Self::Requester, Self::Anyone];

    /// As policies write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Anyone => "anyone",
        }
    }
}

/// Who finds an app or a role. It decides what is shown, and of [`Visibility::Retired`] also what may be asked for;
/// of the rest, `eligible` and `never` alone decide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Visibility {
    /// Whoever may have it.
    #[default]
    Listed,
    /// Whoever may have it and writes its exact name.
    Hidden,
    /// Nobody: it is not to be asked for any more. What is active ends in time.
    Retired {
        /// What to ask for instead, in words.
        instead: Option<String>,
    },
}

/// All policies at one moment.
#[derive(Debug, Clone, Default)]
pub struct PolicySet {
    /// The apps by id.
    pub apps: BTreeMap<AppId, App>,
    /// The tiers by id.
    pub tiers: BTreeMap<TierId, Tier>,
    /// The calendars by id.
    pub calendars: BTreeMap<CalendarId, Calendar>,
    /// Times in which nothing new begins, by their beginning.
    pub blackouts: Vec<Blackout>,
    /// What holds of all roles of a risk.
    pub risks: BTreeMap<Risk, RiskRule>,
    /// Roles whose access some people have outside of Jitney, so that a decision looks at no others.
    pub held_outside: Vec<RoleRef>,
    /// Over the files that it was read from.
    pub digest: Digest,
}

impl PolicySet {
    /// The role with its app.
    #[must_use]
    pub fn role(&self, at: &RoleRef) -> Option<(&App, &Role)> {
        let app = self.apps.get(&at.app)?;
        app.roles.get(&at.role).map(|role| (app, role))
    }

    /// The on-call schedules that tiers name; one perhaps more than once.
    pub fn on_call_names(&self) -> impl Iterator<Item = &OnCallId> {
        let references = self.tiers.values().flat_map(|tier| &tier.stages).flat_map(Stage::references);
        references.filter_map(|reference| match reference {
            ApproverRef::OnCall(name) => Some(name),
            ApproverRef::Manager | ApproverRef::Owners | ApproverRef::Person(_) | ApproverRef::Group(_) => {
                None
            }
        })
    }

    /// What a break-glass of the role may be; none where its tier has none.
    #[must_use]
    pub fn break_glass(&self, at: &RoleRef) -> Option<&BreakGlass> {
        let (_, role) = self.role(at)?;
        self.tiers.get(&role.tier)?.break_glass.as_ref()
    }

    /// Every role with its app, by id.
    pub fn roles(&self) -> impl Iterator<Item = (RoleRef, &App, &Role)> {
        self.apps.values().flat_map(|app| {
            app.roles.values().map(move |role| (RoleRef::new(app.id.clone(), role.id.clone()), app, role))
        })
    }
}

/// One app: one policy file.
#[derive(Debug, Clone)]
pub struct App {
    /// The file's name without `.toml`.
    pub id: AppId,
    /// As people call it.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Who answers for it.
    pub owners: Vec<PersonId>,
    /// Where the access lives.
    pub layer: Layer,
    /// Who finds its roles.
    pub visibility: Visibility,
    /// What can be asked for.
    pub roles: BTreeMap<RoleId, Role>,
    /// The tables that `policy test` runs.
    pub tests: Vec<PolicyTest>,
}

impl App {
    /// Who finds this role of it: the app's word or the role's, whichever shows less.
    #[must_use]
    pub fn visibility_of<'a>(&'a self, role: &'a Role) -> &'a Visibility {
        match (&role.visibility, &self.visibility) {
            (own @ Visibility::Retired { .. }, _) => own,
            (own, apps) => own.max(apps),
        }
    }
}

/// One role of an app.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its id within the app.
    pub id: RoleId,
    /// As people call it.
    pub name: String,
    /// What one can do with it.
    pub gives: String,
    /// How bad it is when it goes wrong.
    pub risk: Risk,
    /// When nobody says how long.
    pub default_duration: Span,
    /// The longest that one request may ask for.
    pub max_duration: Span,
    /// The longest in all, with extensions.
    pub max_total: Span,
    /// From the end to verified; later than that is stuck.
    pub revoke_target: Span,
    /// Who approves.
    pub tier: TierId,
    /// Who finds it; see [`App::visibility_of`] for what its app adds.
    pub visibility: Visibility,
    /// Whether a ticket is named.
    pub ticket: TicketRule,
    /// Whose ticket it may be.
    pub ticket_of: TicketOf,
    /// In which times it may begin; always, when there is none.
    pub hours: Option<CalendarId>,
    /// May ask: one of these matches. Nobody, when empty.
    pub eligible: Vec<Rule>,
    /// May not ask: any of these matches.
    pub never: Vec<Rule>,
    /// Roles that one can't hold beside it.
    pub conflicts: Vec<RoleRef>,
    /// Who has its access outside of Jitney: any of these matches.
    pub held_by: Vec<Rule>,
    /// What is done on targets, in order; at least one.
    pub steps: Vec<StepSpec>,
    /// Extra form fields.
    pub fields: Vec<Field>,
    /// Targets that a stuck revocation locks besides its own.
    pub lockdown_family: Vec<TargetId>,
    /// The role's table in its file: `policies/billing.toml:7:1`.
    pub place: String,
    /// Where the keys that a reason may name stand; those that the file leaves out are not in it.
    pub key_places: BTreeMap<&'static str, String>,
}

impl Role {
    /// Where the key stands, or the role's table when the file leaves it out.
    #[must_use]
    pub fn place_of(&self, key: &str) -> &str {
        self.key_places.get(key).unwrap_or(&self.place)
    }
}

/// A rule over a person: every key that is given must match; a list matches when one of its values does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Employments.
    pub employment: Option<Vec<Employment>>,
    /// Departments.
    pub department: Option<Vec<String>>,
    /// Job titles.
    pub title: Option<Vec<String>>,
    /// Locations.
    pub location: Option<Vec<String>>,
    /// Groups of the directory.
    pub group: Option<Vec<GroupId>>,
    /// People by id.
    pub person: Option<Vec<PersonId>>,
    /// Where it stands: `policies/billing.toml:19:1`.
    pub place: String,
}

/// One entitlement to add.
#[derive(Debug, Clone)]
pub struct StepSpec {
    /// On which target.
    pub target: TargetId,
    /// The group of the directory that it puts somebody into.
    pub gives_group: Option<GroupId>,
    /// What the target's adapter made of the step's table: opaque to everyone else.
    pub params: Value,
    /// In words, by the adapter: `a login in /etc/app/htpasswd`.
    pub label: String,
    /// Whether the grant issues a credential that is shown to the requester once.
    pub issues_credential: bool,
    /// Whether the target can be read back.
    pub readable: bool,
    /// What the adapter can't end when it revokes; empty when it ends everything.
    pub cannot_end: Vec<String>,
}

/// An extra form field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its id, as step parameters use it.
    pub id: String,
    /// As the form shows it.
    pub label: String,
    /// The choices; free text when empty.
    pub choices: Vec<String>,
    /// Where it stands.
    pub place: String,
}

/// An approval policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// Its id.
    pub id: TierId,
    /// As people call it.
    pub name: String,
    /// Asks up to this long approve themselves.
    pub auto_under: Option<Span>,
    /// One after the other.
    pub stages: Vec<Stage>,
    /// Nobody decided: the request lapses after this.
    pub lapse_after: Span,
    /// From approval to active; later than that is given up and revoked.
    pub provision_within: Span,
    /// How long before expiry the requester is warned, if not by the length of the access.
    pub warn_before: Option<Span>,
    /// Access at once, looked at afterwards.
    pub break_glass: Option<BreakGlass>,
    /// Where it stands: `policies/tiers.toml:3:1`.
    #[serde(default)]
    pub place: String,
}

/// One stage of a tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Who may approve.
    pub approvers: Vec<ApproverRef>,
    /// How many of them must, at least one.
    pub quorum: u32,
    /// Whether approvers of earlier stages don't count.
    pub distinct: bool,
    /// Asked again after this, and then less and less often.
    pub remind_after: Option<Span>,
    /// The others are asked after this.
    pub escalate_after: Option<Span>,
    /// Who is asked then, besides.
    pub escalate_to: Vec<ApproverRef>,
    /// Who is asked when there is no approver.
    pub fallback: Vec<ApproverRef>,
    /// Whether each who is asked gets the question as a direct message, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub direct: bool,
    /// Reminders and the escalation count time that is open by this calendar alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Calendar>,
    /// Where it stands: `policies/tiers.toml:9:1`.
    #[serde(default)]
    pub place: String,
}

impl Stage {
    /// When `wait` has passed since `from`, as the stage counts it: in open time alone, where it has hours. A calendar
    /// that is not open for ten years holds nothing up.
    #[must_use]
    pub fn after(&self, from: Timestamp, wait: Span) -> Timestamp {
        let open = self.hours.as_ref().and_then(|hours| hours.after_open_time(from, wait));
        open.unwrap_or(from + wait)
    }

    /// Every reference to people, in whatever part.
    pub fn references(&self) -> impl Iterator<Item = &ApproverRef> {
        self.approvers.iter().chain(&self.escalate_to).chain(&self.fallback)
    }
}

/// Who approves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApproverRef {
    /// The requester's manager.
    Manager,
    /// The app's owners.
    Owners,
    /// A person.
    Person(PersonId),
    /// A group of the directory.
    Group(GroupId),
    /// Whoever is on call now by a schedule of the configuration.
    #[serde(rename = "oncall")]
    OnCall(OnCallId),
}

/// Access at once, looked at afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    /// Shorter than the role's maximum.
    pub max_duration: Span,
    /// The compulsory review is due this long after the start.
    pub review_within: Span,
}

/// One row of a file's `[[tests]]`.
#[derive(Debug, Clone)]
pub struct PolicyTest {
    /// Who asks; somebody whom no rule names when the row does not say.
    pub person: PersonId,
    /// How the person is employed.
    pub employment: Employment,
    /// The person's department.
    pub department: String,
    /// The person's job title.
    pub title: String,
    /// The person's location.
    pub location: String,
    /// The person's groups.
    pub groups: BTreeSet<GroupId>,
    /// The roles that the person holds already.
    pub holds: Vec<RoleRef>,
    /// What they ask for.
    pub asks: RoleId,
    /// For how long.
    pub duration: Span,
    /// When; then hours and blackouts are looked at, too.
    pub at: Option<WallTime>,
    /// What must come of it.
    pub expect: Expectation,
    /// Where it stands.
    pub place: String,
}

/// What a policy test expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// May ask.
    Eligible,
    /// May not; because of this check, where the file says so.
    Refused(Option<super::ReasonCode>),
}
