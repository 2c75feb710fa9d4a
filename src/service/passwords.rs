//! Hashing passwords: argon2id, on threads of its own at low priority, behind a bounded queue.
//!
//! One thread for two processors, so that a hundred sign-ins at once cost media nothing; when the queue is full the next one is
//! refused. bcrypt hashes of the former system are accepted and replaced.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::oneshot;

use crate::domain::Password;

/// bcrypt cost above which a stored hash is refused: it would hold a thread for seconds.
const MAX_BCRYPT_COST: u32 = 14;

/// Too many sign-ins are waiting, or a hash could not be computed.
#[derive(Debug, thiserror::Error, Clone, Copy)]
#[error("too many sign-ins at once; try again in {} s", retry_after.as_secs())]
pub struct Busy {
    /// When to try again.
    pub retry_after: Duration,
}

/// How long a thread without work keeps its memory.
const IDLE: Duration = Duration::from_secs(5);

const BUSY: Busy = Busy {
    retry_after: Duration::from_secs(2),
};

/// What came of checking a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is another.
    Wrong,
    /// It is this one.
    Right,
    /// It is this one, and this hash should replace the stored one.
    Rehashed(String),
}

type Job = Box<dyn FnOnce(&mut Hasher) + Send>;

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    jobs: mpsc::SyncSender<Job>,
    /// A hash of nothing anybody knows: an unknown name costs as much time as a wrong password.
    dummy: Arc<str>,
}

