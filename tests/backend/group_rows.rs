//! What the store keeps of group calls.

use zvonilka::domain::{
    Admission, Before, CallForm, CallKind, CallStatus, EndReason, GroupPerson, GroupRecord,
    Outcome, UnixMillis,
};
use zvonilka::store::{StoreError, group_calls};

use crate::on_both;
use crate::support::{START, World as Family};

/// A call of the family chat that `starter` started at `at`.
async fn started(world: &Family, names: &[&str], at: UnixMillis) -> GroupRecord {
    let mut people = Vec::new();
    for name in names {
        people.push(world.person(name).await);
    }
    let chat = world.chats.list(&people[0]).await.unwrap().remove(0);
    let mut people = people.into_iter().map(|actor| (actor.user, actor.name));
    let starter = people.next().unwrap();
    GroupRecord::start((chat.id, chat.name), CallKind::Video, starter, people, at)
}

on_both! {
async fn a_group_call_is_read_as_it_was_written(world: World) {
    let mut call = started(&world, &["Анна", "Борис"], START).await;
    let guest = world.person("Вера").await;
    let mut tx = world.ground.db.write().await.unwrap();
    group_calls::insert(&mut tx, &call).await.unwrap();
    call.status = CallStatus::Answered;
    call.answered_at = Some(UnixMillis(START.0 + 5));
    call.locked = true;
    call.people.push(GroupPerson {
        admission: Some(Admission::Invited),
        rung_at: Some(START),
        joined_at: Some(START),
        session: Some(guest.session),
        ..GroupPerson::new(guest.user, guest.name, Outcome::Joined)
    });
    call.people[1].outcome = Outcome::Busy;
    group_calls::update(&mut tx, &call).await.unwrap();
    let read = group_calls::live(&mut tx).await.unwrap().pop().unwrap();
    assert_eq!((read.status, read.locked, read.started_by), (CallStatus::Answered, true, call.started_by));
    assert_eq!(read.chat_name, "Семейный Чат");
    for person in &call.people {
        assert_eq!(read.person(person.user), Some(person));
    }
    assert_eq!(read.people[0].user, call.started_by);
}
}

on_both! {
async fn a_chat_has_one_living_group_call(world: World) {
    let mut first = started(&world, &["Анна", "Борис"], START).await;
    let again = started(&world, &["Борис", "Анна"], START).await;
    let mut tx = world.ground.db.write().await.unwrap();
    group_calls::insert(&mut tx, &first).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = world.ground.db.write().await.unwrap();
    assert!(matches!(group_calls::insert(&mut tx, &again).await, Err(StoreError::Taken(_))));
    drop(tx);
    let mut tx = world.ground.db.write().await.unwrap();
    first.status = CallStatus::Ended;
    first.ended_at = Some(START);
    group_calls::update(&mut tx, &first).await.unwrap();
    group_calls::insert(&mut tx, &again).await.unwrap();
}
}

on_both! {
async fn the_history_has_calls_of_both_forms_and_goes_back_page_by_page(world: World) {
    let (anna, boris) = (world.person("Анна").await, world.person("Борис").await);
    let private = world.calls.initiate(&anna, boris.user, CallKind::Voice).await.unwrap();
    let end = zvonilka::domain::Command::Reject { user: boris.user, socket: None };
    world.calls.command(private.id, end).await.unwrap();
    let mut ids = vec![private.id];
    for n in 1..4 {
        let at = UnixMillis(START.0 + n);
        let mut call = started(&world, &["Анна", "Борис"], at).await;
        let mut tx = world.ground.db.write().await.unwrap();
        group_calls::insert(&mut tx, &call).await.unwrap();
        (call.status, call.reason, call.ended_at) = (CallStatus::Missed, Some(EndReason::Missed), Some(at));
        group_calls::update(&mut tx, &call).await.unwrap();
        tx.commit().await.unwrap();
        ids.insert(0, call.id);
    }
    let mut tx = world.ground.db.read().await.unwrap();
    let all = group_calls::log(&mut tx, boris.user, None, 50).await.unwrap();
    assert_eq!(all.iter().map(|entry| entry.call.id).collect::<Vec<_>>(), ids);
    let (newest, oldest) = (&all[0], &all[3]);
    assert_eq!((newest.form, newest.call.reason), (CallForm::Group, Some(EndReason::Missed)));
    assert_eq!(oldest.form, CallForm::Private);
    let outcomes: Vec<_> = oldest.call.people.iter().map(|person| person.outcome).collect();
    assert_eq!(outcomes, [Outcome::Joined, Outcome::Declined]);
    let two = group_calls::log(&mut tx, boris.user, Some(Before::Call(ids[0])), 2).await.unwrap();
    assert_eq!(two.iter().map(|entry| entry.call.id).collect::<Vec<_>>(), ids[1..3]);
    let first = group_calls::log(&mut tx, boris.user, Some(Before::Time(UnixMillis(START.0 + 1))), 5).await.unwrap();
    assert_eq!(first.len(), 1);
    let vera = world.person("Вера").await;
    assert!(group_calls::log(&mut tx, vera.user, None, 5).await.unwrap().is_empty());
}
}

on_both! {
async fn what_was_between_two_and_grew_leaves_the_old_lists(world: World) {
    let (anna, boris) = (world.person("Анна").await, world.person("Борис").await);
    let private = world.calls.initiate(&anna, boris.user, CallKind::Voice).await.unwrap();
    let answer = zvonilka::domain::Command::Accept { user: boris.user, session: boris.session, socket: None };
    let private = world.calls.command(private.id, answer).await.unwrap().call;
    let grown = GroupRecord::grown(&private, "Анна & Борис".into(), UnixMillis(START.0 + 9));
    let mut tx = world.ground.db.write().await.unwrap();
    group_calls::grow(&mut tx, &grown).await.unwrap();
    tx.commit().await.unwrap();
    assert!(world.calls.active(&anna).await.unwrap().is_empty());
    assert!(world.calls.history(&anna, zvonilka::domain::Page::first(9)).await.unwrap().is_empty());
    let mut tx = world.ground.db.read().await.unwrap();
    let entry = group_calls::entry(&mut tx, private.id).await.unwrap().unwrap();
    assert_eq!((entry.form, entry.call.started_by), (CallForm::Group, anna.user));
    assert!(entry.call.people.iter().all(|person| person.is_inside() && person.outcome == Outcome::Joined));
    assert!(group_calls::entry(&mut tx, zvonilka::domain::CallId::new()).await.unwrap().is_none());
}
}
