//! `users` and `devices`.

use sqlx::FromRow;

use super::{StoreError, Tx, execute, on};
use crate::domain::{DeviceId, NameKey, UnixMillis, User, UserId, UserName};

/// The key of PostgreSQL's advisory lock over who is an administrator.
const ROLES_LOCK: i64 = 0x5A56_0001;

#[derive(FromRow)]
struct Row {
    id: UserId,
    name: String,
    is_admin: bool,
    created_at: UnixMillis,
    updated_at: UnixMillis,
}

impl From<Row> for User {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: UserName::stored(row.name),
            is_admin: row.is_admin,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// What a sign-in is checked against.
#[derive(FromRow)]
pub struct Credentials {
    /// The account.
    pub id: UserId,
    /// Its password hash, argon2 or bcrypt.
    pub password_hash: String,
}

/// When somebody was here last.
#[derive(FromRow, Debug)]
pub struct Seen {
    /// Who.
    pub id: UserId,
    /// When their last device went.
    pub last_seen_at: Option<UnixMillis>,
}

/// Writes a new account.
///
/// # Errors
/// [`StoreError::Taken`] if a living user's name looks like this one.
pub async fn insert(tx: &mut Tx, user: &User, password_hash: &str) -> Result<(), StoreError> {
    let sql =
        "insert into users (id, name, name_key, password_hash, is_admin, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $6)";
    let key = user.name.key();
    execute!(
        tx,
        sql,
        user.id,
        user.name.as_str(),
        key.as_str(),
        password_hash,
        user.is_admin,
        user.created_at
    )?;
    Ok(())
}

/// Returns a living account.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(tx: &mut Tx, id: UserId) -> Result<Option<User>, StoreError> {
    let sql = "select id, name, is_admin, created_at, updated_at from users where id = $1 and deleted_at is null";
    Ok(on!(tx, |c| sqlx::query_as::<_, Row>(sql)
        .bind(id)
        .fetch_optional(c)
        .await)?
    .map(User::from))
}

/// Returns all living accounts in the order they registered.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn all(tx: &mut Tx) -> Result<Vec<User>, StoreError> {
    let sql = "select id, name, is_admin, created_at, updated_at from users where deleted_at is null order by created_at, id";
    Ok(
        on!(tx, |c| sqlx::query_as::<_, Row>(sql).fetch_all(c).await)?
            .into_iter()
            .map(User::from)
            .collect(),
    )
}

/// Counts living accounts and living administrators.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count(tx: &mut Tx) -> Result<(i64, i64), StoreError> {
    let sql =
        "select count(*), count(case when is_admin then 1 end) from users where deleted_at is null";
    Ok(on!(tx, |c| sqlx::query_as(sql).fetch_one(c).await)?)
}

/// Lets nobody else change who the administrators are until the transaction ends. On SQLite it is the only one that writes anyway.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lock_roles(tx: &mut Tx) -> Result<(), StoreError> {
    match tx {
        Tx::Sqlite(..) => {}
        Tx::Postgres(..) => {
            // Rows would not do: of two who register first, neither is there to be locked.
            execute!(tx, "select pg_advisory_xact_lock($1)", ROLES_LOCK)?;
        }
    }
    Ok(())
}

/// Makes an account an administrator, or one no longer.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_admin(
    tx: &mut Tx,
    id: UserId,
    is_admin: bool,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let sql =
        "update users set is_admin = $2, updated_at = $3 where id = $1 and deleted_at is null";
    execute!(tx, sql, id, is_admin, now)?;
    Ok(())
}

/// Returns the living account with a name that looks like this one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_name(tx: &mut Tx, key: &NameKey) -> Result<Option<User>, StoreError> {
    let sql = "select id, name, is_admin, created_at, updated_at from users where name_key = $1 and deleted_at is null";
    Ok(on!(tx, |c| sqlx::query_as::<_, Row>(sql)
        .bind(key.as_str())
        .fetch_optional(c)
        .await)?
    .map(User::from))
}

