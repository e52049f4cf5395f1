//! What a company decides, whatever its kind.

use serde::{Deserialize, Serialize};

use super::{
    Attributes, Cadence, CompanyId, Connection, Field, Group, ResourceId, Revision, Sync,
    VendorKind,
};

/// A kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// A deal field.
    Field,
    /// An outreach cadence.
    Cadence,
    /// A property group.
    Group,
}

impl ResourceKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Field, Self::Cadence, Self::Group];

    /// Returns the name that the database and people see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Field => "field",
            Self::Cadence => "cadence",
            Self::Group => "group",
        }
    }

    /// Reads the name that the database uses.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Returns the vendor that resources of this kind are carried out at: the one that holds them.
    pub const fn vendor(self) -> VendorKind {
        match self {
            Self::Field | Self::Group => VendorKind::HubSpot,
            Self::Cadence => VendorKind::Upso,
        }
    }

    /// Returns the kind of what stands in resources of this kind.
    pub const fn contents(self) -> Option<Self> {
        match self {
            Self::Group => Some(Self::Field),
            Self::Field | Self::Cadence => None,
        }
    }

    /// Returns what people call several of them.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Field => "fields",
            Self::Cadence => "cadences",
            Self::Group => "groups",
        }
    }
}

/// A resource, as decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A deal field.
    Field(Field),
    /// An outreach cadence.
    Cadence(Cadence),
    /// A property group.
    Group(Group),
}

impl Resource {
    /// Gives it another identity.
    #[must_use]
    pub fn with_id(mut self, id: ResourceId) -> Self {
        match &mut self {
            Self::Field(field) => field.id = id,
            Self::Cadence(cadence) => cadence.id = id,
            Self::Group(group) => group.id = id,
        }
        self
    }

    /// Returns its identity.
    pub fn id(&self) -> &ResourceId {
        match self {
            Self::Field(field) => &field.id,
            Self::Cadence(cadence) => &cadence.id,
            Self::Group(group) => &group.id,
        }
    }

    /// Returns its kind.
    pub fn kind(&self) -> ResourceKind {
        match self {
            Self::Field(_) => ResourceKind::Field,
            Self::Cadence(_) => ResourceKind::Cadence,
            Self::Group(_) => ResourceKind::Group,
        }
    }

    /// Returns its name at the vendor, unique for its kind within the company.
    pub fn name(&self) -> &str {
        match self {
            Self::Field(field) => &field.name,
            Self::Cadence(cadence) => cadence.cadence_id.as_str(),
            Self::Group(group) => &group.name,
        }
    }

    /// Tells whether its vendor sees no difference between the two.
    pub fn same_at_vendor(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Field(one), Self::Field(other)) => one.same_at_vendor(other),
            (Self::Cadence(one), Self::Cadence(other)) => one.same_at_vendor(other),
            (Self::Group(one), Self::Group(other)) => one.same_at_vendor(other),
            (Self::Field(_) | Self::Cadence(_) | Self::Group(_), _) => false,
        }
    }

    /// Returns the kind and name of the resource that it stands in at its vendor, which has to be
    /// there before it and can go only after it. That one may not be decided.
    pub fn stands_in(&self) -> Option<(ResourceKind, &str)> {
        match self {
            Self::Field(field) => Some((ResourceKind::Group, &field.group_name)),
            Self::Cadence(_) | Self::Group(_) => None,
        }
    }

    /// Returns how many bytes its texts take up.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Field(field) => field.bytes(),
            Self::Cadence(cadence) => cadence.bytes(),
            Self::Group(group) => group.bytes(),
        }
    }
}

/// The latest version of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its identity.
    pub id: ResourceId,
    /// Its kind.
    pub kind: ResourceKind,
    /// Its name at the vendor.
    pub name: String,
    /// The revision that decided it.
    pub from_rev: Revision,
    /// What was decided; `None` is a tombstone: it was removed.
    pub resource: Option<Resource>,
    /// Whether values that records hold may be lost by it.
    pub allows_loss: bool,
    /// What it leaves at the vendor, where it is a tombstone.
    pub leaves: Leaves,
}

/// What a tombstone leaves at the vendor, where it is managed no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leaves {
    /// Nothing.
    #[default]
    Nothing,
    /// What was imported there: GoMark did not make it.
    Imported,
    /// All of it.
    All,
}

impl Leaves {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Nothing, Self::Imported, Self::All];

    /// Returns the name that the database uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Imported => "imported",
            Self::All => "all",
        }
    }

    /// Reads the name that the database uses.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|leaves| leaves.as_str() == text)
    }
}

/// A resource whose decision and confirmation are looked at together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// What was decided.
    pub version: Version,
    /// Where the vendor stands; the default when it was never touched there.
    pub sync: Sync,
    /// The revision that asks for its default value to be filled in, and waits for that.
    pub fill: Option<Revision>,
}

impl Tracked {
    /// Ranks the versions of what has or had one name: the one that there is counts, or else the one that
    /// was removed last.
    pub fn rank(&self) -> (bool, Revision) {
        (self.version.resource.is_some(), self.version.from_rev)
    }

    /// Tells whether what the vendor holds stays there although it was removed here.
    pub fn stays(&self) -> bool {
        match self.version.leaves {
            Leaves::Nothing => false,
            Leaves::Imported => self.sync.outside.imported,
            Leaves::All => true,
        }
    }

    /// Returns what the vendor is to hold, in the canonical form that `desired` gives: what was decided,
    /// with what is left as somebody else made it.
    pub fn decided(&self, desired: impl Fn(&Resource) -> Attributes) -> Option<Attributes> {
        let desired = self.version.resource.as_ref().map(desired)?;
        self.sync.outside.as_left(desired, self.version.from_rev)
    }
}

/// The configuration of a company at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The company.
    pub company_id: CompanyId,
    /// The revision.
    pub revision: Revision,
    /// The fields, by name.
    pub fields: Vec<Field>,
    /// The cadences, by id.
    pub cadences: Vec<Cadence>,
    /// The property groups, by name.
    pub groups: Vec<Group>,
    /// Fields on their way to a new name, with the one that they come from. Only of the latest
    /// revision, and more than a revision says: it changes when the vendor is done.
    pub migrating: Vec<(ResourceId, String)>,
}

/// The connection that work is carried out at, with the credential still sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedConnection {
    /// The connection.
    pub connection: Connection,
    /// The sealed credential; empty once disconnected.
    pub sealed: Vec<u8>,
}
