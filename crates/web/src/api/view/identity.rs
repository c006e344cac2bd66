//! In whose name calls reach a server, and who may sign in there: nobody should act as somebody else without knowing it.

use hub::Hub;
use hub::sign_in::Account;
use serde::Serialize;
use settings::{Grants, Server, Settings};
use utoipa::ToSchema;

use crate::access::Visitor;
use crate::api::oauth::speaks_for;

/// Whose sign-in calls to a server use.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServerIdentity)]
pub(super) struct Identity {
    tokens: Tokens,
    /// This visitor may begin, finish and end the sign-in that his calls use.
    may_sign_in: bool,
    /// Whose sign-in the calls of this visitor use, where each user has his own.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// Who has a sign-in of his own there; for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<Vec<SignedIn>>,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ServerTokens)]
enum Tokens {
    /// All who may use the server act as whoever signed in.
    Shared,
    /// Each user acts as himself.
    PerUser,
}

/// A user's own sign-in at a server.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignedInUser)]
struct SignedIn {
    username: String,
    /// How it stands, in the words for the sign-in of a server.
    status: &'static str,
}

impl Identity {
    // rule: at-37
    pub(super) fn of(hub: &Hub, server: &Server, visitor: &Visitor) -> Self {
        let settings = hub.store().current();
        let username = visitor.username.as_deref();
        match server.oauth.tokens {
            Grants::Shared => Self {
                tokens: Tokens::Shared,
                may_sign_in: speaks_for(visitor, server),
                username: None,
                people: None,
            },
            Grants::PerUser => Self {
                tokens: Tokens::PerUser,
                may_sign_in: Account::of(&server.name, username).fits(&settings),
                username: username.map(str::to_owned),
                people: visitor.is_admin.then(|| people(hub, &settings, server)),
            },
        }
    }
}

fn people(hub: &Hub, settings: &Settings, server: &Server) -> Vec<SignedIn> {
    let users = settings.users.iter();
    let signed_in = users.filter_map(|user| {
        let account = Account::of(&server.name, Some(&user.username));
        let view = hub.sign_ins().view(account);
        view.connected.then(|| SignedIn {
            username: user.username.clone(),
            status: view.state.word(),
        })
    });
    signed_in.collect()
}
