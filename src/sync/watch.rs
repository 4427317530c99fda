//! The watch over the people file and the sources besides it.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;

use super::configured::Configured;
use super::kept::{self, KeptFacts, PEOPLE_FILE};
use super::settled::Step;
use super::strand::{Strand, Version, file_told, source_told};
use crate::config::Schedule;
use crate::directory::{self, Delivery, Directory, Layer, Source, SourceError};
use crate::engine::{EngineHandle, Held, HeldPeople, PeopleChange, Told};
use crate::policy::{Origin, People};
use crate::time::{Clock, Span, Timestamp};

/// How often files are looked at for changes, and the clock for a schedule.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// After a failure a source is asked again so soon, then ever later.
const FIRST_WAIT: Span = Span::secs(30);
const LONGEST_WAIT: Span = Span::mins(15);

/// What wakes the watch.
pub enum Wake {
    /// Somebody wants everything looked at now.
    Asked,
    /// A source has answered.
    Answered(usize, Box<dyn Source>, Result<Option<Delivery>, SourceError>),
    /// The bot stops.
    Stop,
}

/// A source that is asked by its schedule.
struct Asked {
    strand: Strand<Vec<directory::Told>>,
    origin: Origin,
    sync: Schedule,
    /// None while it is being asked.
    source: Option<Box<dyn Source>>,
    next: Timestamp,
    /// Somebody wanted it asked while it was.
    again: bool,
    failures: u32,
    trouble: Option<String>,
}

/// The watch; a thread of its own runs it.
pub struct PeopleWatch {
    directory: Directory,
    file: Strand<People>,
    /// Whether the people file's people are kept as they are.
    is_kept: bool,
    file_trouble: Option<String>,
    sources: Vec<Asked>,
    clock: Arc<dyn Clock>,
    /// Something was told that was not settled yet.
    is_new: bool,
    /// What is held, as the engine was told.
    held: Option<String>,
}

impl PeopleWatch {
    /// Takes up what was kept. The people file has been read; who was there before is in force until what differs was
    /// looked at.
    #[must_use]
    pub fn new(
        directory: Directory,
        configured: Vec<Configured>,
        mut kept: Vec<KeptFacts>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let now = clock.wall();
        let latest = Version { as_of: now, mark: directory.mark(), told: directory.people() };
        let before = kept.iter().position(|kept| kept.source == PEOPLE_FILE).map(|at| kept.swap_remove(at));
        let accepted = before.and_then(|before| {
            if before.mark == latest.mark {
                return Some(latest.clone());
            }
            // What another version kept and this one can't read is no reason not to start.
            let people = before.people(directory.max_age());
            let people =
                people.inspect_err(|error| tracing::warn!(%error, "the people of before can't be read"));
            Some(Version { as_of: before.as_of, mark: before.mark, told: Arc::new(people.ok()?) })
        });
        let is_kept = accepted.as_ref().is_some_and(|accepted| accepted.mark == latest.mark);
        let file = Strand {
            name: PEOPLE_FILE.to_owned(),
            accepted: accepted.or_else(|| Some(latest.clone())),
            latest: Some(latest),
            held: false,
        };
        let sources = configured.into_iter().map(|one| {
            let before = kept.iter().find(|kept| kept.source == one.name);
            let accepted = before.and_then(|before| {
                let told = before.told().inspect_err(|error| {
                    tracing::warn!(source = one.name, %error, "what the source told before can't be read");
                });
                Some(Version { as_of: before.as_of, mark: before.mark.clone(), told: Arc::new(told.ok()?) })
            });
            Asked {
                origin: Origin {
                    source: one.name.clone(),
                    gives: one.gives,
                    as_of: accepted.as_ref().map(|accepted| accepted.as_of),
                    max_age: one.max_age,
                },
                strand: Strand { name: one.name, latest: accepted.clone(), accepted, held: false },
                sync: one.sync,
                source: Some(one.source),
                next: now,
                again: false,
                failures: 0,
                trouble: None,
            }
        });
        let sources = sources.collect();
        Self { directory, file, is_kept, file_trouble: None, sources, clock, is_new: true, held: None }
    }

