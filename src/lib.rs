//! GoMark.

pub mod clock;
pub mod domain;
pub mod supervisor;
