//! One portal: its deal properties, its groups and its deals.

use std::collections::BTreeMap;

use super::deals::refused::RefusedWrite;
use super::deals::{Deals, Slot};
use super::draft::Draft;
use super::groups::Group;
use super::limits::Usage;
use super::options;
use super::property::{FieldType, ModificationMetadata, Property};
use super::refusal::Refusal;
use super::stale::Before;
use super::switches::Switches;
use super::uses::Use;
use super::{formula, rules, standard};
use crate::domain::Timestamp;
use crate::sandbox::Recreate;
use crate::sandbox::wire_time::WireTime;

/// Most properties with unique values an object may have, as HubSpot's guide states.
const UNIQUE_MAX: usize = 10;

/// How often something really happened under a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) archived: u64,
}

/// A portal: what a company's HubSpot account keeps about deals.
#[derive(Debug)]
pub(crate) struct Portal {
    pub(super) active: BTreeMap<String, Property>,
    pub(super) archived: BTreeMap<String, Property>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(crate) deals: Deals,
    pub(crate) switches: Switches,
    /// Who uses which property.
    pub(super) uses: BTreeMap<String, Vec<Use>>,
    /// What reads still show, by name.
    pub(super) before: BTreeMap<String, Before>,
    /// Writes of deals that are to be refused.
    pub(crate) refused_writes: Vec<RefusedWrite>,
    pub(super) usage: Usage,
    effects: BTreeMap<String, Effects>,
    next_slot: u32,
}

impl Portal {
    /// Opens a portal in the state HubSpot hands one over, with its own properties.
    pub(crate) fn open(now: Timestamp) -> Self {
        let active = standard::properties(now);
        Self {
            next_slot: u32::try_from(active.len()).unwrap_or(u32::MAX),
            active,
            archived: BTreeMap::new(),
            groups: standard::groups(),
            deals: Deals::default(),
            switches: Switches::default(),
            uses: BTreeMap::new(),
            before: BTreeMap::new(),
            refused_writes: Vec::new(),
            usage: Usage::default(),
            effects: BTreeMap::new(),
        }
    }

    /// Returns the active or the archived properties, by name.
    pub(crate) fn properties(&self, archived: bool) -> &BTreeMap<String, Property> {
        if archived { &self.archived } else { &self.active }
    }

    /// Returns a property.
    pub(crate) fn property(&self, name: &str, archived: bool) -> Result<&Property, Refusal> {
        self.properties(archived).get(name).ok_or_else(|| missing(name))
    }

    /// Returns how often each name was created, updated and archived.
    pub(crate) fn effects(&self, name: &str) -> Effects {
        self.effects.get(name).copied().unwrap_or_default()
    }

    /// Returns how many creates took effect in this portal, re-creates included.
    pub(crate) fn create_effects(&self) -> u64 {
        self.effects.values().map(|effects| effects.created).sum()
    }

    /// Creates a property, or brings an archived one back as `recreate` says.
    pub(crate) fn create(
        &mut self,
        draft: Draft,
        recreate: Recreate,
        now: Timestamp,
    ) -> Result<&Property, Refusal> {
        let mut property = self.drafted(draft, now)?;
        let name = property.name.clone();
        let taken = self.active.contains_key(&name)
            || (recreate == Recreate::Conflict && self.archived.contains_key(&name));
        if taken {
            return Err(Refusal::exists(format!("A property named '{name}' already exists."))
                .sub("Properties.PROPERTY_WITH_NAME_EXISTS")
                .with("name", vec![name]));
        }
        self.check_unique_values(&property)?;
        self.check_room()?;
        self.remember(&name, now);
        property.slot = Slot(self.next_slot);
        if recreate == Recreate::Restore
            && let Some(tombstone) = self.archived.remove(&name)
        {
            property.created_at = tombstone.created_at;
            property.slot = tombstone.slot;
        }
        self.next_slot += u32::from(property.slot == Slot(self.next_slot));
        self.effects.entry(name.clone()).or_default().created += 1;
        Ok(self.active.entry(name).insert_entry(property).into_mut())
    }

