//! The settings of `gomark serve`: what flags and environment say, checked as a whole.
//!
//! [`Settings`] holds texts, as they were given. [`Settings::check`] turns them into [`Checked`],
//! or answers everything that is wrong with them at once. No fault shows a secret, nor the value of
//! a setting that may hold one.

mod check;
mod checked;
mod duration;
mod fault;
mod key_source;
mod servers;
mod serving;
mod settings;
mod values;

pub use check::Surroundings;
pub use checked::{Checked, Database, KeyOrigin, Serving};
pub use duration::{parse as parse_duration, show as show_duration};
pub use fault::{Fault, Faults};
pub use servers::{Role, ServerUrl};
pub use settings::Settings;
