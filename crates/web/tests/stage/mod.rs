//! A hub on a settings file of its own and the routes in front of it, without a socket.

#![expect(dead_code, reason = "each test file uses its part of it")]
#![expect(
    clippy::unwrap_used,
    reason = "a stage that cannot be set up fails its test"
)]

pub(crate) mod contract;
pub(crate) mod offers;
pub(crate) mod streams;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hub::clock::Clock;
use hub::vault::Vault;
use hub::{Hub, HubOptions};
use mcphub_web::WebOptions;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const OPERATOR: &str = "operator-token-of-this-test";

pub(crate) struct Stage {
    pub(crate) hub: Hub,
    pub(crate) router: Router,
    pub(crate) clock: Clock,
    folder: TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Stage {
    pub(crate) async fn new(settings: &str) -> Self {
        Self::with(settings, |_| {}).await
    }

    pub(crate) async fn with(settings: &str, change: impl FnOnce(&mut WebOptions)) -> Self {
        Self::with_key(settings, Vault::default(), change).await
    }

    /// `vault` seals what is secret in the settings file.
    pub(crate) async fn with_key(
        settings: &str,
        vault: Vault,
        change: impl FnOnce(&mut WebOptions),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcp_settings.json");
        std::fs::write(&path, settings).unwrap();
        let clock = Clock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000));
        let environment = Arc::new(|name: &str| {
            (name == "URL_OF_A").then(|| "http://127.0.0.1:9/mcp".to_owned())
        });
        let options = HubOptions {
            settings_path: path,
            environment,
            vault,
            port: 3000,
            clock: clock.clone(),
        };
        let hub = Hub::start(options).await.unwrap();
        let mut options = WebOptions::at(([127, 0, 0, 1], 3000).into());
        options.operator_token = Some(OPERATOR.into());
        change(&mut options);
        Self {
            router: mcphub_web::router(hub.clone(), options),
            hub,
            clock,
            folder,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("mcp_settings.json")
    }

    pub(crate) fn written(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    pub(crate) fn settings(&self) -> Value {
        serde_json::from_str(&self.written()).unwrap()
    }

    /// Sends a request as it is. What `/api` answers must be what its description says.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let asked = (request.method().clone(), request.uri().path().to_owned());
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        let (method, path) = (asked.0.as_str(), asked.1.as_str());
        if let Err(why) = contract::check(method, path, answer.status.as_u16(), &answer.text) {
            panic!("{method} {path} answered {}, and {why}", answer.text);
        }
        answer
    }

    /// As the operator.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.ask_as(Some(OPERATOR), method, path, body).await
    }

    pub(crate) async fn ask_as(
        &self,
        bearer: Option<&str>,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = request(method, path);
        if let Some(token) = bearer {
            request.headers_mut().insert(
                header::AUTHORIZATION,
                format!("Bearer {token}").parse().unwrap(),
            );
        }
        if let Some(body) = body {
            *request.body_mut() = Body::from(body.to_string());
        }
        self.send(request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn log_in(&self, username: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "username": username, "password": password });
        self.ask_as(None, Method::POST, "/api/auth/login", Some(body))
            .await
    }
}

/// A request as a program on this machine sends it.
pub(crate) fn request(method: Method, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost:3000")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream")
        .body(Body::empty())
        .unwrap()
}
