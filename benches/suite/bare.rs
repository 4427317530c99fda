//! The physical limits: one indexed SQLite table with an audit table and an outbox beside it, one writer that commits
//! what waits together (WAL, FULL), and for timers a heap of the rows that fall due soon. It decides nothing and
//! parses nothing; it writes rows of the same size.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use super::null::wall_micros;

/// What one commit takes at most, as the engine does.
const BATCH: usize = 512;
/// What the heap holds ahead.
const WINDOW_MILLIS: i64 = 600_000;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE grants (id INTEGER PRIMARY KEY, due_at INTEGER, open INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE INDEX grants_due ON grants (due_at) WHERE open = 1;
    CREATE TABLE outbox (id INTEGER PRIMARY KEY, due_at INTEGER NOT NULL, what TEXT NOT NULL);
    CREATE TABLE audit (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL);";

/// The table.
pub(crate) struct Bare {
    conn: Connection,
    body: String,
    audit: String,
    seq: i64,
}

/// One durable step of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The state changes, and a call is owed.
    Owe,
    /// A call is settled, and the next one is owed.
    Next,
    /// A call is settled, and nothing more is owed.
    Over,
}

impl Bare {
    /// A new table, whose rows are as large as these.
    pub(crate) fn new(folder: &Path, (body, audit): &(String, String)) -> anyhow::Result<Self> {
        let conn = Connection::open(folder.join("bare.db"))?;
        conn.execute_batch(SCHEMA)?;
        Ok(Self { conn, body: body.clone(), audit: audit.clone(), seq: 0 })
    }

    /// Stores grants that end long after everything else; small ones, since nobody reads them.
    pub(crate) fn store(&self, grants: u64) -> anyhow::Result<()> {
        self.conn.execute_batch("PRAGMA synchronous = OFF")?;
        let tx = self.conn.unchecked_transaction()?;
        let far = wall_micros() / 1000 + 100 * WINDOW_MILLIS;
        for id in 0..grants.cast_signed() {
            tx.prepare_cached("INSERT INTO grants VALUES (?1, ?2, 1, ?3)")?.execute(params![
                id,
                far + id,
                "x".repeat(200)
            ])?;
        }
        tx.commit()?;
        self.conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = FULL")?;
        Ok(())
    }

    /// Stores grants that end then (milliseconds), numbered from `first` on.
    pub(crate) fn add(&self, first: u64, ends: &[i64]) -> anyhow::Result<()> {
        let tx = self.conn.unchecked_transaction()?;
        for (id, end) in (first.cast_signed()..).zip(ends) {
            tx.prepare_cached("INSERT INTO grants VALUES (?1, ?2, 1, ?3)")?
                .execute(params![id, end, self.body])?;
        }
        tx.commit()?;
        self.conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
        Ok(())
    }

