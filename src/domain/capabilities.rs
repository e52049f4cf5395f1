//! What each vendor can do: the one table that validation, planning and the documentation follow.

use super::{ResourceKind, VendorKind};

/// What a vendor can do, as far as anything outside its module depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The kinds of resources that it holds.
    pub kinds: &'static [ResourceKind],
    /// How many resources one create call may carry.
    pub creates_per_call_max: usize,
    /// Whether it names the version of what it holds and refuses a change that was made for
    /// another one, so that nobody's change is overwritten unseen.
    pub versions: bool,
    /// Whether a create that is repeated under the same key is answered as the first time.
    pub idempotency_keys: bool,
}

impl VendorKind {
    /// Returns what the vendor can do.
    pub const fn capabilities(self) -> Capabilities {
        match self {
            Self::HubSpot => Capabilities {
                kinds: &[ResourceKind::Field],
                // HubSpot documents no limit for properties; its object batches take 100.
                creates_per_call_max: 100,
                versions: false,
                idempotency_keys: false,
            },
        }
    }
}
