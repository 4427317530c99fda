//! The keys of `tiers.toml`.

use super::super::limits as most;
use super::Need::{Default, Required};
use super::{Key, MINUTE, Table, Takes};
use crate::time::Span;

const APPROVERS: Takes = Takes::List(&Takes::Approver, 0, most::MOST_APPROVERS);

pub(super) const TIERS_FILE: &[Key] = &[
    Key::new(
        "tiers",
        Takes::Named(Table::Tier, 0, most::MOST_TIERS),
        Required,
        "The tiers by their ids; a role names one.",
        "[tiers.manager]",
    ),
    Key::new(
        "calendars",
        Takes::Named(Table::Calendar, 0, most::MOST_CALENDARS),
        Default("none"),
        "Times of the week by their ids, for whoever is open at some times alone.",
        "[calendars.office]",
    ),
];

pub(super) const CALENDAR: &[Key] = &[
    Key::new(
        "zone",
        Takes::Zone,
        Required,
        "Whose clock it goes by: a time zone by its IANA name.",
        "\"Europe/Berlin\"",
    ),
    Key::new(
        "hours",
        Takes::List(&Takes::Hours, 1, most::MOST_HOURS),
        Required,
        "When it is open: days and a time each; what ends before it begins goes on over midnight.",
        "[\"mon-fri 09:00-17:30\", \"sat 10:00-14:00\"]",
    ),
    Key::new(
        "holidays",
        Takes::List(&Takes::Date, 0, most::MOST_HOLIDAYS),
        Default("none"),
        "Days on which no time begins.",
        "[2026-12-25, 2026-12-26]",
    ),
];

pub(super) const TIER: &[Key] = &[
    Key::new("name", Takes::Text(most::NAME), Required, "As people call the tier.", "\"The manager agrees\""),
    Key::new(
        "auto_under",
        MINUTE,
        Default("people decide always"),
        "Up to this long, nobody is asked; of an extension the whole life of the grant counts.",
        "\"30m\"",
    ),
    Key::new(
        "lapse_after",
        MINUTE,
        Default("\"24h\""),
        "Nobody decided: the request lapses then.",
        "\"12h\"",
    ),
    Key::new(
        "provision_within",
        Takes::Span(Span::secs(10)),
        Default("\"15m\""),
        "From approval to active; what takes longer is given up and taken back.",
        "\"15m\"",
    ),
    Key::new(
        "warn_before",
        Takes::Span(Span::secs(1)),
        Default("by the length: 30 minutes of 8 hours, a day of a week"),
        "How long before the end the requester is warned; a quarter of the time at most.",
        "\"15m\"",
    ),
    Key::new(
        "direct",
        Takes::Flag,
        Default("false"),
        "Whether those who are asked get a direct message too, with the same facts and buttons; the first ten of them.",
        "true",
    ),
    Key::new(
        "break_glass",
        Takes::Table(Table::BreakGlass),
        Default("no break-glass"),
        "Access at once, looked at afterwards.",
        "{ max_duration = \"1h\", review_within = \"3d\" }",
    ),
    Key::new(
        "stages",
        Takes::Tables(Table::Stage, 1, most::MOST_STAGES),
        Required,
        "Who must agree, one stage after the other.",
        "[[tiers.manager.stages]]",
    ),
];

pub(super) const BREAK_GLASS: &[Key] = &[
    Key::new("max_duration", MINUTE, Required, "The longest that a break-glass may last.", "\"1h\""),
    Key::new("review_within", MINUTE, Required, "The review is due this long after the start.", "\"3d\""),
];

pub(super) const STAGE: &[Key] = &[
    Key::new(
        "approvers",
        Takes::List(&Takes::Approver, 1, most::MOST_APPROVERS),
        Required,
        "Who may decide: `manager`, `owners`, `person:…` or `group:…`; never the requester.",
        "[\"manager\", \"group:security\"]",
    ),
    Key::new(
        "quorum",
        Takes::Number(1, most::MOST_QUORUM),
        Default("1"),
        "How many of them must agree; one no is a no.",
        "2",
    ),
    Key::new(
        "distinct",
        Takes::Flag,
        Default("false"),
        "Whether whoever approved an earlier stage does not count in this one.",
        "true",
    ),
    Key::new(
        "direct",
        Takes::Flag,
        Default("as its tier says"),
        "Whether those who are asked in this stage get a direct message too.",
        "true",
    ),
    Key::new(
        "remind_after",
        MINUTE,
        Default("no reminder"),
        "They are asked again, every so often.",
        "\"2h\"",
    ),
    Key::new(
        "escalate_after",
        MINUTE,
        Default("no escalation"),
        "Then `escalate_to` may decide too.",
        "\"8h\"",
    ),
    Key::new(
        "escalate_to",
        APPROVERS,
        Default("no escalation"),
        "Who may decide then, besides.",
        "[\"owners\"]",
    ),
    Key::new(
        "fallback",
        APPROVERS,
        Default("nobody"),
        "Who is asked when `approvers` come to nobody, as for a requester without a manager.",
        "[\"group:security\"]",
    ),
];
