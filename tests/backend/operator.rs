//! What whoever runs the server does: accounts, roles, sign-ins, everybody's calls.

use futures_util::future::join_all;
use zvonilka::bus::{Channel, Listener};
use zvonilka::domain::{
    Authority, CallError, CallId, CallKind, CallStatus, EndReason, Event, InviteCode, SessionEnd,
    UserId, UserName,
};
use zvonilka::service::{AuthError, CallRefused, InviteError, PeopleError, RegisterError};

use crate::on_both;
use crate::support::{World, eventually, password};

const OPERATOR: Authority<'static> = Authority::Operator;

fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

on_both! {
async fn the_operator_makes_accounts_without_an_invitation_and_the_first_is_an_administrator(world: World) {
    let anna = world.auth.create(name("Анна"), password("secret1"), false).await.unwrap();
    let boris = world.auth.create(name("Борис"), password("secret1"), false).await.unwrap();
    let vera = world.auth.create(name("Вера"), password("secret1"), true).await.unwrap();
    assert_eq!([anna.is_admin, boris.is_admin, vera.is_admin], [true, false, true]);
    let taken = world.auth.create(name("анна"), password("secret1"), false).await;
    assert!(matches!(taken, Err(RegisterError::NameTaken { .. })));
    let boris = world.person("Борис").await;
    assert_eq!(world.chats.list(&boris).await.unwrap()[0].members.len(), 3, "everybody is in the family chat");
}
}

on_both! {
async fn administrators_and_the_operator_change_roles_and_nobody_else(world: World) {
    let anna = world.member("Анна").await;
    let boris = world.member("Борис").await;
    assert!(matches!(world.people.set_role(&boris, boris.user, true).await, Err(PeopleError::NotAdmin)));
    assert!(matches!(world.people.set_role(OPERATOR, anna.user, false).await, Err(PeopleError::LastAdmin)));
    assert!(world.people.set_role(&anna, boris.user, true).await.unwrap().is_admin);
    assert!(world.people.set_role(&anna, boris.user, true).await.unwrap().is_admin, "twice is as once");
    assert!(!world.people.set_role(OPERATOR, anna.user, false).await.unwrap().is_admin);
    assert!(matches!(world.people.remove(OPERATOR, boris.user).await, Err(PeopleError::LastAdmin)));
    let nobody = UserId::new();
    assert!(matches!(world.people.set_role(OPERATOR, nobody, true).await, Err(PeopleError::NotFound)));
}
}

on_both! {
async fn of_administrators_who_leave_at_once_one_stays(world: World) {
    world.register("Зоя").await;
    for round in 0..4 {
        let names = [format!("Анна {round}"), format!("Борис {round}")];
        let mut two = Vec::new();
        for name in &names {
            let person = world.member(name).await;
            world.people.set_role(OPERATOR, person.user, true).await.unwrap();
            two.push(person);
        }
        for user in world.people.all().await.unwrap() {
            if two.iter().all(|person| person.user != user.id) {
                world.people.set_role(OPERATOR, user.id, false).await.unwrap();
            }
        }
        let (one, other) = (two[0].user, two[1].user);
        let left: [bool; 2] = if round % 2 == 0 {
            futures_util::future::join(leaves(&world, one), leaves(&world, other)).await.into()
        } else {
            futures_util::future::join(steps_down(&world, one), steps_down(&world, other)).await.into()
        };
        assert_eq!(left.iter().filter(|left| **left).count(), 1, "round {round}");
        let admins = world.people.all().await.unwrap().into_iter().filter(|user| user.is_admin).count();
        assert_eq!(admins, 1, "round {round}");
    }
}
}

async fn leaves(world: &World, user: UserId) -> bool {
    world.people.remove(OPERATOR, user).await.is_ok()
}

async fn steps_down(world: &World, user: UserId) -> bool {
    world.people.set_role(OPERATOR, user, false).await.is_ok()
}

on_both! {
async fn of_two_who_register_first_at_once_one_is_the_administrator(world: World) {
    let code = || InviteCode::parse("secret_invite").unwrap();
    let all = (0..4).map(|n| world.auth.register(name(&format!("Гость {n}")), password("secret1"), code()));
    let made: Vec<_> = join_all(all).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(made.iter().filter(|user| user.is_admin).count(), 1);
}
}

