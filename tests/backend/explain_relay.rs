//! What the relay did to a call is in its record: real allocations, asked for by a real client, made and refused.

use serde_json::json;
use zvonilka::domain::{
    Actor, CallKind, Evidence, Finding, RelayRefusal, RelayTransport, Step, UnixMillis,
};
use zvonilka::media::IceConfig;

use crate::explain::{Party, no_path};
use crate::groups::device;
use crate::on_both;
use crate::support::{START, World as Family, eventually};
use crate::turn_client::Client;

impl Family {
    /// Sets the clock of the family to that of the relay, which nobody sets: credentials that are issued from here on are good.
    fn comes_to_the_present(&self) {
        self.pass(UnixMillis::now().since(START));
    }

    fn issued(&self, actor: &Actor) -> IceConfig {
        self.ice.config(actor).unwrap()
    }

    fn allocated(&self, mut client: Client, actor: &Actor) -> Client {
        client.allocate(&self.issued(actor)).unwrap();
        client
    }

    async fn has_step(&self, call: zvonilka::domain::CallId, step: Step) {
        eventually(|| async {
            let story = self.calls.any_story(call).await.unwrap();
            story.steps.iter().any(|each| each.step == step)
        })
        .await;
    }
}

on_both! {
async fn credentials_that_had_expired_are_named(world: World) {
    // The family's clock is years behind the relay's.
    let calls = &world.calls;
    let (anna, boris) = (Party::new(&world, calls, "Анна").await, Party::new(&world, calls, "Борис").await);
    let call = anna.calls(calls, &boris.actor).await;
    boris.accepts(calls, call).await;
    let refused = Client::udp(world.relay.address()).allocate(&world.issued(&boris.actor));
    assert_eq!(refused, Err(401));
    let (over, why) = (RelayTransport::Udp, RelayRefusal::Expired);
    world.has_step(call, Step::AllocationRefused { over, why }).await;
    boris.reports(calls, call, no_path(json!({"errors": [{"server": "udp", "code": 401}]}))).await;
    anna.ends(calls, call).await;
    assert_eq!(anna.learns(calls, call).await[0], Finding::RelayRefused { user: boris.actor.user, why });
}
}

on_both! {
async fn a_quota_that_another_device_has_used_up_is_named(world: World) {
    world.comes_to_the_present();
    let calls = &world.calls;
    let (anna, boris) = (Party::new(&world, calls, "Анна").await, Party::new(&world, calls, "Борис").await);
    let tablet = world.person("Борис").await;
    let (relay, issued) = (world.relay.address(), world.issued(&tablet));
    let mut held = Vec::new();
    let full = loop {
        let mut client = Client::udp(relay);
        match client.allocate(&issued) {
            Ok(()) => held.push(client),
            Err(code) => break code,
        }
    };
    assert_eq!(full, 486, "after {} allocations", held.len());
    let call = anna.calls(calls, &boris.actor).await;
    boris.accepts(calls, call).await;
    assert_eq!(Client::udp(relay).allocate(&world.issued(&boris.actor)), Err(486));
    let (over, why) = (RelayTransport::Udp, RelayRefusal::Quota);
    world.has_step(call, Step::AllocationRefused { over, why }).await;
    boris.reports(calls, call, no_path(json!({"errors": [{"server": "udp", "code": 486}]}))).await;
    anna.ends(calls, call).await;
    assert_eq!(anna.learns(calls, call).await[0], Finding::RelayRefused { user: boris.actor.user, why });
}
}

on_both! {
async fn a_network_without_udp_is_named_though_its_app_tells_nothing(world: World) {
    world.comes_to_the_present();
    let calls = &world.calls;
    let (anna, boris) = (Party::new(&world, calls, "Анна").await, Party::new(&world, calls, "Борис").await);
    let relay = world.relay.address();
    let call = anna.calls(calls, &boris.actor).await;
    boris.accepts(calls, call).await;
    let _of_anna = [Client::udp(relay), Client::tcp(relay)].map(|client| world.allocated(client, &anna.actor));
    let _of_boris = world.allocated(Client::tcp(relay), &boris.actor);
    for over in [RelayTransport::Udp, RelayTransport::Tcp] {
        world.has_step(call, Step::Allocated { over }).await;
    }
    let pair = json!({"local": "relay", "remote": "relay", "protocol": "udp", "relay": "udp", "answered": true});
    anna.reports(calls, call, json!({"state": "ended", "ended": "hangup", "pair": pair, "ways": [pair],
        "gathered": [{"candidate": "relay", "protocol": "udp", "relay": "udp"}]})).await;
    anna.ends(calls, call).await;
    let found = anna.learns(calls, call).await;
    let Finding::UdpBlocked { user, evidence, .. } = &found[0] else { panic!("{found:?}") };
    assert_eq!((*user, *evidence), (boris.actor.user, Evidence::Seen));
}
}

on_both! {
async fn what_was_issued_and_made_before_a_call_belongs_to_it_and_nothing_to_another(world: World) {
    world.comes_to_the_present();
    let calls = &world.calls;
    let (anna, boris) = (Party::new(&world, calls, "Анна").await, Party::new(&world, calls, "Борис").await);
    let early = world.allocated(Client::udp(world.relay.address()), &anna.actor);
    let one = anna.calls(calls, &boris.actor).await;
    let over = RelayTransport::Udp;
    world.has_step(one, Step::Allocated { over }).await;
    anna.ends(calls, one).await;
    drop(early);
    let other = anna.calls(calls, &boris.actor).await;
    let story = calls.any_story(other).await.unwrap();
    assert!(story.steps.iter().any(|step| matches!(step.step, Step::ServersIssued { .. })), "it uses what it was issued");
    assert!(!story.steps.iter().any(|step| step.step == Step::Allocated { over }));
}
}

on_both! {
async fn a_wrong_external_address_is_named_by_who_reaches_the_server_under_its_name_alone(world: World) {
    world.comes_to_the_present();
    let calls = &world.calls;
    let (anna, boris) = (world.member("Анна").await, world.member("Борис").await);
    let (at_anna, at_boris) = (device(&world, &anna).await, device(&world, &boris).await);
    let family = world.family(&anna).await;
    let (call, _) = calls.group_start(&anna, family, CallKind::Voice).await.unwrap();
    world.join(&anna, call.id, &at_anna).await.unwrap();
    world.join(&boris, call.id, &at_boris).await.unwrap();
    let _of_boris = world.allocated(Client::tcp(world.relay.address()), &boris);
    world.has_step(call.id, Step::Allocated { over: RelayTransport::Tcp }).await;
    let direct = |protocol| json!({"local": "host", "remote": "host", "protocol": protocol, "answered": false});
    let report = no_path(json!({
        "gathered": [{"candidate": "host", "protocol": "tcp"}, {"candidate": "relay", "protocol": "udp", "relay": "tcp"}],
        "ways": [direct("udp"), direct("tcp")],
    }));
    let report = serde_json::from_value(report).unwrap();
    calls.report(&boris, call.id, report).await.unwrap();
    let found = zvonilka::domain::explain(&calls.story(&anna, call.id).await.unwrap());
    assert_eq!(found[..2], [Finding::Live, Finding::ServerAddressWrong { user: boris.user }], "{found:?}");
    for who in [&anna, &boris] {
        calls.gone(who.user, None).await;
    }
    let story = calls.any_story(call.id).await.unwrap();
    for step in [Step::Accepted, Step::Left] {
        assert_eq!(story.steps.iter().filter(|each| each.step == step).count(), 2, "{step:?}");
    }
}
}
