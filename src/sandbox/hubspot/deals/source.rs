//! Where a value came from, as histories tell it.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::domain::Timestamp;

/// Somebody who works in HubSpot's own screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) email: Option<String>,
}

/// What wrote a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// It was there from the beginning.
    Import,
    /// A call of the API.
    Integration,
    /// Somebody in HubSpot's own screen.
    Screen(Arc<User>),
}

/// Who writes, and when.
#[derive(Clone, Debug)]
pub(crate) struct Hand {
    pub(crate) source: Source,
    pub(crate) now: Timestamp,
}

impl Hand {
    /// A call of the API.
    pub(crate) fn of_api(now: Timestamp) -> Self {
        Self { source: Source::Integration, now }
    }
}

impl Source {
    /// Writes the source into an entry of a history.
    pub(super) fn write(&self, entry: &mut Map<String, Value>) {
        let (kind, id, label) = match self {
            Self::Import => ("IMPORT", "1".to_owned(), Some("Import")),
            Self::Integration => ("INTEGRATION", "1".to_owned(), Some("An application")),
            Self::Screen(user) => ("CRM_UI", format!("userId:{}", user.id), user.email.as_deref()),
        };
        entry.insert("sourceType".into(), json!(kind));
        entry.insert("sourceId".into(), json!(id));
        if let Some(label) = label {
            entry.insert("sourceLabel".into(), json!(label));
        }
        if let Self::Screen(user) = self {
            let number = user.id.parse::<u64>().map_or(json!(user.id), |number| json!(number));
            entry.insert("updatedByUserId".into(), number);
        }
    }
}
