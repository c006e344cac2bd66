//! The binary: arguments, logging, signals, wiring.

fn main() {}
