//! Which properties and groups a call is about, from its path and body alone.

use axum::body::Bytes;
use serde_json::Value;

/// Returns the names of the properties or groups a call is about.
pub(crate) fn names(path: &str, body: &Bytes) -> Vec<String> {
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
}
