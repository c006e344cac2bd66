//! The files of `dashboard/dist`. A release binary carries them; a debug build reads them where they are, so that a new build of the
//! dashboard is seen without one of ours. Where there are none, the binary is built all the same.
//!
//! `make run` and `make demo` touch this file after a build of the dashboard: cargo does not see that a folder has new files.

use std::borrow::Cow;

#[cfg(not(debug_assertions))]
#[derive(rust_embed::RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../dashboard/dist"]
#[allow_missing = true]
struct Built;

#[cfg(not(debug_assertions))]
pub(super) fn read(path: &str) -> Option<Cow<'static, [u8]>> {
    Built::get(path).map(|file| file.data)
}

/// The caller lets no path through that leads out of the folder.
#[cfg(debug_assertions)]
pub(super) fn read(path: &str) -> Option<Cow<'static, [u8]>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dashboard/dist/");
    let file = std::fs::read(format!("{folder}{path}")).ok()?;
    Some(file.into())
}
