//! How calls ended, and how findings and steps are written.

use super::*;

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
