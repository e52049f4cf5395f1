//! What HubSpot says when it refuses: status, category and the JSON error body.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

/// A refused request, as a value; [`Refusal::body`] writes it the way HubSpot does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) category: &'static str,
    pub(crate) sub_category: Option<&'static str>,
    pub(crate) message: String,
    pub(crate) context: BTreeMap<&'static str, Vec<String>>,
    /// `errors[].code` of a single detail.
    pub(crate) code: Option<&'static str>,
    /// `errors` where there are several, or one with a context of its own.
    pub(crate) details: Box<[Detail]>,
    /// HubSpot wraps a few errors as a JSON text inside the outer `message`.
    pub(crate) nested: bool,
}

/// One entry of `errors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Detail {
    pub(crate) message: String,
    pub(crate) code: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) context: BTreeMap<&'static str, Vec<String>>,
}

impl Refusal {
    /// Creates a refusal with nothing but the fields every HubSpot error has.
    pub(crate) fn new(status: u16, category: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            category,
            sub_category: None,
            message: message.into(),
            context: BTreeMap::new(),
            code: None,
            details: Box::default(),
            nested: false,
        }
    }

    /// 400 `VALIDATION_ERROR`.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "VALIDATION_ERROR", message)
    }

    /// 404 `OBJECT_NOT_FOUND`.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "OBJECT_NOT_FOUND", message)
    }

    /// 409 `OBJECT_ALREADY_EXISTS`.
    pub(crate) fn exists(message: impl Into<String>) -> Self {
        Self::new(409, "OBJECT_ALREADY_EXISTS", message)
    }

    /// Adds the `subCategory`.
    pub(crate) fn sub(mut self, sub_category: &'static str) -> Self {
        self.sub_category = Some(sub_category);
        self
    }

    /// Names the reason both as `subCategory` and as the code of one entry in `errors`, because
    /// the sources do not agree on the place and a client may look in either.
    pub(crate) fn reason(mut self, reason: &'static str) -> Self {
        self.sub_category = Some(reason);
        self.code = Some(reason);
        self
    }

    /// Adds an entry to `context`.
    pub(crate) fn with(mut self, key: &'static str, values: Vec<String>) -> Self {
        self.context.insert(key, values);
        self
    }

    /// Wraps the whole error as text inside `message`.
    pub(crate) fn nested(mut self) -> Self {
        self.nested = true;
        self
    }

    /// Writes the body of an error answer.
    pub(crate) fn body(&self, correlation_id: &str) -> Value {
        let mut body = Map::new();
        body.insert("status".into(), json!("error"));
        body.insert("message".into(), json!(self.message));
        body.insert("correlationId".into(), json!(correlation_id));
        body.insert("category".into(), json!(self.category));
        if let Some(sub_category) = self.sub_category {
            body.insert("subCategory".into(), json!(sub_category));
        }
        if !self.context.is_empty() {
            body.insert("context".into(), json!(self.context));
        }
        if self.code.is_some() || !self.details.is_empty() {
            body.insert("errors".into(), self.errors());
        }
        if self.nested {
            let inner = Value::Object(body).to_string();
            return json!({ "status": "error", "message": inner, "correlationId": correlation_id });
        }
        Value::Object(body)
    }

    fn errors(&self) -> Value {
        match self.code {
            Some(code) if self.details.is_empty() => {
                json!([{ "message": self.message, "code": code }])
            }
            _ => json!(self.details),
        }
    }

    /// Writes the entry of this refusal of a property in the `errors` of a 207 answer.
    pub(crate) fn batch_entry(&self, name: &str) -> Value {
        self.entry("name", vec![name.to_owned()])
    }

    /// Writes the entry of this refusal in the `errors` of a 207 answer; `key` and `values` say in
    /// its context which inputs it is about.
    ///
    /// The official clients insist on `context`, `links` and `errors`, so they are always there.
    pub(crate) fn entry(&self, key: &'static str, values: Vec<String>) -> Value {
        let mut context = self.context.clone();
        context.entry(key).or_insert(values);
        let mut entry = json!({
            "status": "error",
            "category": self.category,
            "message": self.message,
            "context": context,
            "links": {},
            "errors": self.errors(),
        });
        if let (Some(sub_category), Some(entry)) = (self.sub_category, entry.as_object_mut()) {
            entry.insert("subCategory".into(), json!(sub_category));
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_refusal_carries_the_real_error_as_text() {
        let body = Refusal::invalid("no").sub("A.B").nested().body("c");
        assert!(body.get("category").is_none());
        let inner: Value = serde_json::from_str(body["message"].as_str().unwrap()).unwrap();
        assert_eq!(inner["subCategory"], "A.B");
        assert_eq!(inner["category"], "VALIDATION_ERROR");
    }

    #[test]
    fn a_batch_entry_names_its_property_and_keeps_the_fields_clients_insist_on() {
        let entry = Refusal::exists("there").batch_entry("tier");
        assert_eq!(entry["context"]["name"], json!(["tier"]));
        assert!(entry["links"].is_object() && entry["errors"].is_array());
    }
}
