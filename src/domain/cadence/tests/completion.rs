//! What is filled in where a caller left something out.

use super::*;

fn of_name(name: &str) -> CadenceDraft {
    CadenceDraft { cadence_id: String::new(), name: name.to_owned(), ..draft() }
}

#[test]
fn what_is_left_out_is_filled_in() {
    let expected = Cadence {
        id: id(),
        cadence_id: CadenceId::parse("trial").unwrap(),
        name: "trial".to_owned(),
        vendor: VendorKind::HubSpot,
        status: CadenceStatus::Active,
        timezone: "UTC".to_owned(),
        send_window: None,
        steps: vec![Step {
            step_id: StepId::parse("step-1").unwrap(),
            channel: Channel::Email,
            delay_s: 0,
            template: Some(Template {
                subject: "Welcome".to_owned(),
                body: "Hello {{first_name}}".to_owned(),
                format: TemplateFormat::Text,
            }),
        }],
    };
    assert_eq!(complete(of_steps(vec![email("Welcome")])), expected);
}

#[test]
fn cadence_ids_are_derived_from_names() {
    for (name, cadence_id) in [
        ("Trial users", "trial-users"),
        ("2nd try -- EU!", "2nd-try-eu"),
        ("  Größe ", "gr-e"),
        ("a_b", "a-b"),
        (&"Very ".repeat(30), "very-".repeat(13).get(..63).unwrap().trim_end_matches('-')),
    ] {
        let draft = of_name(name.trim());
        assert_eq!(draft.resolved_id(), cadence_id, "{name}");
        let cadence = complete(draft);
        assert_eq!((cadence.cadence_id.as_str(), cadence.name.as_str()), (cadence_id, name.trim()));
    }
}

#[test]
fn a_cadence_needs_an_id_or_a_name_that_one_can_be_derived_from() {
    let rule = "must be given where none can be derived from the name";
    for name in ["!?", "预算"] {
        refused(of_name(name), &[("cadence_id", rule)]);
        let given = CadenceDraft { cadence_id: "budget".to_owned(), ..of_name(name) };
        assert_eq!(complete(given).name, name);
    }
    refused(of_name(""), &[("cadence_id", rule), ("name", "must not be blank")]);
}

#[test]
fn steps_without_ids_get_the_lowest_numbers_that_are_free_in_the_list() {
    let steps = vec![
        named("step-2", email("a")),
        email("b"),
        named("call", task("c")),
        email("d"),
        named("step-4", email("e")),
    ];
    let cadence = complete(of_steps(steps));
    assert_eq!(step_ids(&cadence), ["step-2", "step-1", "call", "step-3", "step-4"]);
}

#[test]
fn a_list_without_ids_gets_the_same_ones_every_time() {
    let cadence = complete(draft());
    let again = CadencePatch { steps: Some(draft().steps), ..CadencePatch::default() };
    assert_eq!(again.apply(&cadence, &CadenceRules::ANY), Ok(cadence));
}

#[test]
fn every_name_is_read_back() {
    for channel in Channel::ALL {
        assert_eq!(Channel::parse(&channel.to_string()), Some(channel));
    }
    for status in CadenceStatus::ALL {
        assert_eq!(CadenceStatus::parse(&status.to_string()), Some(status));
    }
    for format in TemplateFormat::ALL {
        assert_eq!(TemplateFormat::parse(&format.to_string()), Some(format));
    }
    for day in Weekday::ALL {
        assert_eq!(Weekday::parse(day.as_str()), Some(day));
    }
    for field in MergeField::ALL {
        assert_eq!(MergeField::parse(field.as_str()), Some(field));
    }
    assert_eq!((Channel::parse("EMAIL"), Weekday::parse("mon")), (None, None));
}
