//! The rules of choosing, by example and over arbitrary links.

use proptest::prelude::*;

use super::candidate::EXPECTED;
use super::*;
use crate::clock::start;

const AUDIO: Bitrate = Bitrate(50_000);
const LARGE: (u16, u16) = (1280, 720);
const MIDDLE: (u16, u16) = (640, 360);
const SMALL: (u16, u16) = (160, 90);

/// Three layers that live and take what is expected.
const LIVING: [Layer; 3] = [
    Layer {
        rate: EXPECTED[0],
        lives: true,
    },
    Layer {
        rate: EXPECTED[1],
        lives: true,
    },
    Layer {
        rate: EXPECTED[2],
        lives: true,
    },
];
const STOPPED: Layer = Layer {
    rate: Bitrate(0),
    lives: false,
};

/// A participant's choices with their clock.
struct Viewer {
    choice: Choice,
    now: Instant,
}

impl Viewer {
    fn new() -> Self {
        Self {
            choice: Choice::default(),
            now: start(),
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn decide(&mut self, kbps: u64, wanted: &[Wanted<'_>]) -> Vec<State> {
        let estimate = Some(Bitrate(kbps * 1000));
        let plan = self.choice.decide(estimate, AUDIO, wanted, self.now);
        plan.decisions
            .iter()
            .map(|decision| decision.state)
            .collect()
    }
}

fn camera(number: u32, tile: (u16, u16)) -> Wanted<'static> {
    Wanted {
        publication: PublicationId(number),
        source: Source::Camera,
        tile: Some(tile),
        speaking: false,
        silenced: false,
        decodable: true,
        layers: &LIVING,
    }
}

fn speaker(number: u32, tile: (u16, u16)) -> Wanted<'static> {
    Wanted {
        speaking: true,
        ..camera(number, tile)
    }
}

fn screen(number: u32) -> Wanted<'static> {
    Wanted {
        source: Source::Screen,
        layers: &LIVING[2..],
        ..camera(number, LARGE)
    }
}

fn bandwidth() -> State {
    State::Paused(PauseWhy::Bandwidth)
}

#[test]
fn the_layer_follows_the_size_of_the_tile() {
    let mut viewer = Viewer::new();
    let wanted = [camera(1, SMALL), camera(2, MIDDLE), camera(3, LARGE)];
    assert_eq!(
        viewer.decide(10_000, &wanted),
        [State::Play(0), State::Play(1), State::Play(2)]
    );
}

#[test]
fn an_unknown_link_carries_everything() {
    let mut viewer = Viewer::new();
    let plan = viewer
        .choice
        .decide(None, AUDIO, &[camera(1, LARGE)], viewer.now);
    assert_eq!(plan.decisions[0].state, State::Play(2));
}

#[test]
fn the_share_of_sound_is_taken_off_first() {
    let mut viewer = Viewer::new();
    assert_eq!(viewer.decide(190, &[camera(1, SMALL)]), [bandwidth()]);
    let mut viewer = Viewer::new();
    assert_eq!(viewer.decide(200, &[camera(1, SMALL)]), [State::Play(0)]);
}

#[test]
fn everything_has_its_smallest_layer_before_anything_has_a_larger_one() {
    let mut viewer = Viewer::new();
    let wanted = [speaker(1, LARGE), camera(2, MIDDLE), camera(3, MIDDLE)];
    assert_eq!(viewer.decide(550, &wanted), [State::Play(0); 3]);
}

#[test]
fn screens_come_before_speakers_and_those_before_others() {
    let mut viewer = Viewer::new();
    let wanted = [camera(1, SMALL), speaker(2, SMALL), screen(3)];
    assert_eq!(
        viewer.decide(1600, &wanted),
        [bandwidth(), bandwidth(), State::Play(0)]
    );
    let mut viewer = Viewer::new();
    assert_eq!(
        viewer.decide(1720, &wanted),
        [bandwidth(), State::Play(0), State::Play(0)]
    );
    let mut viewer = Viewer::new();
    let wanted = [camera(1, MIDDLE), speaker(2, MIDDLE)];
    assert_eq!(
        viewer.decide(850, &wanted),
        [State::Play(0), State::Play(1)]
    );
}

