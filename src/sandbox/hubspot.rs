//! HubSpot's rules for deals, their properties and groups: a pure state machine, without HTTP, faults or limits.

pub(crate) mod batch;
pub(crate) mod deals;
pub(crate) mod draft;
mod formula;
mod groups;
pub(crate) mod limits;
pub(crate) mod options;
pub(crate) mod portal;
pub(crate) mod property;
pub(crate) mod refusal;
mod rules;
mod stale;
mod standard;
pub(crate) mod switches;
pub(crate) mod trouble;
pub(crate) mod uses;

pub(crate) use draft::{Draft, GroupDraft};
pub(crate) use portal::Portal;
pub(crate) use refusal::Refusal;
