//! The demo for a person: the same world, with a page to act on.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::RwLock;

use super::backstage::Behind;
use crate::playground::web::DemoPage;
use crate::playground::world::World;
use crate::time::Clock;

/// Serves the page until `stop` resolves, on the policies of a folder or on the examples. `ready` hears its address
/// once it can be opened.
///
/// # Errors
/// When the world can't be started.
pub async fn serve_page(
    folder: &Path,
    policies: Option<&Path>,
    port: u16,
    ready: impl FnOnce(&str) + Send,
    stop: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let world = match policies {
        Some(policies) => World::start_on(folder, policies).await?,
        None => World::start(folder, |_| ()).await?,
    };
    let slack = world.playground.slack.clone();
    let clock = Arc::clone(&world.playground.clock) as Arc<dyn Clock>;
    let world = Arc::new(RwLock::new(world));
    let behind = Arc::new(Behind::start(Arc::clone(&world)).await);
    let page = DemoPage::start(port, slack, clock, behind).await?;
    ready(&page.url());
    stop.await;
    drop(page);
    world.write().await.stop_bot().await;
    Ok(())
}
