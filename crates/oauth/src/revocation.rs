//! Giving tokens back at sign-out.
//!
//! RFC 7009 section 2. Best effort: whatever comes back, the tokens are forgotten here.

use std::convert::Infallible;

use secrecy::{ExposeSecret as _, SecretString};

use crate::address::Endpoint;
use crate::assertion::Unsigned;
use crate::client::Client;
use crate::exchange::stored;
use crate::step::{Procedure, Request, Response, Stage, Step, Unanswered};
use crate::wire;

/// Tokens on their way back.
#[derive(Debug)]
pub struct Revocation {
    endpoint: Endpoint,
    client: Client,
    current: (&'static str, SecretString),
    left: Vec<(&'static str, SecretString)>,
    done: Revoked,
}

/// How many tokens were offered, and what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Revoked {
    pub attempted: u32,
    pub succeeded: u32,
    pub failed: u32,
}

impl Revocation {
    /// The refresh token first, as it can make new ones; then the access token.
    // rule: rfc7009-2.1, at-60
    #[must_use]
    pub fn start(
        endpoint: &str,
        client: Client,
        access: Option<SecretString>,
        refresh: Option<SecretString>,
    ) -> Step<Self> {
        let mut left: Vec<_> = (access.map(|token| ("access_token", token)).into_iter())
            .chain(refresh.map(|token| ("refresh_token", token)))
            .collect();
        match (stored(endpoint), left.pop()) {
            (Some(endpoint), Some(current)) => Self {
                endpoint,
                client,
                current,
                left,
                done: Revoked::default(),
            }
            .send(),
            (None, _) | (_, None) => Step::Done(Revoked::default()),
        }
    }

    fn send(mut self) -> Step<Self> {
        self.done.attempted += 1;
        let because = format!("giving back the {}", self.current.0.replace('_', " "));
        match self.request() {
            Ok(request) => Step::Send {
                request,
                because: because.into(),
                then: self,
            },
            Err(_) => {
                self.done.failed += 1;
                self.next()
            }
        }
    }

    fn next(mut self) -> Step<Self> {
        match self.left.pop() {
            Some(next) => {
                self.current = next;
                self.send()
            }
            None => Step::Done(self.done),
        }
    }

    fn request(&self) -> Result<Request, Unsigned> {
        let proof = self.client.prove()?;
        let (hint, token) = &self.current;
        let mut form = vec![("token", token.expose_secret()), ("token_type_hint", *hint)];
        form.extend(proof.fields());
        Ok(wire::post_form(&self.endpoint, &form, proof.header.clone()))
    }
}

impl Procedure for Revocation {
    type Output = Revoked;
    type Error = Infallible;

    fn receive(mut self, answer: Result<Response, Unanswered>) -> Result<Step<Self>, Infallible> {
        // 200 also for a token that is not known; anything else is a failure.
        // rule: rfc7009-2.2
        match answer {
            Ok(response) if response.status().is_success() => self.done.succeeded += 1,
            Ok(_) | Err(_) => self.done.failed += 1,
        }
        Ok(self.next())
    }

    fn stage(&self) -> Stage {
        Stage::Revoke
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{AuthMethod, Kind};

    fn client() -> Client {
        Client {
            id: "c1".to_owned(),
            secret: None,
            key: None,
            method: AuthMethod::None,
            issuer: "https://as.test".to_owned(),
            redirect_uri: "http://localhost:3000/oauth/callback".to_owned(),
            kind: Kind::Settings,
        }
    }

    fn answer(status: u16) -> Result<Response, Unanswered> {
        Ok(http::Response::builder()
            .status(status)
            .body(Vec::new())
            .unwrap())
    }

    // rule: at-60, rfc7009-2.1, rfc7009-2.2
    #[test]
    fn the_refresh_token_goes_back_first_and_a_failure_does_not_stop_the_other() {
        let step = Revocation::start(
            "https://as.test/revoke",
            client(),
            Some("A".into()),
            Some("R".into()),
        );
        let Step::Send { request, then, .. } = step else {
            panic!()
        };
        let body = String::from_utf8(request.into_body()).unwrap();
        assert_eq!(body, "token=R&token_type_hint=refresh_token&client_id=c1");
        let Step::Send { request, then, .. } = then.receive(Err(Unanswered::Timeout)).unwrap()
        else {
            panic!()
        };
        let body = String::from_utf8(request.into_body()).unwrap();
        assert_eq!(body, "token=A&token_type_hint=access_token&client_id=c1");
        let Step::Done(done) = then.receive(answer(200)).unwrap() else {
            panic!()
        };
        assert_eq!(
            done,
            Revoked {
                attempted: 2,
                succeeded: 1,
                failed: 1
            }
        );
    }

    #[test]
    fn without_tokens_nothing_is_asked() {
        let step = Revocation::start("https://as.test/revoke", client(), None, None);
        assert!(matches!(step, Step::Done(Revoked { attempted: 0, .. })));
    }

    // rule: rfc7009-2.2
    #[test]
    fn only_a_success_gives_a_token_back() {
        for (status, succeeded) in [(200, 1), (204, 1), (302, 0), (400, 0), (503, 0)] {
            let step =
                Revocation::start("https://as.test/revoke", client(), Some("A".into()), None);
            let Step::Send { then, .. } = step else {
                panic!()
            };
            let Step::Done(done) = then.receive(answer(status)).unwrap() else {
                panic!()
            };
            let expected = Revoked {
                attempted: 1,
                succeeded,
                failed: 1 - succeeded,
            };
            assert_eq!(done, expected, "{status}");
        }
    }

    #[test]
    fn a_client_that_cannot_sign_gives_nothing_back_and_that_is_counted() {
        let signer = std::sync::Arc::new(crate::assertion::tests::Keyless);
        let keyless = Client {
            method: AuthMethod::PrivateKeyJwt,
            key: Some(crate::assertion::ClientKey::new(signer, None)),
            ..client()
        };
        let tokens = (Some("A".into()), Some("R".into()));
        let step = Revocation::start("https://as.test/revoke", keyless, tokens.0, tokens.1);
        let Step::Done(done) = step else { panic!() };
        let expected = Revoked {
            attempted: 2,
            succeeded: 0,
            failed: 2,
        };
        assert_eq!(done, expected);
    }
}
