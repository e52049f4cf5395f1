//! Writes of deals that are refused because a test says so, as a rule of the portal's would.

use serde::{Deserialize, Serialize};

use super::values::Unfit;
use crate::sandbox::hubspot::Portal;

/// Which writes are refused, and in what words; what is left out matches every write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefusedWrite {
    #[serde(default)]
    deal_ids: Vec<u64>,
    property: Option<String>,
    value: Option<String>,
    #[serde(default = "code")]
    code: String,
    #[serde(default = "message")]
    message: String,
}

fn code() -> String {
    "MISSING_CONDITIONAL_REQUIRED_PROPERTY".to_owned()
}

fn message() -> String {
    "A rule of this portal does not let the value be".to_owned()
}

impl RefusedWrite {
    fn matches(&self, id: Option<u64>, name: &str, value: &str) -> bool {
        (self.deal_ids.is_empty() || id.is_some_and(|id| self.deal_ids.contains(&id)))
            && self.property.as_ref().is_none_or(|wanted| wanted == name)
            && self.value.as_ref().is_none_or(|wanted| wanted == value)
    }
}

impl Portal {
    pub(super) fn check_not_refused(
        &self,
        id: Option<u64>,
        name: &str,
        value: &str,
    ) -> Result<(), Unfit> {
        match self.refused_writes.iter().find(|refused| refused.matches(id, name, value)) {
            None => Ok(()),
            Some(refused) => Err((refused.code.clone().into(), refused.message.clone())),
        }
    }
}
