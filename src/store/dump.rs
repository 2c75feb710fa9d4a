//! Whole databases, out and in: SQLite as a file, PostgreSQL as one file for each table.
//!
//! PostgreSQL is read and written by its own `COPY`, in one transaction each: `pg_dump` would have to be there, and not be older than the
//! server. What a table looks like is not kept: the migrations make it, up to the one that the dump was made under.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, PgConnection};

use super::{PATIENCE, POSTGRES, SQLITE, StoreError};

/// How much of a table is sent at once, in bytes.
const CHUNK: usize = 64 << 10;

/// Why a database was not dumped or restored.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of the dump cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database is not sound.
    #[error("{}: the database is damaged: {verdict}", path.display())]
    Damaged {
        /// Where.
        path: PathBuf,
        /// What SQLite found first.
        verdict: String,
    },
    /// The database to restore to has something in it.
    #[error(
        "the PostgreSQL database has {tables} tables already; make an empty one (createdb) and name it in database.url"
    )]
    NotBlank {
        /// How many.
        tables: i64,
    },
    /// The dump does not fit the tables of its own version.
    #[error("the backup does not fit its own version: {name:?} is missing on one side")]
    Misfit {
        /// A table or a column.
        name: String,
    },
}

impl From<sqlx::Error> for DumpError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A table of a dump of PostgreSQL.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns in the order of the dump.
    pub columns: Vec<String>,
}

impl Table {
    /// What its file is called.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{}.copy", self.name)
    }

    fn copy(&self, way: &str) -> String {
        let quoted = |name: &String| format!("\"{}\"", name.replace('"', "\"\""));
        let columns: Vec<_> = self.columns.iter().map(quoted).collect();
        format!("copy {} ({}) {way}", quoted(&self.name), columns.join(", "))
    }
}

/// The newest migration that this version knows; the same for both databases.
#[must_use]
pub fn newest_migration() -> i64 {
    let versions = SQLITE.iter().map(|migration| migration.version);
    versions.max().unwrap_or(0)
}

/// Writes what the SQLite database `from` holds at one moment to the new file `to`; others may go on using it.
///
/// # Errors
/// [`DumpError`].
pub async fn sqlite(from: &Path, to: &Path) -> Result<(), DumpError> {
    let mut connection = open(from).await?;
    let written = sqlx::query("vacuum into $1")
        .bind(to.display().to_string())
        .execute(&mut connection)
        .await;
    connection.close().await?;
    Ok(written.map(drop)?)
}

/// Checks that the SQLite file `path` is sound; returns the newest migration that it has seen.
///
/// # Errors
/// [`DumpError::Damaged`].
pub async fn check_sqlite(path: &Path) -> Result<i64, DumpError> {
    let mut connection = open(path).await?;
    let checked = async {
        let (verdict,): (String,) = sqlx::query_as("pragma integrity_check(1)")
            .fetch_one(&mut connection)
            .await?;
        let (version,): (i64,) = sqlx::query_as("select max(version) from _sqlx_migrations")
            .fetch_one(&mut connection)
            .await?;
        Ok::<_, sqlx::Error>((verdict, version))
    };
    let (verdict, version) = checked.await?;
    connection.close().await?;
    if verdict == "ok" {
        Ok(version)
    } else {
        let path = path.to_owned();
        Err(DumpError::Damaged { path, verdict })
    }
}

async fn open(path: &Path) -> Result<SqliteConnection, DumpError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(PATIENCE);
    Ok(SqliteConnection::connect_with(&options).await?)
}

/// Writes what a PostgreSQL database holds at one moment into `folder`; returns the newest migration that it has seen, and its tables.
///
/// # Errors
/// [`DumpError`].
pub async fn postgres(url: &str, folder: &Path) -> Result<(i64, Vec<Table>), DumpError> {
    let mut connection = PgConnection::connect(url).await?;
    let begin = "begin isolation level repeatable read read only";
    let mut tx = connection.begin_with(begin).await?;
    let (version,): (i64,) = sqlx::query_as("select max(version) from _sqlx_migrations")
        .fetch_one(&mut *tx)
        .await?;
    let tables = tables(&mut tx).await?;
    for table in &tables {
        let path = folder.join(table.file());
        let file = |source| DumpError::File {
            path: path.clone(),
            source,
        };
        let mut out = File::create_new(&path).map_err(file)?;
        let mut rows = tx.copy_out_raw(&table.copy("to stdout")).await?;
        while let Some(chunk) = rows.try_next().await? {
            out.write_all(&chunk).map_err(file)?;
        }
    }
    tx.rollback().await?;
    Ok((version, tables))
}

