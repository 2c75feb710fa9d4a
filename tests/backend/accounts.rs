//! Registering, signing in, refreshing, leaving.

use std::time::Duration;

use zvonilka::bus::{Channel, Listener};
use zvonilka::domain::{Event, InviteCode, SessionEnd, UserName};
use zvonilka::service::{AuthError, InviteError, PeopleError, RegisterError};

use crate::on_both;
use crate::support::password;

fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

fn code(text: &str) -> InviteCode {
    InviteCode::parse(text).unwrap()
}

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

on_both! {
async fn the_first_user_is_the_administrator_and_everybody_is_in_the_family_chat(world: World) {
    let anna = world.member("Анна").await;
    let boris = world.member("Борис").await;
    assert!(anna.is_admin && !boris.is_admin);
    let chats = world.chats.list(&boris).await.unwrap();
    assert_eq!(chats.len(), 1);
    assert_eq!(chats[0].name, "Семейный Чат");
    assert_eq!(chats[0].members.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["Анна", "Борис"]);
}
}

on_both! {
async fn a_name_that_looks_like_another_is_taken(world: World) {
    world.register("Анна").await;
    let latin_a = "Aнна";
    let refused = world.auth.register(name(latin_a), password("secret1"), code("secret_invite")).await.unwrap_err();
    let RegisterError::NameTaken { suggestion } = refused else { panic!("{refused}") };
    world.auth.register(suggestion, password("secret1"), code("secret_invite")).await.unwrap();
}
}

on_both! {
async fn an_invitation_works_as_often_and_as_long_as_it_says(world: World) {
    let anna = world.member("Анна").await;
    let boris = world.member("Борис").await;
    assert!(matches!(world.invites.generate(&boris, None, None).await, Err(InviteError::NotAdmin)));
    let until = world.ground.clock.now().plus(secs(3600));
    let once = world.invites.generate(&anna, Some(1), Some(until)).await.unwrap();
    let unused = world.invites.generate(&anna, Some(1), Some(until)).await.unwrap();
    world.auth.register(name("Вера"), password("secret1"), once.code.clone()).await.unwrap();
    let again = world.auth.register(name("Глеб"), password("secret1"), once.code.clone()).await;
    assert!(matches!(again, Err(RegisterError::UsedInvite)));
    world.pass(secs(3600));
    let late = world.auth.register(name("Глеб"), password("secret1"), unused.code.clone()).await;
    assert!(matches!(late, Err(RegisterError::ExpiredInvite)));
    let unknown = world.auth.register(name("Глеб"), password("secret1"), code("nonsense")).await;
    assert!(matches!(unknown, Err(RegisterError::UnknownInvite)));
    let listed = world.invites.list(&anna).await.unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!(listed.iter().find(|invite| invite.id == once.id).unwrap().usage_count, 1);
}
}

on_both! {
async fn the_invitation_that_everybody_knows_can_be_closed(world: World) {
    assert!(world.invites.close(&code("secret_invite")).await.unwrap());
    let other = world.invites.first(None).await.unwrap().expect("nobody could come in any more");
    assert!(world.invites.first(None).await.unwrap().is_none());
    world.auth.register(name("Анна"), password("secret1"), other.code).await.unwrap();
    assert!(world.invites.first(None).await.unwrap().is_none(), "who is there invites the others");
    assert!(!world.invites.close(&code("secret_invite")).await.unwrap());
    let late = world.auth.register(name("Борис"), password("secret1"), code("secret_invite")).await;
    assert!(matches!(late, Err(RegisterError::ExpiredInvite)));
}
}

on_both! {
async fn an_invitation_for_one_lets_one_in_however_many_come_at_once(world: World) {
    let anna = world.member("Анна").await;
    let once = world.invites.generate(&anna, Some(1), None).await.unwrap();
    let tries = (0..8).map(|n| world.auth.register(name(&format!("Гость {n}")), password("secret1"), once.code.clone()));
    let let_in = futures_util::future::join_all(tries).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(let_in, 1);
}
}

on_both! {
async fn a_wrong_name_and_a_wrong_password_are_refused_alike(world: World) {
    world.register("Анна").await;
    for (who, what) in [("Анна", "secret2"), ("Борис", "secret1"), ("", "secret1"), ("a\0b", "x")] {
        let refused = world.auth.login(who, what.into(), "").await.unwrap_err();
        assert!(matches!(refused, AuthError::WrongCredentials), "{who:?}");
    }
    world.auth.login("АННА", "secret1".into(), "").await.unwrap();
}
}

on_both! {
async fn a_lost_answer_to_a_refresh_harms_nobody(world: World) {
    world.register("Анна").await;
    let first = world.sign_in("Анна").await;
    let lost = world.auth.refresh(&first.refresh).await.unwrap();
    world.pass(secs(7200));
    // The client never saw `lost`: its successor is unused, so the old token still leads to it.
    let second = world.auth.refresh(&first.refresh).await.unwrap();
    assert_eq!(lost.refresh, second.refresh);
    world.auth.authenticate(&second.access, false).await.unwrap();
}
}

on_both! {
async fn tabs_that_race_end_up_with_the_same_token(world: World) {
    world.register("Анна").await;
    let first = world.sign_in("Анна").await;
    let tabs = (0..6).map(|_| world.auth.refresh(&first.refresh));
    let tokens: Vec<_> =
        futures_util::future::join_all(tabs).await.into_iter().map(|tab| tab.unwrap().refresh).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    let next = world.auth.refresh(&tokens[0]).await.unwrap();
    world.pass(secs(59));
    // A tab that slept: the token's successor has been used, but less than a minute ago.
    assert_eq!(world.auth.refresh(&first.refresh).await.unwrap().refresh, next.refresh);
}
}

