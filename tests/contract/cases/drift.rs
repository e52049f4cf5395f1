//! The rows of `DriftService`.

use gomark::clock::{Clock as _, SystemClock};
use gomark_sdk::v1::*;
use prost::Message as _;
use prost_types::Timestamp;
use serde_json::json;

use super::{Case, Stage, row};
use crate::world::{World, portal_token};

/// Connects a company to a portal in which somebody made a property after it was scanned first.
pub(super) async fn with_drift(world: &World, company: &str) {
    world.connected(company).await;
    scan(world, company).await;
    let edit = json!({
        "token": portal_token(company), "method": "POST", "name": "newcomer",
        "body": { "label": "New", "type": "string", "fieldType": "text",
                  "groupName": "dealinformation" },
    });
    let url = format!("{}/_sandbox/edit", world.hubspot_url);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let edited = http.post(url).json(&edit).send().await.unwrap();
    assert!(edited.status().is_success(), "{}", edited.text().await.unwrap());
    scan(world, company).await;
}

/// Scans the only vendor of a company.
async fn scan(world: &World, company: &str) {
    let since = seconds();
    let scans = world.client.scan_drift(company).await.unwrap();
    let in_time = |at: &Timestamp| at.seconds >= since;
    assert!(
        scans.iter().all(|scan| scan.scanned_at.as_ref().is_some_and(in_time)),
        "not scanned in time: {scans:?}"
    );
}

fn seconds() -> i64 {
    SystemClock.now().as_micros() / 1_000_000
}

fn in_an_hour() -> Timestamp {
    Timestamp { seconds: seconds() + 3_600, nanos: 0 }
}

fn tier() -> PolicyTarget {
    PolicyTarget {
        kind: ResourceKind::Field.into(),
        name: "tier".to_owned(),
        ..PolicyTarget::default()
    }
}

pub(super) fn drift_cases() -> Vec<Case> {
    let mut cases = inbox_cases();
    cases.extend(policy_cases());
    cases
}

fn inbox_cases() -> Vec<Case> {
    vec![
        row!(
            "DriftService/ImportVendor",
            WithDrift,
            |target| ImportVendorRequest {
                company_id: target.company.clone(),
                vendor: Vendor::Hubspot.into(),
                ..ImportVendorRequest::default()
            },
            |request: &mut ImportVendorRequest| request.vendor = 0,
            "vendor"
        ),
        row!(
            "DriftService/ScanDrift",
            Connected,
            |target| ScanDriftRequest {
                company_id: target.company.clone(),
                ..ScanDriftRequest::default()
            },
            |request: &mut ScanDriftRequest| request.vendor = 99,
            "vendor"
        ),
        row!(
            "DriftService/ListDrift",
            Registered,
            |target| ListDriftRequest {
                company_id: target.company.clone(),
                ..ListDriftRequest::default()
            },
            |request: &mut ListDriftRequest| request.states = vec![99],
            "states[0]"
        ),
        row!(
            "DriftService/ResolveDrift",
            WithDrift,
            |target| ResolveDriftRequest {
                company_id: target.company.clone(),
                item_ids: vec![1],
                resolution: DriftResolution::Adopt.into(),
                ..ResolveDriftRequest::default()
            },
            |request: &mut ResolveDriftRequest| request.item_ids.clear(),
            "item_ids"
        ),
        row!(
            "DriftService/WatchDrift",
            WithDrift,
            |target| WatchDriftRequest { company_id: target.company.clone(), after_seq: 0 },
            |request: &mut WatchDriftRequest| request.after_seq = -1,
            "after_seq"
        ),
    ]
}

fn policy_cases() -> Vec<Case> {
    vec![
        row!(
            "DriftService/SetPolicy",
            Registered,
            |target| SetPolicyRequest {
                company_id: target.company.clone(),
                target: Some(tier()),
                mode: DriftMode::Report.into(),
                ..SetPolicyRequest::default()
            },
            |request: &mut SetPolicyRequest| request.mode = 99,
            "mode"
        ),
        row!(
            "DriftService/ListPolicies",
            Registered,
            |target| ListPoliciesRequest { company_id: target.company.clone() },
            |request: &mut ListPoliciesRequest| request.company_id.push('!'),
            "company_id"
        ),
        row!(
            "DriftService/PauseEnforcement",
            Registered,
            |target| PauseEnforcementRequest {
                company_id: target.company.clone(),
                until: Some(in_an_hour()),
                ..PauseEnforcementRequest::default()
            },
            |request: &mut PauseEnforcementRequest| request.until.as_mut().unwrap().nanos = -1,
            "until"
        ),
    ]
}
