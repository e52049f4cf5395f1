//! What a call is and what it is about, from its path and body alone.

use axum::body::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// Returns the names of the properties or groups a call is about, or the id of the one deal. Of
/// batches of deals only the number is told, by [`about`]: a log of all their ids would be long.
pub(crate) fn names(path: &str, body: &Bytes) -> Vec<String> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match below_an_object(&segments) {
        Some(("properties", [] | ["groups"])) => names_in(body, "/name"),
        Some(("properties", ["batch", _])) => names_in(body, "/inputs"),
        Some(("properties", ["groups", name] | [name])) => vec![(*name).to_owned()],
        Some(("objects", [id])) if *id != "search" => vec![(*id).to_owned()],
        _ => Vec::new(),
    }
}

/// Returns what kind of call this is, and how many inputs a batch of deals has.
pub(crate) fn about(method: &str, path: &str, body: &Bytes) -> (&'static str, usize) {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let kind = match below_an_object(&segments) {
        Some(("properties", rest)) => property_call(method, rest),
        Some(("objects", rest)) => deal_call(method, rest),
        _ => match segments.as_slice() {
            ["oauth", .., "token"] => "oauth.token",
            ["account-info", ..] => "account",
            _ => "other",
        },
    };
    let inputs = if kind.starts_with("deals.batch_") { count_inputs(body) } else { 0 };
    (kind, inputs)
}

/// Splits off what follows the object type, in `/crm/v3/{family}/{type}` and in
/// `/crm/{family}/{version}/{type}`.
fn below_an_object<'a, 'b>(segments: &'b [&'a str]) -> Option<(&'a str, &'b [&'a str])> {
    match segments {
        ["crm", "v3", family, _, rest @ ..] | ["crm", family, _, _, rest @ ..] => {
            Some((*family, rest))
        }
        _ => None,
    }
}

fn property_call(method: &str, rest: &[&str]) -> &'static str {
    match (method, rest) {
        ("GET", []) => "properties.list",
        ("GET", ["groups"]) => "groups.list",
        ("GET", ["groups", _]) => "groups.read",
        ("GET", _) => "properties.read",
        ("POST", []) => "properties.create",
        ("POST", ["groups"]) => "groups.create",
        ("POST", ["batch", "create"]) => "properties.batch_create",
        ("POST", ["batch", "read"]) => "properties.batch_read",
        ("POST", ["batch", "archive"]) => "properties.batch_archive",
        ("PATCH", ["groups", _]) => "groups.update",
        ("PATCH", _) => "properties.update",
        ("DELETE", ["groups", _]) => "groups.archive",
        ("DELETE", _) => "properties.archive",
        _ => "other",
    }
}

fn deal_call(method: &str, rest: &[&str]) -> &'static str {
    match (method, rest) {
        ("GET", []) => "deals.list",
        ("GET", _) => "deals.read",
        ("POST", []) => "deals.create",
        ("POST", ["search"]) => "deals.search",
        ("POST", ["batch", "read"]) => "deals.batch_read",
        ("POST", ["batch", "update"]) => "deals.batch_update",
        ("POST", ["batch", "create"]) => "deals.batch_create",
        ("POST", ["batch", "archive"]) => "deals.batch_archive",
        ("PATCH", _) => "deals.update",
        ("DELETE", _) => "deals.archive",
        _ => "other",
    }
}

fn count_inputs(body: &Bytes) -> usize {
    #[derive(Deserialize)]
    struct Batch {
        inputs: Vec<IgnoredAny>,
    }
    serde_json::from_slice::<Batch>(body).map_or(0, |batch| batch.inputs.len())
}

fn names_in(body: &Bytes, pointer: &str) -> Vec<String> {
    let name = |value: &Value| value.as_str().map(str::to_owned);
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    match body.pointer(pointer) {
        Some(Value::Array(inputs)) => {
            inputs.iter().filter_map(|input| input.get("name").and_then(name)).collect()
        }
        Some(value) => name(value).into_iter().collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_the_path_or_in_the_body() {
        let batch = Bytes::from_static(br#"{"inputs":[{"name":"a"},{"name":"b"}]}"#);
        let one = Bytes::from_static(br#"{"name":"c"}"#);
        assert_eq!(names("/crm/v3/properties/deals/batch/create", &batch), ["a", "b"]);
        assert_eq!(names("/crm/properties/2026-09/deals", &one), ["c"]);
        assert_eq!(names("/crm/properties/2026-09/deals/tier", &Bytes::new()), ["tier"]);
        assert_eq!(names("/crm/v3/properties/deals/groups/g", &Bytes::new()), ["g"]);
        assert_eq!(names("/crm/objects/2026-09/0-3/77", &Bytes::new()), ["77"]);
        assert!(names("/crm/v3/properties/deals", &Bytes::new()).is_empty());
        assert!(names("/crm/v3/objects/deals/search", &Bytes::new()).is_empty());
    }

    #[test]
    fn a_call_is_known_by_its_kind_and_a_batch_of_deals_by_its_size() {
        let batch = Bytes::from_static(br#"{"inputs":[{"id":"1"},{"id":"2"}]}"#);
        let path = "/crm/objects/2026-09/0-3/batch/update";
        assert_eq!(about("POST", path, &batch), ("deals.batch_update", 2));
        let none = Bytes::new();
        assert_eq!(about("GET", "/crm/v3/objects/deals", &none), ("deals.list", 0));
        assert_eq!(about("PATCH", "/crm/v3/properties/deals/a", &none), ("properties.update", 0));
        assert_eq!(about("POST", "/oauth/2026-09/token", &none), ("oauth.token", 0));
    }
}
