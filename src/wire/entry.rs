//! Audit entries.

use gomark_sdk::v1 as pb;
use pb::resource_value::Value;

use super::{Unreadable, digest, moment, timestamp};
use crate::domain::{
    Action, AuditedPolicy, Change, CompanyId, ConnectionId, Entry, RequestId, Resource, ResourceId,
    ResourceKind, Revision,
};

/// The version of the encoding.
pub(crate) const FORMAT: i32 = 1;

impl From<&Entry> for pb::AuditEntry {
    fn from(entry: &Entry) -> Self {
        let to_revision = match entry.action {
            Action::Rollback { to } => to.get(),
            _ => 0,
        };
        Self {
            format: FORMAT,
            company_id: entry.company_id.to_string(),
            revision: entry.revision.get(),
            action: action_number(entry.action) as i32,
            actor: entry.actor.clone(),
            door: entry.door.clone(),
            reason: entry.reason.clone(),
            request_id: entry.request_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            at: Some(timestamp(entry.at)),
            changes: entry.changes.iter().map(|change| write(&entry.company_id, change)).collect(),
            to_revision,
            allow_data_loss: entry.allow_data_loss,
            backfill: entry.backfill,
            prev_hash: entry.prev_hash.to_vec(),
            hash: Vec::new(),
            record: Vec::new(),
        }
    }
}

impl TryFrom<pb::AuditEntry> for Entry {
    type Error = Unreadable;

    fn try_from(entry: pb::AuditEntry) -> Result<Self, Unreadable> {
        if entry.format != FORMAT {
            return Err(Unreadable::new(format!("an audit entry has format {}", entry.format)));
        }
        let action = action(&entry)?;
        let at = entry.at.as_ref().ok_or_else(|| Unreadable::new("an audit entry has no time"))?;
        let request_id = Some(entry.request_id).filter(|text| !text.is_empty());
        Ok(Self {
            action,
            at: moment(at),
            allow_data_loss: entry.allow_data_loss,
            backfill: entry.backfill,
            prev_hash: digest(&entry.prev_hash)?,
            company_id: CompanyId::from_trusted(entry.company_id),
            revision: Revision::new(entry.revision),
            actor: entry.actor,
            door: entry.door,
            reason: entry.reason,
            request_id: request_id.map(RequestId::from_trusted),
            changes: entry.changes.into_iter().map(read).collect::<Result<_, _>>()?,
        })
    }
}

fn action_number(action: Action) -> pb::AuditAction {
    match action {
        Action::RegisterCompany => pb::AuditAction::RegisterCompany,
        Action::UpdateCompany => pb::AuditAction::UpdateCompany,
        Action::ConnectVendor => pb::AuditAction::ConnectVendor,
        Action::DisconnectVendor => pb::AuditAction::DisconnectVendor,
        Action::AddField => pb::AuditAction::AddField,
        Action::ModifyField => pb::AuditAction::ModifyField,
        Action::RemoveField => pb::AuditAction::RemoveField,
        Action::AddCadence => pb::AuditAction::AddCadence,
        Action::ModifyCadence => pb::AuditAction::ModifyCadence,
        Action::RemoveCadence => pb::AuditAction::RemoveCadence,
        Action::AddGroup => pb::AuditAction::AddGroup,
        Action::ModifyGroup => pb::AuditAction::ModifyGroup,
        Action::RemoveGroup => pb::AuditAction::RemoveGroup,
        Action::ImportVendor => pb::AuditAction::ImportVendor,
        Action::ResolveDrift => pb::AuditAction::ResolveDrift,
        Action::SetPolicy => pb::AuditAction::SetPolicy,
        Action::PauseEnforcement => pb::AuditAction::PauseEnforcement,
        Action::Rollback { .. } => pb::AuditAction::Rollback,
    }
}

fn action(entry: &pb::AuditEntry) -> Result<Action, Unreadable> {
    Ok(match entry.action() {
        pb::AuditAction::RegisterCompany => Action::RegisterCompany,
        pb::AuditAction::UpdateCompany => Action::UpdateCompany,
        pb::AuditAction::ConnectVendor => Action::ConnectVendor,
        pb::AuditAction::DisconnectVendor => Action::DisconnectVendor,
        pb::AuditAction::AddField => Action::AddField,
        pb::AuditAction::ModifyField => Action::ModifyField,
        pb::AuditAction::RemoveField => Action::RemoveField,
        pb::AuditAction::AddCadence => Action::AddCadence,
        pb::AuditAction::ModifyCadence => Action::ModifyCadence,
        pb::AuditAction::RemoveCadence => Action::RemoveCadence,
        pb::AuditAction::AddGroup => Action::AddGroup,
        pb::AuditAction::ModifyGroup => Action::ModifyGroup,
        pb::AuditAction::RemoveGroup => Action::RemoveGroup,
        pb::AuditAction::ImportVendor => Action::ImportVendor,
        pb::AuditAction::ResolveDrift => Action::ResolveDrift,
        pb::AuditAction::SetPolicy => Action::SetPolicy,
        pb::AuditAction::PauseEnforcement => Action::PauseEnforcement,
        pb::AuditAction::Rollback => Action::Rollback { to: Revision::new(entry.to_revision) },
        pb::AuditAction::Unspecified => {
            return Err(Unreadable::new(format!("an audit entry has action {}", entry.action)));
        }
    })
}

