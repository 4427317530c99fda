//! How long texts and lists of a policy file may be. The parser keeps to them, and the schema for editors tells them.

/// Characters of a name.
pub(super) const NAME: usize = 60;
/// Characters of what a role gives.
pub(super) const GIVES: usize = 200;
/// Characters of what an app is.
pub(super) const ABOUT: usize = 400;
/// Characters of what to ask for instead.
pub(super) const INSTEAD: usize = 200;
/// Characters of a department, a title or a location.
pub(super) const FACT: usize = 100;
/// Characters of a choice: what Slack shows of an option.
pub(super) const CHOICE: usize = 75;

/// Roles of an app.
pub(super) const MOST_ROLES: usize = 100;
/// Owners of an app.
pub(super) const MOST_OWNERS: usize = 50;
/// Form fields of a role.
pub(super) const MOST_FIELDS: usize = 10;
/// Choices of a form field.
pub(super) const MOST_CHOICES: usize = 100;
/// Roles that one conflicts with.
pub(super) const MOST_CONFLICTS: usize = 100;
/// Targets that are locked down together.
pub(super) const MOST_FAMILY: usize = 50;
/// Steps of a role.
pub(super) const MOST_STEPS: usize = 10;
/// Rules of `eligible` or `never`.
pub(super) const MOST_RULES: usize = 50;
/// Values of one fact.
pub(super) const MOST_VALUES: usize = 200;
/// Rows of `[[tests]]`.
pub(super) const MOST_TESTS: usize = 1000;
/// Calendars.
pub(super) const MOST_CALENDARS: usize = 50;
/// Times of the week of a calendar.
pub(super) const MOST_HOURS: usize = 50;
/// Holidays of a calendar: fewer than the weeks that are looked ahead.
pub(super) const MOST_HOLIDAYS: usize = 400;
/// Characters of what a blackout is for.
pub(super) const BECAUSE: usize = 200;
/// Blackouts.
pub(super) const MOST_BLACKOUTS: usize = 200;
/// Roles of one risk that one person may have at once.
pub(super) const MOST_AT_ONCE: u32 = 100;
/// Tiers.
pub(super) const MOST_TIERS: usize = 100;
/// Stages of a tier.
pub(super) const MOST_STAGES: usize = 5;
/// References to approvers in one list.
pub(super) const MOST_APPROVERS: usize = 50;
/// Approvals that one stage may ask for.
pub(super) const MOST_QUORUM: u32 = 10;
