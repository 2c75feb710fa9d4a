//! Posting, history, changes, read marks.

use futures_util::future::join_all;
use tokio::sync::mpsc::Receiver;
use zvonilka::bus::{Channel, Listener};
use zvonilka::domain::{Actor, Change, ChatId, ChatName, ClientId, Content, Event, Page, UserId};
use zvonilka::service::ChatError;

use crate::on_both;
use crate::support::World as Family;

fn content(text: &str) -> Content {
    Content::parse(text, 10_000).unwrap()
}

fn listen(world: &Family, actor: &Actor) -> Receiver<Event> {
    let listener = Listener {
        user: actor.user,
        session: actor.session,
        channel: Channel::Chat,
        legacy: false,
    };
    world.ground.bus.listen(listener).unwrap().1
}

/// The revs of the changes that were told, in the order of telling.
fn told(events: &mut Receiver<Event>) -> Vec<i64> {
    let mut revs = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let Event::Changed { change, .. } = event {
            revs.push(change.rev());
        }
    }
    revs
}

async fn family(world: &Family, actor: &Actor) -> ChatId {
    world.chats.list(actor).await.unwrap()[0].id
}

on_both! {
async fn a_message_is_told_to_everybody_in_the_chat_and_to_nobody_else(world: World) {
    let (anna, boris, vera) =
        (world.member("Анна").await, world.member("Борис").await, world.member("Вера").await);
    let chat = world.chats.private(&anna, boris.user).await.unwrap().id;
    let (mut at_anna, mut at_boris, mut at_vera) = (listen(&world, &anna), listen(&world, &boris), listen(&world, &vera));
    let sent = world.chats.send(&anna, chat, content("привет"), None).await.unwrap();
    assert_eq!(sent.message.seq, 1);
    assert_eq!(told(&mut at_anna), [1]);
    assert_eq!(told(&mut at_boris), [1]);
    assert_eq!(told(&mut at_vera), [0; 0]);
    assert!(matches!(world.chats.send(&vera, chat, content("x"), None).await, Err(ChatError::NotParticipant)));
    assert!(matches!(world.chats.before(&vera, chat, None, 10).await, Err(ChatError::NotParticipant)));
    assert!(matches!(world.chats.changes(&vera, chat, 0, 10).await, Err(ChatError::NotParticipant)));
    assert!(matches!(world.chats.mark_read(&vera, chat, 1).await, Err(ChatError::NotParticipant)));
    assert!(matches!(world.chats.hide(&vera, chat).await, Err(ChatError::NotParticipant)));
    assert!(matches!(world.chats.send(&anna, ChatId::new(), content("x"), None).await, Err(ChatError::NotFound)));
}
}

on_both! {
async fn the_same_client_id_posts_one_message_however_many_come_at_once(world: World) {
    let anna = world.member("Анна").await;
    let chat = family(&world, &anna).await;
    let mut events = listen(&world, &anna);
    let id = ClientId::parse("abc").unwrap();
    let sends = (0..8).map(|n| world.chats.send(&anna, chat, content(&format!("раз {n}")), Some(id.clone())));
    let sent: Vec<_> = join_all(sends).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(sent.iter().filter(|sent| !sent.repeated).count(), 1);
    assert!(sent.iter().all(|other| other.message.id == sent[0].message.id));
    assert_eq!(told(&mut events), [1]);
    assert_eq!(world.chats.list(&anna).await.unwrap()[0].rev, 1, "a repeat takes no number");
}
}

on_both! {
async fn changes_are_numbered_without_gaps_and_told_in_order(world: World) {
    let anna = world.member("Анна").await;
    let boris = world.member("Борис").await;
    let chat = family(&world, &anna).await;
    let mut events = listen(&world, &anna);
    let sends = (0..20).map(|n| {
        let who = if n % 2 == 0 { &anna } else { &boris };
        world.chats.send(who, chat, content(&n.to_string()), None)
    });
    join_all(sends).await.into_iter().for_each(|sent| drop(sent.unwrap()));
    assert_eq!(told(&mut events), (1..=20).collect::<Vec<_>>());
}
}

