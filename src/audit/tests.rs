//! Whatever is done to a log is found, and a log to which nothing was done has no faults.

mod chains;

use gomark_sdk::v1 as pb;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::domain::CompanyId;
use chains::{Tampering, World};

proptest! {
    #[test]
    fn a_log_that_nobody_touched_has_no_faults(world in World::any()) {
        for report in world.verify() {
            prop_assert!(report.is_intact(), "{report:?}");
        }
        for report in read_export(&mut world.export().as_slice(), &world.witnesses()).unwrap() {
            prop_assert!(report.is_intact(), "{report:?}");
        }
    }

    #[test]
    fn whatever_is_done_to_a_log_is_found(mut world in World::any(), tampering in Tampering::any()) {
        if !world.tamper(&tampering) {
            return Ok(()); // one company alone, or an entry to be swapped with itself
        }
        let found = world.verify();
        prop_assert!(found.iter().any(|report| !report.is_intact()), "{found:#?}");
        let found = read_export(&mut world.export().as_slice(), &[]).unwrap();
        prop_assert!(found.iter().any(|report| !report.is_intact()), "{found:#?}");
    }

    #[test]
    fn one_bit_of_an_export_that_is_flipped_is_found(
        world in World::any(),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let mut export = world.export();
        let at = at.index(export.len());
        export[at] ^= 1_u8 << bit;
        let found = read_export(&mut export.as_slice(), &[]).unwrap();
        prop_assert!(found.iter().any(|report| !report.is_intact()), "byte {at}");
    }

    #[test]
    fn lines_that_nobody_exported_are_faults_and_no_panic(text in "(\\PC{0,80}\n){1,5}") {
        let found = read_export(&mut text.as_bytes(), &[]).unwrap();
        prop_assert!(found.iter().any(|report| !report.is_intact()));
    }

    #[test]
    fn a_log_made_anew_with_its_head_is_found_by_a_witness_alone(
        mut world in World::any(),
        from in any::<prop::sample::Index>(),
    ) {
        let witnesses = world.witnesses();
        world.restamp_with_head(from);
        for report in world.verify() {
            prop_assert!(report.is_intact(), "without a witness nothing can show: {report:?}");
        }
        let found = read_export(&mut world.export().as_slice(), &witnesses).unwrap();
        let mut faults = found.iter().flat_map(|report| &report.faults);
        prop_assert!(faults.any(|fault| fault.kind == FaultKind::NotAsWitnessed));
    }
}

fn world(entries: usize) -> World {
    World::of(&[entries])
}

fn faults(world: &World) -> Vec<(i64, &'static str)> {
    let reports = world.verify();
    let faults = reports.iter().flat_map(|report| &report.faults);
    faults.map(|fault| (fault.revision.unwrap().get(), fault.kind.name())).collect()
}

#[test]
fn a_changed_record_shows_at_its_revision_and_breaks_the_link_after_it() {
    let mut world = world(4);
    let record = &mut world.companies[0].rows[1].record;
    let last = record.len() - 1;
    record[last] ^= 1;
    let found = faults(&world);
    assert!(found.contains(&(2, "wrong_hash")), "{found:?}");
    assert!(found.contains(&(3, "broken_link")), "{found:?}");
    assert!(!found.iter().any(|(revision, _)| *revision == 4), "{found:?}");
}

#[test]
fn a_removed_entry_shows_where_the_next_one_stands() {
    let mut world = world(4);
    world.companies[0].rows.remove(1);
    assert_eq!(faults(&world), [(3, "out_of_sequence")]);
}

#[test]
fn a_cut_tail_shows_by_the_head() {
    let mut world = world(4);
    world.companies[0].rows.truncate(2);
    assert_eq!(faults(&world), [(2, "cut_tail")]);
    world.companies[0].rows.clear();
    assert_eq!(faults(&world), [(0, "cut_tail")]);
}

#[test]
fn a_company_at_no_revision_is_no_company() {
    let mut world = world(1);
    world.companies[0].rows.clear();
    world.companies[0].head = Head { revision: Revision::ZERO, hash: vec![0; 32] };
    assert_eq!(faults(&world), [(0, "no_revision")]);
}

#[test]
fn another_company_s_whole_log_in_the_place_of_ones_own_is_found() {
    let mut world = World::of(&[2, 2]);
    let other = world.companies[1].clone();
    world.companies[0].head = other.head;
    world.companies[0].rows = other.rows;
    let found = faults(&world);
    assert!(found.contains(&(1, "other_company")), "{found:?}");
}

#[test]
fn a_record_made_for_another_place_is_found_although_all_hashes_fit() {
    let found = |change: fn(&mut pb::AuditEntry)| {
        let mut world = world(4);
        world.restamp_with(1, change);
        faults(&world)
    };
    assert_eq!(found(|entry| entry.revision = 7), [(2, "other_revision")]);
    assert_eq!(found(|entry| entry.company_id.push('2')), [(2, "other_company")]);
    assert_eq!(found(|entry| entry.format = 2), [(2, "unknown_format")]);
    assert_eq!(found(|entry| entry.prev_hash = vec![7; 32]), [(2, "broken_link")]);
}

#[test]
fn a_row_of_another_company_among_ones_own_is_found() {
    let mut world = world(2);
    world.companies[0].rows[1].company_id = CompanyId::parse("globex").unwrap();
    assert_eq!(faults(&world), [(2, "other_company")]);
}

#[test]
fn a_record_that_is_no_entry_is_found_although_all_hashes_fit() {
    let mut world = world(1);
    let log = &mut world.companies[0];
    log.rows[0].record = vec![0xff; 9];
    log.rows[0].hash = Sha256::digest([0xff; 9]).to_vec();
    log.head.hash = log.rows[0].hash.clone();
    assert_eq!(faults(&world), [(1, "unreadable")]);
}

#[test]
fn faults_beyond_the_first_hundred_are_counted() {
    let mut world = world(150);
    for row in &mut world.companies[0].rows {
        row.hash[0] ^= 1;
    }
    let report = &world.verify()[0];
    assert_eq!((report.faults.len(), report.faults_total), (100, 150));
}

#[test]
fn a_witness_that_the_log_does_not_reach_is_a_fault() {
    let world = world(2);
    let mut witness = world.witnesses().remove(0);
    witness.head.revision = Revision::new(3);
    let found = read_export(&mut world.export().as_slice(), &[witness]).unwrap();
    assert_eq!(found[0].faults[0].kind, FaultKind::WitnessNotReached);
}

#[test]
fn a_witness_is_a_company_a_revision_and_a_hash() {
    let hash = "ab".repeat(32);
    let witness = Witness::parse(&format!("acme:42:{hash}")).unwrap();
    assert_eq!(witness.head.revision, Revision::new(42));
    for bad in ["", "acme", "acme:42", "acme:0:00", &format!("Acme:1:{hash}"), "acme:1:zz"] {
        assert!(Witness::parse(bad).is_err(), "{bad}");
    }
}
