//! Group calls in `calls` and `call_participants`, and the history of all calls.

use std::collections::HashMap;

use sqlx::FromRow;

use super::{StoreError, Tx, execute, on};
use crate::domain::{
    Admission, Before, CallEntry, CallForm, CallId, CallKind, CallStatus, ChatId, EndReason,
    GroupPerson, GroupRecord, Outcome, SessionId, UnixMillis, UserId, UserName,
};

const STARTER: &str = "starter";
const MEMBER: &str = "member";

/// Calls with these conditions, and their people.
macro_rules! select {
    ($rest:literal) => {
        (
            concat!(
                "select k.id, k.chat_id, c.name as chat_name, k.form, k.kind, k.status, k.reason, k.locked, k.created_at, k.updated_at,
                        k.answered_at, k.ended_at, k.last_alive_at
                 from calls k join chats c on c.id = k.chat_id ",
                $rest
            ),
            concat!(
                "select p.call_id, p.user_id, u.name, p.role, p.session_id, p.joined_at, p.left_at, p.outcome, p.admission, p.rung_at
                 from call_participants p join users u on u.id = p.user_id
                 where p.call_id in (select k.id from calls k ",
                $rest,
                ") order by case when p.role in ('starter', 'caller') then 0 else 1 end, coalesce(p.joined_at, 9223372036854775807), p.user_id"
            ),
        )
    };
}

#[derive(FromRow)]
struct CallRow {
    id: CallId,
    chat_id: ChatId,
    chat_name: String,
    form: String,
    kind: String,
    status: String,
    reason: Option<String>,
    locked: bool,
    created_at: UnixMillis,
    updated_at: UnixMillis,
    answered_at: Option<UnixMillis>,
    ended_at: Option<UnixMillis>,
    last_alive_at: UnixMillis,
}

#[derive(FromRow)]
struct PersonRow {
    call_id: CallId,
    user_id: UserId,
    name: String,
    role: String,
    session_id: Option<SessionId>,
    joined_at: Option<UnixMillis>,
    left_at: Option<UnixMillis>,
    outcome: Option<String>,
    admission: Option<String>,
    rung_at: Option<UnixMillis>,
}

impl PersonRow {
    fn read(self, status: CallStatus) -> Result<GroupPerson, StoreError> {
        let outcome = match &self.outcome {
            Some(text) => read("call_participants.outcome", text, Outcome::parse)?,
            None => between_two(&self.role, status),
        };
        let admission = self.admission.as_deref();
        let admission =
            admission.map(|text| read("call_participants.admission", text, Admission::parse));
        Ok(GroupPerson {
            user: self.user_id,
            name: UserName::stored(self.name),
            outcome,
            admission: admission.transpose()?,
            session: self.session_id,
            rung_at: self.rung_at,
            joined_at: self.joined_at,
            left_at: self.left_at,
        })
    }
}

/// What a call between two says of one side's part.
fn between_two(role: &str, status: CallStatus) -> Outcome {
    match status {
        CallStatus::Answered | CallStatus::Ended => Outcome::Joined,
        CallStatus::Ringing | CallStatus::Missed | CallStatus::Rejected if role == "caller" => {
            Outcome::Joined
        }
        CallStatus::Ringing => Outcome::Rang,
        CallStatus::Missed => Outcome::Missed,
        CallStatus::Rejected => Outcome::Declined,
    }
}

fn read<T>(
    column: &'static str,
    text: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StoreError> {
    parse(text).ok_or(StoreError::Unreadable { column })
}

fn entries(calls: Vec<CallRow>, people: Vec<PersonRow>) -> Result<Vec<CallEntry>, StoreError> {
    let mut of_call: HashMap<CallId, Vec<PersonRow>> = HashMap::new();
    for person in people {
        of_call.entry(person.call_id).or_default().push(person);
    }
    let entry = |row: CallRow| {
        let status = read("calls.status", &row.status, CallStatus::parse)?;
        let people = of_call.remove(&row.id).unwrap_or_default();
        // Whoever started it stands first.
        let starter = people.first().ok_or(StoreError::Unreadable {
            column: "call_participants.role",
        })?;
        let started_by = starter.user_id;
        let people = people.into_iter().map(|person| person.read(status));
        let reason = row.reason.as_deref();
        let reason = reason.map(|text| read("calls.reason", text, EndReason::parse));
        let call = GroupRecord {
            id: row.id,
            chat: row.chat_id,
            chat_name: row.chat_name,
            kind: read("calls.kind", &row.kind, CallKind::parse)?,
            status,
            reason: reason.transpose()?,
            started_by,
            locked: row.locked,
            people: people.collect::<Result<_, _>>()?,
            created_at: row.created_at,
            updated_at: row.updated_at,
            answered_at: row.answered_at,
            ended_at: row.ended_at,
            last_alive_at: row.last_alive_at,
        };
        let form = read("calls.form", &row.form, CallForm::parse)?;
        Ok(CallEntry { form, call })
    };
    calls.into_iter().map(entry).collect()
}

/// Writes a new group call with its people.
///
/// # Errors
/// [`StoreError::Taken`] if its chat has a living one.
pub async fn insert(tx: &mut Tx, call: &GroupRecord) -> Result<(), StoreError> {
    let sql =
        "insert into calls (id, chat_id, kind, status, form, created_at, updated_at, last_alive_at)
               values ($1, $2, $3, $4, 'group', $5, $5, $5)";
    execute!(
        tx,
        sql,
        call.id,
        call.chat,
        call.kind.as_str(),
        call.status.as_str(),
        call.created_at
    )?;
    write_people(tx, call).await
}

/// Makes a call between two a group call.
///
/// # Errors
/// [`StoreError::Taken`] if its chat has a living one.
pub async fn grow(tx: &mut Tx, call: &GroupRecord) -> Result<(), StoreError> {
    let sql = "update calls set form = 'group' where id = $1";
    execute!(tx, sql, call.id)?;
    let sql = "update call_participants set role = case role when 'caller' then 'starter' else 'member' end where call_id = $1";
    execute!(tx, sql, call.id)?;
    update(tx, call).await
}

/// Writes what changed of a group call and of its people.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn update(tx: &mut Tx, call: &GroupRecord) -> Result<(), StoreError> {
    let sql = "update calls set status = $2, reason = $3, locked = $4, updated_at = $5, answered_at = $6, ended_at = $7,
               last_alive_at = $8 where id = $1";
    execute!(
        tx,
        sql,
        call.id,
        call.status.as_str(),
        call.reason.map(EndReason::as_str),
        call.locked,
        call.updated_at,
        call.answered_at,
        call.ended_at,
        call.last_alive_at
    )?;
    write_people(tx, call).await
}

async fn write_people(tx: &mut Tx, call: &GroupRecord) -> Result<(), StoreError> {
    let sql = "insert into call_participants (call_id, user_id, role, session_id, joined_at, left_at, outcome, admission, rung_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
               on conflict (call_id, user_id) do update set session_id = excluded.session_id, joined_at = excluded.joined_at,
               left_at = excluded.left_at, outcome = excluded.outcome, admission = excluded.admission, rung_at = excluded.rung_at";
    for person in &call.people {
        let role = if person.user == call.started_by {
            STARTER
        } else {
            MEMBER
        };
        execute!(
            tx,
            sql,
            call.id,
            person.user,
            role,
            person.session,
            person.joined_at,
            person.left_at,
            person.outcome.as_str(),
            person.admission.map(Admission::as_str),
            person.rung_at
        )?;
    }
    Ok(())
}

/// Returns the group calls that ring or go on.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn live(tx: &mut Tx) -> Result<Vec<GroupRecord>, StoreError> {
    let (calls, people) = select!("where k.form = 'group' and k.status in ('ringing', 'answered')");
    let calls = on!(tx, |c| sqlx::query_as(calls).fetch_all(c).await)?;
    let people = on!(tx, |c| sqlx::query_as(people).fetch_all(c).await)?;
    let entries = entries(calls, people)?;
    Ok(entries.into_iter().map(|entry| entry.call).collect())
}