    fn step(&mut self, id: i64, step: Step) -> rusqlite::Result<()> {
        let open = i64::from(step != Step::Over);
        self.conn
            .prepare_cached("UPDATE grants SET due_at = NULL, open = ?2, body = ?3 WHERE id = ?1")?
            .execute(params![id, open, self.body])?;
        if step != Step::Owe {
            self.conn.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id])?;
        }
        if step != Step::Over {
            self.conn
                .prepare_cached("INSERT INTO outbox VALUES (?1, ?2, 'call')")?
                .execute(params![id, 0])?;
        }
        self.seq += 1;
        self.conn
            .prepare_cached("INSERT INTO audit VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![self.seq, self.audit, [1_u8; 32], [2_u8; 32]])?;
        Ok(())
    }

    fn commit(&mut self, steps: &[(i64, Step)]) -> rusqlite::Result<()> {
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for (id, step) in steps {
            self.step(*id, *step)?;
        }
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    /// Durable steps a second, each waited for, with so many clients that wait at once.
    pub(crate) fn ceiling(mut self, clients: u64, length: Duration) -> anyhow::Result<f64> {
        self.add(0, &vec![i64::MAX; usize::try_from(clients)?])?;
        let (queue, inbox) = mpsc::channel::<(i64, oneshot::Sender<()>)>();
        let writer = std::thread::spawn(move || -> rusqlite::Result<()> {
            while let Ok(first) = inbox.recv() {
                let batch: Vec<_> = std::iter::once(first).chain(inbox.try_iter().take(BATCH - 1)).collect();
                self.commit(&batch.iter().map(|(id, _)| (*id, Step::Next)).collect::<Vec<_>>())?;
                for (_, waits) in batch {
                    let _ = waits.send(());
                }
            }
            Ok(())
        });
        let began = Instant::now();
        let done = super::room::runtime()?.block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            for id in 0..clients.cast_signed() {
                let queue = queue.clone();
                tasks.spawn(async move {
                    let mut done = 0_u32;
                    while began.elapsed() < length {
                        let (reply, answer) = oneshot::channel();
                        if queue.send((id, reply)).is_err() || answer.await.is_err() {
                            break;
                        }
                        done += 1;
                    }
                    done
                });
            }
            tasks.join_all().await.into_iter().sum::<u32>()
        });
        let took = began.elapsed();
        drop(queue);
        writer.join().map_err(|_| anyhow::anyhow!("the writer panicked"))??;
        Ok(f64::from(done) / took.as_secs_f64())
    }

    /// Ends what falls due: owed and handed out, called twice (revoke, then look), each outcome stored. When each was
    /// handed out, and when the last step of it was durable; microseconds since 1970.
    pub(crate) fn storm(mut self, grants: usize) -> anyhow::Result<(BTreeMap<i64, i64>, BTreeMap<i64, i64>)> {
        let window = wall_micros() / 1000 + WINDOW_MILLIS;
        let mut heap: BinaryHeap<Reverse<(i64, i64)>> = self
            .conn
            .prepare("SELECT due_at, id FROM grants WHERE open = 1 AND due_at <= ?1")?
            .query_map([window], |row| Ok(Reverse((row.get(0)?, row.get(1)?))))?
            .collect::<Result<_, _>>()?;
        let (calls, called) = mpsc::channel::<Vec<(i64, Step)>>();
        let (answers, answered) = mpsc::channel::<(i64, Step)>();
        let target = std::thread::spawn(move || {
            let mut handed = BTreeMap::new();
            for (id, step) in called.into_iter().flatten() {
                if step == Step::Owe {
                    handed.insert(id, wall_micros());
                }
                let next = if step == Step::Owe { Step::Next } else { Step::Over };
                if answers.send((id, next)).is_err() {
                    break;
                }
            }
            handed
        });
        let mut durable = BTreeMap::new();
        while durable.len() < grants {
            let mut steps: Vec<(i64, Step)> = Vec::new();
            let now = wall_micros() / 1000;
            while steps.len() < BATCH
                && let Some(Reverse((_, id))) = heap.peek().filter(|Reverse((due, _))| *due <= now)
            {
                steps.push((*id, Step::Owe));
                heap.pop();
            }
            if steps.is_empty() {
                let until = heap.peek().map_or(1000, |Reverse((due, _))| (due - now).max(1));
                match answered.recv_timeout(Duration::from_millis(until.unsigned_abs())) {
                    Ok(answer) => steps.push(answer),
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the target is gone"),
                }
            }
            steps.extend(answered.try_iter().take(BATCH - steps.len().min(BATCH)));
            self.commit(&steps)?;
            let now = wall_micros();
            durable.extend(steps.iter().filter(|(_, step)| *step == Step::Over).map(|(id, _)| (*id, now)));
            steps.retain(|(_, step)| *step != Step::Over);
            calls.send(steps).map_err(|_| anyhow::anyhow!("the target is gone"))?;
        }
        drop(calls);
        let handed = target.join().map_err(|_| anyhow::anyhow!("the target panicked"))?;
        Ok((handed, durable))
    }
}
