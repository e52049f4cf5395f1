//! What others change at vendors: scans, what they showed, the inbox and policies.

use std::slice::from_ref;
use std::time::Duration;

use super::given::{Given, add, attributes, caller, disconnect, id, only, roll_back};
use crate::domain::drift::{DriftChange, DriftItem, DriftState, LeftAs, Mode, Policies};
use crate::domain::{
    Attributes, Field, FieldType, Import, Intent, PolicyAsk, PropertyType, Refusal, Resource,
    ResourceId, ResourceKind, Revision, Scope, Timestamp, Transition, VendorKind,
};
use crate::store::{
    Doorbell, DriftQuery, Error, JudgedBy, Lease, Revert, Scan, ScanState, Scanned,
};

/// A field that the vendor holds, and that the lease is held for.
async fn with_field(given: &Given, company: &str) -> (Lease, ResourceId) {
    let lease = given.leased(company).await;
    given.add(company, "tier").await;
    given.begin(&lease, &["tier"]).await;
    given.confirm(&lease, "tier").await;
    let work = given.store().drift_work(&lease).await.unwrap();
    (lease, work.tracked[0].version.id.clone())
}

fn item(resource_id: Option<&ResourceId>, name: &str, attribute: Option<&str>) -> DriftItem {
    DriftItem {
        id: 0,
        seq: 0,
        kind: ResourceKind::Field,
        resource_id: resource_id.cloned(),
        name: name.to_owned(),
        attribute: attribute.map(str::to_owned),
        change: if resource_id.is_some() { DriftChange::Changed } else { DriftChange::Created },
        from: Some("ours".into()),
        to: Some("theirs".into()),
        after_micros: None,
        found_micros: 1,
        seen_micros: 1,
        by: Some("77".to_owned()),
        mode: Mode::Report,
        state: DriftState::Open,
        reverts: 0,
        held_until_micros: None,
        resolved_by: String::new(),
        reason: String::new(),
    }
}

/// A scan that found this, judged by what is known now.
async fn scan(given: &Given, lease: &Lease, items: Vec<DriftItem>) -> Scanned {
    let work = given.store().drift_work(lease).await.unwrap();
    let about = work.tracked.iter().map(|it| (it.version.id.clone(), it.version.from_rev));
    Scanned {
        began: work.now,
        judged: JudgedBy::These(about.collect(), work.policies, work.last_seq),
        scan: Scan {
            next_at: work.now.plus(Duration::from_secs(60)),
            asked: false,
            state: ScanState { interval_ms: 60_000, found: 2, ..ScanState::default() },
        },
        observation: Some("[]".to_owned()),
        transitions: Vec::new(),
        items,
    }
}

async fn found(given: &Given, lease: &Lease, items: Vec<DriftItem>) -> Vec<DriftItem> {
    let scanned = scan(given, lease, items).await;
    given.store().scanned(lease, scanned).await.unwrap()
}

fn all() -> DriftQuery {
    DriftQuery { states: Vec::new(), after_seq: 0, before_seq: None, limit: 10 }
}

async fn inbox(given: &Given, company: &str, query: DriftQuery) -> Vec<DriftItem> {
    given.store().drift(&Scope::All, &id(company), query).await.unwrap().unwrap().items
}

fn numbers(items: &[DriftItem]) -> Vec<(i64, i64, DriftState)> {
    items.iter().map(|item| (item.id, item.seq, item.state)).collect()
}

async fn set(given: &Given, ask: PolicyAsk) {
    given.done("acme", Intent::SetPolicy(ask)).await;
}

fn ask(name: &str, mode: Option<Mode>) -> PolicyAsk {
    let kind = Some(ResourceKind::Field).filter(|_| !name.is_empty());
    PolicyAsk { kind, name: name.to_owned(), attribute: None, mode, until: None }
}

