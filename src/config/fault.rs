//! What is wrong with settings.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The setting: `--listen (GOMARK_LISTEN)`.
    pub setting: &'static str,
    /// What is wrong with it, and what would be right.
    pub text: String,
}

/// Everything that is wrong, in the order of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Returns them.
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }

    pub(super) fn add(&mut self, setting: &'static str, text: impl Into<String>) {
        self.0.push(Fault { setting, text: text.into() });
    }

    /// Notes a fault; returns what is right.
    pub(super) fn take<T>(&mut self, setting: &'static str, read: Result<T, String>) -> Option<T> {
        read.map_err(|text| self.add(setting, text)).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "one setting is wrong:")?,
            count => write!(f, "the settings have {count} faults:")?,
        }
        for fault in &self.0 {
            write!(f, "\n  {}: {}", fault.setting, fault.text)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
