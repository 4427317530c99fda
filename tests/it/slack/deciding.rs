//! Pictures of what those who decide see besides the request: what they should know, their questions, their copies.

use jitney::lifecycle::{Context, DirectCopy, DmKind, Past, Question, State, View, What};
use jitney::policy::{TicketFound, TicketLook, TicketSeen};
use jitney::slack::views::render;
use jitney::time::Span;

use super::people::{Story, at, everybody, id, pending};
use super::views::{Scene, TICKETS, denied, of, pictures};

#[test]
fn a_question_is_asked_in_the_thread_and_of_the_requester_and_answered_to_who_asked() {
    insta::assert_snapshot!(pictures(&questions()));
}

pub(super) fn questions() -> Vec<Scene> {
    let asked = |state| {
        Story::new(state)
            .asked(0)
            .with(|r| r.questions = vec![Question { by: id("bob"), answered_at: None }])
            .told("bob", 3, What::Questioned { question: 1, text: "Which <tables>, and why now?".to_owned() })
    };
    let answered = |state| {
        let text = "The ledger: the *close* is tonight.".to_owned();
        asked(state).told("ann", 5, What::Answered { question: 1, asked_by: id("bob"), text })
    };
    let dm = View::Dm { kind: DmKind::Question, number: 1 };
    let mut all = Vec::new();
    for view in [View::Question { number: 1 }, View::Answer { number: 1 }, dm] {
        all.extend(of(
            view,
            vec![
                ("asked", asked(pending(0))),
                ("answered", answered(pending(0))),
                ("decided without an answer", asked(denied()).posted(view)),
                ("decided before it was shown", asked(denied())),
                ("answered, and decided", answered(denied()).posted(view)),
            ],
        ));
    }
    all
}

#[test]
fn the_card_tells_what_approvers_should_know() {
    insta::assert_snapshot!(pictures(&known_cards()));
}

fn seen(ticket: &str) -> TicketLook {
    let seen = TicketSeen {
        summary: "Replica <lag> of *billing*".to_owned(),
        status: "In Progress".to_owned(),
        is_done: false,
        names_requester: true,
        is_access_ticket: false,
    };
    TicketLook { ticket: ticket.parse().unwrap(), as_of: at(0), found: TicketFound::Seen(seen) }
}

pub(super) fn known_cards() -> Vec<Scene> {
    let past = |times, ended_at| Past {
        times,
        given: Span::hours(6),
        held: Span::mins(130),
        released: 2,
        unseen: 1,
        ended_at,
        more: false,
    };
    let known = |context| Story::new(pending(0)).asked(0).knowing(context);
    let mut named = known(Context::default()).with(|r| {
        r.requester.manager = Some(id("carol"));
        r.ask.fields = [("schema".to_owned(), "ledger".to_owned())].into();
    });
    named.dossier.issue = None;
    of(
        View::Card,
        vec![
            (
                "three times before, two have it",
                known(Context {
                    role: past(3, Some(at(0))),
                    others: Past::default(),
                    holders: vec![id("bob"), id("dana")],
                    held_by: 2,
                    ticket: Some(seen("OPS-311")),
                }),
            ),
            (
                "another role still, many have it",
                known(Context {
                    role: Past::default(),
                    others: Past { released: 0, unseen: 0, more: true, ..past(50, None) },
                    holders: ["bob", "dana", "erin", "carol", "gone"].map(id).to_vec(),
                    held_by: 50,
                    ticket: Some(TicketLook { found: TicketFound::Unanswered, ..seen("OPS-311") }),
                }),
            ),
            ("a manager, and fields of the form", named),
        ],
    )
}

#[test]
fn copies_say_what_the_card_and_the_question_say() {
    insta::assert_snapshot!(pictures(&copies()));
    let both = copied(pending(0));
    let [first, second] =
        [1, 2].map(|number| render(&both.dossier, &everybody(), View::Copy { number }, TICKETS).unwrap());
    assert_eq!((first.text, first.blocks), (second.text, second.blocks));
    assert_ne!(first.channel, second.channel);
}

fn copied(state: State) -> Story {
    Story::new(state).asked(0).with(|r| {
        r.copies = ["bob", "carol"].map(|name| DirectCopy { stage: 0, to: id(name) }).into();
    })
}

pub(super) fn copies() -> Vec<Scene> {
    let second = View::Copy { number: 2 };
    of(
        second,
        vec![
            ("asked", copied(pending(0))),
            ("the next stage is asked", copied(pending(1)).asked(1).vote("bob", 0, 3).posted(second)),
            ("denied", copied(denied()).posted(second)),
            ("denied before it was shown", copied(denied())),
        ],
    )
}