pub(crate) async fn what_a_scan_finds_is_in_the_inbox_under_numbers_of_its_own(given: Given) {
    let (lease, tier) = with_field(&given, "acme").await;
    let (other, _) = with_field(&given, "other").await;
    let items = vec![item(Some(&tier), "tier", Some("label")), item(None, "new", None)];
    let written = found(&given, &lease, items).await;
    assert_eq!(numbers(&written), [(1, 1, DriftState::Open), (2, 2, DriftState::Open)]);
    assert_eq!(inbox(&given, "acme", all()).await, written);
    // Later changes of an item keep its number and are counted.
    let changed = DriftItem { state: DriftState::Reverted, ..written[0].clone() };
    let changed = found(&given, &lease, vec![changed, item(None, "more", None)]).await;
    assert_eq!(numbers(&changed), [(1, 3, DriftState::Reverted), (3, 4, DriftState::Open)]);
    let read: Vec<_> = inbox(&given, "acme", all()).await.iter().map(|it| it.id).collect();
    assert_eq!(read, [2, 1, 3]);
    // Each company has an inbox of its own.
    let others = found(&given, &other, vec![item(None, "new", None)]).await;
    assert_eq!(numbers(&others), [(1, 1, DriftState::Open)]);
    let (scope, acme) = (only(&["other"]), id("acme"));
    let unseen = given.store().drift(&scope, &acme, all()).await.unwrap();
    assert_eq!(unseen.unwrap_err(), Refusal::CompanyNotFound(acme));
}

pub(crate) async fn the_inbox_is_read_in_pages_and_by_state(given: Given) {
    let (lease, _) = with_field(&given, "acme").await;
    let items = (1..=5).map(|number| item(None, &format!("field_{number}"), None)).collect();
    let written = found(&given, &lease, items).await;
    let gone = DriftItem { state: DriftState::Cleared, ..written[4].clone() };
    found(&given, &lease, vec![gone]).await;
    assert_eq!(given.store().backlog().await.unwrap().open_drift, 4);
    let read = async |query: DriftQuery| {
        let page = given.store().drift(&Scope::All, &id("acme"), query).await.unwrap().unwrap();
        (page.items.iter().map(|it| it.id).collect::<Vec<_>>(), page.more)
    };
    assert_eq!(read(DriftQuery { limit: 2, ..all() }).await, (vec![1, 2], true));
    assert_eq!(read(DriftQuery { after_seq: 3, ..all() }).await, (vec![4, 5], false));
    let latest = DriftQuery { before_seq: Some(i64::MAX), limit: 2, ..all() };
    assert_eq!(read(latest).await, (vec![5, 4], true));
    assert_eq!(read(DriftQuery { before_seq: Some(4), ..all() }).await, (vec![3, 2, 1], false));
    let cleared = DriftQuery { states: vec![DriftState::Cleared, DriftState::Adopted], ..all() };
    assert_eq!(read(cleared).await, (vec![5], false));
    let open = DriftQuery { states: vec![DriftState::Open], limit: 4, ..all() };
    assert_eq!(read(open).await, (vec![1, 2, 3, 4], false));
}

pub(crate) async fn what_a_scan_showed_is_there_for_the_next(mut given: Given) {
    let (lease, tier) = with_field(&given, "acme").await;
    let fresh = given.store().drift_work(&lease).await.unwrap();
    assert_eq!((fresh.before, fresh.items.len(), fresh.last_seq), (None, 0, 0));
    let theirs = Attributes::from([("name", "theirs".into())]);
    let left = LeftAs { decided: Some("tier".into()), held: Some("theirs".into()) };
    let observe = Transition::Observe {
        held: Some(theirs.clone()),
        left_as: [("name".to_owned(), left.clone())].into(),
        left_removed: None,
        unlike: false,
    };
    let mut scanned = scan(&given, &lease, vec![item(Some(&tier), "tier", Some("name"))]).await;
    scanned.observation = Some("[1]".to_owned());
    scanned.transitions = vec![(tier.clone(), observe)];
    let wanted = scanned.scan.clone();
    let written = given.store().scanned(&lease, scanned).await.unwrap();
    // One that shows the same needs no more room.
    let same = Scanned { observation: None, ..scan(&given, &lease, Vec::new()).await };
    given.store().scanned(&lease, same).await.unwrap();
    given.store().release(&lease, None).await.unwrap();
    given.restart().await;
    let lease = given.claim(&lease.doorbell).await;
    let work = given.store().drift_work(&lease).await.unwrap();
    assert_eq!(work.before.as_deref(), Some("[1]"));
    assert_eq!((work.items, work.last_seq), (written, 1));
    let sync = &work.tracked[0].sync;
    assert_eq!(sync.applied, Some(theirs));
    assert_eq!(sync.outside.left_as["name"], left);
    assert!(given.to_do(&lease).await.is_empty(), "it is left as it is");
    assert_eq!(given.work(&lease).await.scan, Some(wanted));
}

