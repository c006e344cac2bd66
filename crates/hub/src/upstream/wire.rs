//! The seam between the data path and the HTTP client: one request out, one answer with a body that is read as it comes.
//! Everything above it knows no client crate, so that a leaner connection can stand in for the general client.
//! Redirects are not followed (the client is built so in `fetch`).

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use url::Url;

use super::trouble::{Trouble, excerpt};

/// Sends requests of one upstream.
#[derive(Clone)]
pub(super) struct Wire {
    client: reqwest::Client,
}

/// An answer whose body is still on its way.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: reqwest::Response,
}

/// What is read of a body that is only shown to a person.
const SHOWN: usize = 4_096;

impl Wire {
    pub(super) fn new(client: reqwest::Client) -> Self {
        Self { client }
    }

    pub(super) async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Option<Bytes>,
    ) -> Result<Answer, Trouble> {
        let mut request = reqwest::Request::new(method, url.clone());
        *request.headers_mut() = headers;
        *request.body_mut() = body.map(reqwest::Body::from);
        let sent = self.client.execute(request).await;
        let mut body = sent.map_err(|error| not_sent(url, error))?;
        let headers = std::mem::take(body.headers_mut());
        Ok(Answer {
            status: body.status(),
            headers,
            body,
        })
    }
}

impl Answer {
    pub(super) fn content_type(&self) -> &str {
        self.headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// Who answered, for a person. No redirect is followed, so it is who was asked.
    pub(super) fn shown(&self) -> String {
        shown(self.body.url())
    }

    /// The next piece of the body; `None` at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Trouble> {
        let read = self.body.chunk().await;
        read.map_err(|error| Trouble::BrokeOff {
            host: self.shown(),
            source: Arc::new(error),
        })
    }

    /// The whole body, unless it is larger than `limit`.
    pub(super) async fn whole(mut self, limit: usize) -> Result<Vec<u8>, Trouble> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if whole.len() + chunk.len() > limit {
                return Err(Trouble::TooLarge { limit });
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    }

    /// The trouble of an answer with a status that nobody asked for.
    pub(super) async fn into_status_trouble(self) -> Trouble {
        let (url, status) = (self.shown(), self.status.as_u16());
        if self.status.is_redirection() {
            let to = self
                .headers
                .get(header::LOCATION)
                .map_or_else(|| "nowhere".into(), |to| excerpt(to.as_bytes()));
            return Trouble::Redirect { url, status, to };
        }
        Trouble::Status {
            url,
            status,
            begins: self.beginning().await,
        }
    }

    /// The trouble of an answer in a format that nobody asked for.
    pub(super) async fn into_type_trouble(self) -> Trouble {
        let content_type = match self.content_type() {
            "" => "no content type".to_owned(),
            some => excerpt(some.as_bytes()),
        };
        let (url, status) = (self.shown(), self.status.as_u16());
        Trouble::ContentType {
            url,
            status,
            content_type,
            begins: self.beginning().await,
        }
    }

    /// The first words of the body, for a person. A body that breaks off is shown as far as it came.
    async fn beginning(mut self) -> String {
        let mut read = Vec::new();
        while read.len() < SHOWN {
            match self.chunk().await {
                Ok(Some(chunk)) => read.extend_from_slice(&chunk),
                Ok(None) | Err(_) => break,
            }
        }
        excerpt(&read)
    }
}

/// An address for a person: no user, password, query or fragment, because keys hide there.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Both only fail for addresses that cannot have a user; then there is none to hide.
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return url.origin().ascii_serialization();
    }
    url.into()
}

fn not_sent(url: &Url, error: reqwest::Error) -> Trouble {
    let host = url.origin().ascii_serialization();
    // The address may hold keys, and it is told already.
    let error = error.without_url();
    if is_tls(&error) {
        return Trouble::Tls {
            host,
            source: Arc::new(error),
        };
    }
    if error.is_connect() {
        return Trouble::Unreachable {
            host,
            source: Arc::new(error),
        };
    }
    Trouble::BrokeOff {
        host,
        source: Arc::new(error),
    }
}

/// The TLS library's error is deep in the chain and of a type that belongs to the client's build; its words are stable.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if [
            "peer certificate",
            "corrupt message",
            "fatal alert",
            "certificate",
        ]
        .iter()
        .any(|words| text.contains(words))
        {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_the_keys_in_it() {
        let url = Url::parse("https://user:pass@mcp.example.test/mcp?api_key=secret#part").unwrap();
        assert_eq!(shown(&url), "https://mcp.example.test/mcp");
    }
}
