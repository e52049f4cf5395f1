//! What GoMark is about, as pure values and functions: no I/O, nothing of the other modules.

mod time;

pub use time::Timestamp;
