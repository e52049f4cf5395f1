//! `Debug` for the generated messages that hold a credential, which it never prints.

use std::fmt;

use crate::v1::HubSpotSettings;
use crate::v1::hub_spot_settings::Credential;

impl fmt::Debug for HubSpotSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubSpotSettings")
            .field("credential", &self.credential)
            .field("burst_per_10s", &self.burst_per_10s)
            .finish()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccessToken(_) => f.write_str("AccessToken([redacted])"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_not_printed() {
        let settings = HubSpotSettings {
            credential: Some(Credential::AccessToken("pat-secret".to_owned())),
            burst_per_10s: 5,
        };
        let request = crate::v1::ConnectVendorRequest {
            settings: Some(crate::v1::connect_vendor_request::Settings::Hubspot(settings)),
            ..Default::default()
        };
        let printed = format!("{request:?} {request:#?}");
        assert!(printed.contains("redacted") && !printed.contains("pat-secret"), "{printed}");
    }
}
