//! Configurations.

use gomark_sdk::v1 as pb;
use prost::Message as _;

use crate::domain::{Config, Field};

impl From<&Config> for pb::Config {
    fn from(config: &Config) -> Self {
        Self {
            company_id: config.company_id.to_string(),
            revision: config.revision.get(),
            fields: config.fields.iter().map(|field| field_of(config, field)).collect(),
            cadences: config.cadences.iter().map(Into::into).collect(),
            groups: config.groups.iter().map(Into::into).collect(),
        }
    }
}

fn field_of(config: &Config, field: &Field) -> pb::Field {
    let from = config.migrating.iter().find(|(id, _)| *id == field.id);
    let migrating_from = from.map(|(_, name)| name.clone()).unwrap_or_default();
    pb::Field { migrating_from, ..pb::Field::from(field) }
}

/// Encodes a configuration as GetConfig answers it.
pub(crate) fn encode_config(config: &Config) -> Vec<u8> {
    pb::GetConfigResponse { config: Some(config.into()) }.encode_to_vec()
}
