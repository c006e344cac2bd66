//! The old HTTP+SSE transport, the client's side: one stream with everything the server says, and an endpoint for POSTs that the
//! stream names first.
//!
//! MCP transports 2024-11-05, "HTTP with SSE"; 2025-11-25, "Backwards Compatibility". The endpoint must have the stream's own origin.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, header};
use mcp::header as mcp_header;
use url::Url;

use super::{
    Shared, Told, Trouble,
    echo::Sent,
    guarded::{Ask, Guarded},
    http::Stream,
    link::Link,
    outgoing::Refused,
    pipe::{Outlet, Pipe},
    stdio::Life,
    wire::shown,
};

/// Opens the stream and waits for its endpoint. The stream is let go when `life.closed` is cancelled.
pub(super) async fn open(
    guarded: Arc<Guarded>,
    url: &Arc<Url>,
    limit: usize,
    shared: &Arc<Shared>,
    life: Life,
) -> Result<Link, Refused> {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::ACCEPT,
        HeaderValue::from_static(mcp_header::EVENT_STREAM),
    );
    let answer = guarded
        .exchange(Ask {
            method: Method::GET,
            url,
            headers: [Some(&headers), None, None],
            body: None,
        })
        .await?;
    if !answer.status.is_success() {
        return Err(Refused::Failed(answer.into_status_trouble().await));
    }
    if !mcp_header::is_type(answer.content_type(), mcp_header::EVENT_STREAM) {
        return Err(Refused::Failed(answer.into_type_trouble().await));
    }
    let mut stream = Stream::new(answer, limit);
    let sent = guarded.sent.clone();
    let endpoint = endpoint(url, &mut stream, &sent).await;
    let endpoint = endpoint.map_err(|trouble| {
        Refused::Failed(match stream.is_shown() {
            true => trouble,
            false => trouble.without_words(),
        })
    })?;
    let pipe = Arc::new(Pipe::new(Outlet::Posts {
        guarded,
        endpoint: Arc::new(endpoint),
    }));
    let link = Link::pipe(life.generation, pipe.clone());
    let tracker = life.tracker.clone();
    tracker.spawn(keep(
        (stream, sent),
        pipe,
        link.clone(),
        shared.clone(),
        life,
    ));
    Ok(link)
}

/// The address in the first event.
// rule: safe-s10
// rule: mcp-sse-endpoint-origin -- a token that was given for one origin is not sent to another.
async fn endpoint(url: &Url, stream: &mut Stream, sent: &Sent) -> Result<Url, Trouble> {
    let first = loop {
        match stream.next().await? {
            Some(Ok(event)) if event.kind.as_deref() == Some("endpoint") => break event.data,
            // A priming event or a sign of life may stand before it.
            Some(Ok(event)) if event.data.is_empty() => {}
            Some(Ok(_) | Err(_)) | None => {
                let kind = "the event stream does not begin with an \"endpoint\" event";
                return Err(Trouble::NotAMessage {
                    kind,
                    why: format!("{kind}, at {}", shown(url)),
                    begins: String::new(),
                });
            }
        }
    };
    let ours = || url.origin().ascii_serialization();
    let endpoint = url.join(first.trim()).map_err(|_| Trouble::NoEndpoint {
        ours: ours(),
        begins: sent.excerpt(first.as_bytes()),
    })?;
    if endpoint.origin() != url.origin() {
        return Err(Trouble::EndpointElsewhere {
            ours: ours(),
            theirs: endpoint.origin().ascii_serialization(),
        });
    }
    Ok(endpoint)
}

async fn keep(
    stream: (Stream, Sent),
    pipe: Arc<Pipe>,
    link: Link,
    shared: Arc<Shared>,
    life: Life,
) {
    let read = read(stream, &pipe, &link, &shared);
    let Some(trouble) = life.closed.run_until_cancelled(read).await else {
        pipe.ended(Trouble::Unanswered);
        return;
    };
    pipe.ended(trouble.clone());
    shared
        .tell(Told::Lost {
            generation: life.generation,
            trouble,
        })
        .await;
}

async fn read(
    (mut stream, sent): (Stream, Sent),
    pipe: &Arc<Pipe>,
    link: &Link,
    shared: &Shared,
) -> Trouble {
    let is_shown = stream.is_shown();
    loop {
        match stream.next().await {
            Ok(Some(Ok(event)))
                if super::http::is_message(event.kind.as_deref()) && !event.data.is_empty() =>
            {
                shared.piped(pipe, link, sent.masked(event.data.into_bytes()), is_shown);
            }
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(too_long))) => shared.log.note(
                &Trouble::TooLarge {
                    limit: too_long.limit,
                }
                .to_string(),
            ),
            Ok(None) => return Trouble::Unanswered,
            Err(trouble) => return trouble,
        }
    }
}
