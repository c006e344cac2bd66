//! The rules an OAuth client must keep, without any I/O.
//!
//! The journey is a chain of values; each can only be made by the one before it:
//!
//! | from | by | to |
//! |---|---|---|
//! | [`Challenge`], or nothing | [`Discovery`] | [`Discovered`] |
//! | [`Discovered`] and what is held | [`Registration`] | [`Client`] |
//! | both, and random octets | [`authorization::begin`] | an address and a [`authorization::Pending`] |
//! | [`authorization::Pending`] and a query | `accept` | [`authorization::Code`] |
//! | [`authorization::Code`] | [`Exchange`] | [`Grant`] |
//! | [`Discovered`] and [`Client`] | [`DeviceAuthorization`] | a code to type, [`Device`] |
//! | [`Device`] | [`device::Poll`], again and again | [`Grant`] |
//! | [`Grant`] and the time | [`Grant::next`], [`Refresh`] | use it, a new one, or a person |
//!
//! Time and chance are parameters; requests and answers are values (see [`step`]).

pub mod address;
pub mod assertion;
pub mod authorization;
pub mod challenge;
pub mod client;
pub mod device;
pub mod discovery;
pub mod dpop;
pub mod exchange;
pub mod grant;
mod metadata;
pub mod mint;
mod pkce;
pub mod place;
#[cfg(test)]
mod play;
pub mod policy;
pub mod profile;
pub mod refresh;
pub mod registration;
pub mod revocation;
pub mod scope;
pub mod shown;
pub mod step;
mod token;
pub mod token_exchange;
mod wire;

pub use challenge::Challenge;
pub use client::{AuthMethod, Client};
pub use device::{Device, DeviceAuthorization};
pub use discovery::{Discovered, Discovery, DiscoveryError};
pub use exchange::{Exchange, ExchangeError};
pub use grant::Grant;
pub use mint::Mint;
pub use policy::Policy;
pub use refresh::Refresh;
pub use registration::{Registration, RegistrationError};
pub use revocation::Revocation;
pub use step::{Note, Procedure, Request, Response, Stage, Step, Unanswered};
pub use token_exchange::TokenExchange;
