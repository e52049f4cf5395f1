//! Between the domain and the generated messages, for the API and for what the database keeps.
//!
//! Out of the domain everything can be written ([`From`]). Into it there are two ways: what a caller
//! sent is checked rule by rule in the API, and what GoMark wrote itself is read back here
//! ([`TryFrom`]), where anything unexpected means that the bytes were damaged.

mod cadence;
mod company;
mod config;
mod drift;
mod entry;
mod field;
mod group;
mod hints;
mod job;

use gomark_sdk::v1 as pb;
use prost::Message;

use crate::domain::{Digest, Resource, ResourceKind, Timestamp};

pub(crate) use cadence::{cadence_status, channel, template_format, weekday};
pub(crate) use company::{company, vendor};
pub(crate) use config::encode_config;
pub(crate) use drift::{kind, mode};
pub(crate) use field::{field_type, property_type};
pub(crate) use hints::{data_sensitivity, number_display_hint, text_display_hint};
pub use job::{PlanView, PlannedCall};

/// Something that GoMark wrote cannot be read back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Unreadable {
    fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl From<prost::DecodeError> for Unreadable {
    fn from(error: prost::DecodeError) -> Self {
        Self(error.to_string())
    }
}

/// Encodes a resource for the database.
pub fn encode_resource(resource: &Resource) -> Vec<u8> {
    match resource {
        Resource::Field(field) => pb::Field::from(field).encode_to_vec(),
        Resource::Cadence(cadence) => pb::Cadence::from(cadence).encode_to_vec(),
        Resource::Group(group) => pb::Group::from(group).encode_to_vec(),
    }
}

/// Reads a resource that [`encode_resource`] wrote.
pub fn decode_resource(kind: ResourceKind, bytes: &[u8]) -> Result<Resource, Unreadable> {
    match kind {
        ResourceKind::Field => Ok(Resource::Field(pb::Field::decode(bytes)?.try_into()?)),
        ResourceKind::Cadence => Ok(Resource::Cadence(pb::Cadence::decode(bytes)?.try_into()?)),
        ResourceKind::Group => Ok(Resource::Group(pb::Group::decode(bytes)?.into())),
    }
}

/// Reads a digest.
pub fn digest(bytes: &[u8]) -> Result<Digest, Unreadable> {
    bytes.try_into().map_err(|_| Unreadable::new("a digest is not 32 bytes long"))
}

/// Writes a moment.
pub fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    let micros = at.as_micros();
    prost_types::Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or(0),
    }
}

/// Reads a moment.
pub fn moment(at: &prost_types::Timestamp) -> Timestamp {
    let micros = i64::from(at.nanos) / 1_000;
    Timestamp::from_micros(at.seconds.saturating_mul(1_000_000).saturating_add(micros))
}
