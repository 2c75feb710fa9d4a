//! `call_steps`.

use sqlx::FromRow;

use super::{StoreError, Tx, execute, on};
use crate::domain::{CallId, CallStep, SessionId, Step, StepId, UnixMillis, UserId};

/// Steps of one call that are read at most: more than are ever written.
const MOST: i64 = 4096;

#[derive(FromRow)]
struct Row {
    at: UnixMillis,
    user_id: Option<UserId>,
    session_id: Option<SessionId>,
    label: Option<String>,
    step: String,
}

/// Writes one step, unless its call is gone.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, call: CallId, step: &CallStep) -> Result<(), StoreError> {
    let sql = "insert into call_steps (id, call_id, at, user_id, session_id, kind, step)
               select $1, k.id, $3, $4, $5, $6, $7 from calls k where k.id = $2";
    let text = serde_json::to_string(&step.step).map_err(|_| StoreError::Unreadable {
        column: "call_steps.step",
    })?;
    execute!(
        tx,
        sql,
        StepId::new(),
        call,
        step.at,
        step.user,
        step.session,
        step.step.name(),
        text
    )?;
    Ok(())
}

/// Returns the steps of a call in the order they happened, each with what its device calls itself.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_call(tx: &mut Tx, call: CallId) -> Result<Vec<CallStep>, StoreError> {
    let sql = "select s.at, s.user_id, s.session_id, d.label, s.step from call_steps s
               left join sessions n on n.id = s.session_id left join devices d on d.id = n.device_id
               where s.call_id = $1 order by s.at, s.id limit $2";
    let rows: Vec<Row> = on!(tx, |c| sqlx::query_as(sql)
        .bind(call)
        .bind(MOST)
        .fetch_all(c)
        .await)?;
    rows.into_iter()
        .map(|row| {
            Ok(CallStep {
                at: row.at,
                user: row.user_id,
                session: row.session_id,
                device: row.label,
                step: read(&row.step)?,
            })
        })
        .collect()
}

fn read(text: &str) -> Result<Step, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable {
        column: "call_steps.step",
    })
}

/// Returns how many reports there are of a user's devices in a call.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn reports(tx: &mut Tx, call: CallId, user: UserId) -> Result<i64, StoreError> {
    let sql =
        "select count(*) from call_steps where call_id = $1 and user_id = $2 and kind = 'reported'";
    let (count,): (i64,) = on!(tx, |c| sqlx::query_as(sql)
        .bind(call)
        .bind(user)
        .fetch_one(c)
        .await)?;
    Ok(count)
}

/// Removes what happened before `before`. Returns how many steps.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn prune(tx: &mut Tx, before: UnixMillis) -> Result<u64, StoreError> {
    let sql = "delete from call_steps where at < $1";
    Ok(execute!(tx, sql, before)?)
}
