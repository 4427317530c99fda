//! What stands on the issue, whatever goes wrong on the way.

use jitney::engine::Completion;
use jitney::jira::{JiraSettings, JiraSetupError, Ticketer};
use jitney::lifecycle::{Actor, EndCause, Kind, State, What};
use jitney::playground::jira::{Fault, LocalCall};
use jitney::time::Span;
use serde_json::json;

use super::room::{LAG, Room, numbers};
use super::samples::{at, entry, every_entry, pending, person, revoked, story, submitted};

const NONE: Vec<String> = Vec::new();

#[tokio::test]
async fn a_request_gets_an_issue_with_its_story_and_its_status() {
    let room = Room::new(story(2)).await;
    assert_eq!(room.tell().await, NONE);
    room.book.set(State::Active { warned: false }, story(5));
    assert_eq!(room.tell().await, NONE);
    room.book.set(revoked(), story(8));
    assert_eq!(room.tell().await, NONE);
    let issues = room.jira.issues();
    assert_eq!(issues.len(), 1);
    let issue = &issues[0];
    assert_eq!(
        (issue.key.as_str(), issue.reporter.as_str(), issue.status.as_str()),
        ("ACC-1", "Ann", "Done")
    );
    assert_eq!(issue.labels, ["jitney", "jit-test-R1042"]);
    assert_eq!(issue.links, ["https://example.atlassian.net/browse/OPS-311"]);
    assert_eq!(room.jira.history("ACC-1"), ["To Do", "Waiting for approval", "In Progress", "Done"]);
    assert_eq!(
        room.book.progress_so_far(),
        [
            "opened ACC-1",
            "commented [1, 2]",
            "moved to Waiting for approval",
            "commented [3, 4, 5]",
            "moved to In Progress",
            "commented [6, 7, 8]",
            "moved to Done",
        ]
    );
    let comments: Vec<String> = room.jira.comments("ACC-1").into_iter().map(|comment| comment.text).collect();
    insta::assert_snapshot!(format!(
        "{}\n\n{}\n\n{}",
        issue.summary,
        issue.description,
        comments.join("\n\n")
    ));
}

#[tokio::test]
async fn what_is_told_already_costs_no_call() {
    let room = Room::new(story(2)).await;
    room.tell().await;
    let before = room.jira.exchanges().len();
    assert_eq!(room.tell().await, NONE);
    assert_eq!(room.jira.exchanges().len(), before);
}

#[tokio::test]
async fn a_lost_reply_to_the_first_call_makes_no_second_issue() {
    let room = Room::new(story(2)).await;
    room.jira.fail_next_call(LocalCall::MakeIssue, 1, Fault::DropAfterApply);
    let errors = room.tell().await;
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!((room.count(LocalCall::MakeIssue), room.count(LocalCall::Search)), (1, 1));
    assert_eq!((room.jira.issues().len(), room.told()), (1, numbers(1..=2)));
}

#[tokio::test]
async fn a_restart_after_a_lost_reply_waits_for_the_search_before_it_makes_an_issue() {
    let room = Room::new(story(2)).await;
    room.jira.fail_next_call(LocalCall::MakeIssue, 1, Fault::DropAfterApply);
    room.try_once(0).await;
    // Nothing is remembered, and no time has passed: the search does not show the issue yet.
    let room = room.restarted();
    let first = room.try_once(1).await;
    assert!(matches!(first, Completion::Later { after: Some(wait), .. } if wait >= LAG), "{first:?}");
    assert_eq!((room.count(LocalCall::Search), room.jira.issues().len()), (1, 1));
    room.clock.turn(LAG);
    assert_eq!(room.tell_from(2).await, NONE);
    assert_eq!((room.jira.issues().len(), room.told()), (1, numbers(1..=2)));
}

#[tokio::test]
async fn an_issue_that_never_came_to_be_is_made_after_the_wait() {
    let room = Room::new(story(1)).await;
    room.jira.fail_next_call(LocalCall::MakeIssue, 2, Fault::Refuse);
    assert_eq!(room.tell().await.len(), 2);
    assert_eq!((room.count(LocalCall::MakeIssue), room.jira.issues().len()), (3, 1));
}

