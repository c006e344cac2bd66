//! The client of a hub's REST API. Commands know nothing else of a hub: what they do, `curl` can do.

pub(crate) mod shape;

mod endpoint;
mod lists;
mod refusal;

use std::path::Path;
use std::time::Duration;

use hub::explained::quoted;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use crate::environment::Environment;
use crate::failure::{Failure, chain};
use crate::operator;
pub(crate) use endpoint::Door;
use shape::{Authorization, Completed, Entry, Server};

const DEFAULT_URL: &str = "http://localhost:3000";
/// A sign-in's discovery and registration ask several servers, one after the other.
const LONGEST_ANSWER: Duration = Duration::from_secs(90);

/// Where the hub is looked for: at this address, else at `MCPHUB_URL`, else on this machine.
pub(crate) fn address<'a>(url: Option<&'a str>, environment: &'a Environment) -> &'a str {
    named(url, environment).unwrap_or(DEFAULT_URL)
}

fn named<'a>(url: Option<&'a str>, environment: &'a Environment) -> Option<&'a str> {
    url.or_else(|| environment.text("MCPHUB_URL"))
}

/// Which hub to ask, and who asks.
#[derive(Debug)]
pub(crate) struct Hub {
    base: Url,
    token: Option<SecretString>,
    http: reqwest::Client,
    others: Vec<String>,
    /// Somebody said which hub, so no other one will do.
    named: bool,
}

impl Hub {
    /// The hub at `url`, else `MCPHUB_URL`, else on this machine; with `token`, else `MCPHUB_TOKEN`, else what a hub on this machine left for us.
    pub(crate) fn new(
        url: Option<&str>,
        token: Option<&str>,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let named = named(url, environment);
        let mut base = address_of_hub(address(url, environment))?;
        let given = match token {
            Some(token) => Some(SecretString::from(token)),
            None => environment.secret("MCPHUB_TOKEN")?,
        };
        let folder = operator::folder(environment);
        let here = folder
            .as_deref()
            .and_then(|folder| operator::find(folder, &base));
        if let Some(here) = &here
            && base.path() == "/"
        {
            base.set_path(here.url.path());
        }
        let http = http_client(&base).map_err(|error| {
            Failure::api(format!("no HTTP client can be made: {}", chain(&error)))
        })?;
        let others = folder
            .as_deref()
            .map(|folder| elsewhere(folder, &base))
            .unwrap_or_default();
        Ok(Self {
            token: given.or(here.map(|here| here.token)),
            base,
            http,
            others,
            named: named.is_some(),
        })
    }

