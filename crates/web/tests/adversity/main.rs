//! One bad client or server harms only itself: it is refused or cut off with a reason, what it costs is bounded, and the calls of others
//! are answered meanwhile. Clients and servers are made by hand, byte by byte, over loopback.
//!
//! What the process needs of memory is looked at from outside, in `e2e/tests/binary`.

mod big_answers;
mod bounds;
mod broken_answers;
mod guest;
mod house;
mod process;
mod server;
mod slow_clients;
mod slow_servers;
mod unread_bodies;
mod vanished_clients;