    /// The people to start with.
    #[must_use]
    pub fn at_start(&self) -> Arc<People> {
        Arc::new(self.merged(
            &self.directory.people(),
            |strand| strand.accepted.as_ref(),
            |strand| strand.accepted.as_ref(),
        ))
    }

    /// Watches until it is told to stop, or nobody is left who could. Answers come back by `back`.
    pub fn run(
        mut self,
        engine: &EngineHandle,
        inbox: &Receiver<Wake>,
        back: &Weak<Sender<Wake>>,
        runtime: &Handle,
    ) {
        let (mut is_asked, mut is_answer) = (false, false);
        loop {
            if !is_answer {
                self.look_at_file(is_asked);
                self.ask(is_asked, back, runtime);
            }
            runtime.block_on(self.settle(engine));
            if is_asked {
                tracing::info!(people = engine.people().iter().count(), "the directory was looked at");
            }
            (is_asked, is_answer) = match inbox.recv_timeout(LOOK_EVERY) {
                Ok(Wake::Asked) => (true, false),
                Ok(Wake::Answered(number, source, answer)) => {
                    self.hear(number, source, answer);
                    (false, true)
                }
                Err(RecvTimeoutError::Timeout) => (false, false),
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            };
        }
    }

    fn look_at_file(&mut self, is_asked: bool) {
        let now = self.clock.wall();
        match self.directory.poll(now) {
            Ok(None) => {}
            Ok(Some(people)) => {
                self.file_trouble = None;
                let as_of = people.as_of();
                self.file.latest = Some(Version { as_of, mark: self.directory.mark(), told: people });
                self.is_new = true;
            }
            Err(error) => {
                let error = error.to_string();
                if self.file_trouble.as_ref() != Some(&error) || is_asked {
                    tracing::error!(
                        error,
                        "the directory can't be read; the last good read is used until it is too old"
                    );
                }
                self.file_trouble = Some(error);
            }
        }
    }

    /// Asks those whose turn it is, each in a task of its own: one that hangs holds up nobody.
    fn ask(&mut self, is_asked: bool, back: &Weak<Sender<Wake>>, runtime: &Handle) {
        let now = self.clock.wall();
        // Who asks holds on to the way back, and this watch does not: else it would wait for itself.
        let Some(back) = back.upgrade() else { return };
        for (number, asked) in self.sources.iter_mut().enumerate() {
            let Some(mut source) = asked.source.take() else {
                // What it is about to answer may be from before the question.
                asked.again |= is_asked;
                continue;
            };
            let is_due = is_asked || now >= asked.next;
            let back = Arc::clone(&back);
            runtime.spawn(async move {
                let answer = if is_due || source.has_changed().await {
                    source.fetch(now).await.map(Some)
                } else {
                    Ok(None)
                };
                // Who does not wait any more has stopped.
                let _ = back.send(Wake::Answered(number, source, answer));
            });
        }
    }

    fn hear(
        &mut self,
        number: usize,
        source: Box<dyn Source>,
        answer: Result<Option<Delivery>, SourceError>,
    ) {
        let now = self.clock.wall();
        let Some(asked) = self.sources.get_mut(number) else { return };
        asked.source = Some(source);
        let again = std::mem::take(&mut asked.again);
        match answer {
            Ok(None) => {}
            Ok(Some(Delivery { as_of, told })) => {
                asked.failures = 0;
                asked.next = asked.sync.next_after(now).unwrap_or(now + LONGEST_WAIT);
                if asked.trouble.take().is_some() {
                    tracing::info!(source = asked.origin.source, "the source tells again");
                }
                let mark = kept::told_of(&asked.origin.source, as_of, &told).mark;
                asked.strand.latest = Some(Version { as_of, mark, told: Arc::new(told) });
                self.is_new = true;
            }
            Err(error) => {
                let least = match &error {
                    SourceError::Later { after, .. } => after.unwrap_or(Span::ZERO),
                    SourceError::File(_) | SourceError::Other(_) => Span::ZERO,
                };
                let wait = FIRST_WAIT.times(1 << asked.failures.min(10)).min(LONGEST_WAIT).max(least);
                asked.failures = asked.failures.saturating_add(1);
                asked.next = now + wait;
                let error = error.to_string();
                if asked.trouble.as_ref() != Some(&error) {
                    tracing::error!(
                        source = asked.origin.source,
                        error,
                        "the source tells nothing; what it told last is used until it is too old"
                    );
                }
                asked.trouble = Some(error);
            }
        }
        if again {
            asked.next = now;
        }
    }

