//! `zvonilka user`.

use clap::Subcommand;
use hyper::Method;

use super::Failure;
use super::client::Client;
use super::output::{Output, moment, table};
use super::prompt::{confirm, password};
use crate::control::{Account, Details, Done, NewAccount, NewPassword, Role, SignedOut};

/// What to do with accounts. USER is a name or an id.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// List everybody: role, when they were here last, since when they are there (times in UTC)
    List,
    /// Show an account and where it is signed in
    Show {
        /// Name or id
        user: String,
    },
    /// Make an account without an invitation, and print its password
    Create {
        /// The name to sign in with: 1 to 40 characters
        name: String,
        /// As an administrator: may invite people and manage accounts
        #[arg(long)]
        admin: bool,
        /// Read the password from standard input; without this one is made and printed
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give an account a new password and print it; all its devices must sign in again
    ResetPassword {
        /// Name or id
        user: String,
        /// Read the password from standard input; without this one is made and printed
        #[arg(long)]
        password_stdin: bool,
    },
    /// Make somebody an administrator
    Promote {
        /// Name or id
        user: String,
    },
    /// Make an administrator an ordinary member; the last one stays
    Demote {
        /// Name or id
        user: String,
    },
    /// End all sign-ins of an account: its devices must sign in again
    SignOut {
        /// Name or id
        user: String,
    },
    /// Remove an account for good; what it wrote stays, its name is free
    Remove {
        /// Name or id
        user: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

pub(super) async fn run(command: Command, server: &Client) -> Result<Output, Failure> {
    match command {
        Command::List => list(server).await,
        Command::Show { user } => show(server, &user).await,
        Command::Create {
            name,
            admin,
            password_stdin,
        } => create(server, name, admin, password_stdin).await,
        Command::ResetPassword {
            user,
            password_stdin,
        } => reset(server, &user, password_stdin).await,
        Command::Promote { user } => role(server, &user, true).await,
        Command::Demote { user } => role(server, &user, false).await,
        Command::SignOut { user } => {
            let path = ["users", &user, "sessions"];
            let answer = server.delete::<SignedOut>(&path).await?;
            let text = match answer.read.sign_ins {
                0 => format!("{user} was signed in nowhere."),
                1 => format!("{user} was signed out on 1 device."),
                n => format!("{user} was signed out on {n} devices."),
            };
            Ok(Output::new(answer.json, text))
        }
        Command::Remove { user, yes } => remove(server, &user, yes).await,
    }
}

async fn list(server: &Client) -> Result<Output, Failure> {
    let answer = server.get::<Vec<Account>>(&["users"], &[]).await?;
    let row = |account: &Account| {
        [
            account.name.clone(),
            role_of(account).to_owned(),
            seen(account),
            moment(account.created_at),
            account.id.to_string(),
        ]
    };
    let rows = answer.read.iter().map(row).collect();
    let nobody = "Nobody has registered yet. `zvonilka invite create` prints a link with which somebody can.";
    let text = table(["NAME", "ROLE", "SEEN", "SINCE", "ID"], rows, nobody);
    Ok(Output::new(answer.json, text))
}

async fn show(server: &Client, user: &str) -> Result<Output, Failure> {
    let answer = server.get::<Details>(&["users", user], &[]).await?;
    let Details { account, sign_ins } = &answer.read;
    let row = |sign_in: &crate::control::SignIn| {
        [
            moment(sign_in.since),
            moment(sign_in.expires_at),
            sign_in.device.clone(),
        ]
    };
    let rows = sign_ins.iter().map(row).collect();
    let text = format!(
        "{}\n  id     {}\n  role   {}\n  seen   {}\n  since  {} UTC\n\n{}",
        account.name,
        account.id,
        role_of(account),
        seen(account),
        moment(account.created_at),
        table(["SIGNED IN", "UNTIL", "DEVICE"], rows, "Signed in nowhere.")
    );
    Ok(Output::new(answer.json, text))
}

async fn create(
    server: &Client,
    name: String,
    is_admin: bool,
    from_stdin: bool,
) -> Result<Output, Failure> {
    let password = password(from_stdin)?;
    let new = NewAccount {
        name,
        password: NewPassword(password.shown().to_owned()),
        is_admin,
    };
    let answer = server.send::<Account>(Method::POST, &["users"], &new);
    let answer = answer.await?;
    let (account, mut json) = (answer.read, answer.json);
    let mut text = format!("Made {}, {}.", account.name, a_role(&account));
    if !from_stdin {
        json["password"] = password.shown().into();
        text.push_str(&shown_once(password.shown()));
    }
    Ok(Output::new(json, text))
}

async fn reset(server: &Client, user: &str, from_stdin: bool) -> Result<Output, Failure> {
    let password = password(from_stdin)?;
    let new = NewPassword(password.shown().to_owned());
    let path = ["users", user, "password"];
    let answer = server.send::<Account>(Method::PUT, &path, &new).await?;
    let (account, mut json) = (answer.read, answer.json);
    let mut text = format!(
        "{} has a new password, and must sign in again on each device.",
        account.name
    );
    if !from_stdin {
        json["password"] = password.shown().into();
        text.push_str(&shown_once(password.shown()));
    }
    Ok(Output::new(json, text))
}

fn shown_once(password: &str) -> String {
    format!("\nPassword, shown this once: {password}")
}

async fn role(server: &Client, user: &str, is_admin: bool) -> Result<Output, Failure> {
    let path = ["users", user, "role"];
    let role = Role { is_admin };
    let answer = server.send::<Account>(Method::PUT, &path, &role).await?;
    let text = format!("{} is {} now.", answer.read.name, a_role(&answer.read));
    Ok(Output::new(answer.json, text))
}

async fn remove(server: &Client, user: &str, yes: bool) -> Result<Output, Failure> {
    let found = server.get::<Details>(&["users", user], &[]).await?;
    let account = found.read.account;
    let question = format!(
        "Remove {} ({}) for good? What they wrote stays.",
        account.name, account.id
    );
    confirm(&question, yes)?;
    // By id: between the question and the answer the name may have become somebody else's.
    let path = ["users", &account.id.to_string()];
    let answer = server.delete::<Done>(&path).await?;
    let text = format!("Removed {}.", account.name);
    Ok(Output::new(answer.json, text))
}

const fn role_of(account: &Account) -> &'static str {
    if account.is_admin {
        "administrator"
    } else {
        "member"
    }
}

const fn a_role(account: &Account) -> &'static str {
    if account.is_admin {
        "an administrator"
    } else {
        "a member"
    }
}

fn seen(account: &Account) -> String {
    match account.last_seen_at {
        _ if account.in_call => "in a call".into(),
        _ if account.online => "online".into(),
        Some(at) => moment(at),
        None => "never".into(),
    }
}
