//! A stall with goods, and people who buy from it.

use std::sync::Arc;
use std::time::Duration;

use base::jobs::Workers;
use base::{Base, Blobs, Bus, Clock, Db, Random, Won, sql};
use people::{Address, People, Person};
use shop::delivery::{HandOver, Recipient};
use shop::order::{NewLine, NewOrder};
use shop::payment::{Contracts, Gateway};
use shop::product::{self, Draft, NewVariant, VariantId};
use shop::store::{self, Identity, NewStore};
use shop::{Buyer, Shop, StoreId};

/// A shop on an empty database, with one open store.
pub(crate) struct Stall {
    pub(crate) shop: Shop,
    pub(crate) base: Base,
    pub(crate) sandbox: sandbox::Sandbox,
    pub(crate) store: StoreId,
    pub(crate) engine: &'static str,
    workers: Workers,
    _folder: tempfile::TempDir,
}

impl Stall {
    /// One stall for each engine at hand.
    pub(crate) async fn each() -> Vec<Stall> {
        Stall::with_chaos(0).await
    }

    /// The same, where so many requests in a hundred to the payment company go wrong.
    pub(crate) async fn with_chaos(chaos: u64) -> Vec<Stall> {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("shop.db").display());
        let mut all = vec![Stall::on("sqlite", &url, folder, chaos).await];
        if let Ok(url) = std::env::var("DANGOL_TEST_POSTGRES") {
            let name = format!("shop{}", uuid::Uuid::new_v4().simple());
            let admin = base::sqlx::PgPool::connect(&url).await.unwrap();
            let create = base::sqlx::AssertSqlSafe(format!("create database {name}"));
            base::sqlx::query(create).execute(&admin).await.unwrap();
            admin.close().await;
            let (server, _) = url.rsplit_once('/').unwrap();
            let folder = tempfile::tempdir().unwrap();
            all.push(Stall::on("postgres", &format!("{server}/{name}"), folder, chaos).await);
        }
        all
    }

    async fn on(engine: &'static str, url: &str, folder: tempfile::TempDir, chaos: u64) -> Stall {
        web::words::install(&[web::WORDS, shop::WORDS]);
        let base = Base {
            db: Db::open(url).await.unwrap(),
            bus: Bus::local(),
            blobs: Blobs::folder(&folder.path().join("blobs")).unwrap(),
            clock: Clock::mock(1_795_471_200_000),
            random: Random::system(),
        };
        let ticking = base.clock.clone();
        let settings = sandbox::Settings {
            seed: 7,
            now: Arc::new(move || ticking.now_ms()),
            webhook: None,
            books: None,
            chaos_percent: chaos,
        };
        let sandbox = sandbox::Sandbox::start(settings).await.unwrap();
        let contracts = Contracts::default().with_practice(sandbox.url()).unwrap();
        let shop = Shop::with_contracts(base.clone(), web::Hub::default(), contracts);
        let mut workers = Workers::default();
        shop.jobs(&mut workers);
        let owner = person(&base, "한파도").await;
        let identity = Identity {
            company: "파도네 생선(데모)".into(),
            representative: "한파도".into(),
            address: "너울포시 등대길 7".into(),
            phone: "010-0000-0011".into(),
            business_number: "000-00-00015".into(),
            mail_order_exempt: true,
            ..Identity::default()
        };
        let new =
            NewStore {
                category: "fish".into(), name: "파도네 생선".into(), identity, ..NewStore::default()
            };
        let store = store::create(&shop, &owner.id, "first", new).await.unwrap();
        assert!(store.listed, "a store whose identity is whole is listed");
        Stall { shop, base, sandbox, store: store.id, engine, workers, _folder: folder }
    }

    /// A product with one variant.
    pub(crate) async fn goods(&self, name: &str, price: i64, stock: i64) -> VariantId {
        let draft = Draft {
            name: name.into(),
            origin: "국내산".into(),
            variants: vec![NewVariant { price_won: Won(price), stock, ..NewVariant::default() }],
            parcel: true,
            pickup: true,
            ..Draft::default()
        };
        let product = product::create(&self.shop, &self.store, name, draft).await.unwrap();
        product::variants(&self.base.db, &product.id).await.unwrap().remove(0).id
    }

    /// Somebody new who buys.
    pub(crate) async fn buyer(&self, name: &str) -> Buyer {
        Buyer::person(person(&self.base, name).await, self.base.random.token::<16>())
    }

    /// The store's contract.
    pub(crate) fn contract(&self) -> Gateway {
        Contracts::default().with_practice(self.sandbox.url()).unwrap().of(&self.store).unwrap()
    }

    /// On hand and promised.
    pub(crate) async fn stock(&self, variant: &VariantId) -> (i64, i64) {
        sql!(one & self.base.db, "select on_hand, reserved from stock_levels where variant_id = $1", variant)
            .unwrap()
    }

    /// Time passes, and the work that is due is done.
    pub(crate) async fn later(&self, by: Duration) {
        self.base.clock.advance(by);
        while self.workers.work_once(&self.base.db, &self.base.clock).await.unwrap() {}
    }

    /// What is always true, whatever happened.
    pub(crate) async fn check(&self) {
        let wrong: i64 = sql!(value &self.base.db,
            "select count(*) from stock_levels l where l.on_hand <>
               (select coalesce(sum(m.quantity), 0) from stock_movements m where m.variant_id = l.variant_id)")
        .unwrap();
        assert_eq!(wrong, 0, "{}: movements come to the stock", self.engine);
        let wrong: i64 = sql!(
            value & self.base.db,
            "select count(*) from stock_levels l where l.reserved <>
               (select coalesce(sum(r.quantity), 0) from stock_reservations r
                where r.variant_id = l.variant_id and r.state = 'held')"
        )
        .unwrap();
        assert_eq!(wrong, 0, "{}: holds come to what is promised", self.engine);
        let sum: i64 = sql!(
            value & self.base.db,
            "select cast(coalesce(sum(amount_won), 0) as bigint) from ledger_entries"
        )
        .unwrap();
        assert_eq!(sum, 0, "{}: the ledger comes to nothing", self.engine);
        let wrong: i64 = sql!(
            value & self.base.db,
            "select count(*) from coupons c where c.redeemed <>
               (select count(*) from coupon_redemptions r where r.coupon_id = c.id and r.state in ('held', 'committed'))"
        )
        .unwrap();
        assert_eq!(wrong, 0, "{}: redemptions come to what is redeemed", self.engine);
        let wrong: i64 = sql!(
            value & self.base.db,
            "select count(*) from orders o where
               o.total_won <> (select coalesce(sum(l.total_won), 0) from order_lines l where l.order_id = o.id) + o.delivery_won
               or o.discount_won <> (select coalesce(sum(l.discount_won), 0) from order_lines l where l.order_id = o.id)
               or o.discount_won <> (select coalesce(sum(d.won), 0) from order_discounts d
                                     where d.order_id = o.id and d.on_delivery = false)"
        )
        .unwrap();
        assert_eq!(wrong, 0, "{}: an order is the sum of its lines, discounts and delivery", self.engine);
    }
}

/// Somebody new.
pub(crate) async fn person(base: &Base, name: &str) -> Person {
    let address = Address::read(&format!("010{}", base.random.digits(8))).unwrap();
    let mut tx = base.db.begin().await.unwrap();
    let person = People::create(&mut tx, name, &address, base.clock.now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    person
}

/// An order of so many of one thing, picked up.
pub(crate) fn order_of(variant: &VariantId, quantity: i64) -> NewOrder {
    NewOrder {
        lines: vec![NewLine { variant: variant.clone(), quantity }],
        hand_over: HandOver::Pickup,
        to: Recipient {
            recipient: "김영희".into(), phone: "010-1234-5678".into(), ..Recipient::default()
        },
        ..NewOrder::default()
    }
}