pub(crate) async fn a_scan_that_was_judged_by_something_else_changes_nothing(given: Given) {
    let (lease, tier) = with_field(&given, "acme").await;
    let outdated = async |scanned: Scanned, why: &str| {
        let before = (inbox(&given, "acme", all()).await, given.work(&lease).await.scan);
        let answer = given.store().scanned(&lease, scanned).await;
        assert!(matches!(answer, Err(Error::Outdated)), "{why}: {answer:?}");
        let after = (inbox(&given, "acme", all()).await, given.work(&lease).await.scan);
        assert_eq!(before, after, "{why}");
    };
    let label = || vec![item(Some(&tier), "tier", Some("label"))];
    let scanned = scan(&given, &lease, label()).await;
    set(&given, ask("", Some(Mode::Report))).await;
    outdated(scanned, "a policy").await;

    let scanned = scan(&given, &lease, label()).await;
    found(&given, &lease, label()).await;
    outdated(scanned, "the inbox").await;

    let scanned = scan(&given, &lease, label()).await;
    given.relabel("acme", "tier", "Tier").await;
    outdated(scanned, "the version").await;

    let observe = Transition::Observe {
        held: Some(attributes("theirs")),
        left_as: Default::default(),
        left_removed: None,
        unlike: true,
    };
    let mut scanned = scan(&given, &lease, label()).await;
    scanned.transitions = vec![(tier.clone(), observe)];
    given.begin(&lease, &["tier"]).await;
    outdated(scanned, "a call in doubt").await;

    // What it is not about may be decided all the time.
    given.confirm(&lease, "tier").await;
    let scanned = scan(&given, &lease, label()).await;
    given.done("acme", add("more")).await;
    given.store().scanned(&lease, scanned).await.unwrap();
}

pub(crate) async fn a_scan_like_the_one_before_holds_while_nothing_is_decided_or_written(
    given: Given,
) {
    let (lease, _) = with_field(&given, "acme").await;
    let like = async |began: Timestamp, revision: Revision| {
        let scanned = scan(&given, &lease, Vec::new()).await;
        let judged = JudgedBy::TheOneBefore(began, revision);
        given.store().scanned(&lease, Scanned { judged, ..scanned }).await
    };
    given.advance(Duration::from_secs(1));
    let work = given.store().drift_work(&lease).await.unwrap();
    like(work.now, work.revision).await.unwrap();
    assert!(matches!(like(work.now, Revision::new(1)).await, Err(Error::Outdated)));
    given.relabel("acme", "tier", "Tier").await;
    assert!(matches!(like(work.now, work.revision).await, Err(Error::Outdated)));
    // Carrying it out is no revision.
    let decided = given.store().drift_work(&lease).await.unwrap();
    like(decided.now, decided.revision).await.unwrap();
    given.advance(Duration::from_secs(1));
    given.begin(&lease, &["tier"]).await;
    given.confirm(&lease, "tier").await;
    assert!(matches!(like(decided.now, decided.revision).await, Err(Error::Outdated)));
}

pub(crate) async fn an_older_lease_notes_no_scan(given: Given) {
    let (lease, tier) = with_field(&given, "acme").await;
    let scanned = scan(&given, &lease, vec![item(Some(&tier), "tier", Some("label"))]).await;
    given.advance(super::given::PERIOD);
    let next = given.claim(&lease.doorbell).await;
    let answer = given.store().scanned(&lease, scanned).await;
    assert!(matches!(answer, Err(Error::Fenced)), "{answer:?}");
    let answer = given.store().drift_work(&lease).await;
    assert!(matches!(answer, Err(Error::Fenced)));
    assert_eq!(given.store().drift_work(&next).await.unwrap().last_seq, 0);
}

