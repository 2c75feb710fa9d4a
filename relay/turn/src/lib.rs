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
//! In `tests/rules/`:
//!
//! | Section | What | Tests |
//! |---|---|---|
//! | RFC 8489 6.3, 12 | Binding; what is answered by nothing | `binding::a_binding_request_is_answered_with_the_clients_address`, `binding::indications_answers_and_unknown_methods_are_answered_by_nothing` |
//! | RFC 8489 6.3.1 | 420 names what is not understood | `binding::an_unknown_attribute_that_must_be_understood_is_named_in_a_420` |
//! | RFC 8489 7 | FINGERPRINT | `binding::a_wrong_fingerprint_is_answered_by_nothing`, `binding::an_answer_has_a_fingerprint_if_its_request_had_one` |
//! | RFC 8489 9.2.4 | 401 and 400, signed answers | `authentication::a_request_without_integrity_is_challenged_with_realm_and_nonce`, `authentication::a_request_that_lacks_username_realm_or_nonce_is_a_bad_request`, `authentication::a_wrong_password_username_or_realm_is_unauthorized` |
//! | RFC 8489 9.2.4 | 438 and the nonce | `authentication::an_old_nonce_is_stale_and_the_new_one_is_good`, `authentication::a_nonce_of_another_client_is_stale` |
//! | RFC 8489 13 | no amplifying | `binding::a_binding_answer_is_at_most_1_6_times_its_request`, `authentication::a_challenge_is_at_most_three_times_its_request_or_is_not_sent` |
//! | RFC 8656 5 | 441: only who made it | `authentication::an_allocation_obeys_only_the_username_that_made_it` |
//! | RFC 8656 7.2 | Allocate, lifetimes | `allocate::an_allocation_gives_a_relayed_address_of_the_range_and_its_lifetime`, `allocate::the_lifetime_is_what_was_asked_for_between_10_minutes_and_an_hour`, `allocate::an_allocation_ends_when_its_lifetime_does` |
//! | RFC 8656 7.2 | the same again; 437 | `allocate::the_same_request_again_gets_the_same_address`, `allocate::another_request_on_the_same_five_tuple_is_a_mismatch` |
//! | RFC 8656 7.2 | 442, 440, 420, 400 | `allocate::only_udp_is_relayed`, `allocate::only_ipv4_addresses_are_given`, `allocate::dont_fragment_is_unknown`, `allocate::attributes_that_contradict_each_other_are_a_bad_request` |
//! | RFC 8656 7.2 | EVEN-PORT, RESERVATION-TOKEN | `allocate::an_even_port_is_given_and_a_reservation_is_not` |
//! | RFC 8656 7.2 | 486 and 508 | `quotas::a_session_has_at_most_its_quota_of_allocations`, `quotas::the_server_has_at_most_its_quota_of_allocations`, `quotas::every_port_of_the_range_is_given_once` |
//! | RFC 8656 8 | Refresh; 437, 443 | `refresh::a_refresh_prolongs_the_allocation`, `refresh::a_refresh_to_0_ends_the_allocation_at_once`, `refresh::a_refresh_of_another_family_is_a_mismatch` |
//! | RFC 8656 9 | permissions, 300 s | `permissions::a_permission_lets_its_peer_through_for_300_seconds`, `permissions::a_permission_is_for_an_address_whatever_the_port`, `permissions::data_does_not_refresh_a_permission` |
//! | RFC 8656 10 | CreatePermission; 403, 443 | `permissions::one_request_permits_several_peers_or_none`, `permissions::peers_that_are_no_hosts_on_the_internet_are_forbidden`, `permissions::a_peer_of_another_family_is_a_mismatch` |
//! | RFC 8656 11 | Send and Data indications | `data::a_send_indication_leaves_from_the_relayed_port_and_a_data_indication_comes_back`, `data::a_datagram_from_a_peer_without_permission_is_dropped`, `data::an_indication_that_must_not_be_fragmented_is_dropped` |
//! | RFC 8656 12.1, 12.2 | ChannelBind | `channels::a_number_stands_for_one_peer_and_a_peer_has_one_number`, `channels::a_number_cools_down_for_300_seconds_before_another_peer_gets_it`, `channels::binding_again_refreshes_channel_and_permission` |
//! | RFC 8656 12.4 to 12.7 | ChannelData | `channels::a_channel_carries_data_both_ways`, `channels::a_channel_lasts_600_seconds_and_its_permission_300`, `channels::data_on_a_channel_that_is_not_bound_is_dropped` |
//! | RFC 8656 21.1.6 | no loops over the server | `hairpin::both_sides_need_a_permission`, `hairpin::the_servers_own_address_reaches_no_listener_and_no_other_socket` |
//! | all | any sequence, any bytes | `sequences::no_sequence_passes_a_datagram_without_permission_or_leaves_anything_behind` |
//!
//! Left out: IPv6 relayed addresses, reservations, DONT-FRAGMENT, ICMP errors to the client, SHA-256 integrity, and TURN over anything but UDP. Wider than
//! RFC 8656: channel numbers up to 0x7FFE, which clients of RFC 5766 use.

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
    AllocationEvent, AllocationView, EndReason, Output, ToClient, ToPeer, Transmit, Via,
};
pub use own::OwnAddresses;
pub use peers::{PeerPolicy, PeerRules};
pub use refusal::Refusal;
pub use registry::{Registry, Usage};
pub use server::{BindError, IcmpError, Server};
pub use settings::Settings;
pub use strangers::{StrangerLimits, Strangers};
pub use time::{Now, UnixMillis, UnixSeconds};
