//! The record of a call names what went wrong in it: each test brings one fault about and asks why the call failed.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::Receiver;
use zvonilka::bus::{Channel, Listener};
use zvonilka::certificates::{Certificates, Source};
use zvonilka::domain::{
    Actor, CallError, CallId, CallKind, ClientReport, Command, Event, Finding, MicrophoneFault,
    RelayTransport, SignalKind, SocketId, Step, UnixMillis, explain,
};
use zvonilka::service::{CallRefused, Calls, CallsConfig};

use crate::on_both;
use crate::support::{World as Family, eventually};

/// Somebody at a device that is connected to calls.
pub(crate) struct Party {
    pub(crate) actor: Actor,
    pub(crate) socket: SocketId,
    _events: Receiver<Event>,
}

impl Party {
    pub(crate) async fn new(world: &Family, calls: &Calls, name: &str) -> Self {
        Self::at(world, calls, world.person(name).await).await
    }

    pub(crate) async fn at(world: &Family, calls: &Calls, actor: Actor) -> Self {
        let listener = Listener {
            user: actor.user,
            session: actor.session,
            channel: Channel::Calls,
            legacy: false,
        };
        let (socket, events) = world.ground.bus.listen(listener).unwrap();
        calls.attached(&actor, socket, false).await;
        Self {
            actor,
            socket,
            _events: events,
        }
    }

    pub(crate) async fn signals(&self, calls: &Calls, call: CallId, kind: SignalKind, text: &str) {
        let command = Command::Signal {
            user: self.actor.user,
            session: self.actor.session,
            socket: self.socket,
            legacy: false,
            kind,
            payload: Arc::new(json!(text)),
        };
        calls.command(call, command).await.unwrap();
    }

    pub(crate) async fn calls(&self, calls: &Calls, whom: &Actor) -> CallId {
        let call = calls.initiate(&self.actor, whom.user, CallKind::Voice);
        let call = call.await.unwrap().id;
        self.signals(calls, call, SignalKind::Offer, "v=0").await;
        call
    }

    pub(crate) async fn accepts(&self, calls: &Calls, call: CallId) {
        let accept = Command::Accept {
            user: self.actor.user,
            session: self.actor.session,
            socket: Some(self.socket),
        };
        calls.command(call, accept).await.unwrap();
        self.signals(calls, call, SignalKind::Answer, "v=0").await;
    }

    pub(crate) async fn ends(&self, calls: &Calls, call: CallId) {
        let (user, socket) = (self.actor.user, Some(self.socket));
        calls
            .command(call, Command::End { user, socket })
            .await
            .unwrap();
    }

    pub(crate) async fn reports(&self, calls: &Calls, call: CallId, report: serde_json::Value) {
        let report: ClientReport = serde_json::from_value(report).unwrap();
        calls.report(&self.actor, call, report).await.unwrap();
    }

    pub(crate) async fn learns(&self, calls: &Calls, call: CallId) -> Vec<Finding> {
        explain(&calls.story(&self.actor, call).await.unwrap())
    }
}

/// What an app tells that found no path.
pub(crate) fn no_path(more: serde_json::Value) -> serde_json::Value {
    let mut report = json!({
        "state": "ended", "ended": "no_path", "clockOffsetMs": 40, "restarts": 1,
        "gathered": [{"candidate": "host", "protocol": "udp"}],
        "ways": [{"local": "host", "remote": "host", "protocol": "udp", "answered": false}],
    });
    report
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    report
}

/// Calls that give a lost side up after a second.
fn impatient(world: &Family) -> Calls {
    let config = CallsConfig {
        ring: Duration::from_secs(45),
        rejoin: Duration::from_secs(1),
        group_participants: 2,
    };
    Calls::new(world.ground.clone(), config)
}

const PATIENT: CallsConfig = CallsConfig {
    ring: Duration::from_secs(45),
    rejoin: Duration::from_secs(30),
    group_participants: 2,
};

