//! The rules from record to finding, as tables: a record with one fault in it names that fault first.

use super::*;
use crate::domain::{
    CallEntry, CallForm, CallId, CallKind, CallStatus, ChatId, EndReason, GroupPerson, GroupRecord,
    Outcome, SessionId, UnixMillis, UserId, UserName,
};

const BEGAN: UnixMillis = UnixMillis(1_700_000_000_000);
const URLS: [&str; 3] = [
    "turn:talk.example.org:3478?transport=udp",
    "turn:talk.example.org:3478?transport=tcp",
    "turns:talk.example.org:443?transport=tcp",
];
const PHONE: &str = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0";
const ALL: [RelayTransport; 3] = [
    RelayTransport::Udp,
    RelayTransport::Tcp,
    RelayTransport::Tls,
];

/// A call from Anna to Mama, whose record is still empty.
struct Scene {
    anna: (UserId, SessionId),
    mama: (UserId, SessionId),
    story: CallStory,
}

impl Scene {
    fn new(status: CallStatus, reason: EndReason, seconds: Option<i64>) -> Self {
        let (anna, mama) = (UserId::new(), UserId::new());
        let person = |user, name: &str| {
            GroupPerson::new(user, UserName::stored(name.into()), Outcome::Joined)
        };
        let ended = BEGAN.plus(std::time::Duration::from_secs(45));
        let answered = seconds.map(|s| UnixMillis(ended.0 - s * 1000));
        let call = GroupRecord {
            id: CallId::new(),
            chat: ChatId::new(),
            chat_name: String::new(),
            kind: CallKind::Voice,
            status,
            reason: Some(reason),
            started_by: anna,
            locked: false,
            people: vec![person(anna, "Анна"), person(mama, "Мама")],
            created_at: BEGAN,
            updated_at: ended,
            answered_at: answered,
            ended_at: Some(ended),
            last_alive_at: ended,
        };
        let form = CallForm::Private;
        let story = CallStory {
            call: CallEntry { form, call },
            steps: Vec::new(),
            asked_from: None,
        };
        let scene = Self {
            anna: (anna, SessionId::new()),
            mama: (mama, SessionId::new()),
            story,
        };
        let caller = scene.anna;
        scene.with(caller, Step::Started { video: false })
    }

    /// It was answered on one device, and both were told of the relay.
    fn answered(reason: EndReason, seconds: i64) -> Self {
        let scene = Self::new(CallStatus::Ended, reason, Some(seconds));
        let (anna, mama) = (scene.anna, scene.mama);
        let issued = || Step::ServersIssued {
            urls: URLS.map(str::to_owned).to_vec(),
            seconds: 86_400,
        };
        scene
            .with(mama, Step::Rang { old: false })
            .with(mama, Step::Accepted)
            .with(anna, issued())
            .with(mama, issued())
    }

    fn group(status: CallStatus, reason: EndReason, seconds: Option<i64>) -> Self {
        let mut scene = Self::new(status, reason, seconds);
        scene.story.call.form = CallForm::Group;
        for person in &mut scene.story.call.call.people {
            person.joined_at = seconds.map(|_| BEGAN);
            person.rung_at = Some(BEGAN);
        }
        scene
    }

    fn with(mut self, (user, session): (UserId, SessionId), step: Step) -> Self {
        self.story.steps.push(CallStep {
            at: BEGAN,
            user: Some(user),
            session: Some(session),
            device: Some(PHONE.into()),
            step,
        });
        self
    }

    fn server(mut self, step: Step) -> Self {
        self.story.steps.push(CallStep {
            at: BEGAN,
            user: None,
            session: None,
            device: None,
            step,
        });
        self
    }

    fn allocated(self, who: (UserId, SessionId), over: &[RelayTransport]) -> Self {
        over.iter().fold(self, |scene, over| {
            scene.with(who, Step::Allocated { over: *over })
        })
    }

    fn reports(self, who: (UserId, SessionId), report: ClientReport) -> Self {
        let report = Box::new(report);
        self.with(who, Step::Reported { report })
    }

    fn finds(&self) -> Vec<Finding> {
        explain(&self.story)
    }