    /// Takes what may be taken, source by source, and holds the rest.
    async fn settle(&mut self, engine: &EngineHandle) {
        self.hear_of_acceptance(engine);
        if !std::mem::take(&mut self.is_new) {
            return;
        }
        if self.take(engine).await.is_err() {
            // Told where it failed; it is tried again.
            self.is_new = true;
        }
    }

    /// What an operator accepted is in force.
    fn hear_of_acceptance(&mut self, engine: &EngineHandle) {
        let Some(held) = &self.held else { return };
        if engine.held_people().is_some_and(|now| now.id == *held) {
            return;
        }
        tracing::info!("the change of people that was held is in force");
        self.held = None;
        self.file.accept_held();
        self.sources.iter_mut().for_each(|asked| asked.strand.accept_held());
        self.is_new = true;
    }

    async fn take(&mut self, engine: &EngineHandle) -> Result<(), ()> {
        let policies = engine.policies();
        let before = engine.people();
        let now_accepted = Arc::new(self.merged(&before, Strand::accepted, Strand::accepted));
        let mut in_force = now_accepted;
        let mut moved = BTreeSet::new();
        let mut told: Vec<Told> = Vec::new();
        for number in 0..=self.sources.len() {
            // The file first: the others tell of its people.
            let is_other = if number == 0 { self.file.renew() } else { self.renew(number - 1) };
            if is_other {
                let trial = self.trial(&before, number);
                let step = Step::between(&in_force, &trial, &policies);
                if step.is_sudden() {
                    self.set_held(number, true);
                    continue;
                }
                moved.extend(step.movement.moved);
                self.set_held(number, false);
                self.accept(number);
                in_force = Arc::new(trial);
            }
            told.extend(self.told(number, is_other));
        }
        let people = Arc::new(self.merged(&before, Strand::accepted, Strand::accepted));
        let change = PeopleChange {
            people: Arc::clone(&people),
            told,
            moved: moved.into_iter().collect(),
            holds: !self.held_marks().is_empty(),
        };
        if let Err(error) = engine.take_people(change).await {
            tracing::error!(%error, "what the sources of people told could not be kept, so it is not in force; it is tried again");
            return Err(());
        }
        self.is_kept = true;
        self.hold(engine, &before, &people).await
    }

    /// Tells the engine, and operators, of what is held.
    async fn hold(
        &mut self,
        engine: &EngineHandle,
        before: &Arc<People>,
        in_force: &Arc<People>,
    ) -> Result<(), ()> {
        let held: Vec<(String, String)> = self.held_marks();
        if held.is_empty() {
            self.held = None;
            return Ok(());
        }
        let id = kept::together(held.iter().map(|(source, mark)| (source.as_str(), mark.as_str())));
        let people = Arc::new(self.merged(before, Strand::wanted, Strand::wanted));
        let step = Step::between(in_force, &people, &engine.policies());
        let sources: Vec<String> = held.into_iter().map(|(source, _)| source).collect();
        if self.held.as_ref() != Some(&id) {
            tracing::error!(
                held = id,
                sources = sources.join(", "),
                left = step.movement.left.len(),
                lose = step.lose,
                of = step.movement.of,
                "a change of people would take access from many at once, so it is held: look at it, then mend its source or \
                 call `jitney people accept {id}`"
            );
        }
        let told = (0..=self.sources.len()).filter(|number| self.is_held(*number));
        let told: Vec<Told> = told.flat_map(|number| self.wanted(number)).collect();
        let held = Held {
            id: id.clone(),
            sources,
            left: step.movement.left.len(),
            lose: step.lose,
            of: step.movement.of,
            since: self.clock.wall(),
        };
        let moved = step.movement.moved;
        let change = PeopleChange { people, told, moved, holds: false };
        if let Err(error) = engine.hold_people(HeldPeople { held, change }).await {
            tracing::error!(%error, "a change of people that is held could not be recorded; it is tried again");
            return Err(());
        }
        self.held = Some(id);
        Ok(())
    }

