//! `/`: what this is, for whoever opens the address in a browser. Says nothing about the servers.

use axum::extract::State;
use http::{HeaderMap, StatusCode};
use hub::sign_in::document;

use crate::access::base_url;
use crate::app::App;
use crate::page::{Act, Page, Row, Tone};
use crate::problem::Problem;

pub(crate) fn landing(app: &App, headers: &HeaderMap) -> Page {
    page(&base_url(app, headers), app.now().rules.is_open())
}

fn page(base: &str, open: bool) -> Page {
    let key = if open {
        "None is asked for."
    } else {
        "Sign in when the client asks for it, or send one of bearerKeys as Authorization: Bearer."
    };
    let command = |words: &str, command: &str| Row::Command(words.to_owned(), command.to_owned());
    Page {
        status: StatusCode::OK,
        tone: Tone::Calm,
        server: None,
        headline: "The hub is running".to_owned(),
        lead: "One address for all your MCP servers. Clients connect here; signing in to the servers is the hub's business."
            .to_owned(),
        rows: vec![
            ("Clients", Row::Link(format!("{base}/mcp"))),
            ("Key", Row::Text(key.to_owned())),
            ("Add a server", command("", "mcphub add https://mcp.linear.app/mcp")),
            ("Look", command("", "mcphub servers")),
        ],
        hint: "Everything else: mcphub --help",
        closes: false,
        act: Act::None,
    }
}

/// The schema of the settings file, for editors (`"$schema"` in the file).
pub(crate) async fn schema() -> ([(http::HeaderName, &'static str); 1], &'static str) {
    let kind = (http::header::CONTENT_TYPE, "application/schema+json");
    ([kind], settings::SCHEMA)
}

/// What the hub is as a client: its own document, for login servers that take its address as client id.
// rule: at-53
pub(crate) async fn client_document(
    State(app): State<App>,
) -> Result<axum::Json<serde_json::Value>, Problem> {
    let document = document::document(&app.hub().store().current());
    document.map(axum::Json).ok_or_else(|| {
        Problem::missing("this hub has no client document; set systemConfig.install.baseUrl to its public https address")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_the_address_for_clients() {
        let html = page("http://localhost:3000", true).html();
        assert!(html.contains("http://localhost:3000/mcp"));
    }
}
