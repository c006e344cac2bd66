//! The one plain HTTP client of the practice world, for its tiny browser and the walk: no redirects, no proxy.

use std::time::Duration;

/// A client that reports redirects and leaves them alone.
#[expect(
    clippy::disallowed_methods,
    reason = "the practice world knows none of the hub's crates, so this is its one client"
)]
pub(crate) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .build()
}
