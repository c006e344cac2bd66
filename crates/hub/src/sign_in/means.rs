//! What stands for the person where none is there: the client itself, a platform's word, or that of the organisation's
//! login server, which is asked for it.

use std::path::Path;

use oauth::Discovered;
use oauth::mint::Means;
use oauth::policy::GrantType;
use oauth::step::Stage;
use oauth::token_exchange::{IdentityProvider, TokenExchange};
use secrecy::SecretString;

use super::drive::Driver;
use super::standing::Verdicted;
use super::subject::Subject;
use super::unattended::{MINT_TIME, MintStop};
use super::view::State;
use crate::cause::Cause;

/// What the settings have to show.
pub(super) enum Word {
    Had(Means),
    /// A person's id token, for which there is a word to be had.
    Asked(IdentityProvider),
}

/// Read each time: whoever makes such tokens renews the file by himself.
pub(super) fn word(subject: &Subject) -> Result<Word, MintStop> {
    if subject.policy.grant_type != GrantType::JwtBearer {
        return Ok(Word::Had(Means::ClientCredentials));
    }
    if let Some(provider) = &subject.given.identity_provider {
        return identity_provider(provider).map(Word::Asked);
    }
    let (text, file) = (&subject.given.assertion, &subject.given.assertion_file);
    let word = read(text.as_deref(), file.as_deref(), "oauth.assertionFile")?.ok_or_else(|| {
        needs("oauth.grantType \"jwt_bearer\" needs oauth.assertionFile or oauth.assertion, or oauth.identityProvider")
    })?;
    Ok(Word::Had(Means::Assertion(word)))
}

fn identity_provider(given: &settings::IdentityProvider) -> Result<IdentityProvider, MintStop> {
    const FILE: &str = "oauth.identityProvider.idTokenFile";
    let said = |value: &Option<String>, key: &str| {
        let missing = || needs(&format!("oauth.identityProvider needs {key}"));
        value.clone().ok_or_else(missing)
    };
    let id_token = read(
        given.id_token.as_deref(),
        given.id_token_file.as_deref(),
        FILE,
    )?;
    Ok(IdentityProvider {
        token_endpoint: said(&given.token_endpoint, "tokenEndpoint")?,
        client_id: said(&given.client_id, "clientId")?,
        client_secret: given.client_secret.as_deref().cloned(),
        id_token: id_token
            .ok_or_else(|| needs("oauth.identityProvider needs idToken or idTokenFile"))?,
    })
}

fn read(
    text: Option<&SecretString>,
    file: Option<&Path>,
    setting: &str,
) -> Result<Option<SecretString>, MintStop> {
    if let Some(text) = text {
        return Ok(Some(text.clone()));
    }
    let Some(path) = file else {
        return Ok(None);
    };
    // It may be put there at any time.
    let text = std::fs::read_to_string(path).map_err(|error| {
        let why = format!("{setting} {path:?}: {error}");
        MintStop::Later(Cause::UnattendedIncomplete, why, None)
    })?;
    Ok(Some(text.trim().into()))
}

fn needs(what: &str) -> MintStop {
    let cause = Cause::UnattendedIncomplete;
    MintStop::Stands(Verdicted::new(State::NeedsClient, cause, what))
}

impl Word {
    pub(super) async fn means(
        self,
        driver: &Driver,
        subject: &Subject,
        found: &Discovered,
    ) -> Result<Means, MintStop> {
        let provider = match self {
            Self::Had(means) => return Ok(means),
            Self::Asked(provider) => provider,
        };
        let first = TokenExchange::start(provider, found, &subject.policy);
        let word = driver.drive(first, MINT_TIME).await.map_err(|error| {
            driver.say_wrong(
                Stage::TokenExchange,
                Cause::from(&error),
                "no word on the person",
                error.to_string(),
            );
            MintStop::from(error)
        })?;
        Ok(Means::Assertion(word))
    }
}
