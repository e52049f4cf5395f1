//! That nothing of the API is left out: of the table of cases, and of its own documentation.

use std::collections::{BTreeSet, HashSet};

use prost_reflect::FileDescriptor;

use crate::calls::{Rpc, descriptors};
use crate::cases::cases;

#[test]
fn every_rpc_has_exactly_one_case() {
    let rpcs: BTreeSet<_> = Rpc::all().iter().map(Rpc::name).collect();
    assert!(rpcs.len() >= 22, "{rpcs:?}");
    let mut rows = BTreeSet::new();
    for case in cases() {
        assert!(rows.insert(case.rpc.to_owned()), "{} has two rows", case.rpc);
    }
    let missing: Vec<_> = rpcs.difference(&rows).collect();
    assert!(missing.is_empty(), "without a row in the table of cases: {missing:?}");
    let surplus: Vec<_> = rows.difference(&rpcs).collect();
    assert!(surplus.is_empty(), "rows without an RPC: {surplus:?}");
}

#[test]
fn mutations_and_job_actions_are_told_by_their_messages() {
    let names = |is: fn(&Rpc) -> bool| -> Vec<_> {
        let found = Rpc::all().into_iter().filter(is);
        found.map(|rpc| rpc.name().split_once('/').unwrap().1.to_owned()).collect()
    };
    let mutations = names(Rpc::is_mutation);
    for name in ["AddField", "ModifyCadence", "Rollback", "RegisterCompany", "DisconnectVendor"] {
        assert!(mutations.contains(&name.to_owned()), "{name} of {mutations:?}");
    }
    assert_eq!(names(Rpc::is_job_action), ["CancelJob", "RetryJob"]);
    assert_eq!(names(|rpc| !rpc.is_about_one()), ["ListCompanies"]);
}

#[test]
fn everything_is_documented_where_it_is_declared() {
    let pool = descriptors();
    let mut bare = Vec::new();
    let mut seen = 0;
    for file in pool.files().filter(|file| file.package_name() == "gomark.v1") {
        let documented = documented(&file);
        let mut look = |path: &[i32], name: &str| {
            seen += 1;
            if !documented.contains(path) {
                bare.push(name.to_owned());
            }
        };
        for service in file.services() {
            look(service.path(), service.full_name());
            service.methods().for_each(|method| look(method.path(), method.full_name()));
        }
        for kind in file.enums() {
            look(kind.path(), kind.full_name());
            kind.values().for_each(|value| look(value.path(), value.full_name()));
        }
        for message in file.messages() {
            // The entries of a map are written nowhere.
            let children = message.child_messages().filter(|child| !child.is_map_entry());
            assert_eq!(children.count(), 0, "look at {} too", message.full_name());
            look(message.path(), message.full_name());
            message.fields().for_each(|field| look(field.path(), field.full_name()));
            let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic());
            oneofs.for_each(|oneof| look(oneof.path(), oneof.full_name()));
        }
    }
    assert!(seen > 200, "{seen}");
    assert!(bare.is_empty(), "without a comment: {bare:?}");
}

/// The paths of what has a comment of its own.
fn documented(file: &FileDescriptor) -> HashSet<Vec<i32>> {
    let info = file.file_descriptor_proto().source_code_info.clone().unwrap_or_default();
    let told = info.location.into_iter().filter(|location| {
        location.leading_comments.as_ref().is_some_and(|text| text.trim().len() > 5)
    });
    told.map(|location| location.path).collect()
}
