//! A tiny browser for tests and the walk: opens a page, reads the one form on it, and presses a button of it.
//!
//! It follows no redirect by itself. It knows the plain HTML of the practice login page and nothing more.

use url::Url;

use crate::wire;

/// Redirects that a whole sign-in may take before something is wrong.
const MOST_ROUNDS: usize = 5;

/// Which button the person presses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Allow,
    Deny,
}

/// What came back for one request.
#[derive(Clone, Debug)]
pub struct Page {
    pub url: String,
    pub status: u16,
    /// `Location`, resolved against `url`.
    pub location: Option<String>,
    pub body: String,
}

#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    #[error("cannot open {url}")]
    Unreachable { url: String, source: reqwest::Error },
    #[error("{url} answered {status} without a form and without a redirect: {text}")]
    DeadEnd {
        url: String,
        status: u16,
        text: String,
    },
    #[error("{0} is no address")]
    NoAddress(String),
    #[error("still redirected after {MOST_ROUNDS} rounds, last to {0}")]
    Circle(String),
}

#[derive(Clone, Debug)]
pub struct Browser {
    client: reqwest::Client,
    person: String,
}

impl Browser {
    /// A browser of the person `ada`.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new() -> Result<Self, reqwest::Error> {
        Self::of("ada")
    }

    /// A browser of somebody else.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn of(person: &str) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: wire::client()?,
            person: person.to_owned(),
        })
    }

    /// Opens an address and shows what came back.
    ///
    /// # Errors
    /// When nothing came back.
    pub async fn open(&self, url: &str) -> Result<Page, BrowserError> {
        self.send(self.client.get(url), url).await
    }

    /// Opens an authorization URL, presses the button, and gives the address that the person is sent back to, unopened.
    ///
    /// # Errors
    /// When the login server showed something else than its page.
    pub async fn decide(
        &self,
        authorization_url: &str,
        decision: Decision,
    ) -> Result<String, BrowserError> {
        let mut page = self.open(authorization_url).await?;
        if page.location.is_none()
            && let Some(form) = form(&page.body)
        {
            page = self.press(&page.url, &form, decision).await?;
        }
        let Page {
            url,
            status,
            location,
            body,
        } = page;
        location.ok_or(BrowserError::DeadEnd {
            url,
            status,
            text: visible_text(&body),
        })
    }

    /// A whole sign-in: Allow at the login server, then the way back, also when that leads to the login server once more.
    /// Gives the last page.
    ///
    /// # Errors
    /// When a step showed something unexpected, or the redirects go in a circle.
    pub async fn sign_in(&self, authorization_url: &str) -> Result<Page, BrowserError> {
        let login_server = origin(authorization_url)?;
        let mut next = authorization_url.to_owned();
        for _round in 0..MOST_ROUNDS {
            let back = self.decide(&next, Decision::Allow).await?;
            let page = self.open(&back).await?;
            match &page.location {
                Some(location) if origin(location)? == login_server => next.clone_from(location),
                Some(_) | None => return Ok(page),
            }
        }
        Err(BrowserError::Circle(next))
    }

    async fn press(
        &self,
        page_url: &str,
        form: &Form,
        decision: Decision,
    ) -> Result<Page, BrowserError> {
        let action = resolve(page_url, &form.action)?;
        let decision = match decision {
            Decision::Allow => "allow",
            Decision::Deny => "deny",
        };
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(&form.hidden)
            .append_pair("person", &self.person)
            .append_pair("decision", decision);
        let request = self
            .client
            .post(&action)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.finish());
        self.send(request, &action).await
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        url: &str,
    ) -> Result<Page, BrowserError> {
        let unreachable = |source| BrowserError::Unreachable {
            url: url.to_owned(),
            source,
        };
        let request = request.header("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let location = response
            .headers()
            .get("location")
            .and_then(|value| value.to_str().ok());
        let location = location
            .map(|location| resolve(url, location))
            .transpose()?;
        let body = response.text().await.map_err(unreachable)?;
        Ok(Page {
            url: url.to_owned(),
            status,
            location,
            body,
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Form {
    action: String,
    hidden: Vec<(String, String)>,
}

/// The first form of a page, with its hidden fields.
fn form(html: &str) -> Option<Form> {
    let (_, rest) = html.split_once("<form ")?;
    let (inside, _) = rest.split_once("</form>")?;
    let (tag, fields) = inside.split_once('>')?;
    let hidden = fields
        .split("<input ")
        .filter_map(|part| part.split_once('>').map(|(tag, _)| tag))
        .filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"))
        .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)))
        .collect();
    Some(Form {
        action: attribute(tag, "action")?,
        hidden,
    })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}

/// What a person reads on a page, shortened for an error message.
fn visible_text(html: &str) -> String {
    let body = html.split_once("<body").map_or(html, |(_, body)| body);
    let text: String = body
        .split('<')
        .filter_map(|part| part.split_once('>').map(|(_, text)| text))
        .collect::<Vec<_>>()
        .join(" ");
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(300)
        .collect()
}

fn resolve(base: &str, location: &str) -> Result<String, BrowserError> {
    Url::parse(base)
        .and_then(|base| base.join(location))
        .map(String::from)
        .map_err(|_no_address| BrowserError::NoAddress(location.to_owned()))
}

fn origin(url: &str) -> Result<String, BrowserError> {
    Url::parse(url)
        .map(|url| url.origin().ascii_serialization())
        .map_err(|_no_address| BrowserError::NoAddress(url.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_page_is_read() {
        let html = r#"<p>x</p><form method="post" action="/a?b=1&amp;c=2"><input type="hidden" name="request" value="r1">
            <input name="person" value="ada"><button name="decision" value="allow">Allow</button></form>"#;
        let hidden = vec![("request".to_owned(), "r1".to_owned())];
        assert_eq!(
            form(html),
            Some(Form {
                action: "/a?b=1&c=2".to_owned(),
                hidden
            })
        );
        assert_eq!(form("<p>no form</p>"), None);
    }

    #[test]
    fn an_error_message_quotes_what_a_person_would_read() {
        let html =
            "<html><head><title>x</title></head><body><h1>No</h1>\n<p>not  here</p></body></html>";
        assert_eq!(visible_text(html), "No not here");
    }
}
