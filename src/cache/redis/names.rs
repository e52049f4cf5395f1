//! Under which keys things are kept.

use std::sync::Arc;

use crate::domain::{CompanyId, Revision};

/// Names keys. What belongs to a company shares a hash tag.
#[derive(Clone, Debug)]
pub(super) struct Names {
    installation: Arc<str>,
    encoding: Arc<str>,
}

impl Names {
    pub(super) fn new(installation: &str, encoding: &str) -> Self {
        Self { installation: installation.into(), encoding: encoding.into() }
    }

    /// The configuration at a revision. Versions that encode it differently have keys of their own.
    pub(super) fn config(&self, id: &CompanyId, revision: Revision) -> String {
        format!("gomark:{}:{{{id}}}:config:{}:{revision}", self.installation, self.encoding)
    }

    /// The latest revision.
    pub(super) fn head(&self, id: &CompanyId) -> String {
        format!("gomark:{}:{{{id}}}:head", self.installation)
    }
}
