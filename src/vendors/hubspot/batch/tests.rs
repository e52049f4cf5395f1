use super::*;

fn answer(results: Value, errors: Value) -> BatchAnswer {
    serde_json::from_value(json!({ "results": results, "errors": errors })).unwrap()
}

fn kinds(names: &[&str], answer: BatchAnswer) -> Vec<&'static str> {
    let kind = |came_of: &CameOf| match came_of {
        CameOf::Entry(_) => "entry",
        CameOf::Error(_) => "error",
        CameOf::Nothing => "nothing",
    };
    attribute(names, answer).iter().map(kind).collect()
}

#[test]
fn an_error_belongs_to_the_names_in_its_context() {
    let errors = json!([
        { "message": "m", "context": { "name": ["b", "stranger"] } },
        { "message": "n", "errors": [{ "message": "o", "context": { "name": ["c"] } }] },
    ]);
    let answer = answer(json!([{ "name": "a" }]), errors);
    assert_eq!(kinds(&["c", "b", "a"], answer), ["error", "error", "entry"]);
}

#[test]
fn an_error_without_a_name_belongs_to_the_only_one_it_can() {
    let nameless = json!([{ "message": "m" }]);
    let one_left = answer(json!([{ "name": "a" }]), nameless.clone());
    assert_eq!(kinds(&["a", "b"], one_left), ["entry", "error"]);
    let two_left = answer(json!([{ "name": "a" }]), nameless);
    assert_eq!(kinds(&["a", "b", "c"], two_left), ["entry", "nothing", "nothing"]);
    let two_errors = answer(json!([]), json!([{ "message": "m" }, { "message": "n" }]));
    assert_eq!(kinds(&["a"], two_errors), ["nothing"]);
}

#[test]
fn a_result_counts_more_than_an_error() {
    let both = answer(json!([{ "name": "a" }]), json!([{ "context": { "name": ["a"] } }]));
    assert_eq!(kinds(&["a"], both), ["entry"]);
    let nothing_said = answer(json!([{ "label": "nameless" }, 7]), Value::Null);
    assert_eq!(kinds(&["a"], nothing_said), ["nothing"]);
}

#[test]
fn chunks_cover_everything_and_the_first_is_taken_first() {
    assert_eq!(chunks(0..5, 2), [4..5, 2..4, 0..2]);
    assert_eq!(chunks(3..7, 3), [6..7, 3..6]);
    assert_eq!(chunks(0..2, 0), [1..2, 0..1]);
}
