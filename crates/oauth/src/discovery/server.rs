//! The second half of discovery: the authorization server's metadata (RFC 8414 section 3).
//!
//! Which document speaks for whom is decided here; what stands in it is read in `endpoints`.

use std::collections::VecDeque;

use serde_json::{Map, Value};
use url::Url;

use super::endpoints::{self, Word};
use super::{Discovery, DiscoveryError, Document, Found, Journey};
use crate::address::{self, AddressError, Endpoint, Purpose};
use crate::metadata;
use crate::policy::Policy;
use crate::step::{Response, Step, Unanswered};

#[derive(Debug)]
pub(super) struct Search {
    issuer: Issuer,
    asked: Endpoint,
    left: VecDeque<Endpoint>,
    others: VecDeque<Issuer>,
    claim: Option<Claim>,
}

/// An issuer to ask: the text is what counts, the URL only says where to ask.
#[derive(Debug, Clone)]
pub(super) struct Issuer {
    pub(super) text: String,
    pub(super) url: Endpoint,
    pub(super) legacy: bool,
}

/// A document that names the issuer of the settings, but was published for another one. It waits while the named
/// issuer is asked itself.
#[derive(Debug)]
struct Claim {
    by: String,
    document: Map<String, Value>,
    openid: bool,
}

/// Whom a document speaks of.
enum Speaks {
    /// The issuer that was asked, in its own words.
    Own(String),
    /// The issuer that the settings accept, in the words of another one.
    Of(String),
}

impl Search {
    pub(super) fn start(
        mut journey: Journey,
        mut others: VecDeque<Issuer>,
    ) -> Result<Step<Discovery>, DiscoveryError> {
        match others.pop_front() {
            Some(issuer) => Self::open(journey, issuer, others, None),
            None => Err(journey
                .passed_over
                .take()
                .unwrap_or(DiscoveryError::NoServerMetadata {
                    issuer: String::new(),
                })),
        }
    }

    /// An issuer's places, or what was read there a short while ago.
    fn open(
        mut journey: Journey,
        issuer: Issuer,
        others: VecDeque<Issuer>,
        claim: Option<Claim>,
    ) -> Result<Step<Discovery>, DiscoveryError> {
        let left = places(&journey, &issuer)?;
        let remembered = journey.known.document(&issuer.text, &left);
        if let Some((asked, document)) = remembered {
            let text = format!(
                "the metadata of {} was read less than an hour ago",
                issuer.text
            );
            journey.note("mcp-auth-discovery-cache", text);
            let left = VecDeque::new();
            let search = Self {
                issuer,
                asked,
                left,
                others,
                claim,
            };
            return search.judge(journey, document);
        }
        Self::ask(journey, issuer, left, others, claim)
    }

    fn ask(
        mut journey: Journey,
        issuer: Issuer,
        mut left: VecDeque<Endpoint>,
        others: VecDeque<Issuer>,
        claim: Option<Claim>,
    ) -> Result<Step<Discovery>, DiscoveryError> {
        if let Some(asked) = left.pop_front() {
            let because = format!(
                "looking for the metadata of the authorization server {}",
                issuer.text
            );
            let search = Self {
                issuer,
                asked: asked.clone(),
                left,
                others,
                claim,
            };
            return Ok(journey.send(&asked, because, super::Search::Server(search)));
        }
        if let Some(claim) = claim {
            if let Some(error) = journey.not_yet_known() {
                return Err(error);
            }
            let word = Word {
                issuer: issuer.text,
                by: Some(claim.by),
                openid: claim.openid,
            };
            return finish(journey, &word, &claim.document, others);
        }
        if !others.is_empty() {
            return Self::start(journey, others);
        }
        if let Some(error) = journey.not_yet_known() {
            return Err(error);
        }
        if issuer.legacy {
            return endpoints::legacy(journey, &issuer).map(Step::Done);
        }
        Err(journey
            .passed_over
            .take()
            .unwrap_or(DiscoveryError::NoServerMetadata {
                issuer: issuer.text,
            }))
    }

