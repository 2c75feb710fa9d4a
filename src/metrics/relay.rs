//! What the relay and the rooms of group calls count.

use metrics::{counter, describe_counter, describe_gauge, gauge};

use crate::media::{Counters, Flow};

/// Names each family.
pub(super) fn describe() {
    for (name, help) in [
        ("zvonilka_turn_allocations", "Allocations that live."),
        (
            "zvonilka_turn_streams",
            "TCP and TLS connections that are open.",
        ),
        (
            "zvonilka_turn_queued_commands",
            "Commands that wait for a worker.",
        ),
        (
            "zvonilka_turn_queued_bytes",
            "Bytes that wait, by queue: for another worker, or to be written to streams.",
        ),
        (
            "zvonilka_rooms_open",
            "Rooms of group calls that there are.",
        ),
        ("zvonilka_rooms_participants", "Participants of all rooms."),
        (
            "zvonilka_rooms_publications",
            "Tracks that participants publish.",
        ),
        (
            "zvonilka_rooms_subscriptions",
            "Tracks that go down to participants.",
        ),
    ] {
        describe_gauge!(name, help);
    }
    for (name, help) in [
        (
            "zvonilka_turn_allocations_total",
            "Allocations that were made.",
        ),
        (
            "zvonilka_turn_bindings_total",
            "STUN Binding requests that were answered.",
        ),
        (
            "zvonilka_turn_packets_total",
            "Datagrams and frames on all sockets, by direction and transport.",
        ),
        (
            "zvonilka_turn_bytes_total",
            "Bytes of datagrams and frames on all sockets, without headers of UDP, TCP and TLS, by direction and transport.",
        ),
        (
            "zvonilka_turn_relayed_packets_total",
            "Packets relayed, by direction (from clients to peers, from peers to clients) and the transport of the client.",
        ),
        (
            "zvonilka_turn_relayed_bytes_total",
            "Payload bytes relayed, by direction (from clients to peers, from peers to clients) and the transport of the client.",
        ),
        (
            "zvonilka_turn_refusals_total",
            "Requests that were refused, by STUN error code and its reason phrase.",
        ),
        (
            "zvonilka_turn_drops_total",
            "Packets that went no further, by reason.",
        ),
        (
            "zvonilka_turn_icmp_errors_total",
            "ICMP errors that clients were told of.",
        ),
        (
            "zvonilka_turn_unsent_total",
            "Datagrams that the system did not take.",
        ),
        (
            "zvonilka_turn_streams_refused_total",
            "TCP and TLS connections that were not let in, by reason.",
        ),
        (
            "zvonilka_turn_streams_closed_total",
            "TCP and TLS connections that were let in and closed by the relay, by reason.",
        ),
        (
            "zvonilka_rooms_packets_total",
            "RTP packets of rooms: received, forwarded (once for each who was sent them), retransmitted, or reported as missing (nacked).",
        ),
        (
            "zvonilka_rooms_drops_total",
            "Packets to and from rooms that went no further, by reason.",
        ),
        (
            "zvonilka_rooms_keyframe_requests_total",
            "Keyframe requests: asked by viewers, sent to publishers.",
        ),
        (
            "zvonilka_rooms_refusals_total",
            "What was asked of rooms and refused, by reason.",
        ),
        (
            "zvonilka_rooms_gone_total",
            "Participants that went without saying so.",
        ),
        (
            "zvonilka_rooms_overflowed_total",
            "Rooms that were closed as nobody took their events.",
        ),
    ] {
        describe_counter!(name, help);
    }
}

