//! All that listens: `/mcp`, `/sse`, `/api`, the callback and its pages.

mod access;
mod address;
mod api;
mod app;
mod callback;
mod connect;
mod crowd;
mod doors;
mod guard;
mod health;
mod landing;
mod listen;
mod loops;
mod mcp;
mod metrics;
mod options;
mod page;
mod patience;
mod problem;
mod router;
mod session;
mod sse;

use axum::Router;
use hub::Hub;

pub use listen::{OpenError, Web};
pub use loops::Loops;
pub use options::{DRAIN, WebOptions};
pub use patience::Patience;
pub use session::first::FirstAdminError;

/// All routes, without a socket.
pub fn router(hub: Hub, options: WebOptions) -> Router {
    let front = router::Front::new(app::App::new(hub, options));
    Router::new().fallback(async move |request| front.answer(request).await)
}
