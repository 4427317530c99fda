//! `tiers.toml`: the approval policies, the calendars that policies go by, blackouts and risks.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::super::grammar::Table;
use super::super::limits::{MOST_APPROVERS, MOST_QUORUM, MOST_STAGES, MOST_TIERS, NAME};
use super::super::{ApproverRef, Blackout, BreakGlass, Calendar, Risk, RiskRule, Stage, Tier};
use super::app::parsed_key;
use super::source::{Reading, shown};
use super::table::{self, Keys, Value};
use super::{World, calendars, times};
use crate::ids::{CalendarId, GroupId, OnCallId, PersonId, TierId};
use crate::nearest::nearest;
use crate::time::Span;

/// What `tiers.toml` holds.
pub(super) struct TiersFile {
    pub(super) tiers: BTreeMap<TierId, Tier>,
    pub(super) calendars: BTreeMap<CalendarId, Calendar>,
    pub(super) blackouts: Vec<Blackout>,
    pub(super) risks: BTreeMap<Risk, RiskRule>,
}

/// What could be read; what is wrong with the rest is an issue.
pub(super) fn read(file: &mut Reading<'_>, root: &DeTable<'_>, world: &World<'_>) -> TiersFile {
    let mut keys = Keys::root(Table::TiersFile, root);
    let calendars = keys.get("calendars").map(|value| calendars::read(file, value)).unwrap_or_default();
    let named = Named { calendars: &calendars, world };
    let mut tiers = BTreeMap::new();
    if let Some(value) = keys.need(file, "tiers") {
        let declared = table::entries(file, value, "[tiers.manager]");
        if let Some((key, _)) = declared.get(MOST_TIERS) {
            let count = declared.len();
            let message = format!("there are {count} tiers; {MOST_TIERS} is the most");
            file.hinted(&key.span(), message, "leave out those that no role uses");
        }
        for (key, value) in declared.into_iter().take(MOST_TIERS) {
            if let Some(id) = parsed_key(file, key)
                && let Some(tier) = tier(file, value, id, &named)
            {
                tiers.insert(tier.id.clone(), tier);
            }
        }
    }
    let blackouts = keys.get("blackouts").map(|value| times::blackouts(file, value, world));
    let risks = keys.get("risks").map(|value| times::risks(file, value, world));
    keys.finish(file);
    TiersFile { tiers, calendars, blackouts: blackouts.unwrap_or_default(), risks: risks.unwrap_or_default() }
}

/// What else the file says, for what names it.
struct Named<'a> {
    calendars: &'a BTreeMap<CalendarId, Calendar>,
    world: &'a World<'a>,
}

impl Named<'_> {
    /// The calendar of that name; none when there is none, and when it could not be read itself.
    fn calendar(&self, file: &mut Reading<'_>, value: &Value<'_>) -> Option<Calendar> {
        let id = calendars::known(file, value, self.world)?;
        self.calendars.get(&id).cloned()
    }
}

/// What a tier says for each of its stages, unless they say otherwise.
struct OfTier<'c> {
    lapse_after: Option<Span>,
    direct: bool,
    hours: Option<Calendar>,
    named: &'c Named<'c>,
}

fn tier(file: &mut Reading<'_>, value: &Value<'_>, id: TierId, named: &Named<'_>) -> Option<Tier> {
    let title = format!("[tiers.{id}]");
    let mut keys = Keys::of(file, Table::Tier, value, title.clone())?;
    let place = file.place(keys.span());
    let name = keys.need(file, "name").and_then(|value| table::text(file, value, NAME));
    let auto_under = optional_span(file, &mut keys, "auto_under", Span::mins(1));
    let lapse_after = span_or(file, &mut keys, "lapse_after", Span::mins(1), Span::hours(24));
    let provision_within = span_or(file, &mut keys, "provision_within", Span::secs(10), Span::mins(15));
    let warn_before = optional_span(file, &mut keys, "warn_before", Span::secs(1));
    let break_glass = keys.get("break_glass").map(|value| break_glass(file, value, &title));
    let direct = keys.get("direct").and_then(|value| table::flag(file, value)).unwrap_or(false);
    let hours = keys.get("hours").and_then(|value| named.calendar(file, value));
    let of_tier = OfTier { lapse_after, direct, hours, named };
    let stages = keys.need(file, "stages").map(|value| stages(file, value, &title, &of_tier));
    keys.finish(file);
    Some(Tier {
        id,
        name: name?,
        auto_under,
        stages: stages?,
        lapse_after: lapse_after?,
        provision_within: provision_within?,
        warn_before,
        break_glass: break_glass.flatten(),
        place,
    })
}

