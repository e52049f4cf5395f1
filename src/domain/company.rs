//! Companies and their connections to vendors.

use std::fmt;

use super::{CompanyId, ConnectionId, Revision, Timestamp, Violations};

/// The longest display name, in characters.
const DISPLAY_NAME_LENGTH_MAX: usize = 255;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// A company: a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its identity.
    pub id: CompanyId,
    /// Its name for people.
    pub display_name: String,
    /// Its present revision.
    pub revision: Revision,
    /// The hash of its latest audit entry.
    pub head_hash: Digest,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// Checks a display name.
pub fn check_display_name(name: &str) -> Result<(), Violations> {
    let mut found = Violations::new();
    found.require(!name.trim().is_empty(), "display_name", "must not be blank");
    found.require(
        name.chars().count() <= DISPLAY_NAME_LENGTH_MAX,
        "display_name",
        "must be at most 255 characters long",
    );
    found.require(
        !name.chars().any(char::is_control),
        "display_name",
        "must not contain control characters",
    );
    found.or(())
}

/// A system that GoMark configures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VendorKind {
    /// HubSpot.
    HubSpot,
    /// Upso.
    Upso,
}

impl VendorKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::HubSpot, Self::Upso];

    /// Returns the name that the database and the log use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HubSpot => "hubspot",
            Self::Upso => "upso",
        }
    }

    /// Reads the name that the database uses.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for VendorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a connection is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionStatus {
    /// Changes are carried out.
    Connected,
    /// Jobs wait.
    Disconnected,
}

impl ConnectionStatus {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Connected, Self::Disconnected];

    /// Returns the name that the database uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
        }
    }

    /// Reads the name that the database uses.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A company's connection to an account at a vendor, without its credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its identity; the same account keeps it.
    pub id: ConnectionId,
    /// The vendor.
    pub vendor: VendorKind,
    /// Where the vendor is reached.
    pub base_url: String,
    /// The account at the vendor: HubSpot's portal id.
    pub account_id: String,
    /// The calls that may be made in 10 s; 0 while learned from the vendor's answers.
    pub burst_per_10s: u32,
    /// The share of the vendor's limits that is left to whoever else calls the account, in percent.
    pub reserve_percent: u32,
    /// Whether it is in use.
    pub status: ConnectionStatus,
    /// Changes whenever the credential does.
    pub credential_id: String,
}
