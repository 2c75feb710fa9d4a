//! The task of one live call: takes commands and the passing of time to the machine, saves, then tells.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant, sleep_until};

use crate::domain::{Call, CallForm, Command, Effect, Event, GroupView, UnixMillis};
use crate::store::{self as repo, StoreError};

use super::group::{self, Growth};
use super::scribe::{Before, Scribe};
use super::speakers::Speakers;
use super::{CallRefused, Calls, Joined};

/// How soon a row is tried again that could not be written when time was up.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// What is asked of a call, and who waits for its answer.
pub(super) enum Ask {
    /// Carry out a command.
    Command(Command, oneshot::Sender<Result<Joined, CallRefused>>),
    /// Become a group call, and end as a call between two.
    Grow(Growth, oneshot::Sender<Result<Arc<GroupView>, CallRefused>>),
}

/// What a call keeps beside itself: who speaks at the relay, and what was written down of it.
type Hands<'a> = (&'a mut Speakers, &'a mut Scribe);

/// Runs the call until it is over. `first` is what its start brought about.
pub(super) async fn run(
    calls: Calls,
    mut call: Call,
    mut asks: mpsc::Receiver<Ask>,
    mut speakers: Speakers,
    first: Vec<Effect>,
) {
    // A step of the wall clock does not touch a call: its time is that of its start plus what really passed.
    let (started, began) = (Instant::now(), calls.ground.clock.now());
    let now = || began.plus(started.elapsed());
    let mut scribe = Scribe::default();
    tell(&calls, &call, &mut speakers, first);
    while let Some(deadline) = call.deadline() {
        let due = started + deadline.since(began);
        tokio::select! {
            biased;
            () = sleep_until(due) => {
                let at = now().max(deadline);
                if let Err(error) = carry_out(&calls, &mut call, (&mut speakers, &mut scribe), Command::Tick, at).await {
                    tracing::error!(call = %call.record().id, %error, "a call's row could not be written");
                    tokio::time::sleep(RETRY).await;
                }
            }
            ask = asks.recv() => {
                let Some(ask) = ask else { break };
                let (command, reply) = match ask {
                    Ask::Command(command, reply) => (command, reply),
                    Ask::Grow(growth, reply) => {
                        let grown = group::grow(&calls, call.record(), growth, now()).await;
                        let is_over = grown.is_ok();
                        // Whoever asked may have gone.
                        drop(reply.send(grown));
                        if is_over {
                            return;
                        }
                        continue;
                    }
                };
                let is_gone = matches!(command, Command::Gone { .. });
                let mut answer = answer(&calls, &mut call, (&mut speakers, &mut scribe), command.clone(), now()).await;
                // What the server ended goes on as little because its row could not be written: nobody would say it again.
                while let (true, Err(CallRefused::Store(error))) = (is_gone, &answer) {
                    tracing::error!(call = %call.record().id, %error, "a call's row could not be written");
                    tokio::select! {
                        () = calls.ground.tasks.stopped() => return,
                        () = tokio::time::sleep(RETRY) => {}
                    }
                    answer = self::answer(&calls, &mut call, (&mut speakers, &mut scribe), command.clone(), now()).await;
                }
                if call.deadline().is_none() {
                    // Both may be called again before whoever ended it knows that it is over.
                    calls.lock().remove(call.record().id);
                }
                // Whoever asked may have gone.
                drop(reply.send(answer));
            }
            () = calls.ground.tasks.stopped() => return,
        }
    }
    calls.lock().remove(call.record().id);
    let record = call.record();
    let reason = record.reason.map_or("", crate::domain::EndReason::as_str);
    let tally = &calls.ground.tally;
    tally.call_ended(CallForm::Private, record.reason);
    tracing::info!(call = %record.id, reason, seconds = record.duration_secs(), "call ended");
}

async fn answer(
    calls: &Calls,
    call: &mut Call,
    hands: Hands<'_>,
    command: Command,
    now: UnixMillis,
) -> Result<Joined, CallRefused> {
    let joiner = match &command {
        Command::Join { user, .. } => Some(*user),
        Command::Attach { .. }
        | Command::Detach(_)
        | Command::Signal { .. }
        | Command::Accept { .. }
        | Command::Reject { .. }
        | Command::End { .. }
        | Command::Gone { .. }
        | Command::Close
        | Command::Tick => None,
    };
    carry_out(calls, call, hands, command, now).await?;
    let resend_offer = joiner.is_some_and(|user| call.wants_offer(user));
    Ok(Joined {
        call: call.record().clone(),
        resend_offer,
    })
}

async fn carry_out(
    calls: &Calls,
    call: &mut Call,
    (speakers, scribe): Hands<'_>,
    command: Command,
    now: UnixMillis,
) -> Result<(), CallRefused> {
    // Signals change no row: they need no copy to go back to.
    let before = (!matches!(command, Command::Signal { .. })).then(|| call.clone());
    let was = Before::of(call);
    let effects = call.apply(command.clone(), now)?;
    if let Err(error) = save(calls, speakers, &effects).await {
        if let Some(before) = before {
            *call = before;
        }
        return Err(error.into());
    }
    if before.is_some() {
        calls.lock().note(call.record());
    }
    scribe.note(&calls.ground.journal, (&was, call), command, &effects);
    tell(calls, call, speakers, effects);
    Ok(())
}

async fn save(
    calls: &Calls,
    speakers: &mut Speakers,
    effects: &[Effect],
) -> Result<(), StoreError> {
    let last = effects.iter().rev().find_map(|effect| match effect {
        Effect::Save(record) => Some(record),
        Effect::Relay(_) | Effect::Emit(_) => None,
    });
    if let Some(record) = last {
        let mut tx = calls.ground.db.write().await?;
        repo::calls::update(&mut tx, record).await?;
        // Nobody begins to speak for a side without a change of the row.
        speakers
            .learn(&calls.ground.media, &mut tx, effects)
            .await?;
        tx.commit().await?;
    }
    Ok(())
}

fn tell(calls: &Calls, call: &Call, speakers: &mut Speakers, effects: Vec<Effect>) {
    for effect in effects {
        match effect {
            Effect::Emit(emit) => {
                calls
                    .ground
                    .bus
                    .tell_call(emit.to, emit.except, &Event::Call(emit.event))
            }
            Effect::Relay(change) => {
                speakers.tell(&calls.ground, call.record().id, change);
            }
            Effect::Save(_) => {}
        }
    }
}