#[tokio::test]
async fn an_issue_whose_key_was_not_written_down_is_not_made_again() {
    let room = Room::new(story(1)).await;
    room.book.refuse(1);
    let first = room.try_once(0).await;
    assert!(matches!(first, Completion::Later { .. }), "{first:?}");
    // The search still lags behind, and is not needed.
    assert_eq!(room.tell_from(1).await, NONE);
    assert_eq!(room.jira.issues().len(), 1);
}

#[tokio::test]
async fn a_label_that_somebody_else_wrote_is_not_ours() {
    let room = Room::new(story(1)).await;
    room.jira.make_issue_as("acc-frank", "Mine", &["jit-test-R1042"]).unwrap();
    room.clock.turn(LAG);
    room.tell_from(1).await;
    let reporters: Vec<String> = room.jira.issues().into_iter().map(|issue| issue.reporter).collect();
    assert_eq!(
        (reporters, room.jira.comments("ACC-1").len()),
        (vec!["Frank".to_owned(), "Ann".to_owned()], 0)
    );
}

#[tokio::test]
async fn a_lost_reply_to_a_comment_tells_nothing_twice() {
    let room = Room::new(story(2)).await;
    room.jira.fail_next_call(LocalCall::AddComment, 1, Fault::DropAfterApply);
    assert_eq!(room.tell().await.len(), 1);
    assert_eq!((room.count(LocalCall::AddComment), room.told()), (1, numbers(1..=2)));
    assert!(room.book.progress_so_far().contains(&"commented [1, 2]".to_owned()));
}

#[tokio::test]
async fn a_comment_that_was_not_written_down_is_not_made_again() {
    let room = Room::new(story(2)).await;
    room.tell().await;
    room.book.set(pending(), story(3));
    room.book.refuse(1);
    assert_eq!(room.tell().await.len(), 1);
    assert_eq!((room.jira.comments("ACC-1").len(), room.told()), (2, numbers(1..=3)));
}

#[tokio::test]
async fn a_comment_that_lands_late_is_deleted_when_it_is_a_double() {
    let room = Room::new(story(2)).await;
    room.jira.fail_next_call(LocalCall::AddComment, 1, Fault::Refuse);
    assert_eq!(room.tell().await.len(), 1);
    // What was given up, and told again since, lands after all.
    room.repeat(LocalCall::AddComment).await;
    assert_eq!(room.told(), [numbers(1..=2), numbers(1..=2)].concat());
    room.book.set(pending(), story(3));
    assert_eq!(room.tell().await, NONE);
    assert_eq!((room.told(), room.count(LocalCall::DeleteComment)), (numbers(1..=3), 1));
}

