//! One suite for every storage backend: what the storage promises, checked through its public API alone.
//!
//! A backend joins with its name at the end of this file and a constructor in `support`.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod appends;
#[cfg(test)]
mod board_edits;
#[cfg(test)]
mod board_events;
#[cfg(test)]
mod board_lists;
#[cfg(test)]
mod board_records;
#[cfg(test)]
mod boards;
#[cfg(test)]
mod bucket;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod compaction;
#[cfg(test)]
mod company;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod records;
#[cfg(test)]
mod records_access;
#[cfg(test)]
mod records_accounts;
#[cfg(test)]
mod records_audit;
#[cfg(test)]
mod records_audit_archive;
#[cfg(test)]
mod records_audit_crash;
#[cfg(test)]
mod records_comments;
#[cfg(test)]
mod records_documents;
#[cfg(test)]
mod records_tenancy;
#[cfg(test)]
mod records_webhooks;
#[cfg(test)]
mod s3;
#[cfg(test)]
mod server;
#[cfg(test)]
mod support;
#[cfg(test)]
mod transfers;
#[cfg(test)]
mod troubled;
#[cfg(test)]
mod upgrade;

macro_rules! suite {
    ([$($backend:ident),+] $cases:tt) => { $( suite! { @one $backend $cases } )+ };
    (@one $backend:ident { $($module:ident :: $case:ident),+ $(,)? }) => {
        #[cfg(test)]
        mod $backend {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    if let Some(bed) = crate::support::Bed::$backend().await {
                        crate::$module::$case(bed).await;
                    }
                }
            )+
        }
    };
}

