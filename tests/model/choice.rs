//! Which call comes next, at random.

use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::history::{Ask, Definition, Mutation, Patch, Request, is_cadence};

/// Few names, so that the calls meet.
const NAMES: [&str; 9] = [
    "text_0",
    "text_1",
    "text_2",
    "choice_0",
    "choice_1",
    "number_0",
    "number_1",
    "cadence_0",
    "cadence_1",
];

fn one_of<T: Clone>(random: &mut StdRng, items: &[T]) -> T {
    items[random.random_range(0..items.len())].clone()
}

fn is_choice(name: &str) -> bool {
    name.starts_with("choice")
}

fn label(random: &mut StdRng) -> String {
    format!("Label {}", random.random_range(0..20))
}

/// The text of an email.
fn email(random: &mut StdRng) -> String {
    format!("Hello {{{{first_name}}}}, for the time {}", random.random_range(0..20))
}

fn choices(random: &mut StdRng) -> Vec<String> {
    let all = ["low", "middle", "high", "highest"];
    let first = random.random_range(0..all.len());
    all[first..].iter().map(|choice| (*choice).to_owned()).collect()
}

/// A mutation, of a company that was last seen at `revision`.
pub(crate) fn mutation(random: &mut StdRng, revision: i64, id: u64) -> Mutation {
    let ask = ask(random, revision);
    let expected_revision = match random.random_range(0..100) {
        0..12 => revision,
        12..15 => (revision - 1).max(0),
        _ => 0,
    };
    let is_dry_run = random.random_range(0..100) < 8;
    let reason = random.random_range(0..u64::MAX);
    Mutation { id: (!is_dry_run).then_some(id), ask, expected_revision, reason }
}

fn ask(random: &mut StdRng, revision: i64) -> Ask {
    let name = one_of(random, &NAMES).to_owned();
    let company_name = format!("Company {}", random.random_range(0..3));
    if revision == 0 && random.random_range(0..2) == 0 {
        return Ask::Register(company_name);
    }
    match random.random_range(0..100) {
        0..2 => Ask::Register(company_name),
        2..8 => Ask::Rename(company_name),
        8..11 => Ask::Connect,
        11..12 => Ask::ConnectUpso,
        12..14 => Ask::Disconnect,
        14..40 => {
            let choices = if is_choice(&name) { choices(random) } else { Vec::new() };
            let description = if is_cadence(&name) { email(random) } else { String::new() };
            let label = label(random);
            Ask::Add(name, Definition { label, description, choices, ..Definition::default() })
        }
        40..80 => {
            let patch = patch(random, &name);
            Ask::Modify(name, patch)
        }
        80..93 => Ask::Remove(name),
        _ => Ask::Rollback(random.random_range(1..=revision + 1)),
    }
}

fn patch(random: &mut StdRng, name: &str) -> Patch {
    let text = |random: &mut StdRng| match random.random_range(0..4) {
        0 => String::new(),
        number => format!("text {number}"),
    };
    match random.random_range(0..4) {
        0..2 if is_cadence(name) => Patch::Description(email(random)),
        0 => Patch::Description(text(random)),
        1 if is_choice(name) => Patch::Choices(choices(random)),
        1 if name.starts_with("text") => Patch::DefaultValue(text(random)),
        _ => Patch::Label(label(random)),
    }
}

/// A read, of a company that was last seen at `revision`.
pub(crate) fn read(random: &mut StdRng, revision: i64) -> Request {
    match random.random_range(0..100) {
        0..20 => Request::Config { revision: 0, min_revision: 0 },
        20..50 => Request::Config { revision: 0, min_revision: revision },
        50..55 => Request::Config { revision: 0, min_revision: revision + 1 },
        55..75 => Request::Config {
            revision: random.random_range(1..=revision + 1),
            min_revision: random.random_range(0..=revision),
        },
        75..90 => Request::Company,
        _ => Request::Audit { entries: random.random_range(1..=20) },
    }
}
