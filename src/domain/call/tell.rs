//! Who is told what, and what is written.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::super::{CallEvent, EndReason, SocketId, UnixMillis};
use super::legs::{Leg, Side};
use super::{Call, Effect, Emit, SignalKind, Target};

pub(super) fn to_socket(socket: SocketId, event: CallEvent) -> Effect {
    Effect::Emit(Emit {
        to: Target::Socket(socket),
        except: None,
        event,
    })
}

impl Call {
    pub(super) fn save(&mut self, out: &mut Vec<Effect>, now: UnixMillis) {
        self.record.updated_at = now;
        out.push(Effect::Save(Box::new(self.record.clone())));
    }

    pub(super) fn status(&self, out: &mut Vec<Effect>, at: UnixMillis) {
        let event = CallEvent::Status {
            call: self.record.id,
            status: self.record.status,
            at,
        };
        self.to_user(out, Side::Caller, None, event.clone());
        self.to_user(out, Side::Receiver, None, event);
    }

    pub(super) fn incoming(&self, expires_in: Duration) -> CallEvent {
        CallEvent::Incoming {
            call: self.record.id,
            from: self.record.caller.user,
            name: self.record.caller.name.clone(),
            kind: self.record.kind,
            expires_in: u64::try_from(expires_in.as_millis()).unwrap_or(u64::MAX),
        }
    }

    pub(super) fn ended_event(&self, reason: EndReason) -> CallEvent {
        CallEvent::Ended {
            call: self.record.id,
            reason,
            duration: self.record.duration_secs(),
        }
    }

    pub(super) fn signal_event(
        &self,
        from: Side,
        kind: SignalKind,
        payload: Arc<Value>,
    ) -> CallEvent {
        CallEvent::Signal {
            call: self.record.id,
            kind,
            payload,
            from: self.leg_record(from).user,
        }
    }

    /// Tells whoever speaks for one side.
    pub(super) fn to_side(&self, out: &mut Vec<Effect>, side: Side, event: CallEvent) {
        let leg = self.leg_record(side);
        let to = match (self.leg(side), leg.session) {
            (Some(Leg::Bound(socket)), _) => Target::Socket(socket),
            (_, Some(session)) => Target::Session(session),
            (_, None) => Target::User(leg.user),
        };
        out.push(Effect::Emit(Emit {
            to,
            except: None,
            event,
        }));
    }

    pub(super) fn to_user(
        &self,
        out: &mut Vec<Effect>,
        side: Side,
        except: Option<SocketId>,
        event: CallEvent,
    ) {
        out.push(Effect::Emit(Emit {
            to: Target::User(self.leg_record(side).user),
            except,
            event,
        }));
    }
}
