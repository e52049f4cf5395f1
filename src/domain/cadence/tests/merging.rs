//! Merge fields: how they are written, what is refused, what they become.

use super::*;

#[track_caller]
fn faults(text: &str) -> Vec<MergeFault> {
    parse(text).expect_err("a fault")
}

fn samples() -> Samples {
    Samples::parse([("first_name", "Zoë <b>"), ("company_name", "A & \"B\""), ("city", "")])
        .unwrap()
}

fn template(subject: &str, body: &str, format: TemplateFormat) -> Template {
    Template { subject: subject.to_owned(), body: body.to_owned(), format }
}

#[test]
fn a_text_is_taken_apart_at_its_merge_fields() {
    use MergeField::{City, FirstName};
    use Part::{Field, Text};
    for (text, parts) in [
        ("", vec![]),
        ("plain { text } with } braces {", vec![Text("plain { text } with } braces {")]),
        ("{{city}}", vec![Field(City)]),
        ("{{ \tcity }}{{first_name}}", vec![Field(City), Field(FirstName)]),
        ("Hi {{first_name}}!", vec![Text("Hi "), Field(FirstName), Text("!")]),
        ("{{city}}}", vec![Field(City), Text("}")]),
    ] {
        assert_eq!(parse(text), Ok(parts), "{text}");
    }
}

#[test]
fn names_are_spelled_as_they_are_listed() {
    for name in ["nickname", "First_Name", "first name", "first_name|there", "{city", "city\n"] {
        assert_eq!(faults(&format!("a {{{{{name}}}}} b")), [MergeFault::Unknown(name.to_owned())]);
    }
}

#[test]
fn braces_come_in_pairs_around_one_name() {
    use MergeFault::{Empty, Unclosed, Unopened};
    for (text, expected) in [
        ("{{}}", vec![Empty]),
        ("{{ \t}}", vec![Empty]),
        ("{{", vec![Unclosed]),
        ("{{city", vec![Unclosed]),
        ("{{city}", vec![Unclosed]),
        ("{{city {{city}}", vec![Unclosed]),
        ("{{{{city}}", vec![Unclosed]),
        ("}}", vec![Unopened]),
        ("city}}", vec![Unopened]),
        ("@media{.a{color:red}}", vec![Unopened]),
        ("{{city}}}}", vec![Unopened]),
        ("}} {{}} {{", vec![Unopened, Empty, Unclosed]),
    ] {
        assert_eq!(faults(text), expected, "{text}");
    }
}

#[test]
fn a_fault_names_what_was_written_without_repeating_all_of_it() {
    let rules: Vec<_> = faults("{{\u{7}}}{{}}{{").iter().map(MergeFault::to_string).collect();
    assert!(rules[0].starts_with("must not have the merge field \"\\u{7}\", which does not exist"));
    assert_eq!(rules[1], "must have the name of a merge field between {{ and }}");
    assert_eq!(rules[2], "must not have {{ without }} after it");
    let rule = faults("}}")[0].to_string();
    let expected =
        "must not have }} without {{ before it; a blank between two braces makes them text";
    assert_eq!(rule, expected);
    let long = faults(&format!("{{{{{}}}}}", "x".repeat(10_000)))[0].to_string();
    assert!(long.contains(&format!("\"{}…\"", "x".repeat(40))) && long.len() < 300, "{long}");
}

#[test]
fn only_the_first_few_faults_of_a_text_are_told() {
    assert_eq!(faults(&"{{}}".repeat(1_000)).len(), 5);
}

#[test]
fn a_text_has_at_most_a_hundred_merge_fields() {
    assert!(parse(&"{{city}}".repeat(MERGE_FIELDS_MAX)).is_ok());
    let many = faults(&"{{city}}".repeat(MERGE_FIELDS_MAX + 1));
    assert_eq!(many, [MergeFault::TooMany]);
    assert_eq!(many[0].to_string(), "must have at most 100 merge fields");
}

#[test]
fn faults_are_found_in_subjects_and_bodies() {
    let unclosed = "must not have {{ without }} after it";
    let steps = vec![email("a"), with(texts("{{city", "{{city"))];
    refused(
        of_steps(steps),
        &[("steps[1].template.subject", unclosed), ("steps[1].template.body", unclosed)],
    );
}

#[test]
fn values_are_filled_in_as_they_are_in_plain_text() {
    let body = "Hi {{first_name}} of {{ company_name }}, in {{city}}.";
    let rendered = template("{{first_name}}", body, TemplateFormat::Text).render(&samples());
    assert_eq!(rendered.subject, "Zoë <b>");
    assert_eq!(rendered.body, "Hi Zoë <b> of A & \"B\", in .");
    assert!(rendered.missing.is_empty());
}

#[test]
fn values_are_escaped_in_html_and_nothing_else_is() {
    let body = "<p title=\"{{company_name}}\">{{first_name}} & co</p>";
    let rendered = template("{{first_name}}", body, TemplateFormat::Html).render(&samples());
    assert_eq!(rendered.subject, "Zoë <b>", "a subject is never HTML");
    let expected = "<p title=\"A &amp; &quot;B&quot;\">Zoë &lt;b&gt; & co</p>";
    assert_eq!(rendered.body, expected);
}

#[test]
fn merge_fields_without_a_value_stay_and_are_told() {
    let rendered =
        template("{{phone}}", "{{ email }} {{first_name}} {{phone}}", TemplateFormat::Text)
            .render(&samples());
    assert_eq!(rendered.subject, "{{phone}}");
    assert_eq!(rendered.body, "{{email}} Zoë <b> {{phone}}");
    let missing: Vec<_> = rendered.missing.into_iter().collect();
    assert_eq!(missing, [MergeField::Email, MergeField::Phone]);
}

#[test]
fn a_value_is_not_taken_for_a_template() {
    let samples = Samples::parse([("first_name", "{{city}}"), ("city", "Rome")]).unwrap();
    let rendered = template("{{first_name}}", "x", TemplateFormat::Text).render(&samples);
    assert_eq!(rendered.subject, "{{city}}");
}

#[test]
fn sample_values_are_short_lines_for_merge_fields_that_exist() {
    let long = "x".repeat(SAMPLE_LENGTH_MAX + 1);
    let refused = Samples::parse([("nick\n", "x"), ("city", "a\nb"), ("email", &long)]);
    let violations = refused.unwrap_err().within("sample_values");
    let paths: Vec<_> = violations.as_slice().iter().map(|v| v.field.as_str()).collect();
    assert_eq!(paths, ["sample_values.\"nick\\n\"", "sample_values.city", "sample_values.email"]);
}
