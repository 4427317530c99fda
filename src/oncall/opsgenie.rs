//! Opsgenie's "Who is on call": `GET /v2/schedules/ID/on-calls?flat=true` has the user names, which are addresses, of those
//! who are on call at the moment of the request. It does not say until when.
//! <https://docs.opsgenie.com/docs/who-is-on-call-api>

use reqwest::Url;
use serde::Deserialize;

use super::client::{Client, Key, Trouble};
use super::{Duty, Schedule};

#[derive(Debug, Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    /// Left out when nobody is.
    #[serde(default)]
    on_call_recipients: Vec<String>,
}

pub(super) async fn on_call(client: &Client, schedule: &Schedule) -> Result<Duty, Trouble> {
    let key = Key { before: "GenieKey ", token: &schedule.token };
    let answer: Answer = client.get(url(schedule), &key, "application/json").await?;
    Ok(Duty { people: answer.data.on_call_recipients, until: None })
}

fn url(schedule: &Schedule) -> Url {
    let mut url = schedule.base_url.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(["v2", "schedules", &schedule.id, "on-calls"]);
    }
    url.query_pairs_mut().append_pair("scheduleIdentifierType", "id").append_pair("flat", "true");
    url
}
