//! The tables and keys of policy files, said once: the parser refuses what is not here, the schema for editors and
//! the formatter are made from it, and docs/policies.md is held against it.

mod app_file;
mod tiers_file;

use crate::time::Span;

/// The shortest that anything lasts which people ask for.
const MINUTE: Takes = Takes::Span(Span::mins(1));

/// A kind of table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// An app's file as a whole.
    AppFile,
    /// `[app]`.
    App,
    /// `[roles.read]`.
    Role,
    /// A rule over people, in `eligible` or `never`.
    Rule,
    /// `[[roles.read.steps]]`; its other keys are the adapter's.
    Step,
    /// `[[roles.read.fields]]`.
    Field,
    /// `[[tests]]`.
    Test,
    /// `who` of a test.
    Who,
    /// `tiers.toml` as a whole.
    TiersFile,
    /// `[tiers.manager]`.
    Tier,
    /// `break_glass` of a tier.
    BreakGlass,
    /// `[[tiers.manager.stages]]`.
    Stage,
    /// `[calendars.office]`.
    Calendar,
    /// `[[blackouts]]`.
    Blackout,
    /// `[risks.high]`.
    Risk,
}

/// A key of a table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What goes there.
    pub takes: Takes,
    /// Whether it may be left out.
    pub need: Need,
    /// What it is for: one sentence.
    pub about: &'static str,
    /// A value as TOML; the head of a table where tables go.
    pub example: &'static str,
    /// Keys of one block have their `=` in one column.
    pub block: u8,
}

/// Whether a key may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It may not.
    Required,
    /// It may; then this holds, in words or as TOML.
    Default(&'static str),
}

/// What goes behind a key.
#[derive(Debug, Clone, Copy)]
pub enum Takes {
    /// A text on one line, of so many characters at most.
    Text(usize),
    /// One of these words.
    OneOf(fn() -> Vec<&'static str>),
    /// The id of a role, a tier, a target or a form field.
    Slug,
    /// A person's id.
    Person,
    /// A group of the directory.
    Group,
    /// `app/role`.
    RoleRef,
    /// `manager`, `owners`, `person:…`, `group:…` or `oncall:…`.
    Approver,
    /// A length of time, at least so long.
    Span(Span),
    /// A time zone by its IANA name.
    Zone,
    /// A time of the week: `mon-fri 09:00-17:30`.
    Hours,
    /// A day: `2026-12-25`, as a date of TOML or as a text.
    Date,
    /// What a clock on the wall says: `2026-12-24 10:00`, or a day. A zone may stand behind it where that is said.
    WallTime,
    /// A whole number between the two.
    Number(u32, u32),
    /// `true` or `false`.
    Flag,
    /// A list of these, of so many at least and at most, none twice.
    List(&'static Takes, usize, usize),
    /// One table.
    Table(Table),
    /// A list of tables, of so many at least and at most.
    Tables(Table, usize, usize),
    /// Tables by their ids, so many at least and at most.
    Named(Table, usize, usize),
}

impl Table {
    /// Every kind, as the reference lists them.
    pub const ALL: [Self; 15] = [
        Self::AppFile,
        Self::App,
        Self::Role,
        Self::Rule,
        Self::Step,
        Self::Field,
        Self::Test,
        Self::Who,
        Self::TiersFile,
        Self::Tier,
        Self::BreakGlass,
        Self::Stage,
        Self::Calendar,
        Self::Blackout,
        Self::Risk,
    ];

    /// As one writes it, or calls it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::AppFile => "an app's file",
            Self::App => "[app]",
            Self::Role => "[roles.ID]",
            Self::Rule => "a rule",
            Self::Step => "[[roles.ID.steps]]",
            Self::Field => "[[roles.ID.fields]]",
            Self::Test => "[[tests]]",
            Self::Who => "who",
            Self::TiersFile => "tiers.toml",
            Self::Tier => "[tiers.ID]",
            Self::BreakGlass => "break_glass",
            Self::Stage => "[[tiers.ID.stages]]",
            Self::Calendar => "[calendars.ID]",
            Self::Blackout => "[[blackouts]]",
            Self::Risk => "[risks.RISK]",
        }
    }

    /// Whether other keys may stand in it: those are the adapter's.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Step)
    }

    /// Its keys, in the order in which one writes them.
    #[must_use]
    pub const fn keys(self) -> &'static [Key] {
        match self {
            Self::AppFile => app_file::APP_FILE,
            Self::App => app_file::APP,
            Self::Role => app_file::ROLE,
            Self::Rule => app_file::RULE,
            Self::Step => app_file::STEP,
            Self::Field => app_file::FIELD,
            Self::Test => app_file::TEST,
            Self::Who => app_file::WHO,
            Self::TiersFile => tiers_file::TIERS_FILE,
            Self::Tier => tiers_file::TIER,
            Self::BreakGlass => tiers_file::BREAK_GLASS,
            Self::Stage => tiers_file::STAGE,
            Self::Calendar => tiers_file::CALENDAR,
            Self::Blackout => tiers_file::BLACKOUT,
            Self::Risk => tiers_file::RISK,
        }
    }

    /// The key of that name.
    #[must_use]
    pub fn key(self, name: &str) -> Option<&'static Key> {
        self.keys().iter().find(|key| key.name == name)
    }
}

impl Key {
    const fn new(
        name: &'static str,
        takes: Takes,
        need: Need,
        about: &'static str,
        example: &'static str,
    ) -> Self {
        Self { name, takes, need, about, example, block: 0 }
    }

    const fn in_block(self, block: u8) -> Self {
        Self { block, ..self }
    }

    /// How one writes it: `risk = "low"`, or the head of its tables.
    #[must_use]
    pub fn line(&self) -> String {
        match self.takes {
            Takes::Tables(..) | Takes::Named(..) => self.example.to_owned(),
            Takes::Table(_) if self.example.starts_with('[') => self.example.to_owned(),
            Takes::Text(_)
            | Takes::OneOf(_)
            | Takes::Slug
            | Takes::Person
            | Takes::Group
            | Takes::RoleRef
            | Takes::Approver
            | Takes::Span(_)
            | Takes::Zone
            | Takes::Hours
            | Takes::Date
            | Takes::WallTime
            | Takes::Number(..)
            | Takes::Flag
            | Takes::List(..)
            | Takes::Table(_) => format!("{} = {}", self.name, self.example),
        }
    }
}