pub(crate) async fn a_connection_is_due_when_its_scan_is(given: Given) {
    let (lease, _) = with_field(&given, "acme").await;
    let bell = lease.doorbell.clone();
    let due = async |scans: bool| given.store().due(10, scans).await.unwrap();
    let none = Vec::<Doorbell>::new();
    assert_eq!(due(true).await, none, "somebody holds it");
    given.store().release(&lease, None).await.unwrap();
    assert_eq!(due(false).await, none);
    assert_eq!(due(true).await, from_ref(&bell), "it was never scanned");
    let lease = given.claim(&bell).await;
    found(&given, &lease, Vec::new()).await;
    given.store().release(&lease, None).await.unwrap();
    assert_eq!(due(true).await, none);
    given.advance(Duration::from_secs(61));
    assert_eq!(due(true).await, from_ref(&bell));
    assert_eq!(due(false).await, none, "nobody asked for it");
    let scope = Scope::All;
    given.store().ask_for_scan(&scope, &bell.company_id, None).await.unwrap().unwrap();
    assert_eq!(due(false).await, from_ref(&bell));
    // A connection that is closed is not due for that either.
    let lease = given.claim(&bell).await;
    given.store().record(&lease, Vec::new(), Some(Given::gate())).await.unwrap();
    given.store().release(&lease, None).await.unwrap();
    assert_eq!(due(true).await, none);
    given.done("acme", disconnect()).await;
    given.advance(Duration::from_secs(120));
    assert_eq!(due(true).await, none);
}

pub(crate) async fn policies_are_revisions_and_read_as_they_were_decided(mut given: Given) {
    let (lease, tier) = with_field(&given, "acme").await;
    let until = Timestamp::from_micros(1_700_000_100_000_000);
    given.done("acme", Intent::PauseEnforcement { until: Some(until) }).await;
    set(&given, ask("", Some(Mode::Report))).await;
    set(&given, ask("theirs", Some(Mode::Report))).await;
    let label = PolicyAsk {
        attribute: Some("label".to_owned()),
        until: Some(until),
        ..ask("tier", Some(Mode::Enforce))
    };
    set(&given, label.clone()).await;
    set(&given, PolicyAsk { mode: Some(Mode::Report), ..label }).await;
    assert_eq!(given.revision("acme").await, 8);
    given.restart().await;
    let read = async || {
        let read = given.store().policies(&Scope::All, &id("acme")).await.unwrap();
        let (Policies { mut all, pause, .. }, names) = read.unwrap();
        all.sort_by_key(|policy| policy.target.key());
        let told = |policy: &crate::domain::drift::Policy| {
            (policy.target.key(), policy.mode, policy.until)
        };
        (all.iter().map(told).collect::<Vec<_>>(), pause, names)
    };
    let (all, pause, names) = read().await;
    let of_label = (format!("field/{tier}/label"), Mode::Report, Some(until));
    let of_theirs = ("field:theirs".to_owned(), Mode::Report, None);
    let of_all = (String::new(), Mode::Report, None);
    assert_eq!(all, [of_all, of_label.clone(), of_theirs.clone()]);
    assert_eq!(pause.map(|(until, _)| until), Some(until));
    assert_eq!(names, [(tier, "tier".to_owned())].into());
    // What is judged sees them, and they end.
    let lease = given.claim(&lease.doorbell).await;
    assert_eq!(given.store().drift_work(&lease).await.unwrap().policies.all.len(), 3);
    given.done("acme", Intent::PauseEnforcement { until: None }).await;
    set(&given, ask("", None)).await;
    let (all, pause, _) = read().await;
    assert_eq!((all, pause), (vec![of_label, of_theirs], None));
}

/// Imports a field that the vendor was seen to hold.
async fn import(given: &Given, lease: &Lease, name: &str) -> ResourceId {
    let now = given.store().drift_work(lease).await.unwrap().now;
    let field = Field {
        id: ResourceId::from_trusted("of the plan"),
        name: name.to_owned(),
        label: name.to_owned(),
        property_type: PropertyType::String,
        field_type: FieldType::Text,
        group_name: "dealinformation".to_owned(),
        description: String::new(),
        options: Vec::new(),
        default_value: String::new(),
        details: Box::default(),
    };
    let import = Import {
        resources: vec![(Resource::Field(field), attributes(name))],
        observed_at: now,
        connection_id: Some(lease.doorbell.connection_id.clone()),
    };
    let done = given.done("acme", Intent::Import(import)).await;
    assert!(done.job.is_none());
    let tracked = given.store().drift_work(lease).await.unwrap().tracked;
    let is_it = |it: &&crate::domain::Tracked| it.version.name == name;
    tracked.iter().find(is_it).unwrap().version.id.clone()
}

