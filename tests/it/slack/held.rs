//! What the security channel is told of changes of people that are held.

use jitney::engine::{Held, HeldNotice, HeldOver};
use jitney::playground::slack::check_message;
use jitney::policy::People;
use jitney::slack::text::cut;
use jitney::slack::views::{Rendered, people_held};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value;

use super::escaping::{check_texts, evil};
use super::people::{at, everybody};
use super::views::picture;

fn held(left: usize, lose: usize, sources: &[&str]) -> Held {
    let sources = sources.iter().map(|source| (*source).to_owned()).collect();
    Held { id: "3f9c2a117be0".to_owned(), sources, left, lose, of: 46, since: at(0) }
}

/// With Dana and Erin as operators; Erin has no Slack account.
fn operated() -> People {
    let mut all: Vec<_> = everybody().iter().cloned().collect();
    for person in &mut all {
        let is_operator = ["Dana", "Erin"].contains(&person.name.as_str());
        person.operator_login = is_operator.then(|| person.name.to_lowercase());
    }
    People::new(all, at(0), jitney::time::Span::hours(1))
}

/// Each thing that it says.
pub(super) fn notices() -> Vec<(&'static str, Rendered)> {
    let notice = |held, over| HeldNotice { held, message: None, over };
    let accepted = HeldOver::Accepted { by: "Dana".to_owned() };
    [
        ("people who would leave", notice(held(41, 0, &["file"]), None), operated()),
        ("people who would lose a role", notice(held(0, 23, &["hr"]), None), operated()),
        ("both, and nobody is an operator", notice(held(12, 23, &["file", "hr"]), None), everybody()),
        ("accepted", notice(held(41, 0, &["file"]), Some(accepted)), operated()),
        ("no longer told", notice(held(12, 23, &["file", "hr"]), Some(HeldOver::Dropped)), operated()),
    ]
    .map(|(name, notice, people)| (name, people_held(&notice, &people)))
    .into()
}

#[test]
fn security_is_told_what_is_held_who_may_accept_it_and_what_became_of_it() {
    let pictures = notices().into_iter();
    let pictures = pictures.map(|(name, rendered)| format!("== {name}\n{}\n", picture(Some(rendered))));
    insta::assert_snapshot!(pictures.collect::<String>());
}

#[test]
fn it_fits_and_is_no_markup_whatever_a_source_or_a_person_is_called() {
    for seed in 0..40 {
        let evil = evil(&mut StdRng::seed_from_u64(9000 + seed)).repeat(20);
        let mut held = held(usize::MAX, usize::MAX, &[]);
        held.id = cut(&evil, 500);
        held.sources = vec![evil.clone(); 30];
        for over in [None, Some(HeldOver::Dropped), Some(HeldOver::Accepted { by: evil.clone() })] {
            let rendered = people_held(&HeldNotice { held: held.clone(), message: None, over }, &operated());
            let blocks = Value::from(rendered.blocks);
            assert_eq!(check_message(&blocks), vec![], "seed {seed}");
            check_texts(&blocks, &format!("seed {seed}"));
        }
    }
}
