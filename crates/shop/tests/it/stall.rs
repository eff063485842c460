//! A stall with goods, and people who buy from it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base::jobs::Workers;
use base::{Base, Blobs, Bus, Clock, Db, Random, Won, sql};
use people::{Address, People, Person};
use shop::audit::{self, Broken, Charge, Compared};
use shop::delivery::{HandOver, Recipient};
use shop::order::{NewLine, NewOrder};
use shop::payment::{Contracts, Gateway};
use shop::product::{self, Draft, NewVariant, VariantId};
use shop::store::{self, Identity, NewStore};
use shop::{Buyer, Shop, StoreId};
use tokio::task::JoinHandle;

/// 7 in the morning in Seoul, 24 November 2026.
pub(crate) const MORNING_MS: i64 = 1_795_471_200_000;

/// A shop on an empty database, with one open store.
pub(crate) struct Stall {
    pub(crate) shop: Shop,
    pub(crate) base: Base,
    pub(crate) sandbox: sandbox::Sandbox,
    pub(crate) store: StoreId,
    pub(crate) engine: &'static str,
    pub(crate) url: String,
    workers: Workers,
    /// Where the shop listens for webhooks, once it does, and who answers there.
    door: Option<(SocketAddr, JoinHandle<()>)>,
    _folder: tempfile::TempDir,
}

/// What may differ from one stall to the next.
#[derive(Clone, Copy)]
pub(crate) struct Luck {
    /// Our chance and the payment company's follow from it; without it ours is the machine's.
    pub(crate) seed: Option<u64>,
    /// So many requests in a hundred to the payment company go wrong.
    pub(crate) chaos_percent: u64,
}

impl Stall {
    /// One stall for each engine at hand.
    pub(crate) async fn each() -> Vec<Stall> {
        Stall::with_chaos(0).await
    }

    /// The same, where so many requests in a hundred to the payment company go wrong.
    pub(crate) async fn with_chaos(chaos_percent: u64) -> Vec<Stall> {
        let mut all = Vec::new();
        for engine in engines() {
            all.push(Stall::new(engine, Luck { seed: None, chaos_percent }).await);
        }
        all
    }

    /// A stall of its own on one engine.
    pub(crate) async fn new(engine: &'static str, luck: Luck) -> Stall {
        let folder = folder();
        let url = match std::env::var("DANGOL_TEST_POSTGRES") {
            Ok(url) if engine == "postgres" => {
                let name = format!("shop{}", uuid::Uuid::new_v4().simple());
                let admin = base::sqlx::PgPool::connect(&url).await.unwrap();
                let create = base::sqlx::AssertSqlSafe(format!("create database {name}"));
                base::sqlx::query(create).execute(&admin).await.unwrap();
                admin.close().await;
                format!("{}/{name}", url.rsplit_once('/').unwrap().0)
            }
            _ => format!("sqlite:{}", folder.path().join("shop.db").display()),
        };
        web::words::install(&[web::WORDS, shop::WORDS]);
        let base = Base {
            db: Db::open(&url).await.unwrap(),
            bus: Bus::local(),
            blobs: Blobs::folder(&folder.path().join("blobs")).unwrap(),
            clock: Clock::mock(MORNING_MS),
            random: luck.seed.map_or_else(Random::system, Random::seeded),
        };
        let ticking = base.clock.clone();
        let settings = sandbox::Settings {
            seed: luck.seed.unwrap_or(7),
            now: Arc::new(move || ticking.now_ms()),
            webhook: None,
            books: None,
            chaos_percent: luck.chaos_percent,
        };
        let sandbox = sandbox::Sandbox::start(settings).await.unwrap();
        let shop = open(&base, &sandbox.url());
        let store = open_store(&shop, &base).await;
        let workers = workers(&shop);
        Stall { shop, base, sandbox, store, engine, url, workers, door: None, _folder: folder }
    }

    /// Ends the program and starts it again on the same rows; nobody is told of anything.
    pub(crate) async fn restart(&mut self) {
        self.base.db = Db::open(&self.url).await.unwrap();
        self.shop = open(&self.base, &self.sandbox.url());
        self.workers = workers(&self.shop);
    }

    /// The shop of another process on the same rows.
    pub(crate) async fn beside(&self) -> Shop {
        let base = Base { db: Db::open(&self.url).await.unwrap(), ..self.base.clone() };
        open(&base, &self.sandbox.url())
    }

