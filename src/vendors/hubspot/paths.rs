//! The addresses of HubSpot's API below a base URL.

use url::Url;

use super::details::DATA_SENSITIVITY;
use crate::domain::field::DataSensitivity;

#[derive(Clone, Debug)]
pub(super) struct Paths {
    base_url: Url,
    /// The path of deal properties. Dated versions stand behind the area's name, `v3` before it
    /// (HubSpot's published API descriptions).
    properties: Vec<String>,
    details: Vec<String>,
    /// The path of deals, by their object type id.
    deals: Vec<String>,
    token: Vec<String>,
}

impl Paths {
    pub(super) fn new(base_url: Url, version: &str) -> Self {
        let properties = match version {
            "v3" => ["crm", "v3", "properties", "deals"],
            dated => ["crm", "properties", dated, "deals"],
        };
        let deals = match version {
            "v3" => ["crm", "v3", "objects", "0-3"],
            dated => ["crm", "objects", dated, "0-3"],
        };
        Self {
            base_url,
            deals: deals.map(str::to_owned).to_vec(),
            properties: properties.map(str::to_owned).to_vec(),
            details: ["account-info", version, "details"].map(str::to_owned).to_vec(),
            token: ["oauth", version, "token"].map(str::to_owned).to_vec(),
        }
    }

    pub(super) fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// Whose account it is.
    pub(super) fn details(&self) -> Url {
        self.url(&self.details, &[])
    }

    /// Where a grant is exchanged for a token (HubSpot's published API descriptions).
    pub(super) fn token(&self) -> Url {
        self.url(&self.token, &[])
    }

    /// What a token is good for. It has no version but this one (observed by third parties).
    pub(super) fn token_info(&self) -> Url {
        self.url(&[], &["oauth", "v2", "private-apps", "get", "access-token-info"])
    }

    /// All properties; also where one is created.
    pub(super) fn properties(&self) -> Url {
        self.url(&self.properties, &[])
    }

    /// All properties of a sensitivity.
    pub(super) fn properties_of(&self, sensitivity: DataSensitivity) -> Url {
        shown(self.properties(), sensitivity)
    }

    /// One property, if it is of this sensitivity.
    pub(super) fn property_of(&self, name: &str, sensitivity: DataSensitivity) -> Url {
        shown(self.property(name), sensitivity)
    }

    /// One property.
    pub(super) fn property(&self, name: &str) -> Url {
        self.url(&self.properties, &[name])
    }

    /// One property in the recycle bin.
    pub(super) fn archived_property(&self, name: &str) -> Url {
        let mut url = self.property(name);
        url.query_pairs_mut().append_pair("archived", "true");
        url
    }

    /// Where many properties are created.
    pub(super) fn batch_create(&self) -> Url {
        self.url(&self.properties, &["batch", "create"])
    }

    /// All groups; also where one is created.
    pub(super) fn groups(&self) -> Url {
        self.url(&self.properties, &["groups"])
    }

    /// One group.
    pub(super) fn group(&self, name: &str) -> Url {
        self.url(&self.properties, &["groups", name])
    }

    /// A page of deals with these properties.
    pub(super) fn deals(&self, limit: usize, properties: &[&str], after: Option<&str>) -> Url {
        let mut url = self.url(&self.deals, &[]);
        let mut query = url.query_pairs_mut();
        query.append_pair("limit", &limit.to_string());
        query.append_pair("properties", &properties.join(","));
        if let Some(after) = after {
            query.append_pair("after", after);
        }
        drop(query);
        url
    }

    /// Where many deals are read or changed, or looked for.
    pub(super) fn deals_at(&self, rest: &[&str]) -> Url {
        self.url(&self.deals, rest)
    }

    fn url(&self, path: &[String], rest: &[&str]) -> Url {
        let mut url = self.base_url.clone();
        // Fails only for addresses such as `data:`, which no host policy lets through.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path).extend(rest);
        }
        url
    }
}

/// Asks for what is of a sensitivity. Without being asked HubSpot shows what is not sensitive.
fn shown(mut url: Url, sensitivity: DataSensitivity) -> Url {
    if sensitivity != DataSensitivity::NonSensitive {
        url.query_pairs_mut().append_pair(DATA_SENSITIVITY, sensitivity.as_str());
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(version: &str) -> Paths {
        Paths::new(Url::parse("https://api.hubapi.com").unwrap(), version)
    }

    #[test]
    fn the_version_stands_where_hubspot_wants_it() {
        assert_eq!(
            paths("2026-09").property("tier").as_str(),
            "https://api.hubapi.com/crm/properties/2026-09/deals/tier"
        );
        assert_eq!(
            paths("v3").batch_create().as_str(),
            "https://api.hubapi.com/crm/v3/properties/deals/batch/create"
        );
        assert_eq!(
            paths("2026-09").details().as_str(),
            "https://api.hubapi.com/account-info/2026-09/details"
        );
        for version in ["v3", "2026-09"] {
            let expected = format!("https://api.hubapi.com/oauth/{version}/token");
            assert_eq!(paths(version).token().as_str(), expected);
        }
    }

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(
            paths("2026-09").property("a/b?c").as_str(),
            "https://api.hubapi.com/crm/properties/2026-09/deals/a%2Fb%3Fc"
        );
    }
}
