//! Who may ask for what, who must agree, and why: TOML files parsed once into values, and pure decisions over
//! them. Every decision carries its reasons.

mod approve;
mod ask;
mod blackout;
mod calendar;
mod catalogue;
mod check;
mod diff;
mod doubts;
mod duty;
mod eligible;
mod facts;
mod find;
mod form;
mod format;
mod grammar;
mod limits;
mod lint;
mod movers;
mod parse;
mod people;
mod phrase;
mod reach;
mod reasons;
mod replay;
mod risk;
mod schema;
mod search;
mod strangers;
mod ticket;
mod trace;
mod types;
mod verdict;

pub use approve::{
    Ballot, StageApprovers, capacity, is_approver, may_approve, may_end, may_review, reviewers,
    stage_approvers, vote_stands,
};
pub use ask::Ask;
pub use blackout::{Begin, Blackout, WallTime};
pub use calendar::{Calendar, Hours, HoursError};
pub use catalogue::{Binding, Catalogue, ParamIssue, Parsed, Subject};
pub use check::{TestResult, run_tests};
pub use diff::{Change, Direction, Subject as ChangeSubject, TierDifference, What, diff, moved_people};
pub use doubts::{Doubts, Fact, Origin, USER_GROUP};
pub use duty::{Away, Aways, Capacity, Roster, Rosters};
pub use eligible::{
    AskMode, LEAST_DURATION, StandingAccess, auto_approves, may_ask, standing_conflicts, still_eligible,
};
pub use find::{Found, Vocabulary, find};
pub use format::{FormatError, format};
pub use grammar::{Key, Need, Table, Takes};
pub use lint::{Warning, lint};
pub use movers::{Movement, loses_a_role, movement, no_longer_fits};
pub use parse::{Issue, SourceFile, digest, parse};
pub use people::{Borrowed, Employment, People, Person};
pub(crate) use phrase::listed;
pub use reach::{Asker, Reach, RuleCount, who_may_ask};
pub use replay::{Decided, Otherwise, Past, PastKind, Replay};
pub use risk::{Risk, RiskRule};
pub use schema::{FileKind, schema};
pub use search::{RoleLookup, RoleMatch, find_role, search};
pub use strangers::unknown_schedules;
pub use ticket::{TicketFound, TicketLook, TicketSeen, ticket_against};
pub use trace::{Look, LookFinding, Question, StageTrace, Then, Trace, explain};
pub use types::{
    App, ApproverRef, BreakGlass, Digest, Expectation, Field, Layer, PolicySet, PolicyTest, Role, Rule,
    Stage, StepSpec, TicketOf, TicketRule, Tier, Visibility,
};
pub use verdict::{Reason, ReasonCode, Verdict};
