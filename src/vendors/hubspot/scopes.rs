//! What a credential has to be allowed, and for what.

use std::collections::BTreeSet;

/// A scope that something of ours needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Need {
    scope: &'static str,
    /// Scopes that do as well (observed by third parties).
    or: &'static [&'static str],
    what_for: &'static str,
}

/// Without these no field can be carried out.
const DEFINITIONS: [Need; 2] = [
    Need {
        scope: "crm.schemas.deals.read",
        or: &["crm.objects.deals.read", "crm.objects.deals.write"],
        what_for: "reading deal properties and their groups",
    },
    Need {
        scope: "crm.schemas.deals.write",
        or: &[],
        what_for: "creating, changing and archiving deal properties",
    },
];

/// Without these, what deals hold is out of reach.
const VALUES: [Need; 2] = [
    Need {
        scope: "crm.objects.deals.read",
        or: &["crm.objects.deals.write"],
        what_for: "counting and reading the values that deals hold",
    },
    Need {
        scope: "crm.objects.deals.write",
        or: &[],
        what_for: "carrying values over and filling them in",
    },
];

/// The scopes that a credential has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scopes(BTreeSet<String>);

impl Scopes {
    pub(super) fn new(scopes: impl IntoIterator<Item = String>) -> Self {
        Self(scopes.into_iter().collect())
    }

    /// Says what is missing for anything to work at all.
    pub(super) fn refusal(&self) -> Option<String> {
        let missing = self.missing(&DEFINITIONS);
        (!missing.is_empty()).then(|| format!("the credential lacks {}", missing.join(" and ")))
    }

    /// Says what will not work.
    pub(super) fn warnings(&self) -> Vec<String> {
        let missing = self.missing(&VALUES);
        missing.into_iter().map(|what| format!("the credential lacks {what}")).collect()
    }

    fn missing(&self, needs: &[Need]) -> Vec<String> {
        let has = |scope: &str| self.0.contains(scope);
        let lacks = |need: &&Need| !has(need.scope) && !need.or.iter().any(|scope| has(scope));
        let name = |need: &Need| format!("the scope {}, which {} needs", need.scope, need.what_for);
        needs.iter().filter(lacks).map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(scopes: &[&str]) -> Scopes {
        Scopes::new(scopes.iter().map(|scope| (*scope).to_owned()))
    }

    #[test]
    fn without_the_pair_for_definitions_nothing_works() {
        let both = ["crm.schemas.deals.read", "crm.schemas.deals.write"];
        assert_eq!(scopes(&both).refusal(), None);
        for (had, lacking) in [(both[0], both[1]), (both[1], both[0])] {
            let refusal = scopes(&[had, "tickets"]).refusal().unwrap();
            assert!(refusal.contains(lacking) && !refusal.contains(had), "{refusal}");
        }
        let refusal = scopes(&[]).refusal().unwrap();
        assert!(both.iter().all(|scope| refusal.contains(scope)), "{refusal}");
    }

    #[test]
    fn who_may_read_deals_may_read_their_properties() {
        let read = "crm.objects.deals.read";
        assert_eq!(scopes(&["crm.schemas.deals.write", read]).refusal(), None);
    }

    #[test]
    fn without_the_pair_for_values_it_is_said_what_will_not_work() {
        let warnings = scopes(&["crm.schemas.deals.read", "crm.schemas.deals.write"]).warnings();
        assert_eq!(warnings.len(), 2);
        assert!(warnings[0].contains("crm.objects.deals.read"), "{warnings:?}");
        assert!(warnings[1].contains("carrying values over"), "{warnings:?}");
        assert_eq!(scopes(&["crm.objects.deals.write"]).warnings(), Vec::<String>::new());
    }
}
