//! B1, of it the engine: what its thread needs for what people decide when many of them wait together, and nothing
//! else goes on.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jitney::engine::{Answers, Command, Core, Input, Verb};
use jitney::ids::{DedupeKey, RequestId};
use jitney::lifecycle::{Actor, Answer};
use jitney::time::Span;

use super::bare::Bare;
use super::company::{asker, manager};
use super::figures::{Figure, Unit};
use super::folder::Folder;
use super::load::IN_FLIGHT;
use super::null::{self, NullTarget};
use super::parts::Bench;
use super::room;
use super::stock::{actor, ask};

/// Rounds, in each of which other people ask.
const ROUNDS: u64 = 100;

pub(crate) fn run(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let rounds = if bench.arguments.quick { 4 } else { ROUNDS };
    let folder = Folder::new("clicks")?;
    let ceiling = Bare::new(folder.path(), &bench.bodies)?
        .ceiling(IN_FLIGHT.into(), Duration::from_secs(if bench.arguments.quick { 1 } else { 3 }))?;
    let mut engine = Engine::start(&folder.join("jitney.db"), rounds)?;
    let (mut asks, mut approvals, mut denials) = Default::default();
    for round in 0..rounds {
        let askers: Vec<u64> = (round * u64::from(IN_FLIGHT)..(round + 1) * u64::from(IN_FLIGHT)).collect();
        let wanted = askers.iter().map(|n| Ok((actor(asker(*n)?), Verb::Ask(ask(Span::hours(1))?))));
        let answers = engine.decide(wanted.collect::<anyhow::Result<_>>()?, &mut asks)?;
        let asked = answers.into_iter().zip(askers).map(|(answer, asker)| match answer? {
            Answer::Submitted { request, .. } => Ok((request, actor(manager(asker)?))),
            other => anyhow::bail!("not taken: {other:?}"),
        });
        let asked = asked.collect::<anyhow::Result<Vec<(RequestId, Actor)>>>()?;
        let half = |from: usize| asked.iter().skip(from).step_by(2).cloned();
        let approve = half(0).map(|(request, by)| (by, Verb::Approve { request, at_most: None }));
        engine.decide(approve.collect(), &mut approvals)?;
        let reason = "the figures are being closed".to_owned();
        let deny = half(1).map(|(request, by)| (by, Verb::Deny { request, reason: reason.clone() }));
        engine.decide(deny.collect(), &mut denials)?;
    }
    let figure = |what: &str, many: u32, spent: Duration, of: u64| {
        let name = format!("- of it the engine: {what}, {many} in one commit; limit: a bare durable fact");
        #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
        Figure::new(name, spent.as_micros() as f64 / of as f64, Unit::Micros).beside(1e6 / ceiling)
    };
    let all = rounds * u64::from(IN_FLIGHT);
    Ok(vec![
        figure("a request", IN_FLIGHT, asks, all),
        figure("an approval", IN_FLIGHT / 2, approvals, all / 2),
        figure("a denial", IN_FLIGHT / 2, denials, all / 2),
    ])
}

/// An engine without its thread, and how many commands it was given.
struct Engine {
    core: Core,
    given: u64,
}

impl Engine {
    fn start(database: &Path, rounds: u64) -> anyhow::Result<Self> {
        let targets = Arc::new(null::targets(NullTarget::default())?);
        let parts = room::parts(database, targets, rounds * u64::from(IN_FLIGHT))?;
        Ok(Self { core: Core::new(parts)?, given: 0 })
    }

    /// Decides and commits all of it together; adds how long that took.
    fn decide(&mut self, wanted: Vec<(Actor, Verb)>, spent: &mut Duration) -> anyhow::Result<Answers> {
        let inputs = wanted.into_iter().map(|(by, verb)| {
            self.given += 1;
            let key = DedupeKey::new(&format!("clicks/{}", self.given))?;
            Ok(Input::Command(Box::new(Command { key: Some(key), by, verb })))
        });
        let inputs = inputs.collect::<anyhow::Result<Vec<_>>>()?;
        let began = Instant::now();
        let answers = self.core.run(inputs)?;
        *spent += began.elapsed();
        for answer in &answers {
            anyhow::ensure!(!matches!(answer, Err(_) | Ok(Answer::Refused(_))), "not taken: {answer:?}");
        }
        Ok(answers)
    }
}
