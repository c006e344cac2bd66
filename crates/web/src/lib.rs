//! All that listens: `/mcp`, `/sse`, `/api`, the callback and its pages.

mod access;
mod address;
mod api;
mod app;
mod audit;
mod callback;
mod connect;
mod crowd;
mod dashboard;
mod doors;
mod ending;
mod errors;
mod guard;
mod health;
mod issuer;
mod landing;
mod listen;
mod log_book;
mod loops;
mod mcp;
mod metrics;
mod openapi;
mod options;
mod page;
mod patience;
mod problem;
mod public_config;
mod router;
mod session;
mod sse;

use axum::Router;
use hub::Hub;

pub use dashboard::Dashboard;
pub use listen::{OpenError, Web};
pub use log_book::{Level, Line, LogBook};
pub use loops::Loops;
pub use options::{DRAIN, WebOptions};
pub use patience::Patience;
pub use session::first::FirstAdminError;

/// The description of `/api`, as it is served at `/openapi.json`.
#[must_use]
pub fn description() -> &'static str {
    openapi::text()
}

/// All routes, without a socket.
pub fn router(hub: Hub, options: WebOptions) -> Router {
    let front = router::Front::new(app::App::new(hub, options));
    Router::new().fallback(async move |request| front.answer(request).await)
}
