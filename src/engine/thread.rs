//! The engine's one thread: drains what waits, commits it together, wakes when something falls due.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::EngineError;
use super::checkpointer::Checkpointer;
use super::core::{Core, Input};
use super::handle::{EngineHandle, Message, Reply};
use crate::lifecycle::Answer;

/// Inputs that one commit takes at most.
const BATCH: usize = 512;
/// Between tries to commit what fell due.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);
/// Rounds after which somebody looks how long the write-ahead log is. One round may commit a hundred pages and more.
const LOOK_AT_THE_LOG: u64 = 8;
/// The clock is looked at again at least this often.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Starts the thread. It ends when it is told to stop, and when the disk fails under the database.
///
/// # Errors
/// When the thread can't be started.
pub fn spawn(mut core: Core) -> std::io::Result<(EngineHandle, JoinHandle<()>)> {
    let (queue, inbox) = mpsc::channel();
    let handle = EngineHandle::new(queue, core.shared());
    let checkpointer = Checkpointer::beside(&core)?;
    let thread = std::thread::Builder::new().name("engine".to_owned()).spawn(move || {
        run(&mut core, &inbox, checkpointer.as_ref());
        if let Some(checkpointer) = checkpointer {
            checkpointer.end();
        }
    })?;
    Ok((handle, thread))
}

fn run(core: &mut Core, inbox: &mpsc::Receiver<Message>, checkpointer: Option<&Checkpointer>) {
    core.shared().owed.notify_one();
    for round in 1_u64.. {
        if round.is_multiple_of(LOOK_AT_THE_LOG)
            && let Some(checkpointer) = checkpointer
        {
            checkpointer.look();
        }
        let (more, least) = match core.tick() {
            Ok(more) => (more, Duration::from_millis(1)),
            Err(error) if core.disk_failed() => return ends(&error),
            Err(error) => {
                tracing::error!(%error, "what fell due could not be committed; it is tried again");
                (false, AFTER_A_FAILURE)
            }
        };
        let mut waiting = Vec::new();
        match receive(core, inbox, more, least) {
            Some(first) => waiting.push(first),
            None if more => {}
            None => continue,
        }
        while waiting.len() < BATCH
            && let Ok(next) = inbox.try_recv()
        {
            waiting.push(next);
        }
        if handle_all(core, waiting) {
            return;
        }
    }
}

/// Ends what leavers have and asks whoever may approve now, a part at a time.
fn look_around(core: &mut Core) {
    if let Err(error) = core.look_around().and_then(|_| core.look_at_approvers()) {
        tracing::error!(%error, "the directory changed, and what follows from it could not be done yet");
    }
}

fn ends(error: &EngineError) {
    tracing::error!(%error, "the disk failed under the database, so the engine ends: start jitney anew");
}

/// Waits for the next message, at most until the next row falls due, and then for `least`. `None` at the time-out.
/// When every handle is gone it is told to stop.
fn receive(core: &mut Core, inbox: &mpsc::Receiver<Message>, more: bool, least: Duration) -> Option<Message> {
    if more {
        return inbox.try_recv().ok();
    }
    let now = core.now();
    let wait = core.next_due().map_or(LOOK_AGAIN, |due| due.since(now).duration().max(least));
    match inbox.recv_timeout(wait.min(LOOK_AGAIN)) {
        Ok(message) => Some(message),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => {
            let (reply, _) = tokio::sync::oneshot::channel();
            Some(Message::Stop(reply))
        }
    }
}

