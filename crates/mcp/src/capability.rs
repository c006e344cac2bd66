//! What a server offers and what a client can do, as far as the hub acts on it.
//!
//! MCP lifecycle, "Capability Negotiation". `/mcp/{server}` passes the server's own capabilities on; only endpoints that show
//! many servers have capabilities of the hub's making.

use crate::revision::Revision;
use crate::{raw, task};

/// What a server said in `initialize`, as far as the hub acts on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offers {
    pub tools: bool,
    pub prompts: bool,
    pub resources: bool,
    pub subscribe: bool,
    pub logging: bool,
    pub completions: bool,
    /// Tasks, in the way of revision 2025-11-25 or by the extension.
    pub tasks: bool,
    /// Whether it says when these lists change.
    pub changes: Changes,
}

/// Lists whose changes a server tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    pub tools: bool,
    pub prompts: bool,
    pub resources: bool,
}

impl Offers {
    /// Reads the `capabilities` object. One that cannot be read offers nothing.
    pub fn read(capabilities: &str) -> Self {
        let keys = [
            "tools",
            "prompts",
            "resources",
            "logging",
            "completions",
            "tasks",
        ];
        let found = raw::fields(capabilities, keys).unwrap_or_default();
        let [tools, prompts, resources, logging, completions, tasks] =
            found.map(|value| value.filter(|v| raw::is_object(v)));
        let subscribe = resources.and_then(|r| raw::field(r, "subscribe").ok().flatten());
        let changes = |offer: Option<&str>| {
            offer.and_then(|o| raw::field(o, "listChanged").ok().flatten()) == Some("true")
        };
        Self {
            changes: Changes {
                tools: changes(tools),
                prompts: changes(prompts),
                resources: changes(resources),
            },
            tools: tools.is_some(),
            prompts: prompts.is_some(),
            resources: resources.is_some(),
            subscribe: subscribe == Some("true"),
            logging: logging.is_some(),
            completions: completions.is_some(),
            tasks: tasks.is_some() || task::is_declared(capabilities),
        }
    }
}

/// What a client said it can do, as far as the hub asks it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Abilities {
    pub sampling: bool,
    /// Asked with a form.
    pub elicitation: bool,
    /// Shown a link.
    pub elicitation_url: bool,
    pub roots: bool,
}

impl Abilities {
    /// Reads the `capabilities` object of a client. One that cannot be read can do nothing.
    pub fn read(capabilities: &str) -> Self {
        let keys = ["sampling", "elicitation", "roots"];
        let found = raw::fields(capabilities, keys).unwrap_or_default();
        let [sampling, elicitation, roots] = found.map(|v| v.filter(|v| raw::is_object(v)));
        let mode = |name: &str| elicitation.and_then(|e| raw::field(e, name).ok().flatten());
        let (form, url) = (mode("form"), mode("url"));
        Self {
            sampling: sampling.is_some(),
            // rule: mcp-elicit-form -- an empty capability means form mode, as one from before there were modes.
            elicitation: form.is_some() || elicitation.is_some() && url.is_none(),
            elicitation_url: url.is_some(),
            roots: roots.is_some(),
        }
    }
}

/// The capabilities of an endpoint that shows many servers. Servers come and go while a client is connected, so all that
/// the hub can route is offered, and lists say when they change. Which tool may run as a task its own entry says, or its server.
pub fn merged(revision: Revision) -> String {
    let tasks = match revision {
        Revision::V2026_07_28 => {
            format!("\"extensions\":{{{}:{{}}}},", raw::quote(task::EXTENSION))
        }
        Revision::V2025_11_25 => TASKS.to_owned(),
        Revision::V2024_11_05 | Revision::V2025_03_26 | Revision::V2025_06_18 => String::new(),
    };
    MERGED.replacen('{', &format!("{{{tasks}"), 1)
}

const MERGED: &str = r#"{"completions":{},"logging":{},"prompts":{"listChanged":true},"resources":{"listChanged":true,"subscribe":true},"tools":{"listChanged":true}}"#;
/// Without a list: the pages of several servers have no cursor in common.
const TASKS: &str = r#""tasks":{"cancel":{},"requests":{"tools":{"call":{}}}},"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_declared_as_an_object_is_offered() {
        let offers = Offers::read(r#"{"tools":{},"resources":{"subscribe":true},"logging":null}"#);
        assert!(offers.tools && offers.resources && offers.subscribe);
        assert!(!offers.prompts && !offers.logging && !offers.completions);
        assert_eq!(Offers::read("[]"), Offers::default());
    }

    #[test]
    fn elicitation_by_url_is_its_own_ability() {
        let form = Abilities::read(r#"{"elicitation":{},"roots":{"listChanged":true}}"#);
        assert!(form.elicitation && form.roots && !form.elicitation_url && !form.sampling);
        let url = Abilities::read(r#"{"elicitation":{"url":{}}}"#);
        assert!(url.elicitation_url && !url.elicitation);
        let both = Abilities::read(r#"{"elicitation":{"form":{},"url":{}}}"#);
        assert!(both.elicitation_url && both.elicitation);
    }

    #[test]
    fn a_merged_endpoint_offers_what_the_hub_routes() {
        for revision in Revision::ALL {
            let merged = merged(revision);
            let offers = Offers::read(&merged);
            assert!(
                offers.tools
                    && offers.prompts
                    && offers.subscribe
                    && offers.logging
                    && offers.completions
            );
            assert_eq!(offers.tasks, revision >= Revision::V2025_11_25, "{merged}");
        }
    }
}