pub(super) fn record(counters: &Counters) {
    let (turn, streams, queues) = (&counters.turn, &counters.streams, &counters.queues);
    gauge!("zvonilka_turn_allocations").set(turn.allocations as f64);
    gauge!("zvonilka_turn_streams").set(streams.open as f64);
    gauge!("zvonilka_turn_queued_commands").set(queues.commands as f64);
    for (queue, bytes) in [("workers", queues.rings), ("streams", queues.streams)] {
        gauge!("zvonilka_turn_queued_bytes", "queue" => queue).set(bytes as f64);
    }
    counter!("zvonilka_turn_allocations_total").absolute(turn.allocated);
    counter!("zvonilka_turn_bindings_total").absolute(turn.bindings);
    counter!("zvonilka_turn_icmp_errors_total").absolute(turn.icmp);
    counter!("zvonilka_turn_unsent_total").absolute(counters.unsent);
    for (direction, traffic) in [("ingress", counters.ingress), ("egress", counters.egress)] {
        for (transport, Flow { packets, bytes }) in [
            ("udp", traffic.udp),
            ("tcp", traffic.tcp),
            ("tls", traffic.tls),
        ] {
            let labels = [("direction", direction), ("transport", transport)];
            counter!("zvonilka_turn_packets_total", &labels).absolute(packets);
            counter!("zvonilka_turn_bytes_total", &labels).absolute(bytes);
        }
    }
    for (direction, flows) in [("to_peers", turn.to_peers), ("to_clients", turn.to_clients)] {
        for (transport, Flow { packets, bytes }) in flows.iter() {
            let labels = [("direction", direction), ("transport", transport.name())];
            counter!("zvonilka_turn_relayed_packets_total", &labels).absolute(packets);
            counter!("zvonilka_turn_relayed_bytes_total", &labels).absolute(bytes);
        }
    }
    for (refusal, count) in turn.refusals() {
        let (code, reason) = (refusal.code().to_string(), refusal.reason());
        counter!("zvonilka_turn_refusals_total", "code" => code, "reason" => reason)
            .absolute(count);
    }
    let shell_drops = [
        ("unknown_protocol", counters.unknown),
        ("worker_full", counters.overflowed),
        ("stream_full", streams.overflowed),
        ("nobody_inside", counters.astray),
    ];
    let drops = turn.drops().map(|(reason, count)| (reason.name(), count));
    by_reason("zvonilka_turn_drops_total", drops.chain(shell_drops));
    let refused = [
        ("full", streams.full),
        ("prefix_full", streams.full_prefix),
        ("no_turn", streams.unsorted),
    ];
    by_reason("zvonilka_turn_streams_refused_total", refused);
    let closed = [
        ("garbage", streams.garbage),
        ("idle", streams.idle),
        ("stuck", streams.stuck),
        ("strangers", streams.strangers),
        ("crowded", streams.crowded),
    ];
    by_reason("zvonilka_turn_streams_closed_total", closed);
    record_rooms(counters);
}

fn record_rooms(counters: &Counters) {
    let rooms = &counters.rooms;
    gauge!("zvonilka_rooms_open").set(rooms.rooms as f64);
    gauge!("zvonilka_rooms_participants").set(rooms.participants as f64);
    gauge!("zvonilka_rooms_publications").set(rooms.publications as f64);
    gauge!("zvonilka_rooms_subscriptions").set(rooms.subscriptions as f64);
    counter!("zvonilka_rooms_gone_total").absolute(rooms.gone);
    counter!("zvonilka_rooms_overflowed_total").absolute(rooms.overflowed);
    for (what, count) in [
        ("received", rooms.received),
        ("forwarded", rooms.forwarded),
        ("retransmitted", rooms.retransmitted),
        ("nacked", rooms.nacks),
    ] {
        counter!("zvonilka_rooms_packets_total", "what" => what).absolute(count);
    }
    for (what, count) in [
        ("asked", rooms.keyframes_asked),
        ("sent", rooms.keyframes_sent),
    ] {
        counter!("zvonilka_rooms_keyframe_requests_total", "what" => what).absolute(count);
    }
    let (dropped, refused) = (&rooms.dropped, &rooms.refused);
    let drops = [
        ("not_wanted", dropped.not_wanted),
        ("over_bitrate", dropped.over_bitrate),
        ("malformed", dropped.malformed),
        ("stranger", dropped.stranger),
        ("unknown_ssrc", dropped.unknown_ssrc),
        ("stream_full", counters.streams.unread),
    ];
    by_reason("zvonilka_rooms_drops_total", drops);
    let refusals = [
        ("room_full", refused.room_full),
        ("too_many_rooms", refused.too_many_rooms),
        ("no_such_room", refused.no_such_room),
        ("no_such_participant", refused.no_such_participant),
        ("already_there", refused.already_there),
        ("bad_description", refused.bad_description),
        ("too_many_publications", refused.too_many_publications),
        ("too_many_layers", refused.too_many_layers),
        ("stale_answer", refused.stale_answer),
        ("unsupported", refused.unsupported),
    ];
    by_reason("zvonilka_rooms_refusals_total", refusals);
}

fn by_reason(name: &'static str, counts: impl IntoIterator<Item = (&'static str, u64)>) {
    for (reason, count) in counts {
        counter!(name, "reason" => reason).absolute(count);
    }
}
