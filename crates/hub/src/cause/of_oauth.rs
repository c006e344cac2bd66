//! Which code an error of `oauth` has: by its variant, never by its words.

use oauth::address::AddressError;
use oauth::authorization::{AnswerError, BeginError};
use oauth::device::{DeviceError, Over};
use oauth::discovery::Unclear;
use oauth::mint::MintError;
use oauth::registration::Against;
use oauth::scope::StepUpError;
use oauth::step::Unanswered;
use oauth::token_exchange::TokenExchangeError;
use oauth::{DiscoveryError, ExchangeError, RegistrationError};

use super::Cause;

/// Where a login server has its metadata.
const LOGIN_SERVER: [&str; 2] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
];

/// Whether an address is one of a login server's metadata; else it is of the MCP server's.
pub(crate) fn is_of_login_server(address: &str) -> bool {
    LOGIN_SERVER.iter().any(|place| address.contains(place))
}

impl From<&DiscoveryError> for Cause {
    fn from(error: &DiscoveryError) -> Self {
        match error {
            DiscoveryError::McpAddress(_) => Self::McpAddress,
            DiscoveryError::TimedOut { asked } => Self::of_silence(asked),
            DiscoveryError::NotYetKnown { asked, why } => Self::of_unclear(asked, why),
            DiscoveryError::ResourceMismatch { .. } => Self::ResourceMismatch,
            DiscoveryError::ResourceMissing { .. } => Self::ResourceMissing,
            DiscoveryError::NoAuthorizationServer { .. } => Self::NoAuthorizationServer,
            DiscoveryError::UnusableServer(why) => Self::of_named_server(why),
            DiscoveryError::NoServerMetadata { .. } => Self::NoServerMetadata,
            DiscoveryError::IssuerMismatch { .. } => Self::IssuerMismatch,
            DiscoveryError::IssuerMissing { .. } => Self::IssuerMissing,
            DiscoveryError::OtherIssuer { .. } => Self::OtherIssuer,
            DiscoveryError::TokenEndpointMoved { .. } => Self::TokenEndpointMoved,
            DiscoveryError::SecretElsewhere { .. } => Self::SecretElsewhere,
            DiscoveryError::Ambiguous { .. } => Self::Ambiguous,
            DiscoveryError::PkceNotOffered { offered: None, .. } => Self::PkceUnsaid,
            DiscoveryError::PkceNotOffered {
                offered: Some(_), ..
            } => Self::PkceWithoutS256,
            DiscoveryError::Address(why) => why.into(),
        }
    }
}

/// Of an endpoint that a login server names.
impl From<&AddressError> for Cause {
    fn from(why: &AddressError) -> Self {
        match why {
            AddressError::PlainHttp { .. } => Self::EndpointPlainHttp,
            AddressError::Inner { .. } => Self::EndpointInner,
            AddressError::Scheme { .. } => Self::EndpointScheme,
            AddressError::NotAUrl { .. }
            | AddressError::Disguised { .. }
            | AddressError::Fragment { .. } => Self::EndpointUnusable,
        }
    }
}

impl Cause {
    /// Of the login server that an MCP server names.
    pub(crate) fn of_named_server(why: &AddressError) -> Self {
        match why {
            AddressError::PlainHttp { .. } => Self::AuthorizationServerPlainHttp,
            AddressError::Inner { .. } => Self::AuthorizationServerInner,
            AddressError::NotAUrl { .. }
            | AddressError::Scheme { .. }
            | AddressError::Disguised { .. }
            | AddressError::Fragment { .. } => Self::AuthorizationServerUnusable,
        }
    }

    fn of_silence(asked: &str) -> Self {
        match is_of_login_server(asked) {
            true => Self::LoginServerSilent,
            false => Self::ResourceMetadataSilent,
        }
    }

    fn of_unclear(asked: &str, why: &Unclear) -> Self {
        let of_login_server = is_of_login_server(asked);
        match why {
            Unclear::NoAnswer(Unanswered::Timeout) => Self::of_silence(asked),
            // What must not be asked is the same thing for both: an address inward.
            Unclear::NoAnswer(Unanswered::Refused(_)) => Self::LoginServerInner,
            Unclear::NoAnswer(Unanswered::Network(_)) if of_login_server => {
                Self::LoginServerUnreachable
            }
            Unclear::NoAnswer(Unanswered::Network(_)) => Self::ResourceMetadataUnreachable,
            Unclear::NoAnswer(Unanswered::TooLarge) | Unclear::Status(_) if of_login_server => {
                Self::LoginServerTrouble
            }
            Unclear::NoAnswer(Unanswered::TooLarge) | Unclear::Status(_) => {
                Self::ResourceMetadataTrouble
            }
        }
    }
}

