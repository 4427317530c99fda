//! What people see in Slack, and what Slack sees of us: pictures of every message in every state, every sentence,
//! the forms, and Slack's limits under hostile input.

mod limits;
mod people;
mod sentences;
mod views;
mod wire;
