//! Rehearsals: the same studio, with a made-up crowd in the room and nobody else.
//!
//! A rehearsal is a broadcast that is on no list. While it is on, a crowd comes in, asks about what is shown, cheers
//! and orders: only in this room, so that no till and no shelf hears of it. Afterwards the seller reads what went
//! well, from the same events that a real show leaves.

use std::time::Duration;

use base::sql;
use serde_json::json;
use web::{Lang, words};

use crate::broadcast::{self, Broadcast, BroadcastId, Stage};
use crate::chat::{From, Saying};
use crate::reaction::Kind;
use crate::{Live, Result, pin};

pub mod pages;

/// Between two things that the crowd does, in milliseconds.
const PAUSE_MS: u64 = 3_000;
const MORE_MS: u64 = 5_000;
/// People of the crowd.
const CROWD: u64 = 30;
/// Lines that fit at any time, and about a product: `live-crowd-1` and on.
const LINES: u64 = 8;
const ASKS: u64 = 6;
/// Steps between two orders, once something is shown.
const ORDER_EVERY: u64 = 6;

/// What one rehearsal left behind, to be judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub lasted_s: i64,
    /// How long the cue sheet says; 0 without one.
    pub planned_s: i64,
    /// From the beginning to the first product.
    pub first_pin_s: Option<i64>,
    /// Names of products that were never shown.
    pub not_shown: Vec<String>,
    pub shown: i64,
    /// The product that was up longest at a time.
    pub longest: Option<(String, i64)>,
    pub asked: i64,
    pub answered: i64,
    /// The median of the answers.
    pub answer_s: Option<i64>,
}

/// What to do better, the most useful first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    NothingShown,
    FirstLate { seconds: i64 },
    NotShown { names: Vec<String> },
    FewAnswers { asked: i64, answered: i64 },
    SlowAnswers { seconds: i64 },
    TooLong { name: String, seconds: i64 },
    TooShort { lasted_s: i64, planned_s: i64 },
}

/// Advice shown at once: more is not read.
const MOST_ADVICE: usize = 3;
/// Whoever comes in should see a product within this time.
const FIRST_S: i64 = 90;
/// Questions wait no longer than this.
const ANSWER_S: i64 = 60;
/// One product for longer than this tires.
const LONG_S: i64 = 600;

impl Facts {
    /// At most three things to do better; none: it went well.
    pub fn advice(&self) -> Vec<Advice> {
        let mut advice = Vec::new();
        match self.first_pin_s {
            None => advice.push(Advice::NothingShown),
            Some(seconds) if seconds > FIRST_S => advice.push(Advice::FirstLate { seconds }),
            Some(_) => {}
        }
        if self.shown > 0 && !self.not_shown.is_empty() {
            advice.push(Advice::NotShown { names: self.not_shown.clone() });
        }
        if self.asked > 0 && self.answered * 2 < self.asked {
            advice.push(Advice::FewAnswers { asked: self.asked, answered: self.answered });
        } else if let Some(seconds) = self.answer_s.filter(|seconds| *seconds > ANSWER_S) {
            advice.push(Advice::SlowAnswers { seconds });
        }
        if let Some((name, seconds)) = self.longest.clone().filter(|(_, seconds)| *seconds > LONG_S) {
            advice.push(Advice::TooLong { name, seconds });
        }
        if self.lasted_s * 2 < self.planned_s {
            advice.push(Advice::TooShort { lasted_s: self.lasted_s, planned_s: self.planned_s });
        }
        advice.truncate(MOST_ADVICE);
        advice
    }
}

