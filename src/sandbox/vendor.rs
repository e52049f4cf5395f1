//! The vendors that are imitated, as far as the way of a call must tell them apart: paths, tokens,
//! names and words.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Extensions, Response, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::faults::FaultAnswer;
use super::hubspot::{Portal, Refusal, trouble};
use super::limiter::Standing;
use super::registry::{Denied, InFlight, Kept, Registry, Token};
use super::upso::Cadences;
use super::world::World;
use super::{api, upso};
use crate::domain::Timestamp;

/// Whose API a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Vendor {
    Hubspot,
    Upso,
}

/// Which account a call is for, by the vendor's own kind of id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Portal(u32),
    Account(String),
}

impl Whose {
    /// Returns the id of a portal of HubSpot.
    pub(crate) fn portal_id(&self) -> Option<u32> {
        match self {
            Self::Portal(id) => Some(*id),
            Self::Account(_) => None,
        }
    }

    /// Returns the id of an account of Upso.
    pub(crate) fn account_id(&self) -> Option<&str> {
        match self {
            Self::Portal(_) => None,
            Self::Account(id) => Some(id),
        }
    }
}

impl From<u32> for Whose {
    fn from(portal_id: u32) -> Self {
        Self::Portal(portal_id)
    }
}

impl From<String> for Whose {
    fn from(account_id: String) -> Self {
        Self::Account(account_id)
    }
}

/// A call whose token opened an account.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) whose: Whose,
    pub(crate) serving: InFlight,
    pub(crate) standing: Standing,
    /// The token, for the paths of the API to find beside the request.
    pub(crate) token: Extensions,
}

impl Vendor {
    /// Returns whose path this is: Upso's begin with `/v1`, every other one is HubSpot's.
    pub(crate) fn of(path: &str) -> Self {
        match path.split('/').nth(1) {
            Some("v1") => Self::Upso,
            _ => Self::Hubspot,
        }
    }

    /// Returns every path of the vendor's API. The token is expected among the request's extensions.
    pub(crate) fn router(self, world: Arc<World>) -> Router {
        match self {
            Self::Hubspot => api::router(world),
            Self::Upso => upso::api::router(world),
        }
    }

    /// Lets a call in by its token and counts it; none: it is for a path that asks for no token.
    pub(crate) fn enter(
        self,
        world: &World,
        parts: &Parts,
        body: &Bytes,
        now: Timestamp,
    ) -> Result<Option<Entry>, Denied> {
        let settings = world.settings();
        let path = parts.uri.path();
        match self {
            Self::Hubspot if api::oauth::is_token_path(path) => Ok(None),
            Self::Hubspot => {
                let presented = api::token::presented(parts, body);
                let limits = |token: &Token<Portal>| token.within_limits(path, now, &settings);
                enter(&world.portals, presented, limits, now).map(Some)
            }
            Self::Upso => {
                let limits = |token: &Token<Cadences>| token.admit(now, &settings);
                enter(&world.upso, bearer(parts), limits, now).map(Some)
            }
        }
    }

    /// Returns the names of what a call is about.
    pub(crate) fn items(self, path: &str, body: &Bytes) -> Vec<String> {
        match self {
            Self::Hubspot => api::items::names(path, body),
            Self::Upso => upso::api::items(path, body),
        }
    }

    /// Returns what kind of call this is, and how many inputs a batch of deals has.
    pub(crate) fn about(self, method: &str, path: &str, body: &Bytes) -> (&'static str, usize) {
        match self {
            Self::Hubspot => api::items::about(method, path, body),
            Self::Upso => ("upso", 0),
        }
    }

    /// 401.
    pub(crate) fn denied(self, why: Denied) -> Response<Body> {
        match self {
            Self::Hubspot => api::token::denied(why).into_response(),
            Self::Upso => upso::Refusal::unauthorized().into_response(),
        }
    }

    /// 413.
    pub(crate) fn too_long(self) -> Response<Body> {
        match self {
            Self::Hubspot => {
                Refusal::new(413, "VALIDATION_ERROR", "The body is too long.").into_response()
            }
            Self::Upso => upso::Refusal::too_large().into_response(),
        }
    }

    /// 429 of the limit that is used up.
    pub(crate) fn used_up(self, standing: &Standing) -> Response<Body> {
        match self {
            Self::Hubspot => {
                let policy = standing.refused_by.unwrap_or_default();
                Answer::new(429, trouble::rate_limited(policy, &api::correlation_id()))
                    .into_response()
            }
            Self::Upso => {
                let body = upso::trouble::body(429);
                upso::trouble::answer(429, body, Some(standing.reset_seconds())).into_response()
            }
        }
    }

    /// Writes the answer of a fault.
    pub(crate) fn fault(self, fault: &FaultAnswer) -> Response<Body> {
        match self {
            Self::Hubspot => {
                let words = |fault: &FaultAnswer| {
                    trouble::body(fault.status, fault.policy, &api::correlation_id())
                };
                let answer = Answer::new(fault.status, fault.body(words));
                match fault.retry_after_seconds {
                    Some(seconds) => answer.with(header::RETRY_AFTER, seconds),
                    None => answer,
                }
            }
            Self::Upso => {
                let body = fault.body(|fault| upso::trouble::body(fault.status));
                upso::trouble::answer(fault.status, body, fault.retry_after_seconds)
            }
        }
        .into_response()
    }

    /// Returns the headers by which the vendor tells how far a limit is used up.
    pub(crate) fn headers(self, standing: &Standing) -> Vec<(&'static str, u64)> {
        match self {
            Self::Hubspot => standing.hubspot_headers(),
            Self::Upso => standing.upso_headers(),
        }
    }
}

fn enter<K: Kept<Id: Into<Whose>>>(
    registry: &Registry<K>,
    token: Option<String>,
    limits: impl FnOnce(&Token<K>) -> Standing,
    now: Timestamp,
) -> Result<Entry, Denied> {
    let token = registry.token(&token.ok_or(Denied::Unknown)?, now)?;
    let (serving, standing) = (token.serve(), limits(&token));
    let whose = token.account.id.clone().into();
    let mut extensions = Extensions::new();
    extensions.insert(token);
    Ok(Entry { whose, serving, standing, token: extensions })
}

/// Returns the token in the header.
pub(crate) fn bearer(parts: &Parts) -> Option<String> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_segment_of_a_path_says_whose_it_is() {
        assert_eq!(Vendor::of("/v1"), Vendor::Upso);
        assert_eq!(Vendor::of("/v1/cadences/welcome"), Vendor::Upso);
        assert_eq!(Vendor::of("/crm/v3/properties/deals"), Vendor::Hubspot);
        assert_eq!(Vendor::of("/v10"), Vendor::Hubspot);
        assert_eq!(Vendor::of(""), Vendor::Hubspot);
    }
}
