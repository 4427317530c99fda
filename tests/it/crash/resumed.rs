//! How long a new process takes from its start until it makes a call again that the killed one had under way. Read
//! off the logs; nothing fails by it.

use std::collections::BTreeSet;

use jitney::time::Timestamp;
use serde_json::Value;

use super::stage::Stage;

/// What one life's log says of the calls to targets.
#[derive(Default)]
struct Calls {
    /// When, and which.
    called: Vec<(Timestamp, String)>,
    settled: BTreeSet<String>,
}

pub(super) fn measured(stage: &Stage, began: &[Timestamp]) -> String {
    let mut under_way = BTreeSet::new();
    let mut waits = Vec::new();
    let (mut again, mut all) = (0, 0);
    for (life, began) in began.iter().enumerate() {
        let calls = read(&std::fs::read_to_string(stage.log(life)).unwrap());
        let resumed: Vec<_> = calls.called.iter().filter(|(_, effect)| under_way.contains(effect)).collect();
        if let Some((at, _)) = resumed.first() {
            waits.push(at.since(*began).as_millis());
        }
        again += resumed.len();
        all += calls.called.len();
        under_way.extend(calls.called.into_iter().map(|(_, effect)| effect));
        under_way.retain(|effect| !calls.settled.contains(effect));
    }
    waits.sort_unstable();
    let at = |share: usize| waits.get((waits.len() * share / 100).min(waits.len().saturating_sub(1)));
    format!(
        "calls to targets: {all}, of which {again} were made again after a kill\n\
         from exec to the first call made again: p50 {:?} ms, p99 {:?} ms, over {} starts",
        at(50),
        at(99),
        waits.len()
    )
}

fn read(log: &str) -> Calls {
    let mut calls = Calls::default();
    for line in log.lines() {
        let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
        let (Some(effect), Some(at)) = (line["effect"].as_str(), line["timestamp"].as_str()) else {
            continue;
        };
        match line["message"].as_str() {
            Some("a target is called") => {
                let at = at.parse::<jiff::Timestamp>().unwrap().as_millisecond();
                calls.called.push((Timestamp::from_millis(at), effect.to_owned()));
            }
            Some("a target answered" | "a target did not do it") => {
                calls.settled.insert(effect.to_owned());
            }
            Some(_) | None => {}
        }
    }
    calls
}
