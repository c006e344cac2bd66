//! Every error that a person can meet has one code here, with what it means and what helps: `MCPHUB-AUTH-014`.
//!
//! One code for each cause that has a cure of its own, not for each sentence. Number and word are stable for ever: scripts and
//! bug reports live on them. The doctor's lines, the states of servers, the pages and the answers of the API all say the same
//! code for the same cause. Which error has which code: `of_oauth`, `sign_in::causes` and `upstream::causes`. How a person reads it: `explained`.

mod call;
mod command;
mod conf;
mod discovery;
mod door;
mod link;
mod of_oauth;
mod sign_in;

use std::fmt;

use serde::{Serialize, Serializer};

pub(crate) use of_oauth::is_of_login_server;

/// Which part of the journey a cause belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Signing in to a server.
    Auth,
    /// Reaching a server.
    Link,
    /// A client's call.
    Call,
    /// The hub's own door.
    Hub,
    /// The settings file.
    Conf,
}

/// One line of the table.
struct Row {
    cause: Cause,
    id: (Family, u16),
    word: &'static str,
    /// What happened, as a sentence.
    title: &'static str,
    /// Why that stops anything.
    why: &'static str,
    /// Where it is written how it should be.
    clause: Option<&'static str>,
    /// What helps, without a full stop.
    cure: &'static str,
}

