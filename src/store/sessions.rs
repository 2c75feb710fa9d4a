//! `sessions` and `refresh_tokens`.

use sqlx::FromRow;

use super::{StoreError, Tx, execute, on};
use crate::domain::{DeviceId, SessionId, TokenId, UnixMillis, UserId, UserName};

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

/// What a sign-in is called in TURN credentials, and whose it is.
#[derive(FromRow, Debug, Clone)]
pub struct RelayRow {
    /// Whose.
    pub user_id: UserId,
    /// Its name in TURN credentials.
    pub relay_name: String,
    /// When it ended.
    pub ended_at: Option<UnixMillis>,
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

/// A sign-in as its user's list shows it.
#[derive(FromRow, Debug, Clone)]
pub struct SignInRow {
    /// Its id.
    pub id: SessionId,
    /// What its device calls itself.
    pub label: String,
    /// When it began.
    pub created_at: UnixMillis,
    /// When it ends unless its device comes back before.
    pub expires_at: UnixMillis,
}

/// Returns a user's sign-ins that live at `now`, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_user(
    tx: &mut Tx,
    user: UserId,
    now: UnixMillis,
) -> Result<Vec<SignInRow>, StoreError> {
    let sql = "select s.id, d.label, s.created_at, s.expires_at from sessions s join devices d on d.id = s.device_id
               where s.user_id = $1 and s.ended_at is null and s.expires_at > $2 order by s.created_at, s.id";
    Ok(on!(tx, |c| sqlx::query_as(sql)
        .bind(user)
        .bind(now)
        .fetch_all(c)
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

/// Returns what a sign-in is called on the relay, also of one that is over.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn relay_name(tx: &mut Tx, id: SessionId) -> Result<Option<RelayRow>, StoreError> {
    let sql = "select user_id, relay_name, ended_at from sessions where id = $1";
    Ok(on!(tx, |c| sqlx::query_as(sql)
        .bind(id)
        .fetch_optional(c)
        .await)?)
}

/// Returns the sign-ins that ended after `since`.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn ended_after(tx: &mut Tx, since: UnixMillis) -> Result<Vec<RelayRow>, StoreError> {
    let sql =
        "select user_id, relay_name, ended_at from sessions where ended_at > $1 order by ended_at";
    Ok(on!(tx, |c| sqlx::query_as(sql)
        .bind(since)
        .fetch_all(c)
        .await)?)
}

/// Returns the living user whose sign-in has this relay name.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn user_of_relay_name(
    tx: &mut Tx,
    relay_name: &str,
) -> Result<Option<(UserId, UserName)>, StoreError> {
    let sql = "select u.id, u.name from sessions s join users u on u.id = s.user_id
               where s.relay_name = $1 and u.deleted_at is null";
    let found: Option<(UserId, String)> = on!(tx, |c| sqlx::query_as(sql)
        .bind(relay_name)
        .fetch_optional(c)
        .await)?;
    Ok(found.map(|(id, name)| (id, UserName::stored(name))))
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
        Tx::Sqlite(..) => "select * from refresh_tokens where id = $1",
        Tx::Postgres(..) => "select * from refresh_tokens where id = $1 for update",
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

/// Removes refresh tokens that have expired, and sign-ins that ended before `ended` or have expired, with theirs.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn prune(tx: &mut Tx, now: UnixMillis, ended: UnixMillis) -> Result<u64, StoreError> {
    let tokens = "delete from refresh_tokens where expires_at <= $1
                  or session_id in (select id from sessions where ended_at is not null)";
    let sessions =
        "delete from sessions where ended_at <= $2 or (ended_at is null and expires_at <= $1)";
    let removed = execute!(tx, tokens, now)?;
    Ok(removed + execute!(tx, sessions, now, ended)?)
}
