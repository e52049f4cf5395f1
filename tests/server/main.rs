//! The server as a server: what bad clients can do to it, how long calls and connections may last, how
//! many there may be, how it ends, and what load balancers hear of it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

mod ageing;
mod attacks;
mod deadlines;
mod health;
mod overload;
mod process;
mod proxy;
mod raw;
mod rolling;
#[path = "../support/schema.rs"]
mod schema;
mod slow_readers;
mod world;
