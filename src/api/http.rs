//! The HTTP door: three calls for a line of curl, beside what gRPC offers in full.
//!
//! They are the same decisions: the same engine, the same rules, the same callers. No rule of the house
//! lives here but how a call is spelled. What goes wrong is told as a problem document (RFC 9457).
//! Beside them vendors tell of changes there. `docs/http-openapi.yaml` is the contract, which is served too.

mod attributes;
mod authenticate;
mod call;
mod calls;
mod document;
mod hooks;
mod problem;
mod router;
mod server;
#[cfg(test)]
mod tests;

pub use server::Listening;

/// The largest body that is taken, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;
