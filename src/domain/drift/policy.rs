//! Policies: what is done about changes that others make.

use serde::{Deserialize, Serialize};

use crate::domain::{ResourceId, ResourceKind, Timestamp};

/// What is done about a change that somebody else made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// What was decided is brought back.
    Enforce,
    /// It is told and left.
    Report,
    /// It is left.
    Ignore,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Enforce, Self::Report, Self::Ignore];

    /// Returns the name that the database uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Report => "report",
            Self::Ignore => "ignore",
        }
    }

    /// Reads the name that the database uses.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

/// What a pause is called where the keys of policies stand. No target has that key.
pub const PAUSE: &str = "pause";

/// What a policy is about: everything, a resource, or an attribute of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PolicyTarget {
    /// The resource; `None` for all of the company's.
    pub resource: Option<(ResourceKind, Which)>,
    /// The attribute, by the vendor's name; `None` for the whole resource.
    pub attribute: Option<String>,
}

/// Which resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Which {
    /// One that is decided, whatever its name.
    Id(ResourceId),
    /// One that is not, by its name at the vendor.
    Name(String),
}

impl PolicyTarget {
    /// Everything that the company has.
    pub fn company() -> Self {
        Self::default()
    }

    /// A resource, or an attribute of it.
    pub fn of(kind: ResourceKind, which: Which, attribute: Option<&str>) -> Self {
        Self { resource: Some((kind, which)), attribute: attribute.map(str::to_owned) }
    }

    /// Returns the text that the database keeps: `field/<id>/<attribute>`, `field:<name>`, or nothing
    /// for the company.
    pub fn key(&self) -> String {
        let resource = match &self.resource {
            None => String::new(),
            Some((kind, Which::Id(id))) => format!("{}/{id}", kind.as_str()),
            Some((kind, Which::Name(name))) => {
                let name = name.replace('%', "%25").replace('/', "%2F");
                format!("{}:{name}", kind.as_str())
            }
        };
        match &self.attribute {
            None => resource,
            Some(attribute) => format!("{resource}/{attribute}"),
        }
    }

    /// Reads that text.
    pub fn parse(key: &str) -> Option<Self> {
        if key.is_empty() {
            return Some(Self::company());
        }
        let at = key.find(['/', ':'])?;
        let (kind, rest) = key.split_at(at);
        let kind = ResourceKind::parse(kind)?;
        let mut parts = rest.get(1..)?.splitn(2, '/');
        let name = parts.next().filter(|name| !name.is_empty())?.to_owned();
        let which = match rest.starts_with('/') {
            true => Which::Id(ResourceId::from_trusted(name)),
            false => Which::Name(name.replace("%2F", "/").replace("%25", "%")),
        };
        Some(Self::of(kind, which, parts.next()))
    }
}

/// A policy that a company decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What it is about.
    pub target: PolicyTarget,
    /// What is done.
    pub mode: Mode,
    /// Why.
    pub reason: String,
    /// Until when it holds; always, where that is `None`.
    pub until: Option<Timestamp>,
}

/// All policies of a company.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// One for each target at most.
    pub all: Vec<Policy>,
    /// Until when nothing is enforced, and why.
    pub pause: Option<(Timestamp, String)>,
}

impl Policies {
    /// Returns the policy for a target, also one that holds no more.
    pub fn of(&self, target: &PolicyTarget) -> Option<&Policy> {
        self.all.iter().find(|policy| policy.target == *target)
    }

    /// Tells what is done about a change of an attribute of a resource, or of its being there. The
    /// most special policy counts; without any, what is `usual` for what is decided. What is not decided is
    /// reported.
    pub fn mode(
        &self,
        kind: ResourceKind,
        which: &Which,
        attribute: Option<&str>,
        usual: Mode,
        now: Timestamp,
    ) -> Mode {
        let holds = |policy: &&Policy| policy.until.is_none_or(|until| until > now);
        let find = |target: &PolicyTarget| {
            self.all.iter().filter(holds).find(|policy| policy.target == *target)
        };
        let of_attribute = attribute.map(|it| PolicyTarget::of(kind, which.clone(), Some(it)));
        let of_resource = PolicyTarget::of(kind, which.clone(), None);
        let is_decided = matches!(which, Which::Id(_));
        let found = of_attribute
            .as_ref()
            .and_then(find)
            .or_else(|| find(&of_resource))
            .or_else(|| find(&PolicyTarget::company()).filter(|_| is_decided));
        let mode = found.map_or(usual, |policy| policy.mode);
        match mode {
            Mode::Enforce if self.is_paused(now) => Mode::Report,
            // What was never decided cannot be brought about.
            Mode::Enforce if !is_decided => Mode::Report,
            mode => mode,
        }
    }

    /// Tells whether nothing is enforced for now.
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.pause.as_ref().is_some_and(|(until, _)| *until > now)
    }

    /// Returns when the first of them that holds now will hold no more.
    pub fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        let ends = self.all.iter().filter_map(|policy| policy.until);
        ends.chain(self.pause.as_ref().map(|(until, _)| *until)).filter(|end| *end > now).min()
    }
}
