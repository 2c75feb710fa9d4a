//! The server's end of the control channel.

use super::control::{Order, Told};
use anyhow::Context;
use net::Relay;
use std::{
    io::{self, BufRead, Write},
    thread,
};
use tokio::{runtime, sync::mpsc};

/// Orders that may wait.
const ORDERS: usize = 64;

/// Does what standard input orders of the rooms of `relay`, and tells on standard output what they tell, until standard input ends.
///
/// # Errors
/// If an order cannot be read, or nobody hears what is told.
pub(crate) fn serve(relay: &mut Relay) -> anyhow::Result<()> {
    let mut events = relay.rooms_events().context("a relay without rooms")?;
    let handle = relay.handle();
    let (sender, mut orders) = mpsc::channel(ORDERS);
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            // Once nobody takes orders, this process ends.
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    let tell = |told: Option<Told>| match told {
        Some(told) => {
            let mut line = serde_json::to_vec(&told)?;
            line.push(b'\n');
            let mut out = io::stdout().lock();
            out.write_all(&line)?;
            Ok::<_, anyhow::Error>(out.flush()?)
        }
        None => Ok(()),
    };
    runtime::Builder::new_current_thread()
        .build()?
        .block_on(async {
            loop {
                tokio::select! {
                    order = orders.recv() => {
                        let Some(line) = order else {
                            return Ok(());
                        };
                        let order: Order = serde_json::from_str(&line?)?;
                        let participant = order.participant;
                        let reply = handle.room(order.into_ask()?).await;
                        tell(Told::of_reply(participant, reply))?;
                    }
                    event = events.recv() => {
                        tell(Told::of_event(event.context("the relay is gone")?))?;
                    }
                }
            }
        })
}
