//! A TURN server without sockets (RFC 8489, RFC 8656).
//!
//! Owns credentials, allocations, permissions, channels and which peers may be reached. It is told the bytes, the time and its randomness, and
//! says what to send, bind and close; it knows no sockets, threads or clocks, and nothing of chats, users or calls.
//!
//! [`Server`] is driven by a shell: after each input it drains `poll_output` until that is `None`, does what each [`Output`] says, and comes back with
//! the next input or at `next_deadline`.
//!
//! # What of the RFCs is shown where
//!
//! In `tests/rules/`, where `table` holds that each of these exists and that no file is left out:
//!
//! | Section | What | Tests |
//! |---|---|---|
//! | RFC 8489 6.3, 12 | Binding; what is answered by nothing | `binding::a_binding_request_is_answered_with_the_clients_address`, `binding::indications_answers_and_unknown_methods_are_answered_by_nothing` |
//! | RFC 8489 6.3.1 | 420 names what is not understood | `binding::an_unknown_attribute_that_must_be_understood_is_named_in_a_420`, `binding::an_unknown_attribute_that_need_not_be_understood_is_ignored` |
//! | RFC 8489 6.2.2 | streams | `streams::a_frame_of_a_stream_is_relayed_like_a_datagram`, `streams::the_end_of_a_stream_ends_its_allocation` |
//! | RFC 8489 7 | FINGERPRINT | `binding::a_wrong_fingerprint_is_answered_by_nothing`, `binding::an_answer_has_a_fingerprint_if_its_request_had_one` |
//! | RFC 8489 9.2.1 | the nonce cookie, against who takes the better away | `signing::whoever_takes_the_cookie_from_a_challenge_is_noticed`, `signing::a_list_of_algorithms_that_is_not_the_one_offered_is_a_bad_request`, `signing::no_algorithm_is_named_where_none_was_offered` |
//! | RFC 8489 9.2.2 | password algorithms | `signing::every_algorithm_signs_in_with_every_integrity_and_is_answered_by_the_strongest_it_used`, `signing::a_key_of_another_algorithm_or_secret_is_unauthorized` |
//! | RFC 8489 9.2.4 | 401 and 400 | `authentication::a_request_without_integrity_is_challenged_with_realm_and_nonce`, `authentication::a_request_that_lacks_username_realm_or_nonce_is_a_bad_request`, `authentication::a_wrong_password_username_or_realm_is_unauthorized`, `signing::a_challenge_is_not_signed_and_has_everything_to_sign_in_with` |
//! | RFC 8489 9.2.4 | 438 and the nonce | `authentication::an_old_nonce_is_stale_and_the_new_one_is_good`, `authentication::a_nonce_of_another_client_is_stale`, `authentication::only_who_signs_rightly_is_told_that_the_nonce_is_stale` |
//! | RFC 8489 9.2.4 | USERHASH | `signing::a_username_that_was_issued_may_be_hidden` |
//! | RFC 8489 9.2.5 | answers are signed as their requests | `signing::a_refusal_of_who_has_signed_in_is_signed_as_the_request_was` |
//! | RFC 8489 13 | no amplifying | `binding::a_binding_answer_is_at_most_1_6_times_its_request`, `authentication::a_challenge_is_at_most_three_times_its_request_or_is_not_sent`, `strangers::every_answer_to_a_stranger_is_paid_for`, `strangers::who_comes_by_a_stream_signs_in_whatever_is_sent_in_the_name_of_its_address` |
//! | RFC 8489 14.5, 14.6 | integrity; what stands after it | `signing::a_sha_256_may_be_cut_to_16_bytes_and_not_to_less`, `signing::of_two_integrities_the_stronger_must_be_right`, `signing::what_stands_after_the_integrity_is_ignored_and_the_fingerprint_is_not` |
//! | RFC 8656 3.1 | clients over UDP, TCP and TLS | `streams::a_data_indication_is_the_same_over_every_transport`, `streams::data_between_a_stream_and_a_datagram_client_gets_the_frame_of_its_receiver` |
//! | RFC 8656 5 | 437; 441: only who made it | `refresh::without_an_allocation_there_is_nothing_to_refresh_permit_or_bind`, `authentication::an_allocation_obeys_only_the_username_that_made_it` |
//! | RFC 8656 6 | relayed addresses live each for itself, and no port is given twice | `families::a_refresh_of_one_family_prolongs_that_one_alone`, `workers::a_port_is_given_once_by_all_workers_together`, `workers::nothing_is_left_in_the_registry_when_all_has_ended` |
//! | RFC 8656 7.2 | Allocate, lifetimes | `allocate::an_allocation_gives_a_relayed_address_of_the_range_and_its_lifetime`, `allocate::the_lifetime_is_what_was_asked_for_between_10_minutes_and_an_hour`, `allocate::an_allocation_ends_when_its_lifetime_does` |
//! | RFC 8656 7.2 | the same again; 437 | `allocate::the_same_request_again_gets_the_same_address`, `families::the_same_request_for_both_again_gets_the_same_addresses`, `reservations::the_same_request_again_gets_the_same_token`, `allocate::another_request_on_the_same_five_tuple_is_a_mismatch` |
//! | RFC 8656 7.2 | 442 and 400 | `allocate::only_udp_is_relayed`, `allocate::attributes_that_contradict_each_other_are_a_bad_request`, `allocate::a_broken_attribute_is_a_bad_request` |
//! | RFC 8656 7.2 | DONT-FRAGMENT | `allocate::dont_fragment_is_understood` |
//! | RFC 8656 7.2 | REQUESTED-ADDRESS-FAMILY; 440 | `families::an_address_of_the_requested_family_is_given_and_ipv4_by_default`, `families::a_family_that_is_not_there_is_not_supported` |
//! | RFC 8656 7.2 | ADDITIONAL-ADDRESS-FAMILY, ADDRESS-ERROR-CODE | `families::who_asks_for_both_gets_both`, `families::who_asks_for_both_gets_one_and_is_told_why_not_the_other`, `families::who_asks_for_both_and_can_have_neither_is_refused` |
//! | RFC 8656 7.2 | EVEN-PORT | `reservations::an_even_port_is_given_to_who_asks_for_one`, `reservations::without_two_ports_in_a_row_there_is_no_reservation`, `reservations::a_pair_that_somebody_else_has_half_of_is_passed_over` |
//! | RFC 8656 7.2 | RESERVATION-TOKEN, 30 s | `reservations::the_next_port_is_kept_and_given_to_who_brings_the_token`, `reservations::a_reservation_ends_after_30_seconds`, `reservations::a_reservation_is_for_its_user_whichever_session_brings_the_token`, `reservations::a_reservation_is_found_by_every_worker` |
//! | RFC 8656 7.2 | 486 and 508 | `quotas::a_user_has_at_most_its_quota_of_allocations`, `quotas::the_server_has_at_most_its_quota_of_allocations`, `quotas::every_port_of_the_range_is_given_once`, `allocate::no_relay_socket_means_no_capacity_and_nothing_left_behind` |
//! | RFC 8656 8.2 | Refresh; 437, 443 | `refresh::a_refresh_prolongs_the_allocation`, `refresh::a_refresh_to_0_ends_the_allocation_at_once`, `refresh::a_refresh_of_another_family_is_a_mismatch` |
//! | RFC 8656 8.2 | Refresh of one of two families | `families::a_refresh_of_one_family_to_0_ends_that_one_with_its_permissions_and_channels`, `families::a_refresh_without_a_family_is_for_both` |
//! | RFC 8656 9 | permissions, 300 s | `permissions::a_permission_lets_its_peer_through_for_300_seconds`, `permissions::a_permission_is_for_an_address_whatever_the_port`, `permissions::data_does_not_refresh_a_permission` |
//! | RFC 8656 10.2 | CreatePermission; 400, 403, 443 | `permissions::one_request_permits_several_peers_or_none`, `permissions::a_request_without_a_readable_peer_is_a_bad_request`, `permissions::peers_that_are_no_hosts_on_the_internet_are_forbidden`, `families::a_peer_needs_a_relayed_address_of_its_family` |
//! | RFC 8656 11.2 | Send indications; DONT-FRAGMENT | `data::a_send_indication_leaves_from_the_relayed_port_and_a_data_indication_comes_back`, `data::an_indication_without_allocation_peer_or_data_is_dropped`, `data::an_indication_that_must_not_be_fragmented_says_so_to_the_shell` |
//! | RFC 8656 11.3 | datagrams from peers | `data::a_datagram_from_a_peer_without_permission_is_dropped`, `data::an_empty_payload_is_relayed`, `families::a_datagram_of_one_family_on_a_port_of_the_other_is_dropped` |
//! | RFC 8656 11.4 | Data indications | `streams::a_payload_too_long_for_an_indication_is_dropped_and_not_read_as_other_frames` |
//! | RFC 8656 11.5, 18.13 | ICMP errors | `icmp::an_icmp_error_for_a_permitted_peer_reaches_the_client_as_a_data_indication`, `icmp::an_icmp_error_without_allocation_or_permission_is_dropped`, `icmp::an_icmp_message_that_is_no_error_of_the_way_is_not_told` |
//! | RFC 8656 12 | 600 s, and 300 s before a number is another's | `channels::a_channel_lasts_600_seconds_and_its_permission_300`, `channels::a_number_cools_down_for_300_seconds_before_another_peer_gets_it` |
//! | RFC 8656 12.2 | ChannelBind; 400, 403, 443 | `channels::a_number_stands_for_one_peer_and_a_peer_has_one_number`, `channels::binding_again_refreshes_channel_and_permission`, `channels::numbers_outside_the_range_and_missing_attributes_are_bad_requests` |
//! | RFC 8656 12.4, 12.6 | ChannelData from clients | `channels::a_channel_carries_data_both_ways`, `channels::data_on_a_channel_that_is_not_bound_is_dropped`, `channels::numbers_of_rfc_5766_are_served` |
//! | RFC 8656 12.5, 12.7 | ChannelData to clients; padding | `channels::a_channel_is_for_a_port_and_its_permission_for_the_address`, `streams::a_frame_for_a_stream_is_padded_to_4_bytes_and_one_for_udp_is_not` |
//! | RFC 8656 21.1.7 | no loops over the server | `hairpin::both_sides_need_a_permission`, `hairpin::the_servers_own_address_reaches_no_listener_and_no_other_socket`, `abuse::a_loop_between_two_allocations_ends_with_the_datagram_that_began_it` |
//! | RFC 8656 21.2, 21.3.2 | who may be reached | `live_calls::no_forbidden_address_is_permitted_in_any_spelling_announced_or_not`, `live_calls::only_who_is_in_the_call_reaches_what_another_has_announced_there`, `live_calls::sessions_of_one_call_reach_each_others_relayed_addresses_and_others_do_not`, `live_calls::an_address_of_the_server_as_a_source_opens_nothing`, `workers::sessions_that_the_policy_does_not_connect_do_not_reach_each_other` |
//! | RFC 8656 21.3.1 | what one user, one request and one session may have | `workers::a_user_has_its_quota_once_whichever_sessions_and_workers_it_uses`, `workers::a_user_has_its_rate_once_whichever_sessions_and_workers_it_uses`, `quotas::a_user_sends_and_receives_so_many_bytes_a_second_both_together`, `abuse::five_hundred_peers_in_one_request_are_permitted_to_nobody`, `revocation::revoking_a_session_ends_all_its_allocations_at_once_and_no_other` |
//! | all | any sequence, any bytes | `sequences::no_sequence_passes_a_datagram_without_permission_or_leaves_anything_behind` |
//!
//! Left out: ALTERNATE-SERVER (300), and relaying TCP to peers (RFC 6062). Wider than RFC 8656: channel numbers up to 0x7FFE, which clients of RFC 5766
//! use. Read as its figure has it: in ICMP (RFC 8656 section 18.13) the type has 7 bits and the code 9.

