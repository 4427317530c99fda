//! The edge end to end, between a little Slack on the loopback and an engine that follows a script.

mod accounts;
mod base;
mod clicks;
mod credential;
mod fake;
mod forms;
mod home;
mod link;
mod looking;
mod messages;
mod stage;
mod which;