pub(crate) async fn what_is_imported_has_no_job(given: Given) {
    let lease = given.leased("acme").await;
    let theirs = import(&given, &lease, "theirs").await;
    assert_eq!(given.fields("acme", None).await, [("theirs".to_owned(), "theirs".to_owned())]);
    assert!(given.to_do(&lease).await.is_empty());
    let work = given.store().drift_work(&lease).await.unwrap();
    assert_eq!(work.tracked[0].version.id, theirs);
    assert!(work.tracked[0].sync.outside.imported);
    assert_eq!(work.tracked[0].sync.applied, Some(attributes("theirs")));
    // From there it is changed like everything else.
    let job = given.relabel("acme", "theirs", "Ours").await;
    assert_eq!(given.to_do(&lease).await, ["theirs"]);
    given.confirm(&lease, "theirs").await;
    assert_eq!(given.state(&job).await, crate::domain::JobState::Succeeded);
}

pub(crate) async fn going_back_to_before_an_import_leaves_what_was_imported_where_it_is(
    given: Given,
) {
    let (lease, _) = with_field(&given, "acme").await;
    let theirs = import(&given, &lease, "theirs").await;
    let job = given.done("acme", roll_back(1)).await.job.unwrap();
    let work = given.work(&lease).await;
    let mut stays: Vec<_> =
        work.resources.iter().map(|it| (it.version.name.as_str(), it.stays())).collect();
    stays.sort_unstable();
    assert_eq!(stays, [("theirs", true), ("tier", false)], "only that was imported");
    for name in ["theirs", "tier"] {
        given.record(&lease, name, Transition::Confirm(None)).await;
    }
    assert_eq!(given.state(&job.id).await, crate::domain::JobState::Succeeded);
    // It is managed again when it is imported again, or removed when that is decided.
    given.advance(Duration::from_secs(1));
    assert_eq!(import(&given, &lease, "theirs").await, theirs);
    given.done("acme", super::given::remove("theirs")).await;
    let work = given.work(&lease).await;
    assert!(!super::given::find(&work, "theirs").stays());
}

fn revert(ids: &[i64], validate_only: bool) -> Revert {
    Revert {
        company_id: id("acme"),
        ids: ids.to_vec(),
        actor: caller(Scope::All).actor,
        reason: "as it was".to_owned(),
        validate_only,
    }
}

/// A label that somebody changed, and that is left; answers its item.
async fn left_as_it_is(given: &Given, lease: &Lease, tier: &ResourceId) -> DriftItem {
    let left = LeftAs { decided: Some("tier".into()), held: Some("theirs".into()) };
    let observe = Transition::Observe {
        held: Some(attributes("theirs")),
        left_as: [("name".to_owned(), left)].into(),
        left_removed: None,
        unlike: false,
    };
    let mut scanned = scan(given, lease, vec![item(Some(tier), "tier", Some("name"))]).await;
    scanned.transitions = vec![(tier.clone(), observe)];
    given.store().scanned(lease, scanned).await.unwrap().remove(0)
}

pub(crate) async fn what_is_to_be_set_right_is_to_be_done_once_more(given: Given) {
    let (lease, tier) = with_field(&given, "acme").await;
    let item = left_as_it_is(&given, &lease, &tier).await;
    let scope = Scope::All;
    let checked = given.store().revert(&scope, revert(&[item.id], true)).await.unwrap().unwrap();
    assert!(checked.is_empty());
    assert_eq!(inbox(&given, "acme", all()).await, from_ref(&item), "it was only checked");
    assert!(given.to_do(&lease).await.is_empty());
    let ring = given.store().revert(&scope, revert(&[item.id], false)).await.unwrap().unwrap();
    assert_eq!(ring, from_ref(&lease.doorbell));
    assert_eq!(given.to_do(&lease).await, ["tier"]);
    let reverting = inbox(&given, "acme", all()).await.remove(0);
    assert_eq!((reverting.state, reverting.reverts), (DriftState::Reverting, 1));
    assert_eq!((reverting.resolved_by.as_str(), reverting.reason.as_str()), ("ada", "as it was"));
    assert_eq!(given.revision("acme").await, 3, "nothing was decided");
}

