//! Checks of the house itself, and the files that are generated from it.
//!
//! `tidy` reads the workspace the way a strict reviewer would and says what breaks a promise of `ARCHITECTURE.md`; `rules` pairs the marks
//! of implemented rules with their tests; `cases` lists the tests of each OAuth case, and `safety` what is tried of each case of abuse. It leaves out what rustc, clippy and rustfmt already say.

pub mod cases;
pub mod rules;
pub mod safety;
pub mod source;
pub mod tidy;

mod marked;
mod mask;
mod paths;
