//! The slip that goes into the box: which order, what is in it and how many, large enough to pack by.

use web::Ui;

use super::Job;
use super::paper::{Flow, Format, Letters, Strip, Weight, pages};
use crate::store::Store;

/// A4.
const FORMAT: Format = Format { width: 595.28, height: 841.89, margin: 40.0 };
/// Where the names begin, right of the quantities.
const NAMES: f32 = 110.0;

/// Draws a slip for every order.
pub(super) fn draw(letters: &Letters, ui: &Ui, store: &Store, jobs: &[Job]) -> Option<Vec<u8>> {
    let pieces = jobs.iter().map(|job| slip(letters, ui, store, job)).collect();
    pages(letters, &ui.t("orders-slips"), FORMAT, Flow::Shared, pieces)
}

fn slip(letters: &Letters, ui: &Ui, store: &Store, job: &Job) -> Vec<Strip> {
    let (lang, order) = (ui.language(), &job.order);
    let (left, right) = FORMAT.sides();
    let whole = (left, right - left);
    let text = |size, weight, text: &str| Strip::default().text(letters, whole, size, weight, text);
    let mut strips = vec![
        Strip::default()
            .text(letters, (left, right - left - 160.0), 14.0, Weight::Bold, store.name_in(lang))
            .text_to(letters, right, 22.0, Weight::Bold, &order.number),
    ];
    if !order.is_paid() {
        strips.push(text(14.0, Weight::Bold, &ui.t("batch-is-unpaid")));
    }
    if order.is_pickup() {
        let code = ui.t1("selling-pickup", "code", order.pickup_code.as_str());
        strips.push(text(16.0, Weight::Bold, &code));
        strips.push(text(12.0, Weight::Plain, &order.to.recipient));
    } else {
        let to = format!("{} · {}", ui.t("checkout-parcel"), order.to.recipient);
        strips.push(text(12.0, Weight::Bold, &to));
        let address = format!("({}) {} {}", order.to.postcode, order.to.address, order.to.address_detail);
        strips.push(text(12.0, Weight::Plain, &address));
    }
    if !order.to.note.is_empty() {
        let note = format!("{}: {}", ui.t("sheet-note"), order.to.note);
        strips.push(text(12.0, Weight::Plain, &note));
    }
    strips.push(Strip::rule(left, right, false));
    for line in &job.lines {
        let pieces = ui.t1("order-pieces", "count", line.quantity);
        let name = Strip::default().text(letters, (left, NAMES - left), 20.0, Weight::Bold, &pieces).text(
            letters,
            (NAMES, right - NAMES),
            15.0,
            Weight::Bold,
            line.name_in(lang),
        );
        strips.push(name);
        let option = line.variant_in(lang);
        if !option.is_empty() {
            let option = Strip::default().text(letters, (NAMES, right - NAMES), 15.0, Weight::Plain, option);
            strips.push(option);
        }
        strips.push(Strip::gap(6.0));
    }
    strips.push(Strip::rule(left, right, false));
    let identity = store.identity.lines(ui);
    let seller: Vec<String> = identity.into_iter().map(|(name, value)| format!("{name} {value}")).collect();
    strips.push(text(8.5, Weight::Plain, &seller.join(" · ")));
    strips
}
