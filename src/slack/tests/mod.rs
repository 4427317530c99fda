//! The edge end to end, between a little Slack on the loopback and an engine that follows a script.

mod clicks;
mod credential;
mod fake;
mod forms;
mod link;
mod messages;
mod stage;
