//! What HubSpot says in the body of an error, whatever of it is there.

use serde_json::Value;

use super::canonical;
use crate::vendors::answers::TEXT_MAX;
use crate::vendors::secrets::Secrets;

/// The longest identification that is passed on, in characters.
const ID_MAX: usize = 100;

/// An error in HubSpot's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) message: String,
    pub(super) category: String,
    pub(super) sub_category: String,
    pub(super) correlation_id: String,
    /// Which limit was used up.
    pub(super) policy: String,
    context: Vec<(String, Vec<String>)>,
    details: Vec<Detail>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Detail {
    message: String,
    code: String,
    place: String,
}

impl Said {
    /// Reads the body of an answer; `None` when it is not a JSON object, and so not HubSpot's API
    /// that is speaking.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(body).ok()?;
        value.is_object().then(|| Self::from_value(&value))
    }

    /// Reads an error. Some hide the real one as JSON text within their message (observed by third
    /// parties).
    pub(super) fn from_value(value: &Value) -> Self {
        let message = text(value, "message");
        let nested = serde_json::from_str::<Value>(&message).ok().filter(Value::is_object);
        if let Some(nested) = nested.filter(|inner| inner.get("message").is_some()) {
            let mut inner = Self::from_value(&nested);
            if inner.correlation_id.is_empty() {
                inner.correlation_id = text(value, "correlationId");
            }
            return inner;
        }
        let list = |name: &str| value.get(name).and_then(Value::as_array).into_iter().flatten();
        let mut context = context(value);
        let details = list("errors")
            .map(|detail| {
                context.extend(self::context(detail));
                Detail {
                    message: text(detail, "message"),
                    code: text(detail, "code"),
                    place: text(detail, "in"),
                }
            })
            .collect();
        Self {
            message,
            category: text(value, "category"),
            sub_category: text(value, "subCategory"),
            correlation_id: text(value, "correlationId"),
            policy: text(value, "policyName"),
            context,
            details,
        }
    }

    /// Returns the values under a key of `context`, the error's own and its details'.
    pub(super) fn context(&self, key: &str) -> impl Iterator<Item = &str> {
        let pairs = self.context.iter().filter(move |(name, _)| name == key);
        pairs.flat_map(|(_, values)| values).map(String::as_str)
    }

    /// Tells whether something with the name of what was to be created is there already.
    pub(super) fn says_exists(&self) -> bool {
        self.category == "OBJECT_ALREADY_EXISTS" || self.sub_category.contains("_EXISTS")
    }

    /// Tells whether a property group is what is missing. HubSpot's exact words are not known, so
    /// this goes by what they must contain.
    pub(super) fn says_group_is_missing(&self) -> bool {
        let message = self.message.to_lowercase();
        let missing = ["not exist", "not found", "no property group", "unknown", "invalid"];
        message.contains("group") && missing.iter().any(|words| message.contains(words))
    }

    /// Tells whether a group cannot be archived because properties stand in it.
    pub(super) fn says_group_holds_properties(&self) -> bool {
        let is_it = |code: &str| code.contains("GROUP_WITH_ACTIVE_PROPERTIES");
        is_it(&self.sub_category) || self.details.iter().any(|detail| is_it(&detail.code))
    }

    /// Tells whether what was asked for is not there.
    pub(super) fn says_not_found(&self) -> bool {
        self.category == "OBJECT_NOT_FOUND"
    }

    /// Tells whether a property is what is missing, in a call about records.
    pub(super) fn says_property_is_missing(&self) -> bool {
        self.details.iter().any(|detail| detail.code == "PROPERTY_DOESNT_EXIST")
    }

    /// Returns what uses a property, where that is why it is not archived (observed by third parties).
    pub(super) fn users(&self) -> Option<Vec<String>> {
        let codes = self.details.iter().map(|detail| detail.code.as_str());
        let mut all = codes.chain([self.sub_category.as_str()]);
        if !all.any(|code| code.contains("CANNOT_DELETE_PROPERTY_IN_USE")) {
            return None;
        }
        let kinds = self.context("parentDisplayType").map(Some).chain(std::iter::repeat(None));
        let named = self.context("parentName").zip(kinds).map(|(name, kind)| match kind {
            Some(kind) => format!("{kind} {name}"),
            None => name.to_owned(),
        });
        Some(named.collect())
    }

    /// Returns the attributes that the error is about, where it says so plainly.
    pub(super) fn attributes(&self) -> Vec<String> {
        let named = |name: &&str| {
            let place = |detail: &Detail| detail.place.split(['.', '[']).next() == Some(*name);
            let code =
                |detail: &Detail| *name == canonical::OPTIONS && detail.code.contains("OPTION");
            self.details.iter().any(|detail| place(detail) || code(detail))
                || ["field", "fieldName"].iter().any(|key| self.context(key).any(|v| v == *name))
        };
        canonical::all().filter(named).map(str::to_owned).collect()
    }

    /// Tells it to people, in HubSpot's words and at most 500 characters.
    pub(super) fn told(&self, secrets: &Secrets) -> String {
        let kind = [&self.category, &self.sub_category];
        let kind: Vec<_> = kind.into_iter().filter(|k| !k.is_empty()).map(String::as_str).collect();
        let mut told = self.message.clone();
        for detail in &self.details {
            if !detail.message.is_empty() && !told.contains(&detail.message) {
                told.push_str(if told.is_empty() { "" } else { "; " });
                told.push_str(&detail.message);
            }
        }
        if !kind.is_empty() {
            told = format!("{}: {told}", kind.join(", "));
        }
        secrets.clean(&told, TEXT_MAX)
    }

    /// Returns HubSpot's identification of the answer.
    pub(super) fn identification(&self, secrets: &Secrets) -> String {
        secrets.clean(&self.correlation_id, ID_MAX)
    }
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn context(value: &Value) -> Vec<(String, Vec<String>)> {
    let Some(Value::Object(map)) = value.get("context") else { return Vec::new() };
    let strings = |value: &Value| match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(one) => vec![one.clone()],
        _ => Vec::new(),
    };
    map.iter().map(|(key, value)| (key.clone(), strings(value))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(value: Value) -> Said {
        Said::from_value(&value)
    }

    #[test]
    fn the_real_error_within_a_message_is_found() {
        let inner = json!({ "message": "M", "category": "C", "subCategory": "S" }).to_string();
        let found = said(json!({ "status": "error", "message": inner, "correlationId": "c" }));
        assert_eq!((found.message.as_str(), found.category.as_str()), ("M", "C"));
        assert_eq!((found.sub_category.as_str(), found.correlation_id.as_str()), ("S", "c"));
    }

    #[test]
    fn parts_of_an_unknown_shape_are_passed_over() {
        let odd = json!({
            "message": 7, "category": ["C"], "subCategory": { "a": 1 }, "context": [1],
            "errors": [3, { "message": "D", "context": { "name": "one" } }, null],
        });
        let found = said(odd);
        assert_eq!(found.told(&Secrets::default()), "D");
        assert_eq!(found.context("name").collect::<Vec<_>>(), ["one"]);
        assert!(Said::read(b"<html>").is_none() && Said::read(b"[]").is_none());
    }

    #[test]
    fn a_missing_group_is_recognised_by_what_must_be_said_of_it() {
        for message in [
            "The property group 'ops' does not exist.",
            "No property group named 'ops' exists for deals.",
            "Group not found: ops",
        ] {
            assert!(said(json!({ "message": message })).says_group_is_missing(), "{message}");
        }
        for message in ["No property named 'x' exists for deals.", "The label is too long."] {
            assert!(!said(json!({ "message": message })).says_group_is_missing(), "{message}");
        }
    }

    #[test]
    fn attributes_are_named_where_hubspot_does() {
        let found = said(json!({ "errors": [
            { "in": "fieldType", "message": "a" },
            { "code": "INVALID_BOOLEAN_OPTION", "message": "b" },
            { "in": "elsewhere" },
        ]}));
        assert_eq!(found.attributes(), ["fieldType", "options"]);
        assert_eq!(found.told(&Secrets::default()), "a; b");
    }
}
