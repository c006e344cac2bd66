//! Which code an error of a sign-in has: by its variant.

use super::{CallbackError, Needed, SignInError};
use crate::cause::Cause;

impl From<&Needed> for Cause {
    fn from(needed: &Needed) -> Self {
        needed.cause.unwrap_or(Self::SignInNeeded)
    }
}

impl From<&SignInError> for Cause {
    fn from(error: &SignInError) -> Self {
        match error {
            SignInError::UnknownServer(_) => Self::NoSuchServer,
            SignInError::Disabled(_) => Self::ServerOff,
            SignInError::NotHttp(_) => Self::NoSignIn,
            SignInError::NoUser(_) | SignInError::NotPerUser(_) => Self::NoUser,
            SignInError::Settings { .. } => Self::ServerSettings,
            SignInError::Needed(needed) => needed.into(),
            SignInError::Store(_) => Self::SettingsNotWritten,
        }
    }
}

impl From<&CallbackError> for Cause {
    fn from(error: &CallbackError) -> Self {
        match error {
            CallbackError::Malformed(_) => Self::AnswerMalformed,
            CallbackError::UnknownState => Self::AnswerUnknown,
            CallbackError::AlreadyUsed => Self::AnswerUsed,
            CallbackError::WrongIssuer(_) => Self::AnswerElsewhere,
            CallbackError::Denied { error, .. } => Self::of_no(error),
            CallbackError::Client { .. } => Self::ClientRejected,
            CallbackError::Exchange { cause, .. } => *cause,
            CallbackError::Store { .. } => Self::SettingsNotWritten,
        }
    }
}
