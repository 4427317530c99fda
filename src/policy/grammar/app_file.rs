//! The keys of an app's file.

use super::super::limits as most;
use super::super::parse::{testable_words, visibility_words};
use super::super::{Employment, Layer, Risk, TicketOf, TicketRule};
use super::Need::{Default, Required};
use super::{Key, MINUTE, Table, Takes};
use crate::time::Span;

const PEOPLE: Takes = Takes::List(&Takes::Person, 1, most::MOST_VALUES);
const GROUPS: Takes = Takes::List(&Takes::Group, 1, most::MOST_VALUES);
const FACTS: Takes = Takes::List(&Takes::Text(most::FACT), 1, most::MOST_VALUES);
const KINDS: Takes = Takes::List(&Takes::OneOf(employments), 1, most::MOST_VALUES);
const RULES: Takes = Takes::Tables(Table::Rule, 0, most::MOST_RULES);

fn layers() -> Vec<&'static str> {
    Layer::ALL.map(Layer::as_str).to_vec()
}

pub(super) fn risks() -> Vec<&'static str> {
    Risk::ALL.map(Risk::as_str).to_vec()
}

fn ticket_rules() -> Vec<&'static str> {
    TicketRule::ALL.map(TicketRule::as_str).to_vec()
}

fn ticket_owners() -> Vec<&'static str> {
    TicketOf::ALL.map(TicketOf::as_str).to_vec()
}

fn employments() -> Vec<&'static str> {
    Employment::ALL.map(Employment::as_str).to_vec()
}

fn expectations() -> Vec<&'static str> {
    vec!["eligible", "refused"]
}

const VISIBILITY: Key = Key::new(
    "visibility",
    Takes::OneOf(visibility_words),
    Default("\"listed\""),
    "Who finds it: `listed` is found by whoever may have it, `hidden` by its exact name alone, `retired` by nobody.",
    "\"hidden\"",
);

const INSTEAD: Key = Key::new(
    "instead",
    Takes::Text(most::INSTEAD),
    Default("nothing"),
    "What to ask for instead, in words; goes with `visibility = \"retired\"` alone.",
    "\"billing/read gives the same\"",
);

pub(super) const APP_FILE: &[Key] = &[
    Key::new("app", Takes::Table(Table::App), Required, "What the app is, and who answers for it.", "[app]"),
    Key::new(
        "roles",
        Takes::Named(Table::Role, 1, most::MOST_ROLES),
        Required,
        "What can be asked for, by the role's id.",
        "[roles.read]",
    ),
    Key::new(
        "tests",
        Takes::Tables(Table::Test, 0, most::MOST_TESTS),
        Default("none"),
        "Rows that `jitney policy test` holds against the rules.",
        "[[tests]]",
    ),
];

pub(super) const APP: &[Key] = &[
    Key::new("name", Takes::Text(most::NAME), Required, "As people call the app.", "\"Billing database\""),
    Key::new(
        "about",
        Takes::Text(most::ABOUT),
        Default("nothing"),
        "What it is, for whoever looks for it.",
        "\"PostgreSQL behind the billing system\"",
    ),
    Key::new(
        "owners",
        Takes::List(&Takes::Person, 1, most::MOST_OWNERS),
        Required,
        "Who answers for it, by their ids in the directory; `owners` in a tier means them.",
        "[\"dana@example.com\"]",
    ),
    Key::new(
        "layer",
        Takes::OneOf(layers),
        Required,
        "Where the access lives, `idp`, `application`, `vault` or `manual`; it is printed on tickets and in exports.",
        "\"application\"",
    ),
    VISIBILITY,
    INSTEAD,
];