suite! { [sqlite, postgres] {
    company::an_urgent_append_takes_the_patient_along,
    company::whoever_hurries_is_not_kept_waiting,
    company::closing_does_not_wait_for_company,
    appends::unknown_documents_are_none_and_leave_no_trace,
    appends::what_was_acknowledged_is_there_after_reopening,
    appends::a_stale_head_conflicts_and_changes_nothing,
    appends::one_name_is_one_document,
    appends::seqs_are_gapless_under_concurrency,
    appends::neighbours_in_a_group_commit_do_not_fail_each_other,
    appends::a_row_in_the_way_fails_only_its_own_append,
    appends::workspaces_do_not_see_each_other,
    appends::closing_answers_what_waits_and_refuses_the_rest,
    appends::a_data_directory_has_one_owner,
    appends::a_newer_schema_is_refused,
    appends::lists_go_page_by_page,
    compaction::a_compaction_keeps_the_document_and_its_history,
    compaction::a_document_begins_anew_at_its_renewal,
    compaction::compactions_race_appends_and_lose_nothing,
    compaction::concurrent_compactions_do_not_damage,
    compaction::pending_updates_survive_a_compaction,
    compaction::sweeping_removes_only_what_no_row_names,
    compaction::an_undecodable_row_stops_a_compaction,
    damage::a_damaged_snapshot_is_found_and_rebuilt,
    damage::a_damaged_blob_is_found_and_rebuilt,
    damage::a_missing_blob_is_found_and_rebuilt,
    damage::an_undecodable_row_is_found_and_skipped,
    damage::a_lost_row_is_found_and_reported,
    damage::damaged_history_falls_back_to_the_snapshot,
    damage::an_incomplete_snapshot_is_found_and_rebuilt,
    damage::quarantine_holds_until_the_rebuild,
    damage::a_whole_storage_has_no_findings,
    crash::acknowledged_updates_survive_kill,
    answers::of_fifty_with_one_key_one_has_the_effect,
    answers::a_key_stands_for_one_request_of_one_principal_for_a_day,
    records::a_workspace_and_its_members_are_there_after_reopening,
    records::what_is_not_committed_leaves_nothing_behind,
    records::a_workspace_is_not_reached_through_another,
    records::writers_of_one_workspace_take_turns,
    records::a_crowd_that_writes_is_slow_and_neither_refused_nor_in_the_way_of_readers,
    records::the_log_and_the_records_write_side_by_side,
    records::epochs_count_changes,
    records_accounts::an_address_belongs_to_one_account,
    records_accounts::a_profile_changes_only_from_what_was_seen,
    records_accounts::accounts_are_listed_in_order_and_found_by_what_they_are_called,
    records_accounts::colleagues_share_a_live_workspace,
    records_accounts::a_login_ends_for_good,
    records_accounts::a_code_counts_once,
    records_accounts::what_all_nodes_share_is_made_once,
    records_access::a_key_is_found_by_its_hash_until_its_owner_leaves,
    records_access::of_many_who_show_a_ticket_one_gets_in,
    records_access::an_application_belongs_to_its_workspace,
    records_access::a_code_is_redeemed_once_and_a_grant_ends_its_session,
    records_access::removing_an_application_ends_what_it_was_allowed,
    records_audit::writers_of_the_audit_log_write_one_chain,
    records_audit::whatever_somebody_with_the_database_does_to_the_audit_log_is_noticed,
    records_audit::the_database_refuses_changes_of_the_audit_log,
    records_audit_archive::old_entries_move_out_and_the_chain_goes_on,
    records_audit_archive::entries_wait_until_they_are_enough,
    records_audit_archive::a_search_finds_what_was_archived_and_what_was_not,
    records_audit_archive::of_many_who_archive_one_does,
    records_audit_archive::bytes_that_nothing_names_yet_do_no_harm,
    records_audit_archive::bytes_of_the_archive_that_change_are_noticed,
    records_audit_archive::rows_of_the_archive_that_change_are_noticed,
    records_audit_archive::a_broken_chain_is_not_archived,
    records_audit_crash::an_archiving_that_is_killed_loses_nothing,
    records_documents::a_document_changes_moves_and_goes_to_the_trash,
    records_documents::a_document_has_no_place_in_anothers_project,
    records_documents::what_connects_somebody_with_a_document_is_found,
    records_documents::a_link_gives_what_it_gives_now,
    records_documents::lists_hold_what_somebody_sees_and_nothing_else,
    records_documents::attachments_are_seen_when_their_bytes_are_there,
    records_documents::a_purged_document_takes_its_log_along_and_no_other,
    records_comments::replies_hang_on_comments_and_deleted_ones_keep_their_place,
    records_comments::comments_are_listed_by_topic_and_filter,
    records_comments::reactions_are_counted_once_for_each_person,
    records_comments::what_somebody_chose_to_hear_is_not_changed_by_what_they_do,
    records_comments::views_are_seen_by_their_owner_or_by_the_project,
    records_comments::reminders_follow_the_date_and_are_claimed_once,
    records_comments::events_of_comments_are_seen_by_those_who_see_their_subject,
    records_comments::files_of_a_task_are_listed_by_it,
    records_tenancy::what_connects_somebody_with_a_project_is_found,
    records_tenancy::nobody_is_put_into_a_team_of_another_workspace,
    records_tenancy::a_team_has_its_name_alone_in_its_workspace,
    records_tenancy::lists_of_projects_hold_what_is_asked_for,
    records_tenancy::a_walk_neither_skips_nor_repeats,
    records_tenancy::lists_of_teams_and_workspaces_hold_what_somebody_is_in,
    records_tenancy::an_invitation_is_used_once,
    records_tenancy::projects_leave_the_trash_when_their_time_is_over,
    records_webhooks::first_attempts_go_by_their_events_whatever_clocks_say,
    records_webhooks::what_failed_has_its_turn_among_what_waits,
    records_webhooks::of_servers_that_die_none_has_a_first_attempt_overtake_too_many,
    board_edits::an_edit_its_rows_and_its_events_are_one_commit,
    board_edits::rows_that_are_equal_are_not_touched,
    board_edits::what_does_not_fit_leaves_nothing,
    board_edits::rows_may_change_without_an_update,
    board_edits::a_projection_that_fails_fails_alone,
    board_edits::odd_values_are_stored_alike,
    board_edits::a_card_is_known_by_one_id_everywhere,
    board_edits::one_commit_holds_several_edits_of_several_boards,
    board_edits::what_belongs_to_no_project_has_no_rows,
    board_edits::five_thousand_cards_come_at_once,
    board_events::events_are_gapless_in_the_order_of_the_commits,
    board_events::an_event_that_is_not_committed_has_no_place,
    board_events::events_are_found_by_what_they_are_about,
    board_events::events_are_seen_by_those_who_see_what_they_are_about,
    board_lists::tasks_are_found_by_what_they_are,
    board_lists::tasks_come_in_order,
    board_lists::positions_are_those_of_the_board,
    board_lists::lists_hold_the_tasks_of_boards_that_are_seen,
    board_lists::what_hangs_on_a_task_is_found,
    board_records::a_project_has_its_key_alone,
    board_records::projects_that_exist_are_given_keys,
    board_records::client_ids_are_used_by_one_at_a_time,
    board_records::what_came_since_is_read_until_it_is_folded,
    board_records::a_board_that_moves_gets_new_numbers,
    board_records::a_board_moves_while_it_is_edited,
    board_records::a_purged_board_takes_its_rows_along,
    board_records::a_purged_project_takes_its_numbers_along,
    board_records::deleted_tasks_are_found_when_their_time_is_over,
    board_records::rows_are_put_in_place_anew,
    board_records::all_boards_are_listed,
    board_records::a_board_is_not_reached_through_another_workspace,
} }