on_both! {
async fn a_used_refresh_token_that_comes_back_late_ends_the_session(world: World) {
    world.register("Анна").await;
    let first = world.sign_in("Анна").await;
    let actor = world.auth.authenticate(&first.access, false).await.unwrap();
    let listener = Listener { user: actor.user, session: actor.session, channel: Channel::Chat, legacy: false };
    let (_, mut events) = world.ground.bus.listen(listener).unwrap();
    let second = world.auth.refresh(&first.refresh).await.unwrap();
    let third = world.auth.refresh(&second.refresh).await.unwrap();
    world.pass(secs(61));
    assert!(matches!(world.auth.refresh(&first.refresh).await, Err(AuthError::BadToken)));
    let heard = std::iter::from_fn(|| events.try_recv().ok()).last();
    assert!(matches!(heard, Some(Event::SessionEnded(SessionEnd::TokenReused))));
    assert!(matches!(world.auth.refresh(&third.refresh).await, Err(AuthError::BadToken)));
    assert!(matches!(world.auth.authenticate(&third.access, true).await, Err(AuthError::BadToken)));
}
}

on_both! {
async fn signing_out_ends_the_session_and_no_other(world: World) {
    world.register("Анна").await;
    let (phone, laptop) = (world.sign_in("Анна").await, world.sign_in("Анна").await);
    let actor = world.auth.authenticate(&phone.access, false).await.unwrap();
    world.auth.logout(&actor).await.unwrap();
    assert!(matches!(world.auth.refresh(&phone.refresh).await, Err(AuthError::BadToken)));
    assert!(matches!(world.auth.authenticate(&phone.access, true).await, Err(AuthError::BadToken)));
    world.auth.authenticate(&laptop.access, false).await.unwrap();
}
}

on_both! {
async fn an_expired_access_token_counts_for_sockets_while_its_session_lives(world: World) {
    world.register("Анна").await;
    let signed = world.sign_in("Анна").await;
    world.pass(secs(901));
    assert!(matches!(world.auth.authenticate(&signed.access, false).await, Err(AuthError::BadToken)));
    world.auth.authenticate(&signed.access, true).await.unwrap();
    world.pass(secs(31 * 86_400));
    assert!(matches!(world.auth.authenticate(&signed.access, true).await, Err(AuthError::BadToken)));
    assert!(matches!(world.auth.refresh(&signed.refresh).await, Err(AuthError::BadToken)));
    assert!(world.auth.prune().await.unwrap() > 0);
}
}

on_both! {
async fn a_new_password_ends_the_other_sessions(world: World) {
    let anna = world.member("Анна").await;
    let other = world.sign_in("Анна").await;
    world.people.update(&anna, anna.user, None, Some(password("another"))).await.unwrap();
    assert!(matches!(world.auth.authenticate(&other.access, false).await, Err(AuthError::BadToken)));
    assert!(matches!(world.auth.login("Анна", "secret1".into(), "").await, Err(AuthError::WrongCredentials)));
    world.auth.login("Анна", "another".into(), "").await.unwrap();
}
}

on_both! {
async fn a_removed_account_frees_its_name_and_leaves_what_it_wrote(world: World) {
    let anna = world.member("Анна").await;
    let boris = world.member("Борис").await;
    let family = world.chats.list(&boris).await.unwrap()[0].id;
    let content = zvonilka::domain::Content::parse("привет", 100).unwrap();
    world.chats.send(&boris, family, content, None).await.unwrap();
    assert!(matches!(world.people.remove(&boris, anna.user).await, Err(PeopleError::Forbidden)));
    assert!(matches!(world.people.remove(&anna, anna.user).await, Err(PeopleError::LastAdmin)));
    world.people.remove(&anna, boris.user).await.unwrap();
    assert!(matches!(world.people.get(boris.user).await, Err(PeopleError::NotFound)));
    assert!(matches!(world.auth.login("Борис", "secret1".into(), "").await, Err(AuthError::WrongCredentials)));
    let (messages, _) = world.chats.before(&anna, family, None, 10).await.unwrap();
    assert_eq!(messages[0].content, "привет");
    assert_eq!(messages[0].sender_name.as_str(), "Борис");
    assert_eq!(world.chats.list(&anna).await.unwrap()[0].members.len(), 1);
    world.register("Борис").await;
}
}

on_both! {
async fn renaming_to_a_taken_name_is_refused_and_to_a_free_one_renames_private_chats(world: World) {
    let anna = world.member("Анна").await;
    let boris = world.member("Борис").await;
    world.chats.private(&anna, boris.user).await.unwrap();
    let taken = world.people.update(&anna, anna.user, Some(name("борис")), None).await;
    assert!(matches!(taken, Err(PeopleError::NameTaken)));
    assert!(matches!(world.people.update(&boris, anna.user, Some(name("Зоя")), None).await, Err(PeopleError::Forbidden)));
    world.people.update(&anna, anna.user, Some(name("Аня")), None).await.unwrap();
    let chats = world.chats.list(&boris).await.unwrap();
    assert!(chats.iter().any(|chat| chat.name == "Аня & Борис"));
    let private = chats.iter().find(|chat| chat.name == "Аня & Борис").unwrap().id;
    world.chats.hide(&boris, private).await.unwrap();
    world.people.update(&boris, boris.user, Some(name("Боря")), None).await.unwrap();
    assert!(world.chats.list(&anna).await.unwrap().iter().any(|chat| chat.name == "Аня & Боря"));
}
}
