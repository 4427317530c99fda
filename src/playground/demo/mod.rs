//! The demo: the whole story, played by made-up people against the very bot that `serve` runs. Every step is
//! checked; the first one that is not as it should be ends the story with an error.

mod backstage;
mod evidence;
mod page;
mod reload;
mod scenery;
mod scenes;
mod stage;

use std::path::Path;

use serde::Serialize;

use super::world::World;
use crate::time::Timestamp;
use stage::Stage;

pub use page::serve_page;

/// One line of the transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When, by the demo's clock.
    pub at: Timestamp,
    /// What kind of line it is.
    pub kind: LineKind,
    /// Who says or does it; empty for headings.
    pub who: String,
    /// What is said or done.
    pub text: String,
}

/// What kind of line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A scene begins.
    Scene,
    /// Somebody does something.
    Does,
    /// Somebody sees something.
    Sees,
    /// A fact was checked, and is as it should be.
    Checked,
}

/// Plays the story in an empty folder and gives each line to `tell` as it happens.
///
/// # Errors
/// The first step that was not as it should be, by scene.
pub async fn play(folder: &Path, tell: impl FnMut(&Line) + Send) -> anyhow::Result<()> {
    let world = World::start(folder, |_| ()).await?;
    let mut stage = Stage::new(world, Box::new(tell));
    let played = scenes::play(&mut stage).await;
    let scene = stage.scene().to_owned();
    stage.end().await;
    played.map_err(|error| error.context(format!("in the scene “{scene}”")))
}
