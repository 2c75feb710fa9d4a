//! `invitation_codes`.

use sqlx::FromRow;

use super::{StoreError, Tx, execute, on};
use crate::domain::{Invite, InviteCode, InviteId, UnixMillis, UserId};

#[derive(FromRow)]
struct Row {
    id: InviteId,
    code: String,
    usage_limit: Option<i32>,
    usage_count: i32,
    used_by: Option<UserId>,
    used_at: Option<UnixMillis>,
    expires_at: Option<UnixMillis>,
    created_at: UnixMillis,
    updated_at: UnixMillis,
}

impl TryFrom<Row> for Invite {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let unreadable = |_| StoreError::Unreadable {
            column: "invitation_codes.code",
        };
        Ok(Self {
            id: row.id,
            code: InviteCode::parse(&row.code).map_err(unreadable)?,
            usage_limit: row.usage_limit,
            usage_count: row.usage_count,
            used_by: row.used_by,
            used_at: row.used_at,
            expires_at: row.expires_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Writes a new code.
///
/// # Errors
/// [`StoreError::Taken`] if the code exists.
pub async fn insert(tx: &mut Tx, invite: &Invite, by: Option<UserId>) -> Result<(), StoreError> {
    let sql = "insert into invitation_codes (id, code, usage_limit, usage_count, created_by, expires_at, created_at, updated_at)
               values ($1, $2, $3, 0, $4, $5, $6, $6)";
    execute!(
        tx,
        sql,
        invite.id,
        invite.code.as_str(),
        invite.usage_limit,
        by,
        invite.expires_at,
        invite.created_at
    )?;
    Ok(())
}

/// Returns a code's row; in a writing transaction it is locked until that ends.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_code(
    tx: &mut Tx,
    code: &InviteCode,
    lock: bool,
) -> Result<Option<Invite>, StoreError> {
    let sql = match (&*tx, lock) {
        (Tx::Postgres(..), true) => "select * from invitation_codes where code = $1 for update",
        (Tx::Postgres(..), false) | (Tx::Sqlite(..), _) => {
            "select * from invitation_codes where code = $1"
        }
    };
    let row = on!(tx, |c| sqlx::query_as::<_, Row>(sql)
        .bind(code.as_str())
        .fetch_optional(c)
        .await)?;
    row.map(Invite::try_from).transpose()
}

/// Returns all codes, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn all(tx: &mut Tx) -> Result<Vec<Invite>, StoreError> {
    let sql = "select * from invitation_codes order by created_at desc, id desc";
    on!(tx, |c| sqlx::query_as::<_, Row>(sql).fetch_all(c).await)?
        .into_iter()
        .map(Invite::try_from)
        .collect()
}

/// Counts one use of a code.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn redeem(
    tx: &mut Tx,
    id: InviteId,
    by: UserId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let sql = "update invitation_codes set usage_count = usage_count + 1, used_by = $2, used_at = $3, updated_at = $3
               where id = $1";
    execute!(tx, sql, id, by, now)?;
    Ok(())
}

/// Lets a code work until `at` and no longer.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn expire(tx: &mut Tx, id: InviteId, at: UnixMillis) -> Result<(), StoreError> {
    let sql = "update invitation_codes set expires_at = $2, updated_at = $2 where id = $1";
    execute!(tx, sql, id, at)?;
    Ok(())
}
