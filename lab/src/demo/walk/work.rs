//! The stages with a connected server: calls through `/mcp`, a restart, and renewals.

use futures::future::try_join_all;
use serde_json::{Value, json};

use super::{SOON, Walk, nothing_yet};
use crate::demo::cause::Cause;
use crate::demo::hub::{Hub, SERVER};
use crate::demo::mcp_client::McpClient;
use crate::seen::Counts;
use crate::trouble::Endpoint;

/// Calls made at the same moment after an expiry.
const AT_ONCE: u64 = 50;

impl Walk {
    pub(super) async fn through_the_hub(&mut self) -> Result<(), Cause> {
        self.stage("A client works through /mcp", "tools/list, tools/call")?;
        let (client, hello) = McpClient::connect(self.hub()?).await?;
        self.screen.right(&format!(
            "initialize: {} {}",
            hello["serverInfo"]["name"], hello["protocolVersion"]
        ))?;
        let listed = client.ask(1, "tools/list", json!({})).await?;
        let names: Vec<_> = listed["tools"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|tool| tool["name"].as_str())
            .collect();
        self.screen
            .right(&format!("tools/list: {}", names.join(", ")))?;
        let sum = client
            .call(2, &tool("add"), json!({ "a": 20, "b": 22 }))
            .await?;
        Cause::unless(sum == "42", format!("20 + 22 gave {sum}"))?;
        self.screen
            .right(&format!("tools/call {}: 20 + 22 = {sum}", tool("add")))?;
        let who = client.call(3, &tool("whoami"), json!({})).await?;
        self.screen
            .right(&format!("tools/call {}: {who}", tool("whoami")))?;
        Ok(())
    }

    pub(super) async fn restart(&mut self) -> Result<(), Cause> {
        self.stage("The hub is stopped and started again", "no sign-in")?;
        let before = self.world()?.counts();
        self.end().await?;
        self.screen.right("stopped")?;
        self.shown.clear();
        let place = self.place.as_ref().ok_or_else(nothing_yet)?;
        self.hub = Some(Hub::start(&self.options.binary, place).await?);
        self.hub()?.until_status("connected", SOON).await?;
        self.screen.right("started, connected")?;
        self.whoami(4).await?;
        let after = self.world()?.counts();
        let same = |endpoint| after.of(endpoint) == before.of(endpoint);
        Cause::unless(same(Endpoint::Register), "the hub registered once more")?;
        Cause::unless(
            same(Endpoint::Authorize),
            "a browser visited the login server once more",
        )?;
        Cause::unless(
            same(Endpoint::Token),
            "the token endpoint was asked once more",
        )?;
        self.screen
            .right("the login server was not asked: same client, same grant, same token")?;
        Ok(())
    }

    pub(super) async fn renewal(&mut self) -> Result<(), Cause> {
        self.stage("The access token expires", "RFC 6749 6, rotation on")?;
        let before = self.world()?.counts();
        self.pass_over().await?;
        let (client, _) = McpClient::connect(self.hub()?).await?;
        self.world()?.expire_access_tokens();
        self.screen
            .right("the login server calls every access token expired")?;
        let name = tool("add");
        let calls = (0..AT_ONCE).map(|n| client.call(100 + n, &name, json!({ "a": n, "b": 1 })));
        let sums = try_join_all(calls).await?;
        let right = (0..AT_ONCE)
            .zip(&sums)
            .all(|(n, sum)| *sum == (n + 1).to_string());
        Cause::unless(right, format!("some answers were mixed up: {sums:?}"))?;
        self.screen.right(&format!(
            "{AT_ONCE} calls at the same moment: {} right answers",
            sums.len()
        ))?;
        self.whoami(5).await?;
        let shown = self.show_journal(&["refresh"]).await?;
        Cause::unless(shown > 0, "the hub's journal says nothing of a renewal")?;
        let after = self.world()?.counts();
        Cause::unless(
            after.of(Endpoint::Authorize) == before.of(Endpoint::Authorize),
            "a person had to sign in again",
        )?;
        self.one_renewal(&before, &after)
    }

    /// Evidence of the renewal from the login server.
    fn one_renewal(&mut self, before: &Counts, after: &Counts) -> Result<(), Cause> {
        let (asked_before, asked) = (before.of(Endpoint::Token), after.of(Endpoint::Token));
        let requests = format!("{asked_before} request before, {asked} after");
        self.screen.fact("token endpoint", &requests)?;
        self.screen.fact("renewals", &after.renewed.to_string())?;
        self.screen
            .fact("tokens reused", &after.reuse_detected.to_string())?;
        Cause::unless(
            asked == asked_before + 1 && after.renewed == before.renewed + 1,
            "one request at the token endpoint was expected",
        )?;
        Cause::unless(after.reuse_detected == 0, "a refresh token was used twice")?;
        let line = "one renewal served them all, and nobody was asked";
        Ok(self.screen.right(line)?)
    }

    async fn whoami(&mut self, id: u64) -> Result<(), Cause> {
        let (client, _) = McpClient::connect(self.hub()?).await?;
        let who = client.call(id, &tool("whoami"), json!({})).await?;
        let subject = serde_json::from_str::<Value>(&who)
            .map(|who| who["subject"].clone())
            .unwrap_or_default();
        Cause::unless(subject.is_string(), format!("whoami gave {who}"))?;
        self.screen.right(&format!(
            "the same call works: {} says {subject}",
            tool("whoami")
        ))?;
        Ok(())
    }
}

/// Name of a practice tool as clients of `/mcp` see it.
fn tool(name: &str) -> String {
    format!("{SERVER}-{name}")
}
