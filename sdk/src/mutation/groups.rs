//! The mutations of property groups.

use super::Mutate;
use super::requests::mask;
use crate::client::Client;
use crate::v1::*;

impl Client {
    /// Decides that a company has a property group. At least its label or its name is needed.
    ///
    /// Errors: `NOT_FOUND` (company); `ALREADY_EXISTS` (a group of that name);
    /// `RESOURCE_EXHAUSTED` (too many groups).
    pub fn add_group(
        &self,
        company_id: impl Into<String>,
        group: Group,
    ) -> Mutate<AddGroupRequest> {
        let request = AddGroupRequest {
            company_id: company_id.into(),
            group: Some(group),
            ..AddGroupRequest::default()
        };
        Mutate::new(self, request)
    }

    /// Changes attributes of the group of that internal name: those that are set in `group`, or
    /// those that [`update_mask`](Mutate::update_mask) names.
    ///
    /// Errors: `NOT_FOUND` (company, group); `RESOURCE_EXHAUSTED`.
    pub fn modify_group(
        &self,
        company_id: impl Into<String>,
        name: impl Into<String>,
        group: Group,
    ) -> Mutate<ModifyGroupRequest> {
        let request = ModifyGroupRequest {
            company_id: company_id.into(),
            name: name.into(),
            group: Some(group),
            ..ModifyGroupRequest::default()
        };
        Mutate::new(self, request)
    }

    /// Decides that a company no longer has the group of that internal name. HubSpot archives it
    /// once no property stands in it.
    ///
    /// Errors: `NOT_FOUND` (company, group); `FAILED_PRECONDITION` (fields stand in it).
    pub fn remove_group(
        &self,
        company_id: impl Into<String>,
        name: impl Into<String>,
    ) -> Mutate<RemoveGroupRequest> {
        let request = RemoveGroupRequest {
            company_id: company_id.into(),
            name: name.into(),
            ..RemoveGroupRequest::default()
        };
        Mutate::new(self, request)
    }
}

impl Mutate<ModifyGroupRequest> {
    /// Says which attributes to take, for example `["label"]`. One that is named and not set in the
    /// group is cleared. Empty: every attribute that is set.
    pub fn update_mask<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.request.update_mask = Some(mask(paths));
        self
    }
}