    /// The address under which the hub is asked, without a slash at its end.
    pub(crate) fn address(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    pub(crate) fn is_on_this_machine(&self) -> bool {
        operator::is_loopback(&self.base)
    }

    pub(crate) fn is_named(&self) -> bool {
        self.named
    }

    /// Does this address lead to one of the hub's own endpoints, or to one of another hub that was started on this machine?
    pub(crate) fn is_at(&self, address: &str) -> bool {
        let others = self.others.iter().filter_map(|url| Url::parse(url).ok());
        Url::parse(address).is_ok_and(|url| {
            leads_to(&self.base, &url) || others.into_iter().any(|hub| leads_to(&hub, &url))
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.base.port_or_known_default().unwrap_or_default()
    }

    pub(crate) async fn servers(&self) -> Result<Value, Failure> {
        Ok(data(self.servers_and_trouble().await?))
    }

    /// The list as it is answered, with what keeps the hub from reading or writing its settings as `trouble`.
    pub(crate) async fn servers_and_trouble(&self) -> Result<Value, Failure> {
        self.ask_whole(Method::GET, self.list(), None).await
    }

    fn list(&self) -> Url {
        let mut url = self.url(&["servers"]);
        url.query_pairs_mut()
            .append_pair("page", "1")
            .append_pair("limit", "1000");
        url
    }

    pub(crate) async fn server_as_told(&self, name: &str) -> Result<Value, Failure> {
        self.ask(Method::GET, self.url(&["servers", name]), None)
            .await
    }

    pub(crate) async fn server(&self, name: &str) -> Result<Server, Failure> {
        Server::read(self.server_as_told(name).await?)
    }

    pub(crate) async fn add(&self, name: &str, config: &Value) -> Result<Value, Failure> {
        self.ask(
            Method::POST,
            self.url(&["servers"]),
            Some(&json!({ "name": name, "config": config })),
        )
        .await
    }

    pub(crate) async fn change(&self, name: &str, config: &Value) -> Result<Value, Failure> {
        self.ask(
            Method::PUT,
            self.url(&["servers", name]),
            Some(&json!({ "config": config })),
        )
        .await
    }

    pub(crate) async fn remove(&self, name: &str) -> Result<Value, Failure> {
        self.ask(Method::DELETE, self.url(&["servers", name]), None)
            .await
    }

    pub(crate) async fn reload(&self, name: &str) -> Result<Value, Failure> {
        self.ask(
            Method::POST,
            self.url(&["servers", name, "reload"]),
            Some(&json!({})),
        )
        .await
    }

    pub(crate) async fn toggle(&self, name: &str, enabled: bool) -> Result<Value, Failure> {
        self.ask(
            Method::POST,
            self.url(&["servers", name, "toggle"]),
            Some(&json!({ "enabled": enabled })),
        )
        .await
    }

    pub(crate) async fn authorize(&self, name: &str) -> Result<Authorization, Failure> {
        let told = self
            .ask(
                Method::POST,
                self.url(&["servers", name, "oauth", "authorize"]),
                Some(&json!({})),
            )
            .await?;
        shape::read(told)
    }

    pub(crate) async fn complete(&self, name: &str, pasted: &str) -> Result<Completed, Failure> {
        let url = self.url(&["servers", name, "oauth", "complete"]);
        shape::read(
            self.ask(Method::POST, url, Some(&json!({ "pasted": pasted })))
                .await?,
        )
    }

    /// `scope` is `tokens` or `all`.
    pub(crate) async fn disconnect(&self, name: &str, scope: &str) -> Result<Value, Failure> {
        self.ask(
            Method::POST,
            self.url(&["servers", name, "oauth", "disconnect"]),
            Some(&json!({ "scope": scope })),
        )
        .await
    }

    pub(crate) async fn journal_as_told(&self, name: &str) -> Result<Value, Failure> {
        self.ask(
            Method::GET,
            self.url(&["servers", name, "oauth", "journal"]),
            None,
        )
        .await
    }

    pub(crate) async fn journal(&self, name: &str) -> Result<Vec<Entry>, Failure> {
        shape::read(self.journal_as_told(name).await?)
    }

    pub(crate) async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: &Value,
    ) -> Result<Value, Failure> {
        let body = json!({ "toolName": tool, "arguments": arguments });
        self.ask(
            Method::POST,
            self.url(&["tools", "call", server]),
            Some(&body),
        )
        .await
    }

    /// `{base}/api/...`; a name may hold a slash, which is percent-encoded.
    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("api").extend(segments);
        }
        url
    }

    /// The `data` of the answer, or the whole of one without.
    async fn ask(&self, method: Method, url: Url, body: Option<&Value>) -> Result<Value, Failure> {
        self.ask_whole(method, url, body).await.map(data)
    }

    async fn ask_whole(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let (status, answer) = self.answer(method, url, body).await?;
        if is_yes(status, &answer) {
            return Ok(answer);
        }
        let failure = self.refused(status, &answer);
        let Some(written) = refusal::unknown_server(&answer) else {
            return Err(failure);
        };
        // Only then the list is worth a second question.
        let list = self.answer(Method::GET, self.list(), None).await;
        // The first failure says more than one about asking again.
        let Ok((status, mut list)) = list else {
            return Err(failure);
        };
        if !is_yes(status, &list) {
            return Err(failure);
        }
        let names = list["data"].take();
        let names = names.as_array().into_iter().flatten();
        let names = names.filter_map(|server| server["name"].as_str());
        Err(match settings::nearest(&written, names) {
            Some(meant) => failure.cure(format!(
                "did you mean {}? `mcphub servers` lists the names",
                quoted(meant)
            )),
            None => failure,
        })
    }

