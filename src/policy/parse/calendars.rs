//! `[calendars.*]` of `tiers.toml`.

use std::collections::BTreeMap;

use super::super::Calendar;
use super::super::grammar::Table;
use super::super::limits::{MOST_CALENDARS, MOST_HOLIDAYS, MOST_HOURS};
use super::World;
use super::app::parsed_key;
use super::rules::unknown;
use super::source::Reading;
use super::table::{self, Keys, Value};
use crate::ids::CalendarId;

/// The calendars that could be read.
pub(super) fn read(file: &mut Reading<'_>, value: &Value<'_>) -> BTreeMap<CalendarId, Calendar> {
    let declared = table::entries(file, value, "[calendars.office]");
    if let Some((key, _)) = declared.get(MOST_CALENDARS) {
        let count = declared.len();
        let message = format!("there are {count} calendars; {MOST_CALENDARS} is the most");
        file.hinted(&key.span(), message, "leave out those that nothing uses");
    }
    let mut calendars = BTreeMap::new();
    for (key, value) in declared.into_iter().take(MOST_CALENDARS) {
        if let Some(id) = parsed_key::<CalendarId>(file, key)
            && let Some(calendar) = calendar(file, value, id)
        {
            calendars.insert(calendar.id.clone(), calendar);
        }
    }
    calendars
}

/// A calendar that `tiers.toml` declares.
pub(super) fn known(file: &mut Reading<'_>, value: &Value<'_>, world: &World<'_>) -> Option<CalendarId> {
    let calendar: CalendarId = table::parsed(file, value)?;
    if let Some(known) = &world.calendars
        && !known.contains(calendar.as_str())
    {
        let known = known.iter().map(String::as_str);
        unknown(file, value, "calendar", calendar.as_str(), "tiers.toml", known);
    }
    Some(calendar)
}

fn calendar(file: &mut Reading<'_>, value: &Value<'_>, id: CalendarId) -> Option<Calendar> {
    let mut keys = Keys::of(file, Table::Calendar, value, format!("[calendars.{id}]"))?;
    let place = file.place(keys.span());
    let zone = keys.need(file, "zone").and_then(|value| table::parsed(file, value));
    let hours = keys.need(file, "hours").map(|value| {
        if value.get_ref().as_array().is_some_and(|list| list.is_empty()) {
            file.issue_at(value, format!("[calendars.{id}] is never open"));
        }
        table::list(file, value, MOST_HOURS, table::parsed)
    });
    let holidays = keys.get("holidays").map(|value| table::list(file, value, MOST_HOLIDAYS, table::date));
    keys.finish(file);
    Some(Calendar::new(id, zone?, hours?, holidays.unwrap_or_default(), place))
}
