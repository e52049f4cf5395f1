//! The mutations of cadences.

use super::Mutate;
use super::requests::mask;
use crate::client::Client;
use crate::v1::*;

impl Client {
    /// Decides that a company has a cadence. At least its name or its id is needed; see
    /// [`cadences`](crate::cadences) for short forms.
    ///
    /// Errors: `NOT_FOUND` (company); `ALREADY_EXISTS` (a cadence of that id);
    /// `RESOURCE_EXHAUSTED` (too many cadences).
    pub fn add_cadence(
        &self,
        company_id: impl Into<String>,
        cadence: Cadence,
    ) -> Mutate<AddCadenceRequest> {
        let request = AddCadenceRequest {
            company_id: company_id.into(),
            cadence: Some(cadence),
            ..AddCadenceRequest::default()
        };
        Mutate::new(self, request)
    }

    /// Changes a cadence: say how by [`cadence`](Mutate::cadence), or, where it has one email, in
    /// short by [`template`](Mutate::template) and [`delay_hours`](Mutate::delay_hours).
    ///
    /// Errors: `NOT_FOUND` (company, cadence); `RESOURCE_EXHAUSTED`.
    pub fn modify_cadence(
        &self,
        company_id: impl Into<String>,
        cadence_id: impl Into<String>,
    ) -> Mutate<ModifyCadenceRequest> {
        let request = ModifyCadenceRequest {
            company_id: company_id.into(),
            cadence_id: cadence_id.into(),
            ..ModifyCadenceRequest::default()
        };
        Mutate::new(self, request)
    }

    /// Decides that a company no longer has a cadence. The vendor deletes it.
    ///
    /// Errors: `NOT_FOUND` (company, cadence).
    pub fn remove_cadence(
        &self,
        company_id: impl Into<String>,
        cadence_id: impl Into<String>,
    ) -> Mutate<RemoveCadenceRequest> {
        let request = RemoveCadenceRequest {
            company_id: company_id.into(),
            cadence_id: cadence_id.into(),
            ..RemoveCadenceRequest::default()
        };
        Mutate::new(self, request)
    }
}

impl Mutate<ModifyCadenceRequest> {
    /// Sets the new attributes: those that are set in `cadence`, or those that
    /// [`update_mask`](Self::update_mask) names. Steps replace all that there are, unless the mask
    /// names parts of them.
    pub fn cadence(mut self, cadence: Cadence) -> Self {
        self.request.cadence = Some(cadence);
        self
    }

    /// Says which attributes to take, for example `["name", "steps.template.body"]`. One that is
    /// named and not set in the cadence is cleared. Empty: every attribute that is set.
    pub fn update_mask<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.request.update_mask = Some(mask(paths));
        self
    }

    /// Sets the body of the only email. Not together with [`cadence`](Self::cadence).
    pub fn template(mut self, body: impl Into<String>) -> Self {
        self.request.template = Some(body.into());
        self
    }

    /// Sets the delay of the only email. Not together with [`cadence`](Self::cadence).
    pub fn delay_hours(mut self, hours: i64) -> Self {
        self.request.delay_hours = Some(hours);
        self
    }
}
