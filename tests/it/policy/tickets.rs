//! What stands against a ticket that was named, by what was seen of it.

use jitney::policy::{
    Ask, AskMode, PolicySet, ReasonCode, TicketFound, TicketLook, TicketOf, TicketRule, TicketSeen,
    ticket_against,
};

use super::NOW;
use super::fixture::{ask, extension, role, set};

fn seen(is_done: bool, names_requester: bool, is_access_ticket: bool) -> TicketFound {
    let (summary, status) = ("Import fails".to_owned(), "In Progress".to_owned());
    TicketFound::Seen(TicketSeen { summary, status, is_done, names_requester, is_access_ticket })
}

fn policies(rule: TicketRule, of: TicketOf) -> PolicySet {
    let mut policies = set();
    let at = role("billing/write");
    let app = policies.apps.get_mut(&at.app).unwrap();
    let role = app.roles.get_mut(&at.role).unwrap();
    (role.ticket, role.ticket_of) = (rule, of);
    policies
}

/// What was found; what is said of it for a ticket that is demanded, one that need not be named, anybody's, and a
/// break-glass. Nothing is said of a good one.
#[test]
fn a_ticket_is_there_open_the_requesters_and_none_of_ours() {
    let rows = [
        (seen(false, true, false), "", "", "", ""),
        (seen(true, true, false), "is over: In Progress", "is over", "is over", ""),
        (seen(false, false, false), "somebody else's", "somebody else's", "", ""),
        (seen(true, false, true), "Jitney keeps", "Jitney keeps", "Jitney keeps", "Jitney keeps"),
        (
            TicketFound::Missing,
            "there is no ticket",
            "there is no ticket",
            "there is no ticket",
            "there is no ticket",
        ),
        (TicketFound::Unanswered, "Jira did not answer", "", "", ""),
    ];
    for (found, required, optional, anyones, glass) in rows {
        let look = TicketLook { ticket: "OPS-311".parse().unwrap(), as_of: NOW, found };
        for (rule, of, mode, wanted) in [
            (TicketRule::Required, TicketOf::Requester, AskMode::New, required),
            (TicketRule::Optional, TicketOf::Requester, AskMode::New, optional),
            (TicketRule::Optional, TicketOf::Anyone, AskMode::New, anyones),
            (TicketRule::Required, TicketOf::Requester, AskMode::BreakGlass, glass),
            (TicketRule::Required, TicketOf::Requester, extension(30), ""),
        ] {
            let against = ticket_against(&policies(rule, of), &ask("billing/write"), mode, Some(&look));
            let saw = against.as_ref().map_or("", |reason| reason.saw.as_str());
            assert!(
                saw.contains(wanted) && saw.is_empty() == wanted.is_empty(),
                "{look:?} {rule:?} {mode:?}: {saw}"
            );
            assert!(
                against.is_none_or(|reason| reason.code == ReasonCode::Ticket && !reason.wants.is_empty())
            );
        }
    }
}

#[test]
fn without_a_look_or_a_ticket_there_is_nothing_against_it() {
    let policies = policies(TicketRule::Required, TicketOf::Requester);
    let named = ask("billing/write");
    assert_eq!(ticket_against(&policies, &named, AskMode::New, None), None);
    let look = TicketLook { ticket: "OPS-311".parse().unwrap(), as_of: NOW, found: TicketFound::Missing };
    let none = Ask { ticket: None, ..named };
    assert_eq!(ticket_against(&policies, &none, AskMode::New, Some(&look)), None);
}
