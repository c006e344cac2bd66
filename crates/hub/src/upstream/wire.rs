//! The seam between the data path and the HTTP client: one request out, one answer with a body that is read as it comes.
//! Everything above it knows neither client: the lean one for plain TCP, and the general one for TLS, HTTP/2 and proxies.
//! Redirects are not followed by either (the general client is built so in `fetch`).

mod lean;

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use url::Url;

use self::lean::Lean;
use super::echo::Sent;
use super::layers::Layers;
use super::trouble::Trouble;
use crate::fetch::Outlet;

/// Sends requests of one upstream.
#[derive(Clone)]
pub(super) enum Wire {
    Lean(Lean),
    General(reqwest::Client),
}

/// An answer whose body is still on its way.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    url: Arc<Url>,
    body: Body,
    /// What a person is not shown of it.
    sent: Sent,
}

enum Body {
    General(reqwest::Response),
    Lean(lean::Body),
}

/// What is read of a body that is only shown to a person.
const SHOWN: usize = 4_096;

impl Wire {
    pub(super) fn new(outlet: Outlet) -> Self {
        match outlet {
            Outlet::Plain(dialer) => Self::Lean(Lean::new(dialer)),
            Outlet::General(client) => Self::General(client),
        }
    }

    pub(super) async fn send(
        &self,
        method: &Method,
        url: &Arc<Url>,
        headers: Layers<'_>,
        body: Option<&Bytes>,
    ) -> Result<Answer, Trouble> {
        let (status, headers, body) = match self {
            Self::Lean(lean) => {
                let ask = lean::Ask {
                    method,
                    url,
                    headers,
                    body,
                };
                let sent = lean.send(&ask).await;
                let (head, body) = sent.map_err(|failed| failed_lean(url, failed))?;
                (head.status, head.headers, Body::Lean(body))
            }
            Self::General(client) => {
                let mut request = reqwest::Request::new(method.clone(), Url::clone(url));
                *request.headers_mut() = headers.merged();
                *request.body_mut() = body.cloned().map(reqwest::Body::from);
                let sent = client.execute(request).await;
                let mut answer = sent.map_err(|error| failed_general(url, error))?;
                let headers = std::mem::take(answer.headers_mut());
                (answer.status(), headers, Body::General(answer))
            }
        };
        Ok(Answer {
            status,
            headers,
            url: Arc::clone(url),
            body,
            sent: Sent::default(),
        })
    }
}

impl Answer {
    /// The answer to a request with one of these tokens.
    pub(super) fn to(mut self, sent: &Sent) -> Self {
        self.sent = sent.clone();
        self
    }

    pub(super) fn content_type(&self) -> &str {
        self.headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// Who answered, for a person. No redirect is followed, so it is who was asked.
    pub(super) fn shown(&self) -> String {
        shown(&self.url)
    }

    /// The next piece of the body; `None` at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Trouble> {
        match &mut self.body {
            Body::General(answer) => {
                let read = answer.chunk().await;
                read.map_err(|error| broke_off(&self.url, error))
            }
            Body::Lean(body) => {
                let read = body.chunk().await;
                read.map_err(|error| broke_off(&self.url, error))
            }
        }
    }

    /// The whole body, unless it is larger than `limit`.
    pub(super) async fn whole(mut self, limit: usize) -> Result<Vec<u8>, Trouble> {
        if let Body::Lean(body) = self.body {
            let read = body.whole(limit).await;
            let read = read.map_err(|error| broke_off(&self.url, error))?;
            return read.map_err(|lean::TooLarge| Trouble::TooLarge { limit });
        }
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if whole.len() + chunk.len() > limit {
                return Err(Trouble::TooLarge { limit });
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    }

    /// All that was wanted has been read. What else comes of the body is for nobody.
    pub(super) fn finish(self) {
        match self.body {
            // It sees by itself whether its connection can go on.
            Body::General(answer) => drop(answer),
            Body::Lean(body) => body.finish(),
        }
    }

    /// The trouble of an answer with a status that nobody asked for.
    pub(super) async fn into_status_trouble(self) -> Trouble {
        let (url, status) = (self.shown(), self.status.as_u16());
        if self.status.is_redirection() {
            let to = self
                .headers
                .get(header::LOCATION)
                .map_or_else(|| "nowhere".into(), |to| self.sent.excerpt(to.as_bytes()));
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
            some => self.sent.excerpt(some.as_bytes()),
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
        let wanted = SHOWN + self.sent.longest();
        while read.len() < wanted {
            match self.chunk().await {
                Ok(Some(chunk)) => read.extend_from_slice(&chunk),
                Ok(None) | Err(_) => break,
            }
        }
        self.sent.excerpt(&read)
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

fn failed_lean(url: &Url, failed: lean::Failed) -> Trouble {
    match failed {
        lean::Failed::Unreachable(source) => Trouble::Unreachable {
            host: url.origin().ascii_serialization(),
            source: Arc::new(source),
        },
        lean::Failed::BrokeOff(source) => broke_off(url, source),
    }
}

fn failed_general(url: &Url, error: reqwest::Error) -> Trouble {
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
    broke_off(url, error)
}

fn broke_off(url: &Url, source: impl Error + Send + Sync + 'static) -> Trouble {
    Trouble::BrokeOff {
        host: url.origin().ascii_serialization(),
        source: Arc::new(source),
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
