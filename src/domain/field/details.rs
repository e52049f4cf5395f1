//! What HubSpot knows of a property beyond its name, its type and its options.
//!
//! What is left out is not managed: it is neither sent nor compared, whatever HubSpot gives the
//! property by itself. What HubSpot fixes at creation, or lets nobody clear, cannot be decided
//! otherwise later: HubSpot would ignore that, or refuse it (its published API description, and
//! observations of third parties).

use super::hints::{DataSensitivity, NumberDisplayHint, TextDisplayHint};
use super::{Field, FieldType, PropertyType, check_long_text, check_name, formula};
use crate::domain::Violations;

/// The longest formula, in characters. HubSpot documents no limit; this one is ours.
const FORMULA_LENGTH_MAX: usize = 4_000;
/// The highest place of a field in its group. Ours.
const DISPLAY_ORDER_MAX: i32 = 1_000_000;
/// The only kind of objects that options can come from (observed by third parties).
const OWNER: &str = "OWNER";

/// What HubSpot knows of a property beyond its name, its type and its options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDetails {
    /// How the values are worked out; empty where they are entered.
    pub calculation_formula: String,
    /// Whether no two deals may have the same value.
    pub has_unique_value: bool,
    /// Whether it is kept from screens.
    pub hidden: Option<bool>,
    /// Whether it is offered for forms.
    pub form_field: Option<bool>,
    /// How a number is shown.
    pub number_display_hint: Option<NumberDisplayHint>,
    /// What kind of text it is.
    pub text_display_hint: Option<TextDisplayHint>,
    /// The property that says in which currency the amount is; empty where that is not managed.
    pub currency_property_name: String,
    /// Whether the symbol of the currency is shown.
    pub show_currency_symbol: Option<bool>,
    /// How sensitive the values are.
    pub data_sensitivity: DataSensitivity,
    /// Whether the options come from elsewhere at HubSpot.
    pub external_options: bool,
    /// Where they come from; empty where they do not.
    pub referenced_object_type: String,
    /// Where it stands in its group; -1, as at HubSpot, is the same as left out.
    pub display_order: Option<i32>,
}

impl Default for FieldDetails {
    fn default() -> Self {
        Self {
            calculation_formula: String::new(),
            has_unique_value: false,
            hidden: None,
            form_field: None,
            number_display_hint: None,
            text_display_hint: None,
            currency_property_name: String::new(),
            show_currency_symbol: None,
            data_sensitivity: DataSensitivity::NonSensitive,
            external_options: false,
            referenced_object_type: String::new(),
            display_order: None,
        }
    }
}

impl FieldDetails {
    /// Returns how many bytes the texts take up.
    pub(super) fn bytes(&self) -> usize {
        self.calculation_formula.len()
            + self.currency_property_name.len()
            + self.referenced_object_type.len()
    }

    /// Takes -1 for what it means at HubSpot.
    pub(super) fn complete(self) -> Self {
        Self { display_order: self.display_order.filter(|place| *place != -1), ..self }
    }
}

/// A change of details: `None` leaves one as it is, `Some(None)` no longer manages it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DetailsPatch {
    /// The new formula.
    pub calculation_formula: Option<String>,
    /// Whether it is kept from screens.
    pub hidden: Option<Option<bool>>,
    /// Whether it is offered for forms.
    pub form_field: Option<Option<bool>>,
    /// How a number is shown.
    pub number_display_hint: Option<Option<NumberDisplayHint>>,
    /// What kind of text it is.
    pub text_display_hint: Option<Option<TextDisplayHint>>,
    /// The property that says in which currency the amount is.
    pub currency_property_name: Option<String>,
    /// Whether the symbol of the currency is shown.
    pub show_currency_symbol: Option<Option<bool>>,
    /// Where it stands in its group.
    pub display_order: Option<Option<i32>>,
    /// What is fixed, as the caller takes it to be.
    pub fixed: FixedDetails,
}

/// What is fixed when a property is created; `None` where a caller says nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixedDetails {
    /// Whether values are unique.
    pub has_unique_value: Option<bool>,
    /// How sensitive values are.
    pub data_sensitivity: Option<DataSensitivity>,
    /// Whether options come from elsewhere.
    pub external_options: Option<bool>,
    /// Where they come from.
    pub referenced_object_type: Option<String>,
}

