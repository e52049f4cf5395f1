//! What every store must do: one named test per case, a fresh store for each.
//!
//! A backend implements [`Harness`] and invokes [`conformance!`](conformance). A case that is not
//! listed is dead code, which the checks refuse.

pub(super) mod audit;
pub(super) mod cadences;
pub(super) mod commit;
pub(super) mod connections;
pub(super) mod control;
pub(super) mod drift;
mod given;
pub(super) mod groups;
pub(super) mod jobs;
pub(super) mod late;
pub(super) mod leases;
pub(super) mod parts;
pub(super) mod reads;
pub(super) mod restart;
pub(super) mod rollback;
pub(super) mod work;

use std::time::Duration;

use async_trait::async_trait;

pub(super) use given::{Given, add, connect, id, register};

use super::Store;

/// A fresh store and the means to put it to the test.
#[async_trait]
pub(super) trait Harness: Send + Sync {
    /// Returns the store.
    fn store(&self) -> &dyn Store;

    /// Lets the database's clock go on.
    fn advance(&self, by: Duration);

    /// Runs a statement of SQL behind the store's back.
    async fn execute(&self, sql: &str) -> Result<(), String>;

    /// Ends the process, as far as the store can tell, and starts it again.
    async fn restart(&mut self);
}

/// Expands to one test per case. `$fresh` makes a [`Harness`], or none where the database is not to be
/// had and that is no failure.
macro_rules! conformance {
    ($fresh:path) => {
        crate::store::conformance::cases! { $fresh;
            audit {
                each_entry_is_chained_to_the_one_before,
                a_record_is_the_bytes_that_were_hashed,
                an_entry_tells_who_did_what_and_why,
                the_database_refuses_to_change_an_entry,
                the_database_refuses_to_delete_an_entry,
                entries_are_read_in_pages,
                a_page_of_entries_ends_at_its_bytes_and_holds_at_least_one,
                companies_have_chains_of_their_own,
            }
            cadences {
                a_cadence_is_carried_out_at_its_own_vendor,
                a_cadence_that_comes_back_keeps_its_id,
                a_field_and_a_cadence_may_have_one_name,
                old_revisions_hold_the_cadences_of_then,
                cadences_count_into_the_limits,
            }
            commit {
                revisions_have_no_gaps,
                a_new_company_is_at_revision_one,
                a_company_is_registered_once,
                an_unknown_company_is_refused,
                a_company_outside_the_scope_does_not_exist,
                every_change_of_a_company_is_a_revision,
                a_repeated_request_answers_the_same_revision_and_job,
                a_repeat_answers_the_job_as_it_is_now,
                a_request_id_with_another_body_is_refused,
                a_refused_request_is_not_remembered,
                a_request_id_belongs_to_one_company,
                a_request_twice_in_one_batch_is_one_revision,
                a_request_is_found_by_its_id,
                a_refusal_does_not_hinder_its_neighbours,
                a_batch_decides_each_on_the_result_of_the_one_before,
                an_expected_revision_has_to_be_the_present_one,
                checking_alone_writes_nothing,
                nothing_to_change_is_no_revision,
                what_the_vendor_does_not_see_has_no_job,
                a_change_tells_where_the_vendor_stands,
                a_company_may_not_hold_more_than_its_limits,
                mutations_at_the_same_time_all_count,
                what_was_begun_is_finished_though_the_caller_went_away,
            }
            connections {
                a_change_before_the_first_connection_waits_for_it,
                connecting_without_anything_decided_has_no_job,
                a_new_credential_keeps_the_connection_and_what_it_confirmed,
                a_new_credential_ends_waits_but_not_parks,
                a_renewed_credential_takes_the_place_of_the_old_one,
                a_credential_that_was_replaced_is_not_renewed,
                what_is_known_of_limits_is_read_with_the_connection,
                the_connection_in_use_is_read_with_its_credential,
                the_same_account_comes_back_as_the_same_connection,
                another_account_is_a_new_connection_with_nothing_applied,
                disconnecting_lets_open_jobs_wait,
                the_credential_of_a_connection_not_in_use_is_forgotten,
                an_account_belongs_to_one_company,
                two_companies_that_want_one_account_in_one_batch_do_not_both_get_it,
                what_comes_of_an_account_not_in_use_means_nothing_for_jobs,
                a_connection_that_comes_into_use_takes_up_what_was_parked,
                a_new_version_of_a_parked_field_has_a_job,
            }
            control {
                a_cancelled_decision_is_left_alone,
                the_event_tells_who_cancelled_and_why,
                cancelling_also_cancels_what_was_folded_into_it,
                cancelling_an_older_job_leaves_the_newer_decision_alone,
                a_job_with_other_fields_pending_goes_on,
                cancelling_keeps_what_was_confirmed,
                a_call_under_way_when_it_is_cancelled_is_still_looked_after,
                only_open_jobs_are_cancelled_and_only_ended_ones_retried,
                a_job_outside_the_scope_cannot_be_touched,
                a_repeated_wish_answers_the_job_as_it_is_now,
                a_request_id_is_unique_per_job,
                retrying_takes_up_what_was_refused,
                retrying_takes_up_what_was_cancelled,
                retrying_one_job_makes_the_failure_of_another_moot,
                retrying_an_older_job_leaves_a_newer_cancelled_decision_alone,
                retrying_takes_up_all_but_what_was_cancelled_since,
                retrying_what_is_there_already_succeeds_at_once,
                retrying_without_a_connection_waits_for_one,
                cancelling_without_a_connection_ends_the_job,
                a_newer_decision_ends_a_cancel,
            }
            drift {
                what_a_scan_finds_is_in_the_inbox_under_numbers_of_its_own,
                the_inbox_is_read_in_pages_and_by_state,
                what_a_scan_showed_is_there_for_the_next,
                a_scan_that_was_judged_by_something_else_changes_nothing,
                a_scan_like_the_one_before_holds_while_nothing_is_decided_or_written,
                an_older_lease_notes_no_scan,
                a_connection_is_due_when_its_scan_is,
                policies_are_revisions_and_read_as_they_were_decided,
                what_is_imported_has_no_job,
                going_back_to_before_an_import_leaves_what_was_imported_where_it_is,
                what_is_to_be_set_right_is_to_be_done_once_more,
                several_attributes_of_one_resource_are_set_right_together,
                of_items_that_cannot_all_be_set_right_none_is,
                what_is_ignored_has_a_policy_and_stands_no_more,
                what_others_changed_at_a_connection_no_longer_in_use_stands_no_more,
            }
            groups {
                a_group_is_carried_out_beside_fields,
                a_group_goes_when_nothing_stands_in_it_in_the_same_batch,
                old_revisions_hold_the_groups_of_then,
            }
            jobs {
                a_job_is_queued_then_running_then_succeeded,
                revisions_of_one_field_are_confirmed_together,
                a_refusal_fails_all_that_was_folded_into_it,
                a_refusal_does_not_fail_what_was_decided_after_it,
                a_later_success_makes_a_failure_moot,
                a_failure_that_may_pass_lets_the_job_wait,
                the_same_wait_is_told_once,
                a_closed_connection_lets_all_open_jobs_wait,
                a_job_of_several_fields_counts_them,
                what_is_recorded_together_is_one_event_per_job,
                an_outcome_recorded_again_changes_nothing,
                a_settled_read_changes_no_job,
                a_removed_field_is_confirmed_as_gone,
                events_are_read_on_from_where_one_stopped,
            }
            late {
                a_call_that_outlived_its_lease_is_to_be_looked_at,
                what_a_late_call_made_of_something_is_set_right,
                a_call_that_is_in_doubt_comes_before_a_late_one,
                nothing_is_begun_that_was_planned_without_a_late_call,
            }
            leases {
                a_lease_has_one_holder,
                connections_have_leases_of_their_own,
                a_lease_that_was_given_back_can_be_taken_at_once,
                a_lease_that_is_over_is_taken_over,
                a_lease_can_be_prolonged_while_it_lasts,
                an_older_lease_changes_nothing,
                there_is_no_lease_on_what_is_not_in_use,
                the_gate_and_the_window_outlive_the_lease,
                a_shorter_gate_does_not_open_a_longer_one,
                jobs_are_told_the_longer_of_two_gates,
                connecting_again_opens_the_gate,
                a_scan_is_asked_for_again_only_when_somebody_may_have_begun_it,
            }
            parts {
                going_back_over_fields_and_cadences_is_one_job_of_two_parts,
                a_part_without_a_connection_waits_while_the_other_goes_on,
                disconnecting_one_vendor_leaves_the_other_part_alone,
                a_job_waits_when_all_of_its_open_parts_do,
                what_a_part_waits_for_survives_a_restart,
                a_job_with_a_part_refused_fails_when_the_other_has_ended,
                a_failure_is_moot_when_it_is_so_in_every_part,
                cancelling_ends_both_parts_and_is_remembered_once,
                cancelling_leaves_a_part_that_has_ended,
                retrying_sets_both_parts_going_once,
                retrying_counts_once_where_a_part_is_there_already,
                retrying_leaves_a_part_that_succeeded,
            }
            reads {
                a_configuration_can_be_read_at_every_revision,
                a_revision_not_reached_cannot_be_read,
                companies_are_listed_by_id,
                nothing_outside_the_scope_can_be_read,
                connections_no_longer_in_use_are_shown_only_without_another,
                jobs_are_listed_newest_first,
                unknown_jobs_are_nowhere,
            }
            restart {
                everything_is_there_after_a_restart,
                calls_under_way_are_in_doubt_after_a_restart,
                a_lease_given_back_before_a_restart_is_not_taken_over,
                a_cancel_holds_after_a_restart,
            }
            rollback {
                going_back_brings_back_what_was,
                a_name_that_comes_back_keeps_its_id,
                a_revision_not_reached_cannot_be_gone_back_to,
                going_back_with_mixed_results_fails_and_keeps_what_succeeded,
            }
            work {
                what_is_decided_and_not_confirmed_is_to_be_done,
                what_the_vendor_does_not_see_is_confirmed_without_a_job,
                no_more_is_read_than_was_asked_for,
                what_waits_after_a_failure_does_not_hide_the_rest,
                what_is_parked_is_left_out_until_a_newer_version,
                what_is_in_doubt_is_always_to_be_looked_at,
                where_the_vendor_stands_is_read_as_it_was_written,
                nothing_is_begun_at_a_connection_that_was_changed,
                nothing_is_begun_that_was_cancelled_since_it_was_planned,
                a_connection_with_open_jobs_is_due_unless_somebody_holds_it,
                a_connection_with_a_call_in_doubt_is_due,
                a_connection_that_is_closed_or_not_in_use_is_not_due,
                the_connection_that_rested_longest_is_due_first,
                the_backlog_counts_what_is_left_to_do,
            }
        }
    };
}

/// Writes the tests.
macro_rules! cases {
    ($fresh:path; $($module:ident { $($case:ident,)* })*) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $case() {
                let Some(fresh) = $fresh().await else { return };
                let given = crate::store::conformance::Given::new(fresh);
                Box::pin(crate::store::conformance::$module::$case(given)).await;
            })*
        })*
    };
}

pub(super) use {cases, conformance};
