//! The commands. All but `serve`, `settings`, `doctor`, `explain`, `completion` and `lab` ask a running hub over its REST API.

pub(crate) mod add;
pub(crate) mod auth;
pub(crate) mod call;
pub(crate) mod connect;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod groups;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod lab;
pub(crate) mod programs;
pub(crate) mod serve;
pub(crate) mod servers;
pub(crate) mod settings;
pub(crate) mod tools;

mod all_sign_ins;
mod by_hand;
mod consent;
mod journey;

use crate::environment::Environment;
use crate::output::Output;
use crate::rest::Hub;

/// What every command that asks a hub works with.
pub(crate) struct Desk {
    pub(crate) hub: Hub,
    pub(crate) output: Output,
    pub(crate) environment: Environment,
}
