//! The doors through which callers come in.

pub mod grpc;
