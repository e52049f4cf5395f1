//! Applications that anybody may install in a portal, and what they were granted there: how they get
//! their access tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::hubspot::Portal;
use super::registry::{self, TokenKind, TokenSpec};
use crate::domain::Timestamp;
use crate::hex;

/// How long an access token of HubSpot's lives.
const LIFETIME_SECONDS: u64 = 1_800;

/// An application, as a test describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct App {
    pub(crate) client_id: String,
    client_secret: String,
    #[serde(default = "lifetime_seconds")]
    pub(crate) lifetime_seconds: u64,
    /// Whether every refresh brings a new refresh token and ends the old one.
    #[serde(default)]
    pub(crate) rotate: bool,
    /// Whether refusals are written as the first version of the API writes them.
    #[serde(default)]
    legacy_errors: bool,
}

fn lifetime_seconds() -> u64 {
    LIFETIME_SECONDS
}

/// What an application was granted, as a test describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantSpec {
    pub(crate) client_id: String,
    pub(crate) portal_id: u32,
    scopes: Option<Vec<String>>,
    /// None: the sandbox makes one up.
    refresh_token: Option<String>,
}

/// A refresh token and what it stands for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) portal_id: u32,
    pub(crate) scopes: Vec<String>,
    /// How many access tokens it brought.
    pub(crate) refreshes: u64,
    pub(crate) revoked: bool,
    /// Whether a refresh put another one in its place.
    pub(crate) replaced: bool,
}

/// Why there is no access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    UnknownApp,
    WrongSecret,
    BadRefreshToken,
    OtherGrantType,
}

/// A denial, and whether it is written as the first version of the API writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) why: Denial,
    pub(crate) legacy: bool,
}

/// What a refresh asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    pub(crate) grant_type: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) refresh_token: String,
}

/// What a refresh brings.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) access: TokenSpec<Portal>,
    pub(crate) refresh_token: String,
    pub(crate) lifetime_seconds: u64,
}

/// Applications and grants.
#[derive(Debug, Default)]
pub(crate) struct Oauth {
    apps: BTreeMap<String, App>,
    grants: BTreeMap<String, Grant>,
    issued: u64,
}

impl Oauth {
    /// Makes an application known, or describes it anew.
    pub(crate) fn make_app(&mut self, app: App) {
        self.apps.insert(app.client_id.clone(), app);
    }

    /// Grants an application something and returns the refresh token.
    pub(crate) fn make_grant(&mut self, spec: GrantSpec) -> Result<String, String> {
        if !self.apps.contains_key(&spec.client_id) {
            return Err(format!("there is no application {}", spec.client_id));
        }
        let token = spec.refresh_token.unwrap_or_else(|| self.made_up("refresh", 1));
        let grant = Grant {
            client_id: spec.client_id,
            portal_id: spec.portal_id,
            scopes: spec.scopes.unwrap_or_else(registry::all_scopes::<Portal>),
            refreshes: 0,
            revoked: false,
            replaced: false,
        };
        self.grants.insert(token.clone(), grant);
        Ok(token)
    }

    /// Ends every grant of an application in a portal; returns how many there were.
    pub(crate) fn revoke(&mut self, client_id: &str, portal_id: u32) -> usize {
        let of_both =
            |grant: &&mut Grant| grant.client_id == client_id && grant.portal_id == portal_id;
        self.grants.values_mut().filter(of_both).map(|grant| grant.revoked = true).count()
    }

    /// Returns the applications.
    pub(crate) fn apps(&self) -> impl Iterator<Item = &App> {
        self.apps.values()
    }

    /// Returns the grants, by their refresh tokens.
    pub(crate) fn grants(&self) -> &BTreeMap<String, Grant> {
        &self.grants
    }

