//! What a vendor can hold of a cadence.

use super::{BODY_BYTES_MAX, Channel, STEPS_MAX, TemplateFormat};

/// What a vendor can hold. The rules of GoMark itself apply beside them, whatever is said here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CadenceRules {
    /// What its steps may do.
    pub channels: &'static [Channel],
    /// The forms of a body that it takes.
    pub formats: &'static [TemplateFormat],
    /// The most steps of one cadence.
    pub steps_max: usize,
    /// The longest body, in bytes.
    pub body_bytes_max: usize,
    /// The unit that it counts delays in, in seconds; from 1 up.
    pub delay_unit_s: i64,
}

impl CadenceRules {
    /// The rules of a vendor that holds whatever GoMark does.
    pub const ANY: Self = Self {
        channels: &Channel::ALL,
        formats: &TemplateFormat::ALL,
        steps_max: STEPS_MAX,
        body_bytes_max: BODY_BYTES_MAX,
        delay_unit_s: 1,
    };
}
