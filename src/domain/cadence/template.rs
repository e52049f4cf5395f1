//! The texts of a step.

use std::collections::BTreeSet;

use super::{
    BODY_BYTES_MAX, CadenceRules, Channel, MergeField, SUBJECT_BYTES_MAX, Samples, TemplateFormat,
    merge,
};
use crate::domain::text::{check_bytes, check_line, check_lines};
use crate::domain::{VendorKind, Violations};

/// The texts of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The subject of an email, the title of a task: one line of plain text.
    pub subject: String,
    /// The body; empty for none, which a task may do.
    pub body: String,
    /// The form of the body.
    pub format: TemplateFormat,
}

/// The texts of a step as a caller wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateDraft {
    /// The subject.
    pub subject: String,
    /// The body.
    pub body: String,
    /// The form of the body; plain text when left out.
    pub format: Option<TemplateFormat>,
}

/// The texts of a step with the merge fields filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The subject: plain text, whatever the form of the body.
    pub subject: String,
    /// The body; what was filled in is escaped where it is HTML.
    pub body: String,
    /// The form of the body.
    pub format: TemplateFormat,
    /// The merge fields without a sample value; they stand in the texts as they were written.
    pub missing: BTreeSet<MergeField>,
}

impl TemplateDraft {
    pub(super) fn complete(self) -> Template {
        let format = self.format.unwrap_or(TemplateFormat::Text);
        Template { subject: self.subject, body: self.body, format }
    }
}

impl Template {
    /// The texts of a step that has none yet.
    pub(super) fn empty() -> Self {
        TemplateDraft::default().complete()
    }

    /// Fills in the merge fields.
    pub fn render(&self, samples: &Samples) -> Rendered {
        let mut missing = BTreeSet::new();
        let subject = samples.fill(&self.subject, TemplateFormat::Text, &mut missing);
        let body = samples.fill(&self.body, self.format, &mut missing);
        Rendered { subject, body, format: self.format, missing }
    }

    pub(super) fn canonical(&self) -> Self {
        let (subject, body) = (merge::canonical(&self.subject), merge::canonical(&self.body));
        Self { subject, body, format: self.format }
    }

    pub(super) fn bytes(&self) -> usize {
        self.subject.len() + self.body.len()
    }

    /// Checks the texts of a step that has some.
    pub(super) fn check(
        &self,
        found: &mut Violations,
        place: &str,
        channel: Channel,
        vendor: VendorKind,
        rules: &CadenceRules,
    ) {
        let path = format!("{place}.subject");
        found.require(!self.subject.trim().is_empty(), &path, "must not be blank");
        check_bytes(found, &path, &self.subject, SUBJECT_BYTES_MAX);
        check_line(found, &path, &self.subject);
        check_merge_fields(found, &path, &self.subject);
        let path = format!("{place}.body");
        let needs_body = channel == Channel::Email;
        found.require(!needs_body || !self.body.trim().is_empty(), &path, "must not be blank");
        check_bytes(found, &path, &self.body, BODY_BYTES_MAX.min(rules.body_bytes_max));
        check_lines(found, &path, &self.body);
        check_merge_fields(found, &path, &self.body);
        let names: Vec<_> = rules.formats.iter().map(|format| format.as_str()).collect();
        found.require(
            rules.formats.contains(&self.format),
            format!("{place}.format"),
            format!("{} is not held by {vendor}; it takes {}", self.format, names.join(", ")),
        );
    }
}

fn check_merge_fields(found: &mut Violations, path: &str, text: &str) {
    for fault in merge::parse(text).err().unwrap_or_default() {
        found.add(path, fault.to_string());
    }
}