pub(super) const ROLE: &[Key] = &[
    Key::new("name", Takes::Text(most::NAME), Required, "As people call the role.", "\"Read only\""),
    Key::new(
        "gives",
        Takes::Text(most::GIVES),
        Required,
        "What one can do with it; approvers read this.",
        "\"SELECT on every table of billing\"",
    ),
    Key::new("risk", Takes::OneOf(risks), Required, "How bad it is when it goes wrong: `low`, `medium` or `high`.", "\"low\""),
    Key::new("default_duration", MINUTE, Required, "How long, when the requester does not say.", "\"1h\""),
    Key::new("max_duration", MINUTE, Required, "The longest that one request may ask for.", "\"8h\""),
    Key::new(
        "max_total",
        MINUTE,
        Default("`max_duration`"),
        "The longest in all, with extensions.",
        "\"24h\"",
    ),
    Key::new(
        "revoke_target",
        Takes::Span(Span::secs(1)),
        Default("\"60s\""),
        "From the end to verified; a revocation that takes longer is stuck.",
        "\"60s\"",
    ),
    Key::new("tier", Takes::Slug, Required, "Who approves: a tier of `tiers.toml`.", "\"manager\""),
    VISIBILITY,
    INSTEAD,
    Key::new(
        "ticket",
        Takes::OneOf(ticket_rules),
        Default("\"optional\""),
        "Whether a request names a ticket of its own: `none`, `optional` or `required`.",
        "\"required\"",
    ),
    Key::new(
        "ticket_of",
        Takes::OneOf(ticket_owners),
        Default("\"requester\""),
        "Whose ticket it may be: of the `requester`, who must have reported it, made it, or work on it, or of `anyone`.",
        "\"anyone\"",
    ),
    Key::new(
        "hours",
        Takes::Slug,
        Default("any time"),
        "In which times it may begin: a calendar of `tiers.toml`. What has begun goes on, and a break-glass begins at any time.",
        "\"office\"",
    ),
    Key::new(
        "eligible",
        RULES,
        Default("nobody"),
        "Who may ask: one of these rules must match.",
        "[{ employment = [\"employee\"], department = [\"Finance\"] }]",
    )
    .in_block(1),
    Key::new(
        "never",
        RULES,
        Default("none"),
        "Who may not ask, whatever `eligible` says: none of these rules may match, and a fact that the directory does not know counts as a match.",
        "[{ employment = [\"contractor\"] }]",
    )
    .in_block(1),
    Key::new(
        "conflicts",
        Takes::List(&Takes::RoleRef, 0, most::MOST_CONFLICTS),
        Default("none"),
        "Roles that one can't hold beside it; naming one of the two is enough.",
        "[\"payments/approve\"]",
    )
    .in_block(1),
    Key::new(
        "held_by",
        RULES,
        Default("nobody"),
        "Who has its access outside of Jitney, such as a group: for them, `conflicts` holds as if they had the role.",
        "[{ group = [\"dba\"] }]",
    )
    .in_block(1),
    Key::new(
        "lockdown_family",
        Takes::List(&Takes::Slug, 0, most::MOST_FAMILY),
        Default("none"),
        "Targets that a stuck revocation locks besides its own.",
        "[\"billing-pg\"]",
    )
    .in_block(1),
    Key::new(
        "steps",
        Takes::Tables(Table::Step, 1, most::MOST_STEPS),
        Required,
        "What is done on targets, in this order; taken back last first.",
        "[[roles.read.steps]]",
    ),
    Key::new(
        "fields",
        Takes::Tables(Table::Field, 0, most::MOST_FIELDS),
        Default("none"),
        "What the form asks besides.",
        "[[roles.read.fields]]",
    ),
];

pub(super) const RULE: &[Key] = &[
    Key::new(
        "employment",
        KINDS,
        Default("anybody"),
        "How the person is employed: `employee`, `contractor`, `intern` or `vendor`.",
        "[\"employee\"]",
    ),
    Key::new(
        "department",
        FACTS,
        Default("anybody"),
        "Where they work in the company; letter case does not matter.",
        "[\"Finance\"]",
    ),
    Key::new(
        "title",
        FACTS,
        Default("anybody"),
        "Their job title; letter case does not matter.",
        "[\"Accountant\"]",
    ),
    Key::new(
        "location",
        FACTS,
        Default("anybody"),
        "Where they work on the map; letter case does not matter.",
        "[\"Lisbon\"]",
    ),
    Key::new("group", GROUPS, Default("anybody"), "Groups of the directory; one is enough.", "[\"dba\"]"),
    Key::new("person", PEOPLE, Default("anybody"), "People by their ids.", "[\"ann@example.com\"]"),
];

