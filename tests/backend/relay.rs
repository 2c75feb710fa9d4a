//! The closed relay: it connects the people of a living call, reaches their candidates, and nobody else.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use turn::{PeerPolicy, SessionName};
use zvonilka::bus::{Channel, Listener};
use zvonilka::domain::{Actor, CallError, CallId, CallKind, Command, SignalKind, SocketId};
use zvonilka::service::{CallRefused, RelayRefused};

use crate::on_both;
use crate::support::{World as Family, password};

/// Somebody at a device that is connected to calls.
struct Party {
    actor: Actor,
    socket: SocketId,
    name: SessionName,
    _events: tokio::sync::mpsc::Receiver<zvonilka::domain::Event>,
}

impl Party {
    async fn register(world: &Family, name: &str) -> Self {
        Self::connect(world, world.member(name).await).await
    }

    async fn connect(world: &Family, actor: Actor) -> Self {
        let listener = Listener {
            user: actor.user,
            session: actor.session,
            channel: Channel::Calls,
            legacy: false,
        };
        let (socket, events) = world.ground.bus.listen(listener).unwrap();
        world.calls.attached(&actor, socket, false).await;
        Self {
            name: relay_name(world, &actor),
            actor,
            socket,
            _events: events,
        }
    }

    fn signal(&self, kind: SignalKind, payload: serde_json::Value) -> Command {
        Command::Signal {
            user: self.actor.user,
            session: self.actor.session,
            socket: self.socket,
            legacy: false,
            kind,
            payload: Arc::new(payload),
        }
    }

    async fn announce(&self, world: &Family, call: CallId, address: &str) {
        let line = format!("candidate:1 1 udp 1 {address} 5000 typ host");
        let payload = json!({"candidate": line, "sdpMid": "0", "sdpMLineIndex": 0});
        let command = self.signal(SignalKind::Candidate, payload);
        world.calls.command(call, command).await.unwrap();
    }

    fn end(&self) -> Command {
        Command::End {
            user: self.actor.user,
            socket: None,
        }
    }

    fn reaches(&self, world: &Family, address: &str) -> bool {
        let ip: IpAddr = address.parse().unwrap();
        world.relay.calls.permits(&self.name, ip)
    }
}

/// What the relay calls a sign-in: what its credentials say.
fn relay_name(world: &Family, actor: &Actor) -> SessionName {
    let media = &world.ground.media;
    let name = media.name(actor.user, &actor.relay_name).unwrap();
    let credentials = media.ice_config(&name, world.ground.clock.now());
    credentials
        .username
        .split_once(':')
        .unwrap()
        .1
        .parse()
        .unwrap()
}

fn connected(world: &Family, one: &Party, other: &Party) -> bool {
    world.relay.calls.connects(&one.name, &other.name)
}

/// Both in an answered call, each with a candidate that the other may reach.
async fn in_a_call(world: &Family) -> (Party, Party, CallId) {
    let anna = Party::register(world, "Анна").await;
    let boris = Party::register(world, "Борис").await;
    let call = ring(world, &anna, &boris).await;
    answer(world, &boris, call).await;
    anna.announce(world, call, "1.1.1.1").await;
    boris.announce(world, call, "8.8.8.8").await;
    (anna, boris, call)
}

async fn ring(world: &Family, from: &Party, to: &Party) -> CallId {
    let call = world
        .calls
        .initiate(&from.actor, to.actor.user, CallKind::Voice)
        .await
        .unwrap();
    let offer = from.signal(SignalKind::Offer, json!("v=0"));
    world.calls.command(call.id, offer).await.unwrap();
    call.id
}

async fn answer(world: &Family, who: &Party, call: CallId) {
    let accept = Command::Accept {
        user: who.actor.user,
        session: who.actor.session,
        socket: Some(who.socket),
    };
    world.calls.command(call, accept).await.unwrap();
}