#[tokio::test]
async fn a_call_that_hangs_is_given_up() {
    let room = Room::with(story(1), |_| {}, |edge| edge.timeout = Span::millis(200)).await;
    room.jira.fail_next(1, Fault::Slow(Span::hours(1).duration()));
    match room.try_once(0).await {
        Completion::Later { error, after: Some(_), .. } => assert!(error.contains("timed out"), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_our_own_comments_count_as_told() {
    let room = Room::new(story(1)).await;
    room.tell().await;
    let forged = ("jitney.entries", json!({ "ids": ["R1042-2", "R1042-3"] }));
    room.jira.comment_as("ACC-1", "acc-frank", "Nothing to see here", Some(forged)).unwrap();
    room.book.set(pending(), story(3));
    room.jira.fail_next_call(LocalCall::AddComment, 1, Fault::Refuse);
    room.tell().await;
    let authors: Vec<String> = room.jira.comments("ACC-1").into_iter().map(|c| c.author).collect();
    assert_eq!(
        (authors, room.told()),
        (vec!["Jitney".into(), "Frank".into(), "Jitney".into()], numbers(1..=3))
    );
}

#[tokio::test]
async fn jira_down_for_hours_costs_nothing_but_time() {
    let room = Room::new(story(2)).await;
    room.jira.down(true);
    for (attempts, entries) in [(0, 2), (1, 4), (2, 6), (3, 8)] {
        room.book.set(State::Granting, story(entries));
        let outcome = room.try_once(attempts).await;
        assert!(matches!(outcome, Completion::Later { .. }), "{outcome:?}");
        room.clock.turn(Span::hours(1));
    }
    room.jira.down(false);
    room.book.set(revoked(), story(8));
    assert_eq!(room.tell_from(4).await, NONE);
    assert_eq!((room.jira.issues().len(), room.jira.comments("ACC-1").len()), (1, 1));
    assert_eq!(room.told(), numbers(1..=8));
    // The workflow has no way from the first status to the last: it takes the story's.
    assert_eq!(room.jira.history("ACC-1"), ["To Do", "In Progress", "Done"]);
}

#[tokio::test]
async fn many_entries_become_few_comments_in_order() {
    let all = every_entry();
    let count = u32::try_from(all.len()).unwrap();
    let room = Room::new(all).await;
    assert_eq!(room.tell().await, NONE);
    assert_eq!(room.jira.comments("ACC-1").len(), all_in_twenties(count));
    assert_eq!(room.told(), numbers(1..=count));
}

fn all_in_twenties(count: u32) -> usize {
    usize::try_from(count.div_ceil(20)).unwrap()
}

#[tokio::test]
async fn comments_are_found_on_later_pages_too() {
    let room = Room::new(story(1)).await;
    room.tell().await;
    room.book.edit(|dossier| dossier.comments.clear());
    for n in 0..120 {
        room.jira.comment_as("ACC-1", "acc-frank", &format!("chatter {n}"), None).unwrap();
    }
    assert_eq!(room.tell_from(1).await, NONE);
    assert_eq!((room.count(LocalCall::ListComments), room.told()), (3, numbers(1..=1)));
}

#[tokio::test]
async fn jira_is_left_alone_for_as_long_as_it_asks() {
    let room = Room::new(story(1)).await;
    room.jira.fail_next_call(LocalCall::MakeIssue, 1, Fault::Status(429));
    match room.try_once(0).await {
        Completion::Later { after, error, .. } => {
            assert_eq!(after, Some(Span::secs(7)));
            assert!(error.contains("jira-burst-based"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!((room.tell_from(1).await, room.jira.issues().len()), (NONE, 1));
}

#[tokio::test]
async fn refusals_say_what_to_do_and_no_secret() {
    let mut said = Vec::new();
    for status in [301, 400, 401, 403, 404, 503] {
        let room = Room::new(story(1)).await;
        room.jira.fail_next_call(LocalCall::MakeIssue, 1, Fault::Status(status));
        said.extend(room.tell().await);
    }
    let room = Room::new(story(1)).await;
    room.jira.fail_next_call(LocalCall::AddComment, 1, Fault::Status(404));
    said.extend(room.tell().await);
    let room = Room::with(story(1), |_| {}, |edge| edge.issue_type = "Epic".to_owned()).await;
    if let Completion::Later { error, .. } = room.try_once(0).await {
        said.push(error);
    }
    let room =
        Room::with(story(1), |_| {}, |edge| edge.base_url = "http://127.0.0.1:1".parse().unwrap()).await;
    if let Completion::Later { error, .. } = room.try_once(0).await {
        said.push(error);
    }
    assert!(!said.iter().any(|error| error.contains("made-up-token")));
    assert!(!format!("{:?}", room.ticketer).contains("made-up-token"));
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn a_token_does_not_travel_in_the_clear() {
    let room = Room::new(Vec::new()).await;
    for (url, good) in [
        ("https://example.atlassian.net", true),
        ("http://127.0.0.1:8080", true),
        ("http://localhost", true),
        ("http://example.atlassian.net", false),
        ("http://127.evil.example.com", false),
        ("ftp://127.0.0.1", false),
    ] {
        let edge = JiraSettings { base_url: url.parse().unwrap(), ..room.edge.clone() };
        match Ticketer::new(edge) {
            Ok(_) => assert!(good, "{url}"),
            Err(JiraSetupError::Insecure(_)) => assert!(!good, "{url}"),
            Err(error) => panic!("{url}: {error}"),
        }
    }
}

#[tokio::test]
async fn the_reporter_is_left_out_where_jira_does_not_take_one() {
    let room = Room::with(story(1), |site| site.reporter_on_screen = false, |_| {}).await;
    assert_eq!(room.tell().await, NONE);
    assert_eq!((room.count(LocalCall::MakeIssue), room.jira.issues()[0].reporter.as_str()), (2, "Jitney"));
    let room = Room::new(story(1)).await;
    room.book.edit(|dossier| dossier.request.requester.id = person("nobody"));
    assert_eq!(room.tell().await, NONE);
    assert_eq!((room.count(LocalCall::MakeIssue), room.jira.issues()[0].reporter.as_str()), (1, "Jitney"));
}

#[tokio::test]
async fn a_failure_never_gets_the_status_of_a_success() {
    let cause = EndCause::ProvisioningFailed { error: "refused".to_owned() };
    let room = Room::new(story(3)).await;
    room.book.set(State::Granting, story(3));
    room.tell().await;
    let mut entries = story(3);
    entries.push(entry(4, Actor::Jitney, What::Ending { cause: cause.clone() }));
    let done = What::Revoked { cause: cause.clone(), took: Span::secs(1), remains: Vec::new() };
    entries.push(entry(5, Actor::Jitney, done));
    room.book.set(State::Revoked { cause, recheck_at: None }, entries);
    assert_eq!(room.tell().await, NONE);
    assert_eq!(room.jira.history("ACC-1"), ["To Do", "In Progress", "Declined"]);
}

#[tokio::test]
async fn a_status_that_the_workflow_lacks_holds_up_nothing() {
    let room = Room::with(
        story(1),
        |_| {},
        |edge| edge.transitions.values_mut().for_each(|name| *name = "Parked".to_owned()),
    )
    .await;
    assert_eq!(room.tell().await, NONE);
    assert_eq!((room.jira.history("ACC-1").len(), room.told()), (1, numbers(1..=1)));
    let room = Room::with(story(1), |_| {}, |edge| edge.transitions.clear()).await;
    assert_eq!(room.tell().await, NONE);
    assert_eq!(room.count(LocalCall::ListTransitions), 0);
}

#[tokio::test]
async fn a_lost_reply_to_a_move_is_read_back() {
    let room = Room::new(story(1)).await;
    room.jira.fail_next_call(LocalCall::Transition, 1, Fault::DropAfterApply);
    assert_eq!(room.tell().await.len(), 1);
    assert_eq!(room.jira.history("ACC-1"), ["To Do", "Waiting for approval"]);
    assert!(room.book.progress_so_far().contains(&"moved to Waiting for approval".to_owned()));
}

#[tokio::test]
async fn a_status_that_people_set_is_theirs_until_the_story_goes_on() {
    let room = Room::new(story(1)).await;
    room.tell().await;
    assert!(room.jira.drag("ACC-1", "To Do"));
    room.book.set(pending(), story(2));
    room.tell().await;
    assert_eq!(room.jira.history("ACC-1"), ["To Do", "Waiting for approval", "To Do"]);
    room.book.set(State::Granting, story(3));
    room.tell().await;
    assert_eq!(room.jira.history("ACC-1").last().map(String::as_str), Some("In Progress"));
}

#[tokio::test]
async fn a_break_glass_can_t_be_overlooked() {
    let room = Room::new(vec![entry(1, Actor::Jitney, What::Lapsed)]).await;
    room.book.edit(|dossier| {
        dossier.request.kind = Kind::BreakGlass;
        dossier.request.review_due_at = Some(at(1440));
    });
    room.tell().await;
    let body =
        |call| room.jira.exchanges().into_iter().find(|e| e.call == call).and_then(|e| e.body).unwrap();
    let description = &body(LocalCall::MakeIssue)["fields"]["description"];
    let comment = body(LocalCall::AddComment);
    insta::assert_json_snapshot!([
        &description["content"][0],
        &description["content"][1]["content"][0],
        &comment
    ]);
}

#[tokio::test]
async fn a_hostile_justification_is_text_and_nothing_else() {
    let hostile = "[~admin] {code} <script>alert(1)</script> \u{202e}evil\u{0}\n# h1 |a|b| @all";
    let room = Room::new(vec![entry(1, Actor::Jitney, submitted(hostile))]).await;
    room.book.edit(|dossier| dossier.request.ask.justification = hostile.to_owned());
    assert_eq!(room.tell().await, NONE);
    let tame = "[~admin] {code} <script>alert(1)</script> evil # h1 |a|b| @all";
    let sent: Vec<String> =
        room.jira.exchanges().iter().filter_map(|e| e.body.clone()).map(|b| b.to_string()).collect();
    // Once in the description, once in the comment, each within one text node.
    assert_eq!(sent.iter().filter(|body| body.contains(&format!("{tame}\""))).count(), 1);
    assert_eq!(sent.iter().filter(|body| body.contains(&format!("“{tame}”"))).count(), 1);
    assert!(!sent.iter().any(|body| body.contains('\u{202e}') || body.contains("\\u0000")));
}