fn write(company_id: &CompanyId, change: &Change) -> pb::ResourceChange {
    let (kind, resource_id, before, after) = match change {
        Change::Company { before, after } => {
            let company = |name: &String| {
                Value::Company(pb::Company {
                    company_id: company_id.to_string(),
                    display_name: name.clone(),
                    ..pb::Company::default()
                })
            };
            let kind = pb::ResourceKind::Company;
            (
                kind,
                company_id.to_string(),
                before.as_ref().map(company),
                after.as_ref().map(company),
            )
        }
        Change::Connection { id, before, after } => {
            let connection = |connection| Value::Connection(pb::Connection::from(connection));
            let kind = pb::ResourceKind::Connection;
            (kind, id.to_string(), before.as_ref().map(connection), after.as_ref().map(connection))
        }
        Change::Policy { target, before, after } => {
            let kind = pb::ResourceKind::Policy;
            (kind, target.clone(), before.as_ref().map(policy), after.as_ref().map(policy))
        }
        Change::Resource { id, kind, before, after } => {
            let kind = super::drift::kind(*kind);
            (kind, id.to_string(), before.as_ref().map(resource), after.as_ref().map(resource))
        }
    };
    let value = |value: Option<Value>| value.map(|value| pb::ResourceValue { value: Some(value) });
    pb::ResourceChange {
        kind: kind as i32,
        resource_id,
        before: value(before),
        after: value(after),
    }
}

fn policy(policy: &AuditedPolicy) -> Value {
    Value::Policy(pb::AuditedPolicy {
        mode: policy.mode.clone(),
        until: policy.until.map(timestamp),
        reason: policy.reason.clone(),
    })
}

fn resource(resource: &Resource) -> Value {
    match resource {
        Resource::Field(field) => Value::Field(pb::Field::from(field)),
        Resource::Cadence(cadence) => Value::Cadence(pb::Cadence::from(cadence)),
        Resource::Group(group) => Value::Group(pb::Group::from(group)),
    }
}

fn read(change: pb::ResourceChange) -> Result<Change, Unreadable> {
    let kind = change.kind();
    let value = |value: Option<pb::ResourceValue>| value.and_then(|value| value.value);
    let (before, after) = (value(change.before), value(change.after));
    Ok(match kind {
        pb::ResourceKind::Company => {
            Change::Company { before: display_name(before)?, after: display_name(after)? }
        }
        pb::ResourceKind::Connection => Change::Connection {
            id: ConnectionId::from_trusted(change.resource_id),
            before: connection(before)?,
            after: connection(after)?,
        },
        pb::ResourceKind::Field => Change::Resource {
            id: ResourceId::from_trusted(change.resource_id),
            kind: ResourceKind::Field,
            before: field(before)?,
            after: field(after)?,
        },
        pb::ResourceKind::Cadence => Change::Resource {
            id: ResourceId::from_trusted(change.resource_id),
            kind: ResourceKind::Cadence,
            before: cadence(before)?,
            after: cadence(after)?,
        },
        pb::ResourceKind::Group => Change::Resource {
            id: ResourceId::from_trusted(change.resource_id),
            kind: ResourceKind::Group,
            before: group(before)?,
            after: group(after)?,
        },
        pb::ResourceKind::Policy => Change::Policy {
            target: change.resource_id,
            before: audited(before)?,
            after: audited(after)?,
        },
        pb::ResourceKind::Unspecified => return Err(mismatch()),
    })
}

fn display_name(value: Option<Value>) -> Result<Option<String>, Unreadable> {
    match value {
        None => Ok(None),
        Some(Value::Company(company)) => Ok(Some(company.display_name)),
        Some(_) => Err(mismatch()),
    }
}

fn connection(value: Option<Value>) -> Result<Option<crate::domain::Connection>, Unreadable> {
    match value {
        None => Ok(None),
        Some(Value::Connection(connection)) => Ok(Some(connection.try_into()?)),
        Some(_) => Err(mismatch()),
    }
}

fn audited(value: Option<Value>) -> Result<Option<AuditedPolicy>, Unreadable> {
    match value {
        None => Ok(None),
        Some(Value::Policy(policy)) => Ok(Some(AuditedPolicy {
            mode: policy.mode,
            until: policy.until.as_ref().map(moment),
            reason: policy.reason,
        })),
        Some(_) => Err(mismatch()),
    }
}

fn field(value: Option<Value>) -> Result<Option<Resource>, Unreadable> {
    match value {
        None => Ok(None),
        Some(Value::Field(field)) => Ok(Some(Resource::Field(field.try_into()?))),
        Some(_) => Err(mismatch()),
    }
}

fn cadence(value: Option<Value>) -> Result<Option<Resource>, Unreadable> {
    match value {
        None => Ok(None),
        Some(Value::Cadence(cadence)) => Ok(Some(Resource::Cadence(cadence.try_into()?))),
        Some(_) => Err(mismatch()),
    }
}

fn group(value: Option<Value>) -> Result<Option<Resource>, Unreadable> {
    match value {
        None => Ok(None),
        Some(Value::Group(group)) => Ok(Some(Resource::Group(group.into()))),
        Some(_) => Err(mismatch()),
    }
}

fn mismatch() -> Unreadable {
    Unreadable::new("a change of an audit entry has a kind that its values do not have")
}
