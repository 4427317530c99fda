//! `jitney people`: who there is, where each fact comes from and how old it is; and what is held.

use clap::{Args, Subcommand};
use rand::random;
use serde_json::{Value, json};

use super::out::{Out, columns, one_line};
use super::{ConfigArg, Exit, wiring, words};
use crate::admin::{self, Call, Operation, Reply};
use crate::config::Environment;
use crate::engine::Held;
use crate::ids::{DedupeKey, PersonId};
use crate::lifecycle::Answer;
use crate::policy::{Fact, People, Person};
use crate::time::{Clock, SystemClock, Timestamp};

const EXAMPLES: &str = "\
Examples:
  jitney people list --department Finance
  jitney people show ann@example.com
  jitney people held
  jitney people accept 3f9c2a117be0

Exit codes: 0 fine, 1 a problem was found (`held`: something is held), 2 the command line was wrong, 3 no running server.";

/// How many people are listed when nobody says.
const USUAL_LIMIT: usize = 50;

/// List and show people with the source and the age of each fact; accept a change that is held
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum PeopleCommand {
    /// List people; reads files and the database, so it works without a server
    List(ListArgs),
    /// Show a person: each fact with its source, its age and its limit, and which Slack account acts for them
    Show(ShowArgs),
    /// Tell which change of people is held, and what it would take
    Held(HeldArgs),
    /// Take the change of people that is held, once you have looked at it
    Accept(AcceptArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only whose id or name holds this
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// Only of this department
    #[arg(long, value_name = "NAME")]
    department: Option<String>,
    /// Only members of this group
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Those who have left, too
    #[arg(long)]
    all: bool,
    /// At most so many; --json lists all
    #[arg(long, value_name = "N", default_value_t = USUAL_LIMIT)]
    limit: usize,
    #[command(flatten)]
    asking: AskingArgs,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Whom, by their id in the directory
    #[arg(value_name = "WHO")]
    who: PersonId,
    #[command(flatten)]
    asking: AskingArgs,
}

#[derive(Debug, Args)]
pub(super) struct HeldArgs {
    #[command(flatten)]
    asking: AskingArgs,
}

#[derive(Debug, Args)]
pub(super) struct AcceptArgs {
    /// Which change, as `jitney people held` names it
    #[arg(value_name = "HELD")]
    held: String,
    #[command(flatten)]
    asking: AskingArgs,
}

#[derive(Debug, Args)]
struct AskingArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: PeopleCommand, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    match command {
        PeopleCommand::List(args) => list(&args, environment, out),
        PeopleCommand::Show(args) => show(&args, environment, out),
        PeopleCommand::Held(args) => held(&args, environment, out),
        PeopleCommand::Accept(args) => accept(args, environment, out),
    }
}

fn list(args: &ListArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let config = args.asking.config.load(environment)?;
    let now = SystemClock::new().wall();
    let people = wiring::people(&config, now)?;
    let found: Vec<&Person> = people.iter().filter(|person| fits(args, person)).collect();
    if args.asking.json {
        out.json(&found)?;
        return Ok(Exit::Fine);
    }
    if found.is_empty() {
        out.line(words::NOBODY_LIKE_THAT)?;
        return Ok(Exit::Fine);
    }
    let row = |person: &&Person| {
        let doubt = if person.doubts.is_some() { words::IN_DOUBT } else { "" };
        [
            person.id.to_string(),
            one_line(&person.name),
            person.employment.as_str().to_owned(),
            one_line(&person.department),
            person.manager.as_ref().map(ToString::to_string).unwrap_or_default(),
            if person.active { doubt.to_owned() } else { words::LEFT.to_owned() },
        ]
    };
    let rows: Vec<_> = found.iter().take(args.limit).map(row).collect();
    out.line(columns(["WHO", "NAME", "EMPLOYMENT", "DEPARTMENT", "MANAGER", ""], &rows))?;
    if let Some(left_out) = words::left_out(found.len(), args.limit) {
        out.line(left_out)?;
    }
    Ok(Exit::Fine)
}

fn fits(args: &ListArgs, person: &Person) -> bool {
    let lower = |text: &str| text.trim().to_lowercase();
    let holds = |text: &String| {
        let text = lower(text);
        person.id.as_str().contains(&text) || lower(&person.name).contains(&text)
    };
    (args.all || person.active)
        && args.text.as_ref().is_none_or(holds)
        && args.department.as_ref().is_none_or(|wanted| lower(wanted) == lower(&person.department))
        && args.group.as_ref().is_none_or(|wanted| person.groups.iter().any(|group| group.as_str() == wanted))
}

