//! Why a command ended badly: what happened, what helps, and the exit code that scripts see.

use std::fmt;
use std::process::ExitCode;

use hub::cause::{Cause, Family};
use hub::explained::Explained;
use serde_json::Value;

use crate::output::plain;

/// The exit codes besides 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command line, or the settings file, makes no sense.
    Usage = 1,
    /// The hub, or the server behind it, said no.
    Api = 2,
    /// A person has to sign in first.
    SignInNeeded = 3,
    /// No hub answers.
    Unreachable = 4,
    /// A second signal came, and nothing was waited for. As a shell says it of SIGINT.
    Insisted = 130,
}

#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    what: String,
    cure: Option<String>,
    cause: Option<Cause>,
    /// The whole story, as the hub tells it.
    explained: Option<Box<Explained>>,
    /// The result is on stdout already; a second JSON value there would help nobody.
    beside_a_result: bool,
}

impl Failure {
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            what: what.into(),
            cure: None,
            cause: None,
            explained: None,
            beside_a_result: false,
        }
    }

    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    pub(crate) fn api(what: impl Into<String>) -> Self {
        Self::new(Exit::Api, what)
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// What the person can do about it.
    pub(crate) fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    /// Its code, where the hub did not tell it.
    pub(crate) fn cause(mut self, cause: Cause) -> Self {
        self.cause = Some(cause);
        self
    }

    /// What the hub tells of it; a hub of another version may tell something else, and then it is left out.
    pub(crate) fn explained(mut self, told: Option<&Value>) -> Self {
        let explained = told.and_then(|told| serde_json::from_value(told.clone()).ok());
        self.explained = explained.map(Box::new).or(self.explained);
        self
    }

    fn code(&self) -> Option<String> {
        let told = self.explained.as_ref().map(|it| it.code.clone());
        told.or_else(|| self.cause.map(Cause::id))
    }

    /// The server could not be reached at all.
    pub(crate) fn is_of_link(&self) -> bool {
        let cause = self.code().and_then(|code| Cause::find(&code));
        cause.is_some_and(|cause| cause.family() == Family::Link)
    }

    /// What the person can do, where nobody said it better.
    pub(crate) fn or_cure(mut self, cure: impl FnOnce() -> String) -> Self {
        self.cure = self.cure.or_else(|| Some(cure()));
        self
    }

    /// The command's result was told, and this is only why its exit code is not 0.
    pub(crate) fn beside_a_result(mut self) -> Self {
        self.beside_a_result = true;
        self
    }

    /// Says it, on stderr or as JSON on stdout, and gives the exit code.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        if json && !self.beside_a_result {
            let told = serde_json::json!({ "success": false, "message": self.what, "do": self.cure, "errorCode": self.code(), "explained": self.explained, "exit": self.exit as u8 });
            crate::output::Output { json }.value(&told);
        } else {
            eprintln!("{}", plain(&self.to_string()));
        }
        ExitCode::from(self.exit as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        // The five lines say what helps, too.
        if let (Some(cure), None) = (&self.cure, &self.explained) {
            write!(f, "\n   do: {cure}")?;
        }
        match (&self.explained, self.cause) {
            (Some(explained), _) => write!(f, "\n\n{explained}"),
            (None, Some(cause)) => {
                write!(f, "\n code: {cause}   (more of it: mcphub explain {cause})")
            }
            (None, None) => Ok(()),
        }
    }
}

/// The message of an error with the messages of its sources.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = inner.source();
    }
    text
}

/// The innermost reason, which says what the operating system said.
pub(crate) fn root(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
