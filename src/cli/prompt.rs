//! What a person is asked on the terminal, and secrets on standard input.

use std::io::{self, BufRead, IsTerminal, Write};

use super::Failure;
use crate::domain::Password;

/// Asks whether to go on, unless `yes` was said already.
pub(super) fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::NobodyToAsk);
    }
    let mut terminal = io::stderr();
    write!(terminal, "{question} [y/N] ")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" | "д" | "да" => Ok(()),
        _ => Err(Failure::NotConfirmed),
    }
}

/// The first line of standard input, or a password that is made here.
pub(super) fn password(from_stdin: bool) -> Result<Password, Failure> {
    if !from_stdin {
        return Ok(Password::random());
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let typed = line.trim_end_matches(['\n', '\r']).to_owned();
    if typed.is_empty() {
        return Err(Failure::NoPassword);
    }
    Password::choose(typed).map_err(|invalid| Failure::Refused {
        kind: crate::control::Kind::Invalid,
        message: invalid.to_string(),
    })
}
