//! The answers of the REST API as far as commands look into them; what they hand on, they hand on as it came.

use hub::explained::named;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;

/// The error code of an answer that says that a person must sign in first.
pub(crate) const SIGN_IN_NEEDED: &str = "sign_in_needed";

/// States in which nothing goes on before a person has acted.
const WAITS_FOR_A_PERSON: [&str; 5] = [
    "oauth_required",
    "needs_client",
    "client_rejected",
    "registration_refused",
    "rejected_by_resource",
];

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) error: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) transport: Option<String>,
    #[serde(rename = "protocolVersion")]
    pub(crate) protocol_version: Option<String>,
    #[serde(default)]
    pub(crate) tools: Vec<Tool>,
    #[serde(default)]
    pub(crate) config: Value,
    /// What is wrong with its entry in the settings file.
    #[serde(default)]
    pub(crate) problems: Vec<String>,
    #[serde(default)]
    pub(crate) oauth: Option<OAuth>,
    /// In whose name calls reach it; a hub of another version may not tell.
    #[serde(default)]
    pub(crate) identity: Identity,
    /// The five lines, where something is wrong.
    pub(crate) explained: Option<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    /// `shared` or `per_user`.
    pub(crate) tokens: Option<String>,
    /// Whoever asks may begin the sign-in that his own calls use.
    pub(crate) may_sign_in: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Tool {
    pub(crate) name: String,
    #[serde(default, rename = "inputSchema")]
    pub(crate) input_schema: Value,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OAuth {
    pub(crate) authorization_url: Option<String>,
    /// What a person types at `verification_uri`, where that is the way.
    pub(crate) user_code: Option<String>,
    pub(crate) verification_uri: Option<String>,
    pub(crate) link_expires_at: Option<String>,
    #[serde(default)]
    pub(crate) connected: bool,
    pub(crate) expires_at: Option<Value>,
    pub(crate) redirect_uri: Option<String>,
    /// Where a client is made by hand, at a login server that is known.
    pub(crate) console_url: Option<String>,
    pub(crate) issuer: Option<String>,
    /// Who would sign somebody in, where no sign-in is needed.
    pub(crate) offered_by: Option<String>,
}

impl Server {
    pub(crate) fn read(told: Value) -> Result<Self, Failure> {
        read(told)
    }

    pub(crate) fn read_all(told: &Value) -> Result<Vec<Self>, Failure> {
        read(told.clone())
    }

    pub(crate) fn waits_for_a_person(&self) -> bool {
        WAITS_FOR_A_PERSON.contains(&self.status.as_str())
    }

    /// No sign-in can begin before there is a client, and the login server gives the hub none.
    pub(crate) fn wants_a_client(&self) -> bool {
        matches!(
            self.status.as_str(),
            "needs_client" | "registration_refused"
        )
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.status.as_str(), "connected" | "refresh_failing")
    }

    /// Neither connected nor broken nor a person's turn: something is going on. Between a finished sign-in and the new
    /// connection the state is still the old one, while the token is there and no link waits for anybody.
    pub(crate) fn is_under_way(&self) -> bool {
        let signed_in = |oauth: &OAuth| oauth.connected && oauth.authorization_url.is_none();
        let just_signed_in =
            self.status == "oauth_required" && self.oauth.as_ref().is_some_and(signed_in);
        self.status == "connecting" || just_signed_in
    }

    /// Why it is in its state, in the hub's words.
    pub(crate) fn why(&self) -> Option<&str> {
        let said = |text: &'_ Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        if said(&self.reason) {
            self.reason.as_deref()
        } else {
            self.error.as_deref().filter(|error| !error.is_empty())
        }
    }

    /// Each user signs in for himself, and whoever asks is none of them.
    fn is_of_others(&self) -> bool {
        let per_user = self.identity.tokens.as_deref() == Some("per_user");
        per_user && self.identity.may_sign_in == Some(false)
    }

    /// What helps, in words or as a command. `hub`: its address, without a slash at its end.
    pub(crate) fn cure(&self, hub: &str) -> Option<String> {
        match (self.status.as_str(), self.action.as_deref()) {
            // A command is refused there: it comes as the operator, who acts in nobody's name.
            ("oauth_required", _) if self.is_of_others() => Some(format!(
                "as that user at {hub}/connect, or logged in on the dashboard"
            )),
            ("oauth_required", _) => Some(named("mcphub auth login <server>", &self.name)),
            (_, Some(action)) if !action.is_empty() => Some(action.to_owned()),
            (_, Some(_) | None) => None,
        }
    }

    /// The state in words.
    pub(crate) fn words(&self) -> &str {
        match self.status.as_str() {
            "oauth_required" => "sign-in needed",
            "needs_client" => "needs a client id",
            "client_rejected" => "client rejected",
            "registration_refused" => "registration refused",
            "refresh_failing" => "connected, renewal failing",
            "rejected_by_resource" => "token rejected",
            other => other,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Authorization {
    pub(crate) authorization_url: String,
    /// The hub's own page in front of it, short enough to be typed.
    pub(crate) short_url: Option<String>,
    pub(crate) expires_at: Option<String>,
    pub(crate) user_code: Option<String>,
    pub(crate) verification_uri: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Completed {
    /// The login server wants to be asked differently: the person opens this one now.
    pub(crate) authorization_url: Option<String>,
}

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    pub(crate) time: String,
    pub(crate) stage: String,
    pub(crate) request: Option<Request>,
    pub(crate) status: Option<u16>,
    pub(crate) duration_ms: Option<u64>,
    pub(crate) decision: String,
    pub(crate) why: Option<String>,
    pub(crate) rule: Option<String>,
    pub(crate) error_code: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) path: String,
}

pub(crate) fn read<T: DeserializeOwned>(told: Value) -> Result<T, Failure> {
    serde_json::from_value(told).map_err(|error| {
        Failure::api(format!("the hub's answer is not understood: {error}"))
            .cure("`mcphub --version` here and on the hub should say the same")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HUB: &str = "http://localhost:3000";

    fn waits(identity: &Value) -> Server {
        let mut told =
            json!({ "name": "up", "status": "oauth_required", "action": "log in as a user" });
        if !identity.is_null() {
            told["identity"] = identity.clone();
        }
        Server::read(told).unwrap()
    }

    #[test]
    fn a_sign_in_that_is_each_users_own_is_not_offered_to_who_is_none_of_them() {
        let of_others = waits(&json!({ "tokens": "per_user", "maySignIn": false }));
        let cure = of_others.cure(HUB).unwrap();
        assert!(
            cure.contains("http://localhost:3000/connect") && !cure.contains("auth login"),
            "{cure}"
        );
        for identity in [
            json!({ "tokens": "per_user", "maySignIn": true, "username": "ada" }),
            json!({ "tokens": "shared", "maySignIn": true }),
            Value::Null,
        ] {
            let cure = waits(&identity).cure(HUB).unwrap();
            assert_eq!(cure, "mcphub auth login up", "{identity}");
        }
    }
}
