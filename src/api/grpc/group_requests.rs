//! Reads what callers sent about property groups.

use gomark_sdk::v1 as pb;

use super::mask::Mask;
use crate::domain::{GroupDraft, GroupPatch, Intent, Violation, Violations};

const GROUP_PATHS: [&str; 2] = ["label", "display_order"];

/// Reads AddGroup.
pub(super) fn add_group(group: Option<pb::Group>) -> Result<Intent, Violations> {
    let Some(group) = group else {
        return Err(Violation::new("group", "must be given").into());
    };
    let mut found = Violations::new();
    found.require(group.group_id.is_empty(), "group_id", "must not be given: GoMark gives it");
    let pb::Group { name, label, display_order, .. } = group;
    found.within("group").or(Intent::AddGroup(GroupDraft { name, label, display_order }))
}

/// Reads ModifyGroup.
pub(super) fn modify_group(request: pb::ModifyGroupRequest) -> Result<Intent, Violations> {
    let pb::ModifyGroupRequest { name, group, update_mask, .. } = request;
    let Some(group) = group.or_else(|| update_mask.is_some().then(pb::Group::default)) else {
        return Err(Violation::new("group", "must be given").into());
    };
    let mut found = Violations::new();
    let mask = Mask::read(update_mask.as_ref(), &GROUP_PATHS, &mut found);
    let renames = !group.name.is_empty() && group.name != name;
    found.require(!renames, "group.name", "cannot be changed");
    let label = Some(group.label).filter(|label| !label.is_empty());
    let patch = GroupPatch {
        label: mask.take("label", label),
        display_order: mask.take("display_order", group.display_order.map(Some)),
    };
    found.or(Intent::ModifyGroup { name, patch })
}