    fn first(&self) -> Finding {
        self.finds().swap_remove(0)
    }
}

fn report(state: ClientState) -> ClientReport {
    ClientReport {
        state,
        ended: None,
        microphone: None,
        clock_offset_ms: Some(0),
        gathered: vec![gathered(CandidateKind::Host, None)],
        errors: Vec::new(),
        ways: Vec::new(),
        pair: None,
        first_sent_ms: None,
        first_received_ms: None,
        quality: None,
        restarts: 0,
    }
}

fn gathered(candidate: CandidateKind, relay: Option<RelayTransport>) -> Gathered {
    Gathered {
        candidate,
        protocol: Protocol::Udp,
        relay,
    }
}

fn pair(local: CandidateKind, relay: Option<RelayTransport>) -> TriedWay {
    TriedWay {
        local,
        remote: CandidateKind::Relay,
        protocol: Protocol::Udp,
        relay,
        answered: true,
    }
}

/// A talk through the relay, reached by these ways, of which the last one is in use.
fn talked_by(ways: &[RelayTransport]) -> ClientReport {
    let last = ways.last().copied();
    let relayed = ways
        .iter()
        .map(|way| gathered(CandidateKind::Relay, Some(*way)));
    let unreached = ALL.iter().filter(|way| !ways.contains(way));
    ClientReport {
        gathered: relayed
            .chain([gathered(CandidateKind::Host, None)])
            .collect(),
        errors: unreached.map(|way| unreached_by(*way)).collect(),
        pair: Some(pair(CandidateKind::Relay, last)),
        first_received_ms: Some(900),
        ended: Some(ClientEnd::Hangup),
        ..report(ClientState::Ended)
    }
}

fn unreached_by(way: RelayTransport) -> GatherError {
    let server = match way {
        RelayTransport::Udp => IceServerKind::Udp,
        RelayTransport::Tcp => IceServerKind::Tcp,
        RelayTransport::Tls => IceServerKind::Tls,
    };
    GatherError { server, code: 701 }
}

/// It gave up after 25 seconds without a path.
fn gave_up() -> ClientReport {
    ClientReport {
        ended: Some(ClientEnd::NoPath),
        ..report(ClientState::Ended)
    }
}

fn way(over: RelayTransport, port: u16) -> Option<Way> {
    let port = Some(port);
    Some(Way { over, port })
}

#[test]
fn a_network_without_udp_is_named_and_so_is_the_way_the_talk_took() {
    let scene = Scene::answered(EndReason::HangUp, 30);
    let (anna, mama) = (scene.anna, scene.mama);
    let scene = scene
        .reports(anna, talked_by(&[RelayTransport::Udp]))
        .reports(mama, talked_by(&[RelayTransport::Tls, RelayTransport::Tcp]));
    let expected = Finding::UdpBlocked {
        user: mama.0,
        through: way(RelayTransport::Tcp, 3478),
        evidence: Evidence::Reported,
    };
    assert_eq!(scene.first(), expected);
    let others = scene.finds();
    assert!(
        matches!(
            others[1],
            Finding::Talked {
                seconds: Some(30),
                ..
            }
        ),
        "{others:?}"
    );
}

#[test]
fn a_network_that_lets_only_443_out_is_named() {
    let scene = Scene::answered(EndReason::HangUp, 30);
    let (anna, mama) = (scene.anna, scene.mama);
    let scene = scene
        .reports(anna, talked_by(&[RelayTransport::Udp]))
        .reports(mama, talked_by(&[RelayTransport::Tls]));
    let expected = Finding::OnlyTls {
        user: mama.0,
        through: way(RelayTransport::Tls, 443),
        evidence: Evidence::Reported,
    };
    assert_eq!(scene.first(), expected);
    let name = |user| {
        if user == mama.0 {
            "Мама"
        } else {
            "Анна"
        }
        .to_owned()
    };
    assert_eq!(
        Language::Russian.say(&expected, name),
        "Мама: на связи, но сеть там не пропускает ничего, кроме TLS; разговор шёл через 443 (TLS)."
    );
    assert_eq!(
        Language::English.say(&expected, name),
        "Мама was reached, but that network lets nothing but TLS through; the talk went through 443 (TLS)."
    );
}