    async fn answer(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), Failure> {
        let mut request = self.http.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let text = response
            .text()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let answer = serde_json::from_str(&text).map_err(|_no_json| self.no_hub(status))?;
        Ok((status, answer))
    }
}

fn is_yes(status: StatusCode, answer: &Value) -> bool {
    status.is_success() && answer["success"] != json!(false)
}

fn leads_to(hub: &Url, url: &Url) -> bool {
    let same_host =
        url.host() == hub.host() || (operator::is_loopback(url) && operator::is_loopback(hub));
    let ours = format!("{}/mcp", hub.path().trim_end_matches('/'));
    same_host
        && url.port_or_known_default() == hub.port_or_known_default()
        && url.path().starts_with(&ours)
}

fn data(mut answer: Value) -> Value {
    let told = answer.get_mut("data").map(Value::take);
    told.unwrap_or(answer)
}

fn address_of_hub(address: &str) -> Result<Url, Failure> {
    let wrong = |why: String| {
        Failure::usage(format!("`{address}` is no address of a hub: {why}"))
            .cure(format!("write it like {DEFAULT_URL}"))
    };
    let mut url = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
        return Err(wrong("it must begin with http:// or https://".to_owned()));
    }
    url.set_query(None);
    url.set_fragment(None);
    // What the banner names for clients is easily taken for the hub's own.
    if let Some(base) = url.path().trim_end_matches('/').strip_suffix("/mcp") {
        let base = base.to_owned();
        url.set_path(&base);
        let hub = url.as_str().trim_end_matches('/');
        return Err(Failure::usage(format!(
            "`{address}` is for clients; commands ask the hub itself"
        ))
        .cure(format!("write {hub}")));
    }
    Ok(url)
}

fn elsewhere(folder: &Path, base: &Url) -> Vec<String> {
    let here = base.port_or_known_default();
    let others = operator::all(folder)
        .into_iter()
        .filter(|it| it.url.port_or_known_default() != here);
    others
        .map(|it| it.url.as_str().trim_end_matches('/').to_owned())
        .collect()
}

/// The answer of a redirect is an answer: the token goes to nobody else.
fn http_client(base: &Url) -> reqwest::Result<reqwest::Client> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a command speaks to the hub alone; the guarded client is for what the hub asks"
    )]
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .timeout(LONGEST_ANSWER);
    if operator::is_loopback(base) {
        client.no_proxy().build()
    } else {
        client.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    fn hub(url: &str) -> Hub {
        Hub::new(
            Some(url),
            Some("t"),
            &Environment::of(&[("MCPHUB_DATA_DIR", "/nowhere")]),
        )
        .unwrap()
    }

    #[test]
    fn a_name_with_a_slash_stays_one_segment() {
        let url = hub("http://localhost:3000").url(&["servers", "io.github/a b", "reload"]);
        assert_eq!(
            url.as_str(),
            "http://localhost:3000/api/servers/io.github%2Fa%20b/reload"
        );
    }

    #[test]
    fn the_base_path_stands_before_the_api() {
        for base in ["http://h/hub", "http://h/hub/", "http://h/hub?x#y"] {
            assert_eq!(
                hub(base).url(&["servers"]).as_str(),
                "http://h/hub/api/servers"
            );
        }
    }

    #[test]
    fn an_address_that_is_none_is_a_mistake_of_usage() {
        for address in [
            "localhost:3000",
            "ftp://x",
            "mailto:a@b",
            "",
            "http://localhost:3000/mcp",
        ] {
            let failure = Hub::new(Some(address), None, &Environment::default()).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{address}");
        }
    }
}