    pub(super) fn receive(
        self,
        mut journey: Journey,
        answer: Result<Response, Unanswered>,
    ) -> Result<Step<Discovery>, DiscoveryError> {
        match super::read(&self.asked, answer)? {
            Found::Document(document) => self.judge(journey, document),
            Found::Miss => self.next(journey),
            Found::Unknown(why) => {
                journey.unknown.push((self.asked.to_string(), why));
                self.next(journey)
            }
        }
    }

    fn next(self, journey: Journey) -> Result<Step<Discovery>, DiscoveryError> {
        Self::ask(journey, self.issuer, self.left, self.others, self.claim)
    }

    fn judge(
        self,
        mut journey: Journey,
        document: Map<String, Value>,
    ) -> Result<Step<Discovery>, DiscoveryError> {
        // Only a document with the endpoints that the grant needs counts; an error text in JSON does not.
        if !endpoints::present(&journey.policy, &document) {
            return self.next(journey);
        }
        let openid = self.asked.as_str().contains("/openid-configuration");
        match whose(&mut journey, &self.issuer, &document) {
            Ok(Speaks::Own(issuer)) => {
                if let Some(claim) = &self.claim {
                    let text = format!(
                        "{issuer:?} publishes its own metadata; what {:?} says of it is left aside",
                        claim.by
                    );
                    journey.note("rfc8414-3.3", text);
                }
                journey.document = Some(Document {
                    issuer: self.issuer.text,
                    place: self.asked.to_string(),
                    members: document.clone(),
                });
                let word = Word {
                    issuer,
                    by: None,
                    openid,
                };
                finish(journey, &word, &document, self.others)
            }
            Ok(Speaks::Of(issuer)) => self.ask_itself(journey, issuer, document, openid),
            // Of several servers the one that the settings name counts.
            Err(why @ DiscoveryError::OtherIssuer { .. }) => pass_over(journey, why, self.others),
            Err(why) => Err(why),
        }
    }

    // Whoever is named by another one is asked itself first: only where it publishes nothing of its own does the
    // other's word count, because the settings say so.
    // rule: rfc8414-3.3, safe-d01
    fn ask_itself(
        self,
        mut journey: Journey,
        named: String,
        document: Map<String, Value>,
        openid: bool,
    ) -> Result<Step<Discovery>, DiscoveryError> {
        let claim = Claim {
            by: self.issuer.text,
            document,
            openid,
        };
        // What was not known at the other one's places does not matter any more.
        journey.unknown.clear();
        let Ok(url) = check_issuer(&journey.policy, &journey.mcp, &named) else {
            let word = Word {
                issuer: named,
                by: Some(claim.by),
                openid,
            };
            return finish(journey, &word, &claim.document, self.others);
        };
        let issuer = Issuer {
            text: named,
            url,
            legacy: false,
        };
        // Two spellings of one place: the document stands where the named issuer's own would.
        if places(&journey, &issuer)?.contains(&self.asked) {
            let word = Word {
                issuer: issuer.text,
                by: None,
                openid,
            };
            return finish(journey, &word, &claim.document, self.others);
        }
        Self::open(journey, issuer, self.others, Some(claim))
    }
}

/// The end of the search, unless the document is of no use and another server is left.
fn finish(
    mut journey: Journey,
    word: &Word,
    document: &Map<String, Value>,
    others: VecDeque<Issuer>,
) -> Result<Step<Discovery>, DiscoveryError> {
    let openid = word.openid;
    match endpoints::complete(&mut journey, word, document) {
        Ok(server) => {
            let scopes = metadata::texts(document, "scopes_supported");
            Ok(Step::Done(journey.finish(server, scopes, openid)))
        }
        Err(why) => pass_over(journey, why, others),
    }
}

