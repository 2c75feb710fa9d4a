//! The database: connections, transactions, migrations, and one file of queries for each group of tables. All SQL is here.
//!
//! One body serves SQLite and PostgreSQL: [`Tx`] is an enum of the two and `on!` compiles a query for both. The services own where a
//! transaction begins and commits; nothing else of the program may be awaited inside one.

pub mod call_steps;
pub mod calls;
pub mod chats;
pub mod dump;
mod error;
pub mod group_calls;
pub mod invites;
pub mod messages;
pub mod sessions;
pub mod users;

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};

pub use error::StoreError;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// How long a request waits for a connection or SQLite's lock before it fails.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections for reading (SQLite) or in all (PostgreSQL).
const CONNECTIONS: u32 = 8;

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pools: Pools,
    observer: Option<Observer>,
}

/// Who is told of each transaction when it is over.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(Observed) + Send + Sync>);

/// How a transaction went.
#[derive(Clone, Copy, Debug)]
pub struct Observed {
    /// It could write.
    pub writes: bool,
    /// How long it waited for a connection, or on SQLite for those before it.
    pub waited: Duration,
    /// How long it lasted then.
    pub lasted: Duration,
}

/// Connections of one pool.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// Which: `all`, `writer` or `readers`.
    pub name: &'static str,
    /// How many are open.
    pub open: u32,
    /// How many of these are idle.
    pub idle: usize,
}

#[derive(Clone, Debug)]
enum Pools {
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

/// One transaction. Dropped without [`Tx::commit`], it changes nothing.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>, Watch),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>, Watch),
}

/// Measures one transaction until it is dropped.
#[derive(Debug)]
pub struct Watch {
    observer: Option<Observer>,
    writes: bool,
    asked: Instant,
    began: Instant,
}

impl Observer {
    /// Tells `observe`, which must be quick.
    pub fn new(observe: impl Fn(Observed) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observe))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(Observer(observe)) = &self.observer {
            observe(Observed {
                writes: self.writes,
                waited: self.began - self.asked,
                lasted: self.began.elapsed(),
            });
        }
    }
}

/// Runs one body on whichever database `tx` is; `$c` is a `&mut` connection of it.
macro_rules! on {
    ($tx:expr, |$c:ident| $body:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(t, _) => {
                let $c = &mut **t;
                $body
            }
            $crate::store::Tx::Postgres(t, _) => {
                let $c = &mut **t;
                $body
            }
        }
    };
}
use on;

/// Runs one statement without rows, with these values for `$1`, `$2` and so on; gives the number of rows it touched.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::store::on!($tx, |c| sqlx::query($sql)
            $(.bind($value))*
            .execute(c)
            .await
            .map(|done| done.rows_affected()))
    };
}
use execute;

impl Db {
    /// Opens (or makes) an SQLite file and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError`] if the file cannot be opened or a migration fails.
    pub async fn sqlite(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .connect_with(options.clone())
            .await?;
        SQLITE.run(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self::of(Pools::Sqlite { writer, readers }))
    }

    /// Connects to PostgreSQL (`postgres://user:password@host:port/name`) and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError`] if the server cannot be reached or a migration fails.
    pub async fn postgres(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect_with(options)
            .await?;
        POSTGRES.run(&pool).await?;
        Ok(Self::of(Pools::Postgres(pool)))
    }

    const fn of(pools: Pools) -> Self {
        let observer = None;
        Self { pools, observer }
    }

    /// Tells `observer` of each transaction from here on.
    #[must_use]
    pub fn observed(self, observer: Observer) -> Self {
        let observer = Some(observer);
        Self { observer, ..self }
    }

    fn watch(&self, writes: bool, asked: Instant) -> Watch {
        Watch {
            observer: self.observer.clone(),
            writes,
            asked,
            began: Instant::now(),
        }
    }

    /// Asks the database for an answer, any answer.
    ///
    /// # Errors
    /// [`StoreError`] if there is none.
    pub async fn answers(&self) -> Result<(), StoreError> {
        let mut tx = self.read().await?;
        execute!(&mut tx, "select 1")?;
        Ok(())
    }

    /// Counts its connections.
    #[must_use]
    pub fn pools(&self) -> Vec<Pool> {
        match &self.pools {
            Pools::Sqlite { writer, readers } => [("writer", writer), ("readers", readers)]
                .map(|(name, pool)| Pool {
                    name,
                    open: pool.size(),
                    idle: pool.num_idle(),
                })
                .into(),
            Pools::Postgres(pool) => vec![Pool {
                name: "all",
                open: pool.size(),
                idle: pool.num_idle(),
            }],
        }
    }

    /// Begins a transaction that writes. On SQLite there is one at a time.
    ///
    /// # Errors
    /// [`StoreError`] if no connection is free in time.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        let asked = Instant::now();
        Ok(match &self.pools {
            Pools::Sqlite { writer, .. } => {
                let tx = writer.begin_with("begin immediate").await?;
                Tx::Sqlite(tx, self.watch(true, asked))
            }
            Pools::Postgres(pool) => {
                let tx = pool.begin().await?;
                Tx::Postgres(tx, self.watch(true, asked))
            }
        })
    }

    /// Begins a transaction that reads one consistent state.
    ///
    /// # Errors
    /// [`StoreError`] if no connection is free in time.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        let asked = Instant::now();
        Ok(match &self.pools {
            Pools::Sqlite { readers, .. } => {
                let tx = readers.begin().await?;
                Tx::Sqlite(tx, self.watch(false, asked))
            }
            Pools::Postgres(pool) => {
                let begin = "begin isolation level repeatable read read only";
                let tx = pool.begin_with(begin).await?;
                Tx::Postgres(tx, self.watch(false, asked))
            }
        })
    }

    /// Closes all connections, after those in use have finished.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Makes everything done in it durable.
    ///
    /// # Errors
    /// [`StoreError`] if the database could not; then nothing of it happened.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx, _) => tx.commit().await?,
            Self::Postgres(tx, _) => tx.commit().await?,
        }
        Ok(())
    }
}
