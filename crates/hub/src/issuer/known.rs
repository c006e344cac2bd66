//! Which clients there are, and whether one shows that it is itself: those of the settings file, newcomers, and those that are known by the address of a document of theirs.

use std::collections::HashSet;

use http::header::ACCEPT;
use settings::Settings;
use url::Url;

use super::authorization::Shown;
use super::client::Client;
use super::{Failure, Issuer, newcomers, token};
use crate::fetch::Reach;

/// The clients that there are.
pub(crate) struct Clients<'s> {
    written: HashSet<&'s str>,
    /// Those that are known by the address of a document are taken.
    documents: bool,
}

impl<'s> Clients<'s> {
    pub(crate) fn of(settings: &'s Settings) -> Self {
        let written = settings.oauth_clients.iter();
        Self {
            written: written.map(|client| client.client_id.as_str()).collect(),
            documents: settings.oauth_server.client_documents.is_some(),
        }
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.written.contains(id) || (self.documents && newcomers::address(id).is_some())
    }
}

impl Issuer {
    pub(super) async fn shown(
        &self,
        settings: &Settings,
        asked: &token::Asked,
    ) -> Result<(), Failure> {
        let client = self.client(settings, &asked.client_id).await;
        // rule: as-client-later -- a client that is not looked at now is told so: one that hears `invalid_client` throws away what it has.
        let client = client.map_err(|shown| match shown {
            Shown::Hurry(wait) => Failure::Hurry(wait),
            Shown::DocumentAway => Failure::DocumentAway,
            Shown::NoClient | Shown::UnknownClient(_) | Shown::Document(_) | Shown::Redirect(_) => {
                asked.invalid_client(&shown.to_string()).into()
            }
        })?;
        if !client.is_shown_by(asked.client_secret.as_deref()) {
            return Err(asked
                .invalid_client("the client's secret is wrong or missing")
                .into());
        }
        if settings.oauth_server.require_client_secret && client.secret.is_none() {
            return Err(asked
                .invalid_client("this hub takes clients with a secret only")
                .into());
        }
        Ok(())
    }

    pub(super) async fn client(&self, settings: &Settings, id: &str) -> Result<Client, Shown> {
        let mut written = settings.oauth_clients.iter();
        if let Some(client) = written.find(|client| client.client_id == id) {
            return Ok(Client::of_settings(client));
        }
        let now = self.inner.clock.now();
        if let Some(client) = self.desk().newcomers.find(id, now) {
            return Ok(client);
        }
        let unknown = || Shown::UnknownClient(id.chars().take(200).collect());
        let kept = settings.oauth_server.client_documents.ok_or_else(unknown)?;
        let address = newcomers::address(id).ok_or_else(unknown)?;
        let client = self.document(settings, id, address).await?;
        self.desk().newcomers.keep(client.clone(), kept, now);
        Ok(client)
    }

    /// Asks for a client's document: an address that a stranger named, so nothing inward is in reach, and no redirect is followed.
    // rule: as-client-document-inner
    async fn document(&self, settings: &Settings, id: &str, address: Url) -> Result<Client, Shown> {
        let step = self.desk().newcomers.step(self.inner.clock.now());
        step.map_err(Shown::Hurry)?;
        let request = http::Request::get(address.as_str()).header(ACCEPT, "application/json");
        let request = request
            .body(Vec::new())
            .map_err(|error| Shown::Document(error.to_string()))?;
        let way = Reach::Public.into();
        let answer = self.inner.fetch.send_once(request, &way);
        // What stands inside, and under which name, is nobody's business who is a stranger.
        let answer = answer.await.map_err(|error| {
            tracing::info!(id, %error, "the document of a client was not read");
            Shown::DocumentAway
        })?;
        if answer.status().is_server_error() {
            return Err(Shown::DocumentAway);
        }
        if answer.status() != http::StatusCode::OK {
            let why = format!("{address} answers {}", answer.status());
            return Err(Shown::Document(why));
        }
        newcomers::read(id, answer.body(), &settings.oauth_server).map_err(Shown::Document)
    }
}