#[test]
fn of_an_old_app_the_server_says_what_its_relay_saw_and_that_the_app_told_nothing() {
    let scene = Scene::answered(EndReason::HangUp, 30);
    let (anna, mama) = (scene.anna, scene.mama);
    let carried = Step::AllocationEnded {
        over: RelayTransport::Tls,
        sent: 150_000,
        received: 150_000,
    };
    let (what, old) = (SignalName::Answer, true);
    let scene = scene
        .with(mama, Step::Signaled { what, old })
        .allocated(anna, &ALL)
        .allocated(mama, &[RelayTransport::Tls])
        .with(mama, carried)
        .reports(anna, talked_by(&[RelayTransport::Udp]));
    let found = scene.finds();
    let blocked = Finding::OnlyTls {
        user: mama.0,
        through: way(RelayTransport::Tls, 443),
        evidence: Evidence::Seen,
    };
    assert_eq!(found[0], blocked);
    let old = Finding::NotReported {
        user: mama.0,
        old: true,
    };
    assert!(found.contains(&old), "{found:?}");
}

#[test]
fn a_network_with_udp_is_not_blamed_whichever_way_the_talk_took() {
    for report in [
        talked_by(&ALL),
        ClientReport {
            gathered: vec![
                gathered(CandidateKind::Srflx, None),
                gathered(CandidateKind::Relay, Some(RelayTransport::Tls)),
            ],
            ..talked_by(&[RelayTransport::Tls])
        },
    ] {
        let scene = Scene::answered(EndReason::HangUp, 30);
        let (anna, mama) = (scene.anna, scene.mama);
        let scene = scene.reports(anna, report.clone()).reports(mama, report);
        assert!(matches!(scene.first(), Finding::Talked { .. }));
    }
}

#[test]
fn a_direct_talk_is_told_as_one_and_without_reports_the_path_is_unknown() {
    let scene = Scene::answered(EndReason::HangUp, 30);
    let (anna, mama) = (scene.anna, scene.mama);
    let path = |scene: &Scene| {
        let Finding::Talked { path, .. } = scene.first() else {
            panic!("{:?}", scene.finds());
        };
        path
    };
    assert_eq!(path(&scene), PathUsed::Unknown);
    let direct = ClientReport {
        pair: Some(TriedWay {
            remote: CandidateKind::Host,
            ..pair(CandidateKind::Host, None)
        }),
        ..talked_by(&ALL)
    };
    let scene = scene.reports(anna, direct.clone()).reports(mama, direct);
    assert_eq!(path(&scene), PathUsed::Direct);
}

#[test]
fn what_kept_an_answered_call_from_a_path_is_named_before_the_fact_that_it_had_none() {
    type Fault = fn(Scene, (UserId, SessionId)) -> Scene;
    type Named = fn(UserId) -> Finding;
    const SINCE: UnixMillis = UnixMillis(1_699_000_000_000);
    let refused: [(RelayRefusal, Named); 3] = [
        (RelayRefusal::Expired, |user| Finding::RelayRefused {
            user,
            why: RelayRefusal::Expired,
        }),
        (RelayRefusal::Quota, |user| Finding::RelayRefused {
            user,
            why: RelayRefusal::Quota,
        }),
        (RelayRefusal::Full, |user| Finding::RelayRefused {
            user,
            why: RelayRefusal::Full,
        }),
    ];
    for (why, named) in refused {
        let over = RelayTransport::Udp;
        let scene = Scene::answered(EndReason::HangUp, 25);
        let mama = scene.mama;
        let scene = scene
            .with(mama, Step::AllocationRefused { over, why })
            .reports(mama, gave_up());
        assert_eq!(scene.first(), named(mama.0));
    }
    let faults: [(Fault, Named); 5] = [
        (
            |scene, mama| {
                let expired = Step::CertificateExpired { since: SINCE };
                scene.server(expired).reports(mama, gave_up())
            },
            |_| Finding::CertificateExpired { since: SINCE },
        ),
        (
            |scene, mama| {
                let clock_offset_ms = Some(86_400_000);
                let report = ClientReport {
                    clock_offset_ms,
                    ..gave_up()
                };
                scene.reports(mama, report)
            },
            |user| Finding::ClockOff {
                user,
                seconds: 86_400,
            },
        ),
        (
            |scene, mama| {
                let errors = ALL.map(unreached_by).to_vec();
                scene.reports(
                    mama,
                    ClientReport {
                        errors,
                        ..gave_up()
                    },
                )
            },
            |user| Finding::NoWayOut { user },
        ),
        (
            |scene, mama| {
                let microphone = Some(MicrophoneFault::Denied);
                let report = ClientReport {
                    microphone,
                    ..gave_up()
                };
                scene.reports(mama, report)
            },
            |user| Finding::NoMicrophone {
                user,
                fault: MicrophoneFault::Denied,
            },
        ),
        (
            |scene, mama| scene.reports(mama, gave_up()),
            |user| Finding::NoPath { user },
        ),
    ];
    for (inject, named) in faults {
        let scene = Scene::answered(EndReason::HangUp, 25);
        let mama = scene.mama;
        let scene = inject(scene, mama);
        let found = scene.finds();
        assert_eq!(found[0], named(mama.0), "{found:?}");
        assert!(found.contains(&Finding::NoPath { user: mama.0 }) || found.len() > 1);
    }
}

