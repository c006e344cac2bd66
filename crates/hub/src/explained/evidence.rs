//! What an error stands on, out of the journal: the exchange, or the browser's answer, at which it was decided. Method, host and
//! path; never a query. Where it was decided on neither (by the settings, or by the server's answer to a call), there is none.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use oauth::step::Stage;

use crate::cause::Cause;
use crate::journal::{Entry, Journal};
use crate::sign_in::Account;

impl Journal {
    /// `400 from POST mcp.example/register, 14:02:11`; `None`: nobody was asked.
    #[must_use]
    pub(super) fn evidence(&self, account: &Account, cause: Cause) -> Option<String> {
        let entries = self.entries_of(&account.server, account.user.as_deref());
        // What was before the last sign-in that went well is not what is wrong now.
        let since = entries.iter().rposition(is_signed_in).unwrap_or_default();
        let entries = &entries[since..];
        let Some(at) = entries.iter().rposition(|it| it.cause == Some(cause)) else {
            return entries.iter().rev().find_map(|it| exchange(it, cause));
        };
        let (before, verdict) = (&entries[..at], &entries[at]);
        if verdict.stage == Stage::Callback {
            return answer(verdict);
        }
        let mut same = before.iter().rev();
        same.find_map(|it| exchange(it, cause).filter(|_| it.sign_in == verdict.sign_in))
    }
}

fn is_signed_in(entry: &Entry) -> bool {
    entry.stage == Stage::Connect && entry.cause.is_none() && entry.why.is_none()
}

/// What came with a browser, and why that was not taken.
fn answer(verdict: &Entry) -> Option<String> {
    let (why, time) = (verdict.why.as_ref()?, clock_time(verdict.time));
    Some(format!(
        "{why}, in the answer that came with the browser, {time}"
    ))
}

fn exchange(entry: &Entry, cause: Cause) -> Option<String> {
    let asked = entry.request.as_ref()?;
    if !steps(cause).contains(&entry.stage) {
        return None;
    }
    let (method, host, path) = (&asked.method, &asked.host, &asked.path);
    let time = clock_time(entry.time);
    Some(match entry.status {
        Some(status) => format!("{status} from {method} {host}{path}, {time}"),
        None => format!("{method} {host}{path}: {}, {time}", entry.decision),
    })
}

/// The steps whose exchanges can show it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most causes can be met in every step that asks somebody; those that cannot are named"
)]
fn steps(cause: Cause) -> &'static [Stage] {
    match cause {
        // The settings say it, or a browser, or the server itself in answer to a call: none of that is an exchange of a sign-in.
        Cause::SignInNeeded
        | Cause::TokenRefused
        | Cause::TokenTooLittle
        | Cause::ScopesInVain
        | Cause::RegistrationOff
        | Cause::AnswerMalformed
        | Cause::AnswerUnknown
        | Cause::AnswerUsed
        | Cause::AnswerElsewhere
        | Cause::UnattendedIncomplete
        | Cause::KeyUnusable => &[],
        // The metadata say that nobody is registered, where people go, and whose the server is.
        Cause::NoRegistration | Cause::ClientElsewhere | Cause::LinkNotMade => &[Stage::Discovery],
        Cause::RegistrationProtected
        | Cause::RegistrationRefused
        | Cause::RegistrationUnusable
        | Cause::RegistrationRedirectRefused
        | Cause::RegistrationEnded
        | Cause::RegistrationUnavailable => &[Stage::Registration],
        Cause::CodeNotGiven => &[Stage::AuthorizationUrl],
        Cause::SignInEnded | Cause::RenewalFailing => &[Stage::Refresh],
        Cause::ClientRejected | Cause::RegistrationForgotten => &[
            Stage::AuthorizationUrl,
            Stage::TokenExchange,
            Stage::Refresh,
        ],
        Cause::Declined
        | Cause::LoginRefused
        | Cause::TokenNotGiven
        | Cause::TokenUnavailable
        | Cause::CodeExpired
        | Cause::UnattendedRefused
        | Cause::IdentityRefused => &[Stage::TokenExchange],
        _ => &[
            Stage::Discovery,
            Stage::Registration,
            Stage::AuthorizationUrl,
            Stage::TokenExchange,
            Stage::Refresh,
        ],
    }
}

/// As the clock on the wall of the hub's machine says it.
fn clock_time(time: SystemTime) -> String {
    match Timestamp::try_from(time) {
        Ok(time) => time
            .to_zoned_datetime(TimeZone::system())
            .strftime("%H:%M:%S")
            .to_string(),
        Err(_) => "at an unknown time".to_owned(),
    }
}
