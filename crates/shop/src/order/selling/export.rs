//! The list as a sheet: one row for each thing of an order, written while it is read.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use base::clock;
use bytes::Bytes;
use futures::stream;
use people::{Seller, StoreId};
use web::{Problem, Query, Ui};

use crate::order::filter::{self, Asked, Filter};
use crate::order::{Summary, lines_of};
use crate::sheet::{Cell, Sheet, download, phone};
use crate::{Error, Result, Shop};

/// Orders in one sheet.
const MOST: i64 = 10_000;
/// Orders read at once.
const EACH: i64 = 100;

/// The columns, by the ends of their words' keys.
const HEADS: [&str; 17] = [
    "sheet-number",
    "sheet-placed",
    "sheet-stage",
    "sheet-way",
    "sheet-recipient",
    "sheet-phone",
    "sheet-postcode",
    "sheet-address",
    "sheet-note",
    "sheet-product",
    "sheet-option",
    "sheet-quantity",
    "sheet-price",
    "sheet-sum",
    "sheet-delivery",
    "sheet-total",
    "sheet-tracking",
];

/// Where the writing stands.
struct Writing {
    shop: Shop,
    store: StoreId,
    filter: Filter,
    ui: Ui,
    /// The row after which it goes on.
    after: Option<(i64, String)>,
    is_first: bool,
    is_over: bool,
}

pub(super) async fn csv(
    State(shop): State<Shop>,
    ui: Ui,
    seller: Seller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let filter = asked.read(&shop.base.clock)?;
    let found = filter::count(&shop.base.db, &seller.store, &filter, filter.stage, MOST + 1).await?;
    if found > MOST {
        return Err(Error::TooManyOrders { most: MOST as usize }.into());
    }
    let today = clock::at(shop.base.clock.now_ms()).to_zoned(clock::seoul()).strftime("%Y%m%d").to_string();
    let name = format!("orders-{}-{today}.csv", filter.stage.slug());
    let writing =
        Writing { shop, store: seller.store, filter, ui, after: None, is_first: true, is_over: false };
    let pieces = stream::try_unfold(writing, |writing| async move { writing.next().await });
    Ok(download(&name, Body::from_stream(pieces)))
}

impl Writing {
    async fn next(mut self) -> Result<Option<(Bytes, Writing)>> {
        if self.is_over {
            return Ok(None);
        }
        let db = &self.shop.base.db;
        let rows = filter::list(db, &self.store, &self.filter, self.after.take(), EACH).await?;
        let mut sheet =
            if self.is_first { Sheet::begin(&HEADS.map(|head| self.ui.t(head))) } else { Sheet::more() };
        let ids: Vec<_> = rows.iter().map(|row| &row.order.id).collect();
        let lines = lines_of(db, &ids).await?;
        for row in &rows {
            for (place, line) in lines.get(&row.order.id).into_iter().flatten().enumerate() {
                let (lang, is_first) = (self.ui.language(), place == 0);
                let head = self.head(row);
                let money = |won: base::Won| if is_first { Cell::from(won.0) } else { Cell::Empty };
                let things = [
                    line.name_in(lang).into(),
                    line.variant_in(lang).into(),
                    line.quantity.into(),
                    line.price_won.0.into(),
                    line.total_won.0.into(),
                    // Once an order, so that a column's sum is right.
                    money(row.order.delivery_won),
                    money(row.order.total_won),
                    row.order.tracking.as_str().into(),
                ];
                sheet.row(head.into_iter().chain(things));
            }
        }
        self.is_over = (rows.len() as i64) < EACH;
        self.is_first = false;
        self.after = rows.last().map(|row| (row.order.placed_at_ms, row.order.id.to_string()));
        Ok(Some((sheet.end(), self)))
    }

    fn head<'a>(&self, row: &'a Summary) -> [Cell<'a>; 9] {
        let order = &row.order;
        let placed = clock::at(order.placed_at_ms).to_zoned(clock::seoul()).strftime("%Y-%m-%d %H:%M");
        let way = if order.is_pickup() { "checkout-pickup" } else { "checkout-parcel" };
        let address = format!("{} {}", order.to.address, order.to.address_detail);
        [
            order.number.as_str().into(),
            placed.to_string().into(),
            self.ui.t(order.fulfilment_state.words()).into(),
            self.ui.t(way).into(),
            order.to.recipient.as_str().into(),
            phone(&order.to.phone).into(),
            order.to.postcode.as_str().into(),
            address.trim().to_owned().into(),
            order.to.note.as_str().into(),
        ]
    }
}