/// What happened, from the events.
pub async fn facts(live: &Live, rehearsal: &Broadcast, lang: Lang) -> Result<Facts> {
    let db = &live.base.db;
    let (since_ms, ended_ms): (Option<i64>, Option<i64>) = sql!(one db,
        "select live_since_ms, ended_at_ms from broadcasts where id = $1", &rehearsal.id)?;
    let Some(since_ms) = since_ms else { return Ok(Facts::default()) };
    let ended_ms = ended_ms.unwrap_or_else(|| live.base.clock.now_ms()).max(since_ms);
    let goods = broadcast::products(db, &rehearsal.id).await?;
    let name = |id: &shop::product::ProductId| {
        goods.iter().find(|card| card.id == *id).map(|card| card.name_in(lang).to_owned())
    };
    let pins = pin::all(db, &rehearsal.id, 10_000).await?;
    let ends = pins.iter().skip(1).map(|pin| pin.at_ms).chain([ended_ms]);
    let spans: Vec<_> = pins
        .iter()
        .zip(ends)
        .filter_map(|(pin, end)| Some((name(pin.product.as_ref()?)?, (end - pin.at_ms).max(0) / 1000)))
        .collect();
    let is_shown = |id: &shop::product::ProductId| pins.iter().any(|pin| pin.product.as_ref() == Some(id));
    let times: Vec<(i64, Option<i64>)> = sql!(all db,
        "select first_at_ms, answered_at_ms from questions
         where broadcast_id = $1 and not hidden and dismissed_at_ms is null", &rehearsal.id)?;
    let mut waits: Vec<i64> = times
        .iter()
        .filter_map(|(asked, answered)| Some((answered.as_ref()? - asked).max(0) / 1000))
        .collect();
    waits.sort_unstable();
    let planned_s: i64 = sql!(value db,
        "select cast(coalesce(sum(seconds), 0) as bigint) from cues where broadcast_id = $1",
        rehearsal.rehearses.as_ref().unwrap_or(&rehearsal.id))?;
    Ok(Facts {
        lasted_s: (ended_ms - since_ms) / 1000,
        planned_s,
        first_pin_s: pins
            .iter()
            .find(|pin| pin.product.is_some())
            .map(|pin| (pin.at_ms - since_ms).max(0) / 1000),
        not_shown: goods
            .iter()
            .filter(|card| !is_shown(&card.id))
            .map(|card| card.name_in(lang).to_owned())
            .collect(),
        shown: goods.iter().filter(|card| is_shown(&card.id)).count() as i64,
        longest: spans.into_iter().max_by_key(|(_, seconds)| *seconds),
        asked: times.len() as i64,
        answered: waits.len() as i64,
        answer_s: waits.get(waits.len() / 2).copied(),
    })
}

/// Plays the crowd while a rehearsal is on; for any other show it does nothing, for ever.
pub(crate) async fn crowd(live: &Live, id: &BroadcastId) {
    let mut step = 0;
    loop {
        let pause = PAUSE_MS + live.base.random.below(MORE_MS);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        match broadcast::find(&live.base.db, id).await {
            Ok(show) if show.rehearses.is_none() => return std::future::pending().await,
            Ok(show) if matches!(show.stage, Stage::Live { .. }) => {
                if let Err(error) = act(live, &show, step).await {
                    tracing::warn!(%error, "The crowd of a rehearsal missed its cue");
                }
                step += 1;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "The crowd of a rehearsal could not look"),
        }
    }
}

/// One thing that the crowd does: it grows, talks, cheers, and orders what is shown.
pub async fn act(live: &Live, show: &Broadcast, step: u64) -> Result<()> {
    let any = |count| live.base.random.below(count);
    let viewers = (2 + step * 2).min(CROWD);
    tell(live, show, &json!({ "type": "viewers", "count": viewers })).await?;
    for _ in 0..any(4) {
        live.reactions.add(&show.id, Kind::ALL[any(2) as usize]);
    }
    let shown = pin::shown_now(&live.base.db, show).await?;
    let who =
        words::say(Lang::Ko, "live-crowd-name", vec![("number", (1 + any(viewers)).to_string().into())]);
    let line = match &shown {
        Some(shown) if any(3) > 0 => {
            let key = format!("live-crowd-ask-{}", 1 + any(ASKS));
            words::say(Lang::Ko, &key, vec![("name", shown.card.name.as_str().into())])
        }
        _ => words::say(Lang::Ko, &format!("live-crowd-{}", 1 + any(LINES)), vec![]),
    };
    let at_ms = live.media_now_ms(&show.id);
    let saying = Saying {
        broadcast: show.id.clone(),
        person: None,
        name: who.clone(),
        text: line,
        from: From::Shopper,
        at_ms,
        key: None,
    };
    live.chat.ask(saying).await??;
    if let Some(shown) = shown.filter(|_| step % ORDER_EVERY == ORDER_EVERY - 1) {
        let name = shown.card.name.as_str();
        let said = words::say(Lang::Ko, "live-crowd-order", vec![("who", who.into()), ("name", name.into())]);
        let id = format!("{}-{step}", show.id);
        let number = words::say(Lang::Ko, "live-crowd-order-number", vec![]);
        tell(live, show, &json!({ "type": "order", "id": id, "number": number, "said": said })).await?;
    }
    Ok(())
}

/// Into this room alone.
async fn tell(live: &Live, show: &Broadcast, frame: &serde_json::Value) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    base::events::put(&mut tx, &show.topic(), frame).await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Facts {
        Facts {
            lasted_s: 600,
            planned_s: 600,
            first_pin_s: Some(30),
            shown: 2,
            longest: Some(("고등어".into(), 200)),
            asked: 4,
            answered: 4,
            answer_s: Some(20),
            ..Facts::default()
        }
    }

    #[test]
    fn what_went_well_is_left_alone() {
        assert_eq!(good().advice(), []);
        assert_eq!(Facts { asked: 0, answered: 0, answer_s: None, ..good() }.advice(), []);
    }

    #[test]
    fn each_fault_is_named_with_its_evidence_and_three_at_most() {
        let late = Facts { first_pin_s: Some(91), ..good() };
        assert_eq!(late.advice(), [Advice::FirstLate { seconds: 91 }]);
        let few = Facts { asked: 5, answered: 2, ..good() };
        assert_eq!(few.advice(), [Advice::FewAnswers { asked: 5, answered: 2 }]);
        let slow = Facts { answer_s: Some(61), ..good() };
        assert_eq!(slow.advice(), [Advice::SlowAnswers { seconds: 61 }]);
        let nothing = Facts { lasted_s: 20, first_pin_s: None, shown: 0, asked: 3, answered: 0, ..good() };
        assert_eq!(
            nothing.advice(),
            [
                Advice::NothingShown,
                Advice::FewAnswers { asked: 3, answered: 0 },
                Advice::TooShort { lasted_s: 20, planned_s: 600 }
            ]
        );
        let all = Facts {
            first_pin_s: Some(200),
            not_shown: vec!["갈치".into()],
            longest: Some(("고등어".into(), 700)),
            ..few
        };
        assert_eq!(all.advice().len(), MOST_ADVICE);
    }
}
