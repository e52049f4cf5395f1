//! What HubSpot itself puts into a new portal: a handful of its deal properties and their group.

use std::collections::BTreeMap;

use super::deals::Slot;
use super::groups::Group;
use super::options::PropertyOption;
use super::property::{DataSensitivity, FieldType, ModificationMetadata, Property, PropertyType};
use crate::domain::Timestamp;
use crate::sandbox::wire_time::WireTime;

const GROUP: &str = "dealinformation";

/// Returns the group every portal starts with.
pub(super) fn groups() -> BTreeMap<String, Group> {
    let group = Group {
        name: GROUP.to_owned(),
        label: "Deal information".to_owned(),
        display_order: 0,
        archived: false,
    };
    BTreeMap::from([(GROUP.to_owned(), group)])
}

/// Returns the properties every portal starts with; all of them are locked.
pub(super) fn properties(now: Timestamp) -> BTreeMap<String, Property> {
    use {FieldType as F, PropertyType as T};
    let mut owner = standard("hubspot_owner_id", "Deal owner", T::Enumeration, F::Select, now);
    owner.external_options = true;
    owner.referenced_object_type = Some("OWNER".to_owned());
    let mut pipeline = standard("pipeline", "Pipeline", T::Enumeration, F::Select, now);
    pipeline.options = options(&[("Sales Pipeline", "default")]);
    let mut stage = standard("dealstage", "Deal Stage", T::Enumeration, F::Radio, now);
    stage.options = options(&[
        ("Appointment Scheduled", "appointmentscheduled"),
        ("Contract Sent", "contractsent"),
        ("Closed Won", "closedwon"),
        ("Closed Lost", "closedlost"),
    ]);
    let mut created = standard("createdate", "Create Date", T::Datetime, F::Date, now);
    created.modification_metadata.read_only_value = true;
    let mut modified =
        standard("hs_lastmodifieddate", "Last Modified Date", T::Datetime, F::Date, now);
    modified.modification_metadata.read_only_value = true;
    let mut id = standard("hs_object_id", "Record ID", T::Number, F::Number, now);
    id.modification_metadata.read_only_value = true;
    [
        standard("dealname", "Deal Name", T::String, F::Text, now),
        standard("amount", "Amount", T::Number, F::Number, now),
        standard("closedate", "Close Date", T::Datetime, F::Date, now),
        standard("description", "Deal Description", T::String, F::Textarea, now),
        owner,
        pipeline,
        stage,
        created,
        modified,
        id,
    ]
    .into_iter()
    .zip(0..)
    .map(|(mut property, number)| {
        property.slot = Slot(number);
        (property.name.clone(), property)
    })
    .collect()
}

fn standard(
    name: &str,
    label: &str,
    kind: PropertyType,
    field_type: FieldType,
    now: Timestamp,
) -> Property {
    Property {
        slot: Slot::default(),
        formula_as_sent: None,
        generated_order: None,
        name: name.to_owned(),
        label: label.to_owned(),
        kind,
        field_type,
        group_name: GROUP.to_owned(),
        description: String::new(),
        options: Vec::new(),
        display_order: -1,
        calculated: false,
        external_options: false,
        has_unique_value: false,
        hidden: false,
        hubspot_defined: true,
        form_field: false,
        data_sensitivity: DataSensitivity::NonSensitive,
        modification_metadata: ModificationMetadata {
            archivable: false,
            read_only_definition: true,
            read_only_value: false,
            read_only_options: Some(true),
        },
        referenced_object_type: None,
        calculation_formula: None,
        currency_property_name: None,
        show_currency_symbol: None,
        number_display_hint: None,
        text_display_hint: None,
        created_user_id: None,
        updated_user_id: None,
        created_at: WireTime(now),
        updated_at: WireTime(now),
        archived_at: None,
    }
}

fn options(pairs: &[(&str, &str)]) -> Vec<PropertyOption> {
    pairs
        .iter()
        .zip(0..)
        .map(|((label, value), display_order)| PropertyOption {
            label: (*label).to_owned(),
            value: (*value).to_owned(),
            description: String::new(),
            display_order,
            hidden: false,
        })
        .collect()
}
