//! The demo for a person: the same world, with a page to act on.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::RwLock;

use super::backstage::Behind;
use crate::playground::web::DemoPage;
use crate::playground::world::{Company, World};
use crate::time::Clock;

/// Serves the page of a company's world until `stop` resolves. `ready` hears its address once it can be opened.
///
/// # Errors
/// When the world can't be started.
pub async fn serve_page(
    folder: &Path,
    company: &Company,
    port: u16,
    ready: impl FnOnce(&str) + Send,
    stop: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let world = World::start_as(folder, company).await?;
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
