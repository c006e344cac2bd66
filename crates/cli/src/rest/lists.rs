//! Groups, keys, programs that were let in and the export, as the REST API gives and takes them.

use reqwest::Method;
use serde_json::Value;

use super::Hub;
use crate::failure::Failure;

impl Hub {
    pub(crate) async fn groups(&self) -> Result<Value, Failure> {
        self.ask(Method::GET, self.url(&["groups"]), None).await
    }

    pub(crate) async fn add_group(&self, group: &Value) -> Result<Value, Failure> {
        self.ask(Method::POST, self.url(&["groups"]), Some(group))
            .await
    }

    pub(crate) async fn remove_group(&self, group: &str) -> Result<Value, Failure> {
        self.ask(Method::DELETE, self.url(&["groups", group]), None)
            .await
    }

    pub(crate) async fn add_to_group(&self, group: &str, server: &str) -> Result<Value, Failure> {
        let url = self.url(&["groups", group, "servers"]);
        let body = serde_json::json!({ "serverName": server });
        self.ask(Method::POST, url, Some(&body)).await
    }

    pub(crate) async fn remove_from_group(
        &self,
        group: &str,
        server: &str,
    ) -> Result<Value, Failure> {
        let url = self.url(&["groups", group, "servers", server]);
        self.ask(Method::DELETE, url, None).await
    }

    pub(crate) async fn keys(&self) -> Result<Value, Failure> {
        self.ask(Method::GET, self.url(&["auth", "keys"]), None)
            .await
    }

    pub(crate) async fn create_key(&self, key: &Value) -> Result<Value, Failure> {
        self.ask(Method::POST, self.url(&["auth", "keys"]), Some(key))
            .await
    }

    pub(crate) async fn delete_key(&self, id: &str) -> Result<Value, Failure> {
        self.ask(Method::DELETE, self.url(&["auth", "keys", id]), None)
            .await
    }

    pub(crate) async fn programs(&self) -> Result<Value, Failure> {
        let url = self.url(&["oauth", "clients"]);
        let mut told = self.ask(Method::GET, url, None).await?;
        // As MCPHub has it: here the list is not called `data`.
        Ok(told["clients"].take())
    }

    pub(crate) async fn remove_program(&self, id: &str) -> Result<Value, Failure> {
        self.ask(Method::DELETE, self.url(&["oauth", "clients", id]), None)
            .await
    }

    pub(crate) async fn export(&self, server: Option<&str>) -> Result<Value, Failure> {
        let mut url = self.url(&["mcp-settings", "export"]);
        if let Some(server) = server {
            url.query_pairs_mut().append_pair("serverName", server);
        }
        self.ask(Method::GET, url, None).await
    }
}
