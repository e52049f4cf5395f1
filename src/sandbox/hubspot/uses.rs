//! Who uses a property: while somebody does, it cannot be archived.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::refusal::{Detail, Refusal};
use super::{Portal, formula};

/// Somebody who uses a property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Use {
    /// `WORKFLOW`, `LIST`, `FORM` …
    pub(crate) parent_type: String,
    pub(crate) parent_display_type: String,
    pub(crate) parent_name: String,
}

impl Portal {
    /// Says who uses a property from now on, besides the formulas that name it.
    pub(crate) fn set_uses(&mut self, name: &str, uses: Vec<Use>) {
        if uses.is_empty() {
            self.uses.remove(name);
        } else {
            self.uses.insert(name.to_owned(), uses);
        }
    }

    /// Returns who uses a property.
    pub(crate) fn uses(&self, name: &str) -> Vec<Use> {
        let formulas = self.active.values().filter(|property| {
            let formula = property.calculation_formula.as_deref().unwrap_or_default();
            formula::names(formula).iter().any(|named| named == name)
        });
        let calculations = formulas.map(|property| Use {
            parent_type: "CALCULATED_PROPERTY".to_owned(),
            parent_display_type: "Calculated property".to_owned(),
            parent_name: property.label.clone(),
        });
        self.uses.get(name).into_iter().flatten().cloned().chain(calculations).collect()
    }

    pub(super) fn check_unused(&self, name: &str) -> Result<(), Refusal> {
        let uses = self.uses(name);
        if uses.is_empty() {
            return Ok(());
        }
        let count = uses.len().to_string();
        let mut refusal =
            Refusal::invalid(format!("The property '{name}' is in use in {count} places."))
                .sub("PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE")
                .with("propertyName", vec![name.to_owned()])
                .with("usageCount", vec![count.clone()]);
        refusal.details = uses.into_iter().map(|user| user.detail(name, &count)).collect();
        Err(refusal)
    }
}

impl Use {
    fn detail(self, name: &str, count: &str) -> Detail {
        Detail {
            message: format!("'{name}' is used by {}.", self.parent_name),
            code: "CANNOT_DELETE_PROPERTY_IN_USE".to_owned(),
            context: BTreeMap::from([
                ("parentType", vec![self.parent_type]),
                ("parentDisplayType", vec![self.parent_display_type]),
                ("parentName", vec![self.parent_name]),
                ("usageCount", vec![count.to_owned()]),
            ]),
        }
    }
}
