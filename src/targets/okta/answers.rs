//! What Okta answers, as far as it is read: the shapes of its management API, version 1.
//! The API: <https://developer.okta.com/docs/api/openapi/okta-management/guides/overview/>.

use std::fmt;

use reqwest::header::HeaderMap;
use serde::Deserialize;

/// Okta's ids are 20 letters and digits today; a few more do no harm.
const ID_LENGTHS: std::ops::RangeInclusive<usize> = 4..=64;
const SUMMARY_LIMIT: usize = 200;

/// A group's immutable id: `00g…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GroupId(String);

/// A user's immutable id: `00u…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct UserId(String);

macro_rules! okta_id {
    ($name:ident, $prefix:literal) => {
        impl $name {
            /// Takes what Okta's console and API show.
            pub(super) fn new(text: &str) -> Option<Self> {
                let fits = text.starts_with($prefix)
                    && ID_LENGTHS.contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
                fits.then(|| Self(text.to_owned()))
            }

            pub(super) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

okta_id!(GroupId, "00g");
okta_id!(UserId, "00u");

/// A user. Ids in answers are text: what is not ours to name may look as it likes.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) status: UserStatus,
    pub(super) profile: UserProfile,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct UserProfile {
    pub(super) login: String,
}

/// Where a user stands in their life at Okta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum UserStatus {
    /// Can sign in.
    Active,
    /// Deactivated. The user may stay a member of groups all the while.
    Deprovisioned,
    /// An admin keeps the user out for a while.
    Suspended,
    /// Not yet, or not at the moment, able to sign in; that mends itself or through the user.
    #[serde(other)]
    Other,
}

/// A group.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Group {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: GroupKind,
    pub(super) profile: GroupProfile,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct GroupProfile {
    #[serde(default)]
    pub(super) name: String,
}

/// Who manages a group's members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum GroupKind {
    /// Okta's admins, rules and API.
    OktaGroup,
    /// An app that it was imported from, such as Active Directory.
    AppGroup,
    /// Okta itself: `Everyone`.
    BuiltIn,
    /// One that this code does not know.
    #[serde(other)]
    Other,
}

/// A rule that makes people members.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Rule {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) actions: RuleActions,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleActions {
    #[serde(default)]
    pub(super) assign_user_to_groups: Assignment,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assignment {
    #[serde(default)]
    pub(super) group_ids: Vec<String>,
}

impl Rule {
    /// Whether it makes people members of a group now.
    pub(super) fn fills(&self, group: &GroupId) -> bool {
        let groups = &self.actions.assign_user_to_groups.group_ids;
        self.status == "ACTIVE" && groups.iter().any(|id| id == group.as_str())
    }
}

/// Why Okta refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Complaint {
    /// Such as `E0000006`, or `invalid_client` of the token endpoint; empty when it was not Okta that answered.
    #[serde(default, rename = "errorCode", alias = "error")]
    code: String,
    #[serde(default, rename = "errorSummary", alias = "error_description")]
    summary: String,
}

impl Complaint {
    /// Reads the body of a refusal, whatever it is.
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// Okta's code for what it was asked about not being there.
    pub(super) fn is_not_found(&self) -> bool {
        self.code == "E0000007"
    }

    /// The app's tokens are bound to a key of their own (DPoP, RFC 9449).
    pub(super) fn wants_dpop(&self) -> bool {
        matches!(self.code.as_str(), "use_dpop_nonce" | "invalid_dpop_proof")
    }

    /// For people: `E0000006, You do not have permission…`.
    pub(super) fn text(&self) -> String {
        let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(SUMMARY_LIMIT).collect();
        let parts: [String; 2] = [plain(&self.code), plain(&self.summary)];
        parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// The cursor of the next page (`after`), as the `Link` headers tell it. Only the cursor is taken: an address that
/// an answer names is no place to send a token to.
pub(super) fn next_page(headers: &HeaderMap) -> Option<String> {
    let links = headers.get_all("link").iter().filter_map(|value| value.to_str().ok());
    let next = links.flat_map(|value| value.split(',')).find_map(|link| {
        let (address, relation) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = relation.split(';').any(|part| matches!(part.trim(), "rel=\"next\"" | "rel=next"));
        is_next.then_some(address)
    })?;
    let (_, query) = next.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "after").map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_okta_and_safe_in_a_path() {
        for id in ["00g1abcDEF2345678901", "00gx"] {
            assert_eq!(GroupId::new(id).unwrap().as_str(), id);
        }
        for id in ["", "00g", "00u1abcDEF2345678901", "00g/../x", "00g1 a", "Everyone", "00gä", "00g%2e"] {
            assert!(GroupId::new(id).is_none(), "{id:?}");
        }
        assert!(UserId::new("00u1abcDEF2345678901").is_some());
        assert!(UserId::new("me").is_none());
    }

    #[test]
    fn the_next_page_is_a_cursor_whatever_its_address() {
        for (links, after) in [
            (&[][..], None),
            (&["<https://x.okta.com/api/v1/groups?limit=2>; rel=\"self\""][..], None),
            (
                &[
                    "<https://x.okta.com/api/v1/groups?limit=2>; rel=\"self\"",
                    "<https://x.okta.com/api/v1/groups?after=00gx%2B1&limit=2>; rel=\"next\"",
                ][..],
                Some("00gx+1"),
            ),
            (&["<https://a/b>; rel=\"self\", <https://evil.example/?after=c>; rel=\"next\""][..], Some("c")),
            (&["<https://a/b?limit=2>; rel=\"next\"", "rubbish"][..], None),
        ] {
            let mut headers = HeaderMap::new();
            for link in links {
                headers.append("link", link.parse().unwrap());
            }
            assert_eq!(next_page(&headers).as_deref(), after, "{links:?}");
        }
    }

    #[test]
    fn a_complaint_is_told_without_control_characters() {
        let body =
            br#"{"errorCode":"E0000006","errorSummary":"You do not\u001b[2J have permission","errorId":"x"}"#;
        assert_eq!(Complaint::read(body).text(), "E0000006, You do not[2J have permission");
        assert_eq!(Complaint::read(b"<html>").text(), "");
        assert!(Complaint::read(br#"{"errorCode":"E0000007"}"#).is_not_found());
    }
}