mod embedded_only {
    suite! { [sqlite] {
        full_disk::a_full_disk_is_an_error_and_passes,
        full_disk::a_read_only_disk_is_refused_and_left_alone,
    } }
}

mod shared_only {
    suite! { [postgres] {
        records::row_security_shows_only_the_workspace_that_was_named,
        nodes::a_commit_that_comes_late_is_not_passed_over,
        nodes::a_document_that_comes_late_is_not_passed_over,
        nodes::a_commit_whose_answer_is_lost_is_left_open,
        nodes::cut_connections_lose_nothing_acknowledged,
        nodes::two_nodes_keep_logs_gapless,
        nodes::two_nodes_create_one_document,
        nodes::two_nodes_fold_once,
        nodes::a_lock_that_somebody_keeps_fails_one_append,
        board_events::two_nodes_count_events_and_numbers_together,
        board_records::row_security_hides_boards_of_others,
        records_audit_archive::a_page_costs_what_it_holds,
        transfers::every_table_and_column_moves,
        transfers::what_refers_to_nothing_is_refused,
    } }
}

/// What large bytes are about, in files and in a bucket.
mod large_bytes {
    suite! { [sqlite, s3] {
        objects::an_object_is_given_back_as_it_came,
        objects::an_object_belongs_to_its_owner_and_is_never_replaced,
        objects::what_was_not_finished_is_no_object,
        objects::lists_of_objects_go_page_by_page,
    } }
}

mod bucket_only {
    suite! { [s3, cloud] {
        compaction::a_compaction_keeps_the_document_and_its_history,
        compaction::a_document_begins_anew_at_its_renewal,
        compaction::compactions_race_appends_and_lose_nothing,
        compaction::concurrent_compactions_do_not_damage,
        compaction::sweeping_removes_only_what_no_row_names,
        damage::a_damaged_blob_is_found_and_rebuilt,
        damage::a_missing_blob_is_found_and_rebuilt,
        damage::damaged_history_falls_back_to_the_snapshot,
        damage::an_incomplete_snapshot_is_found_and_rebuilt,
        damage::a_whole_storage_has_no_findings,
        s3::large_bytes_stay_where_the_database_knows_them,
        records_audit_archive::old_entries_move_out_and_the_chain_goes_on,
    } }
}

mod bucket_alone {
    suite! { [s3] {
        s3::a_blob_is_read_back_and_checked,
        s3::an_upload_that_is_dropped_is_given_up,
        s3::stale_uploads_are_swept,
        s3::a_damaged_object_breaks_off,
        s3::what_another_node_has_put_survives_the_sweep,
        s3::what_was_swept_by_mistake_comes_back,
        s3::silence_ends_in_an_error,
        s3::failures_pass,
        s3::a_reading_that_breaks_off_goes_on,
        s3::what_is_wrong_with_a_bucket_is_said,
        s3::a_bucket_that_is_away_damages_nothing,
    } }
}

/// What older versions have written.
mod older {
    suite! { [sqlite, postgres] {
        upgrade::what_older_versions_have_written_goes_on,
    } }
}
