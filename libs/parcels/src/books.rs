//! What the service knows: where each parcel was scanned, who wants to hear of it, and what goes wrong.

use std::collections::HashMap;

/// How far a parcel is, as Sweettracker counts it: 1 to 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Ready = 1,
    PickedUp,
    Moving,
    Arrived,
    OutForDelivery,
    Delivered,
}

impl Level {
    const ALL: [Level; 6] = [
        Level::Ready,
        Level::PickedUp,
        Level::Moving,
        Level::Arrived,
        Level::OutForDelivery,
        Level::Delivered,
    ];

    fn after(steps: i64) -> Level {
        Level::ALL[steps.clamp(0, 5) as usize]
    }

    /// Delivery Tracker's word for it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Level::Ready => "INFORMATION_RECEIVED",
            Level::PickedUp => "AT_PICKUP",
            Level::Moving | Level::Arrived => "IN_TRANSIT",
            Level::OutForDelivery => "OUT_FOR_DELIVERY",
            Level::Delivered => "DELIVERED",
        }
    }

    /// What the carrier's own page says.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Level::Ready => "배송준비중",
            Level::PickedUp => "집화완료",
            Level::Moving => "배송중",
            Level::Arrived => "지점 도착",
            Level::OutForDelivery => "배송출발",
            Level::Delivered => "배송완료",
        }
    }
}

/// What goes wrong when somebody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// There is no such parcel. Numbers that end in 0404.
    WrongNumber,
    /// The connection ends without an answer. Numbers that end in 0408.
    Lost,
    /// Too many questions. Numbers that end in 0429.
    TooMany,
    /// The service itself is broken. Numbers that end in 0500.
    Broken,
}

impl Fault {
    fn of(number: &str) -> Fault {
        match number.get(number.len().saturating_sub(4)..) {
            Some("0404") => Fault::WrongNumber,
            Some("0408") => Fault::Lost,
            Some("0429") => Fault::TooMany,
            Some("0500") => Fault::Broken,
            _ => Fault::None,
        }
    }
}

/// A scan of a parcel.
#[derive(Clone, Copy)]
pub(crate) struct Scan {
    pub(crate) level: Level,
    pub(crate) at_ms: i64,
}

#[derive(Default)]
struct Parcel {
    scans: Vec<Scan>,
    asked: usize,
    fault: Option<Fault>,
    /// When it began to move by itself.
    began_ms: Option<i64>,
    is_news: bool,
}

struct Wish {
    carrier: String,
    number: String,
    callback: String,
    until_ms: i64,
}

/// Somebody who is to be told.
pub(crate) struct News {
    pub(crate) carrier: String,
    pub(crate) number: String,
    pub(crate) callback: String,
}

pub(crate) struct Books {
    pace_ms: Option<i64>,
    parcels: HashMap<String, Parcel>,
    wishes: Vec<Wish>,
}

impl Books {
    pub(crate) fn new(pace_ms: Option<i64>) -> Books {
        Books { pace_ms, parcels: HashMap::new(), wishes: Vec::new() }
    }

    fn parcel(&mut self, number: &str) -> &mut Parcel {
        self.parcels.entry(number.to_owned()).or_default()
    }

    pub(crate) fn scan(&mut self, number: &str, level: Level, at_ms: i64) {
        let parcel = self.parcel(number);
        parcel.scans.push(Scan { level, at_ms });
        parcel.is_news = true;
    }

    pub(crate) fn fail(&mut self, number: &str, fault: Fault) {
        self.parcel(number).fault = Some(fault);
    }

    pub(crate) fn asked(&self, number: &str) -> usize {
        self.parcels.get(number).map_or(0, |parcel| parcel.asked)
    }

    /// The scans of a parcel, or what goes wrong.
    pub(crate) fn look(&mut self, number: &str, now_ms: i64) -> Result<Vec<Scan>, Fault> {
        let pace_ms = self.pace_ms;
        let parcel = self.parcel(number);
        parcel.asked += 1;
        let fault = parcel.fault.unwrap_or_else(|| Fault::of(number));
        if fault != Fault::None {
            return Err(fault);
        }
        if let Some(pace_ms) = pace_ms.filter(|_| parcel.scans.is_empty()) {
            let began_ms = *parcel.began_ms.get_or_insert(now_ms);
            let steps = (now_ms - began_ms) / pace_ms.max(1);
            let scan = |step| Scan { level: Level::after(step), at_ms: began_ms + step * pace_ms };
            return Ok((0..=steps.min(5)).map(scan).collect());
        }
        if parcel.scans.is_empty() { Err(Fault::WrongNumber) } else { Ok(parcel.scans.clone()) }
    }

    pub(crate) fn register(&mut self, carrier: &str, number: &str, callback: &str, until_ms: i64) {
        self.wishes.retain(|wish| wish.number != number || wish.callback != callback);
        self.wishes.push(Wish {
            carrier: carrier.to_owned(),
            number: number.to_owned(),
            callback: callback.to_owned(),
            until_ms,
        });
    }

    pub(crate) fn news(&mut self, now_ms: i64) -> Vec<News> {
        self.wishes.retain(|wish| wish.until_ms > now_ms);
        let mut all = Vec::new();
        for wish in &self.wishes {
            if self.parcels.get(&wish.number).is_some_and(|parcel| parcel.is_news) {
                all.push(News {
                    carrier: wish.carrier.clone(),
                    number: wish.number.clone(),
                    callback: wish.callback.clone(),
                });
            }
        }
        for parcel in self.parcels.values_mut() {
            parcel.is_news = false;
        }
        all
    }
}
