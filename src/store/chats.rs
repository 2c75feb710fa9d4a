//! `chats` and `participants`.

use std::collections::HashMap;

use sqlx::FromRow;

use super::{StoreError, Tx, execute, messages, on};
use crate::domain::{Chat, ChatId, ChatKind, Member, UnixMillis, UserId, UserName};

/// What a participant may see of a chat.
#[derive(FromRow, Debug, Clone, Copy)]
pub struct Membership {
    /// Nothing up to here.
    pub cleared_seq: i64,
    /// Read up to here.
    pub read_seq: i64,
    /// The chat's last change.
    pub rev: i64,
}

#[derive(FromRow)]
struct ChatRow {
    id: ChatId,
    kind: String,
    name: String,
    rev: i64,
    created_at: UnixMillis,
    updated_at: UnixMillis,
    read_seq: i64,
}

#[derive(FromRow)]
struct MemberRow {
    chat_id: ChatId,
    user_id: UserId,
    name: String,
    read_seq: i64,
}

/// A read mark as a change.
#[derive(FromRow, Debug, Clone, Copy)]
pub struct ReadMark {
    /// Whose.
    pub user_id: UserId,
    /// Up to where.
    pub read_seq: i64,
    /// The `rev` it took.
    pub read_rev: i64,
}

/// Writes a new chat without participants, unless its `slot` (see the table) has one; says whether it did.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(
    tx: &mut Tx,
    id: ChatId,
    kind: ChatKind,
    name: &str,
    slot: Option<&str>,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let sql = "insert into chats (id, kind, name, slot, rev, created_at, updated_at)
               values ($1, $2, $3, $4, 0, $5, $5) on conflict (slot) do nothing";
    let written = execute!(tx, sql, id, kind.as_str(), name, slot, now)?;
    Ok(written > 0)
}

/// Returns the chat of a slot.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_slot(tx: &mut Tx, slot: &str) -> Result<Option<ChatId>, StoreError> {
    let sql = "select id from chats where slot = $1";
    let row: Option<(ChatId,)> = on!(tx, |c| sqlx::query_as(sql)
        .bind(slot)
        .fetch_optional(c)
        .await)?;
    Ok(row.map(|(id,)| id))
}

/// Returns what kind of chat it is.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn kind(tx: &mut Tx, id: ChatId) -> Result<Option<ChatKind>, StoreError> {
    let sql = "select kind from chats where id = $1";
    let row: Option<(String,)> = on!(tx, |c| sqlx::query_as(sql).bind(id).fetch_optional(c).await)?;
    row.map(|(kind,)| read_kind(&kind)).transpose()
}

/// Returns a chat's name.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn name(tx: &mut Tx, id: ChatId) -> Result<Option<String>, StoreError> {
    let sql = "select name from chats where id = $1";
    let row: Option<(String,)> = on!(tx, |c| sqlx::query_as(sql).bind(id).fetch_optional(c).await)?;
    Ok(row.map(|(name,)| name))
}

async fn rename(tx: &mut Tx, id: ChatId, name: &str) -> Result<(), StoreError> {
    let sql = "update chats set name = $2 where id = $1";
    execute!(tx, sql, id, name)?;
    Ok(())
}

/// Names the private chats of a user who will be called `name`, hidden ones too; returns them. On PostgreSQL they stay locked, as
/// by a post: so this comes before the user's row is touched.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn rename_private(
    tx: &mut Tx,
    user: UserId,
    name: &UserName,
) -> Result<Vec<ChatId>, StoreError> {
    let sql = "select c.id, o.user_id, u.name from participants p
               join chats c on c.id = p.chat_id and c.kind = 'private'
               join participants o on o.chat_id = c.id and o.user_id <> p.user_id
               join users u on u.id = o.user_id
               where p.user_id = $1 and p.left_at is null order by c.id";
    let others: Vec<(ChatId, UserId, String)> =
        on!(tx, |c| sqlx::query_as(sql).bind(user).fetch_all(c).await)?;
    let mut renamed = Vec::with_capacity(others.len());
    for (chat, other, other_name) in others {
        let pair = private_name((user, name.as_str()), (other, &other_name));
        rename(tx, chat, &pair).await?;
        renamed.push(chat);
    }
    Ok(renamed)
}

