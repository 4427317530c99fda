//! The policies' folder, read again when it changes: sooner than `serve` does it, and with every issue kept to be
//! shown.

use tokio::sync::RwLock;

use crate::playground::policies::{PolicyTrouble, parsed};
use crate::playground::world::{World, known_targets};
use crate::policy::SourceFile;

/// What is known of the folder.
#[derive(Debug, Default)]
pub(super) struct Reload {
    seen: Option<Result<Vec<SourceFile>, PolicyTrouble>>,
    trouble: Option<PolicyTrouble>,
}

impl Reload {
    /// What keeps the folder as it is now from being in force.
    pub(super) fn trouble(&self) -> Option<&PolicyTrouble> {
        self.trouble.as_ref()
    }

    /// Looks at the folder, and puts it in force when it changed and is good. A target that it names for the first
    /// time is simulated from then on, which takes another start of the bot: its targets are fixed while it runs.
    pub(super) async fn look(&mut self, world: &RwLock<World>) {
        let files = world.read().await.policies.files();
        if self.seen.as_ref() == Some(&files) {
            return;
        }
        let first = self.seen.is_none();
        self.trouble = match &files {
            Err(trouble) => Some(trouble.clone()),
            Ok(files) => match put_in_force(world, files, first).await {
                Ok(trouble) => trouble,
                Err(error) => Some(PolicyTrouble::Unreadable(error.to_string())),
            },
        };
        self.seen = Some(files);
    }
}

async fn put_in_force(
    world: &RwLock<World>,
    files: &[SourceFile],
    first: bool,
) -> anyhow::Result<Option<PolicyTrouble>> {
    if world.read().await.policies.simulated.learn(files, &known_targets()?) {
        let mut world = world.write().await;
        world.stop_bot().await;
        world.start_bot().await?;
    }
    let world = world.read().await;
    match parsed(files, &world.targets()?) {
        Ok(policies) => {
            if !first && policies.digest != world.engine()?.policies().digest {
                world.look_again()?;
            }
            Ok(None)
        }
        Err(trouble) => Ok(Some(trouble)),
    }
}
