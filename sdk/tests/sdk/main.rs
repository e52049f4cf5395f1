//! The client against a server in the same process, which answers as it is told to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test ends with its server, and at the first thing that is not as it should be"
)]

mod calls;
mod connections;
mod errors;
mod fake;
mod jobs;
mod listings;
mod proxy;
mod revisions;
mod secrets;
mod setup;
mod tls;
mod watches;