macro_rules! causes {
    ($($name:ident,)*) => {
        /// Why something went wrong, as far as another cure helps.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Cause {
            $($name,)*
        }

        impl Cause {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

causes! {
    SignInNeeded,
    SignInEnded,
    RenewalFailing,
    TokenRefused,
    TokenTooLittle,
    ScopesInVain,
    ClientRejected,
    ClientElsewhere,
    NoRegistration,
    RegistrationOff,
    RegistrationProtected,
    RegistrationRefused,
    RegistrationUnusable,
    RegistrationRedirectRefused,
    RegistrationEnded,
    RegistrationUnavailable,
    RegistrationForgotten,
    AnswerMalformed,
    AnswerUnknown,
    AnswerUsed,
    AnswerElsewhere,
    Declined,
    LoginRefused,
    TokenNotGiven,
    TokenUnavailable,
    CodeExpired,
    CodeNotGiven,
    UnattendedIncomplete,
    UnattendedRefused,
    IdentityRefused,
    KeyUnusable,
    LinkNotMade,
    McpAddress,
    ChallengeAbsent,
    ChallengeUnreadable,
    ChallengePassword,
    PointerDead,
    PointerNoDocument,
    PointerRefused,
    ResourceMetadataSilent,
    ResourceMetadataUnreachable,
    ResourceMetadataTrouble,
    ResourceMismatch,
    ResourceMissing,
    NoAuthorizationServer,
    AuthorizationServerUnusable,
    AuthorizationServerPlainHttp,
    AuthorizationServerInner,
    LoginServerInner,
    LoginServerUnreachable,
    LoginServerSilent,
    LoginServerTrouble,
    NoMetadata,
    NoServerMetadata,
    ServerMetadataNotJson,
    ServerMetadataTooLarge,
    ServerMetadataIncomplete,
    IssuerMismatch,
    IssuerMissing,
    OtherIssuer,
    TokenEndpointMoved,
    SecretElsewhere,
    Ambiguous,
    PkceUnsaid,
    PkceWithoutS256,
    EndpointPlainHttp,
    EndpointScheme,
    EndpointInner,
    EndpointUnusable,
    EndpointUnknown,
    NoCodeResponse,
    NoCodeGrant,
    AuthMethodsUnknown,
    HeaderRefused,
    ClockOff,
    NameUnknown,
    ConnectionRefused,
    ConnectionSilent,
    ConnectionFailed,
    AddressInner,
    CertificateUnknown,
    CertificateEnded,
    CertificateWrong,
    CaFile,
    ServerSilent,
    ConnectionBroken,
    Html,
    NotMcp,
    NotFound,
    Redirect,
    Forbidden,
    Refused,
    Busy,
    ServerTrouble,
    HandshakeRefused,
    RevisionUnknown,
    ProtocolBroken,
    MessageTooLarge,
    SessionGone,
    NotStarted,
    ProcessEnded,
    CallTimeout,
    CallRefused,
    NoSuchTool,
    QuestionRefused,
    CallUnreadable,
    NotLoggedIn,
    NotAnAdministrator,
    ReadOnly,
    NoUser,
    TooManySessions,
    WrongHost,
    NoSuchServer,
    NoSuchGroup,
    NoSuchKey,
    NoSuchRoute,
    NameTaken,
    BadRequest,
    BodyTooLarge,
    TooManyAttempts,
    Internal,
    ServerOff,
    NoSignIn,
    NoHub,
    Stopping,
    NoSuchUser,
    LastAdministrator,
    ClientUnknown,
    ClientAddress,
    SettingsUnreadable,
    ServerSettings,
    SettingsNotWritten,
}

const COUNT: usize = Cause::ALL.len();
const FILES: [&[Row]; 6] = [
    sign_in::ROWS,
    discovery::ROWS,
    link::ROWS,
    call::ROWS,
    door::ROWS,
    conf::ROWS,
];

/// By cause. That each cause has exactly one row, the compiler checks.
static TABLE: [&Row; COUNT] = table();

const fn table() -> [&'static Row; COUNT] {
    let mut table = [&sign_in::ROWS[0]; COUNT];
    let mut rows = 0;
    let mut file = 0;
    while file < FILES.len() {
        let mut at = 0;
        while at < FILES[file].len() {
            let row = &FILES[file][at];
            // Files and variants are in one order, so none is there twice and none is missing.
            assert!(
                row.cause as usize == rows,
                "a row is not where its variant is"
            );
            table[rows] = row;
            rows += 1;
            at += 1;
        }
        file += 1;
    }
    assert!(rows == COUNT, "a cause has no row");
    table
}

impl Cause {
    fn row(self) -> &'static Row {
        TABLE[self as usize]
    }

    /// As people and scripts read it: `MCPHUB-AUTH-014`.
    #[must_use]
    pub fn id(self) -> String {
        let (family, number) = self.row().id;
        format!("MCPHUB-{}-{number:03}", family.word())
    }

    /// The other stable name, easier to remember: `registration-redirect-refused`.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().word
    }

    #[must_use]
    pub fn family(self) -> Family {
        self.row().id.0
    }

    /// What happened, as a sentence.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// Why, in general; a case of it knows more.
    #[must_use]
    pub fn why(self) -> &'static str {
        self.row().why
    }

    /// The section of the standard.
    #[must_use]
    pub fn clause(self) -> Option<&'static str> {
        self.row().clause
    }

    /// What helps, in general.
    #[must_use]
    pub fn cure(self) -> &'static str {
        self.row().cure
    }

    /// The page of this code at a hub, as a reference that is relative to its address.
    #[must_use]
    pub fn page(self) -> String {
        format!("/errors/{self}")
    }

    /// By number or word, as a person may write it: `MCPHUB-AUTH-014`, `auth-14`, `Issuer-Mismatch`.
    #[must_use]
    pub fn find(written: &str) -> Option<Self> {
        let written = written.trim().to_ascii_lowercase().replace(['_', ' '], "-");
        let short = written.strip_prefix("mcphub-").unwrap_or(&written);
        let by_number = |row: &&&Row| {
            let (family, number) = row.id;
            let digits = short
                .strip_prefix(&family.word().to_ascii_lowercase())
                .map(|rest| rest.trim_start_matches('-'));
            digits.is_some_and(|digits| digits.parse() == Ok(number))
        };
        let row = TABLE.iter().find(|row| row.word == short);
        row.or_else(|| TABLE.iter().find(by_number))
            .map(|row| row.cause)
    }

    /// The one that was probably meant.
    #[must_use]
    pub fn nearest(written: &str) -> Option<Self> {
        let ids: Vec<String> = Self::ALL.iter().map(|cause| cause.id()).collect();
        let words = TABLE.iter().map(|row| row.word);
        let known = words.chain(ids.iter().map(String::as_str));
        settings::nearest(written.trim(), known).and_then(Self::find)
    }
}

impl Family {
    /// In the number of a code.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Auth => "AUTH",
            Self::Link => "LINK",
            Self::Call => "CALL",
            Self::Hub => "HUB",
            Self::Conf => "CONF",
        }
    }

    /// What its codes are about.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Auth => "Signing in to a server",
            Self::Link => "Reaching a server",
            Self::Call => "A client's call",
            Self::Hub => "The hub's own door",
            Self::Conf => "The settings file",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
