//! Reads what callers sent into the domain, each level adding its name to the path of a fault.

use gomark_sdk::v1 as pb;
use prost_types::FieldMask;
use zeroize::Zeroizing;

use super::field_details;
use super::mask::Mask;
use crate::api::answer::{
    HUBSPOT_CREDENTIAL_PATH, HUBSPOT_GRANT_PATH, UPSO_CREDENTIAL_PATH, UPSO_SECRETS_PATH,
};
use crate::domain::{
    FieldDraft, FieldPatch, FieldType, Intent, JobId, JobState, PropertyType, Refusal, Revision,
    VendorKind, Violation, Violations,
};
use crate::engine::{Credential, VendorSettings};
use crate::vendors::grant::Grant;
use crate::vendors::upso::ApiKey;
use crate::wire;

const FIELD_PATHS: [&str; 15] = [
    "label",
    "type",
    "field_type",
    "group_name",
    "description",
    "options",
    "default_value",
    "calculation_formula",
    "hidden",
    "form_field",
    "number_display_hint",
    "text_display_hint",
    "currency_property_name",
    "show_currency_symbol",
    "display_order",
];

/// Reads AddField.
pub(super) fn add_field(field: Option<pb::Field>, backfill: bool) -> Result<Intent, Violations> {
    let Some(field) = field else {
        return Err(Violation::new("field", "must be given").into());
    };
    let mut found = Violations::new();
    found.require(field.field_id.is_empty(), "field_id", "must not be given: GoMark gives it");
    let (property_type, field_type) = types(&field, &mut found);
    let details = field_details::draft(&field, &mut found);
    let draft = FieldDraft {
        name: field.name,
        label: field.label,
        property_type,
        field_type,
        group_name: field.group_name,
        description: field.description,
        options: field.options.into_iter().map(Into::into).collect(),
        default_value: field.default_value,
        details,
    };
    found.within("field").or(Intent::AddField { draft, backfill })
}

/// Reads ModifyField.
pub(super) fn modify_field(request: pb::ModifyFieldRequest) -> Result<Intent, Violations> {
    let pb::ModifyFieldRequest {
        name,
        field,
        update_mask,
        new_name,
        backfill,
        allow_data_loss,
        ..
    } = request;
    let alone = update_mask.is_some() || !new_name.is_empty() || backfill;
    let Some(field) = field.or_else(|| alone.then(pb::Field::default)) else {
        return Err(Violation::new("field", "must be given").into());
    };
    let mut found = Violations::new();
    let mask = Mask::read(update_mask.as_ref(), &FIELD_PATHS, &mut found);
    let renames = !field.name.is_empty() && field.name != name;
    found.require(!renames, "field.name", "cannot be changed; give new_name");
    let mut in_field = Violations::new();
    let (property_type, field_type) = types(&field, &mut in_field);
    let details = field_details::patch(&field, &mask, &mut in_field);
    let found_types = found.take_all(in_field.within("field").or(()));
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    let options: Vec<_> = field.options.into_iter().map(Into::into).collect();
    let patch = FieldPatch {
        new_name: text(new_name),
        label: mask.take("label", text(field.label)),
        property_type: match found_types {
            Some(()) => mask.take_set("type", "field.type", property_type, &mut found),
            None => None,
        },
        field_type: match found_types {
            Some(()) => mask.take_set("field_type", "field.field_type", field_type, &mut found),
            None => None,
        },
        group_name: mask.take("group_name", text(field.group_name)),
        description: mask.take("description", text(field.description)),
        options: mask.take("options", Some(options).filter(|options| !options.is_empty())),
        default_value: mask.take("default_value", text(field.default_value)),
        details,
    };
    found.or(Intent::ModifyField { name, patch, backfill, allow_data_loss })
}

