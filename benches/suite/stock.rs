//! Databases with many stored grants. One grant is made by the engine itself; its rows are then written again and
//! again under other ids, people and ends, with an audit chain that verifies. Made once, kept under `target/`.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use jitney::audit::{Head, Record};
use jitney::engine::{Command, Completion, Core, Input, Verb};
use jitney::ids::RequestId;
use jitney::lifecycle::{Actor, Answer, Effect, Evidence, Op, Outcome};
use jitney::policy::Ask;
use jitney::store::Store;
use jitney::time::{Span, Timestamp};
use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::company::{PEOPLE, asker, manager};
use super::desk::message;
use super::folder::{Folder, data};
use super::null::{self, KEY, NullTarget};
use super::room;

/// The instance that all of these databases are.
pub(crate) const INSTANCE: &str = "0123456789abcdef";
/// Changes when the rows do: an older stock is made anew.
const EDITION: u32 = 2;
/// What everybody asks for.
const ROLE: &str = "wiki/read";
/// In an order in which each row's parents come first.
const TABLES: [&str; 5] = ["requests", "step_keys", "entries", "tickets", "messages"];
/// Stored grants end from 2100 on, a second after the other, so that a stock does not age.
const FAR_END: i64 = 4_102_444_800_000;
/// Rows that one transaction writes.
const CHUNK: u64 = 20_000;

/// A grant as the engine wrote it.
pub(crate) struct Template {
    id: RequestId,
    ends_at: Timestamp,
    tables: Vec<Table>,
    audit: Vec<(i64, String, String)>,
}

struct Table {
    name: &'static str,
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

/// Who gets one more grant, and until when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Another {
    pub(crate) id: u64,
    pub(crate) asker: u64,
    /// Tells apart the grants of one person: each is of another role.
    pub(crate) role: u64,
    pub(crate) ends_at: Timestamp,
}

impl Template {
    /// Lets the engine make a grant.
    pub(crate) fn make() -> anyhow::Result<Self> {
        let folder = Folder::new("template")?;
        let path = folder.join("jitney.db");
        let targets = Arc::new(null::targets(NullTarget::default())?);
        let mut core = Core::new(room::parts(&path, targets, 1)?)?;
        let id = grant(&mut core)?;
        let dossier = core.dossier(id)?.context("it was just granted")?;
        drop(core.into_store());
        let ends_at = dossier.request.times.context("it was just granted")?.expires_at;
        let conn = Connection::open(&path)?;
        let tables = TABLES.iter().map(|name| read_table(&conn, name)).collect::<Result<_, _>>()?;
        let audit = conn
            .prepare("SELECT at, kind, body FROM audit ORDER BY seq")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        Ok(Self { id, ends_at, tables, audit })
    }

    /// A request's body, and an audit record's: what the bare tables write too.
    pub(crate) fn bodies(&self) -> (String, String) {
        let requests = self.tables.first().and_then(|table| table.rows.first());
        let texts = requests.into_iter().flatten().filter_map(|value| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        });
        let request = texts.max_by_key(String::len).unwrap_or_default();
        (request, self.audit.last().map(|(_, _, body)| body.clone()).unwrap_or_default())
    }

    fn text(&self, text: &str, as_of: &Another) -> String {
        text.replace(&self.id.to_string(), &format!("R{}", as_of.id))
            .replace("p0@example.com", &format!("p{}@example.com", as_of.asker))
            .replace(ROLE, &format!("{ROLE}-{}", as_of.role))
            .replace(KEY, &format!("{KEY}-{}", as_of.role))
            .replace(&self.ends_at.millis().to_string(), &as_of.ends_at.millis().to_string())
            // Or it would fall due once more before its end.
            .replace("\"warned\":false", "\"warned\":true")
    }

    fn value(&self, column: &str, value: &Value, as_of: &Another) -> Value {
        let id = i64::try_from(self.id.number()).unwrap_or_default();
        match value {
            Value::Text(text) => Value::Text(self.text(text, as_of)),
            Value::Integer(number) if matches!(column, "id" | "request") && *number == id => {
                Value::Integer(i64::try_from(as_of.id).unwrap_or_default())
            }
            Value::Integer(_) if matches!(column, "due_at" | "ends_at") => {
                Value::Integer(as_of.ends_at.millis())
            }
            other => other.clone(),
        }
    }

    /// Writes one more grant.
    fn write(&self, conn: &Connection, as_of: &Another, head: &mut Head) -> anyhow::Result<()> {
        for Table { name, columns, rows } in &self.tables {
            let marks = vec!["?"; columns.len()].join(", ");
            let sql = format!("INSERT INTO {name} ({}) VALUES ({marks})", columns.join(", "));
            let mut insert = conn.prepare_cached(&sql)?;
            for row in rows {
                let row = columns.iter().zip(row).map(|(column, value)| self.value(column, value, as_of));
                insert.execute(params_from_iter(row))?;
            }
        }
        let mut insert = conn.prepare_cached(
            "INSERT INTO audit (seq, at, kind, request, body, prev, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for (at, kind, body) in &self.audit {
            let body = serde_json::from_str(&self.text(body, as_of))?;
            let request = Some(RequestId::from_number(as_of.id));
            let record = Record::chain(head, Timestamp::from_millis(*at), kind, request, body)?;
            *head = record.head();
            insert.execute(rusqlite::params![
                record.seq.cast_signed(),
                record.at.millis(),
                record.kind,
                as_of.id.cast_signed(),
                record.body.to_string(),
                record.prev.as_bytes(),
                record.hash.as_bytes(),
            ])?;
        }
        Ok(())
    }
}

