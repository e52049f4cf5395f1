//! Changing the label of a field that people name as they know it.

use super::{Accepted, Engine, Error};
use crate::domain::{Envelope, FieldPatch, Intent, Refusal};

impl Engine {
    /// Changes the label of the field of this internal name, or else of the only one that has this
    /// label.
    ///
    /// A name is what nearly everybody gives, and found at once. Only where there is none of it, all
    /// fields of the company are looked at, in the transaction that decides.
    pub async fn relabel_field(
        &self,
        envelope: Envelope,
        named: String,
        new_label: String,
    ) -> Result<Accepted, Error> {
        let patch = FieldPatch { label: Some(new_label.clone()), ..FieldPatch::default() };
        let by_name = Intent::ModifyField { name: named.clone(), patch };
        match self.mutate(envelope.clone().asking(by_name, self.now())).await {
            Err(Error::Refused(Refusal::FieldNotFound { .. })) => {
                let by_label = Intent::RelabelField { label: named, new_label };
                self.mutate(envelope.asking(by_label, self.now())).await
            }
            ended => ended,
        }
    }
}