#[test]
fn among_equals_the_larger_tile_comes_first() {
    let mut viewer = Viewer::new();
    assert_eq!(
        viewer.decide(210, &[camera(1, SMALL), camera(2, MIDDLE)]),
        [bandwidth(), State::Play(0)]
    );
}

#[test]
fn a_link_that_falls_is_followed_at_once_layer_by_layer_and_then_by_pauses() {
    let mut viewer = Viewer::new();
    let wanted = [camera(1, LARGE), camera(2, MIDDLE)];
    assert_eq!(
        viewer.decide(5000, &wanted),
        [State::Play(2), State::Play(1)]
    );
    assert_eq!(
        viewer.decide(1200, &wanted),
        [State::Play(1), State::Play(1)]
    );
    assert_eq!(
        viewer.decide(400, &wanted),
        [State::Play(0), State::Play(0)]
    );
    assert_eq!(viewer.decide(200, &wanted), [State::Play(0), bandwidth()]);
    assert_eq!(viewer.decide(60, &wanted), [bandwidth(); 2]);
}

#[test]
fn nothing_rises_within_3_s_after_a_fall() {
    let mut viewer = Viewer::new();
    let wanted = [camera(1, MIDDLE)];
    viewer.decide(5000, &wanted);
    assert_eq!(viewer.decide(300, &wanted), [State::Play(0)]);
    viewer.pass(2);
    assert_eq!(viewer.decide(5000, &wanted), [State::Play(0)]);
    viewer.pass(1);
    assert_eq!(viewer.decide(5000, &wanted), [State::Play(1)]);
}

#[test]
fn what_is_paused_for_the_link_comes_back_with_room_to_spare() {
    let mut viewer = Viewer::new();
    let wanted = [camera(1, SMALL)];
    viewer.decide(1000, &wanted);
    assert_eq!(viewer.decide(100, &wanted), [bandwidth()]);
    viewer.pass(10);
    assert_eq!(viewer.decide(210, &wanted), [bandwidth()]);
    assert_eq!(viewer.decide(230, &wanted), [State::Play(0)]);
}

#[test]
fn a_layer_rises_only_with_room_to_spare_and_stays_without() {
    let mut viewer = Viewer::new();
    let wanted = [camera(1, MIDDLE)];
    assert_eq!(viewer.decide(600, &wanted), [State::Play(0)]);
    assert_eq!(viewer.decide(630, &wanted), [State::Play(1)]);
    assert_eq!(viewer.decide(550, &wanted), [State::Play(1)]);
}

#[test]
fn a_link_that_shakes_makes_the_layer_rise_ever_more_rarely() {
    let mut viewer = Viewer::new();
    let wanted = [camera(1, MIDDLE)];
    viewer.decide(700, &wanted);
    let (mut rises, mut layer) = (0, State::Play(1));
    for _ in 0..240 {
        viewer.now += Duration::from_millis(500);
        // As if the link carried no more than 400 kbit/s, and less traffic made it look better.
        let carries = if layer == State::Play(1) { 400 } else { 700 };
        let next = viewer.decide(carries, &wanted)[0];
        rises += u32::from(next == State::Play(1) && layer == State::Play(0));
        layer = next;
    }
    assert!((3..=8).contains(&rises), "{rises} in two minutes");
}

#[test]
fn a_new_speaker_takes_over_at_once() {
    let mut viewer = Viewer::new();
    let first = [speaker(1, MIDDLE), camera(2, MIDDLE)];
    let then = [camera(1, MIDDLE), speaker(2, MIDDLE)];
    for _ in 0..5 {
        assert_eq!(viewer.decide(850, &first), [State::Play(1), State::Play(0)]);
        assert_eq!(viewer.decide(850, &then), [State::Play(0), State::Play(1)]);
    }
}

