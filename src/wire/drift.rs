//! Changes of others: the inbox, policies, scans.

use gomark_sdk::v1 as pb;
use prost_types::value::Kind;
use serde_json::Value;

use super::timestamp;
use crate::domain::drift::{DriftChange, DriftItem, DriftState, Mode};
use crate::domain::{ResourceKind, Timestamp};
use crate::store::ScanView;

impl From<&DriftItem> for pb::DriftItem {
    fn from(item: &DriftItem) -> Self {
        let at = |micros: i64| timestamp(Timestamp::from_micros(micros));
        Self {
            item_id: item.id,
            seq: item.seq,
            kind: kind(item.kind) as i32,
            resource_id: item.resource_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            name: item.name.clone(),
            attribute: item.attribute.clone().unwrap_or_default(),
            change: match item.change {
                DriftChange::Changed => pb::DriftChange::Changed,
                DriftChange::Removed => pb::DriftChange::Removed,
                DriftChange::Recreated => pb::DriftChange::Recreated,
                DriftChange::Created => pb::DriftChange::Created,
            } as i32,
            from: item.from.as_ref().map(value),
            to: item.to.as_ref().map(value),
            after: item.after_micros.map(at),
            found_at: Some(at(item.found_micros)),
            seen_at: Some(at(item.seen_micros)),
            by: item.by.clone().unwrap_or_default(),
            mode: mode(item.mode) as i32,
            state: match item.state {
                DriftState::Open => pb::DriftState::Open,
                DriftState::Reverting => pb::DriftState::Reverting,
                DriftState::Reverted => pb::DriftState::Reverted,
                DriftState::Adopted => pb::DriftState::Adopted,
                DriftState::Ignored => pb::DriftState::Ignored,
                DriftState::Cleared => pb::DriftState::Cleared,
            } as i32,
            reverts: i32::try_from(item.reverts).unwrap_or(i32::MAX),
            held_until: item.held_until_micros.map(at),
            resolved_by: item.resolved_by.clone(),
            reason: item.reason.clone(),
        }
    }
}

impl From<&ScanView> for pb::Scan {
    fn from(view: &ScanView) -> Self {
        let at = |micros: i64| timestamp(Timestamp::from_micros(micros));
        let state = &view.scan.state;
        // Where nobody scans by himself, there is no next one.
        let next_at = Some(view.scan.next_at).filter(|at| at.as_micros() < i64::MAX);
        Self {
            vendor: pb::Vendor::from(view.vendor) as i32,
            scanned_at: state.at_micros.map(at),
            found: i64::try_from(state.found).unwrap_or(i64::MAX),
            next_at: next_at.filter(|at| *at != Timestamp::default()).map(timestamp),
            interval_ms: i64::try_from(state.interval_ms).unwrap_or(i64::MAX),
            failed_at: state.failed_micros.map(at),
            problem: state.problem.as_ref().map(|it| it.message.clone()).unwrap_or_default(),
        }
    }
}

/// Writes what is done about changes of others.
pub(crate) fn mode(mode: Mode) -> pb::DriftMode {
    match mode {
        Mode::Enforce => pb::DriftMode::Enforce,
        Mode::Report => pb::DriftMode::Report,
        Mode::Ignore => pb::DriftMode::Ignore,
    }
}

/// Writes a kind of resource.
pub(crate) fn kind(kind: ResourceKind) -> pb::ResourceKind {
    match kind {
        ResourceKind::Field => pb::ResourceKind::Field,
        ResourceKind::Cadence => pb::ResourceKind::Cadence,
        ResourceKind::Group => pb::ResourceKind::Group,
    }
}

/// Writes JSON.
fn value(json: &Value) -> prost_types::Value {
    let kind = match json {
        Value::Null => Kind::NullValue(0),
        Value::Bool(yes) => Kind::BoolValue(*yes),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(values) => {
            Kind::ListValue(prost_types::ListValue { values: values.iter().map(value).collect() })
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, json)| (name.clone(), value(json)));
            Kind::StructValue(prost_types::Struct { fields: fields.collect() })
        }
    };
    prost_types::Value { kind: Some(kind) }
}
