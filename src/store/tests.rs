//! What only this module can see: how SQLite searches, and what it does when the disk is full.

use rusqlite::Connection;
use serde_json::json;

use super::{
    Store, StoreError, grants, holds, instance, lockdowns, outbox, records, remarks, requests, story,
};
use crate::time::Timestamp;

fn plan(conn: &Connection, sql: &str) -> Vec<String> {
    let mut explain = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let nothing = vec![rusqlite::types::Null; explain.parameter_count()];
    let steps = explain.query_map(rusqlite::params_from_iter(nothing), |row| row.get(3)).unwrap();
    steps.collect::<Result<_, _>>().unwrap()
}

/// How often the statement is planned again when it is run with other values.
fn replans(conn: &Connection, sql: &str) -> i32 {
    let mut statement = conn.prepare(sql).unwrap();
    for value in 0..3 {
        for place in 1..=statement.parameter_count() {
            statement.raw_bind_parameter(place, value).unwrap();
        }
        // A constraint may refuse the values; the plan was used all the same.
        let mut rows = statement.raw_query();
        while let Ok(Some(_)) = rows.next() {}
    }
    statement.get_status(rusqlite::StatementStatus::RePrepare)
}

#[test]
fn hot_queries_search_an_index_and_sort_nothing() {
    let store = Store::in_memory("7f3a9c").unwrap();
    for (sql, index) in [
        (requests::REQUEST, "INTEGER PRIMARY KEY"),
        (requests::TWIN, "requests_slot"),
        (requests::DUE, "requests_due"),
        (requests::NEXT_DUE, "requests_due"),
        (requests::OPEN_COUNT, "requests_by_person"),
        (requests::OPEN_ASKED, "requests_by_asker"),
        (requests::HELD, "requests_by_person"),
        (requests::OPEN_EXTENSIONS, "requests_by_parent"),
        (requests::REVIEWS, "requests_to_review"),
        (requests::TO_REVIEW, "reviews_by_due"),
        (requests::LIST_STATE, "requests_by_state"),
        (requests::LIST_PERSON_STATE, "requests_by_person"),
        (requests::LIVE_ROLES, "requests_by_person"),
        (requests::OPEN_ROLES, "requests_by_person"),
        (requests::OPEN_OF, "requests_by_person"),
        (requests::LIST_PERSON, "requests_by_person"),
        (holds::CLAIMS, "step_keys_by_target"),
        (holds::BORROWED, "step_keys_borrowed"),
        (holds::NEXT_TARGET, "step_keys_by_target"),
        (requests::NEXT_REQUESTER, "requests_by_person"),
        (holds::OTHER_GRANTS, "step_keys_live"),
        (grants::PAST, "PRIMARY KEY"),
        (grants::STANDING, "PRIMARY KEY"),
        (grants::HOLDERS, "COVERING INDEX grants_now"),
        (remarks::CARD_AT, "messages_cards"),
        (remarks::BY_TS, "remarks_by_ts"),
        (remarks::ALL, "PRIMARY KEY"),
        (lockdowns::LOCKDOWNS, "lockdowns_by_person"),
        (outbox::CLAIMABLE, "outbox_due"),
        (outbox::NEXT_NOT_BEFORE, "outbox_due"),
        (outbox::READY, "outbox_due"),
        (outbox::PROMOTE, "outbox_lanes"),
        (outbox::OWE_SHOW, "outbox_lanes"),
        (story::ENTRIES, "PRIMARY KEY"),
        (story::MESSAGES, "PRIMARY KEY"),
        (records::RECORDS, "INTEGER PRIMARY KEY"),
        (records::NEWEST_OF, "INTEGER PRIMARY KEY"),
        (records::REFUSED_OF, "audit_refused_of"),
        (records::REFUSED_ASKS, "audit_refused_asks"),
        (instance::PRUNE_ANSWERS, "answers_by_age"),
    ] {
        let steps = plan(&store.conn, sql);
        assert_eq!(replans(&store.conn, sql), 0, "{sql} is planned anew with each other value");
        assert!(steps.iter().all(|step| !step.contains("SCAN")), "{sql}\n{steps:#?}");
        assert!(steps.iter().any(|step| step.contains(index)), "{sql}\n{steps:#?}");
        // A person's own few rows may be sorted; what grows with the database may not.
        let few = [
            requests::LIVE_ROLES,
            requests::OPEN_ROLES,
            requests::OPEN_OF,
            requests::LIST_PERSON,
            requests::OPEN_EXTENSIONS,
        ];
        let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE"));
        assert!(!sorts || few.contains(&sql), "{sql}\n{steps:#?}");
    }
}

