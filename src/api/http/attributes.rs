//! The JSON object that a call carries, read as strictly as a message of gRPC: every attribute is
//! one that the call takes, stands there once and has the right type.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::domain::Violations;

/// The longest name of an attribute that is repeated to the caller, in characters.
const NAME_SHOWN_MAX: usize = 64;

/// The attributes of a call, and what was found to be wrong with them.
#[derive(Debug)]
pub(super) struct Attributes {
    given: Vec<(String, Value)>,
    found: Violations,
}

impl Attributes {
    /// Reads an object of which only these attributes may be given.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the text when it is no JSON object.
    pub(super) fn read(body: &[u8], known: &[&str]) -> Result<Self, String> {
        let Pairs(given) = serde_json::from_slice(body)
            .map_err(|error| format!("it is no JSON object: {error}"))?;
        let mut found = Violations::new();
        for (index, (name, _)) in given.iter().enumerate() {
            let shown: String = name.chars().take(NAME_SHOWN_MAX).collect();
            if !known.contains(&name.as_str()) {
                found
                    .add(shown, format!("is not an attribute here; there is {}", known.join(", ")));
            } else if given[..index].iter().any(|(before, _)| before == name) {
                found.add(shown, "must be given once");
            }
        }
        Ok(Self { given, found })
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let index = self.given.iter().position(|(given, _)| given == name)?;
        Some(self.given.swap_remove(index).1)
    }

    /// Takes a text that may be left out.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            _ => {
                self.found.add(name, "must be a string");
                None
            }
        }
    }

    /// Takes a text that has to be given.
    pub(super) fn required_text(&mut self, name: &str) -> String {
        if !self.given.iter().any(|(given, _)| given == name) {
            self.found.add(name, "must be given");
        }
        self.text(name).unwrap_or_default()
    }

    /// Takes a whole number that may be left out. JSON knows one kind of number: 24.0 is whole.
    pub(super) fn whole_number(&mut self, name: &str) -> Option<i64> {
        let value = self.take(name)?;
        let number = value.as_i64().or_else(|| whole(value.as_f64()?));
        if number.is_none() {
            self.found.add(name, "must be a whole number");
        }
        number
    }

    /// Notes a broken rule unless `holds`.
    pub(super) fn require(&mut self, holds: bool, name: &str, rule: impl Into<String>) {
        self.found.require(holds, name, rule);
    }

    /// Answers `value` when nothing was found to be wrong.
    pub(super) fn or<T>(self, value: T) -> Result<T, Violations> {
        self.found.or(value)
    }
}

/// Returns a number as a whole one; one that is too large is as large as can be, which is refused by
/// every rule that there is.
fn whole(number: f64) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation)] // it saturates
    (number.fract() == 0.0).then_some(number as i64)
}

/// The members of an object in their order, doubled ones as well.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(attributes: Attributes) -> Vec<String> {
        let found = attributes.or(()).unwrap_err();
        found.as_slice().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_given_is_taken() {
        let mut read =
            Attributes::read(br#"{"a":"x","b":24,"c":24.0}"#, &["a", "b", "c", "d"]).unwrap();
        assert_eq!(read.text("a"), Some("x".to_owned()));
        assert_eq!(read.whole_number("b"), Some(24));
        assert_eq!(read.whole_number("c"), Some(24));
        assert_eq!(read.text("d"), None);
        assert_eq!(read.or(7), Ok(7));
    }

    #[test]
    fn unknown_doubled_and_missing_attributes_are_told_by_their_names() {
        let body = br#"{"lable":1,"name":"a","name":"b"}"#;
        let mut read = Attributes::read(body, &["name", "type"]).unwrap();
        read.required_text("type");
        assert_eq!(
            rules(read),
            [
                "lable: is not an attribute here; there is name, type",
                "name: must be given once",
                "type: must be given"
            ]
        );
    }

    #[test]
    fn a_value_of_another_type_is_not_read_as_if_it_were_right() {
        for body in [r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":["x"]}"#, r#"{"a":{}}"#] {
            let mut read = Attributes::read(body.as_bytes(), &["a"]).unwrap();
            assert_eq!(read.text("a"), None);
            assert_eq!(rules(read), ["a: must be a string"], "{body}");
        }
        for body in [r#"{"a":"1"}"#, r#"{"a":null}"#, r#"{"a":1.5}"#, r#"{"a":true}"#] {
            let mut read = Attributes::read(body.as_bytes(), &["a"]).unwrap();
            assert_eq!(read.whole_number("a"), None);
            assert_eq!(rules(read), ["a: must be a whole number"], "{body}");
        }
        for (body, most) in [(r#"{"a":1e30}"#, i64::MAX), (r#"{"a":-1e30}"#, i64::MIN)] {
            let mut read = Attributes::read(body.as_bytes(), &["a"]).unwrap();
            assert_eq!(read.whole_number("a"), Some(most));
        }
    }

    #[test]
    fn what_is_no_object_is_no_message() {
        for body in
            ["", "[]", "1", "null", "\"a\"", "{", "{} {}", "{\"a\":}", "{\"a\":1,}", "\u{feff}{}"]
        {
            let error = Attributes::read(body.as_bytes(), &["a"]).unwrap_err();
            assert!(error.starts_with("it is no JSON object: "), "{body}: {error}");
        }
        assert!(Attributes::read(b"{\"a\":\"\xff\"}", &["a"]).is_err());
        let deep = "[".repeat(10_000);
        assert!(Attributes::read(format!("{{\"a\":{deep}").as_bytes(), &["a"]).is_err());
    }
}