#[test]
fn what_is_not_shown_not_sent_or_not_understood_is_paused_and_says_why() {
    let mut viewer = Viewer::new();
    let wanted = [
        Wanted {
            tile: None,
            ..camera(1, LARGE)
        },
        Wanted {
            tile: Some((0, 10)),
            ..camera(2, LARGE)
        },
        Wanted {
            silenced: true,
            ..camera(3, LARGE)
        },
        Wanted {
            decodable: false,
            ..camera(4, LARGE)
        },
    ];
    let paused = [
        PauseWhy::Hidden,
        PauseWhy::Hidden,
        PauseWhy::Publisher,
        PauseWhy::Codec,
    ];
    assert_eq!(viewer.decide(5000, &wanted), paused.map(State::Paused));
    assert!(
        viewer
            .choice
            .plan
            .decisions
            .iter()
            .all(|decision| decision.wish.is_none())
    );
    assert_eq!(viewer.choice.plan.current, AUDIO);
}

#[test]
fn a_layer_that_the_publisher_has_switched_off_is_wished_for_and_the_one_below_goes_meanwhile() {
    let mut viewer = Viewer::new();
    let layers = [LIVING[0], STOPPED, STOPPED];
    let wanted = [Wanted {
        layers: &layers,
        ..camera(1, LARGE)
    }];
    assert_eq!(viewer.decide(5000, &wanted), [State::Play(0)]);
    assert_eq!(viewer.choice.plan.decisions[0].wish, Some(2));
}

#[test]
fn a_layer_above_the_wished_one_goes_meanwhile_only_if_the_link_carries_it() {
    let layers = [STOPPED, STOPPED, LIVING[2]];
    let wanted = [Wanted {
        layers: &layers,
        ..camera(1, SMALL)
    }];
    let mut viewer = Viewer::new();
    assert_eq!(viewer.decide(5000, &wanted), [State::Play(2)]);
    assert_eq!(viewer.choice.plan.decisions[0].wish, Some(0));
    let mut viewer = Viewer::new();
    assert_eq!(viewer.decide(500, &wanted), [State::Wait]);
    viewer.pass(2);
    assert_eq!(viewer.decide(500, &wanted), [bandwidth()]);
}

#[test]
fn a_publisher_that_sends_nothing_is_told_after_a_moment() {
    let mut viewer = Viewer::new();
    let wanted = [Wanted {
        layers: &[STOPPED; 3],
        ..camera(1, SMALL)
    }];
    assert_eq!(viewer.decide(5000, &wanted), [State::Wait]);
    viewer.pass(2);
    assert_eq!(
        viewer.decide(5000, &wanted),
        [State::Paused(PauseWhy::Publisher)]
    );
    assert_eq!(
        viewer.choice.plan.decisions[0].wish,
        Some(0),
        "it is asked for it all the same"
    );
    assert_eq!(viewer.decide(5000, &[camera(1, SMALL)]), [State::Play(0)]);
}

#[test]
fn a_layer_that_does_not_come_takes_nothing_from_the_others() {
    let mut viewer = Viewer::new();
    let layers = [LIVING[0], STOPPED, STOPPED];
    let wanted = [
        Wanted {
            layers: &layers,
            ..speaker(1, LARGE)
        },
        camera(2, MIDDLE),
    ];
    assert_eq!(
        viewer.decide(2000, &wanted),
        [State::Play(0), State::Play(0)]
    );
    viewer.pass(2);
    assert_eq!(
        viewer.decide(2000, &wanted),
        [State::Play(0), State::Play(1)]
    );
    assert_eq!(
        viewer.choice.plan.decisions[0].wish,
        Some(2),
        "it is wished for all the same"
    );
}

#[test]
fn what_is_left_of_a_link_is_given_away_once() {
    let mut viewer = Viewer::new();
    let layers = [STOPPED, LIVING[1], STOPPED];
    let wanted: Vec<_> = (1..=3)
        .map(|number| Wanted {
            layers: &layers,
            ..camera(number, SMALL)
        })
        .collect();
    let states = viewer.decide(1_000, &wanted);
    assert_eq!(states, [State::Play(1), State::Wait, State::Wait]);
}