#[test]
fn a_room_that_is_reached_by_name_and_not_at_its_address_gives_a_wrong_address() {
    let scene = Scene::group(CallStatus::Ended, EndReason::Empty, Some(30));
    let (anna, mama) = (scene.anna, scene.mama);
    let direct = |protocol| TriedWay {
        local: CandidateKind::Host,
        remote: CandidateKind::Host,
        protocol,
        relay: None,
        answered: false,
    };
    let deaf = ClientReport {
        gathered: vec![gathered(CandidateKind::Relay, Some(RelayTransport::Tcp))],
        ways: vec![direct(Protocol::Udp), direct(Protocol::Tcp)],
        ..gave_up()
    };
    let scene = scene.with(anna, Step::RoomReached).reports(mama, deaf);
    let found = scene.finds();
    assert_eq!(
        found[0],
        Finding::ServerAddressWrong { user: mama.0 },
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|finding| matches!(finding, Finding::Talked { .. }))
    );
}

#[test]
fn who_was_not_there_did_not_answer_or_declined_is_named() {
    let missed = |reason| Scene::new(CallStatus::Missed, reason, None);
    let offline = missed(EndReason::Missed);
    let user = offline.mama.0;
    assert_eq!(offline.first(), Finding::Offline { user });

    let silent = missed(EndReason::Missed);
    let mama = silent.mama;
    let silent = silent.with(mama, Step::Rang { old: false });
    let (devices, seconds) = (1, 45);
    let expected = Finding::NoAnswer {
        user: mama.0,
        devices,
        seconds,
    };
    assert_eq!(silent.first(), expected);

    let cancelled = missed(EndReason::Cancelled);
    let (anna, mama) = (cancelled.anna, cancelled.mama);
    let reason = EndReason::Cancelled;
    let cancelled = cancelled
        .with(mama, Step::Rang { old: false })
        .with(anna, Step::Ended { reason });
    let expected = Finding::Cancelled {
        user: anna.0,
        seconds: 45,
    };
    assert_eq!(cancelled.first(), expected);

    let declined = Scene::new(CallStatus::Rejected, EndReason::Rejected, None);
    let user = declined.mama.0;
    assert_eq!(declined.first(), Finding::Declined { user });

    let empty = Scene::group(CallStatus::Missed, EndReason::Missed, None);
    assert_eq!(empty.first(), Finding::NobodyCame { rung: 2 });
}

#[test]
fn a_call_that_the_operator_ended_says_so() {
    let scene = Scene::answered(EndReason::Closed, 30);
    assert_eq!(scene.first(), Finding::Closed);
}

