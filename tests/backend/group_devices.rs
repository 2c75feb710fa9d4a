//! Group calls and the sign-ins in them: two tabs of one, one that has ended, one whose connection is away, one that asks too often.

use std::time::Duration;

use tokio::time::sleep;
use zvonilka::domain::{Actor, CallId, CallKind, Command, GroupEvent};
use zvonilka::store::Tx;

use crate::groups::{Device, device};
use crate::on_both;
use crate::support::{World as Family, eventually};

impl Device {
    fn is_moved_from(&mut self, call: CallId) -> bool {
        let heard = self.hears();
        (heard.iter()).any(|event| matches!(event, GroupEvent::Moved(id) if *id == call))
    }

    fn hears_that_it_grew(&mut self) -> bool {
        let heard = self.hears();
        (heard.iter()).any(|event| matches!(event, GroupEvent::Grown(_)))
    }
}

impl Family {
    /// Carries out a statement that no use case would.
    async fn alter(&self, sql: &'static str) {
        let mut tx = self.ground.db.write().await.unwrap();
        match &mut tx {
            Tx::Sqlite(tx, _) => drop(sqlx::query(sql).execute(&mut **tx).await.unwrap()),
            Tx::Postgres(tx, _) => drop(sqlx::query(sql).execute(&mut **tx).await.unwrap()),
        }
        tx.commit().await.unwrap();
    }

    /// Ends a sign-in while no call's row can be written, for a third of a second.
    async fn gone_while_rows_are_away(&self, of: &Actor) {
        self.alter("alter table calls rename to calls_away").await;
        let mended = async {
            sleep(Duration::from_millis(300)).await;
            self.alter("alter table calls_away rename to calls").await;
        };
        tokio::join!(self.calls.gone(of.user, Some(of.session)), mended);
    }

    /// A call between two in which both are.
    async fn speaking(&self, caller: &Actor, (callee, at): (&Actor, &Device)) -> CallId {
        let call = self
            .calls
            .initiate(caller, callee.user, CallKind::Voice)
            .await
            .unwrap();
        let accept = Command::Accept {
            user: callee.user,
            session: callee.session,
            socket: Some(at.socket),
        };
        self.calls.command(call.id, accept).await.unwrap();
        call.id
    }
}

on_both! {
async fn a_tab_whose_sign_in_goes_to_another_call_is_told_and_the_other_tab_is_left_there(world: World) {
    let (anna, boris) = (world.member("Анна").await, world.member("Борис").await);
    let (mut one, mut other) = (device(&world, &anna).await, device(&world, &anna).await);
    let chat = world.chats.private(&anna, boris.user).await.unwrap();
    let (family, _) = world.calls.group_start(&anna, world.family(&anna).await, CallKind::Voice).await.unwrap();
    let (private, _) = world.calls.group_start(&anna, chat.id, CallKind::Voice).await.unwrap();
    world.join(&anna, family.id, &one).await.unwrap();
    world.join(&anna, private.id, &other).await.unwrap();
    assert!(one.is_moved_from(family.id));
    assert!(!other.is_moved_from(private.id));
    let entry = world.calls.log_entry(&anna, family.id).await.unwrap();
    assert!(!entry.call.person(anna.user).unwrap().is_inside());

    world.calls.initiate(&anna, boris.user, CallKind::Voice).await.unwrap();
    assert!(other.is_moved_from(private.id), "it dialled somebody from the first tab");
}
}

on_both! {
async fn a_sign_in_that_has_ended_comes_into_no_call(world: World) {
    let anna = world.member("Анна").await;
    let at_anna = device(&world, &anna).await;
    let family = world.family(&anna).await;
    let (call, _) = world.calls.group_start(&anna, family, CallKind::Voice).await.unwrap();
    world.auth.logout(&anna).await.unwrap();
    let refused = world.join(&anna, call.id, &at_anna).await.unwrap_err();
    assert_eq!(refused.code(), "auth.token");
    assert!(!world.calls.is_busy(anna.user));
}
}

on_both! {
async fn whose_sign_in_ends_is_out_of_the_call_although_its_row_cannot_be_written_at_once(world: World) {
    let (anna, boris) = (world.member("Анна").await, world.member("Борис").await);
    let (at_anna, at_boris) = (device(&world, &anna).await, device(&world, &boris).await);
    let family = world.family(&anna).await;
    let (group, _) = world.calls.group_start(&anna, family, CallKind::Voice).await.unwrap();
    world.join(&anna, group.id, &at_anna).await.unwrap();
    world.gone_while_rows_are_away(&anna).await;
    assert!(!world.calls.is_busy(anna.user));

    let vera = world.member("Вера").await;
    let private = world.speaking(&vera, (&boris, &at_boris)).await;
    world.gone_while_rows_are_away(&vera).await;
    eventually(|| async { !world.calls.is_busy(boris.user) }).await;
    assert!(!world.calls.get(&boris, private).await.unwrap().status.is_live());
}
}

on_both! {
async fn a_call_of_two_grows_only_while_both_are_connected_and_who_hangs_up_too_late_is_not_awaited(world: World) {
    let (anna, boris, vera) = (world.member("Анна").await, world.member("Борис").await, world.member("Вера").await);
    let (at_anna, at_boris) = (device(&world, &anna).await, device(&world, &boris).await);
    let call = world.speaking(&anna, (&boris, &at_boris)).await;
    // No chat socket went with it: nobody is told.
    assert!(!world.ground.bus.leave(at_boris.socket));
    let away = world.calls.group_invite(&anna, call, vera.user).await.unwrap_err();
    assert_eq!(away.code(), "busy", "it may come back");

    let mut back = device(&world, &boris).await;
    world.calls.group_invite(&anna, call, vera.user).await.unwrap();
    assert!(back.hears_that_it_grew());
    let mut again = device(&world, &boris).await;
    assert!(again.hears_that_it_grew(), "the first may have been gone already");
    world.join(&anna, call, &at_anna).await.unwrap();

    let end = Command::End { user: boris.user, socket: None };
    assert_eq!(world.calls.command(call, end).await.unwrap_err().code(), "call.ended");
    assert!(!world.calls.is_busy(boris.user) && world.calls.is_busy(anna.user));
}
}

on_both! {
async fn nobody_starts_calls_faster_than_people_can_be_rung(world: World) {
    let (anna, boris) = (world.member("Анна").await, world.member("Борис").await);
    let family = world.family(&anna).await;
    let mut refused = None;
    for _ in 0..40 {
        if let Err(error) = world.calls.group_start(&anna, family, CallKind::Voice).await {
            refused = Some(error.code());
            break;
        }
    }
    assert_eq!(refused, Some("call.too_much"));
    assert!(world.calls.group_start(&boris, family, CallKind::Voice).await.is_ok());
}
}
