//! Registering and renaming companies, and what is checked before anything else.

use super::*;

#[test]
fn registering_is_the_first_revision() {
    let mut ledger = Ledger::default();
    let writes = ledger.change(register());
    assert_eq!((writes.entry.revision, writes.entry.action), (rev(1), Action::RegisterCompany));
    let change = Change::Company { before: None, after: Some("Acme".to_owned()) };
    assert_eq!(writes.entry.changes, [change]);
    assert_eq!(writes.entry.at, Timestamp::from_micros(7));
    assert!(writes.parts.is_empty() && writes.versions.is_empty() && writes.connection.is_none());
}

#[test]
fn a_company_is_registered_once() {
    let refusal = Ledger::registered().refusal(register());
    assert_eq!(refusal, Refusal::CompanyExists(company_id()));
}

#[test]
fn nothing_is_decided_for_a_company_that_does_not_exist() {
    let ledger = Ledger::default();
    let update = Intent::UpdateCompany { display_name: "Acme".to_owned() };
    for intent in [
        update,
        connect("1"),
        DISCONNECT,
        add("a", "A"),
        relabel("a", "A"),
        remove("a"),
        rollback(1),
        rollback(0),
        add("Wrong", "A"),
    ] {
        assert_eq!(ledger.refusal(intent), Refusal::CompanyNotFound(company_id()));
    }
}

#[test]
fn a_company_can_be_renamed() {
    let mut ledger = Ledger::registered();
    let rename = |name: &str| Intent::UpdateCompany { display_name: name.to_owned() };
    let writes = ledger.change(rename("Acme 2"));
    assert_eq!(writes.display_name.as_deref(), Some("Acme 2"));
    let (before, after) = (Some("Acme".to_owned()), Some("Acme 2".to_owned()));
    assert_eq!(writes.entry.changes, [Change::Company { before, after }]);
    assert_eq!(writes.entry.action, Action::UpdateCompany);
    assert!(writes.parts.is_empty());
    ledger.same(rename("Acme 2"));
}

#[test]
fn display_names_are_one_line_that_is_not_blank() {
    let path = "company.display_name";
    let long = "x".repeat(256);
    for (name, rules) in [
        ("", vec!["must not be blank"]),
        (" ", vec!["must not be blank"]),
        ("a\nb", vec!["must not contain control characters"]),
        (&long, vec!["must be at most 255 characters long"]),
    ] {
        for intent in [
            Intent::RegisterCompany { display_name: name.to_owned() },
            Intent::UpdateCompany { display_name: name.to_owned() },
        ] {
            let registered = matches!(intent, Intent::UpdateCompany { .. });
            let ledger = if registered { Ledger::registered() } else { Ledger::default() };
            let Refusal::Invalid(violations) = ledger.refusal(intent) else { panic!("{name}") };
            let found = violations.as_slice().iter();
            let found: Vec<_> = found
                .map(|violation| (violation.field.as_str(), violation.rule.as_str()))
                .collect();
            let expected: Vec<_> = rules.iter().map(|rule| (path, *rule)).collect();
            assert_eq!(found, expected, "{name}");
        }
    }
}

#[test]
fn a_revision_that_is_expected_has_to_be_the_present_one() {
    let mut ledger = Ledger::registered();
    ledger.change(add("a", "A"));
    for intent in [
        Intent::UpdateCompany { display_name: "Acme 2".to_owned() },
        connect("1"),
        add("b", "B"),
        relabel("a", "B"),
        relabel("a", "A"),
        remove("a"),
        rollback(1),
    ] {
        let expecting = |expected| {
            let mutation = Mutation { expected_revision: expected, ..mutation(intent.clone()) };
            decide(&ledger.situation(&intent), &mutation)
        };
        for expected in [rev(1), rev(3), rev(-1)] {
            let refusal =
                Refusal::RevisionMismatch { company_id: company_id(), expected, present: rev(2) };
            assert_eq!(expecting(expected).map(|_| ()), Err(refusal), "{intent:?}");
        }
        assert!(expecting(rev(2)).is_ok() && expecting(Revision::ZERO).is_ok());
    }
}

#[test]
fn a_company_that_is_yet_to_be_registered_is_at_no_revision() {
    let expecting = Mutation { expected_revision: rev(1), ..mutation(register()) };
    let refusal = decide(&Situation::default(), &expecting).map(|_| ()).expect_err("refused");
    let present = Revision::ZERO;
    let expected = rev(1);
    assert_eq!(refusal, Refusal::RevisionMismatch { company_id: company_id(), expected, present });
}
