//! The kinds of value and of editing, and which go together.

use std::fmt;

/// What kind of value a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PropertyType {
    /// Text.
    String,
    /// A number.
    Number,
    /// A day.
    Date,
    /// A moment.
    Datetime,
    /// One or more options.
    Enumeration,
    /// Yes or no.
    Bool,
    /// A telephone number.
    PhoneNumber,
}

/// How a field is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// One line of text.
    Text,
    /// Several lines of text.
    Textarea,
    /// A drop-down list.
    Select,
    /// Radio buttons.
    Radio,
    /// Several check boxes.
    Checkbox,
    /// One check box.
    Booleancheckbox,
    /// A number.
    Number,
    /// A day or a moment.
    Date,
    /// An uploaded file.
    File,
    /// Rich text.
    Html,
    /// A telephone number.
    Phonenumber,
    /// Not edited: worked out by a formula.
    CalculationEquation,
}

impl PropertyType {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::String,
        Self::Number,
        Self::Date,
        Self::Datetime,
        Self::Enumeration,
        Self::Bool,
        Self::PhoneNumber,
    ];

    /// Returns HubSpot's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Enumeration => "enumeration",
            Self::Bool => "bool",
            Self::PhoneNumber => "phone_number",
        }
    }

    /// Returns the ways of editing that go with it, the usual one first (HubSpot's properties guide).
    pub const fn field_types(self) -> &'static [FieldType] {
        use FieldType as F;
        match self {
            Self::String => {
                &[F::Text, F::Textarea, F::File, F::Html, F::Phonenumber, F::CalculationEquation]
            }
            Self::Number => &[F::Number, F::CalculationEquation],
            Self::Date | Self::Datetime => &[F::Date],
            Self::Enumeration => {
                &[F::Select, F::Radio, F::Checkbox, F::Booleancheckbox, F::CalculationEquation]
            }
            Self::Bool => &[F::Booleancheckbox, F::CalculationEquation],
            Self::PhoneNumber => &[F::Phonenumber],
        }
    }

    /// Tells whether a way of editing goes with it.
    pub fn goes_with(self, field_type: FieldType) -> bool {
        self.field_types().contains(&field_type)
    }

    /// Tells whether values of this type are chosen from options.
    pub const fn has_options(self) -> bool {
        matches!(self, Self::Enumeration | Self::Bool)
    }

    pub(super) fn field_types_listed(self) -> String {
        let names: Vec<_> = self.field_types().iter().map(|kind| kind.as_str()).collect();
        names.join(", ")
    }
}

impl FieldType {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Text,
        Self::Textarea,
        Self::Select,
        Self::Radio,
        Self::Checkbox,
        Self::Booleancheckbox,
        Self::Number,
        Self::Date,
        Self::File,
        Self::Html,
        Self::Phonenumber,
        Self::CalculationEquation,
    ];

    /// Returns HubSpot's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Textarea => "textarea",
            Self::Select => "select",
            Self::Radio => "radio",
            Self::Checkbox => "checkbox",
            Self::Booleancheckbox => "booleancheckbox",
            Self::Number => "number",
            Self::Date => "date",
            Self::File => "file",
            Self::Html => "html",
            Self::Phonenumber => "phonenumber",
            Self::CalculationEquation => "calculation_equation",
        }
    }
}

impl fmt::Display for PropertyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
