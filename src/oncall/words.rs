//! Every sentence about on-call schedules.

use super::client::{OnCallSetupError, Trouble};
use super::{Duty, Schedule, Service};
use crate::finding::Finding;
use crate::policy::listed;

fn named(schedule: &Schedule) -> String {
    let service = match schedule.service {
        Service::PagerDuty => "PagerDuty",
        Service::Opsgenie => "Opsgenie",
    };
    format!("{} ({service} schedule {})", schedule.name, schedule.id)
}

fn people(all: &[String]) -> String {
    listed(all.iter().map(String::as_str), "and")
}

/// The schedule answers.
pub(super) fn on_call(schedule: &Schedule, duty: &Duty) -> Finding {
    let until = duty.until.map(|until| format!(" until {}", until.minute_utc())).unwrap_or_default();
    Finding::ok(format!("{}: on call now: {}{until}", named(schedule), people(&duty.people)))
}

/// Nobody is on call.
pub(super) fn nobody(schedule: &Schedule) -> Finding {
    let mend = match schedule.service {
        Service::PagerDuty => {
            "look whether the id is right, whether an escalation policy uses the schedule, and whether it has a gap now"
        }
        Service::Opsgenie => "look whether the schedule has a gap now",
    };
    Finding::warn(
        format!("{}: nobody is on call now, so its stages ask their fallback", named(schedule)),
        mend,
    )
}

/// Somebody is on call whom the directory does not know.
pub(super) fn strangers(schedule: &Schedule, unknown: &[String]) -> Finding {
    Finding::warn(
        format!("{}: the directory does not have {}, who can't approve", named(schedule), people(unknown)),
        "let a person's id in the directory be the address that the on-call service has",
    )
}

/// It does not answer as it should.
pub(super) fn troubled(schedule: &Schedule, trouble: &Trouble) -> Finding {
    let says = format!("{}: {trouble}", named(schedule));
    let mend = match (trouble, schedule.service) {
        (Trouble::Token { .. }, Service::PagerDuty) => {
            "use a read-only REST API key of this account; an account of the EU has another `base_url`"
        }
        (Trouble::Token { .. }, Service::Opsgenie) => {
            "use the key of an API integration with read access, whose team may see the schedule; an account of the EU has \
             another `base_url`"
        }
        (Trouble::NoSuch, _) => "correct `schedule`: it is the schedule's id, not its name",
        (Trouble::Busy { .. }, _) => "ask less often: another program may use the same account",
        (Trouble::NoAnswer(_) | Trouble::Refused(_), _) => {
            "look whether `base_url` is right and can be reached"
        }
    };
    Finding::fail(says, mend)
}

/// There is no HTTP client.
pub(super) fn no_client(schedule: &Schedule, error: &OnCallSetupError) -> Finding {
    Finding::fail(format!("{}: {error}", named(schedule)), "start it on a system with TLS roots")
}
