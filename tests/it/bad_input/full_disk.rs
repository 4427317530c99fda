//! A full disk: what is new is refused with the reason, and access still ends at its end.

use jitney::engine::Verb;
use jitney::ids::RequestId;
use jitney::lifecycle::{Answer, Refusal, StateWord};
use jitney::policy::{Reason, ReasonCode};
use jitney::store::SmallDisk;
use jitney::time::Span;

use super::engine_room::EngineRoom;
use super::set_up;

/// Pages that the ballast keeps free: 256 KiB.
const BALLAST: u32 = 64;
/// More than either test writes.
const PLENTY: u32 = 10_000;
/// More refusals than there is room for in the corners of a new database.
const MOST: usize = 400;

fn refused(answer: Answer) -> Vec<Reason> {
    match answer {
        Answer::Refused(Refusal::Rules(reasons)) => reasons,
        other => panic!("must be refused: {other:?}"),
    }
}

/// Writes refusals into the audit log until there is no room for another: less than one of them is left then.
fn fill(room: &mut EngineRoom) {
    for _ in 0..MOST {
        if refused(room.ask("carol", "wiki/read", "curiosity"))[0].code == ReasonCode::DiskFull {
            return;
        }
    }
    panic!("the disk did not fill");
}

fn asked(room: &mut EngineRoom, who: &str) -> RequestId {
    match room.ask(who, "wiki/read", "the pages of May") {
        Answer::Submitted { request, .. } => request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_full_disk_refuses_what_is_new_and_still_ends_what_is_due() {
    let folder = set_up("full-disk");
    let mut room = EngineRoom::open(&folder);
    let due = room.grant("ann", "wiki/read");
    let waiting = asked(&mut room, "erin");
    room.work();
    assert_eq!(room.status().refusing, None);
    let pages = room.pages();
    let ballast = folder.0.join("jitney.db.ballast");
    assert_eq!(std::fs::metadata(&ballast).unwrap().len(), 4 * 1024 * 1024);

    let disk = SmallDisk::new(pages, BALLAST);
    let mut room = EngineRoom::on(&folder, Some(disk.clone()));
    fill(&mut room);
    assert!(!ballast.exists(), "its room was given back");
    let why = room.status().refusing;
    assert_eq!(why.as_deref(), Some("the disk that holds Jitney's database is full"));
    let reason = &refused(room.ask("ann", "wiki/admin", "the pages of May"))[0];
    assert_eq!(reason.code, ReasonCode::DiskFull);
    assert!(reason.saw.contains("is full") && reason.wants.contains("free space"), "{reason:?}");
    let approval = refused(room.submit("dana", Verb::Approve { request: waiting, at_most: None }));
    assert_eq!(approval[0].code, ReasonCode::DiskFull);

    assert!(room.wait(Span::mins(61)), "its end is committed in the ballast's room");
    room.work();
    assert_eq!(room.state(due), StateWord::Revoked);
    assert_eq!(room.state(waiting), StateWord::Pending, "nothing that waited is lost");
    assert!(room.status().refusing.is_some(), "the room is for ends alone");
    assert!(room.pages() > pages, "there was none but the ballast's");

    // A restart changes nothing of it.
    let mut room = EngineRoom::on(&folder, Some(disk.clone()));
    assert!(room.status().refusing.is_none(), "until it is found out");
    fill(&mut room);

    disk.resize(PLENTY);
    assert!(room.wait(Span::mins(1)));
    assert_eq!(room.status().refusing, None);
    assert!(ballast.exists());
    asked(&mut room, "ann");
    drop(room);
    assert_eq!(folder.run(&["audit", "verify"]).status.code(), Some(0));
}

/// The ballast makes the difference: without it, the end waits for room. It is not lost.
#[test]
fn an_end_that_can_not_be_written_stays_due() {
    let folder = set_up("no-ballast");
    let mut room = EngineRoom::open(&folder);
    let due = room.grant("ann", "wiki/read");
    let disk = SmallDisk::new(room.pages(), 0);
    let mut room = EngineRoom::on(&folder, Some(disk.clone()));
    fill(&mut room);
    let deny = || Verb::Deny { request: due, reason: "no".to_owned() };
    assert!((0..MOST).any(|_| room.try_submit("carol", deny()).is_err()), "not even this has room");

    assert!(!room.wait(Span::mins(61)), "there is no room for the end");
    assert_eq!(room.state(due), StateWord::Active);
    let status = room.status();
    assert!(status.next_due.is_some_and(|at| at <= status.now), "it stays due");

    disk.resize(PLENTY);
    assert!(room.wait(Span::mins(1)));
    room.work();
    assert_eq!(room.state(due), StateWord::Revoked);
    assert_eq!(room.status().refusing, None);
    drop(room);
    assert_eq!(folder.run(&["audit", "verify"]).status.code(), Some(0));
}
