//! The demo for a person: the same world, with a page to act on.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use crate::playground::web::{Backstage, DemoPage, Ticket, TicketComment};
use crate::playground::world::World;
use crate::time::{Clock, Timestamp};

/// Serves the page until `stop` resolves. `ready` hears its address once it can be opened.
///
/// # Errors
/// When the world can't be started.
pub async fn serve_page(
    folder: &Path,
    port: u16,
    ready: impl FnOnce(&str) + Send,
    stop: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let world = Arc::new(World::start(folder, |_| ()).await?);
    let slack = world.playground.slack.clone();
    let clock = Arc::clone(&world.playground.clock) as Arc<dyn Clock>;
    let page = DemoPage::start(port, slack, clock, Arc::new(Behind(Arc::clone(&world)))).await?;
    ready(&page.url());
    stop.await;
    drop(page);
    if let Some(mut world) = Arc::into_inner(world) {
        world.stop_bot().await;
    }
    Ok(())
}

/// What the page shows besides Slack.
struct Behind(Arc<World>);

#[async_trait]
impl Backstage for Behind {
    async fn tickets(&self) -> Vec<Ticket> {
        let jira = &self.0.jira;
        let comments = |key: &str| {
            let all = jira.comments(key).into_iter();
            all.map(|c| TicketComment { by: c.author, text: c.text }).collect()
        };
        let ticket = |issue: crate::playground::jira::LocalIssue| Ticket {
            comments: comments(&issue.key),
            key: issue.key,
            title: issue.summary,
            status: issue.status,
        };
        jira.issues().into_iter().map(ticket).collect()
    }

    async fn next_due(&self) -> Option<Timestamp> {
        self.0.engine().ok()?.status().await.ok()?.next_due
    }

    async fn jump(&self) -> Result<String, String> {
        match self.0.jump().await {
            Ok(Some(at)) => Ok(format!("It is {} now.", at.minute_utc())),
            Ok(None) => Ok("Nothing falls due any more.".to_owned()),
            Err(error) => Err(format!("The clock was not moved: {error}.")),
        }
    }
}
