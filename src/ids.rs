//! Typed ids with private fields: what parses is valid, and one kind can't stand for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{value}` is not {kind}: {rule}")]
pub struct IdError {
    kind: &'static str,
    value: String,
    rule: &'static str,
}

impl IdError {
    fn new(kind: &'static str, value: &str, rule: &'static str) -> Self {
        // A hostile text must not flood a log line.
        let value = value.chars().take(80).collect();
        Self { kind, value, rule }
    }
}

const SLUG_RULE: &str = "1 to 64 of a-z, 0-9, `-` and `_`, beginning with a letter or digit";
const PRINTABLE_RULE: &str = "1 to 254 printable characters without spaces";

fn is_slug(text: &str) -> bool {
    let head = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 64
        && text.chars().next().is_some_and(head)
        && text.chars().all(|c| head(c) || c == '-' || c == '_')
}

fn is_printable(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= 254
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:path, $rule:expr, $normal:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses the text.
            ///
            /// # Errors
            /// Names the rule when the text breaks it.
            pub fn new(text: &str) -> Result<Self, IdError> {
                let normal: fn(&str) -> String = $normal;
                let text = normal(text);
                if $check(&text) {
                    Ok(Self(text))
                } else {
                    Err(IdError::new($kind, &text, $rule))
                }
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

text_id!(
    /// An app of the catalogue: the name of its policy file without `.toml`.
    AppId, "an app id", is_slug, SLUG_RULE, str::to_owned
);
text_id!(
    /// A role of an app.
    RoleId, "a role id", is_slug, SLUG_RULE, str::to_owned
);
text_id!(
    /// A `[targets.*]` of the configuration.
    TargetId, "a target id", is_slug, SLUG_RULE, str::to_owned
);
text_id!(
    /// A tier of `tiers.toml`.
    TierId, "a tier id", is_slug, SLUG_RULE, str::to_owned
);
text_id!(
    /// An on-call schedule: an `[oncall.*]` of the configuration.
    OnCallId, "the name of an on-call schedule", is_slug, SLUG_RULE, str::to_owned
);
text_id!(
    /// A calendar of `tiers.toml`.
    CalendarId, "a calendar id", is_slug, SLUG_RULE, str::to_owned
);
text_id!(
    /// A group of the directory.
    GroupId, "a group id", is_printable, PRINTABLE_RULE, str::to_owned
);
text_id!(
    /// A person's one identity in the directory, lower-cased (an e-mail address, usually): the thing
    /// that "not the requester" compares, whatever account was used.
    PersonId, "a person id", is_printable, PRINTABLE_RULE, str::to_lowercase
);
text_id!(
    /// A Slack user id (`U…` or `W…`), pinned to a person by the directory.
    SlackUserId, "a Slack user id", is_printable, PRINTABLE_RULE, str::to_owned
);
text_id!(
    /// A Jira issue key, such as `ACC-12`.
    IssueKey, "an issue key", is_issue_key, "letters, a dash and a number, such as `OPS-311`",
    |text| text.trim().to_uppercase()
);
text_id!(
    /// What an input is deduplicated by: an envelope id, a socket call's id.
    DedupeKey, "a dedupe key", is_printable, PRINTABLE_RULE, str::to_owned
);
text_id!(
    /// An entitlement on a target, as its adapter spells it. Two grants with the same key on the same
    /// target share what the target holds.
    EntitlementKey, "an entitlement key", is_key, "1 to 400 characters without control characters",
    str::to_owned
);

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 400 && !text.chars().any(char::is_control)
}

fn is_issue_key(text: &str) -> bool {
    let Some((project, number)) = text.split_once('-') else {
        return false;
    };
    let mut letters = project.chars();
    letters.next().is_some_and(|c| c.is_ascii_uppercase())
        && letters.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && project.len() <= 40
        && !number.is_empty()
        && number.len() <= 12
        && number.chars().all(|c| c.is_ascii_digit())
}

/// An app with one of its roles, written `app/role`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleRef {
    /// The app.
    pub app: AppId,
    /// The role of that app.
    pub role: RoleId,
}

impl RoleRef {
    /// Joins the two.
    #[must_use]
    pub fn new(app: AppId, role: RoleId) -> Self {
        Self { app, role }
    }
}

impl fmt::Display for RoleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.app, self.role)
    }
}

