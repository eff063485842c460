//! Joining: the one form between a proved address and an account. Name, age, and each consent by
//! itself, none ticked beforehand; the consents are rows before the account exists.

pub(crate) mod api;
pub(crate) mod pages;

use base::{Secret, clock};
use jiff::civil::Date;

use crate::consent::{self, Channel, Kind, Wishes};
use crate::{Error, People, Person, PersonId, Result, code, person, session};

/// From this age on a person may agree for themselves (개인정보보호법 §22-2).
const AGE: i16 = 14;
/// Nobody is older; such a year is a slip of the finger.
const OLDEST: i16 = 130;

/// What somebody fills in to join.
#[derive(Clone, Debug, Default)]
pub(crate) struct Application {
    pub(crate) name: String,
    /// As typed: `1965-03-12`, `19650312`, `1965. 3. 12.`
    pub(crate) birth: String,
    pub(crate) terms: bool,
    pub(crate) privacy: bool,
    pub(crate) marketing: bool,
    pub(crate) night_marketing: bool,
}

/// Makes the account that a browser has proved an address for, and signs its device in.
pub(crate) async fn join(
    people: &People,
    browser: &Secret,
    application: &Application,
    channel: Channel,
    device: &str,
) -> Result<(Secret, Person)> {
    let now_ms = people.base.clock.now_ms();
    let (name, wishes) = check(application, clock::at(now_ms).to_zoned(clock::seoul()).date())?;
    let mut tx = people.base.db.begin().await?;
    let address = code::spend(&mut tx, browser, now_ms).await?;
    let id = PersonId::new(now_ms);
    // Somebody may have joined with this address in another browser meanwhile; they proved it too, and
    // what they agreed to then stands.
    let person = match person::at(&mut tx, &address).await? {
        Some(person) => person,
        None => {
            for kind in [Kind::Age, Kind::Terms, Kind::Privacy] {
                consent::record(&mut tx, &id, kind, true, channel, now_ms).await?;
            }
            wishes.record(&mut tx, &id, channel, now_ms).await?;
            let created = person::create(&mut tx, &id, &name, &address, now_ms).await?;
            created.ok_or(Error::JoinOver)?
        }
    };
    let token = session::open(&mut tx, &people.base.random, &person.id, device, now_ms).await?;
    tx.commit().await?;
    Ok((token, person))
}

/// All that is wrong at once, so that nobody mends one field to be told of the next.
fn check(application: &Application, today: Date) -> Result<(String, Wishes)> {
    let mut wrong = Vec::new();
    let name = person::read_name(&application.name);
    if name.is_none() {
        wrong.push(("name", "person-name"));
    }
    let birth = read_birth(&application.birth, today);
    if birth.is_none() {
        wrong.push(("birth", "person-birth"));
    }
    if !application.terms {
        wrong.push(("terms", "consent-needed"));
    }
    if !application.privacy {
        wrong.push(("privacy", "consent-needed"));
    }
    let wishes =
        Wishes { marketing: application.marketing, night_marketing: application.night_marketing }.check();
    if wishes.is_err() {
        wrong.push(("night_marketing", "night-alone"));
    }
    match (name, birth, wishes) {
        (_, Some(birth), _) if !is_of_age(birth, today) => Err(Error::UnderAge),
        (Some(name), Some(_), Ok(wishes)) if wrong.is_empty() => Ok((name, wishes)),
        _ => Err(Error::JoinUnfinished(wrong)),
    }
}

/// Whether somebody has had their fourteenth birthday, by the calendar. Who was born on 29 February
/// has it on 1 March of a year without one, which comparing the parts of the date says by itself.
fn is_of_age(birth: Date, today: Date) -> bool {
    (today.year() - AGE, today.month(), today.day()) >= (birth.year(), birth.month(), birth.day())
}

/// A birth date out of what people type: the digits in order, whatever stands between them.
fn read_birth(typed: &str, today: Date) -> Option<Date> {
    if typed.len() > 40 {
        return None;
    }
    let parts: Vec<&str> =
        typed.split(|letter: char| !letter.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let (year, month, day) = match parts[..] {
        [whole] if whole.len() == 8 => (&whole[..4], &whole[4..6], &whole[6..]),
        [year, month, day] if year.len() == 4 => (year, month, day),
        _ => return None,
    };
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    (date <= today && date.year() > today.year() - OLDEST).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn fourteen_is_counted_by_the_calendar() {
        let today = date(2026, 11, 22);
        assert!(is_of_age(date(2012, 11, 22), today), "today is the birthday");
        assert!(!is_of_age(date(2012, 11, 23), today), "tomorrow is");
        let leap = date(2012, 2, 29);
        assert!(!is_of_age(leap, date(2026, 2, 28)));
        assert!(is_of_age(leap, date(2026, 3, 1)));
    }

    #[test]
    fn a_birth_date_is_read_as_people_type_it() {
        let today = date(2026, 11, 22);
        for typed in ["19650312", "1965-03-12", "1965. 3. 12.", "1965년 3월 12일"] {
            assert_eq!(read_birth(typed, today), Some(date(1965, 3, 12)), "{typed}");
        }
        let long = "1".repeat(10_000);
        for typed in ["", "650312", "19651312", "20991231", "18000101", "1965", "가나다", &long] {
            assert_eq!(read_birth(typed, today), None, "{typed}");
        }
    }
}
