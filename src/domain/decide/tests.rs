//! What is decided about each mutation, and, in [`history`], that any sequence of them leads where a
//! plain model says.

mod companies;
mod connections;
mod fields;
mod groups;
mod history;
mod ledger;
mod rollbacks;

use ledger::Ledger;

use super::{Decision, Situation, Writes, decide};
use crate::domain::{
    Action, Attributes, Caller, Change, CompanyId, Connection, ConnectionStatus, Door, FieldDraft,
    FieldPatch, GroupDraft, GroupPatch, Intent, JobState, Mutation, NewConnection, ProblemReason,
    Refusal, Resource, ResourceId, Revision, Scope, Sync, Timestamp, Transition, VendorKind,
};

fn company_id() -> CompanyId {
    CompanyId::from_trusted("acme")
}

fn rev(number: i64) -> Revision {
    Revision::new(number)
}

fn mutation(intent: Intent) -> Mutation {
    Mutation {
        company_id: company_id(),
        intent,
        request_id: None,
        fingerprint: [0; 32],
        expected_revision: Revision::ZERO,
        validate_only: false,
        reason: "for a test".to_owned(),
        caller: Caller {
            actor: "ada".to_owned(),
            door: Door::Grpc,
            scope: Scope::All,
            deadline: None,
        },
        at: Timestamp::from_micros(7),
    }
}

fn register() -> Intent {
    Intent::RegisterCompany { display_name: "Acme".to_owned() }
}

fn draft(name: &str, label: &str) -> FieldDraft {
    FieldDraft { name: name.to_owned(), label: label.to_owned(), ..FieldDraft::default() }
}

fn add(name: &str, label: &str) -> Intent {
    Intent::add_field(draft(name, label))
}

fn modify(name: &str, patch: FieldPatch) -> Intent {
    Intent::modify_field(name, patch)
}

fn relabel(name: &str, label: &str) -> Intent {
    modify(name, FieldPatch { label: Some(label.to_owned()), ..FieldPatch::default() })
}

fn redefault(name: &str, default_value: &str) -> Intent {
    let default_value = Some(default_value.to_owned());
    modify(name, FieldPatch { default_value, ..FieldPatch::default() })
}

fn remove(name: &str) -> Intent {
    Intent::remove_field(name)
}

fn rollback(to: i64) -> Intent {
    Intent::rollback(rev(to))
}

fn account(account_id: &str) -> NewConnection {
    NewConnection {
        vendor: VendorKind::HubSpot,
        base_url: "https://api.example.com/".to_owned(),
        account_id: account_id.to_owned(),
        burst_per_10s: 100,
        reserve_percent: 0,
        sealed: vec![1, 2, 3],
        credential_id: "credential-a".to_owned(),
    }
}

fn connect(account_id: &str) -> Intent {
    Intent::ConnectVendor(account(account_id))
}

const DISCONNECT: Intent = Intent::DisconnectVendor { vendor: VendorKind::HubSpot };

/// What a vendor is told of, by the ids of the resources.
fn items(writes: &Writes) -> Vec<&str> {
    writes.parts.iter().flat_map(|part| part.items.iter().map(ResourceId::as_str)).collect()
}

/// Notes that the vendor confirmed something up to a revision.
fn confirmed(at: i64) -> Sync {
    let mut sync = Sync::default();
    let confirm = Transition::Confirm(Some(Attributes::new()));
    sync.apply(&confirm, rev(at), rev(at), Timestamp::default());
    sync
}
