//! The reference that edits of a settings file are held to, shared by the tests and the fuzz target.

pub(crate) mod edit;
