//! References that the frame and the event stream are held to, shared by the tests and the fuzz targets.

pub(crate) mod frame;
mod json;
pub(crate) mod stream;