// "The first with usable metadata": one that cannot be used is passed over while others are left.
// rule: rfc9728-2
fn pass_over(
    mut journey: Journey,
    why: DiscoveryError,
    others: VecDeque<Issuer>,
) -> Result<Step<Discovery>, DiscoveryError> {
    if others.is_empty() {
        return Err(journey.passed_over.take().unwrap_or(why));
    }
    let text = format!("an authorization server is passed over: {why}");
    journey.note("rfc9728-2", text);
    journey.passed_over.get_or_insert(why);
    Search::start(journey, others)
}

/// An issuer's text, checked for where it leads.
pub(super) fn check_issuer(
    policy: &Policy,
    mcp: &Url,
    text: &str,
) -> Result<Endpoint, AddressError> {
    let own =
        mcp.scheme() == "http" && Url::parse(text).is_ok_and(|url| url.origin() == mcp.origin());
    let url = Endpoint::check(Purpose::Issuer, text, policy.near(mcp), own)?;
    if url.url().query().is_some() {
        let address = address::shown(text);
        return Err(AddressError::NotAUrl {
            purpose: Purpose::Issuer,
            address,
        });
    }
    Ok(url)
}

/// The issuer that an older challenge means: some name its metadata's address instead.
pub(super) fn issuer_of(text: &str) -> String {
    for well_known in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    ] {
        if let Some((before, after)) = text.split_once(well_known) {
            return format!("{before}{after}");
        }
    }
    text.to_owned()
}

// Path insertion (RFC 8414), path insertion (OpenID), path appending (OpenID); without a path the first two
// are the root. The last place is no standard's, but seen at custom domains.
// rule: rfc8414-3.1, safe-d11
fn places(journey: &Journey, issuer: &Issuer) -> Result<VecDeque<Endpoint>, DiscoveryError> {
    let origin = address::origin(issuer.url.url());
    let path = issuer.url.url().path().trim_end_matches('/');
    let mut all = vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        all.push(format!("{origin}{path}/.well-known/openid-configuration"));
        all.push(format!(
            "{origin}{path}/.well-known/oauth-authorization-server"
        ));
    }
    let near = journey.policy.near(&journey.mcp);
    let plain = issuer.url.url().scheme() == "http";
    (all.iter())
        .map(|text| Ok(Endpoint::check(Purpose::Metadata, text, near, plain)?))
        .collect()
}

// The `issuer` in the document is identical to the issuer that the address was made from, as a string; if
// they differ, the document is not used.
// rule: rfc8414-3.3, at-34, safe-d01, safe-d02
fn whose(
    journey: &mut Journey,
    asked: &Issuer,
    document: &Map<String, Value>,
) -> Result<Speaks, DiscoveryError> {
    let accepted = journey.policy.issuer.clone();
    let found = match metadata::text(document, "issuer") {
        Some(found) => found.to_owned(),
        None if accepted.as_deref() == Some(&asked.text) => {
            journey.note(
                "rfc8414-3.3",
                "metadata without an issuer is accepted because oauth.issuer names it",
            );
            return Ok(Speaks::Own(asked.text.clone()));
        }
        None => {
            return Err(DiscoveryError::IssuerMissing {
                asked: asked.text.clone(),
            });
        }
    };
    match accepted {
        Some(accepted) if accepted == found && found == asked.text => Ok(Speaks::Own(found)),
        Some(accepted) if accepted == found => {
            let text = format!(
                "the issuer {found:?} is accepted for {:?} because oauth.issuer names it",
                asked.text
            );
            journey.note("rfc8414-3.3", text);
            Ok(Speaks::Of(found))
        }
        // Credentials of the settings belong to the issuer that the settings name.
        // rule: mcp-auth-server-binding
        Some(accepted) if found == asked.text => {
            let found = address::shown(&found);
            Err(DiscoveryError::OtherIssuer { accepted, found })
        }
        None if found == asked.text => Ok(Speaks::Own(found)),
        Some(_) | None => Err(DiscoveryError::IssuerMismatch {
            asked: asked.text.clone(),
            found: address::shown(&found),
        }),
    }
}
