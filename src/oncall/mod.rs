//! Who is on call, by the schedules of PagerDuty and Opsgenie: asked every minute, and told to the engine with the time
//! to which it is good. Only who is on call now counts: whoever an escalation policy would reach later does not.

mod client;
mod opsgenie;
mod pagerduty;
mod watch;
mod words;

use std::fmt;
use std::str::FromStr;

use reqwest::Url;
use secrecy::SecretString;

pub use client::OnCallSetupError;
pub use watch::Watch;

use self::client::{Client, Trouble};
use crate::finding::Finding;
use crate::ids::{OnCallId, PersonId};
use crate::nearest::nearest;
use crate::policy::{People, Person};
use crate::time::{Clock, Span, Timestamp};

/// People that one schedule is believed to have on call at once.
const ON_CALL_MOST: usize = 50;

/// Whose schedules they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// PagerDuty, by its REST API, version 2.
    PagerDuty,
    /// Opsgenie, by its REST API.
    Opsgenie,
}

impl Service {
    /// Every service, for messages that list the choices.
    pub const ALL: [Self; 2] = [Self::PagerDuty, Self::Opsgenie];

    /// As the configuration writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PagerDuty => "pagerduty",
            Self::Opsgenie => "opsgenie",
        }
    }

    /// Where its API is, for accounts outside of the EU. PagerDuty:
    /// <https://developer.pagerduty.com/docs/rest-api-overview>; Opsgenie: <https://docs.opsgenie.com/docs/api-overview>.
    #[must_use]
    pub const fn usual_url(self) -> &'static str {
        match self {
            Self::PagerDuty => "https://api.pagerduty.com",
            Self::Opsgenie => "https://api.opsgenie.com",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Service {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.map(Self::as_str);
        let found = Self::ALL.into_iter().find(|service| service.as_str() == text);
        found.ok_or_else(|| match nearest(text, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of {}", known.join(", ")),
        })
    }
}

/// One schedule.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// As policies name it: `oncall:NAME`.
    pub name: OnCallId,
    /// Whose it is.
    pub service: Service,
    /// Its id there.
    pub id: String,
    /// Where the API is.
    pub base_url: Url,
    /// What opens it.
    pub token: SecretString,
    /// One call gets so long.
    pub time_out: Span,
}

impl Schedule {
    /// One call usually gets so long.
    pub const TIME_OUT: Span = Span::secs(10);
}

/// Who is on call, as the service says it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Duty {
    /// Their addresses, or how else the service calls them.
    people: Vec<String>,
    /// When the first of their shifts ends, where the service says so.
    until: Option<Timestamp>,
}

/// Who of them is somebody of the directory, and who is not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Matched {
    known: Vec<PersonId>,
    unknown: Vec<String>,
}

async fn ask(client: &Client, schedule: &Schedule, now: Timestamp) -> Result<Duty, Trouble> {
    match schedule.service {
        Service::PagerDuty => pagerduty::on_call(client, schedule, now).await,
        Service::Opsgenie => opsgenie::on_call(client, schedule).await,
    }
}

/// Holds the addresses against the directory: a person's id is their address.
fn matched(duty: &Duty, people: &People) -> Matched {
    let mut found = Matched::default();
    for address in duty.people.iter().take(ON_CALL_MOST) {
        let id = PersonId::new(address.trim()).ok();
        let person: Option<&Person> =
            id.as_ref().and_then(|id| people.get(id)).filter(|person| person.active);
        match person {
            Some(person) if found.known.contains(&person.id) => {}
            Some(person) => found.known.push(person.id.clone()),
            None => found.unknown.push(address.chars().take(120).collect()),
        }
    }
    found
}

/// Asks one schedule once, and says what is wrong and how to mend it.
pub async fn check(schedule: &Schedule, people: Option<&People>, clock: &dyn Clock) -> Vec<Finding> {
    let client = match Client::new(schedule.time_out) {
        Ok(client) => client,
        Err(error) => return vec![words::no_client(schedule, &error)],
    };
    match ask(&client, schedule, clock.wall()).await {
        Ok(duty) if duty.people.is_empty() => vec![words::nobody(schedule)],
        Ok(duty) => match people.map(|people| matched(&duty, people)) {
            Some(Matched { unknown, .. }) if !unknown.is_empty() => {
                vec![words::strangers(schedule, &unknown)]
            }
            Some(_) | None => vec![words::on_call(schedule, &duty)],
        },
        Err(trouble) => vec![words::troubled(schedule, &trouble)],
    }
}
