//! What the tokens file and the policies promise.

use std::collections::BTreeSet;

use super::*;
use crate::domain::CompanyId;

const TOKEN_1: &str = "first-token-0123456789";
const TOKEN_2: &str = "second-token-0123456789";

fn two_callers() -> Tokens {
    let hashed = crate::hex::encode(&tokens::hash(TOKEN_2));
    Tokens::parse(&format!(
        "[[caller]]\nactor = \"ops\"\ncompanies = [\"*\"]\ntoken = \"{TOKEN_1}\"\n\
         [[caller]]\nactor = \"crm-sync\"\ncompanies = [\"acme\", \"globex\"]\n\
         token_sha256 = \"{hashed}\"\n"
    ))
    .unwrap()
}

fn faults(text: &str) -> Vec<String> {
    Tokens::parse(text).unwrap_err()
}

#[test]
fn a_token_finds_its_caller_with_the_companies_of_the_entry() {
    let tokens = two_callers();
    let ops = tokens.caller(TOKEN_1, Door::Grpc).unwrap();
    assert_eq!((ops.actor.as_str(), ops.scope), ("ops", Scope::All));
    let sync = tokens.caller(TOKEN_2, Door::Grpc).unwrap();
    let companies = ["acme", "globex"].map(|id| CompanyId::parse(id).unwrap());
    assert_eq!(sync.actor, "crm-sync");
    assert_eq!(sync.scope, Scope::Only(BTreeSet::from(companies)));
}

#[test]
fn other_tokens_find_nobody() {
    let tokens = two_callers();
    for wrong in ["", "x", "first-token-012345678", "first-token-01234567890", "FIRST"] {
        assert_eq!(tokens.caller(wrong, Door::Grpc), None, "{wrong}");
    }
}

#[test]
fn the_hash_of_a_token_is_no_token() {
    let hashed = crate::hex::encode(&tokens::hash(TOKEN_2));
    assert_eq!(two_callers().caller(&hashed, Door::Grpc), None);
}

#[test]
fn with_tokens_a_call_needs_a_bearer_header() {
    let policy = Policy::Tokens(two_callers());
    let ask =
        |header: Option<&str>| policy.authenticate(header, Door::Grpc).map(|caller| caller.actor);
    assert_eq!(ask(None), Err(Unauthenticated::Missing));
    for malformed in ["", "Bearer", "Bearer ", "Basic Zm9vOmJhcg==", TOKEN_1, "Bearer a b"] {
        assert_eq!(ask(Some(malformed)), Err(Unauthenticated::Malformed), "{malformed}");
    }
    assert_eq!(ask(Some("Bearer nobody-has-this-one")), Err(Unauthenticated::UnknownToken));
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(ask(Some(&format!("{scheme} {TOKEN_1}"))), Ok("ops".to_owned()));
    }
}

#[test]
fn without_tokens_everyone_may_do_everything_and_a_header_is_ignored() {
    for (policy, actor) in [(Policy::Local, LOCAL), (Policy::Anonymous, ANONYMOUS)] {
        for header in [None, Some("Bearer something"), Some("nonsense")] {
            let caller = policy.authenticate(header, Door::Grpc).unwrap();
            assert_eq!((caller.actor.as_str(), caller.scope), (actor, Scope::All));
        }
    }
}

