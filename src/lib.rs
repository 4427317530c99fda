//! Jitney: just-in-time access from Slack. The modules in reading order: the words ([`ids`], [`time`]), who may
//! what ([`policy`]), the life of a request ([`lifecycle`]).

pub mod admin;
pub mod audit;
pub mod bot;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod directory;
pub mod engine;
pub mod finding;
mod folder;
pub mod ids;
pub mod jira;
pub mod lifecycle;
mod nearest;
pub mod oncall;
pub mod outbox;
pub mod playground;
pub mod policy;
pub mod secret_file;
mod skew;
pub mod slack;
pub mod store;
pub mod sync;
pub mod targets;
pub mod telemetry;
pub mod time;
pub mod wheel;
pub mod zone;
