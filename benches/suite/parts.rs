//! The parts of a run, each between two looks at the disk.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};

use super::arguments::Arguments;
use super::figures::{self, Figure};
use super::folder::data;
use super::probe::Probe;
use super::stock::{Copy, Template};
use super::{acks, clicks, crash, decide, idle, lives, machine, restart, size, storm};

/// A part whose two probes disagree is run so often at most.
const TRIES: usize = 3;

/// What the parts work with.
pub(crate) struct Bench {
    pub(crate) arguments: Arguments,
    pub(crate) template: Template,
    /// A request's body, and an audit record's.
    pub(crate) bodies: (String, String),
    copies: RefCell<BTreeMap<u64, Rc<Copy>>>,
}

impl Bench {
    /// The copy of a stock that all parts share: a stock of a million is large.
    pub(crate) fn copy(&self, stored: u64) -> anyhow::Result<Rc<Copy>> {
        if let Some(copy) = self.copies.borrow().get(&stored) {
            return Ok(Rc::clone(copy));
        }
        let copy = Rc::new(Copy::of(&self.template, stored)?);
        self.copies.borrow_mut().insert(stored, Rc::clone(&copy));
        Ok(copy)
    }
}

/// Measures, and says for how many stored grants.
type Part = Box<dyn Fn(&Bench) -> anyhow::Result<Vec<Figure>>>;

/// A part that was run.
struct Done {
    name: &'static str,
    figures: Vec<Figure>,
    before: Probe,
    after: Probe,
    tries: usize,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let template = Template::make()?;
    let bodies = template.bodies();
    let bench = Bench { arguments: arguments.clone(), template, bodies, copies: RefCell::default() };
    let mut done = Vec::new();
    for (name, part) in parts(arguments) {
        if arguments.wants(name) {
            eprintln!("{name} …");
            done.push(steadily(&bench, name, &part)?);
        }
    }
    print(arguments, &done)
}

fn parts(arguments: &Arguments) -> Vec<(&'static str, Part)> {
    let mut parts: Vec<(&'static str, Part)> =
        vec![("B1", Box::new(acks::run)), ("B1", Box::new(clicks::run)), ("B3", Box::new(lives::run))];
    for stored in arguments.stocks() {
        parts.push(("B6", Box::new(move |bench| restart::run(bench, stored))));
    }
    parts.push(("B7", Box::new(crash::run)));
    parts.push(("B8", Box::new(|bench| idle::run(bench, 0))));
    for stored in arguments.stocks() {
        parts.push(("B8", Box::new(move |bench| idle::run(bench, stored))));
    }
    parts.push(("B9", Box::new(decide::run)));
    parts.push(("B12", Box::new(size::run)));
    // Last, since a storm leaves its grants behind, revoked.
    for stored in arguments.stocks() {
        parts.push(("B4", Box::new(move |bench| storm::run(bench, stored))));
    }
    parts
}

/// Runs a part until the disk was the same before and after it.
fn steadily(bench: &Bench, name: &'static str, part: &Part) -> anyhow::Result<Done> {
    let (folder, syncs) = (data()?, if bench.arguments.quick { 30 } else { 200 });
    let most = if bench.arguments.quick { 1 } else { TRIES };
    let mut tries = 1;
    loop {
        let before = Probe::take(&folder, syncs)?;
        let figures = part(bench)?;
        let after = Probe::take(&folder, syncs)?;
        if before.agrees_with(&after) || tries == most {
            return Ok(Done { name, figures, before, after, tries });
        }
        eprintln!("{name}: the disk was {} before and {} after; again", before.words(), after.words());
        tries += 1;
    }
}

fn print(arguments: &Arguments, done: &[Done]) -> anyhow::Result<()> {
    let machine = machine::lines(&data()?);
    let figures = || done.iter().flat_map(|one| one.figures.iter().map(|figure| (one.name, figure)));
    if arguments.json {
        let machine: serde_json::Map<String, Value> =
            machine.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        let probes: Vec<Value> = done
            .iter()
            .map(|one| {
                let (before, after) = (one.before.to_json(), one.after.to_json());
                json!({ "part": one.name, "before": before, "after": after, "tries": one.tries,
                    "steady": one.before.agrees_with(&one.after) })
            })
            .collect();
        let figures: Vec<Value> = figures().map(|(part, figure)| figure.to_json(part)).collect();
        let all = json!({ "machine": machine, "probes": probes, "figures": figures });
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    for (name, value) in machine {
        println!("{name}: {value}");
    }
    println!("fsync after 4 KiB appended, p50/p99, before -> after each part:");
    for one in done {
        let unsteady =
            if one.before.agrees_with(&one.after) { "" } else { "  UNSTEADY: not to be relied on" };
        println!(
            "  {}: {} -> {}, run {}{unsteady}",
            one.name,
            one.before.words(),
            one.after.words(),
            one.tries
        );
    }
    println!("\n{}", figures::table(figures()));
    Ok(())
}