impl DetailsPatch {
    /// Applies the change to the details of a field that gets this type. Hints and currencies that
    /// do not suit a new type are no longer managed.
    pub(super) fn apply(
        self,
        found: &mut Violations,
        field: &Field,
        property_type: PropertyType,
    ) -> FieldDetails {
        let before: &FieldDetails = &field.details;
        self.fixed.check(found, before);
        let is_number = property_type == PropertyType::Number;
        let is_text = property_type == PropertyType::String;
        let number_display_hint = self
            .number_display_hint
            .unwrap_or_else(|| before.number_display_hint.filter(|_| is_number));
        let text_display_hint =
            self.text_display_hint.unwrap_or_else(|| before.text_display_hint.filter(|_| is_text));
        let show_currency_symbol = self
            .show_currency_symbol
            .unwrap_or_else(|| before.show_currency_symbol.filter(|_| is_number));
        let currency = Some(before.currency_property_name.clone()).filter(|_| is_number);
        let currency_property_name = self.currency_property_name.or(currency).unwrap_or_default();
        let kept = "cannot be cleared: HubSpot keeps it once it is set";
        let cleared = is_number && before.number_display_hint.is_some();
        found.require(
            !cleared || number_display_hint.is_some(),
            "number_display_hint",
            "cannot be cleared: HubSpot keeps it once it is set; FORMATTED is what shows without one",
        );
        let cleared = is_text && before.text_display_hint.is_some();
        found.require(!cleared || text_display_hint.is_some(), "text_display_hint", kept);
        if is_number && !before.currency_property_name.is_empty() {
            found.require(!currency_property_name.is_empty(), "currency_property_name", kept);
            found.require(
                show_currency_symbol == Some(true),
                "show_currency_symbol",
                "cannot be turned off once currency_property_name was set",
            );
        }
        FieldDetails {
            calculation_formula: self
                .calculation_formula
                .unwrap_or_else(|| before.calculation_formula.clone()),
            hidden: self.hidden.unwrap_or(before.hidden),
            form_field: self.form_field.unwrap_or(before.form_field),
            number_display_hint,
            text_display_hint,
            currency_property_name,
            show_currency_symbol,
            display_order: self.display_order.unwrap_or(before.display_order),
            ..before.clone()
        }
        .complete()
    }
}

impl FixedDetails {
    fn check(self, found: &mut Violations, before: &FieldDetails) {
        let &FieldDetails { has_unique_value, data_sensitivity, external_options, .. } = before;
        let of = &before.referenced_object_type;
        for (name, stays) in [
            ("has_unique_value", self.has_unique_value.is_none_or(|it| it == has_unique_value)),
            ("data_sensitivity", self.data_sensitivity.is_none_or(|it| it == data_sensitivity)),
            ("external_options", self.external_options.is_none_or(|it| it == external_options)),
            ("referenced_object_type", self.referenced_object_type.is_none_or(|it| it == *of)),
        ] {
            let rule = "cannot be changed: HubSpot fixes it when the property is created";
            found.require(stays, name, rule);
        }
    }
}

/// Checks the details of a field.
pub(super) fn check(found: &mut Violations, field: &Field) {
    check_formula(found, field);
    check_display(found, field);
    check_source(found, field);
}

fn check_formula(found: &mut Violations, field: &Field) {
    const PATH: &str = "calculation_formula";
    let text = field.details.calculation_formula.as_str();
    let is_calculated = field.field_type == FieldType::CalculationEquation;
    if text.is_empty() {
        found.require(!is_calculated, PATH, "must be given for calculation_equation");
        return;
    }
    found.require(
        is_calculated,
        PATH,
        format!("goes only with field type calculation_equation, not {}", field.field_type),
    );
    check_long_text(found, PATH, text, FORMULA_LENGTH_MAX);
    found.require(!text.trim().is_empty(), PATH, "must not be blank");
    found.require(formula::texts_end(text), PATH, "must end every text that it begins");
}

fn check_display(found: &mut Violations, field: &Field) {
    let (details, kind) = (&field.details, field.property_type);
    let only_with = |wanted| format!("goes only with type {wanted}, not {kind}");
    let is_number = kind == PropertyType::Number;
    for (name, is_set) in [
        ("number_display_hint", details.number_display_hint.is_some()),
        ("currency_property_name", !details.currency_property_name.is_empty()),
        ("show_currency_symbol", details.show_currency_symbol.is_some()),
    ] {
        found.require(is_number || !is_set, name, only_with(PropertyType::Number));
    }
    found.require(
        kind == PropertyType::String || details.text_display_hint.is_none(),
        "text_display_hint",
        only_with(PropertyType::String),
    );
    if !details.currency_property_name.is_empty() {
        check_name(found, "currency_property_name", &details.currency_property_name);
        found.require(
            details.show_currency_symbol == Some(true),
            "currency_property_name",
            "needs show_currency_symbol to be true",
        );
    }
    found.require(
        details.display_order.is_none_or(|place| (0..=DISPLAY_ORDER_MAX).contains(&place)),
        "display_order",
        "must be from 0 to 1000000, or -1 for wherever HubSpot puts it",
    );
}

fn check_source(found: &mut Violations, field: &Field) {
    let details = &field.details;
    if details.external_options {
        found.require(
            field.property_type == PropertyType::Enumeration,
            "external_options",
            format!("goes only with type enumeration, not {}", field.property_type),
        );
        found.require(
            details.referenced_object_type == OWNER,
            "referenced_object_type",
            "must be OWNER with external_options",
        );
    } else {
        found.require(
            details.referenced_object_type.is_empty(),
            "referenced_object_type",
            "goes only with external_options",
        );
    }
}
