//! Journeys: people in the local Slack, the very bot that `serve` runs, a local Jira, and the old app.

mod accounts;
mod approving;
mod asking;
mod behalf;
mod crowd;
mod databases;
mod deciding;
mod emergency;
mod ends;
mod home;
mod ledger;
mod link_faults;
mod outages;
mod people;
mod persistence;
mod profiles;
mod races;
mod reloading;
mod scheduled;
mod seen;
mod slack_trouble;
mod stage;
mod standing;
mod tickets;
mod times;
