//! A world to play in, without an account anywhere: a local Slack workspace, a small legacy app, made-up people
//! and a clock that jumps. Several worlds live in one process beside each other.

pub mod clock;
pub mod demo;
pub mod jira;
pub mod legacy;
pub mod people;
pub mod policies;
pub mod simulated;
pub mod slack;
pub mod web;
pub mod world;

mod listen;

use std::path::Path;
use std::sync::Arc;

use crate::policy::Person;
use clock::JumpClock;
use legacy::LegacyApp;
use slack::{LocalSlack, Settings};

/// One world. Dropping it stops its servers.
#[derive(Debug)]
pub struct Playground {
    /// Dates everything that is said in it.
    pub clock: Arc<JumpClock>,
    /// The company's directory.
    pub people: Vec<Person>,
    /// Where the company talks.
    pub slack: LocalSlack,
    /// What access is asked for.
    pub legacy: LegacyApp,
}

impl Playground {
    /// Starts a world of these people on free ports of 127.0.0.1. The legacy app lets in whom `htpasswd` names;
    /// `shape` changes the Slack workspace before it starts.
    ///
    /// # Errors
    /// When a port can't be had.
    pub async fn start(
        people: Vec<Person>,
        htpasswd: &Path,
        shape: impl FnOnce(&mut Settings),
    ) -> std::io::Result<Self> {
        let clock = Arc::new(JumpClock::new());
        let mut settings = Settings::for_people(&people);
        shape(&mut settings);
        let slack = LocalSlack::start(settings, Arc::clone(&clock) as Arc<dyn crate::time::Clock>).await?;
        let legacy = LegacyApp::start(htpasswd, 0).await?;
        Ok(Self { clock, people, slack, legacy })
    }
}
