//! B9: decisions over a large catalogue and a large company, held against a tenth of both.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use jitney::ids::{PersonId, RoleRef};
use jitney::policy::{self, Ask, AskMode, Employment, People, Person, PolicySet, SourceFile};
use jitney::targets::Targets;
use jitney::time::{Span, Timestamp};

use super::figures::{Aim, Figure, Unit};
use super::null::{self, NullTarget};
use super::parts::Bench;
use super::replays;
use super::spread::Spread;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const ROLES: usize = 10_000;
const PEOPLE: usize = 100_000;
/// Of one app.
const ROLES_PER_APP: usize = 100;
const DECISIONS: usize = 1000;
const DEPARTMENTS: [&str; 5] = ["Finance", "Engineering", "Sales", "Law", "People"];

/// What one size of catalogue and company takes, in microseconds.
struct Taken {
    parse: f64,
    lint: f64,
    decisions: f64,
    who: f64,
    catalogue: f64,
}

pub(crate) fn run(bench: &Bench) -> anyhow::Result<Vec<Figure>> {
    let (rounds, shrink) = if bench.arguments.quick { (3, 10) } else { (15, 1) };
    let (roles, people) = (ROLES / shrink, PEOPLE / shrink);
    let tenth = measure(roles / 10, people / 10, rounds)?;
    let whole = measure(roles, people, rounds)?;
    let size = format!("{roles} roles, {people} people");
    Ok(vec![
        Figure::new(format!("parse and check {roles} roles"), whole.parse, Unit::Micros)
            .beside(tenth.parse * 10.0)
            .aims(Aim::RatioMost(1.5)),
        Figure::new(format!("look for what is hardly meant, {size}"), whole.lint, Unit::Micros)
            .beside(tenth.lint * 100.0)
            .aims(Aim::RatioMost(1.5)),
        Figure::new(format!("{DECISIONS} decisions, {size}"), whole.decisions, Unit::Micros)
            .beside(tenth.decisions)
            .aims(Aim::RatioMost(1.5)),
        Figure::new(format!("who may ask for one role, {size}"), whole.who, Unit::Micros)
            .beside(tenth.who * 10.0)
            .aims(Aim::RatioMost(1.5)),
        Figure::new(format!("one person's catalogue, {size}"), whole.catalogue, Unit::Micros)
            .beside(tenth.catalogue * 10.0)
            .aims(Aim::RatioMost(1.5)),
        replays::run(bench)?,
    ])
}

fn measure(roles: usize, people: usize, rounds: usize) -> anyhow::Result<Taken> {
    let targets = null::targets(NullTarget::default())?;
    let files = files(roles);
    let directory = People::new(company(people)?, NOW, Span::days(1));
    let policies = parse(&files, &targets)?;
    let median = |what: &mut dyn FnMut() -> anyhow::Result<()>| -> anyhow::Result<f64> {
        let mut taken = Vec::new();
        for _ in 0..rounds {
            let began = Instant::now();
            what()?;
            taken.push(began.elapsed());
        }
        Ok(Spread::of_durations(taken).median())
    };
    let asks: Vec<(PersonId, Ask)> =
        (0..DECISIONS).map(|number| ask(number, roles, people)).collect::<anyhow::Result<_>>()?;
    let one: RoleRef = role_name(roles / 2).parse()?;
    let somebody = asker(people / 2)?;
    Ok(Taken {
        parse: median(&mut || {
            black_box(parse(&files, &targets)?);
            Ok(())
        })?,
        lint: once(&mut || {
            black_box(policy::lint(&policies, &directory));
        }),
        decisions: median(&mut || {
            for (who, ask) in &asks {
                black_box(policy::may_ask(&policies, &directory, who, ask, AskMode::New, &[], NOW));
            }
            Ok(())
        })?,
        who: median(&mut || {
            black_box(policy::who_may_ask(&policies, &directory, &one));
            Ok(())
        })?,
        catalogue: median(&mut || {
            black_box(policy::search(&policies, &directory, &somebody, &[], "", 100));
            Ok(())
        })?,
    })
}

/// In microseconds, of what takes long.
fn once(what: &mut dyn FnMut()) -> f64 {
    let began = Instant::now();
    what();
    Spread::of_durations([began.elapsed()]).median()
}

fn parse(files: &[SourceFile], targets: &Targets) -> anyhow::Result<PolicySet> {
    policy::parse(files, targets).map_err(|issues| {
        anyhow::anyhow!("{}", issues.iter().take(3).map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

fn department(number: usize) -> &'static str {
    DEPARTMENTS.get(number % DEPARTMENTS.len()).copied().unwrap_or_default()
}

fn role_name(number: usize) -> String {
    format!("app{}/role{}", number / ROLES_PER_APP, number % ROLES_PER_APP)
}

fn files(roles: usize) -> Vec<SourceFile> {
    let tiers = "[tiers.manager]\nname = \"The manager agrees\"\nauto_under = \"30m\"\n\n[[tiers.manager.stages]]\napprovers = [\"manager\"]\nfallback = [\"owners\"]\n";
    let mut files = vec![SourceFile { name: "policies/tiers.toml".to_owned(), text: tiers.to_owned() }];
    for app in 0..roles.div_ceil(ROLES_PER_APP) {
        let mut text =
            format!("[app]\nname = \"App {app}\"\nowners = [\"p0@example.com\"]\nlayer = \"application\"\n");
        for role in 0..ROLES_PER_APP.min(roles - app * ROLES_PER_APP) {
            let department = department(app + role);
            // Writing to a string can't fail.
            let _ = write!(
                text,
                "\n[roles.role{role}]\nname = \"Role {role}\"\ngives = \"Part {role} of app {app}\"\nrisk = \"low\"\ndefault_duration = \"1h\"\nmax_duration = \"8h\"\ntier = \"manager\"\neligible = [{{ employment = [\"employee\"], department = [\"{department}\"] }}, {{ group = [\"g{role}\"] }}]\nnever = [{{ employment = [\"contractor\"] }}]\n\n[[roles.role{role}.steps]]\ntarget = \"{}\"\n",
                null::NAME
            );
        }
        files.push(SourceFile { name: format!("policies/app{app}.toml"), text });
    }
    files
}

fn asker(number: usize) -> anyhow::Result<PersonId> {
    Ok(PersonId::new(&format!("p{number}@example.com"))?)
}

fn company(people: usize) -> anyhow::Result<Vec<Person>> {
    (0..people)
        .map(|number| {
            Ok(Person {
                id: asker(number)?,
                name: format!("Person {number}"),
                employment: if number % 7 == 0 { Employment::Contractor } else { Employment::Employee },
                department: department(number).to_owned(),
                location: "Lisbon".to_owned(),
                manager: Some(asker(number / 100)?),
                groups: [format!("g{}", number % 1000).parse()?].into(),
                active: true,
                slack: None,
                operator_login: None,
                title: String::new(),
                doubts: None,
            })
        })
        .collect()
}

fn ask(number: usize, roles: usize, people: usize) -> anyhow::Result<(PersonId, Ask)> {
    let ask = Ask {
        role: role_name(number * 7919 % roles).parse()?,
        duration: Span::mins(60),
        starts_at: None,
        justification: "month end: invoice 4711 is wrong".to_owned(),
        ticket: None,
        fields: Default::default(),
    };
    Ok((asker(number * 104_729 % people)?, ask))
}
