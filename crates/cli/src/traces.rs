//! Where traces are sent: to the collector that the standard variables of OpenTelemetry name, and nowhere where they name none.
//!
//! OTLP over HTTP with protobuf. Read here are `OTEL_EXPORTER_OTLP_ENDPOINT`, `_HEADERS`, `_TIMEOUT` and `_PROTOCOL` (and each with
//! `TRACES_` before the last word, which counts more), `OTEL_SERVICE_NAME`, `OTEL_TRACES_EXPORTER` and `OTEL_SDK_DISABLED`. How many
//! traces are recorded, and how large a batch is, the library reads from the process itself (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_...`).

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hub::fetch::Proxies;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use secrecy::ExposeSecret;
use tokio::runtime::Handle;
use url::Url;

use crate::environment::Environment;
use crate::failure::{Failure, chain};

/// What is not sent by then, when the hub ends, is lost.
const FAREWELL: Duration = Duration::from_secs(2);
/// Of one request to the collector, where nobody says otherwise.
const USUAL_TIME: Duration = Duration::from_secs(10);

/// Sends traces until its end.
pub(crate) struct Traces(SdkTracerProvider);

/// What the environment says of traces.
#[derive(Debug, PartialEq)]
struct Wanted {
    endpoint: Url,
    headers: HashMap<String, String>,
    time: Duration,
    service: Option<String>,
}

impl Traces {
    /// `None`: the environment names no collector. `runtime` carries the requests to it.
    pub(crate) fn start(
        environment: &Environment,
        runtime: Handle,
    ) -> Result<Option<Self>, Failure> {
        let Some(wanted) = wanted(environment)? else {
            return Ok(None);
        };
        let no_exporter = |why: &dyn std::error::Error| {
            Failure::usage(format!(
                "traces cannot be sent to {}: {}",
                wanted.endpoint,
                chain(why)
            ))
            .cure("correct the variables that begin with OTEL_EXPORTER_OTLP_, or take them away")
        };
        let client = client(environment, wanted.time)?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client { client, runtime })
            .with_endpoint(wanted.endpoint.as_str())
            .with_timeout(wanted.time)
            .with_headers(wanted.headers)
            .build()
            .map_err(|error| no_exporter(&error))?;
        // Reads OTEL_RESOURCE_ATTRIBUTES by itself.
        let resource = Resource::builder()
            .with_service_name(wanted.service.unwrap_or_else(|| "mcphub".to_owned()))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .build();
        Ok(Some(Self(provider)))
    }

    pub(crate) fn tracer(&self) -> SdkTracer {
        self.0.tracer("mcphub")
    }

    /// Sends what is left. Waits, and needs the runtime for that.
    pub(crate) fn end(self) {
        if let Err(error) = self.0.shutdown_with_timeout(FAREWELL) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

fn wanted(environment: &Environment) -> Result<Option<Wanted>, Failure> {
    let said = |last: &str| {
        let own = format!("OTEL_EXPORTER_OTLP_TRACES_{last}");
        let all = format!("OTEL_EXPORTER_OTLP_{last}");
        [own, all]
            .into_iter()
            .find(|name| environment.text(name).is_some())
    };
    let Some(variable) = said("ENDPOINT").filter(|_| !environment.flag("OTEL_SDK_DISABLED")) else {
        return Ok(None);
    };
    match environment.text("OTEL_TRACES_EXPORTER") {
        None | Some("otlp") => {}
        Some("none") => return Ok(None),
        Some(other) => {
            return Err(Failure::usage(format!(
                "OTEL_TRACES_EXPORTER is {other}, which this hub has not"
            ))
            .cure("write `otlp`, or `none` for no traces"));
        }
    }
    if let Some(protocol) = said("PROTOCOL")
        && environment.text(&protocol) != Some("http/protobuf")
    {
        return Err(Failure::usage(format!(
            "{protocol} names a protocol that this hub does not speak"
        ))
        .cure("write `http/protobuf`, and the collector's port for it (usually 4318)"));
    }
    Ok(Some(Wanted {
        endpoint: endpoint(environment, &variable)?,
        headers: headers(environment)?,
        time: time(environment, said("TIMEOUT").as_deref())?,
        service: environment.text("OTEL_SERVICE_NAME").map(str::to_owned),
    }))
}

/// The general one is a folder, in which traces have their place; the one of traces is the place itself.
fn endpoint(environment: &Environment, variable: &str) -> Result<Url, Failure> {
    let text = environment.text(variable).unwrap_or_default();
    let place = if variable.contains("TRACES") {
        text.to_owned()
    } else {
        format!("{}/v1/traces", text.trim_end_matches('/'))
    };
    let url = Url::parse(&place).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| {
            Failure::usage(format!("{variable} is no address of a collector"))
                .cure("write an address like http://localhost:4318")
        })
}

/// `name=value,name=value`; the exporter decodes the values.
fn headers(environment: &Environment) -> Result<HashMap<String, String>, Failure> {
    let mut headers = HashMap::new();
    for variable in [
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    ] {
        let Some(text) = environment.secret(variable)? else {
            continue;
        };
        for pair in text
            .expose_secret()
            .split(',')
            .filter(|pair| !pair.trim().is_empty())
        {
            // The pair may be a secret, so it is not shown.
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                Failure::usage(format!("{variable} holds a header without a value"))
                    .cure("write `name=value`, with commas between several")
            })?;
            headers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    Ok(headers)
}

/// In milliseconds.
fn time(environment: &Environment, variable: Option<&str>) -> Result<Duration, Failure> {
    let Some(variable) = variable else {
        return Ok(USUAL_TIME);
    };
    let text = environment.text(variable).unwrap_or_default();
    text.parse()
        .map(Duration::from_millis)
        .map_err(|_no_number| {
            Failure::usage(format!(
                "{variable} is `{text}`, which is no number of milliseconds"
            ))
        })
}

/// The operator names the collector, so nothing of `hub::fetch` has to be guarded against; proxies and certificates are the same.
#[expect(
    clippy::disallowed_methods,
    reason = "traces go where the operator says, and nothing that they are sent to is a stranger's word"
)]
fn client(environment: &Environment, time: Duration) -> Result<reqwest::Client, Failure> {
    let proxies = Proxies::from_environment(&|name| environment.raw(name))
        .map_err(|error| Failure::usage(chain(&error)))?;
    reqwest::Client::builder()
        .user_agent(concat!("mcphub/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .proxy(reqwest::Proxy::custom(move |url| proxies.of(url).cloned()))
        .timeout(time)
        .build()
        .map_err(|error| Failure::usage(format!("no HTTP client can be made: {}", chain(&error))))
}

/// The exporter has a thread of its own, and the client needs a runtime.
#[derive(Debug)]
struct Client {
    client: reqwest::Client,
    runtime: Handle,
}

/// Larger answers of a collector are not read.
const LARGEST_ANSWER: usize = 64 * 1024;

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let mut answer = client.execute(request.try_into()?).await?;
            let mut body = Vec::new();
            while let Some(piece) = answer.chunk().await? {
                if body.len() + piece.len() > LARGEST_ANSWER {
                    break;
                }
                body.extend_from_slice(&piece);
            }
            let mut told = http::Response::new(Bytes::from(body));
            *told.status_mut() = answer.status();
            std::mem::swap(told.headers_mut(), answer.headers_mut());
            Ok::<_, reqwest::Error>(told)
        });
        Ok(sent.await??)
    }
}
