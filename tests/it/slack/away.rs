//! Every sentence about being away.

use jitney::engine::NotAway;
use jitney::policy::Away;
use jitney::slack::words;

use super::people::{at, everybody, id};

fn away(delegate: Option<&str>, because: Option<&str>) -> Away {
    Away { since: at(0), until: at(600), delegate: delegate.map(id), because: because.map(str::to_owned) }
}

#[test]
fn what_is_said_of_being_away() {
    let people = everybody();
    let jit = "/jit";
    let hostile = Some("a <!channel> & *wedding*");
    let bob = id("bob");
    let said = [
        words::away_set(jit, &people, &away(None, None), true, false),
        words::away_set(jit, &people, &away(Some("bob"), None), true, true),
        words::away_set(jit, &people, &away(Some("bob"), None), false, false),
        words::away_shown(jit, &people, None, &[]),
        words::away_shown(jit, &people, Some(&away(None, hostile)), &[]),
        words::away_shown(jit, &people, Some(&away(Some("bob"), None)), &[(&bob, &away(Some("ann"), None))]),
        words::away_off(Some(&away(None, None))),
        words::away_off(None),
        words::away_until_when(jit, ""),
        words::away_until_when(jit, "the <cows> come home"),
        words::stands_in("Ann <x>", &away(Some("bob"), hostile)),
        words::stands_in("Ann", &away(Some("bob"), None)),
        words::stands_in_no_more("Ann <x>"),
    ];
    let refused = [
        NotAway::NotHere,
        NotAway::Past,
        NotAway::TooLong,
        NotAway::OwnDelegate,
        NotAway::DelegateNotHere,
        NotAway::DelegateAway { until: at(60) },
        NotAway::DelegateNoApprover,
    ];
    let refused = refused.iter().map(words::away_refused);
    let all: Vec<String> = said.into_iter().chain(refused).collect();
    insta::assert_snapshot!(all.join("\n"));
}