impl FromStr for RoleRef {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let (app, role) =
            text.split_once('/').ok_or_else(|| IdError::new("a role", text, "written `app/role`"))?;
        Ok(Self::new(app.parse()?, role.parse()?))
    }
}

impl TryFrom<String> for RoleRef {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<RoleRef> for String {
    fn from(role: RoleRef) -> String {
        role.to_string()
    }
}

/// A request, short enough to say aloud: `R1042`. A grant has the id of the request it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId(u64);

impl RequestId {
    /// The first request of a new database.
    pub const FIRST: Self = Self(1001);

    /// From the number that the store keeps.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number that the store keeps.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The next id.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "R{}", self.0)
    }
}

impl FromStr for RequestId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = || IdError::new("a request id", text, "`R` and a number, such as `R1042`");
        let trimmed = text.trim();
        let digits = trimmed.strip_prefix(['R', 'r']).unwrap_or(trimmed);
        if digits.is_empty() || digits.len() > 15 || !digits.chars().all(|c| c.is_ascii_digit()) {
            return Err(error());
        }
        digits.parse().map(Self).map_err(|_| error())
    }
}

impl TryFrom<String> for RequestId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> String {
        id.to_string()
    }
}

/// Something owed to the outside by one request: `eff_1042.7`. It is also the idempotency key of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EffectId {
    request: RequestId,
    number: u32,
}

impl EffectId {
    /// The `number`-th effect of `request`.
    #[must_use]
    pub const fn new(request: RequestId, number: u32) -> Self {
        Self { request, number }
    }

    /// The request that owes it.
    #[must_use]
    pub const fn request(self) -> RequestId {
        self.request
    }

    /// Its number within the request.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "eff_{}.{}", self.request.0, self.number)
    }
}

impl FromStr for EffectId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = || IdError::new("an effect id", text, "`eff_1042.7`");
        let (request, number) =
            text.strip_prefix("eff_").and_then(|rest| rest.split_once('.')).ok_or_else(error)?;
        Ok(Self { request: request.parse()?, number: number.parse().map_err(|_| error())? })
    }
}

impl TryFrom<String> for EffectId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<EffectId> for String {
    fn from(id: EffectId) -> String {
        id.to_string()
    }
}

/// One transition told on the ticket, in order: `R1042-3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryId {
    request: RequestId,
    number: u32,
}

impl EntryId {
    /// The `number`-th entry of `request`, counted from 1.
    #[must_use]
    pub const fn new(request: RequestId, number: u32) -> Self {
        Self { request, number }
    }

    /// The request it tells of.
    #[must_use]
    pub const fn request(self) -> RequestId {
        self.request
    }

    /// Its place in the request's story, from 1.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.request, self.number)
    }
}

impl FromStr for EntryId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = || IdError::new("an entry id", text, "`R1042-3`");
        let (request, number) = text.split_once('-').ok_or_else(error)?;
        Ok(Self { request: request.parse()?, number: number.parse().map_err(|_| error())? })
    }
}

impl TryFrom<String> for EntryId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<EntryId> for String {
    fn from(id: EntryId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_and_parse_back() -> Result<(), IdError> {
        assert_eq!("r1042".parse::<RequestId>()?.to_string(), "R1042");
        assert_eq!("eff_1042.7".parse::<EffectId>()?.to_string(), "eff_1042.7");
        assert_eq!("R1042-3".parse::<EntryId>()?.to_string(), "R1042-3");
        assert_eq!("billing/read".parse::<RoleRef>()?.to_string(), "billing/read");
        assert_eq!(" ops-311 ".parse::<IssueKey>()?.to_string(), "OPS-311");
        assert_eq!("Ann@Example.com".parse::<PersonId>()?.as_str(), "ann@example.com");
        Ok(())
    }

    #[test]
    fn hostile_texts_are_not_ids() {
        for text in ["", "../etc", "A", "a b", "a\n", "-a", "é", &"a".repeat(65)] {
            assert!(AppId::new(text).is_err(), "{text:?}");
        }
        for text in ["", "R", "R-1", "R1042;--", "R99999999999999999999", "１０"] {
            assert!(text.parse::<RequestId>().is_err(), "{text:?}");
        }
        for text in ["OPS", "OPS-", "-1", "OPS-1x", "OPS 1", "1OPS-1"] {
            assert!(text.parse::<IssueKey>().is_err(), "{text:?}");
        }
    }
}
