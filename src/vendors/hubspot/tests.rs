//! HubSpot as a vendor, over real connections.

mod carrying;
mod certainty;
mod groups;
mod harness;
mod identity;
mod last_look;
mod limits;
mod listing;
mod oauth;
mod reading;
mod sandbox;
mod table;
mod values;
mod writing;

use serde_json::{Value, json};

use super::*;
use crate::clock::SystemClock;
use crate::domain::{Attributes, ProblemReason};
use crate::vendors::{FailureScope, Lane};
pub(super) use harness::hubspot;
use harness::*;
