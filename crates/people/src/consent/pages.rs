//! The form on `/me` that gives and withdraws consents.

use axum::extract::State;
use axum::response::Redirect;
use serde::Deserialize;
use web::{Form, Problem};

use super::{Channel, Wishes};
use crate::{People, Person, consent};

/// One button, pressed: `marketing=on`, `night_marketing=off`.
#[derive(Deserialize)]
pub(crate) struct Press {
    marketing: Option<String>,
    night_marketing: Option<String>,
}

/// `POST /me/consents`.
pub(crate) async fn press(
    person: Person,
    State(people): State<People>,
    Form(press): Form<Press>,
) -> Result<Redirect, Problem> {
    let held = consent::current(&people.base.db, &person.id).await.map_err(Problem::internal)?;
    let wishes = press.applied(Wishes::of(&held));
    consent::wish(&people, &person.id, wishes, Channel::Page).await?;
    Ok(Redirect::to("/me"))
}

impl Press {
    /// Night follows marketing: withdrawing the day withdraws the night, and asking for the night asks
    /// for nothing unless the day is given.
    fn applied(&self, held: Wishes) -> Wishes {
        let pressed = |button: &Option<String>, held| button.as_deref().map_or(held, |value| value == "on");
        let marketing = pressed(&self.marketing, held.marketing);
        let night = pressed(&self.night_marketing, held.night_marketing);
        Wishes { marketing, night_marketing: night && (marketing || self.night_marketing.is_some()) }
    }
}
