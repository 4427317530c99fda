//! Interactions that need no screen, for load: nobody has to open a form before it is sent.

use serde_json::{Map, Value};

use super::{ActError, Answer, interactive};
use crate::playground::slack::links::deliver;
use crate::playground::slack::{LocalSlack, payload};

impl LocalSlack {
    /// Sends the app an interaction as this person's client would, whatever is on their screen. `fields` say what it
    /// is and what it is about; who the person is, the trigger, and where there is a channel the address for replies,
    /// are filled in.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn send_interaction(&self, user: &str, fields: Map<String, Value>) -> Result<Answer, ActError> {
        let shared = self.shared();
        let member = self.member(user)?;
        let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let payload = shared.change(|world, now| payload::any(world, shared, &member, fields, now));
        let takes_answer = matches!(kind.as_str(), "view_submission" | "block_suggestion");
        Ok(deliver(shared, interactive(&kind, payload, takes_answer)).await.into())
    }
}