    /// Listens for webhooks from now on; after a restart at the same address, as a real program would.
    pub(crate) async fn open_door(&mut self) {
        let mut at = SocketAddr::from(([127, 0, 0, 1], 0));
        if let Some((address, answering)) = self.door.take() {
            answering.abort();
            let _ = answering.await;
            at = address;
        }
        let listener = tokio::net::TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (router, _) = shop::routes(self.shop.clone()).split_for_parts();
        let answering = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        self.sandbox.tell(&format!("http://{address}/hooks/sandbox/{{merchant}}"));
        self.door = Some((address, answering));
    }

    /// The address of the store's door for webhooks.
    pub(crate) fn hook(&self) -> String {
        format!("http://{}/hooks/sandbox/{}", self.door.as_ref().unwrap().0, self.store)
    }

    /// Does one job that is due; `false`: none is.
    pub(crate) async fn work_once(&self) -> bool {
        self.workers.work_once(&self.base.db, &self.base.clock).await.unwrap()
    }

    /// The doer of the jobs, to be carried elsewhere.
    pub(crate) fn workers(&self) -> Workers {
        self.workers.clone()
    }

    /// A product with one variant.
    pub(crate) async fn goods(&self, name: &str, price: i64, stock: i64) -> VariantId {
        self.goods_of(&self.store, name, price, stock).await
    }

    /// The same at another store, which opens for it.
    pub(crate) async fn goods_elsewhere(&self, name: &str, price: i64, stock: i64) -> VariantId {
        let store = open_store(&self.shop, &self.base).await;
        self.goods_of(&store, name, price, stock).await
    }

    async fn goods_of(&self, store: &StoreId, name: &str, price: i64, stock: i64) -> VariantId {
        let draft = Draft {
            name: name.into(),
            origin: "국내산".into(),
            category: "other".into(),
            attributes: crate::stall::no_certificate(),
            variants: vec![NewVariant { price_won: Won(price), stock, ..NewVariant::default() }],
            parcel: true,
            pickup: true,
            ..Draft::default()
        };
        let product = product::create(&self.shop, store, name, draft).await.unwrap();
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
        let broken = self.broken().await;
        assert!(broken.is_empty(), "{}: {broken:#?}", self.engine);
    }

    /// Every rule that does not hold, in our books or beside the payment company's.
    pub(crate) async fn broken(&self) -> Vec<Broken> {
        let mut broken = audit::books(&self.base.db).await.unwrap();
        broken.extend(self.compared().await.broken);
        broken
    }

    /// The payment company's books beside ours.
    pub(crate) async fn compared(&self) -> Compared {
        let payments = self.sandbox.payments();
        let charges: Vec<_> = payments
            .into_iter()
            .map(|one| Charge { order: one.order, taken: one.taken, kept: one.kept })
            .collect();
        audit::company(&self.base.db, &charges).await.unwrap()
    }
}

/// The engines at hand.
pub(crate) fn engines() -> Vec<&'static str> {
    let postgres = std::env::var_os("DANGOL_TEST_POSTGRES").map(|_| "postgres");
    std::iter::once("sqlite").chain(postgres).collect()
}

/// A folder in memory where the machine has one: thousands of stalls need no disk.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// The shop on its ground, with a contract at the practice company.
pub(crate) fn open(base: &Base, company: &str) -> Shop {
    let contracts = Contracts::default().with_practice(company.to_owned()).unwrap();
    Shop::with_contracts(base.clone(), web::Hub::default(), contracts)
}

/// Does every job that is due.
pub(crate) async fn work_all(shop: &Shop, base: &Base) {
    while workers(shop).work_once(&base.db, &base.clock).await.unwrap() {}
}

fn workers(shop: &Shop) -> Workers {
    let mut workers = Workers::default();
    shop.jobs(&mut workers);
    workers
}

async fn open_store(shop: &Shop, base: &Base) -> StoreId {
    let owner = person(base, "한파도").await;
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
    let store = store::create(shop, &owner.id, "first", new).await.unwrap();
    assert!(store.listed, "a store whose identity is whole is listed");
    store.id
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

/// What a thing of no particular kind has to answer before it goes up.
pub(crate) fn no_certificate() -> shop::category::Answers {
    shop::category::Answers([("certificate".to_owned(), vec!["none".to_owned()])].into())
}
