//! What each vendor can do: the one table that validation, planning and the documentation follow.

use super::{CadenceRules, ResourceKind, VendorKind};

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
    /// What its cadences may be like, where it holds any.
    pub cadences: Option<CadenceRules>,
}

impl VendorKind {
    /// Returns what the vendor can do.
    pub const fn capabilities(self) -> Capabilities {
        match self {
            Self::HubSpot => Capabilities {
                kinds: &[ResourceKind::Field, ResourceKind::Group],
                // HubSpot documents no limit for properties; its object batches take 100.
                creates_per_call_max: 100,
                versions: false,
                idempotency_keys: false,
                cadences: None,
            },
            // The contract is GoMark's own: docs/upso-openapi.yaml.
            Self::Upso => Capabilities {
                kinds: &[ResourceKind::Cadence],
                creates_per_call_max: 1,
                versions: true,
                idempotency_keys: true,
                cadences: Some(CadenceRules::ANY),
            },
        }
    }

    /// Returns the vendor that is taken for a cadence that names none.
    pub fn of_cadences() -> Self {
        ResourceKind::Cadence.vendor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_held_by_the_vendor_that_it_is_carried_out_at_and_no_other() {
        for kind in ResourceKind::ALL {
            let holds = |vendor: &VendorKind| vendor.capabilities().kinds.contains(&kind);
            let holders: Vec<_> = VendorKind::ALL.into_iter().filter(holds).collect();
            assert_eq!(holders, [kind.vendor()]);
        }
    }

    #[test]
    fn the_documentation_has_the_same_table() {
        let row = |title: &str, cell: fn(Capabilities) -> String| {
            let cells = VendorKind::ALL.map(|vendor| cell(vendor.capabilities()));
            format!("| {title} | {} |", cells.join(" | "))
        };
        fn cadences(of: Capabilities, cell: fn(CadenceRules) -> String) -> String {
            of.cadences.map_or_else(|| "-".to_owned(), cell)
        }
        fn yes_or_no(yes: bool) -> String {
            if yes { "yes" } else { "no" }.to_owned()
        }
        fn names(all: impl Iterator<Item = &'static str>) -> String {
            all.collect::<Vec<_>>().join(", ")
        }
        let vendors = VendorKind::ALL.map(VendorKind::as_str).join(" | ");
        let rows = [
            format!("| | {vendors} |"),
            row("holds", |of| names(of.kinds.iter().map(|kind| kind.as_str()))),
            row("creates in one call, at most", |of| of.creates_per_call_max.to_string()),
            row("versions", |of| yes_or_no(of.versions)),
            row("idempotency keys", |of| yes_or_no(of.idempotency_keys)),
            row("channels", |of| {
                cadences(of, |rules| names(rules.channels.iter().map(|one| one.as_str())))
            }),
            row("formats of a body", |of| {
                cadences(of, |rules| names(rules.formats.iter().map(|one| one.as_str())))
            }),
            row("steps of a cadence, at most", |of| {
                cadences(of, |rules| rules.steps_max.to_string())
            }),
            row("body, at most", |of| {
                cadences(of, |rules| format!("{} bytes", rules.body_bytes_max))
            }),
            row("delays in units of", |of| {
                cadences(of, |rules| format!("{} s", rules.delay_unit_s))
            }),
        ];
        let document = include_str!("../../docs/vendors.md");
        for row in rows {
            assert!(document.lines().any(|line| line == row), "docs/vendors.md lacks {row}");
        }
    }

    #[test]
    fn a_vendor_holds_cadences_exactly_when_it_says_which() {
        for vendor in VendorKind::ALL {
            let capabilities = vendor.capabilities();
            let holds = capabilities.kinds.contains(&ResourceKind::Cadence);
            assert_eq!(holds, capabilities.cadences.is_some());
        }
    }
}