on_both! {
async fn a_password_that_the_operator_resets_ends_every_sign_in(world: World) {
    let anna = world.member("Анна").await;
    let other = world.sign_in("Анна").await;
    assert_eq!(world.people.sign_ins(OPERATOR, anna.user).await.unwrap().len(), 2);
    world.people.update(OPERATOR, anna.user, None, Some(password("another"))).await.unwrap();
    assert!(matches!(world.auth.authenticate(&other.access, true).await, Err(AuthError::BadToken)));
    assert_eq!(world.people.sign_ins(OPERATOR, anna.user).await.unwrap().len(), 0);
    world.auth.login("Анна", "another".into(), "").await.unwrap();
}
}

on_both! {
async fn who_is_signed_out_hears_it_on_every_device_and_nobody_else_does(world: World) {
    let anna = world.member("Анна").await;
    let boris = world.member("Борис").await;
    let listen = |actor: &zvonilka::domain::Actor| {
        let listener = Listener { user: actor.user, session: actor.session, channel: Channel::Chat, legacy: false };
        world.ground.bus.listen(listener).unwrap().1
    };
    let (mut hers, mut his) = (listen(&anna), listen(&boris));
    assert!(matches!(world.people.sign_out(&boris, anna.user).await, Err(PeopleError::Forbidden)));
    assert_eq!(world.people.sign_out(OPERATOR, anna.user).await.unwrap(), 1);
    assert_eq!(world.people.sign_out(OPERATOR, anna.user).await.unwrap(), 0);
    let over = |event: &Event| matches!(event, Event::SessionEnded(SessionEnd::SignedOut));
    assert_eq!(std::iter::from_fn(|| hers.try_recv().ok()).filter(over).count(), 1);
    assert_eq!(std::iter::from_fn(|| his.try_recv().ok()).filter(over).count(), 0);
}
}

on_both! {
async fn a_revoked_invitation_lets_nobody_in(world: World) {
    let invite = world.invites.generate(OPERATOR, Some(1), None).await.unwrap();
    world.invites.revoke(OPERATOR, &invite.code).await.unwrap();
    let late = world.auth.register(name("Глеб"), password("secret1"), invite.code.clone()).await;
    assert!(matches!(late, Err(RegisterError::ExpiredInvite)));
    assert!(matches!(world.invites.revoke(OPERATOR, &invite.code).await, Err(InviteError::Expired)));
    let unknown = InviteCode::parse("no-such-code").unwrap();
    assert!(matches!(world.invites.revoke(OPERATOR, &unknown).await, Err(InviteError::Unknown)));
    world.member("Анна").await;
    let boris = world.member("Борис").await;
    assert!(matches!(world.invites.revoke(&boris, &invite.code).await, Err(InviteError::NotAdmin)));
}
}

on_both! {
async fn the_operator_sees_and_ends_calls_of_both_forms(world: World) {
    let anna = world.member("Анна").await;
    let boris = world.member("Борис").await;
    let call = world.calls.initiate(&anna, boris.user, CallKind::Voice).await.unwrap();
    let live = world.calls.newest(true, 10).await.unwrap();
    assert_eq!(live.iter().map(|entry| entry.call.id).collect::<Vec<_>>(), [call.id]);
    let ended = world.calls.close(call.id).await.unwrap();
    assert_eq!((ended.call.status, ended.call.reason), (CallStatus::Missed, Some(EndReason::Closed)));
    assert!(!world.calls.is_busy(anna.user) && !world.calls.is_busy(boris.user));

    let family = world.chats.list(&anna).await.unwrap()[0].id;
    let (group, _) = world.calls.group_start(&anna, family, CallKind::Video).await.unwrap();
    let ended = world.calls.close(group.id).await.unwrap();
    assert_eq!((ended.call.status, ended.call.reason), (CallStatus::Missed, Some(EndReason::Closed)));
    eventually(|| async { world.calls.newest(true, 10).await.unwrap().is_empty() }).await;
    assert_eq!(world.calls.newest(false, 10).await.unwrap().len(), 2);
    assert_eq!(world.calls.newest(false, 1).await.unwrap().len(), 1);
    let again = world.calls.close(call.id).await;
    assert!(matches!(again, Err(CallRefused::Refused(CallError::Ended))));
    assert!(matches!(world.calls.close(CallId::new()).await, Err(CallRefused::NotFound)));
    world.calls.log_entry(OPERATOR, call.id).await.unwrap();
}
}