    /// Changes a property. Attributes that HubSpot silently ignores are ignored here as well.
    pub(crate) fn update(
        &mut self,
        name: &str,
        draft: Draft,
        now: Timestamp,
    ) -> Result<&Property, Refusal> {
        let before = self.active.get(name).ok_or_else(|| missing(name))?;
        if before.locked() {
            return Err(locked(name, "changed"));
        }
        if let Some(group) = &draft.group_name {
            self.check_group_exists(group)?;
        }
        let mut after = before.clone();
        if draft.options.is_some() && before.modification_metadata.read_only_options == Some(true) {
            return Err(locked(name, "given other options"));
        }
        merge(&mut after, draft)?;
        rules::check_definition(&after, Some(before))?;
        self.check_formula(&after)?;
        after.updated_at = WireTime(now);
        after.updated_user_id = None;
        self.remember(name, now);
        self.effects.entry(name.to_owned()).or_default().updated += 1;
        Ok(self.active.entry(name.to_owned()).insert_entry(after).into_mut())
    }

    /// Notes which user made or changed a property in HubSpot's own screen.
    pub(crate) fn sign(&mut self, name: &str, user_id: &str, created: bool) {
        if let Some(property) = self.active.get_mut(name) {
            if created {
                property.created_user_id = Some(user_id.to_owned());
            }
            property.updated_user_id = Some(user_id.to_owned());
        }
    }

    /// Says what may be changed about a property.
    pub(crate) fn set_metadata(&mut self, name: &str, metadata: ModificationMetadata) {
        if let Some(property) = self.active.get_mut(name) {
            property.modification_metadata = metadata;
        }
    }

    /// Brings a property back from the recycle bin as it was, which only HubSpot's own screen can.
    pub(crate) fn restore(&mut self, name: &str, now: Timestamp) -> Result<&Property, Refusal> {
        let group = self.property(name, true)?.group_name.clone();
        self.check_group_exists(&group)?;
        if self.active.contains_key(name) {
            return Err(Refusal::exists(format!("A property named '{name}' already exists.")));
        }
        self.remember(name, now);
        let mut property = self.archived.remove(name).ok_or_else(|| missing(name))?;
        property.archived_at = None;
        property.updated_at = WireTime(now);
        Ok(self.active.entry(name.to_owned()).insert_entry(property).into_mut())
    }

    /// Moves a property to the recycle bin.
    pub(crate) fn archive(&mut self, name: &str, now: Timestamp) -> Result<(), Refusal> {
        self.check_archivable(name)?;
        self.remember(name, now);
        if let Some(mut property) = self.active.remove(name) {
            property.archived_at = Some(WireTime(now));
            self.archived.insert(name.to_owned(), property);
            self.effects.entry(name.to_owned()).or_default().archived += 1;
        }
        Ok(())
    }

    /// Refuses a name that is not there, that HubSpot does not let go, or that somebody uses.
    pub(super) fn check_archivable(&self, name: &str) -> Result<(), Refusal> {
        if !self.property(name, false)?.modification_metadata.archivable {
            return Err(locked(name, "archived"));
        }
        self.check_unused(name)
    }

    fn drafted(&self, mut draft: Draft, now: Timestamp) -> Result<Property, Refusal> {
        let name = required(draft.name.take(), "name")?;
        rules::check_name(&name)?;
        rules::check_prefix(&name)?;
        rules::check_create_only(&draft, self.switches.sensitive_data)?;
        let label = required(draft.label.take(), "label")?;
        let group_name = required(draft.group_name.take(), "groupName")?;
        self.check_group_exists(&group_name)?;
        let mut property = Property {
            slot: Slot::default(),
            formula_as_sent: draft.calculation_formula.clone(),
            generated_order: self.switches.generated_order.then(|| self.next_order(&group_name)),
            name,
            label,
            kind: required(draft.kind.take(), "type")?,
            field_type: required(draft.field_type.take(), "fieldType")?,
            group_name,
            description: String::new(),
            options: Vec::new(),
            display_order: -1,
            calculated: false,
            external_options: draft.external_options.unwrap_or(false),
            has_unique_value: draft.has_unique_value.unwrap_or(false),
            hidden: false,
            hubspot_defined: false,
            form_field: false,
            data_sensitivity: draft.data_sensitivity.unwrap_or_default(),
            modification_metadata: ModificationMetadata {
                archivable: true,
                read_only_definition: false,
                read_only_value: false,
                read_only_options: None,
            },
            referenced_object_type: draft.referenced_object_type.take(),
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
        };
        merge(&mut property, draft)?;
        rules::check_definition(&property, None)?;
        self.check_formula(&property)?;
        Ok(property)
    }

