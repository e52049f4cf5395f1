//! The ways of reaching somebody, the states of a cadence and the forms of a text.

use std::fmt;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Sends an email.
    Email,
    /// Gives somebody a task.
    Task,
    /// Lets time pass.
    Wait,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Email, Self::Task, Self::Wait];

    /// Returns the name that the database and people see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Task => "task",
            Self::Wait => "wait",
        }
    }

    /// Reads the name that the database uses.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == text)
    }
}

/// Whether a cadence is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CadenceStatus {
    /// It is being written; it may lack steps.
    Draft,
    /// It is in force.
    Active,
    /// It rests.
    Paused,
}

impl CadenceStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Draft, Self::Active, Self::Paused];

    /// Returns the name that the database and people see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Paused => "paused",
        }
    }

    /// Reads the name that the database uses.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// The form of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateFormat {
    /// Plain text.
    Text,
    /// HTML.
    Html,
}

impl TemplateFormat {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Text, Self::Html];

    /// Returns the name that the database and people see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Html => "html",
        }
    }

    /// Reads the name that the database uses.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for CadenceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for TemplateFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
