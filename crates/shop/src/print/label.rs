//! The label on the parcel: to whom and where, from whom, and the order's number. Not what is in it.

use web::Ui;

use super::Job;
use super::paper::{Flow, Format, Letters, Strip, Weight, pages};
use crate::sheet::phone;
use crate::store::Store;

/// A6.
const FORMAT: Format = Format { width: 297.64, height: 419.53, margin: 22.0 };

/// Draws a label for every parcel.
pub(super) fn draw(letters: &Letters, ui: &Ui, store: &Store, jobs: &[Job]) -> Option<Vec<u8>> {
    let pieces = jobs.iter().map(|job| label(letters, ui, store, job)).collect();
    pages(letters, &ui.t("orders-labels"), FORMAT, Flow::Alone, pieces)
}

fn label(letters: &Letters, ui: &Ui, store: &Store, job: &Job) -> Vec<Strip> {
    let (lang, to) = (ui.language(), &job.order.to);
    let (left, right) = FORMAT.sides();
    let text =
        |size, weight, text: &str| Strip::default().text(letters, (left, right - left), size, weight, text);
    let mut strips = vec![
        text(10.0, Weight::Plain, &ui.t("label-to")),
        text(26.0, Weight::Bold, &to.postcode),
        text(17.0, Weight::Bold, &to.address),
    ];
    if !to.address_detail.is_empty() {
        strips.push(text(17.0, Weight::Bold, &to.address_detail));
    }
    strips.extend([
        Strip::gap(6.0),
        text(22.0, Weight::Bold, &to.recipient),
        text(15.0, Weight::Plain, &phone(&to.phone)),
        Strip::rule(left, right, false),
        text(10.0, Weight::Plain, &ui.t("label-from")),
        text(12.0, Weight::Bold, store.name_in(lang)),
        text(11.0, Weight::Plain, store.identity.address_in(lang)),
        text(11.0, Weight::Plain, &phone(&store.identity.phone)),
        Strip::gap(6.0),
        text(11.0, Weight::Plain, &ui.t1("order-number", "number", job.order.number.as_str())),
    ]);
    strips
}
