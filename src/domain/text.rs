//! Texts that people type: names, passwords, messages. Each is parsed into a type that cannot hold a bad one.
//!
//! Names that look alike are one name: `Анна` typed in Cyrillic and `Aнна` with a Latin letter have the same [`NameKey`]
//! (Unicode TS 39 skeleton of the case-folded NFKC form), so nobody can pass for somebody else.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_security::skeleton;

use super::Invalid;
use super::invite::random_groups;

/// The name a person signs in with and is shown by: 1 to 40 characters, NFC, no invisible characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserName(String);

impl UserName {
    /// Longest name, in characters.
    pub const MAX: usize = 40;

    /// Parses what somebody typed: trims it and folds runs of spaces into one.
    ///
    /// # Errors
    /// [`Invalid`] if it is empty, too long, without any letter or digit, or holds control, invisible or unassigned characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fault = |code, message: String| Err(Invalid::one("username", code, message));
        if text.len() > 16 * Self::MAX {
            return fault(
                "name.long",
                format!("username must be at most {} characters long", Self::MAX),
            );
        }
        let name = text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .nfc()
            .collect::<String>();
        if name.chars().count() > Self::MAX {
            return fault(
                "name.long",
                format!("username must be at most {} characters long", Self::MAX),
            );
        }
        if !name.chars().any(char::is_alphanumeric) {
            return fault(
                "name.empty",
                "username must contain at least one letter or digit".into(),
            );
        }
        if let Some(bad) = name.chars().find(|c| is_invisible(*c)) {
            return fault(
                "name.characters",
                format!(
                    "username must not contain the invisible character U+{:04X}",
                    u32::from(bad)
                ),
            );
        }
        Ok(Self(name))
    }

    /// Takes a name that the store gives back.
    #[must_use]
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// The name as it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What must be unique among living users.
    #[must_use]
    pub fn key(&self) -> NameKey {
        let folded = self
            .0
            .nfkc()
            .flat_map(char::to_lowercase)
            .collect::<String>();
        // Folded again: the skeleton of a lower-case letter can be an upper-case one.
        NameKey(skeleton(&folded).flat_map(char::to_lowercase).collect())
    }

    /// The same name with a number behind it, cut to fit.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let tail = format!(" {number}");
        let head: String = self.0.chars().take(Self::MAX - tail.len()).collect();
        Self(format!("{}{tail}", head.trim_end()))
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_invisible(c: char) -> bool {
    match c.general_category_group() {
        GeneralCategoryGroup::Other => true,
        GeneralCategoryGroup::Separator => c != ' ',
        GeneralCategoryGroup::Letter
        | GeneralCategoryGroup::Mark
        | GeneralCategoryGroup::Number
        | GeneralCategoryGroup::Punctuation
        | GeneralCategoryGroup::Symbol => {
            // Blank though they count as letters: Hangul fillers, Braille blank.
            matches!(
                c,
                '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{2800}'
            )
        }
    }
}

/// The name of a chat that a person makes: 1 to 60 characters, without control or invisible ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChatName(String);

impl ChatName {
    /// Longest name, in characters.
    pub const MAX: usize = 60;

