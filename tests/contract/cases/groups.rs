//! The rows about property groups.

use gomark_sdk::v1::*;
use prost::Message as _;

use super::{Case, Stage, row};

pub(crate) fn group(name: &str) -> Group {
    Group { name: name.to_owned(), ..Group::default() }
}

pub(super) fn group_cases() -> Vec<Case> {
    vec![
        row!(
            "ConfigService/AddGroup",
            Registered,
            |target| AddGroupRequest {
                company_id: target.company.clone(),
                group: Some(group("sales_ops")),
                ..AddGroupRequest::default()
            },
            |request: &mut AddGroupRequest| request.group = Some(group("hs_own")),
            "group.name"
        ),
        row!(
            "ConfigService/ModifyGroup",
            WithGroup,
            |target| ModifyGroupRequest {
                company_id: target.company.clone(),
                name: "ops".to_owned(),
                group: Some(Group { label: "Operations".to_owned(), ..Group::default() }),
                ..ModifyGroupRequest::default()
            },
            |request: &mut ModifyGroupRequest| request.group = None,
            "group"
        ),
        row!(
            "ConfigService/RemoveGroup",
            WithGroup,
            |target| RemoveGroupRequest {
                company_id: target.company.clone(),
                name: "ops".to_owned(),
                ..RemoveGroupRequest::default()
            },
            |request: &mut RemoveGroupRequest| request.name.clear(),
            "name"
        ),
    ]
}
