//! What a cadence comes to, before anything is committed.

use super::{Engine, Error};
use crate::domain::cadence::{PreviewStep, Samples, preview};
use crate::domain::{
    Cadence, CadenceDraft, Caller, CompanyId, Refusal, ResourceId, Timestamp, Violation,
};

/// The cadence that is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Previewed {
    /// One that is decided, by the id that callers use.
    Decided(String),
    /// One that is not.
    Draft(CadenceDraft),
}

impl Engine {
    /// Tells when the steps of a cadence happen and what they say, for somebody who starts at
    /// `start`, or now. Changes nothing and calls no vendor.
    pub async fn preview_cadence(
        &self,
        caller: &Caller,
        company_id: &CompanyId,
        which: Previewed,
        start: Option<Timestamp>,
        samples: &Samples,
    ) -> Result<(Cadence, Vec<PreviewStep>), Error> {
        let cadence = match which {
            Previewed::Decided(cadence_id) => self.cadence(caller, company_id, cadence_id).await?,
            Previewed::Draft(draft) => {
                self.company(caller, company_id).await?;
                let complete = draft.complete_for_vendor(ResourceId::from_trusted(String::new()));
                complete.map_err(|found| Refusal::from(found.within("cadence")))?
            }
        };
        let start = start.unwrap_or_else(|| self.now());
        let steps = preview(&cadence, start, samples).map_err(refused)?;
        Ok((cadence, steps))
    }

    async fn cadence(
        &self,
        caller: &Caller,
        company_id: &CompanyId,
        cadence_id: String,
    ) -> Result<Cadence, Error> {
        let config = self.parts.store.config(&caller.scope, company_id, None).await??;
        let mut cadences = config.cadences.into_iter();
        let found = cadences.find(|cadence| cadence.cadence_id.as_str() == cadence_id);
        let company_id = company_id.clone();
        found.ok_or_else(|| Refusal::CadenceNotFound { company_id, cadence_id }.into())
    }
}

fn refused(error: preview::Error) -> Error {
    let path = match error {
        preview::Error::UnknownTimezone(_) => "cadence.timezone",
        preview::Error::OutOfRange => "start",
        preview::Error::TooLong => "samples",
    };
    Refusal::from(Violation::new(path, error.to_string())).into()
}
