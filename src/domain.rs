//! What GoMark is about, as pure values and functions: no I/O, nothing of the other modules.

mod attributes;
pub mod cadence;
mod caller;
mod capabilities;
pub mod carry;
mod company;
pub mod decide;
pub mod drift;
mod entry;
mod estimate;
pub mod field;
pub mod group;
mod ids;
mod job;
mod mutation;
pub mod plan;
mod refusal;
mod resource;
mod sync;
mod text;
mod time;
mod violation;

pub use attributes::Attributes;
pub use cadence::{Cadence, CadenceDraft, CadencePatch, CadenceRules, CadenceStatus};
pub use caller::{Caller, Door, Scope};
pub use capabilities::Capabilities;
pub use company::{Company, Connection, ConnectionStatus, Digest, VendorKind, check_display_name};
pub use entry::{Action, AuditedPolicy, Change, Entry};
pub use estimate::{Allowance, Estimate};
pub use field::{Field, FieldDraft, FieldOption, FieldPatch, FieldType, OptionDraft, PropertyType};
pub use group::{Group, GroupDraft, GroupPatch};
pub use ids::{CadenceId, CompanyId, ConnectionId, JobId, RequestId, ResourceId, Revision, StepId};
pub use job::{ItemCounts, ItemState, Job, JobAction, JobError, JobEvent, JobPart, JobState};
pub use mutation::{
    Adopt, AdoptedChange, Envelope, Import, Intent, Mutation, Needs, NewConnection, PolicyAsk,
};
pub use plan::{Known, Observed, Operation, Step, plan};
pub use refusal::Refusal;
pub use resource::{Config, Leaves, Resource, ResourceKind, SealedConnection, Tracked, Version};
pub use sync::{
    Details, Effect, Failing, InDoubt, Parked, Problem, ProblemReason, Sync, Trail, Transition,
};
pub use time::Timestamp;
pub use violation::{Violation, Violations};
