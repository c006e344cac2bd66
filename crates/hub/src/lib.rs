//! Upstreams, sign-ins, catalog, store, journal: all that connects out.

pub mod access;
pub mod catalog;
pub mod chance;
pub mod clock;
pub mod fetch;
pub mod journal;
pub mod route;
pub mod session;
pub mod sign_in;
pub mod store;
pub mod upstream;
