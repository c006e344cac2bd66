//! Which code an error of an upstream has: by its variant, and where a system's error is behind it, by that error's kind.

use std::error::Error;
use std::io;

use super::{CallError, NotServed, State, Trouble};
use crate::cause::Cause;
use crate::fetch::{Inward, Unresolved};

impl From<&Trouble> for Cause {
    fn from(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::Unreachable { source, .. } => of_connecting(&**source),
            Trouble::Tls { .. } => Self::CertificateUnknown,
            Trouble::BrokeOff { .. } | Trouble::Unanswered => Self::ConnectionBroken,
            Trouble::Status { status, .. } => of_status(*status),
            Trouble::ContentType { content_type, .. } => {
                match content_type.starts_with("text/html") {
                    true => Self::Html,
                    false => Self::NotMcp,
                }
            }
            Trouble::Redirect { .. } => Self::Redirect,
            Trouble::NotAMessage { .. } => Self::NotMcp,
            Trouble::TooLarge { .. } => Self::MessageTooLarge,
            Trouble::CutOff { .. } => Self::ServerSilent,
            Trouble::Refused { .. } => Self::HandshakeRefused,
            Trouble::Revision { .. } => Self::RevisionUnknown,
            Trouble::ResultType { .. }
            | Trouble::Unanswerable { .. }
            | Trouble::SessionId { .. }
            | Trouble::EndpointElsewhere { .. }
            | Trouble::NoEndpoint { .. } => Self::ProtocolBroken,
            Trouble::SessionGone => Self::SessionGone,
            Trouble::NeitherTransport { .. } => Self::NotFound,
            Trouble::Spawn { .. } => Self::NotStarted,
            Trouble::Exited { .. } | Trouble::OutputClosed => Self::ProcessEnded,
            Trouble::Settings(_) => Self::ServerSettings,
            Trouble::SignIn { cause, .. } => *cause,
        }
    }
}

/// A connection that did not come about.
fn of_connecting(source: &(dyn Error + Send + Sync + 'static)) -> Cause {
    let mut error: &(dyn Error + 'static) = source;
    loop {
        if error.is::<Inward>() {
            return Cause::AddressInner;
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            // What an error of the system wraps is none of its sources.
            let inside = error.get_ref();
            if inside.is_some_and(<dyn Error + Send + Sync>::is::<Inward>) {
                return Cause::AddressInner;
            }
            if inside.is_some_and(<dyn Error + Send + Sync>::is::<Unresolved>) {
                return Cause::NameUnknown;
            }
            if let Some(cause) = of_kind(error.kind()) {
                return cause;
            }
        }
        match error.source() {
            Some(deeper) => error = deeper,
            None => return Cause::ConnectionFailed,
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the system has many more, and they say nothing of their own"
)]
fn of_kind(kind: io::ErrorKind) -> Option<Cause> {
    match kind {
        io::ErrorKind::ConnectionRefused => Some(Cause::ConnectionRefused),
        io::ErrorKind::TimedOut => Some(Cause::ConnectionSilent),
        _ => None,
    }
}

fn of_status(status: u16) -> Cause {
    match status {
        401 => Cause::HeaderRefused,
        403 => Cause::Forbidden,
        404 | 405 => Cause::NotFound,
        408 | 425 | 429 => Cause::Busy,
        500..=599 => Cause::ServerTrouble,
        _ => Cause::Refused,
    }
}

impl Cause {
    /// Why a server in this state cannot be used; `None`: it can.
    #[must_use]
    pub fn of_state(state: &State) -> Option<Self> {
        match state {
            State::Ready => None,
            State::Disabled => Some(Self::ServerOff),
            // It has not answered so far.
            State::Asleep | State::Connecting { .. } => Some(Self::ServerSilent),
            State::NeedsSignIn { why } => why.cause,
            State::BackingOff { error, .. } | State::Broken { error } => Some(error.into()),
        }
    }
}

impl From<&CallError> for Cause {
    fn from(error: &CallError) -> Self {
        match error {
            CallError::NeedsSignIn(needed) => needed.into(),
            CallError::NotConnected { state, .. } => {
                Self::of_state(state).unwrap_or(Self::ServerSilent)
            }
            CallError::Failed { trouble, .. } => trouble.into(),
            CallError::Timeout { .. } => Self::CallTimeout,
            CallError::Unreadable(_) | CallError::NotAsked { .. } => Self::CallUnreadable,
            CallError::Unanswered { .. } => Self::QuestionRefused,
        }
    }
}

impl From<&NotServed> for Cause {
    fn from(why: &NotServed) -> Self {
        match why {
            NotServed::Unknown(_) => Self::NoSuchServer,
            NotServed::NoUser(_) => Self::NoUser,
            NotServed::TooMany(_) => Self::TooManySessions,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_connection_that_does_not_come_about_is_told_apart_by_the_systems_own_word() {
        let of = |kind: io::ErrorKind| {
            Cause::from(&Trouble::Unreachable {
                host: "a.example".into(),
                source: Arc::new(io::Error::from(kind)),
            })
        };
        assert_eq!(of(io::ErrorKind::TimedOut), Cause::ConnectionSilent);
        assert_eq!(
            of(io::ErrorKind::NetworkUnreachable),
            Cause::ConnectionFailed
        );
    }
}
