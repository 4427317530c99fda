//! `[oncall.*]`: the on-call schedules that policies name, and what opens them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::reader::{At, Table};
use super::secrets::find;
use super::{BaseUrl, Config, Environment, Issue, Variable};
use crate::ids::OnCallId;
use crate::oncall::{Schedule, Service};

/// Schedules at most: each is asked every minute.
const SCHEDULES_MOST: usize = 50;
/// Characters of a schedule's id at its service.
const ID_MOST: usize = 64;

/// `[oncall.NAME]`: a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnCall {
    /// Whose it is.
    pub service: Service,
    /// Its id there.
    pub schedule: String,
    /// Where the API is.
    pub base_url: BaseUrl,
    /// The token's file, unless the environment has the token.
    pub token_file: Option<PathBuf>,
}

/// The schedules that could be read; what is wrong with the others is an issue.
pub(super) fn read(root: &Table<'_, '_>, base: &Path) -> BTreeMap<OnCallId, OnCall> {
    let tables = root.table("oncall", |table| table.each(|name, table| one(name, table, base)));
    if let Some((name, _)) = tables.get(SCHEDULES_MOST) {
        root.issue(name.at, format!("there are more than {SCHEDULES_MOST} schedules"));
    }
    tables.into_iter().filter_map(|(_, read)| read).collect()
}

fn one(name: &At<String>, table: &Table<'_, '_>, base: &Path) -> Option<(OnCallId, OnCall)> {
    let id = OnCallId::new(&name.value).map_err(|error| table.issue(name.at, error.to_string())).ok();
    let service = table.required("service", "\"pagerduty\"").and_then(|text| table.parse("service", &text));
    let service: Option<Service> = service.map(|service| service.value);
    let schedule = table.required("schedule", "\"PI7DH85\"").filter(|id| {
        let fits = id.value.chars().count() <= ID_MOST
            && id.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if !fits {
            let message = format!("`oncall.{}.schedule` must be the schedule's id, not its name", name.value);
            table.issue(id.at, message);
        }
        fits
    });
    let usual = service.map(|service| At { value: service.usual_url().to_owned(), at: table.at() });
    let base_url = table.text("base_url").or(usual).and_then(|url| table.parse::<BaseUrl>("base_url", &url));
    let token_file = table.text("token_file").map(|file| base.join(file.value));
    Some((
        id?,
        OnCall { service: service?, schedule: schedule?.value, base_url: base_url?.value, token_file },
    ))
}

/// Every schedule, with what opens it. The environment goes before a file.
///
/// # Errors
/// One issue for each token that is missing or can't be read.
pub fn load_schedules(config: &Config, environment: &Environment) -> Result<Vec<Schedule>, Vec<Issue>> {
    let mut issues = Vec::new();
    let mut schedules = Vec::new();
    for (name, on_call) in &config.on_call {
        match token(name, on_call, environment) {
            Ok(token) => schedules.push(Schedule {
                name: name.clone(),
                service: on_call.service,
                id: on_call.schedule.clone(),
                base_url: on_call.base_url.url().clone(),
                token,
                time_out: Schedule::TIME_OUT,
            }),
            Err(issue) => issues.push(issue),
        }
    }
    if issues.is_empty() { Ok(schedules) } else { Err(issues) }
}

fn token(name: &OnCallId, on_call: &OnCall, environment: &Environment) -> Result<SecretString, Issue> {
    let variable = match on_call.service {
        Service::PagerDuty => Variable::PagerDutyToken,
        Service::Opsgenie => Variable::OpsgenieToken,
    };
    find(variable, &format!("oncall.{name}.token_file"), on_call.token_file.as_deref(), environment)
}
