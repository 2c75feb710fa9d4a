//! The life of an allocation in the log: what an operator would tell a user, and no addresses but for debugging.

use turn::AllocationEvent;

/// Writes one line for the beginning and one for the end of an allocation, or for its refusal.
pub(crate) fn log(event: &AllocationEvent) {
    match event {
        AllocationEvent::Started {
            session,
            five_tuple,
            relayed,
            lifetime,
            ..
        } => {
            let transport = five_tuple.transport.name();
            tracing::info!(%session, transport, lifetime = lifetime.as_secs(), "allocation started");
            tracing::debug!(%session, %five_tuple, ?relayed, "allocation addresses");
        }
        AllocationEvent::Ended {
            session,
            five_tuple,
            age,
            to_peers,
            to_client,
            reason,
            ..
        } => {
            let (to_peers, to_client) = (to_peers.bytes, to_client.bytes);
            let transport = five_tuple.transport.name();
            tracing::info!(%session, transport, age = age.as_secs(), to_peers, to_client, reason = reason.name(), "allocation ended");
        }
        AllocationEvent::Refused {
            session,
            five_tuple,
            why,
        } => {
            let transport = five_tuple.transport.name();
            tracing::info!(%session, transport, why = why.name(), "allocation refused");
            tracing::debug!(%session, %five_tuple, "address of a refused allocation");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
        time::Duration,
    };
    use tracing::Level;
    use turn::{AllocationId, EndReason, FiveTuple, Flow, SessionName, Transport};

    #[test]
    fn the_life_of_an_allocation_is_logged_and_addresses_only_for_debugging() {
        let info = logged(Level::INFO);
        assert_eq!(info.lines().count(), 2, "{info}");
        assert!(
            info.contains("allocation started") && info.contains("lifetime=600"),
            "{info}"
        );
        assert!(
            info.contains("allocation ended")
                && info.contains("age=60")
                && info.contains("to_peers=5"),
            "{info}"
        );
        assert_eq!(info.matches("session=alice").count(), 2, "{info}");
        assert_eq!(info.matches("transport=\"udp\"").count(), 2, "{info}");
        assert!(
            !info.contains("192.0.2.1") && !info.contains("198.51.100.7"),
            "{info}"
        );
        assert!(logged(Level::DEBUG).contains("192.0.2.1:1000"));
    }

    /// Returns what is logged at `level` of one allocation.
    fn logged(level: Level) -> String {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let writer = Lines(Arc::clone(&lines));
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let session: SessionName = "alice".parse().unwrap();
        let five_tuple = FiveTuple {
            transport: Transport::Udp,
            client: "192.0.2.1:1000".parse().unwrap(),
            server: "198.51.100.7:3478".parse().unwrap(),
        };
        let relayed = vec!["198.51.100.7:50000".parse().unwrap()];
        let id = AllocationId(1);
        tracing::subscriber::with_default(subscriber, || {
            let lifetime = Duration::from_secs(600);
            log(&AllocationEvent::Started {
                id,
                session: session.clone(),
                five_tuple,
                relayed: relayed.clone(),
                lifetime,
            });
            log(&AllocationEvent::Ended {
                id,
                session,
                five_tuple,
                relayed,
                age: Duration::from_secs(60),
                to_peers: Flow {
                    packets: 1,
                    bytes: 5,
                },
                to_client: Flow::default(),
                reason: EndReason::Released,
            });
        });
        let lines = lines.lock().unwrap().clone();
        String::from_utf8(lines).unwrap()
    }

    #[derive(Clone)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