on_both! {
async fn the_people_of_a_call_reach_each_other_and_each_others_candidates_while_it_lives(world: World) {
    let (anna, boris, call) = in_a_call(&world).await;
    assert!(connected(&world, &anna, &boris));
    assert!(anna.reaches(&world, "8.8.8.8") && boris.reaches(&world, "1.1.1.1"));
    assert!(!anna.reaches(&world, "1.1.1.1"), "nobody opens a way for themselves");
    assert!(!anna.reaches(&world, "9.9.9.9"), "nobody announced it");
    world.calls.command(call, anna.end()).await.unwrap();
    assert!(!connected(&world, &anna, &boris));
    assert!(!anna.reaches(&world, "8.8.8.8") && !boris.reaches(&world, "1.1.1.1"));
}
}

on_both! {
async fn candidates_inside_an_offer_that_came_while_it_rang_are_reached_by_who_answers(world: World) {
    let (anna, boris) = (Party::register(&world, "Анна").await, Party::register(&world, "Борис").await);
    let call = ring(&world, &anna, &boris).await;
    let sdp = "v=0\r\na=candidate:1 1 udp 1 1.1.1.1 5000 typ host\r\na=candidate:2 1 udp 1 phone.local 5000 typ host\r\n";
    let offer = anna.signal(SignalKind::Offer, json!({"type": "offer", "sdp": sdp}));
    world.calls.command(call, offer).await.unwrap();
    assert!(!boris.reaches(&world, "1.1.1.1") && !connected(&world, &anna, &boris), "it only rings");
    answer(&world, &boris, call).await;
    assert!(boris.reaches(&world, "1.1.1.1") && connected(&world, &anna, &boris));
}
}

on_both! {
async fn who_is_not_in_the_call_opens_nothing_and_reaches_nothing(world: World) {
    let (anna, boris, call) = in_a_call(&world).await;
    let vera = Party::register(&world, "Вера").await;
    let candidate = vera.signal(SignalKind::Candidate, json!("candidate:1 1 udp 1 9.9.9.9 5000 typ host"));
    let refused = world.calls.command(call, candidate).await.unwrap_err();
    assert!(matches!(refused, CallRefused::Refused(CallError::Forbidden)));
    assert!(!anna.reaches(&world, "9.9.9.9"));
    assert!(!vera.reaches(&world, "1.1.1.1") && !connected(&world, &vera, &anna) && !connected(&world, &boris, &vera));
}
}

on_both! {
async fn two_who_announce_an_address_that_is_forbidden_reach_nothing_by_it(world: World) {
    let (anna, boris, call) = in_a_call(&world).await;
    for address in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "::ffff:10.0.0.1", "fd00::1", "2002:7f00:1::", "64:ff9b::a9fe:a9fe", "224.0.0.1", "255.255.255.255"] {
        anna.announce(&world, call, address).await;
        boris.announce(&world, call, address).await;
        assert!(!anna.reaches(&world, address) && !boris.reaches(&world, address), "{address}");
    }
    assert!(anna.reaches(&world, "8.8.8.8"), "the rest stays as it was");
}
}

on_both! {
async fn however_a_call_ends_nothing_of_it_is_reached_afterwards(world: World) {
    let (anna, boris, call) = in_a_call(&world).await;
    let laptop = world.sign_in("Борис").await;
    let laptop = world.auth.authenticate(&laptop.access, false).await.unwrap();
    let over = |one: &Party, other: &Party| !connected(&world, one, other) && !one.reaches(&world, "8.8.8.8");

    world.auth.logout(&boris.actor).await.unwrap();
    assert!(over(&anna, &boris), "its side signed out");
    assert!(world.calls.command(call, anna.end()).await.is_err());

    let boris = Party::connect(&world, laptop).await;
    let call = ring(&world, &anna, &boris).await;
    anna.announce(&world, call, "1.1.1.1").await;
    world.calls.command(call, Command::Reject { user: boris.actor.user, socket: None }).await.unwrap();
    assert!(over(&boris, &anna), "it was rejected");

    let call = ring(&world, &anna, &boris).await;
    answer(&world, &boris, call).await;
    boris.announce(&world, call, "8.8.8.8").await;
    assert!(anna.reaches(&world, "8.8.8.8"));
    let vera = Party::register(&world, "Вера").await;
    ring(&world, &anna, &vera).await;
    assert!(over(&anna, &boris), "one of the two called somebody else");

    let call = world.calls.active(&anna.actor).await.unwrap()[0].id;
    answer(&world, &vera, call).await;
    assert!(connected(&world, &anna, &vera));
    world.people.remove(&anna.actor, vera.actor.user).await.unwrap();
    assert!(over(&anna, &vera), "one of the two was removed");
}
}

