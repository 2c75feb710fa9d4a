//! The bench from outside, with counts so small that they prove nothing but that packets arrive.

use serde_json::Value;
use std::process::{Command, Output};

const RELAYED: &str = "peer-audio,peer-large,peer-audio-tcp,peer-audio-tls,relay-audio,relay-large,relay-video,relay-video-single,relay-even,relay-quiet,allocations";
const ROOMS: &str = "rooms-10,rooms-1-30,rooms-20-audio,rooms-20-audible,rooms-20-layers,rooms-relayed,rooms-tcp,rooms-workers";

#[test]
fn every_relayed_load_is_delivered_by_our_server() {
    let report = json(&bench(&[
        "--server",
        "ours",
        "--json",
        "--rounds",
        "1",
        "--seconds",
        "0.03",
        "--allocations",
        "10",
        "--only",
        RELAYED,
    ]));
    let traffic = report["traffic"].as_array().unwrap();
    assert_eq!(traffic.len(), 10);
    for scenario in traffic {
        let ours = &scenario["servers"]["ours"];
        assert!(ours["packets_sent"].as_u64().unwrap() >= 30, "{scenario}");
        assert_eq!(
            ours["packets_delivered"], ours["packets_sent"],
            "{scenario}"
        );
        assert!(
            ours["cpu_us_per_packet"].as_f64().unwrap() > 0.0,
            "{scenario}"
        );
        assert!(
            ours["latency_us"]["p50"].as_f64().unwrap() > 0.0,
            "{scenario}"
        );
    }
    let allocations = &report["allocations"]["servers"]["ours"];
    assert!(
        allocations["cpu_us_per_allocation"].as_f64().unwrap() > 0.0,
        "{allocations}"
    );
}

#[test]
fn every_room_lets_its_people_see_and_hear_each_other() {
    let report = json(&bench(&[
        "--json",
        "--rounds",
        "1",
        "--seconds",
        "0.5",
        "--people",
        "3",
        "--patience",
        "2",
        "--only",
        ROOMS,
    ]));
    let found = report["rooms"].as_array().unwrap();
    assert_eq!(found.len(), ROOMS.split(',').count());
    for room in found {
        let figure = |name: &str| room[name].as_f64().unwrap();
        assert_eq!(figure("participants"), 3.0, "{room}");
        assert!(figure("packets_delivered") > 20.0, "{room}");
        for name in [
            "cpu_us_per_packet",
            "cpu_share",
            "latency_us_p50",
            "join_ms_p50",
            "shown",
        ] {
            assert!(figure(name) > 0.0, "{name}: {room}");
        }
    }
}

#[test]
fn coturn_is_measured_where_it_is_installed() {
    let arguments = [
        "--json",
        "--rounds",
        "1",
        "--seconds",
        "0.03",
        "--only",
        "peer-audio-tls,relay-quiet",
    ];
    let output = bench(&arguments);
    let report = json(&output);
    if String::from_utf8_lossy(&output.stderr).contains("coturn is not installed") {
        assert!(report["servers"]["coturn"].is_null());
        return;
    }
    for scenario in report["traffic"].as_array().unwrap() {
        let coturn = &scenario["servers"]["coturn"];
        assert_eq!(
            coturn["packets_delivered"], coturn["packets_sent"],
            "{scenario}"
        );
        assert!(scenario["ratio"].as_f64().unwrap() > 0.0, "{scenario}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    for arguments in [
        ["--seconds", "0"],
        ["--rounds", "0"],
        ["--only", "nothing"],
        ["--people", "1"],
        ["--server", "neither"],
    ] {
        let output = bench(&arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            told.contains(arguments[0]) && told.contains(arguments[1]),
            "{told}"
        );
    }
}

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zvonilka-bench"))
        .args(arguments)
        .output()
        .expect("the bench starts")
}

fn json(output: &Output) -> Value {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    serde_json::from_slice(&output.stdout).expect("the bench prints JSON")
}