/// The name of the private chat of two: who registered first stands first.
#[must_use]
pub fn private_name(one: (UserId, &str), other: (UserId, &str)) -> String {
    let (first, second) = if one.0 < other.0 {
        (one, other)
    } else {
        (other, one)
    };
    format!("{} & {}", first.1, second.1)
}

/// Takes the chat's next `rev`. On PostgreSQL the chat stays locked until the transaction ends.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn next_rev(tx: &mut Tx, id: ChatId) -> Result<i64, StoreError> {
    let sql = "update chats set rev = rev + 1 where id = $1 returning rev";
    let (rev,): (i64,) = on!(tx, |c| sqlx::query_as(sql).bind(id).fetch_one(c).await)?;
    Ok(rev)
}

/// Notes that something new is in the chat: it is listed again for those who had deleted it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn touch(tx: &mut Tx, id: ChatId, now: UnixMillis) -> Result<(), StoreError> {
    let sql = "update chats set updated_at = $2 where id = $1";
    execute!(tx, sql, id, now)?;
    let sql = "update participants set hidden = false where chat_id = $1 and hidden";
    execute!(tx, sql, id)?;
    Ok(())
}

/// Puts a user into a chat, reading from its present end.
///
/// # Errors
/// [`StoreError::Taken`] if they are in it.
pub async fn join(
    tx: &mut Tx,
    id: ChatId,
    user: UserId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let sql = "insert into participants (chat_id, user_id, joined_at, read_seq, read_rev, hidden, cleared_seq)
               select c.id, $2, $3, c.rev, 0, false, 0 from chats c where c.id = $1";
    execute!(tx, sql, id, user, now)?;
    Ok(())
}

/// Takes a user out of all chats; returns these.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn leave_all(
    tx: &mut Tx,
    user: UserId,
    now: UnixMillis,
) -> Result<Vec<ChatId>, StoreError> {
    let sql = "update participants set left_at = $2 where user_id = $1 and left_at is null returning chat_id";
    let rows: Vec<(ChatId,)> = on!(tx, |c| sqlx::query_as(sql)
        .bind(user)
        .bind(now)
        .fetch_all(c)
        .await)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Returns what a participant may see; `None` if the user is not in the chat.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn membership(
    tx: &mut Tx,
    id: ChatId,
    user: UserId,
) -> Result<Option<Membership>, StoreError> {
    let sql = "select p.cleared_seq, p.read_seq, c.rev from participants p join chats c on c.id = p.chat_id
               where p.chat_id = $1 and p.user_id = $2 and p.left_at is null";
    Ok(on!(tx, |c| sqlx::query_as(sql)
        .bind(id)
        .bind(user)
        .fetch_optional(c)
        .await)?)
}

/// Returns everybody in a chat.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn member_ids(tx: &mut Tx, id: ChatId) -> Result<Vec<UserId>, StoreError> {
    let sql = "select user_id from participants where chat_id = $1 and left_at is null";
    let rows: Vec<(UserId,)> = on!(tx, |c| sqlx::query_as(sql).bind(id).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Hides a chat and all that is in it now from one participant.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn hide(tx: &mut Tx, id: ChatId, user: UserId) -> Result<(), StoreError> {
    let sql =
        "update participants set hidden = true, cleared_seq = (select rev from chats where id = $1)
               where chat_id = $1 and user_id = $2";
    execute!(tx, sql, id, user)?;
    Ok(())
}

/// Lists a chat again for one participant.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn show(tx: &mut Tx, id: ChatId, user: UserId) -> Result<(), StoreError> {
    let sql = "update participants set hidden = false where chat_id = $1 and user_id = $2";
    execute!(tx, sql, id, user)?;
    Ok(())
}

/// Moves a read mark forward; `rev` is the number this change took.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn mark_read(
    tx: &mut Tx,
    id: ChatId,
    user: UserId,
    seq: i64,
    rev: i64,
) -> Result<(), StoreError> {
    let sql =
        "update participants set read_seq = $3, read_rev = $4 where chat_id = $1 and user_id = $2";
    execute!(tx, sql, id, user, seq, rev)?;
    Ok(())
}

