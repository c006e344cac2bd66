//! `mcphub serve`: starts the hub and listens until a signal comes.

use crate::arguments::Serve;
use crate::environment::Environment;
use crate::failure::Failure;

pub(crate) async fn run(_serve: Serve, _environment: Environment) -> Result<(), Failure> {
    std::future::ready(Err(Failure::usage(
        "the hub cannot be started before it is wired",
    )))
    .await
}
