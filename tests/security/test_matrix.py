"""The security matrix, row by row: which tests hold it. A test that is renamed or lost is missed here."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

# Area and ASVS 5.0.0 numbers, as in our matrix; then file and the tests in it that hold the row.
MATRIX: Mapping[str, Mapping[str, str]] = {
    "session token 7.2.3 7.2.4": {
        "security/test_sessions.py": "test_every_way_in_gives_a_new_key_and_kills_the_old_one "
        "test_key_holds_more_than_128_bits test_new_rights_need_a_new_session",
    },
    "lifetime 7.1.1 7.3.1 7.3.2": {
        "signin/test_sessions.py": "test_customer_is_signed_out_after_12_idle_hours_and_comes_back "
        "test_customer_who_is_active_stays_until_the_seventh_day test_staff_are_signed_out_after_an_idle_hour "
        "test_staff_stay_no_longer_than_12_hours",
    },
    "ending 7.4.1-7.4.5": {
        "security/test_sessions.py": "test_every_way_out_ends_all_sessions_at_once "
        "test_sign_out_ends_that_session_and_leaves_nothing_of_it test_staff_sign_out_by_post_alone "
        "test_sign_out_button_is_on_every_page test_own_new_password_ends_the_other_sessions_and_keeps_this_one",
        "security/test_headers.py": "test_every_page_of_customers_carries_its_headers",
    },
    "cookies 3.3.1-3.3.4": {
        "security/test_production.py": "test_cookies_on_https_are_bound_to_the_host_and_to_https "
        "test_sign_in_works_and_holds_on_the_way_back_from_another_site",
        "security/test_sessions.py": "test_cookies_are_for_this_site_and_no_script",
    },
    "headers 3.4.1 3.4.3-3.4.6 3.2.1": {
        "security/test_headers.py": "test_every_page_of_customers_carries_its_headers "
        "test_every_page_of_staff_carries_its_headers test_not_found_and_wrong_host_and_too_large_carry_them_too "
        "test_error_carries_them_too test_policy_in_earnest_leaves_out_this_machine",
        "security/test_production.py": "test_browsers_are_told_of_https_on_every_answer",
    },
    "caching 14.3.2 14.2.2": {
        "security/test_headers.py": "test_every_page_of_customers_carries_its_headers",
        "security/test_invitations.py": "test_pages_with_a_token_load_and_name_nothing_elsewhere",
    },
    "CSRF, methods 3.5.1 3.5.3": {
        "security/test_methods.py": "test_get_twice_changes_no_row_and_asks_codat_nothing "
        "test_get_twice_changes_no_row_in_the_admin test_polling_get_of_an_open_page_changes_no_row "
        "test_form_of_another_site_is_refused_everywhere test_form_of_another_site_is_refused_in_the_admin "
        "test_right_token_from_another_site_is_refused",
        "security/test_return.py": "test_return_asks_codat_once_and_records_what_it_says",
        "security/test_access_customers.py": "test_other_methods_are_nobodys",
    },
    "object access 8.1.1 8.2.2 8.3.1 8.4.1": {
        "security/test_access_customers.py": "test_every_pattern_has_an_entry test_every_entry_has_a_pattern "
        "test_each_person_sees_what_the_table_says test_who_is_refused_changes_nothing "
        "test_company_that_exists_and_one_that_does_not_read_the_same",
        "security/test_access_staff.py": "test_every_pattern_of_the_admin_has_an_entry",
    },
    "field access 8.1.2 8.2.3": {
        "security/test_fields.py": "test_extra_fields_of_customers_change_nothing "
        "test_staffs_edit_changes_its_own_fields_alone test_rows_of_the_record_are_read_only "
        "test_connections_status_is_in_no_form",
    },
    "function access 8.2.1": {
        "security/test_access_staff.py": "test_each_role_sees_what_the_table_says "
        "test_each_role_sees_the_models_of_the_table test_action_is_for_its_roles_alone "
        "test_post_is_for_the_roles_of_the_table_alone test_bulk_action_asks_for_its_own_right "
        "test_every_action_has_an_entry test_nothing_is_deleted_in_bulk",
    },
    "redirects 3.7.2": {
        "security/test_redirects.py": "test_no_trick_leads_away test_browser_is_sent_to_codat_alone "
        "test_page_asked_for_comes_back_whatever_it_is_called",
        "codat/test_links.py": "test_link_is_refused",
    },
    "return from Codat 2.2.1 2.3.1 8.2.2": {
        "security/test_return.py": "test_forged_success_is_not_believed test_repeated_return_changes_nothing_more "
        "test_somebody_elses_connection_is_left_alone test_nonsense_in_the_address_is_shown_nowhere",
    },
    "host header 4.1.3": {
        "security/test_hosts.py": "test_unknown_host_gets_nothing test_mails_name_the_configured_address_alone "
        "test_page_does_not_repeat_a_forged_host",
    },
    "client address 4.1.3 15.3.4": {
        "security/test_hosts.py": "test_forwarded_address_of_a_stranger_buys_no_more_tries "
        "test_address_forwarded_by_our_own_proxy_is_counted test_scheme_of_a_stranger_is_not_believed",
    },
    "SSRF 1.3.6 13.2.4 15.3.2": {
        "security/test_network.py": "test_redirect_is_never_followed test_use_case_does_not_follow_one_either "
        "test_logo_is_fetched_from_codat_alone test_logo_is_a_small_picture_without_scripts "
        "test_answer_without_end_is_given_up",
    },
    "brute force 6.1.1 6.3.1 6.3.8": {
        "security/test_guessing.py": "test_many_guesses_at_a_staff_password_are_five "
        "test_thousand_guesses_at_a_code_are_five test_guesses_are_counted_over_browsers "
        "test_stranger_who_uses_up_the_tries_locks_nobody_out "
        "test_staff_door_costs_and_says_the_same_for_everybody test_new_password_is_asked_for_alike "
        "test_invitation_that_is_forged_costs_no_query_at_all",
        "signin/test_code.py": "test_nobody_can_tell_whether_an_address_has_an_account",
    },
    "second factor 6.3.3": {
        "security/test_second_factor.py": "test_every_page_of_staff_leads_to_enrolment_first "
        "test_nothing_is_done_without_it test_password_alone_signs_nobody_in_who_has_one "
        "test_it_is_the_default_outside_the_demo",
    },
    "invitations 6.4.1 6.5.1 6.5.3 14.2.1": {
        "security/test_invitations.py": "test_token_is_signed_with_more_than_128_bits "
        "test_stolen_database_opens_no_invitation_and_no_link test_scanner_that_opens_every_link_uses_nothing_up "
        "test_second_press_opens_nothing test_it_ends_after_14_days test_it_is_bound_to_its_address",
        "security/test_secrets.py": "test_log_holds_no_secret test_web_process_itself_prints_no_token",
    },
    "passwords 6.2.1-6.2.9": {
        "security/test_passwords.py": "test_weak_password_is_refused test_long_password_signs_in_whole "
        "test_change_needs_the_old_one test_password_is_hashed_slowly "
        "test_customer_has_no_password_and_no_door_for_one",
    },
    "anti-automation, quota 2.4.1": {
        "security/test_budgets.py": "test_customer_gets_twenty_starts_an_hour_and_then_words "
        "test_other_companies_start_as_ever_meanwhile test_clicks_beside_starts_are_counted_too "
        "test_return_is_no_way_around_the_limit",
    },
    "business limits, locking 2.3.2-2.3.4": {
        "security/test_budgets.py": "test_presses_at_once_make_one_connection "
        "test_presses_at_once_accept_an_invitation_once test_presses_at_once_unlink_once",
    },
    "webhook 2.2.1 12.2.1 16.3.3": {
        "security/test_webhook.py": "test_refused_and_nothing_is_kept "
        "test_true_event_is_kept_once_however_often_it_comes "
        "test_no_answer_sets_a_cookie_or_begins_a_session test_other_methods_are_refused "
        "test_two_secrets_hold_while_one_follows_the_other",
        "webhooks/test_endpoint.py": "test_the_clock_may_be_five_minutes_off",
        "security/test_hosts.py": "test_networks_of_staff_and_of_codat_may_be_listed",
    },
    "injection 1.2.1-1.2.4 1.2.10": {
        "security/test_injection.py": "test_pages_show_it_as_text test_every_state_of_a_connection_shows_it_as_text "
        "test_admin_shows_it_as_text test_mails_carry_it_as_text_and_in_no_header_of_its_own "
        "test_exports_hold_no_formula test_batch_result_holds_no_formula test_no_statement_is_made_of_it",
        "security/test_static.py": "test_templates_escape_everything",
    },
    "logs 16.1.1 16.2.1 16.2.5 16.3.1-16.3.4 16.4.1": {
        "security/test_secrets.py": "test_log_holds_no_secret test_log_names_no_person "
        "test_log_tells_who_came_in_who_did_not_and_what_was_forged test_web_process_itself_prints_no_token",
        "portal/test_logs.py": "test_control_characters_cannot_forge_a_line",
    },
    "errors 16.5.1-16.5.3 13.4.2": {
        "security/test_errors.py": "test_page_whose_database_breaks_shows_a_plain_page "
        "test_page_of_staff_whose_database_breaks_shows_a_plain_page "
        "test_act_that_breaks_in_the_middle_leaves_nothing_half_done "
        "test_codats_own_words_of_an_error_reach_no_customer test_who_cannot_be_known_is_nobody",
    },
    "secrets 13.3.1 14.2.4": {
        "security/test_production.py": "test_web_does_not_start_without_its_secrets "
        "test_secrets_come_from_files_too_and_two_stand_during_a_rotation "
        "test_wrong_setting_is_named_and_its_value_is_not_shown",
        "security/test_secrets.py": "test_database_holds_no_secret_afterwards test_pages_hold_no_secret "
        "test_mails_hold_what_their_person_needs_and_nothing_of_codats test_committed_files_hold_no_secret",
        "security/test_second_factor.py": "test_its_secret_stands_nowhere_in_clear",
    },
    "transport 12.2.1 12.3.1 12.3.2": {
        "security/test_network.py": "test_wrong_certificate_is_an_error_and_nothing_is_told "
        "test_code_never_switches_verification_off_nor_fetches_by_another_way",
        "security/test_production.py": "test_plain_http_is_sent_to_https_but_for_those_who_watch",
    },
    "admin 8.4.2": {
        "security/test_admin.py": "test_every_action_is_on_record_with_who_why_and_when "
        "test_bulk_action_asks_with_the_count_first test_deletion_takes_the_reference_and_a_second_person "
        "test_customer_finds_nothing_of_staffs",
        "security/test_hosts.py": "test_networks_of_staff_and_of_codat_may_be_listed",
    },
    "check --deploy": {
        "security/test_production.py": "test_check_deploy_is_silent "
        "test_nothing_is_silenced_and_every_listed_check_exists "
        "test_our_own_check_objects test_our_own_check_objects_to_the_database",
    },
    "uploads": {
        "security/test_uploads.py": "test_larger_body_is_refused_unread_by_every_form "
        "test_file_of_companies_may_be_larger_for_staff_alone "
        "test_upload_is_kept_for_its_own_person_in_the_database_alone",
    },
}


def named_in(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize("row", MATRIX)
def test_row_of_the_matrix_has_its_tests(row: str):
    missing = {file: set(names.split()) - named_in(file) for file, names in MATRIX[row].items()}

    assert {file: names for file, names in missing.items() if names} == {}


def test_matrix_is_whole():
    assert len(MATRIX) == 30  # 28 rows, check --deploy, and the limits of uploads
