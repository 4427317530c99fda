//! What Slack tells of an account (`users.info`), and whether it may be bound to a person by its e-mail address.
//!
//! Fields: docs.slack.dev, "User object". Slack leaves some of them out, of closed accounts above all: what is not told
//! counts against the account.

use serde_json::Value;

use super::identity::{Stranger, Workspace};
use crate::ids::PersonId;
use crate::zone::Zone;

/// Whose account it is by its confirmed address.
///
/// # Errors
/// Says why it may not be bound.
pub fn address(user: &Value, account: &str, workspace: &Workspace) -> Result<PersonId, Stranger> {
    let flag = |name: &str| user.get(name).and_then(Value::as_bool);
    let named = |pointer: &str| user.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let owned = || account.chars().take(80).collect::<String>();
    if named("/id") != Some(account) {
        return Err(Stranger::Later);
    }
    if flag("is_stranger") == Some(true) || !is_ours(user, workspace) {
        return Err(Stranger::OtherTeam);
    }
    if flag("deleted") != Some(false) {
        return Err(Stranger::Deactivated);
    }
    if flag("is_bot") != Some(false) || flag("is_app_user") == Some(true) {
        return Err(Stranger::Bot);
    }
    if flag("is_restricted") != Some(false) || flag("is_ultra_restricted") != Some(false) {
        return Err(Stranger::Guest { account: owned() });
    }
    if flag("is_email_confirmed") != Some(true) {
        return Err(Stranger::Unconfirmed { account: owned() });
    }
    // Only plain letters: others may look the same, or become the same in small letters.
    let email = named("/profile/email").filter(|email| email.is_ascii());
    email.and_then(|email| PersonId::new(email).ok()).ok_or_else(|| Stranger::NoAddress { account: owned() })
}

/// Where its clock hangs: the zone that the person chose in Slack (`tz`); none when Slack tells none that is known.
#[must_use]
pub fn zone(user: &Value) -> Option<Zone> {
    user.get("tz").and_then(Value::as_str)?.parse().ok()
}

/// Of the workspace, or of one of the organisation's.
pub(super) fn is_ours(user: &Value, workspace: &Workspace) -> bool {
    let named = |pointer: &str| user.pointer(pointer).and_then(Value::as_str);
    let of_team = |team: &str| {
        let teams = user.pointer("/enterprise_user/teams").and_then(Value::as_array);
        named("/team_id") == Some(team) || teams.into_iter().flatten().any(|one| one.as_str() == Some(team))
    };
    let of_organisation = |enterprise: &str| named("/enterprise_user/enterprise_id") == Some(enterprise);
    match (&workspace.team_id, &workspace.enterprise_id) {
        (Some(team), None) => named("/team_id") == Some(team),
        (Some(team), Some(enterprise)) => of_team(team) && of_organisation(enterprise),
        (None, Some(enterprise)) => of_organisation(enterprise),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user() -> Value {
        json!({
            "id": "U0EVE", "team_id": "T0OURS", "deleted": false, "is_bot": false, "is_app_user": false,
            "is_restricted": false, "is_ultra_restricted": false, "is_email_confirmed": true,
            "profile": {"email": "Eve@Example.com"},
            "enterprise_user": {"enterprise_id": "E0OURS", "teams": ["T0HOME", "T0OURS"]},
        })
    }

    fn workspace(team: Option<&str>, enterprise: Option<&str>) -> Workspace {
        Workspace { team_id: team.map(str::to_owned), enterprise_id: enterprise.map(str::to_owned) }
    }

    #[test]
    fn an_account_of_ours_with_a_confirmed_address_is_a_persons() {
        let team = workspace(Some("T0OURS"), None);
        let eve = Ok(PersonId::new("eve@example.com").unwrap());
        assert_eq!(address(&user(), "U0EVE", &team), eve);
        let account = || "U0EVE".to_owned();
        for (key, value, stranger) in [
            ("id", json!("U0MALLORY"), Stranger::Later),
            ("team_id", json!("T0OTHER"), Stranger::OtherTeam),
            ("is_stranger", json!(true), Stranger::OtherTeam),
            ("deleted", json!(true), Stranger::Deactivated),
            ("deleted", json!("no"), Stranger::Deactivated),
            ("is_bot", json!(true), Stranger::Bot),
            ("is_app_user", json!(true), Stranger::Bot),
            ("is_restricted", json!(true), Stranger::Guest { account: account() }),
            ("is_ultra_restricted", json!(true), Stranger::Guest { account: account() }),
            ("is_ultra_restricted", Value::Null, Stranger::Guest { account: account() }),
            ("is_email_confirmed", json!(false), Stranger::Unconfirmed { account: account() }),
            ("is_email_confirmed", Value::Null, Stranger::Unconfirmed { account: account() }),
            ("profile", json!({}), Stranger::NoAddress { account: account() }),
            ("profile", json!({"email": ""}), Stranger::NoAddress { account: account() }),
            ("profile", json!({"email": "eve example"}), Stranger::NoAddress { account: account() }),
            // The Kelvin sign is a k in small letters.
            ("profile", json!({"email": "eve@\u{212A}.example"}), Stranger::NoAddress { account: account() }),
        ] {
            let mut changed = user();
            changed[key] = value.clone();
            assert_eq!(address(&changed, "U0EVE", &team), Err(stranger), "{key}: {value}");
        }
    }

    #[test]
    fn a_zone_is_one_that_has_rules() {
        let zone = |tz: Value| zone(&json!({"tz": tz})).map(|zone| zone.name().to_owned());
        assert_eq!(zone(json!("Europe/Berlin")).as_deref(), Some("Europe/Berlin"));
        for other in [Value::Null, json!(""), json!("Moon/Base"), json!(3600)] {
            assert_eq!(zone(other.clone()), None, "{other}");
        }
    }

    #[test]
    fn an_organisation_counts_by_its_own_id() {
        let ours = |user: &Value, workspace: &Workspace| address(user, "U0EVE", workspace).is_ok();
        let mut elsewhere = user();
        elsewhere["team_id"] = json!("T0HOME");
        let mut foreign = user();
        foreign["enterprise_user"] = json!({"enterprise_id": "E0THEIRS", "teams": ["T0OURS"]});
        let mut of_none = user();
        of_none["enterprise_user"] = Value::Null;
        for (workspace, wanted) in [
            (workspace(Some("T0OURS"), None), [true, false, true, true]),
            (workspace(Some("T0OURS"), Some("E0OURS")), [true, true, false, false]),
            (workspace(None, Some("E0OURS")), [true, true, false, false]),
            (workspace(Some("T0THIRD"), Some("E0OURS")), [false, false, false, false]),
            (workspace(None, None), [false, false, false, false]),
        ] {
            let found = [&user(), &elsewhere, &foreign, &of_none].map(|user| ours(user, &workspace));
            assert_eq!(found, wanted, "{workspace:?}");
        }
    }
}