#[test]
fn the_connection_is_as_careful_as_it_should_be() {
    let path = std::env::temp_dir().join(format!("jitney-{}.db", std::process::id()));
    let store = Store::open(&path, "7f3a9c").unwrap();
    for (pragma, wanted) in [
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("temp_store", 2),
        ("secure_delete", 1),
        ("trusted_schema", 0),
        ("busy_timeout", 5000),
    ] {
        let value: i64 = store.conn.pragma_query_value(None, pragma, |row| row.get(0)).unwrap();
        assert_eq!(value, wanted, "{pragma}");
    }
    let journal: String = store.conn.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(journal, "wal");
    drop(store);
    for suffix in ["", ".lock", ".ballast"] {
        std::fs::remove_file(super::open::beside(&path, suffix)).unwrap();
    }
}

#[test]
fn a_database_of_the_first_format_is_brought_up_to_date() {
    let path = std::env::temp_dir().join(format!("jitney-format-{}.db", std::process::id()));
    let store = Store::open(&path, "7f3a9c").unwrap();
    store
        .conn
        .execute_batch(
            "DROP INDEX step_keys_by_target;
             DROP INDEX step_keys_borrowed;
             ALTER TABLE step_keys DROP COLUMN gives_group;
             CREATE INDEX step_keys_shared ON step_keys (person, target, key) WHERE shared = 1;
             DROP TABLE grants;
             DROP INDEX messages_cards;
             DROP TABLE remarks;
             DROP TABLE remarks_left_out;
             DROP TABLE bindings;
             DROP INDEX reviews_by_due;
             DROP INDEX audit_refused_of;
             DROP INDEX audit_refused_asks;
             DROP TABLE standing;
             DROP TABLE away; DROP TABLE policies_seen;
             DROP TABLE source_facts; DROP TABLE sources; DROP TABLE moved;
             DROP INDEX requests_by_asker;
             ALTER TABLE requests DROP COLUMN asked_by;
             PRAGMA user_version = 1;",
        )
        .unwrap();
    drop(store);
    let store = Store::open(&path, "another").unwrap();
    let format: i64 = store.conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(format, i64::from(super::open::KNOWN));
    assert_eq!(super::instance::instance_id(&store.conn).unwrap(), "7f3a9c");
    let steps = plan(&store.conn, holds::NEXT_TARGET);
    assert!(steps.iter().any(|step| step.contains("step_keys_by_target")), "{steps:#?}");
    drop(store);
    for suffix in ["", ".lock", ".ballast"] {
        std::fs::remove_file(super::open::beside(&path, suffix)).unwrap();
    }
}

fn limit_pages(store: &Store, more: i64) {
    let pages: i64 = store.conn.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.conn.pragma_update(None, "max_page_count", pages + more).unwrap();
}

#[test]
fn a_full_disk_takes_the_whole_transaction_back_and_says_so() {
    let mut store = Store::in_memory("7f3a9c").unwrap();
    let at = Timestamp::from_millis(0);
    let mut tx = store.begin().unwrap();
    tx.append(at, "submitted", None, json!("small")).unwrap();
    tx.commit().unwrap();
    limit_pages(&store, 3);
    let mut tx = store.begin().unwrap();
    tx.savepoint(|tx| tx.append(at, "approved", None, json!("small"))).unwrap();
    let failed = tx.savepoint(|tx| tx.append(at, "approved", None, json!("big".repeat(100_000))));
    assert!(matches!(failed, Err(StoreError::DiskFull)), "{failed:?}");
    let next = tx.savepoint(|tx| tx.append(at, "revoked", None, json!("small")));
    assert!(matches!(next, Err(StoreError::RolledBack)), "{next:?}");
    assert!(matches!(tx.commit(), Err(StoreError::RolledBack)));

    // What is small still goes in, on what was committed before.
    let mut tx = store.begin().unwrap();
    tx.append(at, "revoked", None, json!("small")).unwrap();
    tx.commit().unwrap();
    let kinds: Vec<_> =
        store.begin().unwrap().records(1, 9).unwrap().into_iter().map(|record| record.kind).collect();
    assert_eq!(kinds, ["submitted", "revoked"]);
}

#[test]
fn nothing_commits_by_itself_after_the_database_took_the_transaction_back() {
    let mut store = Store::in_memory("7f3a9c").unwrap();
    let at = Timestamp::from_millis(0);
    let mut tx = store.begin().unwrap();
    tx.append(at, "submitted", None, json!({})).unwrap();
    let failed: Result<(), StoreError> = tx.savepoint(|tx| {
        // As SQLite does it by itself after some errors.
        tx.conn()?.execute_batch("ROLLBACK")?;
        tx.append(at, "approved", None, json!({}))?;
        Ok(())
    });
    assert!(matches!(failed, Err(StoreError::RolledBack)), "{failed:?}");
    assert!(matches!(tx.append(at, "approved", None, json!({})), Err(StoreError::RolledBack)));
    assert!(matches!(tx.set_last_now(at), Err(StoreError::RolledBack)));
    assert!(matches!(tx.commit(), Err(StoreError::RolledBack)));
    assert_eq!(store.begin().unwrap().head().unwrap().seq, 0);
}
