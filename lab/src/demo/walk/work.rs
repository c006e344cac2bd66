//! The stages with a connected server: calls through `/mcp`, a restart, and renewals.

use futures::future::try_join_all;
use serde_json::{Value, json};

use super::{SOON, Walk, nothing_yet};
use crate::demo::cause::Cause;
use crate::demo::hub::{Hub, SERVER};
use crate::demo::mcp_client::McpClient;
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
        self.world()?.expire_access_tokens();
        self.screen
            .right("the login server calls every access token expired")?;
        self.whoami(5).await?;
        self.show_journal(&["refresh", "token_exchange", "connect"])
            .await?;
        let after = self.world()?.counts();
        let renewed = after.renewed - before.renewed;
        Cause::unless(
            renewed == 1,
            format!("one renewal was expected, the login server counts {renewed}"),
        )?;
        Cause::unless(
            after.of(Endpoint::Authorize) == before.of(Endpoint::Authorize),
            "a person had to sign in again",
        )?;
        self.token_counts(before.of(Endpoint::Token))
    }

    pub(super) async fn renewal_under_load(&mut self) -> Result<(), Cause> {
        self.stage(
            "It expires again, under load",
            "reuse of a refresh token ends the grant",
        )?;
        let before = self.world()?.counts();
        let (client, _) = McpClient::connect(self.hub()?).await?;
        self.world()?.expire_access_tokens();
        let name = tool("add");
        let calls = (0..AT_ONCE).map(|n| client.call(100 + n, &name, json!({ "a": n, "b": 1 })));
        let sums = try_join_all(calls).await?;
        let right = (0..AT_ONCE)
            .zip(&sums)
            .all(|(n, sum)| *sum == (n + 1).to_string());
        Cause::unless(right, format!("some answers were mixed up: {sums:?}"))?;
        self.screen.right(&format!(
            "{AT_ONCE} calls at the same moment, {} right answers",
            sums.len()
        ))?;
        let renewed = self.world()?.counts().renewed - before.renewed;
        Cause::unless(
            renewed == 1,
            format!("one renewal was expected, the login server counts {renewed}"),
        )?;
        self.token_counts(before.of(Endpoint::Token))
    }

    /// Evidence of a renewal from the login server.
    fn token_counts(&mut self, before: u64) -> Result<(), Cause> {
        let counts = self.world()?.counts();
        let requests = counts.of(Endpoint::Token);
        self.screen.fact(
            "token endpoint",
            &format!("{before} requests before, {requests} after"),
        )?;
        Cause::unless(
            requests == before + 1,
            "one request at the token endpoint was expected",
        )?;
        Cause::unless(counts.reuse_detected == 0, "a refresh token was used twice")?;
        let line = format!(
            "renewed {} times so far, no refresh token used twice, no grant revoked",
            counts.renewed
        );
        self.screen.right(&line)?;
        Ok(())
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
