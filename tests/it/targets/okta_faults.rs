//! What goes wrong between us and Okta: what each fault is taken for, and that trying again mends it.

use std::time::Duration;

use jitney::lifecycle::Outcome;
use jitney::time::{Clock as _, Span, SystemClock};
use serde_json::{Value, json};

use super::contract::{Grant, World as _, word_of};
use super::okta::{OktaWorld, adapter, secret};
use super::scratch::Scratch;
use crate::servers::free_port;
use crate::servers::http_proxy::{Answer, Fate, empty, json as answer};
use crate::servers::okta::{TOKEN, error, user_id};

const ANN: &str = "ann@example.com";

fn error_of(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Retry { error, .. } | Outcome::Fatal { error } => error,
        Outcome::Done(seen)
        | Outcome::Already(seen)
        | Outcome::Found(seen)
        | Outcome::NotFound(seen)
        | Outcome::Unreadable(seen) => &seen.answer,
    }
}

/// Lets time pass for those who wait, and for nobody else.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// A refusal by the rate limit, whose window ends so many seconds after the answer.
fn slow_down(ends_in: i64) -> Answer {
    let now = SystemClock::new().wall();
    let mut answer = error(429, "E0000047", "API call exceeded rate limit due to too many requests.");
    for (name, value) in [
        ("date", now.http_date()),
        ("x-rate-limit-limit", "600".to_owned()),
        ("x-rate-limit-remaining", "0".to_owned()),
        ("x-rate-limit-reset", (now.seconds() + ends_in).to_string()),
    ] {
        answer.headers_mut().insert(name, value.parse().unwrap());
    }
    answer
}

