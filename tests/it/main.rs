//! The one integration binary: script tables, snapshots, contracts, journeys, and the rules of the house.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that meets the unexpected shall stop"
)]
#![allow(missing_docs, reason = "a test's name says what it shows")]

mod admin;
mod audit;
mod bad_input;
mod bolt;
mod cli;
mod cli_policy;
mod crash;
mod credentials;
mod demo;
mod directory;
mod doctor;
mod folder;
mod jira;
mod journeys;
mod lifecycle;
mod oncall;
mod outbox;
mod pipelines;
mod policy;
mod reload;
mod servers;
mod slack;
mod store;
mod targets;
mod tidy;

#[test]
fn ids_are_spoken() {
    assert_eq!(jitney::ids::RequestId::FIRST.to_string(), "R1001");
}
