//! What the relay is told of one call: the sign-ins that speak for its sides, under their relay names.

use std::collections::HashMap;

use crate::domain::{CallId, Effect, RelayChange, SessionId};
use crate::media::{Media, RelayName};
use crate::store::{self as repo, StoreError, Tx};

/// The relay names of those who speak in one call.
#[derive(Default)]
pub(super) struct Speakers(HashMap<SessionId, RelayName>);

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
                    self.0.insert(*session, name);
                }
                Err(error) => {
                    tracing::error!(%session, %error, "a sign-in's relay name is damaged");
                }
            }
        }
        Ok(())
    }

    /// Tells the relay. It knows when this returns.
    pub(super) fn tell(&mut self, media: &Media, call: CallId, change: RelayChange) {
        match change {
            RelayChange::Join(_, session) => {
                if let Some(name) = self.0.get(&session) {
                    media.join(call, name);
                }
            }
            RelayChange::Announce(session, addresses) => {
                if let Some(name) = self.0.get(&session) {
                    media.announce(call, name, &addresses);
                }
            }
            RelayChange::Leave(session) => {
                if let Some(name) = self.0.remove(&session) {
                    media.leave(call, &name);
                }
            }
            RelayChange::End => media.end_call(call),
        }
    }
}