fn optional_span(
    file: &mut Reading<'_>,
    keys: &mut Keys<'_, '_>,
    key: &'static str,
    least: Span,
) -> Option<Span> {
    keys.get(key).and_then(|value| table::span(file, value, least))
}

fn span_or(
    file: &mut Reading<'_>,
    keys: &mut Keys<'_, '_>,
    key: &'static str,
    least: Span,
    default: Span,
) -> Option<Span> {
    match keys.get(key) {
        Some(value) => table::span(file, value, least),
        None => Some(default),
    }
}

fn break_glass(file: &mut Reading<'_>, value: &Value<'_>, tier: &str) -> Option<BreakGlass> {
    let mut keys = Keys::of(file, Table::BreakGlass, value, format!("`break_glass` of {tier}"))?;
    let minute = Span::mins(1);
    let max_duration = keys.need(file, "max_duration").and_then(|value| table::span(file, value, minute));
    let review_within = keys.need(file, "review_within").and_then(|value| table::span(file, value, minute));
    keys.finish(file);
    Some(BreakGlass { max_duration: max_duration?, review_within: review_within? })
}

fn stages(file: &mut Reading<'_>, value: &Value<'_>, tier: &str, of_tier: &OfTier<'_>) -> Vec<Stage> {
    if value.get_ref().as_array().is_some_and(|list| list.is_empty()) {
        let hint = "write one below `[[tiers.ID.stages]]`";
        file.hinted(&value.span(), format!("{tier} has no stages: nobody could approve"), hint);
    }
    let items = table::items(file, value, MOST_STAGES);
    let numbered = items.iter().enumerate();
    numbered
        .filter_map(|(n, item)| stage(file, item, format!("stage {} of {tier}", n + 1), of_tier))
        .collect()
}

fn stage(file: &mut Reading<'_>, value: &Value<'_>, name: String, of_tier: &OfTier<'_>) -> Option<Stage> {
    let lapse_after = of_tier.lapse_after;
    let mut keys = Keys::of(file, Table::Stage, value, name.clone())?;
    let place = file.place(keys.span());
    let approvers = keys.need(file, "approvers").map(|value| {
        if value.get_ref().as_array().is_some_and(|list| list.is_empty()) {
            let hint = "for example `approvers = [\"manager\"]`";
            file.hinted(&value.span(), format!("{name} has no approvers"), hint);
        }
        approver_refs(file, value)
    });
    let quorum = match keys.get("quorum") {
        Some(value) => quorum(file, value, approvers.as_deref().unwrap_or_default()),
        None => Some(1),
    };
    let distinct = keys.get("distinct").and_then(|value| table::flag(file, value));
    let remind_after = keys.get("remind_after").and_then(|value| wait(file, value, lapse_after));
    let (after, to) = (keys.get("escalate_after"), keys.get("escalate_to"));
    if after.is_some() != to.is_some() {
        let message = format!("{name} needs both `escalate_after` and `escalate_to`, or neither");
        let hint = "for example `escalate_after = \"8h\"` and `escalate_to = [\"owners\"]`";
        file.hinted(keys.span(), message, hint);
    }
    let escalate_after = after.and_then(|value| wait(file, value, lapse_after));
    let escalate_to = to.map(|value| approver_refs(file, value));
    let fallback = keys.get("fallback").map(|value| approver_refs(file, value));
    let direct = keys.get("direct").and_then(|value| table::flag(file, value));
    let hours = keys.get("hours").and_then(|value| of_tier.named.calendar(file, value));
    keys.finish(file);
    Some(Stage {
        approvers: approvers?,
        quorum: quorum?,
        distinct: distinct.unwrap_or(false),
        remind_after,
        escalate_after,
        escalate_to: escalate_to.unwrap_or_default(),
        fallback: fallback.unwrap_or_default(),
        direct: direct.unwrap_or(of_tier.direct),
        hours: hours.or_else(|| of_tier.hours.clone()),
        place,
    })
}

