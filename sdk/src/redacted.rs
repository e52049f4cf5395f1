//! `Debug` for the generated messages that hold a credential, which it never prints.

use std::fmt;

use crate::v1::hub_spot_settings::Credential;
use crate::v1::{HubSpotOAuth, HubSpotSettings, UpsoSettings};

impl fmt::Debug for HubSpotSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubSpotSettings")
            .field("credential", &self.credential)
            .field("burst_per_10s", &self.burst_per_10s)
            .field("reserve_percent", &self.reserve_percent)
            .finish()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccessToken(_) => f.write_str("AccessToken([redacted])"),
            Self::Oauth(oauth) => oauth.fmt(f),
        }
    }
}

impl fmt::Debug for HubSpotOAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubSpotOAuth")
            .field("client_id", &self.client_id)
            .field("secrets", &format_args!("[redacted]"))
            .finish()
    }
}

impl fmt::Debug for UpsoSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UpsoSettings { api_key: [redacted], webhook_secrets: [redacted] }")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::ConnectVendorRequest;
    use crate::v1::connect_vendor_request::Settings;

    #[test]
    fn a_credential_is_not_printed() {
        let grant = HubSpotOAuth {
            client_id: "an-app".to_owned(),
            client_secret: "a-secret".to_owned(),
            refresh_token: "a-secret".to_owned(),
        };
        let hubspot = |credential| {
            Settings::Hubspot(HubSpotSettings {
                credential: Some(credential),
                ..Default::default()
            })
        };
        let upso = UpsoSettings {
            api_key: "a-secret".to_owned(),
            webhook_secrets: vec!["a-secret".to_owned()],
        };
        for settings in [
            hubspot(Credential::AccessToken("a-secret".to_owned())),
            hubspot(Credential::Oauth(grant)),
            Settings::Upso(upso),
        ] {
            let request = ConnectVendorRequest { settings: Some(settings), ..Default::default() };
            let printed = format!("{request:?} {request:#?}");
            assert!(printed.contains("redacted") && !printed.contains("a-secret"), "{printed}");
        }
    }
}
