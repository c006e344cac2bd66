//! Callers for whom an issuer outside the hub vouched: the user of that account, for as long as the settings trust the issuer as they did.
//!
//! An audience that is an address of the hub opens what is there and below, as a token of the hub's own does (RFC 8707); any other name opens all of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use settings::{OutsideIssuer, Settings};
use url::Url;

use super::outside::{Refused, Vouched};
use super::{Caller, Denied, Rules, Shown};
use crate::issuer::resource::covers;

/// Who has which account, under the issuer of these settings.
#[derive(Debug)]
pub(super) struct Book {
    issuer: Arc<OutsideIssuer>,
    /// User by account; `None`: two have it.
    users: HashMap<String, Option<Arc<str>>>,
}

/// By what he was let in.
#[derive(Debug)]
pub(super) struct Mark {
    account: String,
    issuer: Arc<OutsideIssuer>,
    until: SystemTime,
}

impl Book {
    /// `None`: nobody outside is trusted.
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        let issuer = settings.forward_auth.issuer()?;
        let mut users = HashMap::new();
        for user in &settings.users {
            let Some(account) = user.sso_user_id.clone() else {
                continue;
            };
            let name: Arc<str> = user.username.as_str().into();
            let both = users.entry(account).and_modify(|known| *known = None);
            both.or_insert(Some(name));
        }
        Some(Self {
            issuer: Arc::clone(issuer),
            users,
        })
    }

    fn user(&self, account: &str) -> Result<&Arc<str>, Refused> {
        let user = self.users.get(account).ok_or(Refused::NoAccount)?;
        user.as_ref().ok_or(Refused::Twice)
    }
}

impl Caller {
    /// When a token of the outside issuer, or a login, ends that he came with.
    #[must_use]
    pub fn until(&self) -> Option<SystemTime> {
        match &self.shown {
            Shown::Vouched(mark) => Some(mark.until),
            Shown::Login(_, until) => Some(*until),
            Shown::Nothing
            | Shown::Operator
            | Shown::Key(_)
            | Shown::Issued(_)
            | Shown::EyesOf(..) => None,
        }
    }
}

impl Rules {
    /// Whether it is a key, or a token that the hub gave.
    #[must_use]
    pub fn knows(&self, presented: &str, now: SystemTime) -> bool {
        self.find(presented).is_some() || self.issued(presented, now).is_some()
    }

    /// The user, if his token opens this endpoint. `path` is below the hub's address.
    pub fn vouched(&self, vouched: &Vouched, path: &str) -> Result<Caller, Denied> {
        let book = self.outside.as_ref();
        // The settings may have changed since the token was checked.
        let book = book.filter(|book| book.issuer == vouched.issuer);
        let book = book.ok_or(Denied::Unknown)?;
        let user = book.user(&vouched.account)?;
        let opens = |audience: &String| opens(audience, path);
        if !vouched.audiences.iter().any(opens) {
            return Err(Denied::Elsewhere);
        }
        let client = vouched.client.as_deref().unwrap_or_default();
        let seen = self.user(user, vouched.until)?;
        Ok(Caller {
            identity: format!("{}\0client\0{client}", vouched.account).into(),
            shown: Shown::Vouched(Arc::new(Mark {
                account: vouched.account.clone(),
                issuer: Arc::clone(&book.issuer),
                until: vouched.until,
            })),
            ..seen
        })
    }

    /// The same user, if the issuer is trusted as it was.
    pub(super) fn vouched_again(&self, caller: &Caller, mark: &Mark) -> Option<Caller> {
        let book = self.outside.as_ref()?;
        let user = book.user(&mark.account).ok()?;
        let same = book.issuer == mark.issuer && caller.user() == Some(user);
        let seen = self.user(user, mark.until).ok().filter(|_| same)?;
        Some(Caller {
            identity: Arc::clone(&caller.identity),
            shown: caller.shown.clone(),
            ..seen
        })
    }
}

// rule: rfc8707-2 -- a token that was given for one endpoint of the hub opens no other.
fn opens(audience: &str, path: &str) -> bool {
    let address = Url::parse(audience).ok();
    let address = address.filter(|url| matches!(url.scheme(), "http" | "https"));
    let resource = address.as_ref().and_then(|url| endpoint(url.path()));
    match (resource, endpoint(path)) {
        (Some(resource), Some(path)) => covers(resource.trim_end_matches('/'), path),
        (Some(_), None) => false,
        (None, _) => true,
    }
}

/// From the first part that is a door of the hub: before it stand its prefix and the user.
fn endpoint(path: &str) -> Option<&str> {
    let starts = path.match_indices('/').map(|(at, _)| &path[at..]);
    let is_door = |rest: &&str| {
        let first = rest[1..].split('/').next();
        matches!(first, Some("mcp" | "sse" | "messages" | "api"))
    };
    starts.into_iter().find(is_door)
}
