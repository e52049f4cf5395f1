//! GoMark.

pub mod clock;
pub mod domain;
pub mod sandbox;
pub mod supervisor;
pub mod vendors;
pub mod wire;

/// The commands of the program.
pub mod cli {
    pub mod sandbox;
}
