//! What a sign-in is held to, shared by the tests and the fuzz target.

pub(crate) mod chain;
