//! The doors through which callers come in, and what they have in common.

mod answer;
mod envelope;
pub mod grpc;
pub mod http;
pub mod readiness;
