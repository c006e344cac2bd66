//! The commands. All but `serve`, `settings`, `doctor` and `lab` ask a running hub over its REST API.

pub(crate) mod add;
pub(crate) mod auth;
pub(crate) mod call;
pub(crate) mod doctor;
pub(crate) mod lab;
pub(crate) mod serve;
pub(crate) mod servers;
pub(crate) mod settings;

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