#[test]
fn a_link_that_loses_much_is_full_and_one_that_loses_some_is_not() {
    let mut viewer = Viewer::new();
    viewer.decide(5000, &[camera(1, MIDDLE)]);
    assert_eq!(viewer.choice.carried(0.1), None);
    assert_eq!(viewer.choice.carried(0.5), Some(Bitrate(275_000)));
    viewer.decide(300, &[camera(1, MIDDLE)]);
    assert_eq!(
        viewer.choice.carried(0.5),
        Some(Bitrate(275_000)),
        "it may be of what went before"
    );
    viewer.pass(3);
    viewer.decide(300, &[camera(1, MIDDLE)]);
    assert_eq!(viewer.choice.carried(0.5), Some(Bitrate(100_000)));
}

#[test]
fn the_plan_says_what_it_takes_and_what_the_link_should_be_shown_to_carry() {
    let mut viewer = Viewer::new();
    viewer.decide(600, &[camera(1, MIDDLE)]);
    let plan = &viewer.choice.plan;
    assert_eq!(plan.current, Bitrate(200_000));
    assert_eq!(plan.desired, LEAST_DESIRED);
    assert_eq!(plan.shortage, Quality::Fair);
    viewer.decide(600, &[camera(1, LARGE), camera(2, LARGE)]);
    let desired = Bitrate(3_050_000 * 115 / 100);
    assert_eq!(viewer.choice.plan.desired, desired, "everything");
    viewer.decide(100, &[camera(1, MIDDLE)]);
    let desired = Bitrate(AUDIO.0 * 115 / 100);
    assert_eq!(viewer.choice.plan.desired, desired, "nothing for a while");
    viewer.pass(3);
    viewer.decide(100, &[camera(1, MIDDLE)]);
    let desired = Bitrate(200_000 * 115 / 100);
    assert_eq!(viewer.choice.plan.desired, desired, "what comes next");
    assert_eq!(viewer.choice.plan.shortage, Quality::Poor);
    viewer.pass(20);
    viewer.decide(5000, &[camera(1, MIDDLE)]);
    let plan = &viewer.choice.plan;
    assert_eq!(plan.current, Bitrate(550_000));
    assert_eq!(plan.shortage, Quality::Good);
}

fn layer() -> impl Strategy<Value = Layer> {
    (0..3_000_000u64, any::<bool>()).prop_map(|(rate, lives)| Layer {
        rate: Bitrate(rate),
        lives,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_is_above_the_link_and_no_layer_larger_than_its_tile_wants(
        rounds in prop::collection::vec((0..6_000_000u64, 0..5000u64, prop::collection::vec(
            (0..8u32, any::<bool>(), any::<bool>(), prop::option::of((0..2000u16, 0..2000u16)), prop::collection::vec(layer(), 0..4)), 0..8)), 1..20),
    ) {
        let mut viewer = Viewer::new();
        for (estimate, millis, pictures) in rounds {
            viewer.now += Duration::from_millis(millis);
            let wanted: Vec<_> = pictures.iter().enumerate().map(|(at, (_, is_screen, speaking, tile, layers))| Wanted {
                source: if *is_screen { Source::Screen } else { Source::Camera },
                tile: *tile, speaking: *speaking, layers, ..camera(at as u32, SMALL)
            }).collect();
            let plan = viewer.choice.decide(Some(Bitrate(estimate)), AUDIO, &wanted, viewer.now);
            prop_assert_eq!(plan.decisions.len(), wanted.len());
            prop_assert!(plan.current <= plan.desired);
            let playing: Vec<_> = plan.decisions.iter().zip(&wanted).filter_map(|(decision, wanted)| match decision.state {
                State::Play(layer) => Some((layer, wanted, decision.wish)),
                State::Wait | State::Paused(_) => None,
            }).collect();
            for (layer, wanted, wish) in &playing {
                prop_assert!(wanted.layers[usize::from(*layer)].lives);
                prop_assert!(wish.is_some());
            }
        }
    }
}
