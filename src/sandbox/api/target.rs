//! Whose properties or deals a call is about, and what the token may do with them.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Path};
use axum::http::request::Parts;
use serde::Deserialize;

use crate::sandbox::hubspot::property::DataSensitivity;
use crate::sandbox::hubspot::{Portal, Refusal};
use crate::sandbox::registry::{Denied, Token, TokenKind};

/// The dated versions that are served besides v3.
const VERSIONS: [&str; 3] = ["2025-09", "2026-03", "2026-09"];

/// The user who installed the applications.
const INSTALLER_ID: &str = "1";

/// A token that may read definitions has one of these; the first is named in a refusal.
const READ_SCOPES: [&str; 3] =
    ["crm.schemas.deals.read", "crm.objects.deals.read", "crm.objects.deals.write"];
const WRITE_SCOPES: [&str; 1] = ["crm.schemas.deals.write"];
/// The last two of these let a token write as well.
const READ_SENSITIVE_SCOPES: [&str; 4] = [
    "crm.objects.deals.sensitive.read",
    "crm.objects.deals.sensitive.read.v2",
    "crm.objects.deals.sensitive.write",
    "crm.objects.deals.sensitive.write.v2",
];
const READ_HIGHLY_SENSITIVE_SCOPES: [&str; 4] = [
    "crm.objects.deals.highly_sensitive.read",
    "crm.objects.deals.highly_sensitive.read.v2",
    "crm.objects.deals.highly_sensitive.write",
    "crm.objects.deals.highly_sensitive.write.v2",
];
const READ_DEALS_SCOPES: [&str; 1] = ["crm.objects.deals.read"];
const WRITE_DEALS_SCOPES: [&str; 1] = ["crm.objects.deals.write"];

/// The path's parameters, checked, with the token of the call.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) token: Arc<Token<Portal>>,
    pub(super) name: String,
    /// The path up to and including the object type, for `Location`.
    pub(super) base: String,
}

#[derive(Deserialize)]
struct Parameters {
    version: Option<String>,
    object_type: String,
    #[serde(default)]
    name: String,
}

impl Target {
    /// Refuses the call unless the token may read definitions.
    pub(super) fn may_read(&self) -> Result<(), Refusal> {
        self.token.needs(&READ_SCOPES)
    }

    /// Refuses the call unless the token may change definitions.
    pub(super) fn may_write(&self) -> Result<(), Refusal> {
        self.token.needs(&WRITE_SCOPES)
    }

    /// Notes the user who installed an application as the one who made or changed a property.
    pub(super) fn sign(&self, portal: &mut Portal, name: &str, created: bool) {
        if self.token.kind == TokenKind::Oauth {
            portal.sign(name, INSTALLER_ID, created);
        }
    }

    /// Refuses the call unless the token may read definitions of that sensitivity.
    pub(super) fn may_see(&self, sensitivity: DataSensitivity) -> Result<(), Refusal> {
        match sensitivity {
            DataSensitivity::NonSensitive => Ok(()),
            DataSensitivity::Sensitive => self.token.needs(&READ_SENSITIVE_SCOPES),
            DataSensitivity::HighlySensitive => self.token.needs(&READ_HIGHLY_SENSITIVE_SCOPES),
        }
    }

    /// Refuses the call unless the token may write definitions of that sensitivity.
    pub(super) fn may_define(&self, sensitivity: DataSensitivity) -> Result<(), Refusal> {
        match sensitivity {
            DataSensitivity::NonSensitive => Ok(()),
            DataSensitivity::Sensitive => self.token.needs(&READ_SENSITIVE_SCOPES[2..]),
            DataSensitivity::HighlySensitive => {
                self.token.needs(&READ_HIGHLY_SENSITIVE_SCOPES[2..])
            }
        }
    }

    /// Refuses the call unless the token may read deals.
    pub(super) fn may_read_deals(&self) -> Result<(), Refusal> {
        self.token.needs(&READ_DEALS_SCOPES)
    }

    /// Refuses the call unless the token may change deals.
    pub(super) fn may_write_deals(&self) -> Result<(), Refusal> {
        self.token.needs(&WRITE_DEALS_SCOPES)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Target {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let token = token(parts)?;
        let pattern = parts.extensions.get::<MatchedPath>().cloned();
        let Path(parameters) = Path::<Parameters>::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::not_found("There is no such path here."))?;
        let object_type = parameters.object_type;
        if !matches!(object_type.to_ascii_lowercase().as_str(), "deals" | "deal" | "0-3") {
            return Err(Refusal::invalid(format!(
                "Unable to infer object type from: {object_type}"
            )));
        }
        if let Some(version) = &parameters.version {
            check_version(version)?;
        }
        let version = parameters.version.unwrap_or_default();
        // Both `/crm/v3/{family}/{type}` and `/crm/{family}/{version}/{type}` have four segments.
        let segments = pattern.as_ref().map_or("", MatchedPath::as_str).split('/').take(1 + 4);
        let filled = segments.map(|segment| match segment {
            "{version}" => version.as_str(),
            "{object_type}" => object_type.as_str(),
            segment => segment,
        });
        let base = filled.collect::<Vec<_>>().join("/");
        Ok(Self { token, name: parameters.name, base })
    }
}

/// Refuses a version that is not served.
pub(super) fn check_version(version: &str) -> Result<(), Refusal> {
    if VERSIONS.contains(&version) {
        return Ok(());
    }
    Err(Refusal::not_found(format!("The version '{version}' is not served.")))
}

/// Returns the token that the gate put beside the request.
pub(super) fn token(parts: &Parts) -> Result<Arc<Token<Portal>>, Refusal> {
    parts
        .extensions
        .get::<Arc<Token<Portal>>>()
        .cloned()
        .ok_or_else(|| super::token::denied(Denied::Unknown))
}
