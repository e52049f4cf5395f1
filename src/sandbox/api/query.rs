//! The query of a call, read as leniently as HubSpot does.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use url::form_urlencoded;

use crate::sandbox::hubspot::Refusal;

/// The parameters of a query. Those that nobody asks for have no effect.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Returns a parameter; of several of one name the last.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().rev().filter(|(key, _)| key == name);
        named.next().map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Returns a list: HubSpot's clients write it with commas, or as several parameters.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let named = self.0.iter().filter(|(key, _)| key == name);
        let values = named.flat_map(|(_, value)| value.split(','));
        values.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// Returns a flag, in any case: HubSpot's own Python client writes `True`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        let written = self.one(name).unwrap_or("false");
        written
            .to_ascii_lowercase()
            .parse()
            .map_err(|_| Refusal::invalid(format!("{name}: '{written}' is neither true nor false")))
    }

    /// Returns a number.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let read = |written: &str| {
            written
                .parse()
                .map_err(|_| Refusal::invalid(format!("{name}: '{written}' is not a number")))
        };
        self.one(name).map(read).transpose()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    #[test]
    fn a_list_is_written_with_commas_or_as_several_parameters() {
        assert_eq!(query("properties=a,b&properties=c").list("properties"), ["a", "b", "c"]);
        assert!(query("properties=").list("properties").is_empty());
    }

    #[test]
    fn flags_are_read_in_any_case_and_anything_else_is_refused() {
        assert!(query("archived=True").flag("archived").unwrap());
        assert!(!query("").flag("archived").unwrap());
        assert_eq!(query("archived=yes").flag("archived").unwrap_err().status, 400);
    }
}
