//! What comes back from a person's clipboard, where the browser could not reach the hub: the whole address, its query, or the bare code.

use std::sync::Arc;

use oauth::authorization::AnswerError;

use super::super::view::{CallbackError, Completed};
use super::super::{Account, Shared};

impl Shared {
    /// What a person pasted.
    // rule: at-12
    pub(in crate::sign_in) async fn complete(
        self: &Arc<Self>,
        account: &Account,
        pasted: &str,
    ) -> Result<Completed, CallbackError> {
        let pasted = pasted.trim();
        if let Some(query) = query_of(pasted) {
            return self.callback(&query, Some(account)).await;
        }
        if pasted.is_empty() {
            return Err(CallbackError::Malformed("nothing was pasted".to_owned()));
        }
        if pasted.contains("://") {
            let text =
                "the pasted address carries no answer of a login server (?code=...&state=...)";
            return Err(CallbackError::Malformed(text.to_owned()));
        }
        let desk = self.desk(account);
        let _flow = desk.flow.lock().await;
        let (subject, waiting) = self.take(account, |_| true)?;
        let code = waiting
            .pending
            .clone()
            .accept_bare(&decoded(pasted), self.clock.now());
        let code = code.map_err(|error| match error {
            AnswerError::TooOld => CallbackError::UnknownState,
            // Nobody mixed anything up: the person left out what names the sender, or pasted something else.
            AnswerError::IssuerMissing { .. } => {
                let text = "this authorization server says who it is beside the code, and that has to be checked; paste the whole address";
                CallbackError::Malformed(text.to_owned())
            }
            error @ (AnswerError::Missing(_)
            | AnswerError::Twice(_)
            | AnswerError::ForeignState
            | AnswerError::WrongIssuer { .. }
            | AnswerError::Denied { .. }) => CallbackError::Malformed(error.to_string()),
        })?;
        self.used_once(account, &waiting.pending.state_hash).await?;
        self.exchange(&subject, &waiting, code).await
    }
}

/// The query in what was pasted; `None`: it is a bare code.
fn query_of(pasted: &str) -> Option<String> {
    if let Some((_, rest)) = pasted.split_once('?').filter(|_| pasted.contains("://")) {
        let query = rest.split('#').next().unwrap_or_default();
        return Some(query.to_owned());
    }
    let query = pasted.strip_prefix('?').unwrap_or(pasted);
    let first = query.split('=').next().unwrap_or_default();
    let known = [
        "code",
        "state",
        "iss",
        "error",
        "error_description",
        "scope",
        "session_state",
    ];
    (query.contains('=') && known.contains(&first)).then(|| query.to_owned())
}

/// A code that was copied out of an address is still encoded as it was there.
fn decoded(code: &str) -> String {
    let pair = format!("code={}", code.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, code)| code.into_owned())
        .unwrap_or_default()
}
