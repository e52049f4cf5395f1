//! Any sequence of mutations leads where a plain model says.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A field as the model sees it: its label and its default value.
type Simple = (u8, u8);

/// All fields by name.
type Fields = BTreeMap<u8, Simple>;

#[derive(Clone, Debug)]
enum Request {
    Add(u8, Simple),
    Modify(u8, Option<u8>, Option<u8>),
    Remove(u8),
    Rollback(u8),
    Connect(u8),
    Disconnect,
}

fn request() -> impl Strategy<Value = Request> {
    let value = 0..3u8;
    prop_oneof![
        4 => (0..4u8, (value.clone(), value.clone()))
            .prop_map(|(name, simple)| Request::Add(name, simple)),
        4 => (0..4u8, proptest::option::of(value.clone()), proptest::option::of(value))
            .prop_map(|(name, label, default)| Request::Modify(name, label, default)),
        3 => (0..4u8).prop_map(Request::Remove),
        3 => (0..40u8).prop_map(Request::Rollback),
        1 => (0..2u8).prop_map(Request::Connect),
        1 => Just(Request::Disconnect),
    ]
}

fn name(name: u8) -> String {
    format!("n{name}")
}

fn label(label: u8) -> String {
    format!("l{label}")
}

/// The default value 0 is none.
fn default(value: u8) -> String {
    if value == 0 { String::new() } else { format!("d{value}") }
}

fn intent(request: &Request) -> Intent {
    match *request {
        Request::Add(n, (l, d)) => Intent::add_field(FieldDraft {
            default_value: default(d),
            ..draft(&name(n), &label(l))
        }),
        Request::Modify(n, l, d) => {
            let patch = FieldPatch {
                label: l.map(label),
                default_value: d.map(default),
                ..FieldPatch::default()
            };
            modify(&name(n), patch)
        }
        Request::Remove(n) => remove(&name(n)),
        Request::Rollback(to) => rollback(i64::from(to)),
        Request::Connect(account) => connect(&account.to_string()),
        Request::Disconnect => DISCONNECT,
    }
}

/// What the model knows.
#[derive(Clone, Debug)]
struct Model {
    /// The fields at each revision, from revision 0 on.
    history: Vec<Fields>,
    /// The id that each name got.
    ids: BTreeMap<u8, String>,
    account: Option<u8>,
}

/// What the model expects: the fields after it, `None` for a refusal.
fn expected(model: &Model, request: &Request) -> Option<Fields> {
    let mut fields = model.history.last().cloned().unwrap_or_default();
    match *request {
        Request::Add(n, simple) => match fields.insert(n, simple) {
            None => Some(fields),
            Some(_) => None,
        },
        Request::Modify(n, l, d) => {
            let simple = fields.get_mut(&n)?;
            *simple = (l.unwrap_or(simple.0), d.unwrap_or(simple.1));
            Some(fields)
        }
        Request::Remove(n) => fields.remove(&n).map(|_| fields),
        Request::Rollback(0) => None,
        Request::Rollback(to) => model.history.get(usize::from(to)).cloned(),
        Request::Connect(_) => Some(fields),
        Request::Disconnect => model.account.map(|_| fields),
    }
}

/// The ids of the fields that a vendor sees changed.
fn seen_by_vendor(model: &Model, before: &Fields, after: &Fields) -> Vec<String> {
    let label = |fields: &Fields, name: &u8| fields.get(name).map(|(label, _)| *label);
    let seen = model.ids.iter().filter(|(name, _)| label(before, name) != label(after, name));
    let mut ids: Vec<_> = seen.map(|(_, id)| id.clone()).collect();
    ids.sort();
    ids
}

fn simple(ledger: &Ledger) -> BTreeMap<String, (String, String, String)> {
    let fields = ledger.fields_at(ledger.revision()).into_iter();
    fields
        .filter_map(|(name, resource)| match resource {
            Resource::Field(field) => {
                Some((name, (field.id.as_str().to_owned(), field.label, field.default_value)))
            }
            Resource::Cadence(_) | Resource::Group(_) => None,
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_sequence_of_mutations_leads_where_a_plain_model_says(
        requests in proptest::collection::vec(request(), 0..40),
    ) {
        let mut ledger = Ledger::registered();
        let mut model = Model {
            history: vec![Fields::new(); 2],
            ids: BTreeMap::new(),
            account: None,
        };
        for request in requests {
            let before = model.history.last().cloned().unwrap_or_default();
            let decided = ledger.decide(intent(&request));
            let Some(after) = expected(&model, &request) else {
                prop_assert!(decided.is_err(), "{request:?} led to {decided:?}");
                continue;
            };
            let account = match request {
                Request::Connect(account) => Some(account),
                Request::Disconnect => None,
                _ => model.account,
            };
            if after == before && account == model.account {
                let same = matches!(decided, Ok(Decision::NoChange { revision })
                    if revision == ledger.revision());
                prop_assert!(same, "{request:?} led to {decided:?}");
                continue;
            }
            let Ok(Decision::Change(writes)) = decided else {
                panic!("{request:?} led to {decided:?}")
            };
            ledger.keep(&writes);
            for added in after.keys() {
                let id = format!("field-{}", ledger.revision());
                model.ids.entry(*added).or_insert(id);
            }
            if account == model.account {
                let mut items = items(&writes);
                items.sort_unstable();
                prop_assert_eq!(items, seen_by_vendor(&model, &before, &after));
            }
            model.account = account;
            model.history.push(after.clone());
            let ids = &model.ids;
            let fields = after.iter().map(|(n, (l, d))| {
                (name(*n), (ids[n].clone(), label(*l), default(*d)))
            });
            prop_assert_eq!(simple(&ledger), fields.collect::<BTreeMap<_, _>>());
        }
        prop_assert_eq!(ledger.connected().is_some(), model.account.is_some());
        prop_assert_eq!(ledger.revision().get(), i64::try_from(model.history.len())? - 1);
    }
}