/// Asks, has it approved, and does what is owed, once.
fn grant(core: &mut Core) -> anyhow::Result<RequestId> {
    let command = |by, verb| Input::Command(Box::new(Command { key: None, by, verb }));
    let answered = core.run(vec![command(actor(asker(0)?), Verb::Ask(ask(Span::hours(1))?))])?;
    let request = match answered.into_iter().next().transpose()? {
        Some(Answer::Submitted { request, .. }) => request,
        other => anyhow::bail!("it was not taken: {other:?}"),
    };
    core.run(vec![command(actor(manager(0)?), Verb::Approve { request, at_most: None })])?;
    do_what_is_owed(core)?;
    Ok(request)
}

/// Does everything that is owed; each call succeeds.
pub(crate) fn do_what_is_owed(core: &mut Core) -> anyhow::Result<()> {
    loop {
        let owed = core.claim(100)?;
        if owed.is_empty() {
            return Ok(());
        }
        for work in owed {
            let (row, request) = (work.row, work.request);
            let revision = core.dossier(request)?.context("it exists")?.revision;
            let completion = match work.effect {
                Effect::Target { id, op, .. } => Completion::Target { row, effect: id, outcome: outcome(op) },
                Effect::Ticket => Completion::Told { row, request, revision },
                Effect::Show(view) => {
                    Completion::Shown { row, request, view, message: Some(message()), revision }
                }
            };
            core.run(vec![Input::Complete(Box::new(completion))])?;
        }
    }
}

fn outcome(op: Op) -> Outcome {
    let answer = "as it should be".to_owned();
    let evidence = Evidence { method: "looked".to_owned(), answer, at: Timestamp::from_millis(0) };
    match op {
        Op::Grant | Op::Extend | Op::Revoke => Outcome::Done(evidence),
        Op::Verify => Outcome::Found(evidence),
        Op::Snapshot | Op::VerifyGone | Op::Recheck => Outcome::NotFound(evidence),
    }
}

pub(crate) fn actor(id: jitney::ids::PersonId) -> Actor {
    Actor::Person { name: id.to_string(), id }
}

pub(crate) fn ask(duration: Span) -> anyhow::Result<Ask> {
    Ok(Ask {
        role: ROLE.parse()?,
        duration,
        starts_at: None,
        justification: "the pages of the audit want mending before Friday".to_owned(),
        ticket: None,
        fields: Default::default(),
    })
}

fn read_table(conn: &Connection, name: &'static str) -> anyhow::Result<Table> {
    let mut sql = conn.prepare(&format!("SELECT * FROM {name}"))?;
    let columns: Vec<String> = sql.column_names().map(str::to_owned).collect();
    let count = columns.len();
    let rows = sql
        .query_map([], |row| (0..count).map(|index| row.get(index)).collect::<Result<Vec<Value>, _>>())?
        .collect::<Result<_, _>>()?;
    Ok(Table { name, columns, rows })
}

