//! Who may ask for what, who must agree, and why: TOML files parsed once into values, and pure decisions over
//! them. Every decision carries its reasons.

mod approve;
mod ask;
mod catalogue;
mod check;
mod eligible;
mod facts;
mod find;
mod form;
mod parse;
mod people;
mod phrase;
mod reasons;
mod search;
mod types;
mod verdict;

pub use approve::{Ballot, StageApprovers, may_approve, may_end, stage_approvers};
pub use ask::Ask;
pub use catalogue::{Binding, Catalogue, ParamIssue, Parsed, Subject};
pub use check::{TestResult, Warning, lint, run_tests};
pub use eligible::{AskMode, LEAST_DURATION, auto_approves, may_ask, still_eligible};
pub use find::{Found, Vocabulary, find};
pub use parse::{Issue, SourceFile, parse};
pub use people::{Employment, People, Person};
pub use search::{RoleLookup, RoleMatch, find_role, search};
pub use types::{
    App, ApproverRef, BreakGlass, Digest, Expectation, Field, Layer, PolicySet, PolicyTest, Risk, Role, Rule,
    Stage, StepSpec, TicketRule, Tier, Visibility,
};
pub use verdict::{Reason, ReasonCode, Verdict};
