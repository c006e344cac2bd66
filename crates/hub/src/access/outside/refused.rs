//! Why a token of the outside issuer lets nobody in. The words go out to whoever sent it, so nothing of the settings is in them.

/// Why a token of the outside issuer lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(
        "the token is signed in a way that is not taken here; systemConfig.auth.forwardAuth.jwks.algorithms says what is"
    )]
    Algorithm,
    #[error("the token asks for something to be understood that the hub does not know (crit)")]
    Critical,
    #[error("the token says that it is no access token (typ)")]
    Kind,
    #[error("the token is bound to a key of its client (cnf), and came without a proof of it")]
    Bound,
    #[error("the token was not given for this hub (aud); sign in for this one")]
    Audience,
    #[error("the token does not say when it ends (exp), or says a date in no known way")]
    Undated,
    #[error("the token has expired; sign in again")]
    Expired,
    #[error("the token is not valid yet (nbf)")]
    Early,
    #[error("the token does not say whom it is about (sub)")]
    Nobody,
    #[error("no key that its issuer publishes has signed the token")]
    UnknownKey,
    #[error("the token does not say which of the issuer's keys has signed it (kid)")]
    Unnamed,
    #[error("the signature of the token is wrong")]
    Signature,
    #[error("the keys of the token's issuer cannot be read; try again in a minute")]
    NoKeys,
    #[error(
        "there is no account for you here; an administrator makes one (ssoUserId), or lets the hub make them (systemConfig.auth.forwardAuth.autoCreate)"
    )]
    NoAccount,
    #[error("two accounts here are bound to you (ssoUserId); an administrator has to take one out")]
    Twice,
    #[error("the token gives you no name that an account could have")]
    NoName,
    #[error(
        "somebody or something here has your name or your e-mail address already, and no token takes that over; an administrator binds the account to you (ssoUserId), or renames it"
    )]
    NameTaken,
    #[error("there is no room for further accounts here; an administrator makes one (ssoUserId)")]
    Full,
    #[error("your account could not be written down; try again")]
    Unwritten,
}

impl Refused {
    /// Another token of the same person is refused as well: an administrator has to do something.
    #[must_use]
    pub fn is_about_account(self) -> bool {
        matches!(
            self,
            Self::NoAccount | Self::Twice | Self::NoName | Self::NameTaken | Self::Full
        )
    }

    /// The token may be a good one.
    #[must_use]
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::NoKeys | Self::Unwritten)
    }
}
