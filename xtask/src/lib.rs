//! Checks of the house itself, and the files that are generated from it.
//!
//! `tidy` reads the workspace the way a strict reviewer would and says what breaks a promise of `ARCHITECTURE.md`; `rules` pairs the marks
//! of implemented rules with their tests; `cases` lists the tests of each OAuth case. It leaves out what rustc, clippy and rustfmt already say.

pub mod cases;
pub mod rules;
pub mod source;
pub mod tidy;

mod mask;
mod paths;