#[test]
fn who_could_not_answer_for_want_of_a_microphone_is_named_before_the_missed_call() {
    let scene = Scene::new(CallStatus::Missed, EndReason::Missed, None);
    let mama = scene.mama;
    let fault = MicrophoneFault::Denied;
    let report = ClientReport {
        microphone: Some(fault),
        ..report(ClientState::Connecting)
    };
    let scene = scene
        .with(mama, Step::Rang { old: false })
        .reports(mama, report);
    let user = mama.0;
    assert_eq!(scene.first(), Finding::NoMicrophone { user, fault });
}

#[test]
fn that_nobody_rang_is_not_said_of_a_record_with_gaps() {
    let scene =
        Scene::new(CallStatus::Missed, EndReason::Missed, None).server(Step::Dropped { steps: 3 });
    let user = scene.mama.0;
    let found = scene.finds();
    assert!(!found.contains(&Finding::Offline { user }), "{found:?}");
    assert!(found.contains(&Finding::Incomplete { steps: 3 }));
    let mut bare = scene.story;
    bare.steps.clear();
    assert!(explain(&bare).contains(&Finding::NotRecorded));
}

#[test]
fn the_device_that_lost_the_race_hears_where_it_was_answered() {
    let scene = Scene::answered(EndReason::HangUp, 30);
    let (user, tablet) = (scene.mama.0, SessionId::new());
    let mut scene = scene.with((user, tablet), Step::Rang { old: false });
    let device = Some("Android".to_owned());
    let elsewhere = Finding::AnsweredElsewhere { user, device };
    assert!(matches!(scene.first(), Finding::Talked { .. }));
    assert!(scene.finds().contains(&elsewhere));
    scene.story.asked_from = Some(tablet);
    assert_eq!(scene.first(), elsewhere);
    scene.story.asked_from = Some(scene.mama.1);
    assert!(matches!(scene.first(), Finding::Talked { .. }));
}

#[test]
fn a_restart_a_vanished_device_and_a_broken_path_are_told_apart() {
    let lost = || {
        let scene = Scene::answered(EndReason::Lost, 30);
        let (anna, mama) = (scene.anna, scene.mama);
        scene
            .reports(anna, talked_by(&ALL))
            .with(mama, Step::SignalingLost)
    };
    let vanished = lost();
    let user = vanished.mama.0;
    assert_eq!(vanished.first(), Finding::Vanished { user });
    assert_eq!(
        lost().server(Step::Restarted).first(),
        Finding::ServerRestarted
    );

    let broken = Scene::answered(EndReason::HangUp, 30);
    let anna = broken.anna;
    let report = ClientReport {
        ended: Some(ClientEnd::Lost),
        ..talked_by(&ALL)
    };
    let broken = broken.reports(anna, report);
    assert_eq!(broken.first(), Finding::PathBroke { user: anna.0 });
}

#[test]
fn a_poor_connection_is_named_before_the_talk() {
    let scene = Scene::answered(EndReason::HangUp, 30);
    let mama = scene.mama;
    let quality = QualitySummary {
        loss_down: Some(12),
        loss_up: None,
        jitter_ms: Some(40),
        round_trip_ms: Some(90),
    };
    let report = ClientReport {
        quality: Some(quality),
        ..talked_by(&ALL)
    };
    let expected = Finding::Poor {
        user: mama.0,
        loss: Some(12),
        round_trip_ms: Some(90),
    };
    assert_eq!(scene.reports(mama, report).first(), expected);
}

#[test]
fn who_hangs_up_before_there_could_be_a_path_is_not_told_of_a_fault() {
    let scene = Scene::answered(EndReason::HangUp, 2);
    let (anna, mama) = (scene.anna, scene.mama);
    let early = || ClientReport {
        ended: Some(ClientEnd::Hangup),
        ..report(ClientState::Ended)
    };
    let scene = scene.reports(anna, early()).reports(mama, early());
    assert!(matches!(
        scene.first(),
        Finding::Talked {
            seconds: Some(2),
            ..
        }
    ));
}

