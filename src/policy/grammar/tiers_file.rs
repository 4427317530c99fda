//! The keys of `tiers.toml`.

use super::super::limits as most;
use super::Need::{Default, Required};
use super::app_file::risks;
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
    Key::new(
        "blackouts",
        Takes::Tables(Table::Blackout, 0, most::MOST_BLACKOUTS),
        Default("none"),
        "Times in which nothing new begins; what is active ends in its own time.",
        "[[blackouts]]",
    ),
    Key::new(
        "risks",
        Takes::Named(Table::Risk, 0, 3),
        Default("nothing"),
        "What holds of all roles of a risk.",
        "[risks.high]",
    ),
];

pub(super) const BLACKOUT: &[Key] = &[
    Key::new(
        "from",
        Takes::WallTime,
        Required,
        "Its first moment, by the clock of its zone.",
        "2026-12-18T18:00:00",
    ),
    Key::new(
        "until",
        Takes::WallTime,
        Required,
        "The first moment after it; a day stands for its beginning.",
        "2027-01-04T08:00:00",
    ),
    Key::new(
        "zone",
        Takes::Zone,
        Required,
        "Whose clock it goes by: a time zone by its IANA name.",
        "\"Europe/Berlin\"",
    ),
    Key::new(
        "because",
        Takes::Text(most::BECAUSE),
        Required,
        "What it is for; whoever is refused reads this.",
        "\"Year-end close\"",
    ),
    Key::new(
        "apps",
        Takes::List(&Takes::Slug, 0, most::MOST_VALUES),
        Default("every role, if `roles` is left out too"),
        "Apps whose roles it is about.",
        "[\"billing\"]",
    ),
    Key::new(
        "roles",
        Takes::List(&Takes::RoleRef, 0, most::MOST_VALUES),
        Default("every role, if `apps` is left out too"),
        "Roles that it is about, besides those of `apps`.",
        "[\"payments/approve\"]",
    ),
    Key::new(
        "risk",
        Takes::List(&Takes::OneOf(risks), 0, 3),
        Default("any"),
        "The risks that it is about: `low`, `medium` or `high`.",
        "[\"high\"]",
    ),
    Key::new(
        "break_glass",
        Takes::Flag,
        Default("true"),
        "Whether a break-glass is given all the same.",
        "false",
    ),
];

pub(super) const RISK: &[Key] = &[
    Key::new(
        "at_once",
        Takes::Number(1, most::MOST_AT_ONCE),
        Default("any number"),
        "How many roles of that risk one person may have or ask for at once; a break-glass does not count them.",
        "1",
    ),
    Key::new(
        "max_duration",
        MINUTE,
        Default("as their roles say"),
        "The longest `max_duration` that their roles may have.",
        "\"2h\"",
    ),
    Key::new(
        "tiers",
        Takes::List(&Takes::Slug, 0, most::MOST_TIERS),
        Default("any"),
        "The tiers that their roles may name.",
        "[\"two-person\"]",
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
        "hours",
        Takes::Slug,
        Default("all time counts"),
        "A calendar: `remind_after` and `escalate_after` count the time that it is open; `lapse_after` counts all time.",
        "\"office\"",
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
        "Who may decide: `manager`, `owners`, `person:…`, `group:…` or `oncall:…`; never the requester.",
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
        "hours",
        Takes::Slug,
        Default("as its tier says"),
        "A calendar: reminders and the escalation of this stage count the time that it is open.",
        "\"office\"",
    ),
    Key::new(
        "remind_after",
        MINUTE,
        Default("no reminder"),
        "They are asked again; each time after twice as long, six times at most.",
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
