//! `calls` and `call_participants`.

use sqlx::FromRow;

use super::{StoreError, Tx, execute, on};
use crate::domain::{
    CallId, CallKind, CallLeg, CallRecord, CallStatus, ChatId, EndReason, Page, SessionId,
    UnixMillis, UserId, UserName,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select k.id, k.chat_id, k.kind, k.status, k.reason, k.created_at, k.updated_at, k.answered_at, k.ended_at,
                    k.last_alive_at, a.user_id as caller_id, au.name as caller_name, a.session_id as caller_session,
                    b.user_id as receiver_id, bu.name as receiver_name, b.session_id as receiver_session
             from calls k
             join call_participants a on a.call_id = k.id and a.role = 'caller' join users au on au.id = a.user_id
             join call_participants b on b.call_id = k.id and b.role = 'receiver' join users bu on bu.id = b.user_id ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct Row {
    id: CallId,
    chat_id: ChatId,
    kind: String,
    status: String,
    reason: Option<String>,
    created_at: UnixMillis,
    updated_at: UnixMillis,
    answered_at: Option<UnixMillis>,
    ended_at: Option<UnixMillis>,
    last_alive_at: UnixMillis,
    caller_id: UserId,
    caller_name: String,
    caller_session: Option<SessionId>,
    receiver_id: UserId,
    receiver_name: String,
    receiver_session: Option<SessionId>,
}

impl TryFrom<Row> for CallRecord {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let reason = |text: String| {
            EndReason::parse(&text).ok_or(StoreError::Unreadable {
                column: "calls.reason",
            })
        };
        Ok(Self {
            id: row.id,
            chat: row.chat_id,
            kind: CallKind::parse(&row.kind).ok_or(StoreError::Unreadable {
                column: "calls.kind",
            })?,
            status: CallStatus::parse(&row.status).ok_or(StoreError::Unreadable {
                column: "calls.status",
            })?,
            reason: row.reason.map(reason).transpose()?,
            caller: CallLeg {
                user: row.caller_id,
                name: UserName::stored(row.caller_name),
                session: row.caller_session,
            },
            receiver: CallLeg {
                user: row.receiver_id,
                name: UserName::stored(row.receiver_name),
                session: row.receiver_session,
            },
            created_at: row.created_at,
            updated_at: row.updated_at,
            answered_at: row.answered_at,
            ended_at: row.ended_at,
            last_alive_at: row.last_alive_at,
        })
    }
}

/// Writes a new call with its two participants.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, call: &CallRecord) -> Result<(), StoreError> {
    let sql = "insert into calls (id, chat_id, kind, status, created_at, updated_at, last_alive_at)
               values ($1, $2, $3, $4, $5, $5, $5)";
    execute!(
        tx,
        sql,
        call.id,
        call.chat,
        call.kind.as_str(),
        call.status.as_str(),
        call.created_at
    )?;
    let sql = "insert into call_participants (call_id, user_id, role, session_id, joined_at) values ($1, $2, $3, $4, $5)";
    for (leg, role, joined) in [
        (&call.caller, "caller", Some(call.created_at)),
        (&call.receiver, "receiver", None),
    ] {
        execute!(tx, sql, call.id, leg.user, role, leg.session, joined)?;
    }
    Ok(())
}

/// Writes what changed of a call.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn update(tx: &mut Tx, call: &CallRecord) -> Result<(), StoreError> {
    let sql = "update calls set status = $2, reason = $3, updated_at = $4, answered_at = $5, ended_at = $6, last_alive_at = $7
               where id = $1";
    execute!(
        tx,
        sql,
        call.id,
        call.status.as_str(),
        call.reason.map(EndReason::as_str),
        call.updated_at,
        call.answered_at,
        call.ended_at,
        call.last_alive_at
    )?;
    let sql = "update call_participants set session_id = $3, joined_at = $4, left_at = $5 where call_id = $1 and user_id = $2";
    let legs = [
        (&call.caller, Some(call.created_at)),
        (&call.receiver, call.answered_at),
    ];
    for (leg, joined) in legs {
        execute!(
            tx,
            sql,
            call.id,
            leg.user,
            leg.session,
            joined,
            joined.and(call.ended_at)
        )?;
    }
    Ok(())
}

/// Returns one call.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(tx: &mut Tx, id: CallId) -> Result<Option<CallRecord>, StoreError> {
    let sql = select!("where k.id = $1");
    let row = on!(tx, |c| sqlx::query_as::<_, Row>(sql)
        .bind(id)
        .fetch_optional(c)
        .await)?;
    row.map(CallRecord::try_from).transpose()
}

/// Returns a user's calls, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn history(tx: &mut Tx, user: UserId, page: Page) -> Result<Vec<CallRecord>, StoreError> {
    let sql = select!(
        "where k.id in (select call_id from call_participants where user_id = $1) order by k.created_at desc, k.id desc limit $2 offset $3"
    );
    let rows = on!(tx, |c| sqlx::query_as::<_, Row>(sql)
        .bind(user)
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(CallRecord::try_from).collect()
}

/// Returns the calls that ring or go on, of one user or of all.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn live(tx: &mut Tx, user: Option<UserId>) -> Result<Vec<CallRecord>, StoreError> {
    let sql = select!(
        "where k.status in ('ringing', 'answered')
         and k.id in (select call_id from call_participants where user_id = coalesce($1, user_id))
         order by k.created_at desc, k.id desc"
    );
    let rows = on!(tx, |c| sqlx::query_as::<_, Row>(sql)
        .bind(user)
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(CallRecord::try_from).collect()
}

/// Removes a call with its participants.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn delete(tx: &mut Tx, id: CallId) -> Result<(), StoreError> {
    let sql = "delete from calls where id = $1";
    execute!(tx, sql, id)?;
    Ok(())
}
