//! The rules an OAuth client must keep, without any I/O.
//!
//! The journey is a chain of values; each can only be made by the one before it:
//! challenge -> discovery -> registration -> authorization -> exchange -> grant.
//! Time and chance are parameters; requests and answers are values (see [`step`]).

pub mod step;

pub use step::{Note, Procedure, Request, Response, Stage, Step, Unanswered};