mod address;
mod allocation;
mod allocations;
mod bucket;
mod channels;
mod connects;
mod counters;
mod credentials;
mod issued;
mod limits;
mod live_calls;
mod nonce;
mod output;
mod own;
mod peers;
mod permissions;
mod refusal;
mod registry;
mod scope;
mod server;
mod settings;
mod strangers;
mod time;
mod timers;

pub use address::{AllocationId, Family, FiveTuple, PeerAddr, RelayedPort, Transport, WorkerId};
pub use counters::{Counters, DropReason, Flow, Flows};
pub use credentials::{
    CredentialLimits, Credentials, EphemeralUsername, NoSessionName, Secret, SessionName,
};
pub use issued::Issued;
pub use limits::Limits;
pub use live_calls::{CallKey, LiveCalls, NotAnnounced};
pub use output::{
    AllocationEvent, AllocationView, EndReason, Output, RefusedWhy, ToClient, ToPeer, Transmit, Via,
};
pub use own::OwnAddresses;
pub use peers::{PeerPolicy, PeerRules};
pub use refusal::Refusal;
pub use registry::{Registry, Usage};
pub use server::{BindError, IcmpError, Server};
pub use settings::Settings;
pub use strangers::{StrangerLimits, Strangers};
pub use time::{Now, UnixMillis, UnixSeconds};
