//! `Debug` for the generated messages that hold a credential, which it never prints.

use std::fmt;

use crate::v1::hub_spot_settings::Credential;
use crate::v1::{HubSpotSettings, UpsoSettings};

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

impl fmt::Debug for UpsoSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UpsoSettings { api_key: [redacted] }")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::ConnectVendorRequest;
    use crate::v1::connect_vendor_request::Settings;

    #[test]
    fn a_credential_is_not_printed() {
        let credential = Some(Credential::AccessToken("a-secret".to_owned()));
        let hubspot = HubSpotSettings { credential, burst_per_10s: 5 };
        let upso = UpsoSettings { api_key: "a-secret".to_owned() };
        for settings in [Settings::Hubspot(hubspot), Settings::Upso(upso)] {
            let request = ConnectVendorRequest { settings: Some(settings), ..Default::default() };
            let printed = format!("{request:?} {request:#?}");
            assert!(printed.contains("redacted") && !printed.contains("a-secret"), "{printed}");
        }
    }
}
