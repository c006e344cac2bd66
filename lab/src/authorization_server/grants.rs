//! Codes, access tokens and refresh tokens, in families: all that grew from one sign-in ends together.

use std::collections::HashMap;
use std::time::Duration;

use crate::chance;
use crate::choices::Rotation;

/// A code must be redeemed within this time.
const CODE_LIFE: Duration = Duration::from_secs(60);

/// What a person agreed to.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) client_id: String,
    pub(crate) subject: String,
    pub(crate) scopes: Vec<String>,
    /// `resource` as it was sent.
    pub(crate) resource: Option<String>,
    /// The MCP server that tokens are good for; `None` is good for none.
    pub(crate) audience: Option<String>,
}

/// A code before it is redeemed.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) terms: Terms,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
}

/// An access token that was found, with the terms it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) terms: Terms,
    pub(crate) live: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CodeRefusal {
    Unknown,
    Expired,
    /// Came a second time; true when a living family was ended for it.
    Reused {
        ended: bool,
    },
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RefreshRefusal {
    Unknown,
    Ended,
    /// Came again after it was spent; true when a living family was ended for it.
    Reused {
        ended: bool,
    },
}

pub(crate) type Family = usize;

#[derive(Debug, Default)]
pub(crate) struct Grants {
    codes: HashMap<String, StoredCode>,
    families: Vec<StoredFamily>,
    access: HashMap<String, StoredAccess>,
    refresh: HashMap<String, StoredRefresh>,
}

#[derive(Debug)]
struct StoredCode {
    code: Code,
    expires_at: Duration,
    used: bool,
    family: Option<Family>,
}

#[derive(Debug)]
struct StoredFamily {
    terms: Terms,
    ended: bool,
}

#[derive(Debug)]
struct StoredAccess {
    family: Family,
    scopes: Vec<String>,
    expires_at: Duration,
    revoked: bool,
}

#[derive(Debug)]
struct StoredRefresh {
    family: Family,
    successor: Option<String>,
}

impl Grants {
    pub(crate) fn issue_code(&mut self, code: Code, now: Duration) -> String {
        let name = chance::name("code");
        let stored = StoredCode {
            code,
            expires_at: now + CODE_LIFE,
            used: false,
            family: None,
        };
        self.codes.insert(name.clone(), stored);
        name
    }

    /// The client that a code was issued to, without using it up.
    pub(crate) fn owner_of_code(&self, name: &str) -> Option<&str> {
        self.codes
            .get(name)
            .map(|stored| stored.code.terms.client_id.as_str())
    }

    /// Uses a code up. A second use ends what the first one gave.
    pub(crate) fn redeem(&mut self, name: &str, now: Duration) -> Result<Code, CodeRefusal> {
        let stored = self.codes.get_mut(name).ok_or(CodeRefusal::Unknown)?;
        if std::mem::replace(&mut stored.used, true) {
            let family = stored.family;
            return Err(CodeRefusal::Reused {
                ended: family.is_some_and(|family| self.end(family)),
            });
        }
        if stored.expires_at <= now {
            return Err(CodeRefusal::Expired);
        }
        Ok(stored.code.clone())
    }

    /// Begins the family that a code gives.
    pub(crate) fn begin(&mut self, code_name: &str, terms: Terms) -> Family {
        self.families.push(StoredFamily {
            terms,
            ended: false,
        });
        let family = self.families.len() - 1;
        if let Some(stored) = self.codes.get_mut(code_name) {
            stored.family = Some(family);
        }
        family
    }

    pub(crate) fn terms(&self, family: Family) -> &Terms {
        &self.families[family].terms
    }

    pub(crate) fn add_access(
        &mut self,
        family: Family,
        name: String,
        scopes: Vec<String>,
        expires_at: Duration,
    ) {
        self.access.insert(
            name,
            StoredAccess {
                family,
                scopes,
                expires_at,
                revoked: false,
            },
        );
    }

    pub(crate) fn add_refresh(&mut self, family: Family) -> String {
        let name = chance::name("rt");
        self.refresh.insert(
            name.clone(),
            StoredRefresh {
                family,
                successor: None,
            },
        );
        name
    }

    /// The client that a refresh token was issued to, without using it up.
    pub(crate) fn owner_of_refresh(&self, name: &str) -> Option<&str> {
        let stored = self.refresh.get(name)?;
        Some(self.families[stored.family].terms.client_id.as_str())
    }

    /// What a refresh token may ask for, without using it up.
    pub(crate) fn scopes_of_refresh(&self, name: &str) -> Option<&[String]> {
        let stored = self.refresh.get(name)?;
        Some(&self.families[stored.family].terms.scopes)
    }

    /// Uses a refresh token: the family, and the new refresh token if there is one.
    pub(crate) fn renew(
        &mut self,
        name: &str,
        rotation: Rotation,
    ) -> Result<(Family, Option<String>), RefreshRefusal> {
        let stored = self.refresh.get(name).ok_or(RefreshRefusal::Unknown)?;
        let family = stored.family;
        if let Some(successor) = &stored.successor {
            let successor_unused = self
                .refresh
                .get(successor)
                .is_some_and(|next| next.successor.is_none());
            if rotation != Rotation::Lenient || !successor_unused {
                return Err(RefreshRefusal::Reused {
                    ended: self.end(family),
                });
            }
        }
        if self.families[family].ended {
            return Err(RefreshRefusal::Ended);
        }
        if rotation == Rotation::Off {
            return Ok((family, None));
        }
        let next = self.add_refresh(family);
        if let Some(stored) = self.refresh.get_mut(name) {
            stored.successor = Some(next.clone());
        }
        Ok((family, Some(next)))
    }

    pub(crate) fn find_access(&self, name: &str, now: Duration) -> Option<Access> {
        let stored = self.access.get(name)?;
        let family = &self.families[stored.family];
        Some(Access {
            terms: Terms {
                scopes: stored.scopes.clone(),
                ..family.terms.clone()
            },
            live: !stored.revoked && !family.ended && now < stored.expires_at,
        })
    }

    /// Takes back a token of this client: a refresh token with its family, an access token alone.
    pub(crate) fn revoke(&mut self, name: &str, client_id: &str) -> bool {
        if self.owner_of_refresh(name) == Some(client_id) {
            let family = self.refresh[name].family;
            return self.end(family);
        }
        let Some(stored) = self.access.get_mut(name) else {
            return false;
        };
        if self.families[stored.family].terms.client_id != client_id {
            return false;
        }
        !std::mem::replace(&mut stored.revoked, true)
    }

    pub(crate) fn expire_access_tokens(&mut self) {
        for stored in self.access.values_mut() {
            stored.expires_at = Duration::ZERO;
        }
    }

    pub(crate) fn end_all(&mut self) {
        for family in &mut self.families {
            family.ended = true;
        }
    }

    /// Ends a family; false when it had ended before.
    fn end(&mut self, family: Family) -> bool {
        !std::mem::replace(&mut self.families[family].ended, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> (Grants, Family, String) {
        let mut grants = Grants::default();
        let terms = Terms {
            client_id: "c".to_owned(),
            subject: "ada".to_owned(),
            scopes: Vec::new(),
            resource: None,
            audience: None,
        };
        let family = grants.begin("no such code", terms);
        let refresh = grants.add_refresh(family);
        (grants, family, refresh)
    }

    #[test]
    fn strict_rotation_ends_the_family_on_the_second_use() {
        let (mut grants, family, first) = begun();
        let (_, second) = grants.renew(&first, Rotation::Strict).unwrap();
        grants.add_access(family, "at".to_owned(), Vec::new(), Duration::MAX);
        assert!(grants.find_access("at", Duration::ZERO).unwrap().live);
        assert_eq!(
            grants.renew(&first, Rotation::Strict),
            Err(RefreshRefusal::Reused { ended: true })
        );
        assert_eq!(
            grants.renew(&second.unwrap(), Rotation::Strict),
            Err(RefreshRefusal::Ended)
        );
        assert!(!grants.find_access("at", Duration::ZERO).unwrap().live);
    }

    #[test]
    fn lenient_rotation_forgives_until_the_successor_is_used() {
        let (mut grants, _, first) = begun();
        let (_, second) = grants.renew(&first, Rotation::Lenient).unwrap();
        let (_, again) = grants.renew(&first, Rotation::Lenient).unwrap();
        assert_ne!(second, again);
        grants.renew(&again.unwrap(), Rotation::Lenient).unwrap();
        assert_eq!(
            grants.renew(&first, Rotation::Lenient),
            Err(RefreshRefusal::Reused { ended: true })
        );
    }

    #[test]
    fn without_rotation_the_refresh_token_stays() {
        let (mut grants, family, first) = begun();
        assert_eq!(grants.renew(&first, Rotation::Off), Ok((family, None)));
        assert_eq!(grants.renew(&first, Rotation::Off), Ok((family, None)));
    }

    #[test]
    fn a_stranger_cannot_revoke() {
        let (mut grants, _, first) = begun();
        assert!(!grants.revoke(&first, "someone else"));
        assert!(grants.revoke(&first, "c"));
        assert_eq!(
            grants.renew(&first, Rotation::Strict),
            Err(RefreshRefusal::Ended)
        );
    }
}
