//! `Ui`: what every page knows. It is an extractor; a page struct holds it as `ui`.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base::{Clock, Won, clock};
use futures::future::BoxFuture;
use jiff::Zoned;
use serde::{Deserialize, Serialize};

use crate::extract::cookie;
use crate::{Arg, Lang, assets, words};

/// Who is looking, as far as the shell needs to know.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// The name to greet, when signed in.
    pub name: Option<String>,
    /// Whether the seller's door is shown.
    pub sells: bool,
    /// Whether the operator's door is shown.
    pub operates: bool,
    /// The language the person chose, over the browser's.
    pub lang: Option<Lang>,
}

/// Finds the visitor behind a request. `people` provides it; the shell does not know accounts.
pub trait Greet: Send + Sync {
    fn greet<'a>(&'a self, parts: &'a mut Parts) -> BoxFuture<'a, Visitor>;
}

/// The market itself, as an operator describes it: what stands at the top of every page, on the
/// home page, and at the foot (전자상거래법 §10). Kept as the setting `market`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Market {
    pub name: Said,
    /// One line under the name.
    pub line: Said,
    pub story: Said,
    pub address: Said,
    pub hours: Said,
    /// The picture of the home page, by photo id.
    pub photo: Option<String>,
    /// The operator's legal identity in one line.
    pub identity: Said,
    /// What the operator says of its part in a sale.
    pub mediator: Said,
    /// Whether this is the demo, which every page says.
    pub demo: bool,
}

/// A text kept in both languages; English may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Said {
    pub ko: String,
    pub en: String,
}

impl Said {
    /// The text in `lang`, or in the other language where it is missing.
    pub fn in_lang(&self, lang: Lang) -> &str {
        match lang {
            Lang::En if !self.en.is_empty() => &self.en,
            Lang::Ko if self.ko.is_empty() => &self.en,
            _ => &self.ko,
        }
    }
}

/// What the pages need beside the request; the server puts it into every request's extensions.
#[derive(Clone)]
pub struct Setting {
    pub clock: Clock,
    pub market: Arc<std::sync::RwLock<Market>>,
    pub greet: Option<Arc<dyn Greet>>,
}

/// What every page knows: the language, the words, the visitor, the market, the time.
#[derive(Clone)]
pub struct Ui {
    lang: Lang,
    path: String,
    host: String,
    visitor: Visitor,
    market: Market,
    now_ms: i64,
    cart_count: usize,
    theme: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Ui {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Ui, Self::Rejection> {
        if let Some(ui) = parts.extensions.get::<Ui>() {
            return Ok(ui.clone());
        }
        let setting = parts.extensions.get::<Setting>().cloned();
        let visitor = match setting.as_ref().and_then(|setting| setting.greet.clone()) {
            Some(greet) => greet.greet(parts).await,
            None => Visitor::default(),
        };
        let host = parts
            .headers
            .get("host")
            .and_then(|host| host.to_str().ok())
            .or_else(|| parts.uri.authority().map(|authority| authority.as_str()))
            .unwrap_or_default();
        let ui = Ui {
            lang: lang_of(parts, &visitor),
            path: parts.uri.path().to_owned(),
            host: host.to_owned(),
            visitor,
            market: setting.as_ref().map(|setting| read(&setting.market)).unwrap_or_default(),
            now_ms: setting.map(|setting| setting.clock.now_ms()).unwrap_or_default(),
            cart_count: cookie(&parts.headers, "cart_count").and_then(|n| n.parse().ok()).unwrap_or(0),
            theme: cookie(&parts.headers, "theme")
                .filter(|theme| ["light", "dark"].contains(theme))
                .map(Into::into),
        };
        parts.extensions.insert(ui.clone());
        Ok(ui)
    }
}

fn read(market: &std::sync::RwLock<Market>) -> Market {
    market.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
}

fn lang_of(parts: &Parts, visitor: &Visitor) -> Lang {
    let chosen = cookie(&parts.headers, "lang").and_then(Lang::of_tag).or(visitor.lang);
    let asked = || {
        let accept = parts.headers.get("accept-language")?.to_str().ok()?;
        accept.split(',').find_map(Lang::of_tag)
    };
    chosen.or_else(asked).unwrap_or_default()
}

impl Ui {
    /// The reader's language.
    pub fn language(&self) -> Lang {
        self.lang
    }

