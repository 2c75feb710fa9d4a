//! `messages`.

use std::sync::Arc;

use sqlx::FromRow;

use super::{StoreError, Tx, execute, on};
use crate::domain::{
    ChatId, ClientId, Content, DeviceId, Message, MessageId, MessageKind, Page, UnixMillis, UserId,
    UserName,
};

/// A body that is plain UTF-8.
const PLAIN: i32 = 0;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select m.id, m.chat_id, c.name as chat_name, m.seq, m.rev, m.sender_id, u.name as sender_name, m.kind, m.scheme,
                    m.body, m.client_id, m.created_at, m.updated_at
             from messages m join chats c on c.id = m.chat_id join users u on u.id = m.sender_id
             where m.deleted_at is null and ",
            $rest
        )
    };
}

#[derive(FromRow)]
pub(super) struct Row {
    id: MessageId,
    chat_id: ChatId,
    chat_name: String,
    seq: i64,
    rev: i64,
    sender_id: UserId,
    sender_name: String,
    kind: String,
    scheme: i32,
    body: Vec<u8>,
    client_id: Option<String>,
    created_at: UnixMillis,
    updated_at: UnixMillis,
}

impl TryFrom<Row> for Message {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        if row.scheme != PLAIN {
            return Err(StoreError::Unreadable {
                column: "messages.scheme",
            });
        }
        Ok(Self {
            id: row.id,
            chat: row.chat_id,
            chat_name: Arc::from(row.chat_name),
            seq: row.seq,
            rev: row.rev,
            sender: row.sender_id,
            sender_name: UserName::stored(row.sender_name),
            kind: MessageKind::parse(&row.kind).ok_or(StoreError::Unreadable {
                column: "messages.kind",
            })?,
            content: String::from_utf8(row.body).map_err(|_| StoreError::Unreadable {
                column: "messages.body",
            })?,
            client_id: row.client_id,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn parse(rows: Vec<Row>) -> Result<Vec<Message>, StoreError> {
    rows.into_iter().map(Message::try_from).collect()
}

/// A message about to be written.
#[derive(Debug)]
pub struct NewMessage<'a> {
    /// Its id.
    pub id: MessageId,
    /// Where it is posted.
    pub chat: ChatId,
    /// Its place: the `rev` it took.
    pub seq: i64,
    /// Who wrote it.
    pub sender: UserId,
    /// On which device.
    pub device: DeviceId,
    /// The client's own name for it.
    pub client_id: Option<&'a ClientId>,
    /// What it says.
    pub content: &'a Content,
    /// When.
    pub now: UnixMillis,
}

/// Writes a message.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, new: &NewMessage<'_>) -> Result<(), StoreError> {
    let sql = "insert into messages (id, chat_id, seq, rev, sender_id, sender_device, client_id, kind, scheme, body,
                                     created_at, updated_at)
               values ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $10)";
    execute!(
        tx,
        sql,
        new.id,
        new.chat,
        new.seq,
        new.sender,
        new.device,
        new.client_id.map(ClientId::as_str),
        MessageKind::Text.as_str(),
        PLAIN,
        new.content.as_str().as_bytes(),
        new.now
    )?;
    Ok(())
}

/// Returns the message that this sender posted under this name.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_client_id(
    tx: &mut Tx,
    chat: ChatId,
    sender: UserId,
    client_id: &ClientId,
) -> Result<Option<Message>, StoreError> {
    let sql = select!("m.chat_id = $1 and m.sender_id = $2 and m.client_id = $3");
    let row = on!(tx, |c| sqlx::query_as::<_, Row>(sql)
        .bind(chat)
        .bind(sender)
        .bind(client_id.as_str())
        .fetch_optional(c)
        .await)?;
    row.map(Message::try_from).transpose()
}

/// Returns the newest messages after `cleared`, skipping `page.offset` of them, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn newest(
    tx: &mut Tx,
    chat: ChatId,
    cleared: i64,
    page: Page,
) -> Result<Vec<Message>, StoreError> {
    let sql = select!("m.chat_id = $1 and m.seq > $2 order by m.seq desc limit $3 offset $4");
    parse(on!(tx, |c| sqlx::query_as(sql)
        .bind(chat)
        .bind(cleared)
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(c)
        .await)?)
}

/// Returns the newest messages between `cleared` and `before`, both excluded, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn before(
    tx: &mut Tx,
    chat: ChatId,
    cleared: i64,
    before: i64,
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    let sql = select!("m.chat_id = $1 and m.seq > $2 and m.seq < $3 order by m.seq desc limit $4");
    parse(on!(tx, |c| sqlx::query_as(sql)
        .bind(chat)
        .bind(cleared)
        .bind(before)
        .bind(limit)
        .fetch_all(c)
        .await)?)
}

/// Returns messages that changed after `rev` and lie after `cleared`, by their last change.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn changed_after(
    tx: &mut Tx,
    chat: ChatId,
    cleared: i64,
    rev: i64,
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    let sql = select!("m.chat_id = $1 and m.seq > $2 and m.rev > $3 order by m.rev limit $4");
    parse(on!(tx, |c| sqlx::query_as(sql)
        .bind(chat)
        .bind(cleared)
        .bind(rev)
        .bind(limit)
        .fetch_all(c)
        .await)?)
}

/// Returns the newest message that `user` may see of each of their chats, or of one of them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn last_of_each(
    tx: &mut Tx,
    user: UserId,
    only: Option<ChatId>,
) -> Result<Vec<Message>, StoreError> {
    let sql = select!(
        "m.id in (select (select l.id from messages l where l.chat_id = p.chat_id and l.deleted_at is null
                          and l.seq > p.cleared_seq order by l.seq desc limit 1)
                  from participants p
                  where p.user_id = $1 and p.left_at is null and p.chat_id = coalesce($2, p.chat_id))"
    );
    parse(on!(tx, |c| sqlx::query_as(sql)
        .bind(user)
        .bind(only)
        .fetch_all(c)
        .await)?)
}

/// Counts the messages of others that `user` has not read, by chat.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn unread(
    tx: &mut Tx,
    user: UserId,
    only: Option<ChatId>,
) -> Result<Vec<(ChatId, i64)>, StoreError> {
    let sql = "select m.chat_id, count(*)
               from messages m join participants p on p.chat_id = m.chat_id
               where p.user_id = $1 and p.left_at is null and p.chat_id = coalesce($2, p.chat_id)
                 and m.seq > p.read_seq and m.seq > p.cleared_seq and m.sender_id <> $1 and m.deleted_at is null
               group by m.chat_id";
    Ok(on!(tx, |c| sqlx::query_as(sql)
        .bind(user)
        .bind(only)
        .fetch_all(c)
        .await)?)
}