    /// Parses what somebody typed.
    ///
    /// # Errors
    /// [`Invalid`] if nothing visible is left, it is too long or holds invisible characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty()
            || name.chars().nth(Self::MAX).is_some()
            || name.chars().any(is_invisible)
        {
            return Err(Invalid::one(
                "name",
                "chat_name.bad",
                format!("name must be 1 to {} visible characters long", Self::MAX),
            ));
        }
        Ok(Self(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What two names that look alike have in common; unique among living users.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct NameKey(String);

impl NameKey {
    /// The key as the store keeps it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A password as typed. Prints nothing of itself.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

impl Password {
    /// Shortest new password, in characters.
    pub const MIN: usize = 6;
    /// Longest password, in bytes.
    pub const MAX_BYTES: usize = 1024;

    /// Letters of made passwords: none that look or sound alike.
    const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

    /// Makes a password of sixteen characters in four groups (79 bits).
    #[must_use]
    pub fn random() -> Self {
        Self(random_groups(Self::ALPHABET, 4).into())
    }

    /// Parses a password that somebody chooses.
    ///
    /// # Errors
    /// [`Invalid`] if it is shorter than 6 characters or longer than 1 KiB.
    pub fn choose(text: String) -> Result<Self, Invalid> {
        let length = text.chars().count();
        if length < Self::MIN {
            return Err(Invalid::one(
                "password",
                "password.short",
                format!("password must be at least {} characters long", Self::MIN),
            ));
        }
        Self::typed(text).ok_or_else(|| {
            Invalid::one(
                "password",
                "password.long",
                format!("password must be at most {} bytes long", Self::MAX_BYTES),
            )
        })
    }

    /// Takes a password that somebody signs in with; `None` if it is longer than any password can be.
    #[must_use]
    pub fn typed(text: String) -> Option<Self> {
        (text.len() <= Self::MAX_BYTES).then(|| Self(SecretString::from(text)))
    }

    /// The bytes to hash.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.shown().as_bytes()
    }

    /// The password itself, for whoever it was made for.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The text of a message: not empty, line breaks as `\n`, other control characters taken out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content(String);

impl Content {
    /// Parses a message of at most `max` characters.
    ///
    /// # Errors
    /// [`Invalid`] if nothing visible is left or it is too long.
    pub fn parse(text: &str, max: usize) -> Result<Self, Invalid> {
        if text.chars().nth(max).is_some() {
            return Err(Invalid::one(
                "content",
                "message.long",
                format!("content must be at most {max} characters long; send it in parts"),
            ));
        }
        let clean: String = text
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .chars()
            .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
            .collect();
        if clean
            .chars()
            .all(|c| c.is_whitespace() || c.general_category() == GeneralCategory::Format)
        {
            return Err(Invalid::one(
                "content",
                "message.empty",
                "content should not be empty",
            ));
        }
        Ok(Self(clean))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name that a client gives to a message it sends, so that sending it twice posts it once: 1 to 64 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientId(String);

impl ClientId {
    /// Parses the name.
    ///
    /// # Errors
    /// [`Invalid`] if it is empty, too long or not visible ASCII.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() || text.len() > 64 || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Invalid::one(
                "clientId",
                "client_id.bad",
                "clientId must be 1 to 64 visible ASCII characters",
            ));
        }
        Ok(Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(name: &str) -> NameKey {
        UserName::parse(name).unwrap().key()
    }

    #[test]
    fn names_that_look_alike_have_one_key() {
        assert_eq!(key("Анна"), key("Aннa"));
        assert_eq!(key("anna"), key("ANNA"));
        assert_eq!(key("Саша"), key("caшa"));
        assert_ne!(key("Анна"), key("Алла"));
    }

    #[test]
    fn a_name_without_anything_to_see_is_refused() {
        for bad in [
            "",
            "   ",
            "\u{200B}",
            "a\u{202E}b",
            "a\0b",
            "---",
            "\u{3164}",
            "a\u{2028}\u{2066}b",
        ] {
            assert!(UserName::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            UserName::parse("  Бабушка \t Валя ").unwrap().as_str(),
            "Бабушка Валя"
        );
    }

    #[test]
    fn a_name_is_at_most_forty_characters() {
        assert!(UserName::parse(&"я".repeat(40)).is_ok());
        assert!(UserName::parse(&"я".repeat(41)).is_err());
        assert!(UserName::parse(&"x".repeat(1_000_000)).is_err());
        assert_eq!(
            UserName::parse(&"я".repeat(40))
                .unwrap()
                .numbered(2)
                .as_str()
                .chars()
                .count(),
            40
        );
    }

    #[test]
    fn a_message_keeps_its_lines_and_loses_control_characters() {
        assert_eq!(
            Content::parse("a\r\nb\0\u{7}\tc", 100).unwrap().as_str(),
            "a\nb\tc"
        );
        assert!(Content::parse(" \n\u{200B}", 100).is_err());
        assert!(Content::parse(&"я".repeat(101), 100).is_err());
    }

    #[test]
    fn a_password_says_nothing_of_itself() {
        assert!(!format!("{:?}", Password::choose("secret1".into()).unwrap()).contains("secret1"));
        assert!(Password::choose("пятьб".into()).is_err());
        assert!(Password::choose("шестьб".into()).is_ok());
        assert!(Password::choose("x".repeat(1025)).is_err());
    }

    proptest! {
        #[test]
        fn a_parsed_name_parses_to_itself(text in ".*") {
            if let Ok(name) = UserName::parse(&text) {
                prop_assert_eq!(UserName::parse(name.as_str()).unwrap(), name);
            }
        }
    }
}
