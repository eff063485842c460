//! Addresses a code can be sent to: a Korean mobile number or an e-mail address, in one form each,
//! so that the same person typing it another way is the same person.

use std::fmt;

/// The longest e-mail address (RFC 5321).
const MAX_EMAIL: usize = 254;
/// The longest part before the `@`.
const MAX_LOCAL: usize = 64;

/// Where a person is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// E.164: `+821012345678`.
    Phone(String),
    /// In lower case.
    Email(String),
}

impl Address {
    /// Reads what somebody typed; `None` when it is neither.
    pub fn read(typed: &str) -> Option<Address> {
        let typed = typed.trim();
        if typed.len() > MAX_EMAIL {
            return None;
        }
        if typed.contains('@') { email(typed) } else { phone(typed) }
    }

    /// The one form in which it is kept.
    pub fn as_str(&self) -> &str {
        match self {
            Address::Phone(text) | Address::Email(text) => text,
        }
    }

    /// The number as people write it (`010-1234-5678`), or the e-mail address.
    pub fn written(&self) -> String {
        match self {
            Address::Phone(phone) => written(phone),
            Address::Email(email) => email.clone(),
        }
    }

    pub(crate) fn phone(&self) -> Option<&str> {
        match self {
            Address::Phone(phone) => Some(phone),
            Address::Email(_) => None,
        }
    }

    pub(crate) fn email(&self) -> Option<&str> {
        match self {
            Address::Phone(_) => None,
            Address::Email(email) => Some(email),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Mobile numbers only: a code cannot be read on a telephone that shows no text.
fn phone(typed: &str) -> Option<Address> {
    let international = typed.starts_with('+');
    let mut digits = String::new();
    for letter in typed.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            // A Korean keyboard may give full-width digits.
            '０'..='９' => digits.push(char::from(b'0' + (letter as u32 - '０' as u32) as u8)),
            ' ' | '-' | '.' | '(' | ')' | '+' | '\u{2013}' => {}
            _ => return None,
        }
    }
    let national = match digits.strip_prefix("82") {
        Some(rest) if international || rest.len() >= 9 => rest.trim_start_matches('0').to_owned(),
        _ if international => return None,
        _ => digits.strip_prefix('0')?.to_owned(),
    };
    let fits = match national.as_bytes() {
        [b'1', b'0', ..] => national.len() == 10,
        [b'1', b'1' | b'6'..=b'9', ..] => (9..=10).contains(&national.len()),
        _ => false,
    };
    fits.then(|| Address::Phone(format!("+82{national}")))
}

/// Enough to send a message to; whether somebody reads it there, the code will tell.
fn email(typed: &str) -> Option<Address> {
    let (local, domain) = typed.rsplit_once('@')?;
    let plain = |text: &str, more: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.as_bytes().contains(&byte))
    };
    let local_fits = !local.is_empty()
        && local.len() <= MAX_LOCAL
        && plain(local, ".!#$%&'*+-/=?^_`{|}~")
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let domain_fits = domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty() && plain(label, "-") && !label.starts_with('-') && !label.ends_with('-')
        });
    (local_fits && domain_fits).then(|| Address::Email(typed.to_ascii_lowercase()))
}

fn written(phone: &str) -> String {
    let Some(national) = phone.strip_prefix("+82") else { return phone.to_owned() };
    let (head, rest) = national.split_at(2.min(national.len()));
    let (middle, tail) = rest.split_at(rest.len().saturating_sub(4));
    format!("0{head}-{middle}-{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_typed() {
        for typed in [
            "010-1234-5678",
            "01012345678",
            " 010 1234 5678 ",
            "+82 10-1234-5678",
            "821012345678",
            "+8201012345678",
            "０１０１２３４５６７８",
        ] {
            assert_eq!(Address::read(typed), Some(Address::Phone("+821012345678".into())), "{typed}");
        }
        assert_eq!(Address::read("010-1234-5678").unwrap().written(), "010-1234-5678");
        assert_eq!(Address::read("011-234-5678").unwrap().written(), "011-234-5678");
    }

    #[test]
    fn an_email_is_kept_in_lower_case() {
        assert_eq!(Address::read("Kim@Market.Example"), Some(Address::Email("kim@market.example".into())));
    }

    #[test]
    fn what_is_neither_is_refused() {
        let long = "1".repeat(10_000);
        for typed in [
            "",
            "02-123-4567",
            "010-1234",
            "+1 415 555 0100",
            "a@b",
            "@b.kr",
            "a@b..kr",
            "a b@c.kr",
            "a@-b.kr",
            "' or 1=1 --",
            "a@b.kr\nbcc: c@d.kr",
            "<script>@b.kr",
            &long,
        ] {
            assert_eq!(Address::read(typed), None, "{typed}");
        }
    }
}
