//! The credential is shown once: what is marked, what is settled, and what people are told when Slack does not say.

use super::{Ears, in_states};
use crate::engine::Verb;
use crate::ids::RequestId;
use crate::lifecycle::{Answer, Refusal, StateWord};
use crate::slack::identity::Identified;
use crate::slack::socket::Ack;
use crate::slack::views::{Said, with_release};
use crate::slack::web::CallError;
use crate::slack::{modal, words};

impl Ears {
    /// The mark is committed before anything is shown; a definite refusal takes it back, an unknown outcome does not.
    pub(super) async fn reveal(
        &self,
        id: &str,
        who: &Identified,
        request: RequestId,
        trigger: &str,
        ack: Ack,
    ) -> Option<Said> {
        let answer = self.submit(Some(id), who, Verb::Reveal { request }).await;
        ack.bare();
        match answer {
            Ok(Answer::Reveal { .. }) => self.show_credential(who, request, trigger).await,
            Ok(Answer::AlreadyRevealed { .. }) => {
                let sentence = self.answered(&answer);
                match self.dossier(request).await {
                    Ok(dossier) if in_states(&dossier.request, &[StateWord::Active]) => {
                        Some(with_release(sentence, &dossier.request))
                    }
                    Ok(_) | Err(_) => Some(sentence.into()),
                }
            }
            Ok(_) | Err(_) => Some(self.answered(&answer).into()),
        }
    }

    async fn show_credential(&self, who: &Identified, request: RequestId, trigger: &str) -> Option<Said> {
        let (dossier, secret) = match (self.dossier(request).await, self.engine.credential(request).await) {
            (Ok(dossier), Ok(Some(secret))) => (dossier, secret),
            (_, Ok(None)) => {
                return Some(words::refused(&Refusal::NoCredential { request }).into());
            }
            (_, Err(_)) | (Err(_), _) => {
                tracing::error!(%request, "a credential could not be read");
                self.not_shown(who, request).await;
                return Some(words::reveal_unreadable(request).into());
            }
        };
        let shown = self.web.reveal(&modal::reveal(trigger, &dossier.request, &secret)).await;
        drop(secret);
        match shown {
            Ok(()) => {
                let answer = self.submit(None, who, Verb::RevealShown { request }).await;
                answer.err().map(Said::from)
            }
            Err(CallError::Refused { code, .. }) => {
                tracing::warn!(%request, code, "Slack refused to show a credential");
                self.not_shown(who, request).await;
                Some(words::reveal_refused(request).into())
            }
            Err(CallError::RateLimited { .. }) => {
                self.not_shown(who, request).await;
                Some(words::reveal_refused(request).into())
            }
            Err(CallError::Unknown(why)) => {
                tracing::warn!(%request, why, "a credential may have been shown; it counts as shown");
                Some(words::reveal_unknown(request).into())
            }
        }
    }

    async fn not_shown(&self, who: &Identified, request: RequestId) {
        if self.submit(None, who, Verb::RevealRefused { request }).await.is_err() {
            tracing::error!(%request, "a credential that was not shown still counts as shown");
        }
    }
}