/// Counts the calls of both forms that ring or go on, by form and status.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_live(tx: &mut Tx) -> Result<Vec<(CallForm, CallStatus, i64)>, StoreError> {
    let sql = "select form, status, count(*) from calls where status in ('ringing', 'answered') group by form, status";
    let rows: Vec<(String, String, i64)> = on!(tx, |c| sqlx::query_as(sql).fetch_all(c).await)?;
    let row = |(form, status, count): (String, String, i64)| {
        let form = read("calls.form", &form, CallForm::parse)?;
        Ok((
            form,
            read("calls.status", &status, CallStatus::parse)?,
            count,
        ))
    };
    rows.into_iter().map(row).collect()
}

/// Returns a call of either form.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn entry(tx: &mut Tx, id: CallId) -> Result<Option<CallEntry>, StoreError> {
    let (call, people) = select!("where k.id = $1");
    let call = on!(tx, |c| sqlx::query_as(call).bind(id).fetch_all(c).await)?;
    let people = on!(tx, |c| sqlx::query_as(people).bind(id).fetch_all(c).await)?;
    Ok(entries(call, people)?.pop())
}

/// Returns up to `limit` calls of both forms, newest first: all, or those that ring or go on.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn newest(tx: &mut Tx, live: bool, limit: i64) -> Result<Vec<CallEntry>, StoreError> {
    let (calls, people) = select!(
        "where $1 = false or k.status in ('ringing', 'answered') order by k.created_at desc, k.id desc limit $2"
    );
    let calls = on!(tx, |c| sqlx::query_as(calls)
        .bind(live)
        .bind(limit)
        .fetch_all(c)
        .await)?;
    let people = on!(tx, |c| sqlx::query_as(people)
        .bind(live)
        .bind(limit)
        .fetch_all(c)
        .await)?;
    entries(calls, people)
}

/// Returns up to `limit` of a user's calls of both forms, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn log(
    tx: &mut Tx,
    user: UserId,
    before: Option<Before>,
    limit: i64,
) -> Result<Vec<CallEntry>, StoreError> {
    let (call, time) = match before {
        Some(Before::Call(call)) => (Some(call), None),
        Some(Before::Time(time)) => (None, Some(time)),
        None => (None, None),
    };
    let (calls, people) = select!(
        "where k.id in (select call_id from call_participants where user_id = $1)
         and ($2 is null or (k.created_at, k.id) < (select b.created_at, b.id from calls b where b.id = $2))
         and k.created_at < coalesce($3, 9223372036854775807)
         order by k.created_at desc, k.id desc limit $4"
    );
    let calls = on!(tx, |c| sqlx::query_as(calls)
        .bind(user)
        .bind(call)
        .bind(time)
        .bind(limit)
        .fetch_all(c)
        .await)?;
    let people = on!(tx, |c| sqlx::query_as(people)
        .bind(user)
        .bind(call)
        .bind(time)
        .bind(limit)
        .fetch_all(c)
        .await)?;
    entries(calls, people)
}
