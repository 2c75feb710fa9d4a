//! `sessions` and `refresh_tokens`.

use sqlx::FromRow;

use super::{StoreError, Tx, execute, on};
use crate::domain::{DeviceId, SessionId, TokenId, UnixMillis, UserId};

/// A sign-in, with what an access check needs of its user.
#[derive(FromRow, Debug)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// The user's name now.
    pub name: String,
    /// The user's role now.
    pub is_admin: bool,
    /// On which device.
    pub device_id: DeviceId,
    /// Its name in TURN credentials.
    pub relay_name: String,
}

/// A refresh token.
#[derive(FromRow, Debug, Clone)]
pub struct RefreshRow {
    /// Its `jti`.
    pub id: TokenId,
    /// Of which sign-in.
    pub session_id: SessionId,
    /// When it was issued.
    pub issued_at: UnixMillis,
    /// When it stops working.
    pub expires_at: UnixMillis,
    /// When it was used first.
    pub rotated_at: Option<UnixMillis>,
    /// The token that came out of that.
    pub successor: Option<TokenId>,
}

/// Writes a new sign-in.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(
    tx: &mut Tx,
    (id, user, device): (SessionId, UserId, DeviceId),
    relay_name: &str,
    now: UnixMillis,
    expires: UnixMillis,
) -> Result<(), StoreError> {
    let sql = "insert into sessions (id, user_id, device_id, relay_name, created_at, expires_at)
               values ($1, $2, $3, $4, $5, $6)";
    execute!(tx, sql, id, user, device, relay_name, now, expires)?;
    Ok(())
}

/// Returns a sign-in that lives at `now`, of a user that lives.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn live(
    tx: &mut Tx,
    id: SessionId,
    now: UnixMillis,
) -> Result<Option<SessionRow>, StoreError> {
    let sql = "select s.id, s.user_id, u.name, u.is_admin, s.device_id, s.relay_name
               from sessions s join users u on u.id = s.user_id
               where s.id = $1 and s.ended_at is null and s.expires_at > $2 and u.deleted_at is null";
    Ok(on!(tx, |c| sqlx::query_as(sql)
        .bind(id)
        .bind(now)
        .fetch_optional(c)
        .await)?)
}

/// Lets a sign-in live until `expires`.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn extend(tx: &mut Tx, id: SessionId, expires: UnixMillis) -> Result<(), StoreError> {
    let sql = "update sessions set expires_at = $2 where id = $1";
    execute!(tx, sql, id, expires)?;
    Ok(())
}

/// Ends a sign-in and returns whose it was and its relay name, unless it was over.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn end(
    tx: &mut Tx,
    id: SessionId,
    now: UnixMillis,
) -> Result<Option<(UserId, String)>, StoreError> {
    let sql = "update sessions set ended_at = $2 where id = $1 and ended_at is null returning user_id, relay_name";
    let ended = on!(tx, |c| sqlx::query_as(sql)
        .bind(id)
        .bind(now)
        .fetch_optional(c)
        .await)?;
    silence(tx).await?;
    Ok(ended)
}

/// Forgets the push tokens of devices that nobody is signed in on: they may be somebody else's by now.
async fn silence(tx: &mut Tx) -> Result<(), StoreError> {
    let sql = "update devices set push_kind = null, push_token = null
               where push_token is not null
                 and not exists (select 1 from sessions s where s.device_id = devices.id and s.ended_at is null)";
    execute!(tx, sql)?;
    Ok(())
}

/// Ends all sign-ins of a user but `keep`; returns them with their relay names.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn end_all(
    tx: &mut Tx,
    user: UserId,
    keep: Option<SessionId>,
    now: UnixMillis,
) -> Result<Vec<(SessionId, String)>, StoreError> {
    let sql = "update sessions set ended_at = $3 where user_id = $1 and ended_at is null and id <> coalesce($2, user_id)
               returning id, relay_name";
    let ended = on!(tx, |c| sqlx::query_as(sql)
        .bind(user)
        .bind(keep)
        .bind(now)
        .fetch_all(c)
        .await)?;
    silence(tx).await?;
    Ok(ended)
}

/// Writes a new refresh token.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_token(tx: &mut Tx, token: &RefreshRow) -> Result<(), StoreError> {
    let sql = "insert into refresh_tokens (id, session_id, issued_at, expires_at) values ($1, $2, $3, $4)";
    execute!(
        tx,
        sql,
        token.id,
        token.session_id,
        token.issued_at,
        token.expires_at
    )?;
    Ok(())
}

/// Returns a refresh token, locked until the transaction ends.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn token(tx: &mut Tx, id: TokenId) -> Result<Option<RefreshRow>, StoreError> {
    // SQLite has one writer: its rows need no lock.
    let sql = match tx {
        Tx::Sqlite(_) => "select * from refresh_tokens where id = $1",
        Tx::Postgres(_) => "select * from refresh_tokens where id = $1 for update",
    };
    Ok(on!(tx, |c| sqlx::query_as(sql)
        .bind(id)
        .fetch_optional(c)
        .await)?)
}

/// Notes that a refresh token was used and what came out of it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn rotate(
    tx: &mut Tx,
    id: TokenId,
    successor: TokenId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let sql = "update refresh_tokens set rotated_at = $2, successor = $3 where id = $1";
    execute!(tx, sql, id, now, successor)?;
    Ok(())
}

/// Removes refresh tokens that have expired, and sign-ins that are over, with theirs.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn prune(tx: &mut Tx, now: UnixMillis) -> Result<u64, StoreError> {
    let tokens = "delete from refresh_tokens where expires_at <= $1";
    let sessions = "delete from sessions where ended_at is not null or expires_at <= $1";
    let mut removed = 0;
    for sql in [tokens, sessions] {
        removed += execute!(tx, sql, now)?;
    }
    Ok(removed)
}
