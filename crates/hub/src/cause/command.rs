//! The command line that does what helps, where there is one.

use super::{Cause, Family};

impl Cause {
    /// With `<server>` where a server's name belongs.
    #[must_use]
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is said here of a few says nothing of a new one, and then its family speaks"
    )]
    pub fn command(self) -> Option<&'static str> {
        match self {
            Self::SignInNeeded
            | Self::SignInEnded
            | Self::TokenRefused
            | Self::TokenTooLittle
            | Self::ScopesInVain
            | Self::ClientRejected
            | Self::AnswerMalformed
            | Self::AnswerUnknown
            | Self::AnswerElsewhere
            | Self::Declined
            | Self::LoginRefused
            | Self::TokenNotGiven
            | Self::TokenUnavailable
            | Self::CodeExpired => Some("mcphub auth login <server>"),
            Self::RegistrationRedirectRefused => Some("mcphub auth login <server> --forget"),
            Self::AnswerUsed => Some("mcphub auth status <server>"),
            Self::RenewalFailing => Some("mcphub auth log <server>"),
            Self::NotStarted | Self::ProcessEnded => Some("mcphub servers get <server>"),
            Self::SessionGone => Some("mcphub servers reload <server>"),
            Self::ServerOff => Some("mcphub servers toggle <server> --on"),
            Self::NoSuchTool => Some("mcphub servers get <server>"),
            Self::NoSuchServer => Some("mcphub servers"),
            Self::NoSuchGroup => Some("mcphub groups"),
            Self::NoSuchKey => Some("mcphub keys"),
            Self::NoHub => Some("mcphub"),
            _ => match self.family() {
                // The whole way, step by step, with what was asked and what came back.
                Family::Auth | Family::Link => Some("mcphub doctor <server>"),
                Family::Conf => Some("mcphub settings check"),
                Family::Call | Family::Hub => None,
            },
        }
    }
}
