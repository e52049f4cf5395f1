//! One row per RPC: a request that is right, and one that is wrong.

mod drift;
mod groups;

use gomark_sdk::v1::*;
use gomark_sdk::{cadences, fields};
use prost::Message;

use crate::world::{World, portal_token};

/// What requests are about.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) company: String,
    pub(crate) hubspot_url: String,
    /// A job that waits.
    pub(crate) open_job: String,
    /// A job that was cancelled.
    pub(crate) cancelled_job: String,
}

/// What a company has to be for the right request to succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Not there yet.
    Unregistered,
    /// Registered, with the fields `tier` and `level`; the job of the latter was cancelled.
    Registered,
    /// As before, with the cadence `trial`.
    WithCadence,
    /// Registered, with the group `ops`.
    WithGroup,
    /// Connected to HubSpot.
    Connected,
    /// As before, with an item in its drift inbox.
    WithDrift,
}

/// One RPC.
pub(crate) struct Case {
    pub(crate) rpc: &'static str,
    pub(crate) stage: Stage,
    pub(crate) valid: fn(&Target) -> Vec<u8>,
    pub(crate) invalid: fn(&Target) -> Vec<u8>,
    /// The path of the field that is wrong in `invalid`.
    pub(crate) path: &'static str,
}

impl Target {
    /// Makes a company that is as the case wants it.
    pub(crate) async fn prepare(world: &World, stage: Stage, company: &str) -> Self {
        let (client, id) = (&world.client, company.to_owned());
        let mut target = Self::unknown(world, company);
        match stage {
            Stage::Unregistered => {}
            Stage::Connected => world.connected(company).await,
            Stage::WithDrift => drift::with_drift(world, company).await,
            Stage::Registered | Stage::WithCadence | Stage::WithGroup => {
                client.register_company(&id).await.unwrap();
                let tier = client.add_field(&id, fields::text("Tier")).await.unwrap();
                let level = client.add_field(&id, fields::text("Level")).await.unwrap();
                let (tier, level) = (tier.job.unwrap(), level.job.unwrap());
                level.cancel().await.unwrap();
                target.open_job = tier.id().to_owned();
                target.cancelled_job = level.id().to_owned();
                if stage == Stage::WithCadence {
                    client.add_cadence(&id, cadence("Trial")).await.unwrap();
                }
                if stage == Stage::WithGroup {
                    client.add_group(&id, groups::group("ops")).await.unwrap();
                }
            }
        }
        target
    }

    /// A company that does not exist, with jobs that do not either.
    pub(crate) fn unknown(world: &World, company: &str) -> Self {
        Self {
            company: company.to_owned(),
            hubspot_url: world.hubspot_url.clone(),
            open_job: format!("{company}.2"),
            cancelled_job: format!("{company}.3"),
        }
    }
}

impl Case {
    /// A company for each case, named after the RPC and the test.
    pub(crate) async fn target(&self, world: &World, test: &str) -> Target {
        let rpc = self.rpc.split('/').next_back().unwrap().to_lowercase();
        Target::prepare(world, self.stage, &format!("{test}-{rpc}")).await
    }
}

/// The case of an RPC.
pub(crate) fn case(rpc: &str) -> Case {
    let found = cases().into_iter().find(|case| case.rpc == rpc);
    found.unwrap_or_else(|| panic!("{rpc} has no row in the table of cases"))
}

macro_rules! row {
    ($rpc:literal, $stage:ident, |$target:ident| $valid:expr, $invalid:expr, $path:literal) => {
        Case {
            rpc: $rpc,
            stage: Stage::$stage,
            valid: |$target| $valid.encode_to_vec(),
            invalid: |$target| {
                let mut request = $valid;
                ($invalid)(&mut request);
                request.encode_to_vec()
            },
            path: $path,
        }
    };
}

pub(crate) use row;

/// The rows of all services.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = config_cases();
    cases.extend(cadence_cases());
    cases.extend(groups::group_cases());
    cases.extend(company_cases());
    cases.extend(drift::drift_cases());
    cases
}

