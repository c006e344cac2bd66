//! The real binary, driven from outside: started as a process on a settings file, spoken to over HTTP, in front of the practice world.
//! What needs a browser or npm packages is in `journey/` and `conformance/`.

mod hub;
#[cfg(target_os = "linux")]
mod memory;
mod page_examples;
mod page_flow;
mod rust_client;
