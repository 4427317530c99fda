//! What somebody asks for somebody else.

use super::act::{STANDING, asker, context};
use super::core::{Core, Stop, Touched};
use crate::ids::PersonId;
use crate::lifecycle::{Actor, Answer, AskedBy, Context, Kind, Refusal, Requester, Submission};
use crate::policy::{self, Ask, AskMode, TicketLook};
use crate::store::Tx;
use crate::time::Timestamp;

impl Core {
    /// Asks for somebody else, by whose facts it is judged, and who confirms it first. Who asks has no part in it.
    #[allow(clippy::too_many_arguments, reason = "an ask is held against all that is known of it")]
    pub(super) fn ask_for(
        &mut self,
        tx: &mut Tx<'_>,
        touched: &mut Touched,
        by: &Actor,
        person: &PersonId,
        ask: &Ask,
        look: Option<&TicketLook>,
        now: Timestamp,
    ) -> Result<Answer, Stop> {
        let world = self.world();
        let asker = asker(&world.people, by)?;
        if asker.id == *person {
            return self.ask(tx, touched, by, ask, Kind::New, look, now);
        }
        let others = world.people.without(&asker.id);
        let holds = tx.open_roles(person)?;
        let verdict = policy::may_ask(&world.policies, &others, person, ask, AskMode::New, &holds, now);
        let standing = tx.standing(person, now - STANDING)?;
        let verdict = verdict.unless(policy::standing_conflicts(&world.policies, &ask.role, &standing));
        let of_ticket = policy::ticket_against(&world.policies, ask, AskMode::New, look);
        let verdict = verdict.unless(of_ticket.into_iter().collect());
        let (true, Some(person)) = (verdict.is_granted(), others.get(person)) else {
            return Err(Refusal::Rules(verdict.refusals().cloned().collect()).into());
        };
        for one in [&asker, person] {
            self.not_too_many(tx, one)?;
        }
        let id = tx.next_request_id()?;
        let submission = Submission {
            id,
            kind: Kind::New,
            requester: Requester::from(person),
            asked_by: Some(AskedBy { id: asker.id.clone(), name: asker.name.clone(), confirmed_at: None }),
            terms: self.terms(ask, person, id)?,
            ask: ask.clone(),
            policy: world.policies.digest.clone(),
            context: Context { ticket: look.cloned(), ..context(tx, &person.id, &ask.role, now)? },
        };
        self.submit(tx, touched, submission, verdict, now)
    }
}
