//! The rules that texts of all kinds share.

use super::Violations;

/// Checks a text of one line that people see.
pub(super) fn check_text(found: &mut Violations, field: &str, text: &str, length_max: usize) {
    check_length(found, field, text, length_max);
    check_line(found, field, text);
    // HubSpot refuses them in options (its changelog of April 2025); nobody sees them elsewhere.
    found.require(!text.chars().any(is_invisible), field, "must not contain invisible characters");
}

/// Tells whether a character takes up no place: zero-width ones, marks of byte order and direction.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{feff}'
    )
}

/// Checks a text that may have several lines.
pub(super) fn check_long_text(found: &mut Violations, field: &str, text: &str, length_max: usize) {
    check_length(found, field, text, length_max);
    check_lines(found, field, text);
}

/// Checks how long a text is, in characters.
pub(super) fn check_length(found: &mut Violations, field: &str, text: &str, length_max: usize) {
    found.require(
        text.chars().count() <= length_max,
        field,
        format!("must be at most {length_max} characters long"),
    );
}

/// Checks how long a text is, in bytes.
pub(super) fn check_bytes(found: &mut Violations, field: &str, text: &str, bytes_max: usize) {
    found.require(
        text.len() <= bytes_max,
        field,
        format!("must be at most {bytes_max} bytes long"),
    );
}

/// Checks that a text is one line.
pub(super) fn check_line(found: &mut Violations, field: &str, text: &str) {
    found.require(
        !text.chars().any(char::is_control),
        field,
        "must not contain control characters",
    );
}

/// Checks that a text is made of lines.
pub(super) fn check_lines(found: &mut Violations, field: &str, text: &str) {
    let bad = text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    found.require(
        !bad,
        field,
        "must not contain control characters other than line breaks and tabs",
    );
}

/// Checks that a text can be seen and has no white space around it.
pub(super) fn check_trimmed(found: &mut Violations, field: &str, text: &str) {
    found.require(!text.trim().is_empty(), field, "must not be blank");
    found.require(text.trim() == text, field, "must not begin or end with white space");
}

/// Makes an identifier of a label: lower case, with a separator for whatever is no letter from a
/// to z and no digit. Empty where nothing is left.
pub(super) fn slug(label: &str, separator: char, length_max: usize) -> String {
    let mut slug = String::new();
    for c in label.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with(separator) {
            slug.push(separator);
        }
    }
    slug.truncate(length_max);
    slug.trim_end_matches(separator).to_owned()
}

/// Quotes what a caller wrote, for a rule: without control characters and not too long.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN_MAX: usize = 40;
    let shown: String = text.chars().take(SHOWN_MAX).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("\"{}{more}\"", shown.escape_debug())
}
