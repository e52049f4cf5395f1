//! Listing all that a portal holds and that could be managed: one call for the properties of each
//! sensitivity, and one for the groups.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::calls::Turn;
use super::canonical::{self, canonical, is_protected};
use super::details;
use super::groups;
use super::portal::Portal;
use super::read::is_own;
use super::wire::Property;
use crate::domain::field::DataSensitivity;
use crate::domain::group::is_hubspots_own;
use crate::domain::{Attributes, ResourceKind};
use crate::vendors::{Entry, Failure};

/// What canonical forms are made of in an option.
const OF_OPTIONS: [&str; 5] = ["label", "value", "description", "hidden", "displayOrder"];
/// What they are made of in a group.
const OF_GROUPS: [&str; 2] = [groups::LABEL, groups::DISPLAY_ORDER];

impl Portal {
    /// Lists the properties and groups that are not HubSpot's own, in the order of their kinds and
    /// names. Sensitive properties are among them where `with` names their sensitivity.
    pub(super) async fn list_all(&self, with: &[String]) -> Result<Vec<Entry>, Failure> {
        let mut turn = Turn::with_place(self).patient();
        // Whatever is decided would seem to be gone from another portal.
        self.check_account(&mut turn).await?;
        let mut entries = Vec::new();
        for &sensitivity in DataSensitivity::ALL {
            let is_named = with.iter().any(|name| name == sensitivity.as_str());
            if sensitivity == DataSensitivity::NonSensitive || is_named {
                let listed = self.list_properties(&mut turn, sensitivity).await?.into_iter();
                let custom = listed.filter(|(_, it)| !is_own(it) && !is_archived(it));
                entries.extend(custom.map(|(name, it)| of_property(name, it)));
            }
        }
        let listed = groups::list_whole(&mut turn).await?.into_iter();
        // No group says whose it is. Those that HubSpot makes for its other features are told by the
        // prefix that it keeps for itself; whatever has another name could be decided, and is listed:
        // a group that is left out would be taken for gone.
        let custom = listed.filter(|(name, it)| !is_hubspots_own(name) && !is_archived(it));
        entries.extend(custom.map(|(name, it)| of_group(name, it)));
        let by_name = entries.into_iter().map(|entry| ((entry.kind, entry.name.clone()), entry));
        Ok(by_name.collect::<BTreeMap<_, _>>().into_values().collect())
    }
}

/// Returns the canonical form of an entry: as far as it is expected, or with all that HubSpot tells of
/// it beyond its defaults; `None` when it is incomplete.
pub(super) fn canonical_of(entry: &Entry, expected: Option<&Attributes>) -> Option<Attributes> {
    match entry.kind {
        ResourceKind::Field => {
            let property = Property::deserialize(&entry.body).ok()?;
            let told = || Cow::Owned(details::told(&property));
            canonical(&property, &expected.map_or_else(told, Cow::Borrowed))
        }
        // HubSpot gives every group a place, which says nothing where none is expected.
        ResourceKind::Group => {
            let nothing = Attributes::new();
            groups::canonical(&entry.body, expected.unwrap_or(&nothing))
        }
        ResourceKind::Cadence => None,
    }
}

fn of_property(name: String, mut said: Value) -> Entry {
    let protected = Property::deserialize(&said).is_ok_and(|property| is_protected(&property));
    let (made, changed_by) = (text(&said, "createdAt"), changed_by(&said));
    if let Some(Value::Array(options)) = said.get_mut(canonical::OPTIONS) {
        for option in options.iter_mut().filter(|option| option.is_object()) {
            *option = told_of(option, OF_OPTIONS);
        }
    }
    let body = told_of(&mut said, canonical::all());
    Entry { kind: ResourceKind::Field, name, body, protected, made, changed_by }
}

/// Groups tell neither when they were made nor who did it (HubSpot's published API descriptions).
fn of_group(name: String, mut said: Value) -> Entry {
    let body = told_of(&mut said, OF_GROUPS);
    let kind = ResourceKind::Group;
    Entry { kind, name, body, protected: false, made: None, changed_by: None }
}

/// Takes out of an object what is named and said.
fn told_of(said: &mut Value, names: impl IntoIterator<Item = &'static str>) -> Value {
    let mut value = |name: &str| said.get_mut(name).map(Value::take).filter(|it| !it.is_null());
    let pairs = names.into_iter().filter_map(|name| Some((name.to_owned(), value(name)?)));
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// Returns the id of the user who changed a property last, which HubSpot does not always tell. Who
/// made it is the one as long as it was never changed.
fn changed_by(said: &Value) -> Option<String> {
    let updated_at = text(said, "updatedAt");
    let is_as_made = updated_at.is_none() || updated_at == text(said, "createdAt");
    let creator = || text(said, "createdUserId").filter(|_| is_as_made);
    text(said, "updatedUserId").or_else(creator)
}

fn is_archived(said: &Value) -> bool {
    said.get("archived") == Some(&Value::Bool(true))
}

fn text(said: &Value, name: &str) -> Option<String> {
    said.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}