pub(crate) async fn several_attributes_of_one_resource_are_set_right_together(given: Given) {
    let (lease, tier) = with_field(&given, "acme").await;
    let left = |name: &str| {
        let as_it_is = LeftAs { decided: Some("ours".into()), held: Some("theirs".into()) };
        (name.to_owned(), as_it_is)
    };
    let observe = Transition::Observe {
        held: Some(attributes("tier")),
        left_as: ["label", "description", "groupName"].map(left).into(),
        left_removed: None,
        unlike: false,
    };
    let of = |attribute| item(Some(&tier), "tier", Some(attribute));
    let mut scanned = scan(&given, &lease, vec![of("label"), of("description")]).await;
    scanned.transitions = vec![(tier.clone(), observe)];
    given.store().scanned(&lease, scanned).await.unwrap();
    given.store().revert(&Scope::All, revert(&[1, 2], false)).await.unwrap().unwrap();
    let work = given.store().drift_work(&lease).await.unwrap();
    let left: Vec<_> = work.tracked[0].sync.outside.left_as.keys().collect();
    assert_eq!(left, ["groupName"]);
    assert!(work.items.iter().all(|item| item.state == DriftState::Reverting));
}

pub(crate) async fn of_items_that_cannot_all_be_set_right_none_is(given: Given) {
    let (lease, tier) = with_field(&given, "acme").await;
    let left = left_as_it_is(&given, &lease, &tier).await;
    let foreign = found(&given, &lease, vec![item(None, "new", None)]).await.remove(0);
    let before = inbox(&given, "acme", all()).await;
    for (ids, validate_only) in [([left.id, foreign.id], false), ([left.id, 7], true)] {
        let refused = given.store().revert(&Scope::All, revert(&ids, validate_only)).await.unwrap();
        match refused.unwrap_err() {
            Refusal::DriftState { id, .. } => assert_eq!(id, foreign.id),
            Refusal::DriftNotFound { id, .. } => assert_eq!(id, 7),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(inbox(&given, "acme", all()).await, before);
    assert!(given.to_do(&lease).await.is_empty());
}

pub(crate) async fn what_is_ignored_has_a_policy_and_stands_no_more(given: Given) {
    let (lease, tier) = with_field(&given, "acme").await;
    let item = left_as_it_is(&given, &lease, &tier).await;
    let until = Timestamp::from_micros(1_700_000_100_000_000);
    let ignore =
        |item: &DriftItem| Intent::IgnoreDrift { items: vec![item.clone()], until: Some(until) };
    let older = DriftItem { seq: 0, ..item.clone() };
    let mutation = |intent| crate::domain::Mutation {
        reason: "they may".to_owned(),
        ..given.ask("acme", intent)
    };
    let refused = given.commit(mutation(ignore(&older))).await.unwrap_err();
    assert!(matches!(refused, Refusal::DriftState { .. }), "{refused:?}");
    given.commit(mutation(ignore(&item))).await.unwrap();
    let work = given.store().drift_work(&lease).await.unwrap();
    assert_eq!(work.policies.all[0].target.key(), format!("field/{tier}/name"));
    let ignored = inbox(&given, "acme", all()).await.remove(0);
    assert_eq!((ignored.id, ignored.state), (item.id, DriftState::Ignored));
    assert!(ignored.seq > item.seq);
}

pub(crate) async fn what_others_changed_at_a_connection_no_longer_in_use_stands_no_more(
    given: Given,
) {
    let (lease, tier) = with_field(&given, "acme").await;
    let item = left_as_it_is(&given, &lease, &tier).await;
    given.store().release(&lease, None).await.unwrap();
    given.done("acme", disconnect()).await;
    assert_eq!(inbox(&given, "acme", all()).await, from_ref(&item), "it may come back");
    let vendor = Some(VendorKind::HubSpot);
    let asked = given.store().ask_for_scan(&Scope::All, &id("acme"), vendor).await.unwrap();
    assert!(matches!(asked.unwrap_err(), Refusal::NotConnected { .. }));
    let refused = given.store().revert(&Scope::All, revert(&[item.id], false)).await.unwrap();
    assert!(matches!(refused.unwrap_err(), Refusal::DriftState { .. }));
    given.connect("acme", "another account").await;
    let cleared = inbox(&given, "acme", all()).await;
    assert_eq!(numbers(&cleared), [(item.id, item.seq + 1, DriftState::Cleared)]);
}
