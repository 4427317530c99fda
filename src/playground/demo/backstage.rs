//! What is behind the page: it keeps the scenery up to date, and holds the levers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use tokio::sync::{Notify, RwLock, watch};
use tokio::task::JoinHandle;

use super::evidence::{exported, verify};
use super::reload::Reload;
use super::scenery::Looker;
use crate::playground::web::{Backstage, Passing, Scenery, Verified, Visit, Visited};
use crate::playground::world::World;
use crate::time::Span;

/// How often the scenery is looked at when nothing was heard.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The most that passes at once, in minutes: thirty days.
const MINUTES_MAX: u32 = 30 * 24 * 60;

/// A world from behind.
pub(super) struct Behind {
    world: Arc<RwLock<World>>,
    scenery: watch::Sender<(u64, Arc<Scenery>)>,
    /// Something was done that nobody else tells of.
    done: Arc<Notify>,
    looking: JoinHandle<()>,
    web: reqwest::Client,
    /// Each person's browser: the cookie that the old app set.
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

impl Behind {
    /// Begins to look.
    pub(super) async fn start(world: Arc<RwLock<World>>) -> Self {
        let done = Arc::new(Notify::new());
        let (reload, looker) = (Reload::default(), Looker::default());
        let mut eyes = Eyes { reload, looker, done: Arc::clone(&done) };
        let first = eyes.look(&world).await;
        let scenery = watch::Sender::new((0, Arc::new(first)));
        let (shown, seen) = (scenery.clone(), Arc::clone(&world));
        let looking = tokio::spawn(async move { eyes.keep_looking(&seen, &shown).await });
        let (web, cookies) = (reqwest::Client::new(), Mutex::default());
        Self { world, scenery, done, looking, web, cookies }
    }

    fn cookie(&self, person: &str) -> Option<String> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner).get(person).cloned()
    }

    fn keep_cookie(&self, person: &str, cookie: Option<String>) {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        match cookie {
            Some(cookie) => cookies.insert(person.to_owned(), cookie),
            None => cookies.remove(person),
        };
    }

    async fn moved(&self, passing: Passing) -> anyhow::Result<String> {
        let world = self.world.read().await;
        Ok(match passing {
            Passing::ToNextDue => match world.jump().await? {
                Some(_) => "The clock stands where something fell due.".to_owned(),
                None => "Nothing is due, so the clock was not moved.".to_owned(),
            },
            Passing::Minutes(minutes) => {
                let span = Span::mins(u64::from(minutes.clamp(1, MINUTES_MAX)));
                world.pass(span).await?;
                format!("{} have passed.", span.words())
            }
        })
    }

    async fn checked(&self, forged: bool) -> anyhow::Result<Verified> {
        let database = self.world.read().await.folder().join("jitney.db");
        let (genesis, mut lines) = exported(database).await?;
        if forged && !forge(&mut lines) {
            return Ok(Verified {
                good: true,
                says: "There is no record yet that could be forged.".to_owned(),
            });
        }
        Ok(match verify(genesis, &lines) {
            Ok(head) => {
                Verified { good: true, says: format!("Good: {} records, and the chain holds.", head.seq) }
            }
            Err(why) => Verified { good: false, says: format!("Bad: {why}.") },
        })
    }
}

#[async_trait]
impl Backstage for Behind {
    fn scenery(&self) -> watch::Receiver<(u64, Arc<Scenery>)> {
        self.scenery.subscribe()
    }

    async fn pass(&self, time: Passing) -> Result<String, String> {
        self.moved(time).await.map_err(|error| format!("The clock was not moved: {error}."))
    }

    async fn visit(&self, person: &str, visit: Visit) -> Result<Visited, String> {
        let url = self.world.read().await.playground.legacy.url();
        let mut request = self.web.get(format!("{url}/"));
        match visit {
            Visit::LogIn { login, password } => {
                request = request.basic_auth(login, Some(password.expose_secret()));
            }
            Visit::Reload => {
                if let Some(cookie) = self.cookie(person) {
                    request = request.header("cookie", cookie);
                }
            }
            Visit::Forget => {
                self.keep_cookie(person, None);
                return Ok(Visited { status: None, says: "The browser forgot the session.".to_owned() });
            }
        }
        let failed = |_| "The old app does not answer.".to_owned();
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let set = response.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok());
        if let Some(cookie) = set.and_then(|cookie| cookie.split(';').next()) {
            self.keep_cookie(person, Some(cookie.to_owned()));
        }
        let says = response.text().await.map_err(failed)?.trim().to_owned();
        self.done.notify_one();
        Ok(Visited { status: Some(status), says })
    }

    async fn verify(&self, forged: bool) -> Result<Verified, String> {
        self.checked(forged).await.map_err(|error| format!("The log could not be read: {error}."))
    }
}

/// What looks: at the policies' folder, and at everything else.
struct Eyes {
    reload: Reload,
    looker: Looker,
    done: Arc<Notify>,
}

impl Eyes {
    async fn look(&mut self, world: &RwLock<World>) -> Scenery {
        self.reload.look(world).await;
        self.looker.look(&*world.read().await, &self.reload).await
    }

    async fn keep_looking(mut self, world: &RwLock<World>, shown: &watch::Sender<(u64, Arc<Scenery>)>) {
        let (mut slack, mut jira, mut moves) = {
            let world = world.read().await;
            (world.playground.slack.changes(), world.jira.watch(), world.playground.clock.moves())
        };
        loop {
            let heard = async {
                tokio::select! {
                    changed = slack.changed() => changed.is_ok(),
                    changed = jira.changed() => changed.is_ok(),
                    changed = moves.changed() => changed.is_ok(),
                    () = self.done.notified() => true,
                }
            };
            if tokio::time::timeout(LOOK_EVERY, heard).await == Ok(false) {
                return;
            }
            let scenery = self.look(world).await;
            shown.send_if_modified(|(number, before)| {
                let changed = **before != scenery;
                if changed {
                    *number += 1;
                    *before = Arc::new(scenery);
                }
                changed
            });
        }
    }
}

/// Changes one letter of one record: a name becomes another's. Whether there was one to change.
fn forge(lines: &mut [String]) -> bool {
    let changed = |line: &String| {
        let at = line.find("\"name\":\"")? + "\"name\":\"".len();
        let letter = line.get(at..)?.chars().next().filter(char::is_ascii_alphabetic)?;
        let other = if letter == 'Z' { 'Y' } else { 'Z' };
        Some(format!("{}{other}{}", line.get(..at)?, line.get(at + 1..)?))
    };
    match lines.iter_mut().find_map(|line| changed(line).map(|forged| (line, forged))) {
        Some((line, forged)) => {
            *line = forged;
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::forge;

    #[test]
    fn a_forgery_changes_one_letter_of_one_name() {
        let mut lines = ["{\"seq\":1}", "{\"name\":\"Dana\"}", "{\"name\":\"Ann\"}"].map(str::to_owned);
        assert!(forge(&mut lines));
        assert_eq!(lines, ["{\"seq\":1}", "{\"name\":\"Zana\"}", "{\"name\":\"Ann\"}"]);
        assert!(!forge(&mut ["{\"seq\":1}".to_owned()]), "there is no name");
    }
}
