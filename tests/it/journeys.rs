//! Journeys: people in the local Slack, the very bot that `serve` runs, a local Jira, and the old app.

mod asking;
mod databases;
mod ends;
mod ledger;
mod outages;
mod races;
mod slack_trouble;
mod stage;
mod standing;