#[test]
fn debug_and_errors_show_no_token() {
    let shown = format!("{:?}", Policy::Tokens(two_callers()));
    assert_eq!(shown, r#"Tokens["ops", "crm-sync"]"#);
}

#[test]
fn all_faults_of_a_file_are_reported_at_once_with_their_lines() {
    let text = r#"
colour = "red"
[[caller]]
actor = ""
companies = ["Acme", "acme", 7]
token = "short-secret"
[[caller]]
companies = []
[[caller]]
actor = "both"
companies = ["*", "acme"]
token = "secret-secret-secret"
token_sha256 = "abc"
expires = "never"
[[caller]]
actor = 4
companies = "acme"
token = ["secret-secret-secret"]
"#;
    let found = faults(text);
    let expected = [
        "line 2: the key colour is unknown",
        "line 4: caller 1: actor must not be blank",
        "line 5: caller 1: companies[0] must match",
        "line 5: caller 1: companies[2] must be a text",
        "line 6: caller 1: token must be at least 16",
        "line 7: caller 2: has no actor",
        "line 7: caller 2: has no token",
        "line 8: caller 2: companies must not be empty",
        "line 9: caller 3: has both",
        "line 11: caller 3: companies: \"*\"",
        "line 13: caller 3: token_sha256 must be 64",
        "line 14: caller 3: the key expires is unknown",
        "line 16: caller 4: actor must be a text",
        "line 17: caller 4: companies must be a list",
        "line 18: caller 4: token must be a text",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (fault, expected) in found.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault:?} should start with {expected:?}");
        assert!(!fault.contains("secret"), "{fault}");
    }
}

#[test]
fn one_token_for_two_callers_is_refused_also_when_one_is_hashed() {
    let hashed = crate::hex::encode(&tokens::hash(TOKEN_1));
    let found = faults(&format!(
        "[[caller]]\nactor=\"a\"\ncompanies=[\"*\"]\ntoken=\"{TOKEN_1}\"\n\
         [[caller]]\nactor=\"b\"\ncompanies=[\"*\"]\ntoken_sha256=\"{hashed}\"\n"
    ));
    assert_eq!(found, ["line 5: caller 2 has the same token as caller 1"]);
}

#[test]
fn a_file_without_callers_lets_nobody_in_and_is_refused() {
    for empty in ["", "# nothing yet\n", "caller = []\n"] {
        assert_eq!(faults(empty), ["lists no [[caller]]"], "{empty}");
    }
    assert_eq!(faults("[caller]\n"), ["line 1: caller must be written [[caller]]"]);
}

#[test]
fn broken_toml_is_reported_by_line_and_never_shown() {
    let text = "[[caller]]\nactor = \"a\ntoken = secret-secret-secret\nsecret secret = \n";
    let found = faults(text);
    assert!(found.len() >= 2, "{found:#?}");
    assert!(found[0].starts_with("line 2: is not TOML"), "{found:#?}");
    for fault in found {
        assert!(!fault.contains("secret"), "{fault}");
    }
    let wrong_place = faults("\"gmt1_secret-secret-secret\" = 1\n");
    assert!(wrong_place[1].starts_with("line 1: a key is unknown"), "{wrong_place:?}");
    assert!(!wrong_place[1].contains("secret"), "{wrong_place:?}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let found = Tokens::load(std::path::Path::new("/no/such/tokens.toml")).unwrap_err();
    assert!(found[0].starts_with("/no/such/tokens.toml cannot be read"), "{found:?}");
}

#[test]
fn a_generated_token_is_let_in_by_the_entry_printed_with_it() {
    let companies = ["acme".to_owned(), "globex".to_owned()];
    let made = NewToken::generate("say \"hi\" \\ there", &companies).unwrap();
    assert!(!made.entry.contains(made.token.as_str()));
    let caller = Tokens::parse(&made.entry).unwrap().caller(&made.token, Door::Grpc).unwrap();
    assert_eq!(caller.actor, "say \"hi\" \\ there");
    let made = NewToken::generate("ops", &[]).unwrap();
    let caller = Tokens::parse(&made.entry).unwrap().caller(&made.token, Door::Grpc).unwrap();
    assert_eq!(caller.scope, Scope::All);
}

#[test]
fn no_token_is_made_that_the_file_would_refuse() {
    let make = |actor: &str, companies: &[&str]| {
        let companies: Vec<_> = companies.iter().map(ToString::to_string).collect();
        NewToken::generate(actor, &companies).map(|_| ()).unwrap_err()
    };
    assert!(matches!(make(" ", &[]), TokenError::Actor(_)));
    assert!(matches!(make("a\nb", &[]), TokenError::Actor(_)));
    assert!(matches!(make("ops", &["Acme"]), TokenError::Company(_)));
    assert!(matches!(make("ops", &["*", "acme"]), TokenError::AllAndSome));
}
