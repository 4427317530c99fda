//! Local stand-ins for the services that Jitney talks to, for the demo and for tests.

pub mod jira;