    /// Returns the place after the last one of a group.
    fn next_order(&self, group: &str) -> i32 {
        let of_group = self.active.values().filter(|property| property.group_name == group);
        i32::try_from(of_group.count()).unwrap_or(i32::MAX)
    }

    /// Refuses a formula that names a property that is not there.
    fn check_formula(&self, property: &Property) -> Result<(), Refusal> {
        let formula = property.calculation_formula.as_deref().unwrap_or_default();
        match formula::names(formula).iter().find(|name| !self.active.contains_key(*name)) {
            None => Ok(()),
            Some(name) => Err(missing(name)),
        }
    }

    fn check_group_exists(&self, group: &str) -> Result<(), Refusal> {
        if self.groups.contains_key(group) {
            return Ok(());
        }
        Err(Refusal::invalid(format!("The property group '{group}' does not exist."))
            .with("groupName", vec![group.to_owned()]))
    }

    fn check_unique_values(&self, property: &Property) -> Result<(), Refusal> {
        let unique = self.active.values().filter(|kept| kept.has_unique_value).count();
        if property.has_unique_value && unique >= UNIQUE_MAX {
            return Err(Refusal::invalid(format!(
                "An object may have at most {UNIQUE_MAX} properties with unique values."
            )));
        }
        Ok(())
    }
}

/// Lays the patchable attributes of a draft over a property.
fn merge(property: &mut Property, draft: Draft) -> Result<(), Refusal> {
    fn lay<T>(kept: &mut T, given: Option<T>) {
        if let Some(given) = given {
            *kept = given;
        }
    }
    fn lay_optional<T>(kept: &mut Option<T>, given: Option<T>) {
        if given.is_some() {
            *kept = given;
        }
    }
    lay(&mut property.label, draft.label);
    lay(&mut property.kind, draft.kind);
    lay(&mut property.field_type, draft.field_type);
    lay(&mut property.group_name, draft.group_name);
    lay(&mut property.description, draft.description);
    lay(&mut property.display_order, draft.display_order);
    lay(&mut property.hidden, draft.hidden);
    lay(&mut property.form_field, draft.form_field);
    lay_optional(&mut property.currency_property_name, draft.currency_property_name);
    lay_optional(&mut property.show_currency_symbol, draft.show_currency_symbol);
    lay_optional(&mut property.number_display_hint, draft.number_display_hint);
    lay_optional(&mut property.text_display_hint, draft.text_display_hint);
    if let Some(formula) = draft.calculation_formula {
        // HubSpot keeps whatever was asked for as a calculation once there is a formula.
        property.calculation_formula = Some(formula::canonical(&formula));
        property.field_type = FieldType::CalculationEquation;
        property.calculated = true;
    }
    if let Some(options) = draft.options {
        property.options = options::settle(options)?;
    }
    Ok(())
}

fn required<T>(given: Option<T>, attribute: &str) -> Result<T, Refusal> {
    given.ok_or_else(|| {
        Refusal::invalid(format!(
            "Invalid input JSON: the required attribute {attribute} is missing."
        ))
    })
}

pub(crate) fn missing(name: &str) -> Refusal {
    Refusal::not_found(format!("No property named '{name}' exists for deals."))
        .with("propertyName", vec![name.to_owned()])
}

fn locked(name: &str, done: &str) -> Refusal {
    Refusal::invalid(format!("The property '{name}' is locked and cannot be {done}."))
        .with("propertyName", vec![name.to_owned()])
}

#[cfg(test)]
mod tests;
