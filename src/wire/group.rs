//! Property groups.

use gomark_sdk::v1 as pb;

use crate::domain::{Group, ResourceId};

impl From<&Group> for pb::Group {
    fn from(group: &Group) -> Self {
        Self {
            group_id: group.id.to_string(),
            name: group.name.clone(),
            label: group.label.clone(),
            display_order: group.display_order,
        }
    }
}

impl From<pb::Group> for Group {
    fn from(group: pb::Group) -> Self {
        Self {
            id: ResourceId::from_trusted(group.group_id),
            name: group.name,
            label: group.label,
            display_order: group.display_order,
        }
    }
}
