//! What the relay is told of one call: the sign-ins that speak for its sides, under their relay names.

use std::collections::HashMap;

use crate::domain::{CallId, Effect, RelayChange, SessionId, UserId};
use crate::media::{Media, RelayName};
use crate::service::Ground;
use crate::service::journal::Part;
use crate::store::{self as repo, StoreError, Tx};

/// The relay names of those who speak in one call.
#[derive(Default)]
pub(super) struct Speakers(HashMap<SessionId, Speaker>);

struct Speaker {
    user: UserId,
    name: RelayName,
    /// The name as the sign-in has it, which the record of calls goes by.
    sign_in: String,
}

impl Speakers {
    /// Finds the relay names of the sign-ins that `effects` bring into the call. One that is over meanwhile has none.
    pub(super) async fn learn(
        &mut self,
        media: &Media,
        tx: &mut Tx,
        effects: &[Effect],
    ) -> Result<(), StoreError> {
        for effect in effects {
            let Effect::Relay(RelayChange::Join(user, session)) = effect else {
                continue;
            };
            let row = repo::sessions::relay_name(tx, *session).await?;
            let Some(row) = row.filter(|row| row.ended_at.is_none()) else {
                continue;
            };
            match media.name(*user, &row.relay_name) {
                Ok(name) => {
                    let (user, sign_in) = (*user, row.relay_name);
                    let speaker = Speaker {
                        user,
                        name,
                        sign_in,
                    };
                    self.0.insert(*session, speaker);
                }
                Err(error) => {
                    tracing::error!(%session, %error, "a sign-in's relay name is damaged");
                }
            }
        }
        Ok(())
    }

    /// Tells the relay, and the record of calls. The relay knows when this returns.
    pub(super) fn tell(&mut self, ground: &Ground, call: CallId, change: RelayChange) {
        let (media, journal) = (&ground.media, &ground.journal);
        match change {
            RelayChange::Join(_, session) => {
                if let Some(speaker) = self.0.get(&session) {
                    media.join(call, &speaker.name);
                    let user = speaker.user;
                    let part = Part {
                        call,
                        user,
                        session,
                    };
                    journal.joins(speaker.sign_in.clone(), part);
                }
            }
            RelayChange::Announce(session, addresses) => {
                if let Some(speaker) = self.0.get(&session) {
                    media.announce(call, &speaker.name, &addresses);
                }
            }
            RelayChange::Leave(session) => {
                if let Some(speaker) = self.0.remove(&session) {
                    media.leave(call, &speaker.name);
                    journal.leaves(speaker.sign_in);
                }
            }
            RelayChange::End => {
                media.end_call(call);
                journal.over(call);
            }
        }
    }
}