fn config_cases() -> Vec<Case> {
    vec![
        row!(
            "ConfigService/AddField",
            Registered,
            |target| AddFieldRequest {
                company_id: target.company.clone(),
                field: Some(fields::text("Region")),
                ..AddFieldRequest::default()
            },
            |request: &mut AddFieldRequest| request.field = Some(fields::text(" ")),
            "field.name"
        ),
        row!(
            "ConfigService/ModifyField",
            Registered,
            |target| ModifyFieldRequest {
                company_id: target.company.clone(),
                name: "tier".to_owned(),
                field: Some(Field { label: "Tier of 2".to_owned(), ..Field::default() }),
                ..ModifyFieldRequest::default()
            },
            |request: &mut ModifyFieldRequest| request.field = None,
            "field"
        ),
        row!(
            "ConfigService/RemoveField",
            Registered,
            |target| RemoveFieldRequest {
                company_id: target.company.clone(),
                name: "tier".to_owned(),
                ..RemoveFieldRequest::default()
            },
            |request: &mut RemoveFieldRequest| request.name.clear(),
            "name"
        ),
        row!(
            "ConfigService/GetConfig",
            Registered,
            |target| GetConfigRequest {
                company_id: target.company.clone(),
                ..GetConfigRequest::default()
            },
            |request: &mut GetConfigRequest| request.revision = -1,
            "revision"
        ),
        row!(
            "ConfigService/ListAudit",
            Registered,
            |target| ListAuditRequest {
                company_id: target.company.clone(),
                ..ListAuditRequest::default()
            },
            |request: &mut ListAuditRequest| request.page_size = -1,
            "page_size"
        ),
        row!(
            "ConfigService/Rollback",
            Registered,
            |target| RollbackRequest {
                company_id: target.company.clone(),
                to_revision: 1,
                ..RollbackRequest::default()
            },
            |request: &mut RollbackRequest| request.to_revision = 0,
            "to_revision"
        ),
        row!(
            "ConfigService/GetJob",
            Registered,
            |target| GetJobRequest { job_id: target.open_job.clone() },
            |request: &mut GetJobRequest| request.job_id.clear(),
            "job_id"
        ),
        row!(
            "ConfigService/ListJobs",
            Registered,
            |target| ListJobsRequest {
                company_id: target.company.clone(),
                ..ListJobsRequest::default()
            },
            |request: &mut ListJobsRequest| request.states = vec![99],
            "states[0]"
        ),
        row!(
            "ConfigService/CancelJob",
            Registered,
            |target| CancelJobRequest {
                job_id: target.open_job.clone(),
                ..CancelJobRequest::default()
            },
            |request: &mut CancelJobRequest| request.reason = "\u{7}".to_owned(),
            "reason"
        ),
        row!(
            "ConfigService/RetryJob",
            Registered,
            |target| RetryJobRequest {
                job_id: target.cancelled_job.clone(),
                ..RetryJobRequest::default()
            },
            |request: &mut RetryJobRequest| request.request_id = "x".repeat(129),
            "request_id"
        ),
        row!(
            "ConfigService/WatchJob",
            Registered,
            |target| WatchJobRequest { job_id: target.open_job.clone(), after_seq: 0 },
            |request: &mut WatchJobRequest| request.after_seq = -1,
            "after_seq"
        ),
        row!(
            "ConfigService/WatchConfig",
            Registered,
            |target| WatchConfigRequest { company_id: target.company.clone(), after_revision: 0 },
            |request: &mut WatchConfigRequest| request.after_revision = -1,
            "after_revision"
        ),
    ]
}