impl Passwords {
    /// Starts the threads; `queue` jobs may wait.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn start(queue: NonZeroU32) -> std::io::Result<Self> {
        let (jobs, inbox) = mpsc::sync_channel::<Job>(queue.get() as usize);
        let inbox = Arc::new(Mutex::new(inbox));
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().div_ceil(2));
        for _ in 0..threads {
            let inbox = Arc::clone(&inbox);
            std::thread::Builder::new()
                .name("passwords".into())
                .spawn(move || work(&inbox))?;
        }
        let dummy = Hasher::default()
            .hash(uuid::Uuid::new_v4().as_bytes())
            .ok_or_else(|| std::io::Error::other("argon2 failed"))?;
        Ok(Self {
            jobs,
            dummy: dummy.into(),
        })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`Busy`] if too many wait.
    pub async fn hash(&self, password: Password) -> Result<String, Busy> {
        self.run(move |hasher| hasher.hash(password.expose()))
            .await?
            .ok_or(BUSY)
    }

    /// Checks a password against a stored hash, or (`None`: there is no such user) against nothing in the same time.
    ///
    /// # Errors
    /// [`Busy`] if too many wait.
    pub async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<Verdict, Busy> {
        let dummy = Arc::clone(&self.dummy);
        self.run(move |hasher| match stored {
            Some(stored) => hasher.verify(password.expose(), &stored),
            None => {
                hasher.verify(password.expose(), &dummy);
                Verdict::Wrong
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Hasher) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (answer, result) = oneshot::channel();
        // Whoever asked may have gone: then nobody needs the answer.
        let job = Box::new(move |hasher: &mut Hasher| drop(answer.send(job(hasher))));
        self.jobs.try_send(job).map_err(|_| BUSY)?;
        result.await.map_err(|_| BUSY)
    }
}

fn work(inbox: &Mutex<mpsc::Receiver<Job>>) {
    // Linux: the nice value belongs to the thread. Where it cannot be set, hashing is merely less polite.
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::debug!(%error, "password threads run at normal priority");
    }
    let mut hasher = Hasher::default();
    loop {
        let queue = inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let job = if hasher.memory.is_empty() {
            queue
                .recv()
                .map_err(|_| mpsc::RecvTimeoutError::Disconnected)
        } else {
            queue.recv_timeout(IDLE)
        };
        drop(queue);
        match job {
            Ok(job) => job(&mut hasher),
            Err(mpsc::RecvTimeoutError::Timeout) => hasher = Hasher::default(),
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Hashes with one piece of memory, used again and again: taken anew for each hash, the allocator would come to keep several.
#[derive(Default)]
struct Hasher {
    memory: Vec<Block>,
}

impl Hasher {
    fn hash(&mut self, password: &[u8]) -> Option<String> {
        let salt = *uuid::Uuid::new_v4().as_bytes();
        let hash = self
            .compute(&Argon2::default(), password, &salt)
            .and_then(|output| {
                let params = Params::default();
                Ok(PasswordHash {
                    algorithm: Algorithm::Argon2id.ident(),
                    version: Some(Version::default().into()),
                    params: ParamsString::try_from(&params)?,
                    salt: Some(Salt::new(&salt)?),
                    hash: Some(output),
                })
            });
        match hash {
            Ok(hash) => Some(hash.to_string()),
            Err(error) => {
                tracing::error!(%error, "a password could not be hashed");
                None
            }
        }
    }

    fn verify(&mut self, password: &[u8], stored: &str) -> Verdict {
        if stored.starts_with("$2") {
            return self.verify_bcrypt(password, stored);
        }
        match self.matches(password, stored) {
            Ok(true) => Verdict::Right,
            Ok(false) => Verdict::Wrong,
            Err(error) => {
                tracing::error!(%error, "a stored password hash cannot be checked");
                Verdict::Wrong
            }
        }
    }

    fn matches(&mut self, password: &[u8], stored: &str) -> argon2::password_hash::Result<bool> {
        let stored = PasswordHash::new(stored)?;
        let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
            return Ok(false);
        };
        let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
        let version = stored.version.map(Version::try_from).transpose()?;
        let params = Params::try_from(&stored)?;
        let argon = Argon2::new(algorithm, version.unwrap_or_default(), params);
        // `Output` compares in constant time.
        Ok(self.compute(&argon, password, salt)? == *expected)
    }

    fn compute(
        &mut self,
        argon: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
    ) -> argon2::password_hash::Result<Output> {
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        self.memory
            .resize(argon.params().block_count(), Block::default());
        argon.hash_password_into_with_memory(password, salt, &mut output, &mut self.memory)?;
        Ok(Output::new(&output)?)
    }

    fn verify_bcrypt(&mut self, password: &[u8], stored: &str) -> Verdict {
        let cost = stored
            .split('$')
            .nth(2)
            .and_then(|cost| cost.parse::<u32>().ok());
        if cost.is_none_or(|cost| cost > MAX_BCRYPT_COST) {
            tracing::warn!(
                "a stored bcrypt hash is too costly to check; the user needs a new password"
            );
            return Verdict::Wrong;
        }
        match bcrypt::verify(password, stored) {
            Ok(true) => self
                .hash(password)
                .map_or(Verdict::Right, Verdict::Rehashed),
            Ok(false) | Err(_) => Verdict::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Password {
        Password::typed(text.into()).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_right_for_its_own_hash_alone() {
        let passwords = Passwords::start(NonZeroU32::new(16).unwrap()).unwrap();
        let hash = passwords.hash(typed("secret1")).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert_eq!(
            passwords
                .verify(typed("secret1"), Some(hash.clone()))
                .await
                .unwrap(),
            Verdict::Right
        );
        assert_eq!(
            passwords
                .verify(typed("secret2"), Some(hash))
                .await
                .unwrap(),
            Verdict::Wrong
        );
        assert_eq!(
            passwords.verify(typed("secret1"), None).await.unwrap(),
            Verdict::Wrong
        );
        assert_eq!(
            passwords
                .verify(typed(""), Some("nonsense".into()))
                .await
                .unwrap(),
            Verdict::Wrong
        );
    }

    #[tokio::test]
    async fn a_bcrypt_hash_is_accepted_once_and_replaced() {
        let passwords = Passwords::start(NonZeroU32::new(16).unwrap()).unwrap();
        let old = bcrypt::hash("secret1", 4).unwrap();
        let Verdict::Rehashed(new) = passwords
            .verify(typed("secret1"), Some(old.clone()))
            .await
            .unwrap()
        else {
            panic!("not rehashed")
        };
        assert_eq!(
            passwords.verify(typed("secret1"), Some(new)).await.unwrap(),
            Verdict::Right
        );
        assert_eq!(
            passwords
                .verify(typed("secret2"), Some(old.clone()))
                .await
                .unwrap(),
            Verdict::Wrong
        );
        let costly = old.replacen("$04$", "$15$", 1);
        assert_eq!(
            passwords
                .verify(typed("secret1"), Some(costly))
                .await
                .unwrap(),
            Verdict::Wrong
        );
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let passwords = Passwords::start(NonZeroU32::new(2).unwrap()).unwrap();
        let asked: Vec<_> = (0..40).map(|_| passwords.hash(typed("secret1"))).collect();
        let results = futures_util::future::join_all(asked).await;
        assert!(results.iter().any(Result::is_err), "nobody was refused");
        assert!(results.iter().filter(|result| result.is_ok()).count() >= 2);
    }
}
