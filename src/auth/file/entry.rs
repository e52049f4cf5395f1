//! One `[[caller]]` of the tokens file.

use std::collections::BTreeSet;

use toml::de::{DeTable, DeValue};

use super::place::{Places, show_key};
use crate::auth::tokens::{TokenEntry, hash};
use crate::domain::{CompanyId, Digest, Scope};
use crate::hex;

/// Stands for all companies.
pub(in crate::auth) const ANY_COMPANY: &str = "*";

const ACTOR_LENGTH_MAX: usize = 128;
const TOKEN_LENGTH_MIN: usize = 16;

/// The faults of one entry.
pub(super) struct Faults {
    number: usize,
    line: usize,
    found: Vec<(usize, String)>,
}

impl Faults {
    pub(super) fn new(number: usize, line: usize) -> Self {
        Self { number, line, found: Vec::new() }
    }

    /// Adds a fault of the entry as a whole.
    pub(super) fn add(&mut self, text: impl AsRef<str>) {
        self.add_at(self.line, text);
    }

    fn add_at(&mut self, line: usize, text: impl AsRef<str>) {
        let text = format!("line {line}: caller {}: {}", self.number, text.as_ref());
        self.found.push((line, text));
    }

    pub(super) fn into_found(self) -> Vec<(usize, String)> {
        self.found
    }
}

/// Checks the name of an actor; says what is wrong with it.
pub(in crate::auth) fn check_actor(actor: &str) -> Result<(), &'static str> {
    if actor.trim().is_empty() {
        return Err("must not be blank");
    }
    if actor.chars().count() > ACTOR_LENGTH_MAX {
        return Err("must be at most 128 characters long");
    }
    if actor.chars().any(char::is_control) {
        return Err("must not contain control characters");
    }
    Ok(())
}

/// Reads an entry; `None` when its token or something else cannot be known.
pub(super) fn read(
    table: &DeTable<'_>,
    places: &Places,
    faults: &mut Faults,
) -> Option<TokenEntry> {
    let (mut actor, mut scope) = (None, None);
    let (mut from_token, mut from_hash) = (None, None);
    for (key, value) in table {
        let line = places.line(key.span().start);
        let mut report = |text: String| faults.add_at(line, text);
        let value = value.get_ref();
        match key.get_ref().as_ref() {
            "actor" => actor = Some(read_actor(value, &mut report)),
            "companies" => scope = Some(read_companies(value, &mut report)),
            "token" => from_token = Some(read_token(value, &mut report)),
            "token_sha256" => from_hash = Some(read_hash(value, &mut report)),
            other => report(format!(
                "{} is unknown; known are actor, companies, token, token_sha256",
                show_key(other)
            )),
        }
    }
    if actor.is_none() {
        faults.add("has no actor");
    }
    if scope.is_none() {
        faults.add("has no companies; [\"*\"] means all");
    }
    let sha256 = match (from_token, from_hash) {
        (Some(sha256), None) | (None, Some(sha256)) => sha256,
        (None, None) => {
            faults.add("has no token: give token_sha256 or token");
            None
        }
        (Some(_), Some(_)) => {
            faults.add("has both token and token_sha256: give one of them");
            None
        }
    };
    // Also without an actor or companies the token counts, to find others that are equal.
    Some(TokenEntry {
        actor: actor.flatten().unwrap_or_default(),
        scope: scope.flatten().unwrap_or(Scope::Only(BTreeSet::new())),
        sha256: sha256?,
    })
}

fn read_actor(value: &DeValue<'_>, report: &mut impl FnMut(String)) -> Option<String> {
    let Some(actor) = value.as_str() else {
        report("actor must be a text".to_owned());
        return None;
    };
    match check_actor(actor) {
        Ok(()) => Some(actor.to_owned()),
        Err(wrong) => {
            report(format!("actor {wrong}"));
            None
        }
    }
}

fn read_companies(value: &DeValue<'_>, report: &mut impl FnMut(String)) -> Option<Scope> {
    let Some(listed) = value.as_array() else {
        report("companies must be a list, as [\"acme\"] or [\"*\"]".to_owned());
        return None;
    };
    if listed.is_empty() {
        report("companies must not be empty; [\"*\"] means all".to_owned());
        return None;
    }
    let mut companies = BTreeSet::new();
    let mut all = false;
    for (index, item) in listed.iter().enumerate() {
        match item.get_ref().as_str() {
            Some(ANY_COMPANY) => all = true,
            Some(text) => match CompanyId::parse(text) {
                Ok(id) => drop(companies.insert(id)),
                Err(violation) => report(format!("companies[{index}] {}", violation.rule)),
            },
            None => report(format!("companies[{index}] must be a text")),
        }
    }
    if all && listed.len() > 1 {
        report("companies: \"*\" means all and stands alone".to_owned());
    }
    Some(if all { Scope::All } else { Scope::Only(companies) })
}

fn read_token(value: &DeValue<'_>, report: &mut impl FnMut(String)) -> Option<Digest> {
    let Some(token) = value.as_str() else {
        report("token must be a text".to_owned());
        return None;
    };
    if token.chars().count() < TOKEN_LENGTH_MIN {
        report(format!("token must be at least {TOKEN_LENGTH_MIN} characters long"));
        return None;
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        report("token must be of visible ASCII characters, without blanks".to_owned());
        return None;
    }
    Some(hash(token))
}

fn read_hash(value: &DeValue<'_>, report: &mut impl FnMut(String)) -> Option<Digest> {
    let sha256 = value.as_str().and_then(hex::decode);
    if sha256.is_none() {
        report("token_sha256 must be 64 hexadecimal digits".to_owned());
    }
    sha256
}
