//! `systemConfig.auth.forwardAuth`: an issuer outside the hub whose tokens (JWT) say who comes.
//!
//! The keys are MCPHub's, and so are the variables of the environment, which win over the file. What is not whole lets nobody in: half a rule about
//! whom to trust is no rule.

mod written;

use std::fmt;
use std::sync::Arc;

use url::Url;

use crate::problem::Problem;
use crate::reader::{Log, shown};

pub(crate) use written::Written;

/// Whether somebody outside vouches for users.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ForwardAuth {
    #[default]
    Off,
    /// Somebody wants it, and it cannot be used; what is wrong stands among the problems.
    Unusable,
    On(Arc<OutsideIssuer>),
}

/// The issuer, and what of its tokens counts.
#[derive(Clone, Debug, PartialEq)]
pub struct OutsideIssuer {
    /// As it stands in `iss`, to the letter.
    pub issuer: String,
    /// Where its public keys are.
    pub keys: Url,
    /// Whom its tokens are for, if they are for this hub; one is enough.
    pub audiences: Vec<String>,
    pub algorithms: Vec<SignatureAlgorithm>,
    pub username_claim: String,
    pub email_claim: String,
    /// Whoever comes for the first time becomes a user.
    pub auto_create: bool,
}

/// RFC 7518 3.1 and RFC 8037, those with a public key.
// rule: rfc8725-3.1 -- what needs no key, or one that both sides know, has no place here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl ForwardAuth {
    #[must_use]
    pub fn issuer(&self) -> Option<&Arc<OutsideIssuer>> {
        match self {
            Self::On(issuer) => Some(issuer),
            Self::Off | Self::Unusable => None,
        }
    }

    /// Whether somebody wants to know who comes.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        *self != Self::Off
    }
}