/// Fills an empty PostgreSQL database with a dump, whole or not at all.
///
/// # Errors
/// [`DumpError::NotBlank`] if there is any table in it.
pub async fn restore_postgres(
    url: &str,
    version: i64,
    dumped: &[Table],
    folder: &Path,
) -> Result<(), DumpError> {
    let mut connection = PgConnection::connect(url).await?;
    let mut tx = connection.begin().await?;
    blank(&mut tx).await?;
    POSTGRES
        .run_to(version, &mut *tx)
        .await
        .map_err(StoreError::from)?;
    let known = tables(&mut tx).await?;
    if let Some(table) = dumped
        .iter()
        .find(|table| !known.iter().any(|its| its.name == table.name))
    {
        let name = table.name.clone();
        return Err(DumpError::Misfit { name });
    }
    // In the order of the tables that are there: those that others refer to come first.
    for table in &known {
        let dumped = dumped.iter().find(|its| its.name == table.name);
        let fits = |dumped: &&Table| {
            let columns = |table: &Table| table.columns.iter().cloned().collect::<BTreeSet<_>>();
            columns(dumped) == columns(table)
        };
        let Some(dumped) = dumped.filter(fits) else {
            let name = table.name.clone();
            return Err(DumpError::Misfit { name });
        };
        fill(&mut tx, dumped, &folder.join(dumped.file())).await?;
    }
    Ok(tx.commit().await?)
}

/// Says whether a PostgreSQL database is empty.
///
/// # Errors
/// [`DumpError::NotBlank`] if it is not.
pub async fn postgres_is_blank(url: &str) -> Result<(), DumpError> {
    blank(&mut PgConnection::connect(url).await?).await
}

async fn blank(connection: &mut PgConnection) -> Result<(), DumpError> {
    let sql = "select count(*) from pg_tables where schemaname = current_schema()";
    let (tables,): (i64,) = sqlx::query_as(sql).fetch_one(connection).await?;
    if tables > 0 {
        return Err(DumpError::NotBlank { tables });
    }
    Ok(())
}

async fn fill(tx: &mut PgConnection, table: &Table, path: &Path) -> Result<(), DumpError> {
    let failed = |source| DumpError::File {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(failed)?;
    let mut copy = tx.copy_in_raw(&table.copy("from stdin")).await?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk).map_err(failed)?;
        if read == 0 {
            break;
        }
        copy.send(&chunk[..read]).await?;
    }
    copy.finish().await?;
    Ok(())
}

/// All tables but the list of migrations; those that others refer to come first.
async fn tables(connection: &mut PgConnection) -> Result<Vec<Table>, DumpError> {
    let sql = "select c.relname::text, array_agg(a.attname::text order by a.attnum)
               from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
               where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace and c.relname <> '_sqlx_migrations'
               group by c.relname order by c.relname";
    let found: Vec<(String, Vec<String>)> = sqlx::query_as(sql).fetch_all(&mut *connection).await?;
    let sql = "select child.relname::text, parent.relname::text
               from pg_constraint k join pg_class child on child.oid = k.conrelid join pg_class parent on parent.oid = k.confrelid
               where k.contype = 'f' and child.oid <> parent.oid and child.relnamespace = current_schema()::regnamespace";
    let references: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(connection).await?;
    let table = |(name, columns)| Table { name, columns };
    Ok(in_order(
        found.into_iter().map(table).collect(),
        &references,
    ))
}

/// Puts each table behind those that it refers to (`references`: from, to).
fn in_order(mut waiting: Vec<Table>, references: &[(String, String)]) -> Vec<Table> {
    let mut ordered: Vec<Table> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_waiting = |name: &str| waiting.iter().any(|table| table.name == name);
        let free = waiting.iter().position(|table| {
            let mut own = references.iter().filter(|(from, _)| *from == table.name);
            !own.any(|(_, to)| is_waiting(to))
        });
        // A circle has no order; the database then refuses to be filled, and says where.
        ordered.push(waiting.remove(free.unwrap_or(0)));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_comes_after_those_it_refers_to() {
        let table = |name: &str| Table {
            name: name.into(),
            columns: vec!["id".into()],
        };
        let refers = |(from, to): (&str, &str)| (from.to_owned(), to.to_owned());
        let references = [("calls", "chats"), ("devices", "users"), ("chats", "users")].map(refers);
        let ordered = in_order(
            ["calls", "chats", "devices", "users"].map(table).into(),
            &references,
        );
        let names: Vec<_> = ordered.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["users", "chats", "calls", "devices"]);
        assert_eq!(
            in_order(
                vec![table("a"), table("b")],
                &[refers(("a", "b")), refers(("b", "a"))]
            )
            .len(),
            2
        );
    }

    #[test]
    fn both_databases_are_of_one_version() {
        let newest = POSTGRES.iter().map(|migration| migration.version).max();
        assert_eq!(newest, Some(newest_migration()));
    }
}