fn show(args: &ShowArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let config = args.asking.config.load(environment)?;
    let now = SystemClock::new().wall();
    let people = wiring::people(&config, now)?;
    let Some(person) = people.get(&args.who) else {
        anyhow::bail!(words::no_such_person(&args.who));
    };
    let facts = facts(&people, person);
    if args.asking.json {
        let facts: Vec<Value> = facts
            .iter()
            .map(|fact| {
                json!({
                    "fact": fact.name, "value": fact.value, "source": fact.source, "as_of": fact.as_of,
                    "max_age": fact.max_age, "doubt": fact.doubt,
                })
            })
            .collect();
        out.json(&json!({
            "person": person, "bound": people.is_bound(&person.id), "facts": facts,
            "stale": people.is_stale(now),
        }))?;
        return Ok(Exit::Fine);
    }
    out.line(format!("{}  {}", person.id, one_line(&person.name)))?;
    let rows: Vec<_> = facts
        .iter()
        .map(|fact| {
            let age = fact.as_of.map_or_else(|| words::NEVER_TOLD.to_owned(), |as_of| words::age(as_of, now));
            [
                fact.name.to_owned(),
                one_line(&fact.value),
                fact.source.to_owned(),
                age,
                fact.max_age.words(),
                fact.doubt.map(one_line).unwrap_or_default(),
            ]
        })
        .collect();
    out.line(columns(["FACT", "VALUE", "SOURCE", "AGE", "LIMIT", ""], &rows))?;
    out.line(words::account(person, people.is_bound(&person.id)))?;
    if people.is_stale(now) {
        out.line(words::people_too_old(&people, now))?;
    }
    Ok(Exit::Fine)
}

/// One fact of a person.
struct Shown<'p> {
    name: &'static str,
    value: String,
    source: &'p str,
    as_of: Option<Timestamp>,
    max_age: crate::time::Span,
    doubt: Option<&'p str>,
}

fn facts<'p>(people: &'p People, person: &'p Person) -> Vec<Shown<'p>> {
    let of_file = |name, value| Shown {
        name,
        value,
        source: crate::sync::PEOPLE_FILE,
        as_of: Some(people.as_of()),
        max_age: people.max_age(),
        doubt: None,
    };
    let groups = |fact| {
        let groups = person.groups.iter().filter(|group| Fact::of_group(group) == fact);
        groups.map(|group| group.as_str()).collect::<Vec<_>>().join(", ")
    };
    let mut shown = vec![of_file("employment", person.employment.as_str().to_owned())];
    for fact in Fact::ALL {
        let value = match fact {
            Fact::Active => if person.active { "yes" } else { "no" }.to_owned(),
            Fact::Department => person.department.clone(),
            Fact::Title => person.title.clone(),
            Fact::Location => person.location.clone(),
            Fact::Manager => person.manager.as_ref().map(ToString::to_string).unwrap_or_default(),
            Fact::Groups | Fact::UserGroups => groups(fact),
        };
        let origin = people.origins().iter().find(|origin| origin.gives.contains(&fact));
        let one = of_file(fact.as_str(), value);
        shown.push(match origin {
            Some(origin) => Shown {
                source: &origin.source,
                as_of: origin.as_of,
                max_age: origin.max_age,
                doubt: person.doubt(fact),
                ..one
            },
            None => one,
        });
    }
    shown
}

fn held(args: &HeldArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    let held: Option<Held> = match call(Operation::Status, &args.asking, environment)? {
        Reply::Status(status) => status.held,
        Reply::Answer(answer) => anyhow::bail!(words::answer(&answer)),
        Reply::Failed(why) => anyhow::bail!(why),
    };
    if args.asking.json {
        out.json(&held)?;
    } else {
        out.line(held.as_ref().map_or_else(|| words::NOTHING_HELD.to_owned(), words::held))?;
    }
    Ok(if held.is_some() { Exit::Problem } else { Exit::Fine })
}

fn accept(args: AcceptArgs, environment: &Environment, out: Out) -> anyhow::Result<Exit> {
    match call(Operation::AcceptPeople { held: args.held }, &args.asking, environment)? {
        Reply::Answer(answer) => {
            if args.asking.json {
                out.json(&answer)?;
            } else if answer == Answer::Noted {
                out.line(words::ACCEPTED)?;
            } else {
                out.line(words::answer(&answer))?;
            }
            Ok(if answer == Answer::Noted { Exit::Fine } else { Exit::Problem })
        }
        Reply::Status(_) => anyhow::bail!("the server answered something else"),
        Reply::Failed(why) => anyhow::bail!(why),
    }
}

fn call(operation: Operation, asking: &AskingArgs, environment: &Environment) -> anyhow::Result<Reply> {
    let config = asking.config.load(environment)?;
    let key = DedupeKey::new(&format!("cli-{:032x}", random::<u128>()))?;
    Ok(admin::call(&config.server.socket, &Call { key, operation })?)
}