pub(super) const STEP: &[Key] = &[
    Key::new(
        "target",
        Takes::Slug,
        Required,
        "A `[targets.*]` of the configuration; the step's other keys are its adapter's, see docs/targets.md.",
        "\"billing-pg\"",
    ),
    Key::new(
        "gives_group",
        Takes::Group,
        Default("none"),
        "The group of the directory that the step puts people into: while a grant holds it, that membership approves nothing.",
        "\"dba\"",
    ),
];

pub(super) const FIELD: &[Key] = &[
    Key::new("id", Takes::Slug, Required, "By which step parameters name it.", "\"schema\""),
    Key::new("label", Takes::Text(most::NAME), Required, "As the form shows it.", "\"Schema\""),
    Key::new(
        "choices",
        Takes::List(&Takes::Text(most::CHOICE), 1, most::MOST_CHOICES),
        Default("free text"),
        "What one may choose from.",
        "[\"public\", \"ledger\"]",
    ),
];

pub(super) const TEST: &[Key] = &[
    Key::new(
        "who",
        Takes::Table(Table::Who),
        Required,
        "A person with these facts.",
        "{ employment = \"contractor\", department = \"Finance\" }",
    ),
    Key::new("asks", Takes::Slug, Required, "For a role of this file.", "\"read\""),
    Key::new(
        "for",
        Takes::Span(Span::secs(1)),
        Default("the role's `default_duration`"),
        "How long.",
        "\"1h\"",
    ),
    Key::new(
        "at",
        Takes::WallTime,
        Default("hours and blackouts are not looked at"),
        "When it would begin, by the clock of the role's `hours`, else UTC; or with a zone behind it.",
        "\"2026-12-24 10:00\"",
    ),
    Key::new(
        "expect",
        Takes::OneOf(expectations),
        Required,
        "What must come of it: `eligible` or `refused`.",
        "\"refused\"",
    ),
    Key::new(
        "because",
        Takes::OneOf(testable_words),
        Default("any reason"),
        "Which check must be among the reasons: `retired`, `never`, `not_eligible`, `conflict`, `over_maximum`, `too_short`, `outside_hours`, `blackout` or `too_many_of_risk`; goes with `expect = \"refused\"` alone.",
        "\"never\"",
    ),
];

pub(super) const WHO: &[Key] = &[
    Key::new(
        "employment",
        Takes::OneOf(employments),
        Required,
        "How they are employed: `employee`, `contractor`, `intern` or `vendor`.",
        "\"employee\"",
    ),
    Key::new("department", Takes::Text(most::FACT), Default("not known"), "Their department.", "\"Finance\""),
    Key::new("title", Takes::Text(most::FACT), Default("not known"), "Their job title.", "\"Accountant\""),
    Key::new("location", Takes::Text(most::FACT), Default("not known"), "Their location.", "\"Lisbon\""),
    Key::new(
        "groups",
        Takes::List(&Takes::Group, 0, most::MOST_VALUES),
        Default("none"),
        "Their groups.",
        "[\"dba\"]",
    ),
    Key::new(
        "person",
        Takes::Person,
        Default("somebody whom no rule names"),
        "Who they are.",
        "\"ann@example.com\"",
    ),
    Key::new(
        "holds",
        Takes::List(&Takes::RoleRef, 0, most::MOST_VALUES),
        Default("none"),
        "The roles that they hold already.",
        "[\"payments/approve\"]",
    ),
];
