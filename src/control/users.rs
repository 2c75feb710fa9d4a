//! `/users`: accounts, their roles, passwords and sign-ins. `{who}` is a name or an id.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use super::refused::{Kind, Refused};
use super::{Done, Shared};
use crate::domain::{Authority, Password, SessionId, UnixMillis, User, UserId, UserName};
use crate::service::{PeopleError, Presence};

/// An account.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Its id.
    pub id: UserId,
    /// The name it signs in with.
    pub name: String,
    /// May invite people and manage accounts.
    pub is_admin: bool,
    /// A device of theirs is connected.
    pub online: bool,
    /// They are in a call.
    pub in_call: bool,
    /// When the last device went; null if none ever did.
    pub last_seen_at: Option<UnixMillis>,
    /// When it was made.
    pub created_at: UnixMillis,
}

/// An account and where it is signed in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// The account.
    #[serde(flatten)]
    pub account: Account,
    /// Its sign-ins, oldest first.
    pub sign_ins: Vec<SignIn>,
}

/// A sign-in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// Its id.
    pub id: SessionId,
    /// What its device calls itself.
    pub device: String,
    /// When it began.
    pub since: UnixMillis,
    /// When it ends unless its device comes back before.
    pub expires_at: UnixMillis,
}

/// An account to be made.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAccount {
    /// The name.
    pub name: String,
    /// The password.
    pub password: NewPassword,
    /// As an administrator.
    pub is_admin: bool,
}

/// A password to be set.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct NewPassword(pub String);

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword(***)")
    }
}

/// What an account may do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// May invite people and manage accounts.
    pub is_admin: bool,
}

/// What was ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedOut {
    /// How many sign-ins.
    pub sign_ins: usize,
}

impl Account {
    fn new(user: &User, presence: &[Presence]) -> Self {
        let presence = presence.iter().find(|presence| presence.user == user.id);
        Self {
            id: user.id,
            name: user.name.to_string(),
            is_admin: user.is_admin,
            online: presence.is_some_and(|presence| presence.online),
            in_call: presence.is_some_and(|presence| presence.in_call),
            last_seen_at: presence.and_then(|presence| presence.last_seen_at),
            created_at: user.created_at,
        }
    }
}

pub(super) async fn list(State(app): State<Shared>) -> Result<Json<Vec<Account>>, Refused> {
    let (users, presence) = (app.people.all().await?, app.people.presence().await?);
    let account = |user| Account::new(user, &presence);
    Ok(Json(users.iter().map(account).collect()))
}

pub(super) async fn create(
    State(app): State<Shared>,
    Json(new): Json<NewAccount>,
) -> Result<Json<Account>, Refused> {
    let name = UserName::parse(&new.name)?;
    let password = Password::choose(new.password.0)?;
    let user = app.auth.create(name, password, new.is_admin).await?;
    tracing::info!(user = %user.id, admin = user.is_admin, "account made by the operator");
    account(&app, &user).await
}

pub(super) async fn show(
    State(app): State<Shared>,
    Path(who): Path<String>,
) -> Result<Json<Details>, Refused> {
    let user = find(&app, &who).await?;
    let sign_ins = app.people.sign_ins(Authority::Operator, user.id).await?;
    let sign_in = |row: crate::service::SignIn| SignIn {
        id: row.id,
        device: row.label,
        since: row.created_at,
        expires_at: row.expires_at,
    };
    Ok(Json(Details {
        account: account(&app, &user).await?.0,
        sign_ins: sign_ins.into_iter().map(sign_in).collect(),
    }))
}

pub(super) async fn reset_password(
    State(app): State<Shared>,
    Path(who): Path<String>,
    Json(NewPassword(password)): Json<NewPassword>,
) -> Result<Json<Account>, Refused> {
    let user = find(&app, &who).await?;
    let password = Some(Password::choose(password)?);
    let by = Authority::Operator;
    let user = app.people.update(by, user.id, None, password).await?;
    tracing::info!(user = %user.id, "password reset by the operator");
    account(&app, &user).await
}

pub(super) async fn set_role(
    State(app): State<Shared>,
    Path(who): Path<String>,
    Json(role): Json<Role>,
) -> Result<Json<Account>, Refused> {
    let user = find(&app, &who).await?;
    let by = Authority::Operator;
    let user = app.people.set_role(by, user.id, role.is_admin).await?;
    tracing::info!(user = %user.id, admin = user.is_admin, "role set by the operator");
    account(&app, &user).await
}

pub(super) async fn remove(
    State(app): State<Shared>,
    Path(who): Path<String>,
) -> Result<Json<Done>, Refused> {
    let user = find(&app, &who).await?;
    app.people.remove(Authority::Operator, user.id).await?;
    tracing::info!(user = %user.id, "account removed by the operator");
    Ok(Json(Done {}))
}

pub(super) async fn sign_out(
    State(app): State<Shared>,
    Path(who): Path<String>,
) -> Result<Json<SignedOut>, Refused> {
    let user = find(&app, &who).await?;
    let sign_ins = app.people.sign_out(Authority::Operator, user.id).await?;
    tracing::info!(user = %user.id, sign_ins, "signed out by the operator");
    Ok(Json(SignedOut { sign_ins }))
}

async fn account(app: &Shared, user: &User) -> Result<Json<Account>, Refused> {
    Ok(Json(Account::new(user, &app.people.presence().await?)))
}

async fn find(app: &Shared, who: &str) -> Result<User, Refused> {
    let found = match who.parse() {
        Ok(id) => app.people.get(id).await,
        Err(_) => match UserName::parse(who) {
            Ok(name) => app.people.by_name(&name).await,
            Err(_) => Err(PeopleError::NotFound),
        },
    };
    found.map_err(|error| match error {
        PeopleError::NotFound => Refused::new(
            Kind::NotFound,
            format!("there is no user {who:?}; `zvonilka user list` shows all"),
        ),
        PeopleError::NotAdmin
        | PeopleError::Forbidden
        | PeopleError::LastAdmin
        | PeopleError::NameTaken
        | PeopleError::Busy(_)
        | PeopleError::Store(_)
        | PeopleError::Panicked(_) => error.into(),
    })
}
