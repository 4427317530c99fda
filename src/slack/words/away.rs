//! What people hear of being away, and of standing in for somebody.

use super::{NAME, WRITTEN, written};
use crate::engine::{AWAY_MOST, NotAway};
use crate::ids::PersonId;
use crate::policy::{Away, People};
use crate::slack::text::{date, inline, list, name};

/// Somebody is away from now on. `zone_known` says whether the time was read by their own clock.
#[must_use]
pub fn away_set(command: &str, people: &People, away: &Away, zone_known: bool, told: bool) -> String {
    let instead = match &away.delegate {
        Some(delegate) => {
            let delegate = inline(&name(people, delegate), NAME);
            let told = if told { "I tell them" } else { "they have no Slack account that I know, so tell them" };
            format!(
                "Where you would be asked to approve, {delegate} is asked for you; {told}. You may still decide yourself."
            )
        }
        None => "Nobody is asked to approve in your place: what only you could decide goes to the fallback. You may still \
                 decide yourself."
            .to_owned(),
    };
    let zone =
        if zone_known { "" } else { " Slack did not tell me your time zone, so I read the time as UTC." };
    format!(
        ":palm_tree: You are away until *{}*.{zone} {instead} Back earlier: `{} away off`.",
        date(away.until),
        inline(command, 40)
    )
}

/// The reader is away.
#[must_use]
pub fn away_now(people: &People, away: &Away) -> String {
    let to = match &away.delegate {
        Some(delegate) => format!("{} is asked for you", inline(&name(people, delegate), NAME)),
        None => "nobody is asked in your place".to_owned(),
    };
    let because = away.because.as_ref().map(|why| format!(" ({})", written(why, WRITTEN)));
    format!(":palm_tree: You are away until *{}*{}; {to}.", date(away.until), because.unwrap_or_default())
}

/// On the button that ends it. Plain.
pub const BACK: &str = "I am back";
/// The same, aloud. Plain.
pub const BACK_SPOKEN: &str = "I am back: I am asked again where I approve";

/// What holds: whether they are away, and for whom they stand in.
#[must_use]
pub fn away_shown(
    command: &str,
    people: &People,
    own: Option<&Away>,
    stands_in: &[(&PersonId, &Away)],
) -> String {
    let jit = inline(command, 40);
    let own = match own {
        None => format!(
            "You are not away. To be: `{jit} away until fri 18:00 to @ben because of the holidays`; without `to`, nobody \
             stands in for you."
        ),
        Some(away) => format!("{} Back earlier: `{jit} away off`.", away_now(people, away)),
    };
    if stands_in.is_empty() {
        return own;
    }
    let all: Vec<String> = stands_in
        .iter()
        .map(|(id, away)| format!("{} until {}", inline(&name(people, id), NAME), date(away.until)))
        .collect();
    format!("{own}\nYou are asked in the place of {}.", list(&all, 10))
}

/// They are back before their time.
#[must_use]
pub fn away_off(was: Option<&Away>) -> String {
    match was {
        Some(_) => "Welcome back: you are asked again where you approve.".to_owned(),
        None => "You were not away, so nothing was changed.".to_owned(),
    }
}

/// Why they can't be away like that.
#[must_use]
pub fn away_refused(why: &NotAway) -> String {
    let why = match why {
        NotAway::NotHere => "you are not in the directory, or have left it".to_owned(),
        NotAway::Past => "that is over".to_owned(),
        NotAway::TooLong => format!("nobody is away for more than {} in one go", AWAY_MOST.words()),
        NotAway::OwnDelegate => "nobody stands in for themselves; leave `to` out".to_owned(),
        NotAway::DelegateNotHere => "whom you named is not in the directory, or has left".to_owned(),
        NotAway::DelegateAway { until } => {
            format!("whom you named is away too, until {}; name somebody else", date(*until))
        }
        NotAway::DelegateNoApprover => {
            "whom you named approves nothing themselves, so they can't in your place; name another approver"
                .to_owned()
        }
    };
    format!("Not possible, and nothing was changed: {why}.")
}

/// No moment was understood.
#[must_use]
pub fn away_until_when(command: &str, typed: &str) -> String {
    let jit = inline(command, 40);
    let typed = if typed.is_empty() {
        "I do not see until when.".to_owned()
    } else {
        format!("I do not understand until when: “{}”.", inline(typed, 60))
    };
    format!("{typed} For example: `{jit} away until fri 18:00 to @ben`, `{jit} away until 2026-12-01 09:00`.")
}

/// Who is asked in somebody's place hears of it.
#[must_use]
pub fn stands_in(absent: &str, away: &Away) -> String {
    let because = away.because.as_ref().map(|why| format!(": {}", written(why, WRITTEN))).unwrap_or_default();
    format!(
        "{} is away until *{}*{because}. Where they would be asked to approve, you are asked for them until then; each of \
         your decisions says so.",
        inline(absent, NAME),
        date(away.until)
    )
}

/// Who was asked in somebody's place is not any more.
#[must_use]
pub fn stands_in_no_more(absent: &str) -> String {
    format!("You are not asked in the place of {} any more.", inline(absent, NAME))
}
