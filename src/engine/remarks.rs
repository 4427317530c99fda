//! What people write in a card's thread is kept with the request. It decides nothing. The audit log has the hash of
//! the words with a salt that is kept beside them: an operator can take the words out, and then nobody can guess them
//! from the hash.

use rand::RngExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::core::{Core, Stop};
use crate::ids::{DedupeKey, PersonId, RequestId};
use crate::lifecycle::{Actor, Answer, Refusal};
use crate::store::{StoreError, Tx};
use crate::time::Timestamp;

/// Remarks on one request.
const REMARKS_MOST: u32 = 200;
/// What is kept of one, in code points.
const TEXT_MOST: usize = 4000;

/// What somebody did in a card's thread, as an edge hears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The same key changes nothing more.
    pub key: Option<DedupeKey>,
    /// The channel's id.
    pub channel: String,
    /// The message whose thread it is.
    pub thread_ts: String,
    /// The message that it is about.
    pub ts: String,
    /// What was done.
    pub deed: Deed,
}

/// What somebody did with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Wrote it.
    Wrote {
        /// Who.
        author: Author,
        /// What.
        text: String,
    },
    /// Wrote it anew.
    Edited {
        /// What it says now.
        text: String,
    },
    /// Took it away.
    Deleted,
}

/// Who wrote a remark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Author {
    /// The Slack account.
    pub account: String,
    /// Whose it is; none when the directory does not know it.
    pub person: Option<PersonId>,
    /// As people call them; the account when nobody does.
    pub name: String,
}

/// What somebody wrote in a card's thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// Its place among the remarks on the request, from 1.
    pub number: u32,
    /// Slack's id of the message.
    pub ts: String,
    /// Who.
    pub author: Author,
    /// When it was heard.
    pub at: Timestamp,
    /// What; empty once it was deleted or redacted.
    pub text: String,
    /// Whether it was longer than what is kept.
    pub cut: bool,
    /// Before the text in what the audit log has the SHA-256 of; empty with it.
    pub salt: String,
    /// When it was last written anew.
    pub edited_at: Option<Timestamp>,
    /// When its author took it away in Slack.
    pub deleted_at: Option<Timestamp>,
    /// Who took the words out here.
    pub redacted: Option<Redaction>,
}

/// Words that were taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// By whom.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Every remark on a request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Remarks {
    /// In order.
    pub kept: Vec<Remark>,
    /// How many were written besides, and not kept.
    pub left_out: u32,
}

impl Remark {
    /// SHA-256 in hex over the salt and the text: what the audit log has of the words.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::new().chain_update(&self.salt).chain_update(&self.text).finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    const fn is_there(&self) -> bool {
        self.deleted_at.is_none() && self.redacted.is_none()
    }

    fn say(&mut self, text: &str, salt: String) {
        self.text = text.chars().take(TEXT_MOST).collect();
        self.cut = text.chars().nth(TEXT_MOST).is_some();
        self.salt = salt;
    }

    fn wipe(&mut self) {
        self.text = String::new();
        self.salt = String::new();
    }

    /// What the audit log has of it.
    fn record(&self) -> serde_json::Value {
        serde_json::json!({
            "actor": self.author.actor(),
            "remark": self.number,
            "author": self.author,
            "sha256": self.fingerprint(),
            "length": self.text.chars().count(),
            "cut": self.cut,
        })
    }
}

impl Core {
    /// Keeps what was heard, if it is in the thread of a card. While the disk is full it is not kept.
    pub(super) fn heard(&mut self, tx: &mut Tx<'_>, heard: &Heard, now: Timestamp) -> Result<(), StoreError> {
        if self.full_until.is_some() {
            return Ok(());
        }
        if let Some(key) = &heard.key
            && tx.answer(key)?.is_some()
        {
            return Ok(());
        }
        let Some(request) = tx.card_at(&heard.channel, &heard.thread_ts)? else { return Ok(()) };
        let known = tx.remark_at(request, &heard.ts)?;
        match (&heard.deed, known) {
            (Deed::Wrote { author, text }, None) => {
                self.keep_remark(tx, request, &heard.ts, author, text, now)?
            }
            (Deed::Edited { text }, Some(remark)) if remark.is_there() => {
                self.edit_remark(tx, request, remark, text, now)?;
            }
            (Deed::Deleted, Some(mut remark)) if remark.deleted_at.is_none() => {
                remark.deleted_at = Some(now);
                remark.wipe();
                tx.put_remark(request, &remark)?;
                let body = serde_json::json!({
                    "actor": Actor::Jitney, "remark": remark.number, "author": remark.author,
                });
                tx.append(now, "remark_deleted", Some(request), body)?;
            }
            // Heard before, or about a message that was not kept, or whose words were taken out.
            (Deed::Wrote { .. }, Some(_)) | (Deed::Edited { .. } | Deed::Deleted, _) => {}
        }
        if let Some(key) = &heard.key {
            tx.put_answer(key, &Answer::Noted, now)?;
        }
        Ok(())
    }

    fn keep_remark(
        &mut self,
        tx: &mut Tx<'_>,
        request: RequestId,
        ts: &str,
        author: &Author,
        text: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let last = tx.last_remark(request)?;
        if last >= REMARKS_MOST {
            return tx.leave_remark_out(request);
        }
        let mut remark = Remark {
            number: last + 1,
            ts: ts.to_owned(),
            author: author.clone(),
            at: now,
            text: String::new(),
            cut: false,
            salt: String::new(),
            edited_at: None,
            deleted_at: None,
            redacted: None,
        };
        remark.say(text, self.salt());
        tx.put_remark(request, &remark)?;
        tx.append(now, "remarked", Some(request), remark.record())?;
        Ok(())
    }

    fn edit_remark(
        &mut self,
        tx: &mut Tx<'_>,
        request: RequestId,
        mut remark: Remark,
        text: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        remark.say(text, self.salt());
        remark.edited_at = Some(now);
        tx.put_remark(request, &remark)?;
        tx.append(now, "remark_edited", Some(request), remark.record())?;
        Ok(())
    }

    /// Takes the words of a remark out; who and when stays.
    pub(super) fn redact(
        &mut self,
        tx: &mut Tx<'_>,
        by: &Actor,
        request: RequestId,
        number: u32,
        reason: &str,
        now: Timestamp,
    ) -> Result<Answer, Stop> {
        let Actor::Operator { .. } = by else {
            return Err(Refusal::NotAnOperator { login: by.name().to_owned() }.into());
        };
        tx.request(request)?.ok_or(Refusal::NoSuchRequest { request })?;
        let remark = tx.remark(request, number)?;
        let mut remark = remark.ok_or(Refusal::NoSuchRemark { request, number })?;
        if remark.redacted.is_none() {
            remark.wipe();
            remark.redacted = Some(Redaction { by: by.clone(), at: now, reason: reason.to_owned() });
            tx.put_remark(request, &remark)?;
            let body = serde_json::json!({
                "actor": by, "remark": number, "author": remark.author, "reason": reason,
            });
            tx.append(now, "remark_redacted", Some(request), body)?;
        }
        Ok(Answer::Redacted { request, number })
    }

    fn salt(&mut self) -> String {
        format!("{:032x}", self.rng.random::<u128>())
    }
}

impl Author {
    /// As an audit record names who acted: by the account, when the directory does not know it.
    fn actor(&self) -> serde_json::Value {
        let id = self.person.as_ref().map_or(self.account.as_str(), PersonId::as_str);
        serde_json::json!({ "id": id, "name": self.name })
    }
}
