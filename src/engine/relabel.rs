//! Changing the label of a field, and its name if wanted, that people name as they know it.

use super::{Accepted, Engine, Error};
use crate::domain::field::derive_name;
use crate::domain::{Envelope, FieldPatch, Intent, Refusal};

impl Engine {
    /// Changes the label of the field of this internal name, or else of the only one that has this
    /// label. With `renames` its internal name is made from the new label, too.
    ///
    /// A name is what nearly everybody gives, and found at once. Only where there is none of it, all
    /// fields of the company are looked at, in the transaction that decides.
    pub async fn relabel_field(
        &self,
        envelope: Envelope,
        named: String,
        new_label: String,
        renames: bool,
    ) -> Result<Accepted, Error> {
        let patch = FieldPatch {
            label: Some(new_label.clone()),
            new_name: renames.then(|| derive_name(&new_label)),
            ..FieldPatch::default()
        };
        let by_name = Intent::modify_field(named.clone(), patch);
        match self.mutate(envelope.clone().asking(by_name, self.now())).await {
            Err(Error::Refused(Refusal::FieldNotFound { .. })) => {
                let by_label = Intent::RelabelField { label: named, new_label, renames };
                self.mutate(envelope.asking(by_label, self.now())).await
            }
            ended => ended,
        }
    }
}