/// When a certificate ended that a server has loaded from its files: a day ago by the clock of the family.
fn expired_certificate(world: &Family) -> UnixMillis {
    let files = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
    let now = i64::from(i32::try_from(world.ground.clock.now().as_secs()).unwrap());
    let at = |seconds| time::OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    (params.not_before, params.not_after) = (at(now - 30 * 86_400), at(now - 86_400));
    let signed = params.self_signed(&key).unwrap();
    let (certificate, key_file) = (files.path().join("crt"), files.path().join("key"));
    std::fs::write(&certificate, signed.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    let key = key_file;
    let loaded = Certificates::load(Source::Files { certificate, key }).unwrap();
    let until = loaded.status().validity.unwrap().until;
    UnixMillis(0).plus(until.duration_since(std::time::UNIX_EPOCH).unwrap())
}

async fn steps(calls: &Calls, call: CallId) -> Vec<Step> {
    let story = calls.any_story(call).await.unwrap();
    story.steps.into_iter().map(|step| step.step).collect()
}

on_both! {
async fn a_callee_who_was_offline_is_named(world: World) {
    let anna = Party::new(&world, &world.calls, "Анна").await;
    let boris = world.member("Борис").await;
    let call = anna.calls(&world.calls, &boris).await;
    anna.ends(&world.calls, call).await;
    assert_eq!(anna.learns(&world.calls, call).await[0], Finding::Offline { user: boris.user });
}
}

on_both! {
async fn a_call_that_was_answered_elsewhere_tells_the_other_device_where(world: World) {
    let calls = &world.calls;
    let (anna, phone) = (Party::new(&world, calls, "Анна").await, Party::new(&world, calls, "Борис").await);
    let tablet = Party::new(&world, calls, "Борис").await;
    let call = anna.calls(calls, &phone.actor).await;
    phone.accepts(calls, call).await;
    anna.ends(calls, call).await;
    let elsewhere = |found: &Finding| matches!(found, Finding::AnsweredElsewhere { user, .. } if *user == phone.actor.user);
    assert!(elsewhere(&tablet.learns(calls, call).await[0]));
    assert!(matches!(phone.learns(calls, call).await[0], Finding::Talked { .. }));
    let rang = steps(calls, call).await.iter().filter(|step| matches!(step, Step::Rang { old: false })).count();
    assert_eq!(rang, 2, "it rang on both devices");
}
}

on_both! {
async fn a_microphone_that_was_denied_to_who_wanted_to_answer_is_named(world: World) {
    let calls = &world.calls;
    let (anna, boris) = (Party::new(&world, calls, "Анна").await, Party::new(&world, calls, "Борис").await);
    let call = anna.calls(calls, &boris.actor).await;
    boris.reports(calls, call, json!({"state": "connecting", "microphone": "denied"})).await;
    anna.ends(calls, call).await;
    let expected = Finding::NoMicrophone { user: boris.actor.user, fault: MicrophoneFault::Denied };
    assert_eq!(anna.learns(calls, call).await[0], expected);
}
}

on_both! {
async fn a_peer_that_vanished_is_named(world: World) {
    let calls = impatient(&world);
    let (anna, boris) = (Party::new(&world, &calls, "Анна").await, Party::new(&world, &calls, "Борис").await);
    let call = anna.calls(&calls, &boris.actor).await;
    boris.accepts(&calls, call).await;
    calls.detached(boris.actor.user, boris.socket).await;
    eventually(|| async { calls.active(&anna.actor).await.unwrap().is_empty() }).await;
    assert_eq!(anna.learns(&calls, call).await[0], Finding::Vanished { user: boris.actor.user });
}
}

on_both! {
async fn a_server_that_was_restarted_in_mid_call_is_named(world: World) {
    let (anna, boris) = (Party::new(&world, &world.calls, "Анна").await, Party::new(&world, &world.calls, "Борис").await);
    let call = anna.calls(&world.calls, &boris.actor).await;
    boris.accepts(&world.calls, call).await;
    world.ground.tasks.stop().await;
    let world = world.restarted();
    let calls = impatient(&world);
    assert_eq!(calls.restore().await.unwrap(), 1);
    eventually(|| async { calls.active(&anna.actor).await.unwrap().is_empty() }).await;
    assert_eq!(anna.learns(&calls, call).await[0], Finding::ServerRestarted);
    assert!(steps(&calls, call).await.contains(&Step::Accepted), "what was written before the stop is there");
}
}

on_both! {
async fn a_clock_that_is_off_by_a_day_is_named_where_no_path_was_found(world: World) {
    let calls = &world.calls;
    let (anna, boris) = (Party::new(&world, calls, "Анна").await, Party::new(&world, calls, "Борис").await);
    let call = anna.calls(calls, &boris.actor).await;
    boris.accepts(calls, call).await;
    boris.reports(calls, call, no_path(json!({"clockOffsetMs": -86_400_000}))).await;
    anna.reports(calls, call, no_path(json!({}))).await;
    anna.ends(calls, call).await;
    let expected = Finding::ClockOff { user: boris.actor.user, seconds: -86_400 };
    assert_eq!(anna.learns(calls, call).await[0], expected);
}
}

on_both! {
async fn a_certificate_that_has_expired_is_named(world: World) {
    let served = expired_certificate(&world);
    let mut ground = world.ground.clone();
    ground.journal = ground.journal.with_certificate(move || Some(served));
    let calls = Calls::new(ground, PATIENT);
    let (anna, boris) = (Party::new(&world, &calls, "Анна").await, Party::new(&world, &calls, "Борис").await);
    let call = anna.calls(&calls, &boris.actor).await;
    boris.accepts(&calls, call).await;
    boris.reports(&calls, call, no_path(json!({"errors": [{"server": "tls", "code": 701}]}))).await;
    anna.ends(&calls, call).await;
    assert_eq!(anna.learns(&calls, call).await[0], Finding::CertificateExpired { since: served });
}
}

on_both! {
async fn a_network_that_lets_only_443_out_is_named_by_the_report_of_its_device(world: World) {
    let calls = &world.calls;
    let (anna, boris) = (Party::new(&world, calls, "Анна").await, Party::new(&world, calls, "Борис").await);
    let call = anna.calls(calls, &boris.actor).await;
    world.ice.config(&boris.actor).unwrap();
    boris.accepts(calls, call).await;
    let pair = json!({"local": "relay", "remote": "relay", "protocol": "udp", "relay": "tls", "answered": true});
    boris.reports(calls, call, json!({
        "state": "connected", "clockOffsetMs": 0, "firstSentMs": 400, "firstReceivedMs": 900,
        "gathered": [{"candidate": "host", "protocol": "udp"}, {"candidate": "relay", "protocol": "udp", "relay": "tls"}],
        "errors": [{"server": "stun", "code": 701}, {"server": "udp", "code": 701}, {"server": "tcp", "code": 701}],
        "ways": [pair], "pair": pair,
    })).await;
    anna.ends(calls, call).await;
    let found = anna.learns(calls, call).await;
    let Finding::OnlyTls { user, through: Some(through), .. } = &found[0] else { panic!("{found:?}") };
    assert_eq!((*user, through.over), (boris.actor.user, RelayTransport::Tls));
    let silent = Finding::NotReported { user: anna.actor.user, old: false };
    assert!(found.contains(&silent), "{found:?}");
}
}

on_both! {
async fn candidates_are_written_down_by_kind_and_without_addresses(world: World) {
    let calls = &world.calls;
    let (anna, boris) = (Party::new(&world, calls, "Анна").await, Party::new(&world, calls, "Борис").await);
    let call = anna.calls(calls, &boris.actor).await;
    for address in ["192.0.2.1", "192.0.2.2"] {
        let line = format!("candidate:1 1 udp 1 {address} 5000 typ srflx raddr 0.0.0.0 rport 0");
        anna.signals(calls, call, SignalKind::Candidate, &line).await;
    }
    let candidates: Vec<_> = steps(calls, call).await.into_iter().filter(|step| matches!(step, Step::Candidate { .. })).collect();
    assert_eq!(candidates.len(), 1, "{candidates:?}");
    let text = serde_json::to_string(&steps(calls, call).await).unwrap();
    assert!(!text.contains("192.0.2"), "{text}");
}
}

on_both! {
async fn only_the_people_of_a_call_report_of_it_and_only_they_and_administrators_learn_of_it(world: World) {
    let calls = &world.calls;
    let admin = world.member("Анна").await;
    let (boris, vera) = (Party::new(&world, calls, "Борис").await, Party::new(&world, calls, "Вера").await);
    let stranger = world.member("Глеб").await;
    let call = boris.calls(calls, &vera.actor).await;
    let report: ClientReport = serde_json::from_value(json!({"state": "connecting"})).unwrap();
    for who in [&stranger, &admin] {
        let refused = calls.report(who, call, report.clone()).await.unwrap_err();
        assert!(matches!(refused, CallRefused::Refused(CallError::Forbidden)));
    }
    assert!(matches!(calls.story(&stranger, call).await, Err(CallRefused::Refused(CallError::Forbidden))));
    assert!(calls.story(&admin, call).await.is_ok());
    assert!(matches!(calls.story(&admin, CallId::new()).await, Err(CallRefused::NotFound)));
    for _ in 0..24 {
        calls.report(&vera.actor, call, report.clone()).await.unwrap();
    }
    let refused = calls.report(&vera.actor, call, report.clone()).await.unwrap_err();
    assert_eq!(refused.code(), "call.too_much");
    boris.ends(calls, call).await;
    calls.report(&boris.actor, call, report.clone()).await.unwrap();
    world.pass(Duration::from_secs(7200));
    assert!(matches!(calls.report(&boris.actor, call, report).await, Err(CallRefused::Refused(CallError::Ended))));
}
}

on_both! {
async fn what_is_too_much_for_a_record_is_counted_in_it_and_keeps_no_call_waiting(world: World) {
    let calls = &world.calls;
    let anna = Party::new(&world, calls, "Анна").await;
    let boris = world.member("Борис").await;
    let call = anna.calls(calls, &boris).await;
    for _ in 0..150 {
        let socket = Party::at(&world, calls, boris.clone()).await.socket;
        let _was_last = world.ground.bus.leave(socket);
        calls.detached(boris.user, socket).await;
    }
    anna.ends(calls, call).await;
    let found = anna.learns(calls, call).await;
    let lost = found.iter().find_map(|found| if let Finding::Incomplete { steps } = found { Some(*steps) } else { None });
    let all = steps(calls, call).await;
    let rang = all.iter().filter(|step| matches!(step, Step::Rang { .. })).count();
    assert_eq!(rang + usize::try_from(lost.unwrap()).unwrap(), 150, "{found:?}");
    assert!(all.iter().any(|step| matches!(step, Step::Ended { .. })), "how it ended is always there");
}
}

on_both! {
async fn records_go_with_their_call_or_when_they_are_old(world: World) {
    let calls = &world.calls;
    let admin = Party::new(&world, calls, "Анна").await;
    let boris = world.member("Борис").await;
    let one = admin.calls(calls, &boris).await;
    admin.ends(calls, one).await;
    assert!(!steps(calls, one).await.is_empty());
    world.pass(Duration::from_secs(3600));
    assert_eq!(calls.prune_records(Duration::from_secs(7200)).await.unwrap(), 0);
    assert!(calls.prune_records(Duration::from_secs(60)).await.unwrap() > 0);
    assert!(admin.learns(calls, one).await.contains(&Finding::NotRecorded));
    let next = admin.calls(calls, &boris).await;
    admin.ends(calls, next).await;
    calls.delete(&admin.actor, next).await.unwrap();
    assert!(matches!(calls.any_story(next).await, Err(CallRefused::NotFound)));
    assert_eq!(calls.prune_records(Duration::ZERO).await.unwrap(), 0, "nothing is left behind");
}
}
