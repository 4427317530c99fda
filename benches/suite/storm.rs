//! B4: many grants end at once, among many that don't. How late is each handed to its target, and how late is its
//! verified end on the disk?

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use jitney::time::{Clock as _, Span, SystemClock, Timestamp};

use super::bare::Bare;
use super::company::PEOPLE;
use super::figures::{Aim, Figure, Unit};
use super::folder::Folder;
use super::null::Moments;
use super::parts::Bench;
use super::room::{self, Room};
use super::spread::Spread;
use super::stock::Copy;

/// From before the rows are written to their ends, for one grant more: the engine has started by then.
const AHEAD: Span = Span::secs(3);
const AHEAD_EACH: Span = Span::millis(1);
/// A storm that takes longer than this is not worth waiting for.
const LONGEST: Duration = Duration::from_secs(120);

pub(crate) fn run(bench: &Bench, stored: u64) -> anyhow::Result<Vec<Figure>> {
    let grants: u64 = if bench.arguments.quick { 500 } else { 10_000 };
    let mut figures = Vec::new();
    let copy = bench.copy(stored)?;
    for (name, length) in [("in one second", Span::secs(1)), ("at one instant", Span::ZERO)] {
        let bare = bare_storm(bench, stored, grants, length)?;
        let ours = storm_in_time(bench, &copy, grants, length)?;
        for (what, ours, bare) in [
            ("due -> target asked", &ours.handed, &bare.handed),
            ("due -> revoked, verified, durable", &ours.durable, &bare.durable),
        ] {
            let about = format!("{grants} {name}, {stored} stored: {what}");
            figures.push(
                Figure::new(format!("{about}, p50"), ours.median(), Unit::Micros).beside(bare.median()),
            );
            figures.push(
                Figure::new(format!("{about}, p99"), ours.p99(), Unit::Micros)
                    .beside(bare.p99())
                    .aims(Aim::RatioMost(2.0)),
            );
            figures.push(
                Figure::new(format!("{about}, worst"), ours.worst(), Unit::Micros).beside(bare.worst()),
            );
        }
    }
    Ok(figures)
}

/// How late, in microseconds.
struct Late {
    handed: Spread,
    durable: Spread,
}

/// When each of them ends.
fn ends(grants: u64, length: Span, slower: u64) -> Vec<Timestamp> {
    let begin = SystemClock::new().wall() + AHEAD.times(slower) + AHEAD_EACH.times(grants * slower);
    (0..grants).map(|number| begin + Span::millis(number * length.as_millis() / grants)).collect()
}

fn bare_storm(bench: &Bench, stored: u64, grants: u64, length: Span) -> anyhow::Result<Late> {
    let folder = Folder::new("bare-storm")?;
    let bare = Bare::new(folder.path(), &bench.bodies)?;
    bare.store(stored)?;
    let ends = ends(grants, length, 1);
    bare.add(stored, &ends.iter().map(|end| end.millis()).collect::<Vec<_>>())?;
    let (handed, durable) = bare.storm(usize::try_from(grants)?)?;
    let due: BTreeMap<i64, i64> =
        (stored.cast_signed()..).zip(&ends).map(|(id, end)| (id, end.millis() * 1000)).collect();
    Ok(Late { handed: lateness(&due, handed)?, durable: lateness(&due, durable)? })
}

/// A machine that is busy may write the rows so slowly that their time has come before: then with more time ahead.
fn storm_in_time(bench: &Bench, copy: &Copy, grants: u64, length: Span) -> anyhow::Result<Late> {
    for slower in [1, 3, 9] {
        if let Some(late) = storm(bench, copy, ends(grants, length, slower))? {
            return Ok(late);
        }
    }
    anyhow::bail!("the machine is too slow: the storm had begun before the engine started")
}

/// None when it had begun before the engine started.
fn storm(bench: &Bench, copy: &Copy, ends: Vec<Timestamp>) -> anyhow::Result<Option<Late>> {
    let first = copy.add(&bench.template, &ends)?;
    let due: BTreeMap<i64, i64> =
        (first.cast_signed()..).zip(&ends).map(|(id, end)| (id, end.millis() * 1000)).collect();
    if ends.first().is_none_or(|end| *end <= SystemClock::new().wall()) {
        copy.calm(first)?;
        return Ok(None);
    }
    room::runtime()?.block_on(async {
        let room = Room::start(&copy.database(), PEOPLE)?;
        let began = Instant::now();
        while count(&room.desk.gone) < ends.len() {
            anyhow::ensure!(began.elapsed() < LONGEST, "only {} were revoked", count(&room.desk.gone));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let late = Late {
            handed: lateness(&due, moments(&room.revoked))?,
            durable: lateness(&due, moments(&room.desk.gone))?,
        };
        room.stop().await?;
        copy.calm(first)?;
        Ok(Some(late))
    })
}

fn count(moments: &Moments) -> usize {
    moments.lock().unwrap_or_else(PoisonError::into_inner).len()
}

fn moments(moments: &Moments) -> BTreeMap<i64, i64> {
    let moments = moments.lock().unwrap_or_else(PoisonError::into_inner);
    moments.iter().map(|(id, at)| (id.cast_signed(), *at)).collect()
}

/// From due to then. None may be early, and none may be missing.
fn lateness(due: &BTreeMap<i64, i64>, then: BTreeMap<i64, i64>) -> anyhow::Result<Spread> {
    let mut late = Vec::with_capacity(due.len());
    for (id, due) in due {
        let at = then.get(id).ok_or_else(|| anyhow::anyhow!("grant {id} was skipped"))?;
        anyhow::ensure!(at >= due, "grant {id} was ended {} us early", due - at);
        #[allow(clippy::cast_precision_loss, reason = "minutes at most")]
        late.push((at - due) as f64);
    }
    Ok(Spread::of(late))
}
