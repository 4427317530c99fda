//! Who is in the workspace: its accounts (`users.list`), a field of their profiles (`users.profile.get`) and its user
//! groups (`usergroups.list`). All pages of it, at the pace that Slack asks for.

use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use super::account::is_ours;
use super::text::one_line;
use super::web::{CallError, Web};
use crate::ids::SlackUserId;
use crate::slack::identity::Workspace;
use crate::time::Span;

/// Pages of 200 accounts that are read at most: as many as there may be people.
const PAGES_MOST: usize = 500;
/// A wait that Slack asks for is kept to, so many times in a row and each so long at most.
const WAITS_MOST: usize = 5;
const WAIT_MOST: Span = Span::mins(2);
/// Slack says so long to wait when it does not say: most of its methods count by the minute.
const USUAL_WAIT: Span = Span::secs(30);
/// Characters of a text that somebody wrote into their profile.
const TEXT_MOST: usize = 120;

/// An account of the workspace that is a person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: SlackUserId,
    /// Whether it was closed.
    pub closed: bool,
    /// Whether it is a guest's.
    pub guest: bool,
    /// What its profile says that they are. Whoever may edit their profile wrote it.
    pub title: String,
}

/// A user group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Without `@`.
    pub handle: String,
    /// Who is in it.
    pub members: Vec<SlackUserId>,
}

/// Every account of ours that is a person's.
///
/// # Errors
/// What came instead of one page: then there is no list.
pub async fn accounts(web: &Web, workspace: &Workspace) -> Result<Vec<Account>, CallError> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    for _ in 0..PAGES_MOST {
        let page = patiently(web, &Page::Accounts(&cursor)).await?;
        let members = page.get("members").and_then(Value::as_array);
        let members = members.ok_or_else(|| CallError::Unknown("users.list without members".to_owned()))?;
        found.extend(members.iter().filter(|user| is_ours(user, workspace)).filter_map(account));
        cursor = page
            .pointer("/response_metadata/next_cursor")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        if cursor.is_empty() {
            return Ok(found);
        }
    }
    Err(CallError::Unknown(format!("users.list has no end after {PAGES_MOST} pages")))
}

/// What stands in a field (`Xf…`) of an account's profile; nothing when nothing does.
///
/// # Errors
/// What came instead.
pub async fn profile_field(web: &Web, account: &SlackUserId, field: &str) -> Result<String, CallError> {
    let answer = patiently(web, &Page::Profile(account.as_str())).await?;
    let value = answer.get("profile").and_then(|profile| profile.get("fields")?.get(field)?.get("value"));
    Ok(one_line(value.and_then(Value::as_str).unwrap_or_default(), TEXT_MOST))
}

/// Every user group that is in use.
///
/// # Errors
/// What came instead.
pub async fn groups(web: &Web) -> Result<Vec<Group>, CallError> {
    let answer = patiently(web, &Page::Groups).await?;
    let groups = answer.get("usergroups").and_then(Value::as_array);
    let groups = groups.ok_or_else(|| CallError::Unknown("usergroups.list without groups".to_owned()))?;
    let read = |group: &Value| {
        let handle = group.get("handle").and_then(Value::as_str).filter(|handle| !handle.is_empty());
        let users = group.get("users").and_then(Value::as_array);
        // Without its members a group is not known: nobody must be taken to be in none of them.
        let (Some(handle), Some(users)) = (handle, users) else {
            return Err(CallError::Unknown("usergroups.list with a group that lacks its members".to_owned()));
        };
        let members = users.iter().filter_map(|user| SlackUserId::new(user.as_str()?).ok()).collect();
        Ok(Group { handle: one_line(handle, 80), members })
    };
    groups.iter().map(read).collect()
}

/// None of a bot.
fn account(user: &Value) -> Option<Account> {
    let flag = |name: &str| user.get(name).and_then(Value::as_bool);
    let id = SlackUserId::new(user.get("id")?.as_str()?).ok()?;
    if flag("is_bot") == Some(true) || flag("is_app_user") == Some(true) {
        return None;
    }
    let closed = flag("deleted").unwrap_or(false);
    // Of a closed account Slack tells less: what is not told of an open one counts against it.
    let guest =
        !closed && (flag("is_restricted") != Some(false) || flag("is_ultra_restricted") != Some(false));
    let title = user.pointer("/profile/title").and_then(Value::as_str).unwrap_or_default();
    Some(Account { id, closed, guest, title: one_line(title, TEXT_MOST) })
}

/// What is asked for.
enum Page<'a> {
    /// Accounts from this cursor on.
    Accounts(&'a str),
    /// The profile of this account.
    Profile(&'a str),
    Groups,
}

/// Waits as long as Slack asks, and asks again.
async fn patiently(web: &Web, page: &Page<'_>) -> Result<Value, CallError> {
    let mut waits = 0;
    loop {
        let answer = match page {
            Page::Accounts(cursor) => web.accounts_page(cursor).await,
            Page::Profile(account) => web.profile(account).await,
            Page::Groups => web.user_groups().await,
        };
        match answer {
            Err(CallError::RateLimited { after }) if waits < WAITS_MOST => {
                waits += 1;
                sleep(Duration::from_millis(after.unwrap_or(USUAL_WAIT).min(WAIT_MOST).as_millis())).await;
            }
            other => return other,
        }
    }
}
