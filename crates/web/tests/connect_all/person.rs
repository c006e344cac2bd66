//! A browser that keeps its cookies, in front of a hub whose servers want a sign-in.

use std::time::Duration;

use axum::body::Body;
use http::{Method, header};
use hub::sign_in::Account;
use lab::{Browser, Decision, Switches, World};
use serde_json::{Value, json};

use crate::stage::{Answer, Stage, request};

/// A browser: its cookies, and the form that it shows.
#[derive(Default)]
pub(crate) struct Person {
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) tie: String,
    /// What stands in front of the hub sends with each request of his.
    pub(crate) token: Option<String>,
}

impl Person {
    /// As the browser sends it: with its cookies, and with what stands in front of the hub adds.
    pub(crate) fn dressed(&self, mut sent: http::Request<Body>) -> http::Request<Body> {
        let cookies = self.cookies.iter();
        let cookies: Vec<_> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            let cookies = cookies.join("; ").parse().unwrap();
            sent.headers_mut().insert(header::COOKIE, cookies);
        }
        if let Some(token) = &self.token {
            let bearer = format!("Bearer {token}").parse().unwrap();
            sent.headers_mut().insert(header::AUTHORIZATION, bearer);
        }
        sent
    }

    pub(crate) async fn sends(&mut self, stage: &Stage, sent: http::Request<Body>) -> Answer {
        let sent = self.dressed(sent);
        let answer = stage.send(sent).await;
        for set in answer.headers.get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.into(), value.into()));
        }
        let tie = between(&answer.text, "name=\"tie\" value=\"", "\"");
        if !tie.is_empty() {
            tie.clone_into(&mut self.tie);
        }
        answer
    }

    pub(crate) async fn opens(&mut self, stage: &Stage, path: &str) -> Answer {
        self.sends(stage, request(Method::GET, path)).await
    }

    pub(crate) async fn sends_form(&mut self, stage: &Stage, more: &str) -> Answer {
        self.sends_form_to(stage, "/connect", more).await
    }

    pub(crate) async fn sends_form_to(&mut self, stage: &Stage, path: &str, more: &str) -> Answer {
        let click = click(path, format!("tie={}&{more}", self.tie).into());
        self.sends(stage, click).await
    }

    /// Clicks on a server and says yes at its login server; the answer of the callback.
    pub(crate) async fn signs_in(
        &mut self,
        stage: &Stage,
        server: &str,
        decision: Decision,
    ) -> Answer {
        let clicked = self.sends_form(stage, &format!("server={server}")).await;
        let link = onward(&clicked).unwrap_or_else(|| panic!("{}", clicked.text));
        let back = Browser::new()
            .unwrap()
            .decide(link, decision)
            .await
            .unwrap();
        let back = back.strip_prefix("http://localhost:3000").unwrap();
        self.opens(stage, back).await
    }
}

/// What a form of the hub's own pages sends.
pub(crate) fn click(path: &str, body: Body) -> http::Request<Body> {
    let mut click = request(Method::POST, path);
    let origin = "http://localhost:3000".parse().unwrap();
    click.headers_mut().insert(header::ORIGIN, origin);
    *click.body_mut() = body;
    click
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let rest = text.split_once(before).map_or("", |(_, rest)| rest);
    rest.split_once(after).map_or("", |(found, _)| found)
}

/// Where the page sends the browser.
pub(crate) fn onward(answer: &Answer) -> Option<&str> {
    answer.header(header::REFRESH).strip_prefix("0; url=")
}

/// Servers with these names, each of which wants a sign-in.
pub(crate) async fn worlds(names: &[&str]) -> (Vec<World>, Value) {
    let (mut worlds, mut servers) = (Vec::new(), json!({}));
    for name in names {
        let world = World::start(Switches::default()).await.unwrap();
        servers[name] = json!({ "url": world.mcp_url() });
        worlds.push(world);
    }
    (worlds, servers)
}

/// Waits until the hub knows that it needs a sign-in there.
pub(crate) async fn met(stage: &Stage, name: &str, word: &str) {
    let mut looks = tokio::time::interval(Duration::from_millis(10));
    let seen = async {
        while stage
            .hub
            .sign_ins()
            .view(Account::shared(name))
            .state
            .word()
            != word
        {
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen)
        .await
        .unwrap();
}

pub(crate) async fn own_hub(names: &[&str]) -> (Vec<World>, Stage) {
    let (worlds, servers) = worlds(names).await;
    let stage = Stage::new(&json!({ "mcpServers": servers }).to_string()).await;
    for name in names {
        met(&stage, name, "oauth_required").await;
    }
    (worlds, stage)
}
