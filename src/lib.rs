//! Jitney: just-in-time access from Slack. The modules in reading order: the words ([`ids`], [`time`]), who may
//! what ([`policy`]), the life of a request ([`lifecycle`]).

pub mod engine;
pub mod ids;
pub mod lifecycle;
pub mod policy;
pub mod targets;
pub mod time;
