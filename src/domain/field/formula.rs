//! Formulas of calculated fields, as far as their spelling goes.
//!
//! HubSpot keeps a formula in a spelling of its own: it rewrites case, quotes, operators and white
//! space (observed by third parties). Which spelling that is nobody says, so none is ever written
//! for a caller's: two formulas are compared in a form of our own, in which those differences are
//! none, and a formula is sent as it was given.

/// A part of a formula.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A name, a function, a word of the language; in small letters.
    Word(String),
    /// A number without zeros that mean nothing.
    Number(String),
    /// A text, without its quotes.
    Text(String),
    /// An operator, a parenthesis, a comma; in one of its spellings.
    Sign(String),
}

/// Operators of two characters, which are looked for before those of one.
const LONG_SIGNS: [&str; 7] = ["==", "!=", "<>", "<=", ">=", "&&", "||"];

/// Returns a formula in the form in which formulas are compared.
pub fn canonical(formula: &str) -> String {
    let shown = tokens(formula).0.into_iter().map(|token| match token {
        Token::Word(text) | Token::Number(text) | Token::Sign(text) => text,
        // A text cannot hold both kinds of quotes: one of them would have ended it.
        Token::Text(text) if text.contains('"') => format!("'{text}'"),
        Token::Text(text) => format!("\"{text}\""),
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// Tells whether every text in a formula ends.
pub fn texts_end(formula: &str) -> bool {
    tokens(formula).1
}

/// Takes a formula apart, and tells whether every text in it ends.
fn tokens(formula: &str) -> (Vec<Token>, bool) {
    let (mut tokens, mut ends) = (Vec::new(), true);
    let mut rest = formula.trim_start();
    while let Some(first) = rest.chars().next() {
        let second = rest[first.len_utf8()..].chars().next();
        let begins_number =
            first.is_ascii_digit() || (first == '.' && second.is_some_and(|c| c.is_ascii_digit()));
        let (token, length) = if first == '"' || first == '\'' {
            let end = rest[1..].find(first);
            ends &= end.is_some();
            let length = end.map_or(rest.len(), |end| end + 2);
            (Token::Text(rest[1..length].trim_end_matches(first).to_owned()), length)
        } else if begins_number {
            let length = run(rest, |c| c.is_ascii_digit() || c == '.');
            (Token::Number(plain_number(&rest[..length])), length)
        } else if first.is_alphabetic() || first == '_' {
            let length = run(rest, |c| c.is_alphanumeric() || c == '_');
            (word(&rest[..length]), length)
        } else {
            let long = LONG_SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let length = long.map_or(first.len_utf8(), str::len);
            (sign(&rest[..length]), length)
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    (tokens, ends)
}

/// How many bytes of a text are of one kind, from its beginning.
fn run(text: &str, is_of_it: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_of_it(c)).unwrap_or(text.len())
}

/// Operators that are words stay words, and those that have one too become it.
fn word(text: &str) -> Token {
    Token::Word(text.to_ascii_lowercase())
}

fn sign(text: &str) -> Token {
    match text {
        "&&" => word("and"),
        "||" => word("or"),
        "!" => word("not"),
        "==" => Token::Sign("=".to_owned()),
        "<>" => Token::Sign("!=".to_owned()),
        sign => Token::Sign(sign.to_owned()),
    }
}

/// Writes a number without zeros that mean nothing: `007.50` as `7.5`.
fn plain_number(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.contains('.') {
        return text.to_owned();
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_quotes_operators_numbers_and_white_space_make_no_difference() {
        let kept = "if is_known ( amount ) and stage != \"Won 'n' Done\" then amount * 1.5 \
                    else 0 endif";
        for written in [
            "IF IS_KNOWN(Amount) AND stage <> \"Won 'n' Done\" THEN amount*1.50 ELSE 0.0 ENDIF",
            "if is_known( amount )&& stage!=\"Won 'n' Done\" then\n\tamount * 01.5 else 0 endif",
        ] {
            assert_eq!(canonical(written), kept, "{written}");
        }
        assert_eq!(canonical("a = 'b' || !c == .5"), canonical("A == \"b\" OR not C = 0.5"));
    }

    #[test]
    fn what_a_text_says_makes_a_difference() {
        for (one, other) in
            [("'Won'", "'won'"), ("'a b'", "'a  b'"), ("'a=b'", "'a==b'"), ("\"'\"", "'\"'")]
        {
            assert_ne!(canonical(one), canonical(other));
        }
        assert_ne!(canonical("a <= b"), canonical("a < b"));
        assert_ne!(canonical("1.5"), canonical("15"));
        assert_eq!(canonical("1.2.3"), "1.2.3");
    }

    #[test]
    fn a_text_has_to_end() {
        for good in ["", "a", "'a'", "\"it's\"", "''", "'a' + \"b\""] {
            assert!(texts_end(good), "{good}");
        }
        for bad in ["'", "'a", "\"it's", "'a' + 'b", "'a\""] {
            assert!(!texts_end(bad), "{bad}");
        }
    }

    /// A part of a formula in two spellings that mean the same.
    fn part() -> impl Strategy<Value = (String, String)> {
        let both = |one: &str, other: &str| Just((one.to_owned(), other.to_owned()));
        let word = "[a-z_][a-z0-9_]{0,8}".prop_map(|word| (word.to_uppercase(), word));
        let text = "[^'\"]{0,8}".prop_map(|text| (format!("'{text}'"), format!("\"{text}\"")));
        prop_oneof![
            4 => word,
            3 => text,
            6 => prop_oneof![
                both("&&", "and"),
                both("||", "OR"),
                both("!", "Not"),
                both("<>", "!="),
                both("==", "="),
                both("<=", "<="),
            ],
            3 => prop_oneof![both("(", "("), both(")", ")"), both(",", ","), both("+", "+")],
            1 => prop_oneof![both("0.50", ".5"), both("2", "02.0")],
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn a_spelling_is_written_once_and_stays(formula in ".{0,60}") {
            let once = canonical(&formula);
            if texts_end(&formula) {
                prop_assert_eq!(canonical(&once), once);
            }
        }

        #[test]
        fn formulas_that_mean_the_same_are_compared_as_the_same(
            parts in proptest::collection::vec((part(), "[ \t\n]{1,3}"), 0..12),
        ) {
            let one: String = parts.iter().map(|((one, _), gap)| format!("{one}{gap}")).collect();
            let other: String = parts.iter().map(|((_, other), _)| format!(" {other}")).collect();
            prop_assert_eq!(canonical(&one), canonical(&other));
            prop_assert!(texts_end(&one));
        }
    }
}