type Fault = (&'static str, fn() -> Fate);

const REFUSED_BY_ROLE: fn() -> Fate =
    || Fate::Answer(error(403, "E0000006", "You do not have permission to perform the requested action"));
const NOT_OKTA: fn() -> Fate = || {
    let mut page = empty(404);
    *page.body_mut() = "<html>no such page</html>".into();
    Fate::Answer(page)
};
const ELSEWHERE: fn() -> Fate = || {
    let mut moved = empty(302);
    moved.headers_mut().insert("location", "https://evil.example.com/".parse().unwrap());
    Fate::Answer(moved)
};

/// A fault of a change, what it is taken for, and whether the change was made in spite of it.
const CHANGES: &[(Fault, &str, bool)] = &[
    (("the connection breaks", || Fate::Reset), "retry, may have landed", false),
    (("there is no answer", || Fate::Hang), "retry, may have landed", false),
    (("done, but the connection breaks", || Fate::PassUnheard), "retry, may have landed", true),
    (("done, but there is no answer", || Fate::PassHanging), "retry, may have landed", true),
    (("the server is busy", || Fate::Answer(empty(503))), "retry, may have landed", false),
    (("a gateway gives up", || Fate::Answer(empty(504))), "retry, may have landed", false),
    (("the rate limit", || Fate::Answer(slow_down(20))), "retry", false),
    (("the limit on calls at a time", || Fate::Answer(slow_down(-30))), "retry", false),
    (("the role does not reach", REFUSED_BY_ROLE), "fatal", false),
    (
        ("the token was revoked", || Fate::Answer(error(401, "E0000011", "Invalid token provided"))),
        "fatal",
        false,
    ),
    (("not Okta's own 404", NOT_OKTA), "fatal", false),
    (("a redirect", ELSEWHERE), "fatal", false),
];

#[tokio::test]
async fn a_fault_of_a_change_is_told_apart_and_trying_again_mends_it() {
    let mut told = Vec::new();
    for ((name, fault), word, landed) in CHANGES {
        let Some(world) = OktaWorld::new(json!({ "call_time_out": "1s" })) else { return };
        let grant = world.grant();
        let member = format!("/groups/{}/users/{}", world.group, user_id(ANN));

        world.front.script().next(1, "PUT", &member, *fault);
        let outcome = grant.does("grant").await;
        assert_eq!(word_of(&outcome), *word, "{name}: {outcome:?}");
        assert_eq!(world.has(ANN), *landed, "{name}");
        told.push(format!("grant, {name}: {}", plain(error_of(&outcome))));
        waits_as_told(&outcome).await;
        grant.expect("grant", if *landed { "already" } else { "done" }).await;
        grant.expect("verify", "found").await;

        world.front.script().next(1, "DELETE", &member, *fault);
        let outcome = grant.does("revoke").await;
        assert_eq!(word_of(&outcome), *word, "{name}: {outcome:?}");
        assert_eq!(world.has(ANN), !*landed, "{name}");
        told.push(format!("revoke, {name}: {}", plain(error_of(&outcome))));
        waits_as_told(&outcome).await;
        grant.expect("revoke", if *landed { "already" } else { "done" }).await;
        grant.expect("verify_gone", "not found").await;
        assert_eq!(world.front.script().clear(), 0, "{name}");
    }
    insta::assert_snapshot!("okta_faults", told.join("\n"));
}

/// Without what differs from run to run.
fn plain(error: &str) -> &str {
    match error.rsplit_once(" again in ") {
        Some((told, _wait)) => told,
        None => error,
    }
}

/// A call that comes too early is not made; after the wait it is.
async fn waits_as_told(outcome: &Outcome) {
    if let Outcome::Retry { after: Some(after), .. } = outcome {
        assert!((Span::secs(1)..=Span::secs(22)).contains(after), "{after}");
        pass(after.duration()).await;
    }
}

#[tokio::test]
async fn nobody_asks_again_before_the_window_is_over() {
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let grant = world.grant();
    world
        .front
        .script()
        .next(1, "GET", &format!("/users/{}/groups", user_id(ANN)), || Fate::Answer(slow_down(20)));
    grant.expect("snapshot", "retry").await;
    let asked = world.front.seen().len();
    for op in ["snapshot", "verify", "verify_gone", "revoke"] {
        let outcome = grant.does(op).await;
        let Outcome::Retry { after: Some(after), may_have_landed: false, .. } = outcome else {
            panic!("{op}: {outcome:?}")
        };
        assert!((Span::secs(15)..=Span::secs(22)).contains(&after), "{op}: {after}");
    }
    let since: Vec<_> = world.front.seen().split_off(asked);
    assert!(!since.iter().any(|line| line.contains("/groups")), "{since:?}");
    pass(Duration::from_secs(22)).await;
    grant.expect("snapshot", "not found").await;
}

#[tokio::test]
async fn the_last_calls_of_a_window_are_kept_for_revocations() {
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let grant = world.grant();
    grant.expect("grant", "done").await;
    let nearly_used_up = || {
        let mut groups = answer(200, &[], &json!([]));
        for (name, value) in slow_down(20).headers() {
            groups.headers_mut().insert(name, value.clone());
        }
        groups.headers_mut().insert("x-rate-limit-remaining", "59".parse().unwrap());
        Fate::Answer(groups)
    };
    world.front.script().next(1, "GET", &format!("/users/{}/groups", user_id(ANN)), nearly_used_up);
    grant.expect("verify", "not found").await;
    grant.expect("verify", "retry").await;
    grant.expect("revoke", "done").await;
    grant.expect("verify_gone", "not found").await;
}

/// A read of ann's groups that shows none.
fn none_there() -> Fate {
    Fate::Answer(answer(200, &[], &json!([])))
}

#[tokio::test]
async fn a_success_that_did_nothing_is_seen_through() {
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let grant = world.grant();
    let member = format!("/groups/{}/users/{}", world.group, user_id(ANN));
    world.front.script().next(1, "PUT", &member, || Fate::Answer(empty(204)));
    for (op, word) in [("grant", "done"), ("verify", "not found"), ("grant", "done"), ("verify", "found")] {
        grant.expect(op, word).await;
    }
    world.front.script().next(1, "DELETE", &member, || Fate::Answer(empty(204)));
    for (op, word) in
        [("revoke", "done"), ("verify_gone", "found"), ("revoke", "done"), ("verify_gone", "not found")]
    {
        grant.expect(op, word).await;
    }
}

#[tokio::test]
async fn reads_that_alternate_never_say_gone() {
    let Some(world) = OktaWorld::new(json!({ "read_backs": 3 })) else { return };
    let grant = world.grant();
    let groups = format!("/users/{}/groups", user_id(ANN));
    grant.expect("grant", "done").await;
    let script = world.front.script();
    for stale in [1, 2] {
        script.next(stale, "GET", &groups, none_there);
        grant.expect("verify_gone", "retry").await;
    }
    script.next(1, "GET", &groups, || Fate::Pass);
    script.next(1, "GET", &groups, none_there);
    grant.expect("verify_gone", "found").await;
    grant.expect("snapshot", "retry").await;
    grant.expect("snapshot", "found").await;

    // Gone indeed, but a part of Okta has not heard.
    grant.expect("revoke", "done").await;
    let group = world.group.clone();
    let still_there = move || {
        let one = json!({ "id": group, "type": "OKTA_GROUP", "profile": { "name": "ours" } });
        Fate::Answer(answer(200, &[], &json!([one])))
    };
    script.next(1, "GET", &groups, || Fate::Pass);
    script.next(1, "GET", &groups, still_there);
    grant.expect("verify_gone", "retry").await;
    grant.expect("verify_gone", "not found").await;
    assert_eq!(script.clear(), 0);
}

#[tokio::test]
async fn an_org_that_is_not_there_is_waited_for() {
    let scratch = Scratch::new();
    let token = secret(&scratch, "okta.token", TOKEN);
    let url = format!("http://127.0.0.1:{}", free_port());
    let adapter = adapter(json!({ "base_url": url, "auth": { "token_file": token } }));
    let grant = Grant::of(adapter, &json!({ "group": { "id": "00g1abcDEF2345678901" } }), 1042, ANN);
    for op in ["snapshot", "grant", "verify", "revoke", "verify_gone"] {
        grant.expect(op, "retry").await;
    }
}

#[tokio::test]
async fn a_new_token_in_the_file_needs_no_restart() {
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let grant = world.grant();
    let file = secret(&world.scratch, "okta.token", "00an-old-token");
    let outcome = grant.does("grant").await;
    assert_eq!(word_of(&outcome), "fatal");
    assert!(error_of(&outcome).contains("write a new one into its file"), "{outcome:?}");
    assert!(!format!("{outcome:?}").contains("00an-old-token"));
    secret(&world.scratch, "okta.token", TOKEN);
    grant.expect("grant", "done").await;
    std::fs::remove_file(&file).unwrap();
    grant.expect("verify", "found").await;
    // Refused with what is in memory, and nothing else to show: the revocation fails, and is tried again.
    let member = format!("/groups/{}/users/{}", world.group, user_id(ANN));
    world
        .front
        .script()
        .next(1, "DELETE", &member, || Fate::Answer(error(401, "E0000011", "Invalid token provided")));
    grant.expect("revoke", "fatal").await;
    grant.expect("revoke", "fatal").await;
    secret(&world.scratch, "okta.token", TOKEN);
    grant.expect("revoke", "done").await;
}

#[tokio::test]
async fn sessions_that_stay_are_told_and_ended_at_the_next_try() {
    for (fate, word) in [
        ((|| Fate::Answer(empty(503))) as fn() -> Fate, "retry, may have landed"),
        (REFUSED_BY_ROLE, "fatal"),
    ] {
        let Some(world) = OktaWorld::new(json!({})) else { return };
        let grant = world.grant();
        grant.expect("grant", "done").await;
        world.front.script().next(1, "DELETE", "/sessions?oauthTokens=true&forgetDevices=false", fate);
        let outcome = grant.does("revoke").await;
        assert_eq!(word_of(&outcome), word, "{outcome:?}");
        assert!(error_of(&outcome).contains("the membership is taken out, but"), "{outcome:?}");
        assert!(!world.has(ANN));
        world.front.forget();
        grant.expect("revoke", "already").await;
        assert!(world.front.seen().iter().any(|line| line.contains("/sessions")));
    }
    let Some(world) = OktaWorld::new(json!({ "end_sessions": false })) else { return };
    let grant = world.grant();
    grant.expect("grant", "done").await;
    grant.expect("revoke", "done").await;
    assert!(!world.front.seen().iter().any(|line| line.contains("/sessions")));
    assert_eq!(grant.step.cannot_end.len(), 2);
}

#[tokio::test]
async fn a_list_in_pages_is_read_to_its_end_and_no_further_than_a_bound() {
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let grant = world.grant();
    let groups = format!("/users/{}/groups", user_id(ANN));
    let one = |id: &str| json!([{ "id": id, "type": "OKTA_GROUP", "profile": { "name": id } }]);
    let first = one("00g1abcDEF2345678901");
    let next = ("link", "<https://evil.example.com/api/v1/x?after=c%2B1>; rel=\"next\"");
    let script = world.front.script();
    script.next(1, "GET", &groups, move || Fate::Answer(answer(200, &[next], &first)));
    let second = one(&world.group);
    script.next(1, "GET", &format!("{groups}?after=c%2B1"), move || Fate::Answer(answer(200, &[], &second)));
    grant.expect("verify", "found").await;
    assert_eq!(script.clear(), 0);

    script.next(1, "GET", &groups, move || Fate::Answer(answer(200, &[next], &json!([]))));
    script.next(1000, "GET", "?after=c%2B1", move || Fate::Answer(answer(200, &[next], &json!([]))));
    world.front.forget();
    grant.expect("verify_gone", "retry").await;
    assert!(world.front.seen().len() <= 101);
    script.clear();
}

#[tokio::test]
async fn an_answer_that_is_no_answer_proves_nothing() {
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let grant = world.grant();
    for body in ["", "<html>", "{}", "[{}]", "null"] {
        let page = move || {
            let mut page = empty(200);
            *page.body_mut() = body.into();
            Fate::Answer(page)
        };
        world.front.script().next(1, "GET", &format!("/users/{}/groups", user_id(ANN)), page);
        grant.expect("verify_gone", "retry").await;
    }
}

/// Changes a user as an admin does.
fn change(world: &OktaWorld, login: &str, verb: &str) {
    let path = format!("/api/v1/users/{}{verb}", user_id(login));
    let method = if verb.is_empty() { "DELETE" } else { "POST" };
    let (status, _) = world.org.admin(method, &path, None);
    assert!((200..300).contains(&status), "{path}: {status}");
}

fn rename(world: &OktaWorld, login: &str, to: &str) {
    let body = json!({ "profile": { "login": to } });
    let (status, _) = world.org.admin("POST", &format!("/api/v1/users/{}", user_id(login)), Some(&body));
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_user_who_was_deactivated_may_still_be_a_member() {
    const WHO: &str = "dave@example.com";
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let grant = world.grant_by(world.adapter(), WHO);
    for (verb, why) in [("/lifecycle/suspend", "suspended"), ("/lifecycle/deactivate", "deactivated")] {
        grant.expect("grant", "done").await;
        change(&world, WHO, verb);
        grant.expect("verify_gone", "found").await;
        let outcome = grant.does("grant").await;
        assert_eq!(word_of(&outcome), "fatal");
        assert!(error_of(&outcome).contains(why), "{outcome:?}");
        grant.expect("revoke", "done").await;
        grant.expect("verify_gone", "not found").await;
        assert!(!world.has(WHO));
        change(&world, WHO, if why == "suspended" { "/lifecycle/unsuspend" } else { "/lifecycle/activate" });
    }
}

#[tokio::test]
async fn a_user_who_was_deleted_is_gone() {
    const WHO: &str = "erin@example.com";
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let grant = world.grant_by(world.adapter(), WHO);
    grant.expect("grant", "done").await;
    change(&world, WHO, "");
    change(&world, WHO, "");
    grant.expect("revoke", "already").await;
    let outcome = grant.does("verify_gone").await;
    assert_eq!(word_of(&outcome), "not found", "{outcome:?}");
    assert!(error_of(&outcome).contains("none with that id among the 0 members"), "{outcome:?}");
    // After a restart only the login is known, and a login may have changed.
    let after = world.grant_by(world.restarted(json!({})), WHO);
    for op in ["revoke", "verify_gone"] {
        let outcome = after.does(op).await;
        assert_eq!(word_of(&outcome), "fatal", "{outcome:?}");
        assert!(error_of(&outcome).contains("only renamed would still be a member"), "{outcome:?}");
    }
    let told = world.grant_by(world.restarted(json!({ "users": { WHO: user_id(WHO) } })), WHO);
    told.expect("revoke", "already").await;
    told.expect("verify_gone", "not found").await;
    told.expect("grant", "fatal").await;
}

#[tokio::test]
async fn a_user_who_was_renamed_is_still_the_one() {
    const WHO: &str = "grace@example.com";
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let grant = world.grant_by(world.adapter(), WHO);
    grant.expect("grant", "done").await;
    rename(&world, WHO, "grace.new@example.com");
    grant.expect("verify_gone", "found").await;
    // The emulator, as Okta, finds a user by more than the login; it is not taken for the login.
    let after = world.grant_by(world.restarted(json!({})), WHO);
    for op in ["verify_gone", "revoke", "grant", "snapshot"] {
        after.expect(op, "fatal").await;
    }
    grant.expect("revoke", "done").await;
    grant.expect("verify_gone", "not found").await;
    assert!(world.org.members(&world.group).is_empty());
}

#[tokio::test]
async fn a_group_that_was_deleted_has_no_members() {
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let grant = world.grant();
    grant.expect("grant", "done").await;
    let group = format!("/api/v1/groups/{}", world.group);
    assert_eq!(world.org.admin("DELETE", &group, None).0, 204);
    for (op, word) in
        [("revoke", "already"), ("verify_gone", "not found"), ("snapshot", "fatal"), ("grant", "fatal")]
    {
        grant.expect(op, word).await;
    }
    let unknown = world.grant_by(world.adapter(), "nobody@example.com");
    unknown.expect("verify_gone", "not found").await;
}

#[tokio::test]
async fn a_group_that_somebody_else_manages_is_refused() {
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let grant = world.grant();
    for kind in ["APP_GROUP", "BUILT_IN", "NEW_GROUP"] {
        let group = json!({ "id": world.group, "type": kind, "profile": { "name": "Everyone" } });
        let end = format!("/groups/{}", world.group);
        world.front.script().next(1, "GET", &end, move || Fate::Answer(answer(200, &[], &group)));
        let outcome = grant.does("snapshot").await;
        assert_eq!(word_of(&outcome), "fatal", "{outcome:?}");
        assert!(error_of(&outcome).contains("name a group of Okta's own"), "{outcome:?}");
    }
    assert!(!world.has(ANN));
}

#[tokio::test]
async fn a_group_that_the_account_lost_sight_of_is_not_taken_for_left() {
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let grant = world.grant();
    grant.expect("grant", "done").await;
    let script = world.front.script();
    script.next(3, "GET", &format!("/users/{}/groups", user_id(ANN)), none_there);
    script.next(1, "GET", &format!("/groups/{}", world.group), REFUSED_BY_ROLE);
    grant.expect("verify_gone", "fatal").await;
}

#[tokio::test]
async fn a_rule_that_brings_a_member_back_is_named() {
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let grant = world.grant();
    grant.expect("grant", "done").await;
    let rules = rules_of(&world.group);
    world
        .front
        .script()
        .next(2, "GET", "/groups/rules?limit=200", move || Fate::Answer(answer(200, &[], &rules)));
    let outcome = grant.does("verify_gone").await;
    assert_eq!(word_of(&outcome), "found");
    assert!(error_of(&outcome).contains("the group rule `Engineers` makes people members"), "{outcome:?}");
    let findings = world.adapter().check(SystemClock::new().wall()).await;
    let told: Vec<_> = findings.iter().map(|finding| finding.says.replace(&world.group, "[group]")).collect();
    insta::assert_snapshot!("okta_check", told.join("\n"));
}

fn rules_of(group: &str) -> Value {
    let rule = |name: &str, status: &str, group: &str| {
        json!({
            "type": "group_rule", "id": "0pr1", "status": status, "name": name,
            "actions": { "assignUserToGroups": { "groupIds": [group] } },
        })
    };
    json!([
        rule("Old", "INACTIVE", group),
        rule("Other", "ACTIVE", "00g1abcDEF2345678901"),
        rule("Engineers", "ACTIVE", group),
    ])
}

#[tokio::test]
async fn a_check_tells_what_is_wrong() {
    let mut told = Vec::new();
    for (method, end, fate) in [
        (
            "GET",
            "/api/v1/groups?limit=1",
            (|| Fate::Answer(error(401, "E0000011", "Invalid token provided"))) as fn() -> Fate,
        ),
        ("GET", "/api/v1/users?limit=1", REFUSED_BY_ROLE),
        ("GET", "/api/v1/users/me", REFUSED_BY_ROLE),
        ("GET", "/groups/rules?limit=200", REFUSED_BY_ROLE),
    ] {
        let Some(world) = OktaWorld::new(json!({})) else { return };
        world.front.script().next(1, method, end, fate);
        let findings = world.adapter().check(SystemClock::new().wall()).await;
        told.push(format!("{end}:"));
        for finding in findings.iter().filter(|finding| finding.mend.is_some()) {
            told.push(format!(
                "    {:?}: {} | {}",
                finding.grade,
                finding.says,
                finding.mend.as_ref().unwrap()
            ));
        }
    }
    let Some(world) = OktaWorld::new(json!({})) else { return };
    let mistyped = json!({ "group": { "id": "00gNOTHERE0000000001" } });
    world.adapter().parse(&mistyped).unwrap();
    let later = SystemClock::new().wall() + Span::hours(1);
    told.push("a mistyped group, and a clock that is an hour ahead:".to_owned());
    for finding in world.adapter().check(later).await.iter().filter(|finding| finding.mend.is_some()) {
        let says = match finding.says.split_once(" off Okta's") {
            Some(_) => "this machine's clock is [an hour] off Okta's",
            None => finding.says.as_str(),
        };
        told.push(format!("    {:?}: {says} | {}", finding.grade, finding.mend.as_ref().unwrap()));
    }
    insta::assert_snapshot!("okta_check_troubles", told.join("\n"));
}
