//! The rules from record to finding, as tables: a record with one fault in it names that fault first. Here: networks and ways; in `ends`: how calls
//! ended, and how findings and steps are written.

mod ends;

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
