//! The ticket edge against a local Jira, over real HTTP.

mod room;
mod samples;
mod schemas;
mod stories;
mod words;
