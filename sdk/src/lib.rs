//! Client SDK of GoMark.

/// The generated types of `gomark.v1`: messages, and by feature the clients and the server traits.
#[allow(missing_docs, unreachable_pub, missing_debug_implementations, clippy::all)]
pub mod v1 {
    include!("gen/gomark.v1.rs");
}
