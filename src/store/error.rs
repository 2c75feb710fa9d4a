//! What can go wrong with the database, by what the caller does next.

/// A query or connection failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key is taken: the caller says which, it knows what it inserted.
    #[error("a value that must be unique exists already")]
    Taken(#[source] sqlx::Error),
    /// A row holds what this version cannot read.
    #[error("column {column} holds a value that this version does not know")]
    Unreadable {
        /// `table.column`.
        column: &'static str,
    },
    /// Everything else.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    /// The tables could not be brought up to date.
    #[error("the database could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(inner) if inner.is_unique_violation() => Self::Taken(error),
            Some(_) | None => Self::Database(error),
        }
    }
}