impl SignatureAlgorithm {
    const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// As it stands in a token.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What was written makes sense only as a whole.
// rule: mcphub-outside-issuer-whole -- an issuer without its address of keys, its name or its audiences lets nobody in.
pub(crate) fn judge(written: Written, log: &Log) -> ForwardAuth {
    if !written.wanted && !written.unreadable {
        return ForwardAuth::Off;
    }
    // All of them, so that a person hears of everything at once.
    let mode = mode(written.mode.as_deref(), log);
    let keys = keys(written.uri.as_deref(), log);
    let issuer = written
        .issuer
        .or_else(|| missing("issuer", "FORWARD_AUTH_ISSUER", log));
    let audiences = Some(written.audiences).filter(|audiences| !audiences.is_empty());
    let audiences = audiences.or_else(|| missing("audience", "FORWARD_AUTH_AUDIENCE", log));
    let algorithms = algorithms(written.algorithms.as_deref(), log);
    let whole = || {
        Some(OutsideIssuer {
            issuer: issuer?,
            keys: keys?,
            audiences: audiences?,
            algorithms: algorithms?,
            username_claim: written.username_claim,
            email_claim: written.email_claim,
            auto_create: written.auto_create,
        })
    };
    match (mode && !written.unreadable).then(whole).flatten() {
        Some(issuer) => ForwardAuth::On(Arc::new(issuer)),
        None => ForwardAuth::Unusable,
    }
}

fn report(key: &str, message: String, cure: String, log: &Log) {
    let path = ["systemConfig", "auth", "forwardAuth"].into_iter();
    let path: Vec<String> = path.chain(key.split('.')).map(str::to_owned).collect();
    log.add(Problem::broken(&path, message).cure(cure));
}

fn missing<T>(key: &str, variable: &str, log: &Log) -> Option<T> {
    let message = "is missing, so no token of another issuer lets anybody in".to_owned();
    let cure = format!("write it, or set `{variable}`");
    report(&format!("jwks.{key}"), message, cure, log);
    None
}

fn mode(written: Option<&str>, log: &Log) -> bool {
    let unknown = written.filter(|mode| *mode != "jwks");
    if let Some(mode) = unknown {
        let message = format!("`{}` is not known", shown(mode));
        report(
            "mode",
            message,
            "write `jwks`, or leave it out".to_owned(),
            log,
        );
    }
    unknown.is_none()
}

fn keys(written: Option<&str>, log: &Log) -> Option<Url> {
    let Some(written) = written else {
        return missing("uri", "FORWARD_AUTH_JWKS_URI", log);
    };
    let address = address_of_keys(written);
    if address.is_none() {
        let message = format!("`{}` is no https address", shown(written));
        let cure = "write one as `https://login.example.com/keys`; http is for this machine alone";
        report("jwks.uri", message, cure.to_owned(), log);
    }
    address
}

/// Whoever can change the answer on its way is whom the hub trusts: https, or this machine.
// rule: mcphub-outside-keys-address
fn address_of_keys(written: &str) -> Option<Url> {
    let url = Url::parse(written).ok()?;
    let here = match url.host()? {
        url::Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    };
    let safe = url.scheme() == "https" || (url.scheme() == "http" && here);
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (safe && bare).then_some(url)
}

/// One that is no signature spoils the list: whoever wrote it has something else in mind.
fn algorithms(written: Option<&[String]>, log: &Log) -> Option<Vec<SignatureAlgorithm>> {
    let Some(names) = written else {
        return Some(vec![SignatureAlgorithm::Rs256, SignatureAlgorithm::Es256]);
    };
    let unknown = names
        .iter()
        .find(|name| SignatureAlgorithm::of(name).is_none());
    let message = match unknown {
        Some(name) => format!("`{}` is no signature with a public key", shown(name)),
        None if names.is_empty() => "no signature is taken".to_owned(),
        None => {
            return names
                .iter()
                .map(|name| SignatureAlgorithm::of(name))
                .collect();
        }
    };
    let all = SignatureAlgorithm::ALL.map(SignatureAlgorithm::name);
    let cure = format!("take of {}", all.join(", "));
    report("jwks.algorithms", message, cure, log);
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{File, resolve};

    fn read(jwks: &str) -> ForwardAuth {
        let text = format!(
            r#"{{ "systemConfig": {{ "auth": {{ "forwardAuth": {{ "enabled": true, "jwks": {jwks} }} }} }} }}"#
        );
        resolve(&File::parse(&text).unwrap(), &|_| None).forward_auth
    }

    // rule: mcphub-outside-issuer-whole
    #[test]
    fn half_of_an_issuer_is_none() {
        let uri = r#""uri": "https://l.example.com/k""#;
        let all = format!(r#"{{ {uri}, "issuer": "i", "audience": "a" }}"#);
        assert!(read(&all).issuer().is_some());
        for part in [
            r#"{ "issuer": "i", "audience": "a" }"#.to_owned(),
            format!(r#"{{ {uri}, "audience": "a" }}"#),
            format!(r#"{{ {uri}, "issuer": "i" }}"#),
            format!(r#"{{ {uri}, "issuer": "i", "audience": [" ", ""] }}"#),
            "{}".to_owned(),
            "7".to_owned(),
        ] {
            assert_eq!(read(&part), ForwardAuth::Unusable, "{part}");
        }
    }

    // rule: mcphub-outside-keys-address
    #[test]
    fn keys_are_at_https_or_on_this_machine() {
        for (address, taken) in [
            ("https://l.example.com/k", true),
            ("https://10.0.0.1/k", true),
            ("http://localhost:8080/k", true),
            ("http://127.0.0.2/k", true),
            ("http://[::1]/k", true),
            ("http://l.example.com/k", false),
            ("http://localhost.example.com/k", false),
            ("http://10.0.0.1/k", false),
            ("https://u:p@l.example.com/k", false),
            ("file:///etc/keys", false),
            ("/keys", false),
        ] {
            assert_eq!(address_of_keys(address).is_some(), taken, "{address}");
        }
    }

    // rule: rfc8725-3.1
    #[test]
    fn only_signatures_with_a_public_key_can_be_named() {
        let log = Log::default();
        let taken = |name: &str| algorithms(Some(&[name.to_owned()]), &log).is_some();
        for name in ["RS256", "PS384", "ES256", "EdDSA"] {
            assert!(taken(name), "{name}");
        }
        for name in ["none", "HS256", "HS512", "rs256", "", "ES256K"] {
            assert!(!taken(name), "{name}");
        }
    }
}
