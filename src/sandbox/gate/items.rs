//! What can be told about a call from its path and body alone.

use axum::body::Bytes;
use axum::http::header;
use axum::http::request::Parts;
use serde_json::Value;

/// The path that takes its token in the body instead of a header.
pub(crate) const TOKEN_INFO: &str = "/oauth/v2/private-apps/get/access-token-info";

/// Returns the token a call came with.
pub(super) fn token(parts: &Parts, body: &Bytes) -> Option<String> {
    if parts.uri.path() == TOKEN_INFO {
        let body: Value = serde_json::from_slice(body).ok()?;
        return Some(body.get("tokenKey")?.as_str()?.to_owned());
    }
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// Returns the names of the properties or groups a call is about.
pub(super) fn names(path: &str, body: &Bytes) -> Vec<String> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let rest = match segments.as_slice() {
        // Both `/crm/v3/properties/{type}` and `/crm/properties/{version}/{type}`.
        ["crm", "v3", "properties", _, rest @ ..] | ["crm", "properties", _, _, rest @ ..] => rest,
        _ => return Vec::new(),
    };
    match rest {
        [] | ["groups"] => names_in(body, "/name"),
        ["batch", _] => names_in(body, "/inputs"),
        ["groups", name] | [name] => vec![(*name).to_owned()],
        _ => Vec::new(),
    }
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

/// Takes attributes out of a body, and out of every input of a batch.
pub(super) fn without(body: Bytes, ignored: &[String]) -> Bytes {
    if ignored.is_empty() {
        return body;
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(&body) else { return body };
    if let Some(object) = value.as_object_mut() {
        object.retain(|key, _| !ignored.contains(key));
    }
    let inputs = value.get_mut("inputs").and_then(Value::as_array_mut);
    for input in inputs.into_iter().flatten().filter_map(Value::as_object_mut) {
        input.retain(|key, _| !ignored.contains(key));
    }
    Bytes::from(value.to_string())
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
        assert!(names("/crm/v3/properties/deals", &Bytes::new()).is_empty());
    }

    #[test]
    fn an_ignored_attribute_is_taken_out_of_every_input() {
        let body = Bytes::from_static(br#"{"inputs":[{"name":"a","label":"A"}],"label":"B"}"#);
        let left = without(body, &["label".to_owned()]);
        assert_eq!(&left[..], br#"{"inputs":[{"name":"a"}]}"#);
    }
}