/// Returns read marks that moved after `rev`, in order.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn read_after(
    tx: &mut Tx,
    id: ChatId,
    rev: i64,
    limit: i64,
) -> Result<Vec<ReadMark>, StoreError> {
    let sql =
        "select user_id, read_seq, read_rev from participants where chat_id = $1 and read_rev > $2
               order by read_rev limit $3";
    Ok(on!(tx, |c| sqlx::query_as(sql)
        .bind(id)
        .bind(rev)
        .bind(limit)
        .fetch_all(c)
        .await)?)
}

/// Returns the `rev` of each chat of a user, hidden ones too.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn revs(tx: &mut Tx, user: UserId) -> Result<Vec<(ChatId, i64)>, StoreError> {
    let sql = "select c.id, c.rev from participants p join chats c on c.id = p.chat_id
               where p.user_id = $1 and p.left_at is null";
    Ok(on!(tx, |c| sqlx::query_as(sql)
        .bind(user)
        .fetch_all(c)
        .await)?)
}

/// Returns the chats that a user sees in the list, or one chat of theirs even if hidden; the last touched first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_user(
    tx: &mut Tx,
    user: UserId,
    only: Option<ChatId>,
) -> Result<Vec<Chat>, StoreError> {
    let sql = "select c.id, c.kind, c.name, c.rev, c.created_at, c.updated_at, p.read_seq
               from participants p join chats c on c.id = p.chat_id
               where p.user_id = $1 and p.left_at is null and c.id = coalesce($2, c.id) and (not p.hidden or $3)
               order by c.updated_at desc, c.id";
    let rows: Vec<ChatRow> = on!(tx, |c| sqlx::query_as(sql)
        .bind(user)
        .bind(only)
        .bind(only.is_some())
        .fetch_all(c)
        .await)?;
    let mut members = members(tx, user, only).await?;
    let mut last: HashMap<_, _> = messages::last_of_each(tx, user, only)
        .await?
        .into_iter()
        .map(|message| (message.chat, message))
        .collect();
    let unread: HashMap<_, _> = messages::unread(tx, user, only)
        .await?
        .into_iter()
        .collect();
    rows.into_iter()
        .map(|row| {
            Ok(Chat {
                id: row.id,
                kind: read_kind(&row.kind)?,
                name: row.name,
                rev: row.rev,
                members: members.remove(&row.id).unwrap_or_default(),
                last_message: last.remove(&row.id),
                unread: unread.get(&row.id).copied().unwrap_or(0),
                read_seq: row.read_seq,
                created_at: row.created_at,
                updated_at: row.updated_at,
            })
        })
        .collect()
}

async fn members(
    tx: &mut Tx,
    user: UserId,
    only: Option<ChatId>,
) -> Result<HashMap<ChatId, Vec<Member>>, StoreError> {
    let sql = "select o.chat_id, o.user_id, u.name, o.read_seq
               from participants p join participants o on o.chat_id = p.chat_id join users u on u.id = o.user_id
               where p.user_id = $1 and p.left_at is null and o.left_at is null and p.chat_id = coalesce($2, p.chat_id)
               order by o.joined_at, o.user_id";
    let rows: Vec<MemberRow> = on!(tx, |c| sqlx::query_as(sql)
        .bind(user)
        .bind(only)
        .fetch_all(c)
        .await)?;
    let mut members: HashMap<ChatId, Vec<Member>> = HashMap::new();
    for row in rows {
        let member = Member {
            id: row.user_id,
            name: UserName::stored(row.name),
            read_seq: row.read_seq,
        };
        members.entry(row.chat_id).or_default().push(member);
    }
    Ok(members)
}

fn read_kind(text: &str) -> Result<ChatKind, StoreError> {
    ChatKind::parse(text).ok_or(StoreError::Unreadable {
        column: "chats.kind",
    })
}