    /// Gives an access token for a refresh token.
    pub(crate) fn refresh(&mut self, ask: &Ask, now: Timestamp) -> Result<Issued, Denied> {
        let denied = |why, legacy| Err(Denied { why, legacy });
        let Some(app) = self.apps.get(&ask.client_id) else {
            return denied(Denial::UnknownApp, false);
        };
        let (rotate, lifetime_seconds, legacy) =
            (app.rotate, app.lifetime_seconds, app.legacy_errors);
        if app.client_secret != ask.client_secret {
            return denied(Denial::WrongSecret, legacy);
        }
        if ask.grant_type != "refresh_token" {
            return denied(Denial::OtherGrantType, legacy);
        }
        let usable = |grant: &&mut Grant| {
            !grant.revoked && !grant.replaced && grant.client_id == ask.client_id
        };
        let Some(grant) = self.grants.get_mut(&ask.refresh_token).filter(usable) else {
            return denied(Denial::BadRefreshToken, legacy);
        };
        grant.refreshes += 1;
        grant.replaced = rotate;
        let grant = grant.clone();
        let mut refresh_token = ask.refresh_token.clone();
        if rotate {
            refresh_token = self.made_up("refresh", 1);
            self.grants.insert(refresh_token.clone(), Grant { replaced: false, ..grant.clone() });
        }
        let access = TokenSpec {
            account: Some(grant.portal_id),
            scopes: Some(grant.scopes),
            kind: TokenKind::Oauth,
            expires_at: Some(now.plus(Duration::from_secs(lifetime_seconds))),
            application: Some(grant.client_id),
            // Access tokens of HubSpot's are longer than 300 characters.
            ..TokenSpec::of(self.made_up("access", 5))
        };
        Ok(Issued { access, refresh_token, lifetime_seconds })
    }

    /// Makes a token up: the same in every run, and in need of no secret.
    fn made_up(&mut self, what: &str, digests: u32) -> String {
        self.issued += 1;
        let digest = |n| hex::encode(&Sha256::digest(format!("{what} {} {n}", self.issued)));
        let digests: String = (0..digests).map(digest).collect();
        format!("sandbox-{what}-{digests}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(0);

    fn oauth(rotate: bool) -> (Oauth, Ask) {
        let mut oauth = Oauth::default();
        let app = json!({ "client_id": "app", "client_secret": "secret", "rotate": rotate });
        oauth.make_app(serde_json::from_value(app).unwrap());
        let grant = json!({ "client_id": "app", "portal_id": 7 });
        let refresh_token = oauth.make_grant(serde_json::from_value(grant).unwrap()).unwrap();
        let ask = Ask {
            grant_type: "refresh_token".to_owned(),
            client_id: "app".to_owned(),
            client_secret: "secret".to_owned(),
            refresh_token,
        };
        (oauth, ask)
    }

    fn denied(oauth: &mut Oauth, ask: &Ask) -> Denial {
        oauth.refresh(ask, NOW).unwrap_err().why
    }

    #[test]
    fn a_refresh_brings_another_long_token_that_ends() {
        let (mut oauth, ask) = oauth(false);
        let (one, two) = (oauth.refresh(&ask, NOW).unwrap(), oauth.refresh(&ask, NOW).unwrap());
        assert_ne!(one.access.token, two.access.token);
        assert!(one.access.token.len() > 300);
        assert_eq!(one.access.expires_at, Some(Timestamp::from_micros(1_800_000_000)));
        assert_eq!(two.refresh_token, ask.refresh_token);
        assert_eq!(oauth.grants()[&ask.refresh_token].refreshes, 2);
    }

    #[test]
    fn a_refresh_token_that_rotates_serves_once() {
        let (mut oauth, ask) = oauth(true);
        let issued = oauth.refresh(&ask, NOW).unwrap();
        assert_eq!(denied(&mut oauth, &ask), Denial::BadRefreshToken);
        let next = Ask { refresh_token: issued.refresh_token, ..ask };
        assert!(oauth.refresh(&next, NOW).is_ok());
    }

    #[test]
    fn a_revoked_grant_and_a_wrong_application_get_nothing() {
        let (mut oauth, ask) = oauth(false);
        let other = Ask { client_id: "other".to_owned(), ..ask.clone() };
        assert_eq!(denied(&mut oauth, &other), Denial::UnknownApp);
        let wrong = Ask { client_secret: "wrong".to_owned(), ..ask.clone() };
        assert_eq!(denied(&mut oauth, &wrong), Denial::WrongSecret);
        let code = Ask { grant_type: "authorization_code".to_owned(), ..ask.clone() };
        assert_eq!(denied(&mut oauth, &code), Denial::OtherGrantType);
        assert_eq!(oauth.revoke("app", 7), 1);
        assert_eq!(denied(&mut oauth, &ask), Denial::BadRefreshToken);
    }
}
