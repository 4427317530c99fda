//! PagerDuty's on-calls. `GET /oncalls` lists who is on call within a range that is, unless one says otherwise, the
//! present moment; each entry says by which schedule and until when. A schedule is in the list as long as an escalation
//! policy uses it.
//! <https://developer.pagerduty.com/api-reference/3a6b910f11050-list-all-of-the-on-calls>

use reqwest::Url;
use serde::Deserialize;

use super::client::{Client, Key, Trouble};
use super::{Duty, Schedule};
use crate::time::Timestamp;

/// Entries of one page; the API takes no more.
const PAGE: usize = 100;
/// Pages read at most: a schedule has an entry for each step of each escalation policy that uses it.
const PAGES_MOST: usize = 10;
const ACCEPT: &str = "application/vnd.pagerduty+json;version=2";

#[derive(Debug, Deserialize)]
struct Answer {
    oncalls: Vec<OnCall>,
    #[serde(default)]
    more: bool,
}

#[derive(Debug, Deserialize)]
struct OnCall {
    user: User,
    /// None of somebody whom a policy names directly.
    schedule: Option<Named>,
    /// None, of who is always on call.
    start: Option<jiff::Timestamp>,
    end: Option<jiff::Timestamp>,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: String,
}

#[derive(Debug, Deserialize)]
struct User {
    id: String,
    /// Only a user as a whole has it, and not one who was deleted.
    email: Option<String>,
}

pub(super) async fn on_call(client: &Client, schedule: &Schedule, now: Timestamp) -> Result<Duty, Trouble> {
    let key = Key { before: "Token token=", token: &schedule.token };
    let mut duty = Duty::default();
    for page in 0..PAGES_MOST {
        let answer: Answer = client.get(url(schedule, page * PAGE), &key, ACCEPT).await?;
        for entry in answer.oncalls {
            take(&mut duty, entry, &schedule.id, now);
        }
        if !answer.more {
            return Ok(duty);
        }
    }
    Err(Trouble::NoAnswer(format!("more than {PAGES_MOST} pages")))
}

fn url(schedule: &Schedule, offset: usize) -> Url {
    let mut url = schedule.base_url.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push("oncalls");
    }
    url.query_pairs_mut()
        .append_pair("schedule_ids[]", &schedule.id)
        .append_pair("include[]", "users")
        .append_pair("limit", &PAGE.to_string())
        .append_pair("offset", &offset.to_string());
    url
}

/// Takes who is on call now by this very schedule; not who comes next, nor whom the policy reaches another way.
fn take(duty: &mut Duty, entry: OnCall, schedule: &str, now: Timestamp) {
    let at = |moment: Option<jiff::Timestamp>| moment.map(|at| Timestamp::from_millis(at.as_millisecond()));
    let (start, end) = (at(entry.start), at(entry.end));
    let is_of_schedule = entry.schedule.is_some_and(|named| named.id == schedule);
    if !is_of_schedule || start.is_some_and(|start| start > now) || end.is_some_and(|end| end <= now) {
        return;
    }
    let name = entry.user.email.unwrap_or(entry.user.id);
    if !duty.people.contains(&name) {
        duty.people.push(name);
    }
    duty.until = duty.until.into_iter().chain(end).min();
}
