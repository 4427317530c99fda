//! Who may ask for what, who must agree, and why: TOML files parsed once into values, and pure decisions over
//! them. Every decision carries its reasons.

mod approve;
mod ask;
mod catalogue;
mod people;
mod types;
mod verdict;

pub use approve::{StageApprovers, auto_approves};
pub use ask::Ask;
pub use catalogue::{Binding, Catalogue, ParamIssue, Parsed, Subject};
pub use people::{Employment, People, Person};
pub use types::{
    App, ApproverRef, BreakGlass, Digest, Expectation, Field, Layer, PolicySet, PolicyTest, Risk, Role, Rule,
    Stage, StepSpec, TicketRule, Tier,
};
pub use verdict::{Reason, ReasonCode, Verdict};
