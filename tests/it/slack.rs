//! What people see in Slack, and what Slack sees of us: pictures of every message in every state, every sentence,
//! the forms, and Slack's limits under hostile input.

mod away;
mod deciding;
mod escaping;
mod gallery;
mod held;
mod home;
mod limits;
mod looking;
mod moments;
mod people;
mod sentences;
mod views;
mod wire;
