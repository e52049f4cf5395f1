//! How many records an account has, noted in what its limiter writes down: for estimates only.

use serde_json::Value;

/// Where the number stands among what a limiter wrote down.
const RECORDS: &str = "records";
/// They were never counted.
pub const UNKNOWN: i64 = -1;

/// Notes the number.
pub fn note(records: i64, record: String) -> String {
    let parsed = serde_json::from_str(&record).ok().filter(|_| records != UNKNOWN);
    match parsed {
        Some(Value::Object(mut parsed)) => {
            parsed.insert(RECORDS.to_owned(), records.into());
            Value::Object(parsed).to_string()
        }
        _ => record,
    }
}

/// Reads the number that was noted.
pub fn noted(record: &str) -> Option<i64> {
    let record: Value = serde_json::from_str(record).ok()?;
    record.get(RECORDS)?.as_i64().filter(|records| *records >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_noted_beside_what_is_there() {
        let noted_text = note(250, r#"{"v":1}"#.to_owned());
        assert_eq!(noted(&noted_text), Some(250));
        assert!(noted_text.contains(r#""v":1"#));
        assert_eq!(note(UNKNOWN, "{}".to_owned()), "{}");
        assert_eq!(noted("{}"), None);
        assert_eq!(note(7, "not JSON".to_owned()), "not JSON");
    }
}