/// A wait within a stage; one that the lapse comes before would never end.
fn wait(file: &mut Reading<'_>, value: &Value<'_>, lapse_after: Option<Span>) -> Option<Span> {
    let wait = table::span(file, value, Span::mins(1))?;
    if let Some(lapse_after) = lapse_after
        && wait >= lapse_after
    {
        let message = format!("{wait} is too late: the request lapses after {lapse_after}");
        file.hinted(&value.span(), message, "write less, or a longer `lapse_after`");
    }
    Some(wait)
}

fn quorum(file: &mut Reading<'_>, value: &Value<'_>, approvers: &[ApproverRef]) -> Option<u32> {
    let quorum = table::number(file, value, 1, MOST_QUORUM)?;
    // Owners, groups and those on call may be any number of people; a manager and a person are one each.
    let most = approvers.iter().try_fold(0u32, |most, approver| match approver {
        ApproverRef::Manager | ApproverRef::Person(_) => Some(most + 1),
        ApproverRef::Owners | ApproverRef::Group(_) | ApproverRef::OnCall(_) => None,
    });
    if let Some(most) = most
        && quorum > most
        && most > 0
    {
        let people = if most == 1 { "1 person".to_owned() } else { format!("{most} people") };
        let message = format!("a quorum of {quorum} can't be reached: `approvers` come to {people}");
        file.hinted(&value.span(), message, format!("write `quorum = {most}`, or name more approvers"));
    }
    Some(quorum)
}

fn approver_refs(file: &mut Reading<'_>, value: &Value<'_>) -> Vec<ApproverRef> {
    table::list(file, value, MOST_APPROVERS, approver)
}

fn approver(file: &mut Reading<'_>, value: &Value<'_>) -> Option<ApproverRef> {
    let word: String = table::text(file, value, 300)?;
    let read = match (word.as_str(), word.split_once(':')) {
        ("manager", _) => Ok(ApproverRef::Manager),
        ("owners", _) => Ok(ApproverRef::Owners),
        (_, Some(("person", id))) => {
            PersonId::new(id).map(ApproverRef::Person).map_err(|error| error.to_string())
        }
        (_, Some(("group", id))) => {
            GroupId::new(id).map(ApproverRef::Group).map_err(|error| error.to_string())
        }
        (_, Some(("oncall", name))) => {
            OnCallId::new(name).map(ApproverRef::OnCall).map_err(|error| error.to_string())
        }
        _ => {
            not_an_approver(file, value, &word);
            return None;
        }
    };
    match read {
        Ok(approver) => Some(approver),
        Err(message) => {
            file.issue_at(value, message);
            None
        }
    }
}

fn not_an_approver(file: &mut Reading<'_>, value: &Value<'_>, word: &str) {
    let message =
        format!("`{}` must be `manager`, `owners`, `person:…`, `group:…` or `oncall:…`", shown(word));
    let near = if word.contains('@') && !word.contains(':') {
        Some(format!("person:{}", shown(word)))
    } else {
        let head = word.split(':').next().unwrap_or(word);
        nearest(head, ["manager", "owners", "person", "group", "oncall"]).map(str::to_owned)
    };
    match near {
        Some(near) => file.hinted(&value.span(), message, format!("did you mean `{near}`?")),
        None => file.issue_at(value, message),
    }
}
