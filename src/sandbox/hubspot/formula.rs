//! Formulas of calculated properties, as far as their spelling: HubSpot keeps them in one of its own.

/// Words that are no names of properties.
const KEYWORDS: [&str; 10] =
    ["if", "then", "else", "elseif", "endif", "and", "or", "not", "true", "false"];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Number(String),
    Text(String),
    Sign(String),
}

/// Returns the formula as HubSpot keeps it: lower case outside of texts, texts in double quotes,
/// operators of one spelling, one space between.
pub(super) fn canonical(formula: &str) -> String {
    let mut written = String::with_capacity(formula.len());
    let mut after_name = false;
    for token in tokens(formula) {
        let (text, is_name) = match token {
            Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                "and" => ("&&".to_owned(), false),
                "or" => ("||".to_owned(), false),
                word => (word.to_owned(), !KEYWORDS.contains(&word)),
            },
            Token::Number(number) => (number, false),
            Token::Text(text) if text.contains('"') => (format!("'{text}'"), false),
            Token::Text(text) => (format!("\"{text}\""), false),
            Token::Sign(sign) => match sign.as_str() {
                "=" => ("==".to_owned(), false),
                "<>" => ("!=".to_owned(), false),
                sign => (sign.to_owned(), false),
            },
        };
        let opens_a_call = text == "(" && after_name;
        let tight = written.is_empty() || written.ends_with('(') || opens_a_call;
        if !tight && !matches!(text.as_str(), ")" | ",") {
            written.push(' ');
        }
        written.push_str(&text);
        after_name = is_name;
    }
    written
}

/// Returns the properties that a formula names.
pub(super) fn names(formula: &str) -> Vec<String> {
    let tokens = tokens(formula);
    let is_call = |index: usize| tokens.get(index + 1) == Some(&Token::Sign("(".to_owned()));
    let mut names = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        let word = word.to_ascii_lowercase();
        if !is_call(index) && !KEYWORDS.contains(&word.as_str()) && !names.contains(&word) {
            names.push(word);
        }
    }
    names
}

fn tokens(formula: &str) -> Vec<Token> {
    let mut rest = formula.trim_start();
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let while_any =
            |wanted: &dyn Fn(char) -> bool| rest.find(|c: char| !wanted(c)).unwrap_or(rest.len());
        let (token, length) = if first.is_ascii_alphabetic() || first == '_' {
            let length = while_any(&|c| c.is_ascii_alphanumeric() || c == '_');
            (Token::Word(rest[..length].to_owned()), length)
        } else if first.is_ascii_digit()
            || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            let length = while_any(&|c| c.is_ascii_digit() || c == '.');
            (Token::Number(rest[..length].to_owned()), length)
        } else if first == '"' || first == '\'' {
            let inner = rest[1..].find(first).unwrap_or(rest.len() - 1);
            (Token::Text(rest[1..=inner].to_owned()), (inner + 2).min(rest.len()))
        } else {
            let two = ["==", "!=", "<>", "<=", ">=", "&&", "||"];
            let sign = two.into_iter().find(|sign| rest.starts_with(sign));
            let length = sign.map_or(first.len_utf8(), str::len);
            (Token::Sign(rest[..length].to_owned()), length)
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_kept_in_one_spelling() {
        let kept =
            "if is_present(amount) && stage != \"Won\" then amount * (1 + rate) else 0 endif";
        for written in [
            "IF IS_PRESENT(Amount) AND stage <> 'Won' THEN amount*(1+rate) ELSE 0 ENDIF",
            "if is_present( amount )and stage!=\"Won\" then amount * ( 1+rate ) else 0 endif",
        ] {
            assert_eq!(canonical(written), kept, "{written}");
        }
        assert_eq!(canonical(kept), kept);
        assert_eq!(canonical("amount * .5 + f('say \"x\"')"), "amount * .5 + f('say \"x\"')");
    }

    #[test]
    fn a_formula_names_properties_and_not_functions_texts_or_keywords() {
        let formula = "IF is_present(Amount) THEN amount * 2 ELSE max(size, 'rate') ENDIF";
        assert_eq!(names(formula), ["amount", "size"]);
        assert!(names("").is_empty());
        assert_eq!(names("'unended"), Vec::<String>::new());
    }
}
