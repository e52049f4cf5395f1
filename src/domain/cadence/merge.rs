//! Merge fields: the places in a text that are filled in for each person.
//!
//! A merge field is written `{{first_name}}`; blanks between the braces and the name mean nothing.
//! There is nothing else to a template: no conditions, no defaults, no other names than those of
//! [`MergeField`]. Single braces are plain text; double ones always belong to a merge field.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{MERGE_FIELDS_MAX, SAMPLE_LENGTH_MAX, TemplateFormat};
use crate::domain::Violations;
use crate::domain::text::{check_length, check_line, quoted};

/// The most faults of one text that are told.
const FAULTS_MAX: usize = 5;

/// Something that is known of a person, their company, or who writes to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MergeField {
    /// The person's first name.
    FirstName,
    /// The person's last name.
    LastName,
    /// The person's email address.
    Email,
    /// The person's telephone number.
    Phone,
    /// What the person does.
    JobTitle,
    /// The company that the person works for.
    CompanyName,
    /// The person's town.
    City,
    /// The person's country.
    Country,
    /// The first name of who writes.
    SenderFirstName,
    /// The last name of who writes.
    SenderLastName,
    /// The email address of who writes.
    SenderEmail,
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Text that stands for itself; never empty.
    Text(&'a str),
    /// A merge field.
    Field(MergeField),
}

/// What is wrong with the merge fields of a text, as the end of a sentence that begins with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeFault {
    /// A name that is none of ours.
    #[error("must not have the merge field {}, which does not exist; there are {}", quoted(.0), listed())]
    Unknown(String),
    /// Nothing but blanks between the braces.
    #[error("must have the name of a merge field between {{{{ and }}}}")]
    Empty,
    /// No end before the next begin or the end of the text.
    #[error("must not have {{{{ without }}}} after it")]
    Unclosed,
    /// An end without a begin.
    #[error(
        "must not have }}}} without {{{{ before it; a blank between two braces makes them text"
    )]
    Unopened,
    /// More than [`MERGE_FIELDS_MAX`].
    #[error("must have at most {} merge fields", MERGE_FIELDS_MAX)]
    TooMany,
}

impl MergeField {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::FirstName,
        Self::LastName,
        Self::Email,
        Self::Phone,
        Self::JobTitle,
        Self::CompanyName,
        Self::City,
        Self::Country,
        Self::SenderFirstName,
        Self::SenderLastName,
        Self::SenderEmail,
    ];

    /// Returns the name that stands in texts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::JobTitle => "job_title",
            Self::CompanyName => "company_name",
            Self::City => "city",
            Self::Country => "country",
            Self::SenderFirstName => "sender_first_name",
            Self::SenderLastName => "sender_last_name",
            Self::SenderEmail => "sender_email",
        }
    }

    /// Reads the name that stands in texts.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == text)
    }
}

impl fmt::Display for MergeField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Field(field) => write!(f, "{{{{{field}}}}}"),
        }
    }
}

/// Takes a text apart, or tells the first few things that are wrong with it.
pub fn parse(text: &str) -> Result<Vec<Part<'_>>, Vec<MergeFault>> {
    let mut parts = Vec::new();
    let mut faults = Vec::new();
    let mut segments = text.split("}}").peekable();
    while let Some(segment) = segments.next() {
        let (before, inside) = match segment.split_once("{{") {
            Some((before, inside)) => (before, Some(inside)),
            None => (segment, None),
        };
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        match (inside, segments.peek().is_some()) {
            (None, false) => {}
            (None, true) => faults.push(MergeFault::Unopened),
            (Some(_), false) => faults.push(MergeFault::Unclosed),
            (Some(inside), true) => match field(inside) {
                Ok(field) => parts.push(Part::Field(field)),
                Err(fault) => faults.push(fault),
            },
        }
        if faults.len() == FAULTS_MAX {
            break;
        }
    }
    let fields = parts.iter().filter(|part| matches!(part, Part::Field(_))).count();
    if fields > MERGE_FIELDS_MAX {
        faults.push(MergeFault::TooMany);
    }
    if faults.is_empty() { Ok(parts) } else { Err(faults) }
}

fn field(inside: &str) -> Result<MergeField, MergeFault> {
    match inside.trim_matches([' ', '\t']) {
        "" => Err(MergeFault::Empty),
        name if name.contains("{{") => Err(MergeFault::Unclosed),
        name => MergeField::parse(name).ok_or_else(|| MergeFault::Unknown(name.to_owned())),
    }
}

fn listed() -> String {
    MergeField::ALL.map(MergeField::as_str).join(", ")
}

/// Spells the merge fields of a text without blanks.
pub(super) fn canonical(text: &str) -> String {
    parts(text).iter().map(Part::to_string).collect()
}

/// The parts of a text that was checked; all of it where it was not.
fn parts(text: &str) -> Vec<Part<'_>> {
    parse(text).unwrap_or_else(|_| vec![Part::Text(text)])
}

/// What merge fields are filled in with, to see what a template becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples(BTreeMap<MergeField, String>);

impl Samples {
    /// Checks sample values by the names of their merge fields, which are the paths of what is
    /// found; of several values for one the last one counts.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Violations> {
        let mut found = Violations::new();
        let mut samples = Self::default();
        for (name, value) in pairs {
            let Some(field) = MergeField::parse(name) else {
                found.add(quoted(name), format!("must be a merge field: {}", listed()));
                continue;
            };
            check_length(&mut found, name, value, SAMPLE_LENGTH_MAX);
            check_line(&mut found, name, value);
            samples.0.insert(field, value.to_owned());
        }
        found.or(samples)
    }

    /// Returns the value of a merge field.
    pub fn get(&self, field: MergeField) -> Option<&str> {
        self.0.get(&field).map(String::as_str)
    }

    /// Fills in a text. A merge field without a value is left as it is and added to `missing`.
    pub(super) fn fill(
        &self,
        text: &str,
        format: TemplateFormat,
        missing: &mut BTreeSet<MergeField>,
    ) -> String {
        let mut filled = String::with_capacity(text.len());
        for part in parts(text) {
            let value = match part {
                Part::Text(_) => None,
                Part::Field(field) => self.get(field).or_else(|| {
                    missing.insert(field);
                    None
                }),
            };
            match (value, format) {
                (None, _) => filled.push_str(&part.to_string()),
                (Some(value), TemplateFormat::Text) => filled.push_str(value),
                (Some(value), TemplateFormat::Html) => push_escaped(&mut filled, value),
            }
        }
        filled
    }
}

/// Writes a text so that HTML shows it as it is, also within a quoted attribute.
fn push_escaped(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
}