on_both! {
async fn a_side_that_moves_to_another_device_is_reached_there_alone(world: World) {
    let (anna, boris, call) = in_a_call(&world).await;
    let tablet = world.sign_in("Борис").await;
    let tablet = Party::connect(&world, world.auth.authenticate(&tablet.access, false).await.unwrap()).await;
    assert!(!connected(&world, &anna, &tablet));
    let (user, session, socket) = (tablet.actor.user, tablet.actor.session, tablet.socket);
    world.calls.command(call, Command::Join { user, session, socket, legacy: false }).await.unwrap();
    assert!(connected(&world, &anna, &tablet) && !connected(&world, &anna, &boris));
    assert!(!anna.reaches(&world, "8.8.8.8") && !boris.reaches(&world, "1.1.1.1"));
    assert!(tablet.reaches(&world, "1.1.1.1"));
}
}

on_both! {
async fn a_call_that_outlives_the_server_connects_its_people_again_and_they_announce_anew(world: World) {
    let (anna, boris, call) = in_a_call(&world).await;
    world.ground.tasks.stop().await;
    let world = world.restarted();
    assert_eq!(world.calls.restore().await.unwrap(), 1);
    crate::support::eventually(|| async { connected(&world, &anna, &boris) }).await;
    assert!(!anna.reaches(&world, "8.8.8.8"), "the server has kept no candidates");
    let anna = Party::connect(&world, anna.actor).await;
    let (user, session, socket) = (anna.actor.user, anna.actor.session, anna.socket);
    world.calls.command(call, Command::Join { user, session, socket, legacy: false }).await.unwrap();
    anna.announce(&world, call, "1.1.1.1").await;
    assert!(boris.reaches(&world, "1.1.1.1"));
    world.calls.command(call, anna.end()).await.unwrap();
    assert!(!connected(&world, &anna, &boris) && !boris.reaches(&world, "1.1.1.1"));
}
}

on_both! {
async fn sign_ins_that_ended_are_barred_again_at_each_start_until_their_credentials_have_expired(world: World) {
    let anna = world.member("Анна").await;
    let (phone, laptop) = (world.sign_in("Анна").await, world.sign_in("Анна").await);
    world.auth.logout(&world.auth.authenticate(&phone.access, false).await.unwrap()).await.unwrap();
    world.pass(Duration::from_secs(3600));
    assert_eq!(world.allocations.bar_ended().await.unwrap(), 1);
    world.auth.prune().await.unwrap();
    assert_eq!(world.allocations.bar_ended().await.unwrap(), 1, "what must be barred is not forgotten");
    world.people.update(&anna, anna.user, None, Some(password("another"))).await.unwrap();
    assert!(world.auth.authenticate(&laptop.access, true).await.is_err());
    assert_eq!(world.allocations.bar_ended().await.unwrap(), 2);
    world.pass(Duration::from_secs(86_400 - 3600));
    assert_eq!(world.allocations.bar_ended().await.unwrap(), 2, "the clocks may differ by a minute");
    world.pass(Duration::from_secs(60));
    assert_eq!(world.allocations.bar_ended().await.unwrap(), 1);
    world.auth.prune().await.unwrap();
    world.pass(Duration::from_secs(3600));
    assert_eq!(world.allocations.bar_ended().await.unwrap(), 0);
}
}

on_both! {
async fn only_an_administrator_sees_and_ends_allocations(world: World) {
    let (anna, boris) = (world.member("Анна").await, world.member("Борис").await);
    assert_eq!(world.allocations.allocations(&anna).await.unwrap().len(), 0);
    assert!(matches!(world.allocations.allocations(&boris).await, Err(RelayRefused::NotAdmin)));
    let id = "1".parse().unwrap();
    assert!(matches!(world.allocations.end(&boris, id).await, Err(RelayRefused::NotAdmin)));
    assert!(matches!(world.allocations.end(&anna, id).await, Err(RelayRefused::NoSuchAllocation)));
}
}
