//! Attributes that a vendor is to ignore.

use axum::body::Bytes;
use serde_json::Value;

/// Takes attributes out of a body, and out of every input of a batch.
pub(crate) fn without(body: Bytes, ignored: &[String]) -> Bytes {
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
    fn an_ignored_attribute_is_taken_out_of_every_input() {
        let body = Bytes::from_static(br#"{"inputs":[{"name":"a","label":"A"}],"label":"B"}"#);
        let left = without(body, &["label".to_owned()]);
        assert_eq!(&left[..], br#"{"inputs":[{"name":"a"}]}"#);
    }
}