on_both! {
async fn what_was_missed_is_found_by_rev(world: World) {
    let anna = world.member("Анна").await;
    let boris = world.member("Борис").await;
    let chat = family(&world, &anna).await;
    for n in 0..5 {
        world.chats.send(&anna, chat, content(&n.to_string()), None).await.unwrap();
    }
    world.chats.mark_read(&boris, chat, 5).await.unwrap();
    let all = world.chats.changes(&anna, chat, 0, 100).await.unwrap();
    assert_eq!(all.changes.iter().map(Change::rev).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert!(matches!(all.changes[5], Change::Read { user, seq: 5, .. } if user == boris.user));
    assert!(!all.more);
    let some = world.chats.changes(&anna, chat, 1, 3).await.unwrap();
    assert_eq!(some.changes.iter().map(Change::rev).collect::<Vec<_>>(), [2, 3, 4]);
    assert!(some.more);
    assert_eq!(some.rev, 6);
}
}

on_both! {
async fn history_is_read_in_pages_from_the_newest(world: World) {
    let anna = world.member("Анна").await;
    let boris = world.member("Борис").await;
    let chat = family(&world, &anna).await;
    for n in 1..=7 {
        world.chats.send(&anna, chat, content(&n.to_string()), None).await.unwrap();
    }
    let words = |messages: &[zvonilka::domain::Message]| messages.iter().map(|m| m.content.clone()).collect::<Vec<_>>();
    let (newest, more) = world.chats.before(&boris, chat, None, 3).await.unwrap();
    assert_eq!((words(&newest), more), (vec!["5".into(), "6".into(), "7".into()], true));
    let (older, more) = world.chats.before(&boris, chat, Some(newest[0].seq), 10).await.unwrap();
    assert_eq!((older.len(), more), (4, false));
    let page = Page { limit: 2, offset: 1 };
    assert_eq!(words(&world.chats.history(&boris, chat, page).await.unwrap()), ["5", "6"]);
    assert_eq!(world.chats.list(&boris).await.unwrap()[0].unread, 7, "reading further back is no reading of the newest");
    world.chats.history(&boris, chat, Page::first(50)).await.unwrap();
    assert_eq!(world.chats.list(&boris).await.unwrap()[0].unread, 0);
}
}

on_both! {
async fn a_read_mark_moves_forward_alone_and_ones_own_messages_are_read(world: World) {
    let anna = world.member("Анна").await;
    let boris = world.member("Борис").await;
    let chat = family(&world, &anna).await;
    for _ in 0..3 {
        world.chats.send(&anna, chat, content("x"), None).await.unwrap();
    }
    assert_eq!(world.chats.list(&anna).await.unwrap()[0].unread, 0);
    let marked = world.chats.mark_read(&boris, chat, 2).await.unwrap();
    assert_eq!((marked.read_seq, marked.unread), (2, 1));
    let back = world.chats.mark_read(&boris, chat, 1).await.unwrap();
    assert_eq!((back.read_seq, back.unread), (2, 1));
    let beyond = world.chats.mark_read(&boris, chat, i64::MAX).await.unwrap();
    assert_eq!(beyond.unread, 0);
    let seen = world.chats.list(&anna).await.unwrap();
    assert!(seen[0].members.iter().any(|m| m.id == boris.user && m.read_seq >= 3));
}
}

on_both! {
async fn who_registers_later_starts_with_nothing_unread(world: World) {
    let anna = world.member("Анна").await;
    let chat = family(&world, &anna).await;
    world.chats.send(&anna, chat, content("до"), None).await.unwrap();
    let boris = world.member("Борис").await;
    assert_eq!(world.chats.list(&boris).await.unwrap()[0].unread, 0);
    world.chats.send(&anna, chat, content("после"), None).await.unwrap();
    let seen = world.chats.list(&boris).await.unwrap();
    assert_eq!((seen[0].unread, seen[0].last_message.as_ref().unwrap().content.as_str()), (1, "после"));
}
}

on_both! {
async fn a_private_chat_is_one_for_both_however_many_ask_at_once(world: World) {
    let anna = world.member("Анна").await;
    let boris = world.member("Борис").await;
    let one = join_all((0..4).map(|_| world.chats.private(&anna, boris.user))).await;
    let other = join_all((0..4).map(|_| world.chats.private(&boris, anna.user))).await;
    let ids: std::collections::BTreeSet<_> = one.into_iter().chain(other).map(|chat| chat.unwrap().id).collect();
    assert_eq!(ids.len(), 1);
    assert!(matches!(world.chats.private(&anna, anna.user).await, Err(ChatError::WithSelf)));
    assert!(matches!(world.chats.private(&anna, UserId::new()).await, Err(ChatError::NoSuchUser)));
}
}

on_both! {
async fn a_deleted_chat_is_gone_for_one_until_something_new_comes(world: World) {
    let anna = world.member("Анна").await;
    let boris = world.member("Борис").await;
    let chat = world.chats.private(&anna, boris.user).await.unwrap().id;
    world.chats.send(&anna, chat, content("старое"), None).await.unwrap();
    world.chats.hide(&boris, chat).await.unwrap();
    assert_eq!(world.chats.list(&boris).await.unwrap().len(), 1);
    assert_eq!(world.chats.list(&anna).await.unwrap().len(), 2);
    world.chats.send(&anna, chat, content("новое"), None).await.unwrap();
    let (messages, _) = world.chats.before(&boris, chat, None, 10).await.unwrap();
    assert_eq!(messages.iter().map(|m| m.content.as_str()).collect::<Vec<_>>(), ["новое"]);
    assert_eq!(world.chats.list(&boris).await.unwrap().len(), 2);
    let all = family(&world, &anna).await;
    let family = world.chats.list(&anna).await.unwrap().into_iter().find(|chat| chat.name == "Семейный Чат").unwrap().id;
    assert!(all == family || all == chat);
    assert!(matches!(world.chats.hide(&anna, family).await, Err(ChatError::FamilyStays)));
}
}

on_both! {
async fn a_group_holds_who_was_named_and_nobody_twice(world: World) {
    let (anna, boris) = (world.member("Анна").await, world.member("Борис").await);
    let vera = world.member("Вера").await;
    let name = ChatName::parse("Дача").unwrap();
    let group = world.chats.group(&anna, name.clone(), vec![boris.user, boris.user, anna.user]).await.unwrap();
    assert_eq!(group.members.len(), 2);
    assert!(matches!(world.chats.send(&vera, group.id, content("x"), None).await, Err(ChatError::NotParticipant)));
    let nobody = world.chats.group(&anna, name, vec![UserId::new()]).await;
    assert!(matches!(nobody, Err(ChatError::NoSuchUser)));
    assert_eq!(world.chats.list(&anna).await.unwrap().len(), 2, "nothing of the refused one is left");
}
}
