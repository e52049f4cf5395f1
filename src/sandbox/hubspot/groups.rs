//! Property groups: the headings under which properties are shown.

use serde::Serialize;
use serde_json::{Value, json};

use super::draft::GroupDraft;
use super::portal::Portal;
use super::refusal::Refusal;
use super::rules;

/// A group of properties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) display_order: i32,
    /// Always false: an archived group cannot be seen by the API any more.
    pub(crate) archived: bool,
}

impl Group {
    /// Writes the group as the API does.
    pub(crate) fn wire(&self) -> Value {
        json!(self)
    }
}

impl Portal {
    /// Returns every group.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// Returns a group.
    pub(crate) fn group(&self, name: &str) -> Result<&Group, Refusal> {
        self.groups.get(name).ok_or_else(|| missing(name))
    }

    /// Creates a group. The name of an archived group is free again.
    pub(crate) fn create_group(&mut self, draft: GroupDraft) -> Result<&Group, Refusal> {
        let name = draft.name.ok_or_else(|| Refusal::invalid("A group needs a name."))?;
        rules::check_name(&name)?;
        let label = draft
            .label
            .filter(|label| !label.trim().is_empty())
            .ok_or_else(|| Refusal::invalid("A group needs a label."))?;
        if self.groups.contains_key(&name) {
            return Err(Refusal::exists(format!(
                "A property group named '{name}' already exists."
            ))
            .with("name", vec![name]));
        }
        let next = self.groups.values().map(|group| group.display_order).max().unwrap_or(-1) + 1;
        let display_order = draft.display_order.filter(|order| *order >= 0).unwrap_or(next);
        let group = Group { name: name.clone(), label, display_order, archived: false };
        Ok(self.groups.entry(name).insert_entry(group).into_mut())
    }

    /// Changes a group's label or place.
    pub(crate) fn update_group(
        &mut self,
        name: &str,
        draft: GroupDraft,
    ) -> Result<&Group, Refusal> {
        let group = self.groups.get_mut(name).ok_or_else(|| missing(name))?;
        if let Some(label) = draft.label {
            if label.trim().is_empty() {
                return Err(Refusal::invalid("A group needs a label."));
            }
            group.label = label;
        }
        if let Some(order) = draft.display_order.filter(|order| *order >= 0) {
            group.display_order = order;
        }
        Ok(group)
    }

    /// Removes a group for good; refused while it holds an active property.
    pub(crate) fn archive_group(&mut self, name: &str) -> Result<(), Refusal> {
        self.group(name)?;
        let holds = self.active.values().filter(|property| property.group_name == name).count();
        if holds > 0 {
            return Err(Refusal::invalid(format!(
                "The property group '{name}' still holds {holds} active properties."
            ))
            .sub("PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES")
            .nested());
        }
        self.groups.remove(name);
        Ok(())
    }
}

fn missing(name: &str) -> Refusal {
    Refusal::not_found(format!("No property group named '{name}' exists for deals."))
        .with("groupName", vec![name.to_owned()])
}
