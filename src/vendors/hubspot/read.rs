//! Reading properties: one by one when they are few, all at once when they are many.

use std::collections::HashMap;

use futures::future::try_join_all;
use serde_json::Value;

use super::calls::Turn;
use super::canonical::{canonical, is_protected};
use super::classify::Classify as _;
use super::details;
use super::portal::Portal;
use super::said::Said;
use super::wire::{List, Property, name_of};
use crate::domain::field::DataSensitivity;
use crate::domain::{Attributes, Observed, ResourceKind};
use crate::vendors::http::Reply;
use crate::vendors::{Failure, Target};

/// The most properties that are read one by one.
const SINGLES_MAX: usize = 3;

/// A property of this name would be read at the address of the groups.
const HIDDEN_BY_GROUPS: &str = "groups";

impl Portal {
    pub(super) async fn read_all(&self, targets: &[Target]) -> Result<Vec<Observed>, Failure> {
        let (groups, properties) = apart(targets, |target| target.kind);
        let mut turn = Turn::with_place(self);
        let of_groups = self.read_groups(&mut turn, &groups).await?;
        let of_properties = self.read_properties(turn, &properties).await?;
        Ok(together(targets.iter().map(|target| target.kind), of_groups, of_properties))
    }

    /// Reads properties, those of each sensitivity by themselves: HubSpot shows no others with them.
    async fn read_properties(
        &self,
        mut turn: Turn<'_>,
        targets: &[&Target],
    ) -> Result<Vec<Observed>, Failure> {
        let mut found = Vec::with_capacity(targets.len());
        for &sensitivity in DataSensitivity::ALL {
            let is_of_it = |target: &Target| details::sensitivity(&target.expected) == sensitivity;
            let (places, its): (Vec<_>, Vec<_>) =
                targets.iter().copied().enumerate().filter(|(_, it)| is_of_it(it)).unzip();
            if its.is_empty() {
                continue;
            }
            let later = turn.beside();
            let observed = self.read_alike(turn, &its, sensitivity).await?;
            found.extend(places.into_iter().zip(observed));
            turn = later;
        }
        found.sort_by_key(|(place, _)| *place);
        Ok(found.into_iter().map(|(_, observed)| observed).collect())
    }

    async fn read_alike(
        &self,
        first: Turn<'_>,
        targets: &[&Target],
        sensitivity: DataSensitivity,
    ) -> Result<Vec<Observed>, Failure> {
        let hidden = targets.iter().any(|target| target.name == HIDDEN_BY_GROUPS);
        if targets.len() > SINGLES_MAX || hidden {
            return self.read_list(first, targets, sensitivity).await;
        }
        let rest: Vec<_> = targets.iter().skip(1).map(|_| first.beside()).collect();
        let turns = std::iter::once(first).chain(rest);
        let reads = targets.iter().zip(turns);
        try_join_all(reads.map(|(target, turn)| self.read_one(turn, target, sensitivity))).await
    }

    async fn read_one(
        &self,
        mut turn: Turn<'_>,
        target: &Target,
        sensitivity: DataSensitivity,
    ) -> Result<Observed, Failure> {
        let reply = turn.get(self.paths.property_of(&target.name, sensitivity)).await?;
        let view = self.view(false);
        match reply.status {
            200 => {
                let property = serde_json::from_slice::<Value>(&reply.body).ok();
                property
                    .filter(|property| name_of(property) == Some(&target.name))
                    .and_then(|property| observed(property, &target.expected))
                    .ok_or_else(|| {
                        view.unreadable(reply.status, "it is not the property asked for")
                    })
            }
            404 if says_absent(&reply) => Ok(Observed::Absent),
            _ => Err(view.failure(&reply)),
        }
    }

    async fn read_list(
        &self,
        mut turn: Turn<'_>,
        targets: &[&Target],
        sensitivity: DataSensitivity,
    ) -> Result<Vec<Observed>, Failure> {
        let listed = self.list_properties(&mut turn, sensitivity).await?;
        let mut by_name: HashMap<_, _> = listed.into_iter().collect();
        let view = self.view(false);
        let find = |target: &&Target| match by_name.remove(&target.name) {
            None => Ok(Observed::Absent),
            Some(entry) => observed(entry, &target.expected)
                .ok_or_else(|| view.unreadable(200, "a property is incomplete")),
        };
        targets.iter().map(find).collect()
    }

    /// Lists all properties of a sensitivity, with their names.
    ///
    /// Fails on an answer that may not be the whole list: what is missing from it would be taken for
    /// absent.
    pub(super) async fn list_properties(
        &self,
        turn: &mut Turn<'_>,
        sensitivity: DataSensitivity,
    ) -> Result<Vec<(String, Value)>, Failure> {
        let reply = turn.get(self.paths.properties_of(sensitivity)).await?;
        let view = self.view(false);
        if reply.status != 200 {
            return Err(view.failure(&reply));
        }
        let unreadable = |what| view.unreadable(reply.status, what);
        let list: List = serde_json::from_slice(&reply.body)
            .map_err(|_| unreadable("it is no list of properties"))?;
        let listed = list.whole().map_err(unreadable)?;
        // Every portal has properties of HubSpot's own, which are not sensitive: a list without them
        // is not the list.
        let has_own = sensitivity == DataSensitivity::NonSensitive;
        if has_own && !listed.iter().any(|(_, entry)| is_own(entry)) {
            return Err(unreadable("HubSpot's own properties are missing from the list"));
        }
        Ok(listed)
    }
}

/// Puts groups and properties apart.
pub(super) fn apart<T>(all: &[T], kind: impl Fn(&T) -> ResourceKind) -> (Vec<&T>, Vec<&T>) {
    all.iter().partition(|one| kind(one) == ResourceKind::Group)
}

/// Puts what came of groups and of properties into the order in which they were asked for.
pub(super) fn together<T>(
    kinds: impl Iterator<Item = ResourceKind>,
    of_groups: Vec<T>,
    of_properties: Vec<T>,
) -> Vec<T> {
    let (mut of_groups, mut of_properties) = (of_groups.into_iter(), of_properties.into_iter());
    let next = |kind| match kind {
        ResourceKind::Group => of_groups.next(),
        ResourceKind::Field | ResourceKind::Cadence => of_properties.next(),
    };
    kinds.filter_map(next).collect()
}

/// Tells whether a 404 is about the property: HubSpot says so in JSON. The same status comes from
/// addresses that are wrong and from whatever else stands in between, as HTML or empty (observed
/// by third parties).
pub(super) fn says_absent(reply: &Reply) -> bool {
    Said::read(&reply.body).is_some_and(|said| said.says_not_found())
}

/// Tells whether an entry of a list is a property that HubSpot defined itself.
pub(super) fn is_own(entry: &Value) -> bool {
    entry.get("hubspotDefined") == Some(&Value::Bool(true))
}

/// Reads a definition; `None` when it is incomplete.
fn observed(entry: Value, expected: &Attributes) -> Option<Observed> {
    let property: Property = serde_json::from_value(entry).ok()?;
    if property.archived == Some(true) {
        return Some(Observed::Absent);
    }
    let protected = is_protected(&property);
    canonical(&property, expected).map(|attributes| Observed::Present { attributes, protected })
}
