//! GoMark.

pub mod clock;
pub mod domain;
pub mod supervisor;
pub mod vendors;
pub mod wire;