    /// The tag for `<html lang>`.
    pub fn lang(&self) -> &'static str {
        self.lang.tag()
    }

    /// Whether the reader reads Korean; for content kept in two languages.
    pub fn is_korean(&self) -> bool {
        self.lang == Lang::Ko
    }

    /// The words under `key`.
    pub fn t(&self, key: &str) -> String {
        words::say(self.lang, key, Vec::new())
    }

    /// The words under `key`, with one value in them.
    pub fn t1<'a>(&self, key: &str, name: &'a str, value: impl Into<Arg<'a>>) -> String {
        words::say(self.lang, key, vec![(name, value.into())])
    }

    /// The words under `key`, with two values in them.
    pub fn t2<'a>(
        &self,
        key: &str,
        name: &'a str,
        value: impl Into<Arg<'a>>,
        name2: &'a str,
        value2: impl Into<Arg<'a>>,
    ) -> String {
        words::say(self.lang, key, vec![(name, value.into()), (name2, value2.into())])
    }

    /// The hashed address of a built file: `main.css`, `main.ts`, `icons.svg`.
    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// The addresses of what a script imports at once: without them in the page the browser finds them too late.
    pub fn asset_imports(&self, name: &str) -> Vec<String> {
        assets::imports(name)
    }

    /// The path of this page.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The full address of a path here, for canonical links and sharing.
    pub fn absolute(&self, path: &str) -> String {
        let scheme = if self.host.starts_with("localhost") || self.host.starts_with("127.") {
            "http"
        } else {
            "https"
        };
        format!("{scheme}://{}{path}", self.host)
    }

    /// This page's own address, without its query.
    pub fn canonical(&self) -> String {
        self.absolute(&self.path)
    }

    /// The store a seller's page is about: `/sell/{store}`, or nothing.
    pub fn store_path(&self) -> &str {
        let Some(rest) = self.path.strip_prefix("/sell/") else { return "" };
        let store = rest.split('/').next().unwrap_or_default();
        if store.is_empty() || store == "open" { "" } else { &self.path[.."/sell/".len() + store.len()] }
    }

    /// Whether a seller's page stands in this room of the store: `orders`, `products`, `live`.
    pub fn here(&self, room: &str) -> bool {
        let after = &self.path[self.store_path().len()..];
        !self.store_path().is_empty() && after.trim_start_matches('/').split('/').next() == Some(room)
    }

    /// Whether somebody is signed in.
    pub fn signed_in(&self) -> bool {
        self.visitor.name.is_some()
    }

    /// The visitor's name, or nothing.
    pub fn person_name(&self) -> &str {
        self.visitor.name.as_deref().unwrap_or_default()
    }

    /// Whether the visitor has a store.
    pub fn sells(&self) -> bool {
        self.visitor.sells
    }

    /// Whether the visitor operates the market.
    pub fn operates(&self) -> bool {
        self.visitor.operates
    }

    /// Things in the cart.
    pub fn cart_count(&self) -> usize {
        self.cart_count
    }

    /// Whether this is a seller's page: larger text, more contrast.
    pub fn is_seller_page(&self) -> bool {
        self.path == "/sell" || self.path.starts_with("/sell/")
    }

    /// The market.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// The market's name.
    pub fn market_name(&self) -> &str {
        self.said(&self.market.name)
    }

    /// The operator's legal identity in one line.
    pub fn operator_line(&self) -> &str {
        self.said(&self.market.identity)
    }

    /// A text kept in both languages, in the reader's.
    pub fn said<'s>(&self, text: &'s Said) -> &'s str {
        text.in_lang(self.lang)
    }

    /// Whether this is the demo.
    pub fn is_demo(&self) -> bool {
        self.market.demo
    }

    /// `light`, `dark` or nothing: the reader's choice over the phone's.
    pub fn theme(&self) -> &str {
        self.theme.as_deref().unwrap_or_default()
    }

    /// A price as people write it: `32,000원`, `₩32,000`.
    pub fn won(&self, won: impl Into<Amount>) -> String {
        let Amount(won) = won.into();
        match self.lang {
            Lang::Ko => format!("{}원", Won(won)),
            Lang::En => format!("₩{}", Won(won)),
        }
    }

    /// A number with thousands separated.
    pub fn number(&self, number: impl Into<Amount>) -> String {
        base::money::grouped(number.into().0)
    }

    /// Now, in Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// A moment as people say it: "오늘 오후 3:00", "내일 …", "11월 24일 …".
    pub fn time(&self, ms: &i64) -> String {
        let at = clock::at(*ms).to_zoned(clock::seoul());
        let today = clock::at(self.now_ms).to_zoned(clock::seoul()).date();
        let days = (at.date() - today).get_days();
        let time = self.hour(&at);
        match days {
            0 => self.t1("time-today", "time", time),
            1 => self.t1("time-tomorrow", "time", time),
            -1 => self.t1("time-yesterday", "time", time),
            _ => format!("{} {time}", self.day(&at)),
        }
    }

    /// The day alone: "11월 24일 (화)"; of another year with it.
    pub fn date(&self, ms: &i64) -> String {
        self.day(&clock::at(*ms).to_zoned(clock::seoul()))
    }

    /// The hour alone: "오후 3:00".
    pub fn hour_of(&self, ms: &i64) -> String {
        self.hour(&clock::at(*ms).to_zoned(clock::seoul()))
    }

    fn day(&self, at: &Zoned) -> String {
        let is_this_year = clock::at(self.now_ms).to_zoned(clock::seoul()).year() == at.year();
        match self.lang {
            Lang::Ko if !is_this_year => format!("{}년 {}월 {}일", at.year(), at.month(), at.day()),
            Lang::En if !is_this_year => at.strftime("%-d %b %Y").to_string(),
            Lang::Ko => {
                let weekday =
                    ["월", "화", "수", "목", "금", "토", "일"][at.weekday().to_monday_zero_offset() as usize];
                format!("{}월 {}일 ({weekday})", at.month(), at.day())
            }
            Lang::En => at.strftime("%a %-d %b").to_string(),
        }
    }

    fn hour(&self, at: &Zoned) -> String {
        match self.lang {
            Lang::Ko => {
                let half = if at.hour() < 12 { "오전" } else { "오후" };
                let hour = if at.hour() % 12 == 0 { 12 } else { at.hour() % 12 };
                format!("{half} {hour}:{:02}", at.minute())
            }
            Lang::En => at.strftime("%-I:%M %p").to_string(),
        }
    }

    /// The moment for `<time datetime>`.
    pub fn iso(&self, ms: &i64) -> String {
        clock::at(*ms).to_string()
    }
}

/// A whole number a page shows, however it was held.
pub struct Amount(i64);

impl From<i64> for Amount {
    fn from(number: i64) -> Amount {
        Amount(number)
    }
}

impl From<&i64> for Amount {
    fn from(number: &i64) -> Amount {
        Amount(*number)
    }
}

impl From<usize> for Amount {
    fn from(number: usize) -> Amount {
        Amount(number as i64)
    }
}

impl From<Won> for Amount {
    fn from(won: Won) -> Amount {
        Amount(won.0)
    }
}

impl From<&Won> for Amount {
    fn from(won: &Won) -> Amount {
        Amount(won.0)
    }
}
