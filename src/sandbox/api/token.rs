//! HubSpot's tokens: which portal is theirs, what they may do, and how they are turned away.

use axum::body::Bytes;
use axum::http::request::Parts;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::domain::Timestamp;
use crate::sandbox::faults::Policy;
use crate::sandbox::hubspot::{Portal, Refusal};
use crate::sandbox::limiter::{Daily, Standing};
use crate::sandbox::registry::{Denied, Kept, Token, TokenKind};
use crate::sandbox::vendor::bearer;
use crate::sandbox::world::{Settings, lock};

/// Calls within ten seconds of an application that anybody may install, per portal.
const OAUTH_BURST: u32 = 110;

/// The path that takes its token in the body instead of a header.
pub(super) const TOKEN_INFO: &str = "/oauth/v2/private-apps/get/access-token-info";

/// How new portals are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Opening {
    /// How many deals each has.
    pub(crate) deals: u32,
}

impl Kept for Portal {
    type Id = u32;
    type Opening = Opening;
    const SCOPES: &'static [&'static str] = &[
        "oauth",
        "crm.objects.deals.read",
        "crm.objects.deals.write",
        "crm.schemas.deals.read",
        "crm.schemas.deals.write",
    ];

    /// Positive and under 2^31, as the ids of portals are.
    fn id_of(token: &str) -> u32 {
        let digest = Sha256::digest(token.as_bytes());
        let number =
            digest.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        (number & 0x7fff_ffff).max(1)
    }

    fn opened(opening: &Opening, now: Timestamp) -> Self {
        let mut portal = Self::open(now);
        portal.seed_deals(opening.deals, now);
        portal
    }
}

impl Token<Portal> {
    /// Counts a call in against the limits that its path and its token are under.
    pub(crate) fn within_limits(
        &self,
        path: &str,
        now: Timestamp,
        settings: &Settings,
    ) -> Standing {
        let mut portal = self.account.lock();
        let limit = match (self.burst_limit, self.kind, portal.switches.tier) {
            (Some(limit), _, _) => limit,
            (None, TokenKind::Oauth, _) => OAUTH_BURST,
            (None, _, Some(tier)) => tier.burst(),
            (None, _, None) => settings.burst_limit,
        };
        let mut window = lock(&self.window);
        // Applications that anybody may install have no daily limit.
        let daily = (self.kind != TokenKind::Oauth).then(|| portal.daily(now));
        let mut standing = if daily.is_some_and(|daily| daily.remaining == 0) {
            let standing = window.standing(now, limit, settings.burst_window_ms);
            Standing { refused_by: Some(Policy::Daily), ..standing }
        } else if path.ends_with("/search") {
            portal.admit_search(now)
        } else {
            window.admit(now, limit, settings.burst_window_ms)
        };
        let counted = u64::from(standing.admitted());
        standing.daily = daily
            .map(|daily| Daily { remaining: daily.remaining.saturating_sub(counted), ..daily });
        if daily.is_some() {
            portal.count_today(counted);
        }
        standing
    }

    /// Refuses the call unless the token has one of the scopes; the first is the one that is named.
    pub(crate) fn needs(&self, scopes: &[&str]) -> Result<(), Refusal> {
        if self.scopes.iter().any(|scope| scopes.contains(&scope.as_str())) {
            return Ok(());
        }
        let named = scopes.first().map(|scope| (*scope).to_owned()).into_iter().collect();
        Err(Refusal::new(
            403,
            "MISSING_SCOPES",
            "This token has none of the scopes that the call requires.",
        )
        .with("requiredGranularScopes", named))
    }
}

/// Returns the token that a call came with: in its header, or on one path in its body.
pub(crate) fn presented(parts: &Parts, body: &Bytes) -> Option<String> {
    if parts.uri.path() != TOKEN_INFO {
        return bearer(parts);
    }
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(body.get("tokenKey")?.as_str()?.to_owned())
}

/// 401 for a token that opens nothing.
pub(crate) fn denied(why: Denied) -> Refusal {
    let (category, message) = match why {
        Denied::Unknown => ("INVALID_AUTHENTICATION", "No valid token came with this request."),
        Denied::Revoked => {
            ("EXPIRED_AUTHENTICATION", "The token of this request is expired or revoked.")
        }
    };
    Refusal::new(401, category, message)
}
