//! The Slack edge: a socket that people's clicks and commands come in by, and messages that say what stands. It
//! parses and renders; what is decided is decided by the engine.

pub mod account;
mod acks;
pub mod blocks;
mod check;
pub mod command;
mod edge;
pub mod envelope;
pub mod free_words;
mod homes;
pub mod identity;
pub mod link_plan;
pub mod modal;
mod pace;
mod post;
pub mod roster;
mod settings;
pub mod socket;
#[cfg(test)]
mod tests;
pub mod text;
pub mod views;
pub mod web;
pub mod words;

pub use check::check;
pub use edge::SlackEdge;
pub use post::{Poster, posting};
pub use settings::SlackSettings;
