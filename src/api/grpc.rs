//! The gRPC door: reads requests, calls the engine, writes answers. No rule of the house lives here
//! but how a request is spelled.

mod authenticate;
mod cadence_requests;
mod calls;
mod company_service;
mod config_service;
mod drift_requests;
mod drift_service;
mod encoded;
mod field_details;
mod group_requests;
mod health;
mod mask;
mod mutate;
mod paging;
mod requests;
mod server;
mod status;

use super::envelope;

pub use health::LIVENESS;
pub use server::{Listening, ServeError, Services};

/// `ConfigService` with GetConfig's answer as bytes: see `scripts/generate`.
#[allow(missing_docs, unreachable_pub, missing_debug_implementations, clippy::all)]
mod generated {
    include!("grpc/gen/gomark.v1.rs");
}

/// The descriptors of all services, for reflection and for tests that walk them.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The largest message that is taken, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