    // ---- the strands, by number: the people file is 0, the sources come after it ----

    fn renew(&mut self, source: usize) -> bool {
        self.sources.get_mut(source).is_some_and(|asked| asked.strand.renew())
    }

    fn accept(&mut self, number: usize) {
        match number.checked_sub(1) {
            None => self.file.accept(),
            Some(source) => {
                if let Some(asked) = self.sources.get_mut(source) {
                    asked.strand.accept();
                }
            }
        }
    }

    fn set_held(&mut self, number: usize, held: bool) {
        match number.checked_sub(1) {
            None => self.file.held = held,
            Some(source) => {
                if let Some(asked) = self.sources.get_mut(source) {
                    asked.strand.held = held;
                }
            }
        }
    }

    fn is_held(&self, number: usize) -> bool {
        match number.checked_sub(1) {
            None => self.file.held,
            Some(source) => self.sources.get(source).is_some_and(|asked| asked.strand.held),
        }
    }

    fn held_marks(&self) -> Vec<(String, String)> {
        let sources = self.sources.iter().filter_map(|asked| asked.strand.held_mark());
        self.file.held_mark().into_iter().chain(sources).collect()
    }

    /// What is to be kept of the accepted version: all of it when it is another, else that it was told again.
    fn told(&self, number: usize, is_other: bool) -> Option<Told> {
        match number.checked_sub(1) {
            None => {
                let parts = is_other || !self.is_kept;
                self.file.accepted.as_ref().map(|version| file_told(version, parts))
            }
            Some(source) => {
                let asked = self.sources.get(source)?;
                let version = asked.strand.accepted.as_ref()?;
                Some(source_told(&asked.origin.source, version, is_other))
            }
        }
    }

    /// What is to be kept of the latest version.
    fn wanted(&self, number: usize) -> Option<Told> {
        match number.checked_sub(1) {
            None => self.file.latest.as_ref().map(|version| file_told(version, true)),
            Some(source) => {
                let asked = self.sources.get(source)?;
                Some(source_told(&asked.origin.source, asked.strand.latest.as_ref()?, true))
            }
        }
    }

    /// What is accepted, with the latest of one.
    fn trial(&self, bound: &Arc<People>, number: usize) -> People {
        let newest_of = number.checked_sub(1).and_then(|source| self.sources.get(source));
        let name = newest_of.map(|asked| asked.origin.source.as_str());
        self.merged(
            bound,
            |file| if number == 0 { file.latest.as_ref() } else { file.accepted.as_ref() },
            |strand| {
                if name == Some(strand.name.as_str()) {
                    strand.latest.as_ref()
                } else {
                    strand.accepted.as_ref()
                }
            },
        )
    }

    fn merged(
        &self,
        bound: &Arc<People>,
        file: impl Fn(&Strand<People>) -> Option<&Version<People>>,
        of: impl Fn(&Strand<Vec<directory::Told>>) -> Option<&Version<Vec<directory::Told>>>,
    ) -> People {
        let base =
            file(&self.file).map_or_else(|| self.directory.people(), |version| Arc::clone(&version.told));
        if self.sources.is_empty() {
            return People::clone(&base);
        }
        let layers: Vec<Layer> = self
            .sources
            .iter()
            .map(|asked| {
                let version = of(&asked.strand);
                let as_of = version.map(|version| version.as_of);
                let origin = Origin { as_of, ..asked.origin.clone() };
                Layer { origin, told: version.map(|version| Arc::clone(&version.told)) }
            })
            .collect();
        directory::overlay(&base, &layers, kept::bound_account(bound), self.clock.wall())
    }
}
