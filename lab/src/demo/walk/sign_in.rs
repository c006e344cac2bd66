//! The stages up to a connected server: 401, discovery, registration, link, consent, callback, stored token.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{SOON, Walk};
use crate::browser::Browser;
use crate::demo::cause::Cause;
use crate::demo::hub::{Hub, Place, SERVER};
use crate::demo::stored;
use crate::seen::Seen;
use crate::switches::Switches;
use crate::trouble::Endpoint;
use crate::world::World;

/// A person may take this long.
const PATIENCE: Duration = Duration::from_secs(600);

impl Walk {
    pub(super) async fn start_world(&mut self) -> Result<(), Cause> {
        self.stage("The practice world", "")?;
        let world = World::start(Switches::default()).await?;
        self.screen.fact("login server", &world.issuer())?;
        self.screen.fact(
            "MCP server",
            &format!("{}   demands the login server's tokens", world.mcp_url()),
        )?;
        self.world = Some(world);
        Ok(())
    }

    pub(super) async fn start_hub(&mut self) -> Result<(), Cause> {
        self.stage("The hub starts", "mcp_settings.json")?;
        let folder = tempfile::tempdir()?;
        let place = Place::make(folder.path(), &self.world()?.mcp_url()).await?;
        for line in std::fs::read_to_string(&place.settings)?.lines() {
            self.screen.quote(line)?;
        }
        self.folder = Some(folder);
        let place = self.place.insert(place);
        let hub = Hub::start(&self.options.binary, place).await?;
        self.screen.right(&format!(
            "listening at {}, clients at {}/mcp",
            hub.base(),
            hub.base()
        ))?;
        self.hub = Some(hub);
        Ok(())
    }

    pub(super) async fn refused(&mut self) -> Result<(), Cause> {
        self.stage("The MCP server answers 401", "RFC 9110, RFC 6750")?;
        let server = self.hub()?.until_status("oauth_required", SOON).await?;
        self.show_journal(&["connect"]).await?;
        let asked = self.world()?.requests_at(Endpoint::Mcp);
        let refused = asked.iter().find(|seen| seen.status == Some(401));
        let refused = refused.ok_or_else(|| {
            Cause::Missing("the MCP server was never asked without a token".to_owned())
        })?;
        let line = format!(
            "the MCP server saw {} {} and answered 401",
            refused.method, refused.path
        );
        self.screen.right(&line)?;
        let reason = server["reason"]
            .as_str()
            .unwrap_or("a sign-in is needed")
            .to_owned();
        self.screen.right(&format!(
            "the hub goes on and shows it as \"oauth_required\": {reason}"
        ))?;
        Ok(())
    }

    /// A stage whose evidence is in the journal.
    pub(super) async fn journal_stage(
        &mut self,
        name: &'static str,
        rules: &str,
        stage: &str,
    ) -> Result<(), Cause> {
        self.stage(name, rules)?;
        let shown = self.show_journal(&[stage]).await?;
        Cause::unless(
            shown > 0,
            format!("the hub's journal has no entry of the stage {stage}"),
        )
    }

    pub(super) async fn link(&mut self) -> Result<String, Cause> {
        self.stage("The link", "OAuth 2.1, RFC 7636, RFC 8707")?;
        let told = self.hub()?.authorize().await?;
        let link = told["authorizationUrl"].as_str();
        let link = link
            .ok_or_else(|| Cause::Missing(format!("no authorizationUrl in {told}")))?
            .to_owned();
        self.show_journal(&["authorization_url"]).await?;
        let url = url::Url::parse(&link)
            .map_err(|error| Cause::Missing(format!("the link {link} is no address: {error}")))?;
        let mut place = url.clone();
        place.set_query(None);
        self.screen.fact("open", place.as_str())?;
        for (name, value) in url.query_pairs() {
            self.screen.fact(&name, &value)?;
        }
        Ok(link)
    }

    pub(super) async fn consent(&mut self, link: &str) -> Result<(), Cause> {
        self.stage("A person clicks Allow", "")?;
        if self.options.auto {
            let page = Browser::new()?.sign_in(link).await?;
            self.screen
                .right("Allow pressed on the practice login page")?;
            self.stage("Callback", "RFC 9207")?;
            Cause::unless(
                page.status == 200,
                format!(
                    "the callback page answered {}: {}",
                    page.status,
                    title(&page.body)
                ),
            )?;
            self.screen
                .right(&format!("the browser shows \"{}\"", title(&page.body)))?;
        } else {
            self.screen.ask(
                "open this page and press Allow (Ctrl-C ends the demo)",
                link,
            )?;
            if self.options.open_browser && webbrowser::open(link).is_err() {
                self.screen
                    .fact("browser", "did not open; please open the link yourself")?;
            }
            self.until_allowed().await?;
            self.screen.right("Allow pressed")?;
            self.stage("Callback", "RFC 9207")?;
        }
        self.hub()?.until_status("connected", SOON).await?;
        let shown = self.show_journal(&["callback", "token_exchange"]).await?;
        Cause::unless(shown > 0, "the hub's journal says nothing of the callback")
    }

    async fn until_allowed(&self) -> Result<(), Cause> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let world = self.world()?;
            // Looked at before the counts: an answered decision has its code counted by then.
            let answered = |seen: &Seen| seen.status.is_some();
            let decided = world.requests_at(Endpoint::Decision).iter().any(answered);
            let counts = world.counts();
            if counts.tokens_issued > 0 {
                return Ok(());
            }
            if decided && counts.codes_issued == 0 {
                return Err(Cause::Denied);
            }
            sleep(Duration::from_millis(200)).await;
        }
        let awaited = "somebody presses Allow".to_owned();
        Err(Cause::TooLate {
            awaited,
            instead: "still waiting".to_owned(),
            limit: PATIENCE,
        })
    }

    pub(super) fn token_stored(&mut self) -> Result<(), Cause> {
        self.stage("The token is stored", "mcp_settings.json")?;
        let settings = self.settings()?;
        let stored = stored::read(&settings)?;
        for (key, value) in &stored {
            self.screen.fact(key, value)?;
        }
        let has = |wanted: &str| stored.iter().any(|(key, _)| key == wanted);
        Cause::unless(
            has("accessToken") && has("refreshToken"),
            "accessToken or refreshToken is not in the settings file",
        )?;
        let mode = stored::mode(&settings)?;
        Cause::unless(
            cfg!(not(unix)) || mode == "0600",
            format!("the settings file has mode {mode}, not 0600"),
        )?;
        self.screen.right(&format!(
            "in the settings file, readable by its owner only ({mode})"
        ))?;
        Ok(())
    }

    pub(super) async fn reconnected(&mut self) -> Result<(), Cause> {
        self.stage("The hub reconnects by itself", "MCP 2025-11-25")?;
        let server = self.hub()?.until_status("connected", SOON).await?;
        self.show_journal(&["connect"]).await?;
        let tools = server["tools"].as_array().map(Vec::len).unwrap_or_default();
        Cause::unless(
            tools == 4,
            format!(
                "four tools were expected, the hub lists {}",
                server["tools"]
            ),
        )?;
        self.screen
            .right(&format!("{SERVER} is connected, {tools} tools"))?;
        Ok(())
    }
}

/// What a page calls itself.
fn title(html: &str) -> &str {
    html.split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"))
        .map_or("", |(title, _)| title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_quoted_by_its_title() {
        assert_eq!(
            title("<html><head><title>Signed in</title></head></html>"),
            "Signed in"
        );
        assert_eq!(title("nothing"), "");
    }
}
