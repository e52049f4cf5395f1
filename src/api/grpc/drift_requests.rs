//! What callers ask about changes of others.

use gomark_sdk::v1 as pb;

use crate::domain::drift::{DriftState, Mode};
use crate::domain::{PolicyAsk, ResourceKind, Timestamp, VendorKind, Violation, Violations};
use crate::engine::Resolution;
use crate::wire;

/// How many items are resolved at once at most.
const ITEMS_MAX: usize = 1_000;
/// How many names are imported at once at most, where they are named.
const NAMES_MAX: usize = 5_000;

/// Reads what is to be imported.
pub(super) fn import(
    request: &pb::ImportVendorRequest,
) -> Result<(VendorKind, Vec<String>), Violations> {
    let mut found = Violations::new();
    let vendor = found.take(super::requests::vendor(request.vendor));
    found.require(request.names.len() <= NAMES_MAX, "names", "must be at most 5000");
    for (place, name) in request.names.iter().enumerate() {
        let fits = !name.is_empty() && name.chars().count() <= 200;
        found.require(fits, format!("names[{place}]"), "must have 1 to 200 characters");
    }
    match vendor {
        Some(vendor) if found.is_empty() => Ok((vendor, request.names.clone())),
        _ => Err(found),
    }
}

/// Reads a vendor, where one is given.
pub(super) fn vendor(number: i32) -> Result<Option<VendorKind>, Violation> {
    wire::vendor(number).map_err(|error| Violation::new("vendor", error.to_string()))
}

/// Reads states of items.
pub(super) fn states(found: &mut Violations, numbers: &[i32]) -> Vec<DriftState> {
    let read = |(place, number): (usize, &i32)| {
        let state = match pb::DriftState::try_from(*number) {
            Ok(pb::DriftState::Open) => Some(DriftState::Open),
            Ok(pb::DriftState::Reverting) => Some(DriftState::Reverting),
            Ok(pb::DriftState::Reverted) => Some(DriftState::Reverted),
            Ok(pb::DriftState::Adopted) => Some(DriftState::Adopted),
            Ok(pb::DriftState::Ignored) => Some(DriftState::Ignored),
            Ok(pb::DriftState::Cleared) => Some(DriftState::Cleared),
            Ok(pb::DriftState::Unspecified) | Err(_) => None,
        };
        found.require(state.is_some(), format!("states[{place}]"), "must be a state");
        state
    };
    numbers.iter().enumerate().filter_map(read).collect()
}

/// Reads what is to become of items.
pub(super) fn resolution(request: &pb::ResolveDriftRequest) -> Result<Resolution, Violations> {
    let mut found = Violations::new();
    let count = request.item_ids.len();
    found.require((1..=ITEMS_MAX).contains(&count), "item_ids", "must be 1 to 1000");
    let keys = request.item_ids.iter().copied();
    found.require_unique("item_ids", "value", keys);
    let until = found.take(moment(request.until.as_ref())).flatten();
    let given = until.is_none();
    let resolution = match pb::DriftResolution::try_from(request.resolution) {
        Ok(pb::DriftResolution::Revert) => Some(Resolution::Revert),
        Ok(pb::DriftResolution::Adopt) => Some(Resolution::Adopt),
        Ok(pb::DriftResolution::Ignore) => Some(Resolution::Ignore(until)),
        Ok(pb::DriftResolution::Unspecified) | Err(_) => None,
    };
    found.require(resolution.is_some(), "resolution", "must be REVERT, ADOPT or IGNORE");
    let is_ignore = matches!(resolution, Some(Resolution::Ignore(_)));
    found.require(given || is_ignore, "until", "goes only with IGNORE");
    if resolution == Some(Resolution::Revert) {
        let rule = "does not go with REVERT, which is no revision";
        found.require(request.expected_revision == 0, "expected_revision", rule);
    }
    match resolution {
        Some(resolution) if found.is_empty() => Ok(resolution),
        _ => Err(found),
    }
}

/// Reads a policy.
pub(super) fn policy(request: &pb::SetPolicyRequest) -> Result<PolicyAsk, Violations> {
    let mut found = Violations::new();
    let target = request.target.clone().unwrap_or_default();
    let kind = match pb::ResourceKind::try_from(target.kind) {
        Ok(pb::ResourceKind::Unspecified) => Some(None),
        Ok(pb::ResourceKind::Field) => Some(Some(ResourceKind::Field)),
        Ok(pb::ResourceKind::Cadence) => Some(Some(ResourceKind::Cadence)),
        Ok(pb::ResourceKind::Group) => Some(Some(ResourceKind::Group)),
        _ => None,
    };
    found.require(kind.is_some(), "target.kind", "must be FIELD, GROUP or CADENCE, or left out");
    let mode = match pb::DriftMode::try_from(request.mode) {
        Ok(pb::DriftMode::Unspecified) => Some(None),
        Ok(pb::DriftMode::Enforce) => Some(Some(Mode::Enforce)),
        Ok(pb::DriftMode::Report) => Some(Some(Mode::Report)),
        Ok(pb::DriftMode::Ignore) => Some(Some(Mode::Ignore)),
        Err(_) => None,
    };
    found.require(mode.is_some(), "mode", "must be ENFORCE, REPORT or IGNORE, or left out");
    let until = found.take(moment(request.until.as_ref())).flatten();
    let attribute = Some(target.attribute).filter(|attribute| !attribute.is_empty());
    let fits = |attribute: &String| {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        attribute.len() <= 100 && attribute.chars().all(is_letter)
    };
    let rule = "must be an attribute by the vendor's name, such as groupName";
    found.require(attribute.as_ref().is_none_or(fits), "target.attribute", rule);
    match (kind, mode) {
        (Some(kind), Some(mode)) if found.is_empty() => {
            Ok(PolicyAsk { kind, name: target.name, attribute, mode, until })
        }
        _ => Err(found),
    }
}

/// Reads a moment, where one is given.
pub(super) fn moment(at: Option<&prost_types::Timestamp>) -> Result<Option<Timestamp>, Violation> {
    let Some(at) = at else { return Ok(None) };
    // 0001-01-01 to 9999-12-31, as the type says.
    let fits = (-62_135_596_800..=253_402_300_799).contains(&at.seconds)
        && (0..1_000_000_000).contains(&at.nanos);
    match fits {
        true => Ok(Some(wire::moment(at))),
        false => Err(Violation::new("until", "must be a moment from year 1 to 9999")),
    }
}