impl From<&RegistrationError> for Cause {
    fn from(error: &RegistrationError) -> Self {
        match error {
            RegistrationError::NeedsClient { .. } => Self::NoRegistration,
            RegistrationError::SwitchedOff { .. } => Self::RegistrationOff,
            RegistrationError::Refused { against, .. } => match against {
                Against::Strangers => Self::RegistrationProtected,
                Against::Callback => Self::RegistrationRedirectRefused,
                Against::Metadata => Self::RegistrationRefused,
            },
            RegistrationError::Unusable { .. } => Self::RegistrationUnusable,
            RegistrationError::Expired { .. } => Self::RegistrationEnded,
            RegistrationError::Unavailable { .. } => Self::RegistrationUnavailable,
        }
    }
}

impl From<&BeginError> for Cause {
    fn from(error: &BeginError) -> Self {
        match error {
            BeginError::ForeignClient { .. } => Self::ClientElsewhere,
            BeginError::NoEndpoint(_) | BeginError::TooLong { .. } => Self::LinkNotMade,
        }
    }
}

impl From<&AnswerError> for Cause {
    fn from(error: &AnswerError) -> Self {
        match error {
            AnswerError::Missing(_) | AnswerError::Twice(_) => Self::AnswerMalformed,
            AnswerError::ForeignState | AnswerError::TooOld => Self::AnswerUnknown,
            AnswerError::IssuerMissing { .. } | AnswerError::WrongIssuer { .. } => {
                Self::AnswerElsewhere
            }
            AnswerError::Denied { error, .. } => Self::of_no(error),
        }
    }
}

impl Cause {
    /// The login server's no, by the standard's word for it.
    pub(crate) fn of_no(error: &str) -> Self {
        match error {
            "access_denied" => Self::Declined,
            _ => Self::LoginRefused,
        }
    }
}

impl From<&ExchangeError> for Cause {
    fn from(error: &ExchangeError) -> Self {
        match error {
            ExchangeError::OtherClient { .. } | ExchangeError::ForeignClient { .. } => {
                Self::ClientElsewhere
            }
            ExchangeError::Endpoint(_) => Self::EndpointUnusable,
            ExchangeError::Unsigned(_) => Self::KeyUnusable,
            ExchangeError::Client { .. } => Self::ClientRejected,
            ExchangeError::Again { .. }
            | ExchangeError::Refused { .. }
            | ExchangeError::NoToken(_) => Self::TokenNotGiven,
            ExchangeError::Unavailable(_) => Self::TokenUnavailable,
        }
    }
}

impl From<&StepUpError> for Cause {
    fn from(error: &StepUpError) -> Self {
        match error {
            StepUpError::SameAgain { .. } | StepUpError::TooMany => Self::ScopesInVain,
        }
    }
}

impl From<&DeviceError> for Cause {
    fn from(error: &DeviceError) -> Self {
        match error {
            DeviceError::ForeignClient { .. } => Self::ClientElsewhere,
            DeviceError::Unsigned(_) => Self::KeyUnusable,
            DeviceError::Address(why) => why.into(),
            DeviceError::Client { .. } => Self::ClientRejected,
            DeviceError::NoEndpoint(_) | DeviceError::Refused(_) | DeviceError::Unusable(_) => {
                Self::CodeNotGiven
            }
            DeviceError::Unavailable { .. } => Self::LoginServerTrouble,
        }
    }
}

impl From<&Over> for Cause {
    fn from(over: &Over) -> Self {
        match over {
            Over::Denied => Self::Declined,
            Over::Expired => Self::CodeExpired,
            Over::Client { .. } => Self::ClientRejected,
            Over::Refused(_) | Over::NoToken(_) => Self::TokenNotGiven,
        }
    }
}

impl From<&MintError> for Cause {
    fn from(error: &MintError) -> Self {
        match error {
            MintError::ForeignClient { .. } => Self::ClientElsewhere,
            MintError::Unsigned(_) => Self::KeyUnusable,
            MintError::Refused { .. } => Self::UnattendedRefused,
            MintError::Unavailable { .. } => Self::LoginServerTrouble,
        }
    }
}

impl From<&TokenExchangeError> for Cause {
    fn from(error: &TokenExchangeError) -> Self {
        match error {
            TokenExchangeError::Address(_) | TokenExchangeError::NoIssuer { .. } => {
                Self::UnattendedIncomplete
            }
            TokenExchangeError::Unsigned(_) => Self::KeyUnusable,
            TokenExchangeError::Refused { .. } => Self::IdentityRefused,
            TokenExchangeError::Unavailable { .. } => Self::LoginServerTrouble,
        }
    }
}