fn types(field: &pb::Field, found: &mut Violations) -> (Option<PropertyType>, Option<FieldType>) {
    let fault =
        |name: &'static str| move |error: wire::Unreadable| Violation::new(name, error.to_string());
    let property_type = found.take(wire::property_type(field.r#type).map_err(fault("type")));
    let field_type = found.take(wire::field_type(field.field_type).map_err(fault("field_type")));
    (property_type.flatten(), field_type.flatten())
}

/// Reads RegisterCompany: without a name for people, the company id serves.
pub(super) fn register_company(company: Option<pb::Company>) -> Result<Intent, Violations> {
    let company = company.unwrap_or_default();
    let display_name = match company.display_name.is_empty() {
        true => company.company_id,
        false => company.display_name,
    };
    Ok(Intent::RegisterCompany { display_name })
}

/// Reads UpdateCompany.
pub(super) fn update_company(
    company: Option<pb::Company>,
    update_mask: Option<&FieldMask>,
) -> Result<Intent, Violations> {
    let mut found = Violations::new();
    let mask = Mask::read(update_mask, &["display_name"], &mut found);
    let name = company.map(|company| company.display_name).filter(|name| !name.is_empty());
    let display_name = mask.take("display_name", name);
    if display_name.is_none() {
        found.add("company.display_name", "must be given");
    }
    found.or(Intent::UpdateCompany { display_name: display_name.unwrap_or_default() })
}

/// Reads a vendor that has to be given.
pub(super) fn vendor(number: i32) -> Result<VendorKind, Violation> {
    let read = wire::vendor(number);
    let given = read.map_err(|error| Violation::new("vendor", error.to_string()))?;
    given.ok_or_else(|| Violation::new("vendor", "must be given"))
}

/// Reads what ConnectVendor says about the vendor.
pub(super) fn settings(request: &pb::ConnectVendorRequest) -> Result<VendorSettings, Violations> {
    use pb::connect_vendor_request::Settings;
    let mut found = Violations::new();
    let Some(vendor) = found.take(vendor(request.vendor)) else { return Err(found) };
    match (vendor, &request.settings) {
        (VendorKind::HubSpot, Some(Settings::Hubspot(hubspot))) => hubspot_settings(hubspot),
        (VendorKind::Upso, Some(Settings::Upso(upso))) => Ok(VendorSettings {
            vendor,
            credential_path: UPSO_CREDENTIAL_PATH,
            credential: Credential::Key {
                key: ApiKey {
                    api_key: upso.api_key.clone(),
                    webhook_secrets: upso.webhook_secrets.clone(),
                },
                secrets_path: UPSO_SECRETS_PATH,
            },
            burst_path: "",
            burst_per_10s: 0,
            reserve_path: "",
            reserve_percent: 0,
        }),
        _ => Err(Violation::new(vendor.as_str(), "must be given").into()),
    }
}

fn hubspot_settings(hubspot: &pb::HubSpotSettings) -> Result<VendorSettings, Violations> {
    use pb::hub_spot_settings::Credential as Given;
    let mut found = Violations::new();
    let burst = u32::try_from(hubspot.burst_per_10s);
    found.require(burst.is_ok(), "hubspot.burst_per_10s", "must be from 0 to 10000");
    let reserve = u32::try_from(hubspot.reserve_percent);
    found.require(reserve.is_ok(), "hubspot.reserve_percent", "must be from 0 to 90");
    let (credential_path, credential) = match &hubspot.credential {
        Some(Given::AccessToken(token)) => {
            (HUBSPOT_CREDENTIAL_PATH, Credential::Token(Zeroizing::new(token.clone())))
        }
        Some(Given::Oauth(grant)) => (
            HUBSPOT_GRANT_PATH,
            Credential::Grant(Grant {
                client_id: grant.client_id.clone(),
                client_secret: grant.client_secret.clone(),
                refresh_token: grant.refresh_token.clone(),
            }),
        ),
        None => {
            found.add(HUBSPOT_CREDENTIAL_PATH, "must be given");
            return Err(found);
        }
    };
    found.or(VendorSettings {
        vendor: VendorKind::HubSpot,
        credential_path,
        credential,
        burst_path: "hubspot.burst_per_10s",
        burst_per_10s: burst.unwrap_or(0),
        reserve_path: "hubspot.reserve_percent",
        reserve_percent: reserve.unwrap_or(0),
    })
}

/// Reads a job id.
pub(super) fn job_id(text: &str) -> Result<JobId, Refusal> {
    if text.is_empty() {
        return Err(Violation::new("job_id", "must be given").into());
    }
    JobId::parse(text).ok_or_else(|| Refusal::JobNotFound(text.chars().take(200).collect()))
}

/// Reads a list of job states.
pub(super) fn states(found: &mut Violations, numbers: &[i32]) -> Vec<JobState> {
    let mut states = Vec::new();
    for (index, number) in numbers.iter().enumerate() {
        let mut all = JobState::ALL.into_iter();
        match all.find(|state| pb::JobState::from(*state) as i32 == *number) {
            Some(state) => states.push(state),
            None => found.add(format!("states[{index}]"), "is not a state that a job can have"),
        }
    }
    states
}

/// Reads a revision: `None` for 0.
pub(super) fn revision(found: &mut Violations, path: &str, number: i64) -> Option<Revision> {
    found.require(number >= 0, path, "must not be negative");
    (number > 0).then(|| Revision::new(number))
}
