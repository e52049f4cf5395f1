//! What all mutations carry.

use gomark_sdk::v1 as pb;
use prost::Message;
use sha2::{Digest as _, Sha256};

use crate::domain::{Caller, CompanyId, Digest, Envelope, RequestId, Revision, Violations};

/// The longest reason, in characters.
const REASON_LENGTH_MAX: usize = 1_000;

/// A request that changes what a company is or decides.
pub(super) trait Mutating: Message + Clone + Default {
    /// The name of the RPC, so that one request id serves one of them.
    const RPC: &'static str;
    /// The company.
    fn company_id(&self) -> &str;
    /// The path of the company id in the request.
    fn company_path(&self) -> &'static str {
        "company_id"
    }
    /// The common fields: request id, expected revision, validate only, reason.
    fn common(&self) -> (&str, i64, bool, &str);
    /// Takes the request id out.
    fn clear_request_id(&mut self);
}

macro_rules! mutating {
    ($($request:ident $rpc:literal $($company:ident).+;)+) => {
        $(impl Mutating for pb::$request {
            const RPC: &'static str = $rpc;

            fn company_id(&self) -> &str {
                mutating!(@company self $($company).+)
            }

            fn company_path(&self) -> &'static str {
                mutating!(@path $($company).+)
            }

            fn common(&self) -> (&str, i64, bool, &str) {
                (&self.request_id, self.expected_revision, self.validate_only, &self.reason)
            }

            fn clear_request_id(&mut self) {
                self.request_id.clear();
            }
        })+
    };
    (@company $self:ident company_id) => { &$self.company_id };
    (@company $self:ident company.company_id) => {
        $self.company.as_ref().map_or("", |company| company.company_id.as_str())
    };
    (@path company_id) => { "company_id" };
    (@path company.company_id) => { "company.company_id" };
}

mutating! {
    AddFieldRequest "AddField" company_id;
    ModifyFieldRequest "ModifyField" company_id;
    RemoveFieldRequest "RemoveField" company_id;
    AddCadenceRequest "AddCadence" company_id;
    ModifyCadenceRequest "ModifyCadence" company_id;
    RemoveCadenceRequest "RemoveCadence" company_id;
    AddGroupRequest "AddGroup" company_id;
    ModifyGroupRequest "ModifyGroup" company_id;
    RemoveGroupRequest "RemoveGroup" company_id;
    RollbackRequest "Rollback" company_id;
    ImportVendorRequest "ImportVendor" company_id;
    ResolveDriftRequest "ResolveDrift" company_id;
    SetPolicyRequest "SetPolicy" company_id;
    PauseEnforcementRequest "PauseEnforcement" company_id;
    RegisterCompanyRequest "RegisterCompany" company.company_id;
    UpdateCompanyRequest "UpdateCompany" company.company_id;
    ConnectVendorRequest "ConnectVendor" company_id;
    DisconnectVendorRequest "DisconnectVendor" company_id;
}

/// Reads what all mutations carry. `secret` replaces the secret in the request, if it has one, before
/// its fingerprint is taken.
pub(super) fn read<M: Mutating>(
    request: &M,
    caller: Caller,
    secret: impl FnOnce(&mut M),
) -> Result<Envelope, Violations> {
    let (request_id, expected_revision, validate_only, reason) = request.common();
    let mut found = Violations::new();
    let company_id = found.take(CompanyId::parse(request.company_id()).map_err(|mut v| {
        request.company_path().clone_into(&mut v.field);
        v
    }));
    let request_id = found.take(RequestId::parse(request_id)).flatten();
    found.require(expected_revision >= 0, "expected_revision", "must not be negative");
    check_reason(&mut found, reason);
    let mut bare = request.clone();
    bare.clear_request_id();
    secret(&mut bare);
    let fingerprint = fingerprint(M::RPC, &bare);
    match company_id {
        Some(company_id) if found.is_empty() => Ok(Envelope {
            company_id,
            request_id,
            fingerprint,
            expected_revision: Revision::new(expected_revision),
            validate_only,
            reason: reason.to_owned(),
            caller,
        }),
        _ => Err(found),
    }
}

/// Returns the digest of a request, to tell a repeat from another request.
pub(super) fn fingerprint(rpc: &str, request: &impl Message) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(rpc.as_bytes());
    hasher.update(b"\0");
    hasher.update(request.encode_to_vec());
    hasher.finalize().into()
}

/// Checks a caller's reason.
pub(super) fn check_reason(found: &mut Violations, reason: &str) {
    found.require(
        reason.chars().count() <= REASON_LENGTH_MAX,
        "reason",
        "must be at most 1000 characters long",
    );
    let bad = reason.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    found.require(!bad, "reason", "must not contain control characters other than line breaks");
}
