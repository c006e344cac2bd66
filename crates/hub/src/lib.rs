//! Upstreams, sign-ins, catalog, store, journal: all that connects out.

pub mod access;
pub mod sign_in;
pub mod upstream;