/// A stock of so many grants, made when it is not there yet.
pub(crate) fn stored(template: &Template, grants: u64) -> anyhow::Result<PathBuf> {
    let path = data()?.join(format!("stock-{EDITION}-{grants}.db"));
    if path.exists() {
        return Ok(path);
    }
    eprintln!("making a database of {grants} grants, once");
    let unfinished = path.with_extension("unfinished");
    let _ = std::fs::remove_file(&unfinished);
    drop(Store::open(&unfinished, INSTANCE)?);
    let conn = Connection::open(&unfinished)?;
    conn.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;
         PRAGMA locking_mode = EXCLUSIVE;",
    )?;
    let mut next = template.id.number();
    let first = next;
    while next < first + grants {
        let to = (next + CHUNK).min(first + grants);
        let more = (next..to).map(|id| Another {
            id,
            asker: (id - first) % PEOPLE,
            role: (id - first) / PEOPLE,
            ends_at: Timestamp::from_millis(FAR_END) + Span::secs((id * 7919) % grants),
        });
        append(&conn, template, more)?;
        next = to;
    }
    conn.execute_batch("PRAGMA journal_mode = WAL")?;
    drop(conn);
    for beside in ["lock", "ballast"] {
        let _ = std::fs::remove_file(format!("{}.{beside}", unfinished.display()));
    }
    std::fs::rename(&unfinished, &path)?;
    Ok(path)
}

/// Writes more grants into a database that nobody uses.
pub(crate) fn append(
    conn: &Connection,
    template: &Template,
    more: impl Iterator<Item = Another>,
) -> anyhow::Result<()> {
    let tx = conn.unchecked_transaction()?;
    let newest = tx.query_row("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?))
    });
    let mut head = match newest {
        Ok((seq, hash)) => Head { seq: seq.cast_unsigned(), hash: jitney::audit::Hash::from_bytes(hash) },
        Err(rusqlite::Error::QueryReturnedNoRows) => Head::genesis(INSTANCE),
        Err(error) => return Err(error.into()),
    };
    let mut last = 0;
    for another in more {
        template.write(&tx, &another, &mut head)?;
        last = another.id;
    }
    tx.execute("UPDATE instance SET next_request = max(next_request, ?1)", [last.cast_signed() + 1])?;
    Ok(tx.commit()?)
}

/// A copy of a stock to work on, with grants that end soon besides.
pub(crate) struct Copy {
    folder: Folder,
    next: Cell<u64>,
}

impl Copy {
    pub(crate) fn of(template: &Template, grants: u64) -> anyhow::Result<Self> {
        let stock = stored(template, grants)?;
        let folder = Folder::new(&format!("stock-{grants}"))?;
        std::fs::copy(stock, folder.join("jitney.db"))?;
        Ok(Self { folder, next: Cell::new(template.id.number() + grants) })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("jitney.db")
    }

    /// Adds one grant for each of these ends, each of another person. The number of the first.
    pub(crate) fn add(&self, template: &Template, ends: &[Timestamp]) -> anyhow::Result<u64> {
        let conn = Connection::open(self.database())?;
        conn.execute_batch("PRAGMA synchronous = OFF")?;
        let first = self.next.get();
        let role = 1_000_000 + first;
        let more = (0u64..).zip(ends).map(|(number, ends_at)| Another {
            id: first + number,
            asker: number % PEOPLE,
            role: role + number / PEOPLE,
            ends_at: *ends_at,
        });
        append(&conn, template, more)?;
        self.next.set(first + ends.len() as u64);
        Ok(first)
    }

    /// Lets the grants from this one on end after everything else, and nothing be owed.
    pub(crate) fn calm(&self, first: u64) -> anyhow::Result<()> {
        let conn = Connection::open(self.database())?;
        let ends = [FAR_END, first.cast_signed()];
        conn.execute("UPDATE requests SET due_at = ?1 WHERE id >= ?2 AND due_at IS NOT NULL", ends)?;
        conn.execute("DELETE FROM outbox", [])?;
        Ok(())
    }

    /// Leaves a write-ahead log of about so many bytes, as a crash does.
    pub(crate) fn crash_with_log(&self, bytes: u64) -> anyhow::Result<()> {
        let conn = Connection::open(self.database())?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        conn.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA wal_checkpoint(TRUNCATE)")?;
        let log = self.folder.join("jitney.db-wal");
        let mut id = self.next.get();
        while std::fs::metadata(&log).map_or(0, |file| file.len()) < bytes {
            let tx = conn.unchecked_transaction()?;
            for _ in 0..64 {
                // Few stored grants are written more than once.
                id = if id > 1 { id - 1 } else { self.next.get() };
                tx.prepare_cached("UPDATE requests SET revision = revision + 1 WHERE id = ?1")?
                    .execute([id.cast_signed()])?;
            }
            tx.commit()?;
        }
        drop(conn);
        let _ = std::fs::remove_file(self.folder.join("jitney.db-shm"));
        anyhow::ensure!(std::fs::metadata(&log)?.len() >= bytes, "the write-ahead log is gone");
        Ok(())
    }
}
