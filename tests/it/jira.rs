//! The ticket edge against a local Jira, over real HTTP.

mod room;
pub(crate) mod samples;
mod schemas;
mod stories;
mod words;