/// True when the thread shall end.
fn handle_all(core: &mut Core, waiting: Vec<Message>) -> bool {
    let mut batch = Batch::default();
    let mut after = Vec::new();
    for message in waiting {
        match message {
            Message::Command(command, look, reply) => {
                let input = match look {
                    Some(look) => Input::Looked(command, look),
                    None => Input::Command(command),
                };
                batch.push(input, Waiting::Answer(reply));
            }
            Message::Complete(completion, reply) => {
                batch.push(Input::Complete(completion), Waiting::Nothing(reply));
            }
            Message::Progress(request, done, reply) => {
                batch.push(Input::Progress(request, done), Waiting::Nothing(reply));
            }
            Message::TicketSeen(request, look, reply) => {
                batch.push(Input::TicketSeen(request, look), Waiting::Nothing(reply));
            }
            Message::Heard(heard, reply) => batch.push(Input::Heard(heard), Waiting::Nothing(reply)),
            Message::Breaker(..)
            | Message::Nudge
            | Message::Claim(..)
            | Message::Dossier(..)
            | Message::List(..)
            | Message::ToReview(..)
            | Message::Refused(..)
            | Message::Credential(..)
            | Message::Status(..)
            | Message::Bind(..)
            | Message::GoAway(..)
            | Message::ComeBack(..)
            | Message::ChangePolicies(..)
            | Message::TakePeople(..)
            | Message::HoldPeople(..)
            | Message::HeldTold(..)
            | Message::RefusePolicies(..)
            | Message::Stop(..) => after.push(message),
        }
    }
    batch.commit(core);
    let mut stop = None;
    for message in after {
        match message {
            Message::Stop(reply) => stop = Some(reply),
            Message::Breaker(target, open) => core.breaker(target, open),
            // Whoever asks next for the status must see what it leads to. The rest comes before the next wait.
            Message::Nudge => look_around(core),
            Message::Claim(most, reply) => send(reply, core.claim(most)),
            Message::Dossier(request, reply) => send(reply, core.dossier(request)),
            Message::List(filter, reply) => send(reply, core.list(&filter)),
            Message::ToReview(most, reply) => send(reply, core.to_review(most)),
            Message::Refused(of, reply) => send(reply, core.refused(&of)),
            Message::Credential(request, reply) => {
                send(reply, core.credential(request));
            }
            Message::Status(reply) => send(reply, core.status()),
            Message::Bind(bind, reply) => send(reply, core.bind(&bind)),
            Message::GoAway(wish, reply) => {
                send(reply, core.go_away(&wish));
                look_around(core);
            }
            Message::ComeBack(person, reply) => {
                send(reply, core.come_back(&person));
                look_around(core);
            }
            Message::TakePeople(change, reply) => {
                let taken = core.take_people(&change);
                look_around(core);
                send(reply, taken);
            }
            Message::HoldPeople(held, reply) => send(reply, core.hold_people(&held)),
            Message::HeldTold(message, reply) => send(reply, core.held_told(&message)),
            Message::ChangePolicies(change, reply) => send(reply, core.change_policies(&change)),
            Message::RefusePolicies(refusal, reply) => send(reply, core.refuse_policies(&refusal)),
            // These were committed above.
            Message::Command(..)
            | Message::Complete(..)
            | Message::Progress(..)
            | Message::TicketSeen(..)
            | Message::Heard(..) => {}
        }
    }
    match stop {
        Some(reply) => {
            send(reply, Ok(()));
            true
        }
        None => false,
    }
}

/// Inputs that are committed together, and who waits for each.
#[derive(Default)]
struct Batch {
    inputs: Vec<Input>,
    replies: Vec<Waiting>,
}

enum Waiting {
    Answer(Reply<Answer>),
    Nothing(Reply<()>),
}

impl Batch {
    fn push(&mut self, input: Input, waiting: Waiting) {
        self.inputs.push(input);
        self.replies.push(waiting);
    }

    fn commit(self, core: &mut Core) {
        if self.inputs.is_empty() {
            return;
        }
        match core.run(self.inputs) {
            Ok(answers) => {
                for (waiting, answer) in self.replies.into_iter().zip(answers) {
                    match waiting {
                        Waiting::Answer(reply) => send(reply, answer),
                        Waiting::Nothing(reply) => send(reply, answer.map(|_| ())),
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, "a commit failed; nothing of it happened");
                for waiting in self.replies {
                    match waiting {
                        Waiting::Answer(reply) => send(reply, Err(error.clone())),
                        Waiting::Nothing(reply) => send(reply, Err(error.clone())),
                    }
                }
            }
        }
    }
}

/// The one who waited may be gone; the commit stands all the same.
fn send<T>(reply: Reply<T>, result: Result<T, EngineError>) {
    let _ = reply.send(result);
}