/// Returns what a sign-in with this name is checked against.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn credentials(tx: &mut Tx, key: &NameKey) -> Result<Option<Credentials>, StoreError> {
    let sql = "select id, password_hash from users where name_key = $1";
    Ok(on!(tx, |c| sqlx::query_as(sql)
        .bind(key.as_str())
        .fetch_optional(c)
        .await)?)
}

/// Returns a living user's password hash; it cannot change until the transaction ends.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lock_password(tx: &mut Tx, id: UserId) -> Result<Option<String>, StoreError> {
    let sql = match tx {
        Tx::Sqlite(..) => "select password_hash from users where id = $1 and deleted_at is null",
        Tx::Postgres(..) => {
            "select password_hash from users where id = $1 and deleted_at is null for update"
        }
    };
    let row: Option<(String,)> = on!(tx, |c| sqlx::query_as(sql).bind(id).fetch_optional(c).await)?;
    Ok(row.map(|(hash,)| hash))
}

/// Says whether a living user has a name that looks like this one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn name_taken(tx: &mut Tx, key: &NameKey) -> Result<bool, StoreError> {
    let sql = "select count(*) from users where name_key = $1";
    let (count,): (i64,) = on!(tx, |c| sqlx::query_as(sql)
        .bind(key.as_str())
        .fetch_one(c)
        .await)?;
    Ok(count > 0)
}

/// Gives an account another name.
///
/// # Errors
/// [`StoreError::Taken`] if a living user's name looks like it.
pub async fn rename(
    tx: &mut Tx,
    id: UserId,
    name: &UserName,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let sql = "update users set name = $2, name_key = $3, updated_at = $4 where id = $1 and deleted_at is null";
    let key = name.key();
    execute!(tx, sql, id, name.as_str(), key.as_str(), now)?;
    Ok(())
}

/// Gives an account another password hash. A rehash of the same password (`now` is `None`) is no change of the account.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_password(
    tx: &mut Tx,
    id: UserId,
    hash: &str,
    now: Option<UnixMillis>,
) -> Result<(), StoreError> {
    let sql =
        "update users set password_hash = $2, updated_at = coalesce($3, updated_at) where id = $1";
    execute!(tx, sql, id, hash, now)?;
    Ok(())
}

/// Turns an account into a tombstone: its name is free, nobody can sign in with it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn bury(tx: &mut Tx, id: UserId, now: UnixMillis) -> Result<(), StoreError> {
    let sql = "update users set deleted_at = $2, updated_at = $2, name_key = null, password_hash = '', is_admin = false
               where id = $1";
    execute!(tx, sql, id, now)?;
    let sql =
        "update devices set label = '', push_kind = null, push_token = null where user_id = $1";
    execute!(tx, sql, id)?;
    Ok(())
}

/// Notes when somebody's last device went.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn saw(tx: &mut Tx, id: UserId, now: UnixMillis) -> Result<(), StoreError> {
    let sql = "update users set last_seen_at = $2 where id = $1";
    execute!(tx, sql, id, now)?;
    Ok(())
}

/// Returns when each living user was here last.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn seen(tx: &mut Tx) -> Result<Vec<Seen>, StoreError> {
    let sql = "select id, last_seen_at from users where deleted_at is null";
    Ok(on!(tx, |c| sqlx::query_as(sql).fetch_all(c).await)?)
}

/// Writes a new device.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_device(
    tx: &mut Tx,
    id: DeviceId,
    user: UserId,
    label: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let sql = "insert into devices (id, user_id, label, created_at, last_seen_at) values ($1, $2, $3, $4, $4)";
    execute!(tx, sql, id, user, label, now)?;
    Ok(())
}

/// Keeps what a device registered for push.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_push(
    tx: &mut Tx,
    id: DeviceId,
    kind: &str,
    token: &str,
) -> Result<(), StoreError> {
    let sql = "update devices set push_kind = $2, push_token = $3 where id = $1";
    execute!(tx, sql, id, kind, token)?;
    Ok(())
}
