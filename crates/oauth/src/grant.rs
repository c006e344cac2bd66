//! Tokens with their lifetime and how to renew them.
//!
//! RFC 6749 sections 1.5 and 6. Which grant belongs to which server and person is the keeper's business.

use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret as _, SecretString};

use crate::token::{self, Issued, Lifetime};

/// What an authorization server gave.
#[derive(Debug, Clone)]
pub struct Grant {
    pub access: SecretString,
    pub refresh: Option<SecretString>,
    pub issued_at: Option<SystemTime>,
    /// `None`: unknown; it is used until it is refused.
    pub expires_at: Option<SystemTime>,
    /// What was granted, as far as the server said.
    pub scopes: Vec<String>,
    /// What was asked for, so that a step-up loses nothing.
    pub requested: Vec<String>,
    /// The `resource` of the sign-in; the same bytes on every refresh.
    pub resource: Option<String>,
    /// The server that gave it, see [`crate::discovery::Server::identity`].
    pub issuer: String,
    pub token_endpoint: String,
    /// The access token is of use only with proofs of the key that it is bound to (RFC 9449).
    pub bound: bool,
}

/// What to do with a grant now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Use,
    Refresh,
    SignIn(Ended),
}

/// Why a grant is of no use any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    #[error("the access token has ended, and the authorization server gave no refresh token")]
    NoRefreshToken,
}

/// Longest time before its end at which a token is renewed.
const MARGIN: Duration = Duration::from_secs(60);

/// Tokens of a shorter life are renewed when they are used, not while nobody asks.
const SHORTEST_IDLE: Duration = Duration::from_secs(10);

impl Grant {
    /// A token is used while it is valid for longer than the margin: 60 s, or a tenth of a shorter life.
    // rule: mcp-auth-grant-renewal, at-04, at-35
    #[must_use]
    pub fn next(&self, now: SystemTime) -> Next {
        let Some(end) = self.expires_at else {
            return Next::Use;
        };
        let left = end.duration_since(now).unwrap_or_default();
        let due = left <= self.margin();
        match (&self.refresh, due) {
            (_, false) => Next::Use,
            (Some(_), true) => Next::Refresh,
            (None, true) if !left.is_zero() => Next::Use,
            (None, true) => Next::SignIn(Ended::NoRefreshToken),
        }
    }

    /// Whether the access token ends within the margin, or has ended.
    #[must_use]
    pub fn ends_soon(&self, now: SystemTime) -> bool {
        (self.expires_at)
            .is_some_and(|end| end.duration_since(now).unwrap_or_default() <= self.margin())
    }

    /// Whether the access token still lives by the clock.
    #[must_use]
    pub fn lives(&self, now: SystemTime) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// For whom the access token is, as far as it can be read; a hint for people.
    #[must_use]
    pub fn audience(&self) -> Option<String> {
        token::jwt_audience(self.access.expose_secret())
    }

    /// When it wants to be renewed also while nobody uses it; `None`: not by the clock, or its life is too short for that.
    // rule: safe-t04
    #[must_use]
    pub fn due_at(&self) -> Option<SystemTime> {
        self.refresh.as_ref()?;
        if self.life().is_some_and(|life| life < SHORTEST_IDLE) {
            return None;
        }
        self.expires_at?.checked_sub(self.margin())
    }

    fn margin(&self) -> Duration {
        let life = self.life().unwrap_or(MARGIN * 10);
        (life / 10).min(MARGIN)
    }

    fn life(&self) -> Option<Duration> {
        let (from, to) = (self.issued_at?, self.expires_at?);
        Some(to.duration_since(from).unwrap_or_default())
    }
}

/// The end of a token that was asked for at `now`; `before` is the life that its predecessor had.
pub(crate) fn end(
    issued: &Issued,
    now: SystemTime,
    before: Option<Duration>,
) -> Option<SystemTime> {
    match issued.lifetime {
        Lifetime::For(life) => now.checked_add(life),
        Lifetime::Until(end) => Some(end),
        Lifetime::Unknown => before.and_then(|life| now.checked_add(life)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn grant(life: u64, refresh: bool) -> Grant {
        Grant {
            access: "AT1".into(),
            refresh: refresh.then(|| "RT1".into()),
            issued_at: Some(START),
            expires_at: Some(START + Duration::from_secs(life)),
            scopes: Vec::new(),
            requested: Vec::new(),
            resource: None,
            issuer: "https://as.test".to_owned(),
            token_endpoint: "https://as.test/token".to_owned(),
            bound: false,
        }
    }

    fn at(secs: u64) -> SystemTime {
        START + Duration::from_secs(secs)
    }

    // rule: at-04, mcp-auth-grant-renewal
    #[test]
    fn a_token_is_renewed_a_minute_before_its_end() {
        let grant = grant(3600, true);
        assert_eq!(grant.next(at(3_539)), Next::Use);
        assert_eq!(grant.next(at(3_545)), Next::Refresh);
        assert_eq!(grant.next(at(9_999)), Next::Refresh);
    }

    // rule: at-35
    #[test]
    fn a_short_life_is_renewed_at_its_last_tenth() {
        assert_eq!(grant(600, true).due_at(), Some(at(540)));
        let short = grant(10, true);
        assert_eq!(short.next(at(8)), Next::Use);
        assert_eq!(short.next(at(9)), Next::Refresh);
    }

    // rule: at-36, safe-t04
    #[test]
    fn a_life_of_nothing_has_ended_and_is_not_renewed_while_nobody_asks() {
        assert_eq!(grant(0, true).next(at(0)), Next::Refresh);
        assert_eq!(grant(0, true).due_at(), None);
        assert_eq!(grant(9, true).due_at(), None);
        assert_eq!(grant(10, true).due_at(), Some(at(9)));
    }

    #[test]
    fn without_a_refresh_token_it_is_used_to_the_end() {
        let grant = grant(3600, false);
        assert_eq!(grant.next(at(3_599)), Next::Use);
        assert_eq!(grant.next(at(3_600)), Next::SignIn(Ended::NoRefreshToken));
        assert_eq!(grant.due_at(), None);
        assert!(!grant.ends_soon(at(3_539)) && grant.ends_soon(at(3_540)));
    }

    #[test]
    fn an_unknown_end_means_use_until_it_is_refused() {
        let unknown = Grant {
            expires_at: None,
            ..grant(1, true)
        };
        assert_eq!(unknown.next(at(1_000_000)), Next::Use);
    }

    #[test]
    fn a_token_lives_until_its_end_and_not_at_it() {
        let grant = grant(60, true);
        assert!(grant.lives(at(59)));
        assert!(!grant.lives(at(60)) && !grant.lives(at(61)));
        let unknown = Grant {
            expires_at: None,
            ..grant
        };
        assert!(unknown.lives(at(1_000_000)));
    }

    #[test]
    fn a_token_whose_beginning_is_not_known_is_renewed_a_minute_before_its_end() {
        let grant = Grant {
            issued_at: None,
            ..grant(600, true)
        };
        assert_eq!(grant.due_at(), Some(at(540)));
        assert!(!grant.ends_soon(at(539)) && grant.ends_soon(at(540)));
    }

    #[test]
    fn the_audience_is_what_the_access_token_says() {
        // {"aud":"https://mcp.test"}
        let said = Grant {
            access: "e30.eyJhdWQiOiJodHRwczovL21jcC50ZXN0In0.x".into(),
            ..grant(60, true)
        };
        assert_eq!(said.audience().as_deref(), Some("https://mcp.test"));
        assert_eq!(grant(60, true).audience(), None);
    }
}
