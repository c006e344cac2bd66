//! The seam between the data path and the HTTP client: one request out, one answer with a body that is read as it comes.
//! Everything above it knows neither client: the lean one for plain TCP, and the general one for TLS, HTTP/2 and proxies.
//! Redirects are not followed by either (the general client is built so in `fetch`).

mod lean;

use std::{error::Error, net::IpAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use oauth::place::Place;
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
    General {
        client: reqwest::Client,
        /// Whether the address at the other end is the server's own.
        is_direct: bool,
    },
}

/// An answer whose body is still on its way.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    url: Arc<Url>,
    body: Body,
    /// What a person is not shown of it.
    sent: Sent,
    /// Whether a person is shown anything of its body.
    is_shown: bool,
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
            Outlet::General { client, is_direct } => Self::General { client, is_direct },
        }
    }

    pub(super) async fn send(
        &self,
        method: &Method,
        url: &Arc<Url>,
        headers: Layers<'_>,
        body: Option<&Bytes>,
    ) -> Result<Answer, Trouble> {
        let (status, headers, body, is_shown) = match self {
            Self::Lean(lean) => {
                let ask = lean::Ask {
                    method,
                    url,
                    headers,
                    body,
                };
                let sent = lean.send(&ask).await;
                let (head, body) = sent.map_err(|failed| failed_lean(url, failed))?;
                // Plain HTTP stays within a house, or anybody on its way may have written the answer.
                (head.status, head.headers, Body::Lean(body), false)
            }
            Self::General { client, is_direct } => {
                let mut request = reqwest::Request::new(method.clone(), Url::clone(url));
                *request.headers_mut() = headers.merged();
                *request.body_mut() = body.cloned().map(reqwest::Body::from);
                let sent = client.execute(request).await;
                let mut answer = sent.map_err(|error| failed_general(url, error))?;
                let headers = std::mem::take(answer.headers_mut());
                let from = answer.remote_addr().map(|from| from.ip());
                let is_shown = is_shown(from, *is_direct);
                (answer.status(), headers, Body::General(answer), is_shown)
            }
        };
        Ok(Answer {
            status,
            headers,
            url: Arc::clone(url),
            body,
            sent: Sent::default(),
            is_shown,
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

    /// Whether a person is shown anything of its body.
    pub(super) fn is_shown(&self) -> bool {
        self.is_shown
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
            let to = self.leads_to().unwrap_or_else(|| "nowhere".into());
            return Trouble::Redirect { url, status, to };
        }
        Trouble::Status {
            url,
            status,
            begins: self.beginning().await,
        }
    }

    /// Where a redirect leads, for a person; `None` where that is no address.
    // rule: safe-s11
    fn leads_to(&self) -> Option<String> {
        let to = self.headers.get(header::LOCATION)?;
        if self.is_shown {
            return Some(self.sent.excerpt(to.as_bytes()));
        }
        let to = self.url.join(to.to_str().ok()?).ok()?;
        let is_web = matches!(to.scheme(), "http" | "https");
        is_web.then(|| self.sent.excerpt(shown(&to).as_bytes()))
    }

    /// The trouble of an answer in a format that nobody asked for.
    pub(super) async fn into_type_trouble(self) -> Trouble {
        let whole = self.content_type();
        // What stands behind the type is the server's to choose.
        let told = match self.is_shown {
            true => whole,
            false => whole.split(';').next().unwrap_or_default().trim(),
        };
        let content_type = match told {
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
        if !self.is_shown {
            return String::new();
        }
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

/// Whether a person is shown what is said there, where it is no word of the protocol. What answers inside may be for nobody who reads of it, and the address at a proxy is not that of who answered behind it.
// rule: safe-s11
fn is_shown(from: Option<IpAddr>, is_direct: bool) -> bool {
    is_direct && from.is_some_and(|address| Place::of(address) == Place::Public)
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

    // rule: safe-s11
    #[test]
    fn of_what_is_said_a_person_is_shown_only_what_came_from_a_public_place() {
        let from = |address: &str| Some(address.parse().unwrap());
        for public in ["1.1.1.1", "2606:4700::1111"] {
            assert!(is_shown(from(public), true), "{public}");
            assert!(!is_shown(from(public), false), "{public} of a proxy");
        }
        for inner in [
            "127.0.0.1",
            "10.0.0.5",
            "169.254.169.254",
            "::1",
            "fd00:ec2::254",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_shown(from(inner), true), "{inner}");
        }
        assert!(!is_shown(None, true));
    }

    /// With a token in its body.
    fn answer(is_shown: bool) -> Answer {
        let body = http::Response::new("first Bearer AT/of-one-person".to_owned());
        Answer {
            status: StatusCode::BAD_GATEWAY,
            headers: HeaderMap::new(),
            url: Arc::new(Url::parse("https://mcp.example.test/mcp").unwrap()),
            body: Body::General(body.into()),
            sent: crate::upstream::echo::tests::sent(&["AT/of-one-person"]),
            is_shown,
        }
    }

    #[tokio::test]
    async fn the_first_words_of_a_public_server_are_told_without_the_token_and_those_of_others_not()
    {
        for trouble in [
            answer(true).into_status_trouble().await,
            answer(true).into_type_trouble().await,
        ] {
            let told = trouble.to_string();
            assert!(told.contains("first Bearer [masked]"), "{told}");
        }
        for trouble in [
            answer(false).into_status_trouble().await,
            answer(false).into_type_trouble().await,
        ] {
            assert!(!trouble.to_string().contains("first"), "{trouble}");
        }
    }

    #[test]
    fn an_address_is_shown_without_the_keys_in_it() {
        let url = Url::parse("https://user:pass@mcp.example.test/mcp?api_key=secret#part").unwrap();
        assert_eq!(shown(&url), "https://mcp.example.test/mcp");
    }
}
