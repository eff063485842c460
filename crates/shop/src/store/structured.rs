//! A stall in the words of schema.org: who it is, where it stands, when it is open.

use serde_json::{Value, json};
use web::{Ui, structured};

use super::Store;
use crate::hours::{Day, Hours, Minute};

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Everything a stall's page tells search engines, as the text of a script.
pub(crate) fn script(ui: &Ui, store: &Store, hours: &Hours) -> String {
    let lang = ui.language();
    let (who, path) = (&store.identity, store.path());
    let image = match store.picture_id() {
        "" => ui.absolute(&ui.asset("icon-512.png")),
        photo => ui.absolute(&format!("/photos/{photo}/960.jpg")),
    };
    let mut thing = json!({
        "@type": "Store",
        "@id": ui.absolute(&path),
        "name": store.name_in(lang),
        "url": ui.absolute(&path),
        "image": image,
        "currenciesAccepted": "KRW",
        "parentOrganization": { "@type": "Organization", "name": ui.market_name(), "url": ui.absolute("/") },
    });
    let address = if ui.is_korean() || who.address_en.is_empty() { &who.address } else { &who.address_en };
    let lines = [("description", store.line_in(lang)), ("telephone", &who.phone), ("email", &who.email)];
    for (name, said) in lines.into_iter().filter(|(_, said)| !said.is_empty()) {
        thing[name] = said.into();
    }
    if !address.is_empty() {
        thing["address"] =
            json!({ "@type": "PostalAddress", "streetAddress": address, "addressCountry": "KR" });
    }
    let week: Vec<Value> = hours.week.iter().flat_map(spans).collect();
    if !week.is_empty() {
        thing["openingHoursSpecification"] = week.into();
    }
    let rests: Vec<Value> = hours.holidays.iter().map(|day| {
        json!({ "@type": "OpeningHoursSpecification", "validFrom": day.to_string(), "validThrough": day.to_string(),
                "opens": "00:00", "closes": "00:00" })
    }).collect();
    if !rests.is_empty() {
        thing["specialOpeningHoursSpecification"] = rests.into();
    }
    let way = [(store.name_in(lang), path.as_str())];
    structured::script(vec![thing, structured::crumbs(ui, &way)])
}

/// A day in one piece, or in two around its pause.
fn spans(day: &Day) -> Vec<Value> {
    let Some(name) = usize::try_from(day.weekday).ok().and_then(|at| DAYS.get(at)) else { return Vec::new() };
    let span = |opens: Minute, closes: Minute| {
        // A day ends at 23:59 there.
        let closes = if closes.0 >= 24 * 60 { Minute(24 * 60 - 1) } else { closes };
        json!({ "@type": "OpeningHoursSpecification", "dayOfWeek": format!("https://schema.org/{name}"),
                "opens": opens.to_string(), "closes": closes.to_string() })
    };
    match (day.rests_from, day.rests_to) {
        (Some(from), Some(to)) => vec![span(day.opens, from), span(to, day.closes)],
        _ => vec![span(day.opens, day.closes)],
    }
}