#[test]
fn a_wrong_clock_is_a_remark_where_the_talk_went_well() {
    let scene = Scene::answered(EndReason::HangUp, 30);
    let mama = scene.mama;
    let report = ClientReport {
        clock_offset_ms: Some(-86_400_000),
        ..talked_by(&ALL)
    };
    let found = scene.reports(mama, report).finds();
    assert!(matches!(found[0], Finding::Talked { .. }));
    let off = Finding::ClockOff {
        user: mama.0,
        seconds: -86_400,
    };
    assert!(found.contains(&off), "{found:?}");
}

#[test]
fn every_finding_is_said_in_both_languages_without_a_gap() {
    let user = UserId::new();
    let through = way(RelayTransport::Tls, 443);
    let evidence = Evidence::Reported;
    let all = [
        Finding::Live,
        Finding::Closed,
        Finding::Talked {
            seconds: None,
            path: PathUsed::Unknown,
        },
        Finding::Talked {
            seconds: Some(61),
            path: PathUsed::Room,
        },
        Finding::Poor {
            user,
            loss: None,
            round_trip_ms: Some(700),
        },
        Finding::UdpBlocked {
            user,
            through,
            evidence,
        },
        Finding::OnlyTls {
            user,
            through: None,
            evidence,
        },
        Finding::Offline { user },
        Finding::NoAnswer {
            user,
            devices: 21,
            seconds: 45,
        },
        Finding::Declined { user },
        Finding::Cancelled { user, seconds: 5 },
        Finding::NobodyCame { rung: 4 },
        Finding::AnsweredElsewhere { user, device: None },
        Finding::NoMicrophone {
            user,
            fault: MicrophoneFault::InUse,
        },
        Finding::RelayRefused {
            user,
            why: RelayRefusal::Quota,
        },
        Finding::CertificateExpired { since: BEGAN },
        Finding::ClockOff {
            user,
            seconds: 86_400,
        },
        Finding::ServerAddressWrong { user },
        Finding::NoWayOut { user },
        Finding::NoPath { user },
        Finding::ServerRestarted,
        Finding::Vanished { user },
        Finding::PathBroke { user },
        Finding::NotReported { user, old: true },
        Finding::Incomplete { steps: 2 },
        Finding::NotRecorded,
    ];
    for finding in all {
        for language in [Language::Russian, Language::English] {
            let said = language.say(&finding, |_| "Мама".into());
            assert!(
                said.ends_with('.') && !said.contains("  ") && !said.contains("()"),
                "{said}"
            );
        }
    }
}

#[test]
fn a_report_beyond_its_bounds_is_refused_with_the_value() {
    let good = talked_by(&ALL);
    assert_eq!(good.clone().bounded(), Ok(good.clone()));
    let long = ClientReport {
        gathered: vec![gathered(CandidateKind::Host, None); 33],
        clock_offset_ms: Some(i64::MIN),
        errors: vec![GatherError {
            server: IceServerKind::Stun,
            code: 12,
        }],
        quality: Some(QualitySummary {
            loss_down: Some(101),
            ..QualitySummary::default()
        }),
        ..good
    };
    let faults = long.bounded().expect_err("too much of everything");
    let said = faults.to_string();
    for part in [
        "gathered must have at most 32 entries, not 33",
        "clockOffsetMs",
        "not 12",
        "not 101",
    ] {
        assert!(said.contains(part), "{said}");
    }
    for text in [
        r#"{"state":"gone"}"#,
        r#"{"state":"ended","name":1}"#,
        r#"{}"#,
        r#"{"state":"ended","restarts":-1}"#,
    ] {
        assert!(
            serde_json::from_str::<ClientReport>(text).is_err(),
            "{text}"
        );
    }
}

#[test]
fn a_step_is_read_back_as_it_was_written() {
    let steps = [
        Step::Started { video: true },
        Step::Accepted,
        Step::Ended {
            reason: EndReason::HangUp,
        },
        Step::Reported {
            report: Box::new(talked_by(&ALL)),
        },
        Step::CertificateExpired { since: BEGAN },
    ];
    for step in steps {
        let text = serde_json::to_string(&step).expect("JSON");
        assert!(
            text.contains(&format!("\"kind\":\"{}\"", step.name())),
            "{text}"
        );
        assert_eq!(
            serde_json::from_str::<Step>(&text).expect("a step"),
            step,
            "{text}"
        );
    }
}