fn cadence_cases() -> Vec<Case> {
    vec![
        row!(
            "ConfigService/AddCadence",
            Registered,
            |target| AddCadenceRequest {
                company_id: target.company.clone(),
                cadence: Some(cadence("Win back")),
                ..AddCadenceRequest::default()
            },
            |request: &mut AddCadenceRequest| {
                request.cadence.as_mut().unwrap().timezone = "Nowhere".to_owned();
            },
            "cadence.timezone"
        ),
        row!(
            "ConfigService/ModifyCadence",
            WithCadence,
            |target| ModifyCadenceRequest {
                company_id: target.company.clone(),
                cadence_id: "trial".to_owned(),
                template: Some("How do you get on?".to_owned()),
                ..ModifyCadenceRequest::default()
            },
            |request: &mut ModifyCadenceRequest| request.template = None,
            "cadence"
        ),
        row!(
            "ConfigService/RemoveCadence",
            WithCadence,
            |target| RemoveCadenceRequest {
                company_id: target.company.clone(),
                cadence_id: "trial".to_owned(),
                ..RemoveCadenceRequest::default()
            },
            |request: &mut RemoveCadenceRequest| request.cadence_id.clear(),
            "cadence_id"
        ),
        row!(
            "ConfigService/PreviewCadence",
            WithCadence,
            |target| PreviewCadenceRequest {
                company_id: target.company.clone(),
                which: Some("trial".into()),
                ..PreviewCadenceRequest::default()
            },
            |request: &mut PreviewCadenceRequest| request.which = Some("".into()),
            "cadence_id"
        ),
    ]
}

/// A cadence of one email.
fn cadence(name: &str) -> Cadence {
    cadences::cadence(name, [cadences::email("Hello", "Dear {{first_name}}")])
}

fn company_cases() -> Vec<Case> {
    vec![
        row!(
            "CompanyService/RegisterCompany",
            Unregistered,
            |target| RegisterCompanyRequest {
                company: Some(company(target, "Some company")),
                ..RegisterCompanyRequest::default()
            },
            |request: &mut RegisterCompanyRequest| request.company = None,
            "company.company_id"
        ),
        row!(
            "CompanyService/GetCompany",
            Registered,
            |target| GetCompanyRequest { company_id: target.company.clone() },
            |request: &mut GetCompanyRequest| request.company_id.push('!'),
            "company_id"
        ),
        row!(
            "CompanyService/ListCompanies",
            Registered,
            |_target| ListCompaniesRequest { page_size: 1_000, ..ListCompaniesRequest::default() },
            |request: &mut ListCompaniesRequest| request.page_token = "x".to_owned(),
            "page_token"
        ),
        row!(
            "CompanyService/UpdateCompany",
            Registered,
            |target| UpdateCompanyRequest {
                company: Some(company(target, "Another name")),
                ..UpdateCompanyRequest::default()
            },
            |request: &mut UpdateCompanyRequest| {
                request.company.as_mut().unwrap().display_name.clear();
            },
            "company.display_name"
        ),
        row!(
            "CompanyService/ConnectVendor",
            Registered,
            |target| ConnectVendorRequest {
                company_id: target.company.clone(),
                vendor: Vendor::Hubspot.into(),
                base_url: target.hubspot_url.clone(),
                settings: Some(hubspot(portal_token(&target.company))),
                ..ConnectVendorRequest::default()
            },
            |request: &mut ConnectVendorRequest| request.settings = None,
            "hubspot"
        ),
        row!(
            "CompanyService/DisconnectVendor",
            Connected,
            |target| DisconnectVendorRequest {
                company_id: target.company.clone(),
                vendor: Vendor::Hubspot.into(),
                ..DisconnectVendorRequest::default()
            },
            |request: &mut DisconnectVendorRequest| request.vendor = 0,
            "vendor"
        ),
    ]
}

fn company(target: &Target, display_name: &str) -> Company {
    Company {
        company_id: target.company.clone(),
        display_name: display_name.to_owned(),
        ..Company::default()
    }
}

/// The settings of a connection to HubSpot.
pub(crate) fn hubspot(access_token: String) -> connect_vendor_request::Settings {
    connect_vendor_request::Settings::Hubspot(HubSpotSettings {
        credential: Some(hub_spot_settings::Credential::AccessToken(access_token)),
        burst_per_10s: 0,
        reserve_percent: 0,
    })
}
