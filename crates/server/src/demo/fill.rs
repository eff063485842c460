//! Filling the demo: accounts, stalls, photos and products, in the order a person would make them.

use std::collections::HashMap;

use anyhow::{Context, Result};
use base::{Won, clock, settings};
use bytes::Bytes;
use jiff::ToSpan;
use people::{Address, People, Person, PersonId, operator};
use shop::category::{self, Answers};
use shop::coupon;
use shop::detail::{self, Detail};
use shop::diary::{self, NewEntry};
use shop::photo::{self, PhotoId};
use shop::product::{self, Choice, Draft, Fact, NewVariant, ProductId, Story, Withdrawal};
use shop::promotion;
use shop::store::{self, Identity, NewStore};
use shop::text::Text;
use web::{Market, Said};

use super::content::{self, Content, Diary, Legal, Page, Product, Stall};
use crate::app::App;

/// Fills an empty database. Every step is idempotent, so a start that was cut short is taken up again.
pub(super) async fn fill(app: &App, content: &Content) -> Result<()> {
    market(app, content).await.context("the market")?;
    let sellers = accounts(app, content).await.context("the accounts")?;
    for stall in &content.stalls {
        let owner = sellers.get(stall.slug.as_str()).context("a stall without a seller")?;
        self::stall(app, content, stall, owner).await.with_context(|| stall.slug.clone())?;
        tracing::info!(stall = stall.slug, "The stall {} is set up", stall.name.ko);
    }
    Ok(())
}

async fn market(app: &App, content: &Content) -> Result<()> {
    let told = &content.market;
    let legal = &told.legal;
    let line = |company: &str, representative: &str, address: &str, number: &str| {
        [company, representative, address, &legal.phone, &legal.email, &legal.business_number, number]
            .join(" · ")
    };
    let market = Market {
        name: told.name.clone(),
        line: told.line.clone(),
        story: told.story.clone(),
        address: told.address.clone(),
        hours: told.hours.clone(),
        photo: Some(picture(app, &told.picture).await?.to_string()),
        identity: Said {
            ko: line(
                &legal.company.ko,
                &legal.representative.ko,
                &legal.address.ko,
                &legal.mail_order_number.ko,
            ),
            en: line(
                &legal.company.en,
                &legal.representative.en,
                &legal.address.en,
                &legal.mail_order_number.en,
            ),
        },
        mediator: legal.mediator.clone().unwrap_or_default(),
        demo: true,
    };
    let mut tx = app.base.db.begin().await?;
    settings::put(&mut tx, "market", &market).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes the accounts and gives the seller of each stall.
async fn accounts<'c>(app: &App, content: &'c Content) -> Result<HashMap<&'c str, PersonId>> {
    let now_ms = app.base.clock.now_ms();
    let mut sellers = HashMap::new();
    let mut tx = app.base.db.begin().await?;
    for account in &content.accounts {
        let address = Address::read(&account.phone).context("a demo number that is none")?;
        let Person { id, .. } = People::create(&mut tx, &account.name.ko, &address, now_ms).await?;
        match (account.role.as_str(), &account.stall) {
            ("operator", _) => operator::appoint(&mut tx, &id, now_ms).await?,
            ("seller", Some(stall)) => {
                sellers.insert(stall.as_str(), id);
            }
            _ => {}
        }
    }
    tx.commit().await?;
    Ok(sellers)
}

async fn stall(app: &App, content: &Content, stall: &Stall, owner: &PersonId) -> Result<()> {
    let wanted = NewStore {
        slug: stall.slug.clone(),
        category: stall.category.clone(),
        name: text(&stall.name),
        line: text(&stall.promise),
        story: text(&stall.story),
        pickup: text(&stall.pickup),
        hours: text(&stall.hours),
        picture: Some(picture(app, &stall.picture).await?),
        identity: identity(&stall.legal),
        parcel_won: Some(Won(content.delivery.parcel_won)),
        parcel_cold_won: Some(Won(content.delivery.parcel_cold_won)),
        parcel_free_from_won: Some(Won(content.delivery.parcel_free_from_won)),
    };
    let store = store::create(&app.shop, owner, &format!("demo-{}", stall.slug), wanted).await?;
    let mut made_as: HashMap<&str, ProductId> = HashMap::new();
    for product in &stall.products {
        let draft = draft(app, product).await.with_context(|| product.slug.clone())?;
        let key = format!("demo-{}-{}", stall.slug, product.slug);
        let made = product::create(&app.shop, &store.id, &key, draft).await;
        let made = made.with_context(|| product.slug.clone())?;
        if let Some(page) = &product.page {
            let page = laid_out(app, page).await.with_context(|| product.slug.clone())?;
            detail::replace(&app.shop, &store.id, &made.id, page).await?;
        }
        made_as.insert(product.slug.as_str(), made.id);
    }
    for (place, day) in stall.diary.iter().enumerate() {
        let entry = entry(app, day, &made_as).await?;
        diary::write(&app.shop, &store.id, &format!("demo-{place}"), entry).await?;
    }
    for (place, new) in stall.promotions.iter().enumerate() {
        promotion::create(&app.shop, &store.id, &format!("demo-{place}"), new.clone()).await?;
    }
    for new in &stall.coupons {
        coupon::create(&app.shop, &store.id, &format!("demo-{}", new.code), new.clone()).await?;
    }
    Ok(())
}

async fn draft(app: &App, product: &Product) -> Result<Draft> {
    let mut photos = Vec::new();
    for drawing in &product.pictures {
        photos.push(picture(app, drawing).await?);
    }
    let options = product.options.iter().map(|option| Choice {
        name: text(&option.name),
        values: option.values.iter().map(|value| text(&value.name)).collect(),
    });
    let variants = product.variants.iter().map(|variant| NewVariant {
        pick: variant
            .pick
            .iter()
            .zip(&product.options)
            .map(|(slug, option)| {
                option.values.iter().position(|value| value.slug == *slug).unwrap_or_default()
            })
            .collect(),
        price_won: Won(variant.price_won),
        stock: variant.stock,
        ..NewVariant::default()
    });
    Ok(Draft {
        name: text(&product.name),
        unit: text(&product.unit),
        origin: text(&product.origin),
        photos,
        options: options.collect(),
        variants: variants.collect(),
        stories: product
            .stories
            .iter()
            .map(|story| Story { head: text(&story.head), body: text(&story.body) })
            .collect(),
        facts: facts(product),
        category: product.category.clone(),
        attributes: answers(product)?,
        withdrawal: withdrawal(&product.withdrawal)?,
        parcel: product.delivery.iter().any(|way| way == "parcel"),
        pickup: product.delivery.iter().any(|way| way == "pickup"),
        cold: product.cold,
        ..Draft::default()
    })
}

/// How a product's page is laid out; its turn is read photo by photo until there are no more.
async fn laid_out(app: &App, page: &Page) -> Result<Detail> {
    let mut turn = Vec::new();
    while !page.turn.is_empty() {
        match content::picture(&format!("{}-{:02}.svg", page.turn, turn.len() + 1)) {
            Ok(photo) => turn.push(photo::add(&app.shop, Bytes::from(photo)).await?),
            Err(_) => break,
        }
    }
    Ok(Detail {
        order: page.order.clone(),
        hidden: page.hidden.clone(),
        hook: text(&page.hook),
        care: text(&page.care),
        sizes: page.sizes.clone(),
        turn,
    })
}

/// A day of the diary, as many days ago as it says.
async fn entry(app: &App, day: &Diary, made_as: &HashMap<&str, ProductId>) -> Result<NewEntry> {
    let today = app.base.clock.now().to_zoned(clock::seoul()).date();
    let products = day.products.iter().map(|slug| made_as.get(slug.as_str()).cloned());
    Ok(NewEntry {
        day: Some(today.saturating_sub(day.days_ago.days())),
        words: text(&day.words),
        photo: match &day.picture {
            Some(drawing) => Some(picture(app, drawing).await?),
            None => None,
        },
        products: products.collect::<Option<_>>().context("a diary about an unknown product")?,
    })
}

/// What stands in the file, and what a food's card answers of its category's questions.
fn answers(product: &Product) -> anyhow::Result<Answers> {
    let mut answers = product.answers.clone();
    let Some(card) = &product.card else { return Ok(answers) };
    let allergens = card.allergens.iter().map(allergen).collect::<anyhow::Result<Vec<_>>>()?;
    let ingredients = joined(&card.ingredients);
    let said = |said: &Said| vec![said.ko.clone(), said.en.clone()];
    for (id, told) in [
        ("kind", said(&card.name)),
        ("amount", said(&card.weight)),
        ("keeps", said(&card.keeps)),
        ("ingredients", said(&ingredients)),
        ("allergens", if allergens.is_empty() { vec!["none".to_owned()] } else { allergens }),
    ] {
        if category::asks(&product.category).iter().any(|ask| ask.attribute.id == id) {
            answers.0.insert(id.to_owned(), told);
        }
    }
    Ok(answers)
}

/// The schema's id of an allergen: "조개류(굴)" is shellfish.
fn allergen(said: &Said) -> anyhow::Result<String> {
    let name = said.ko.split('(').next().unwrap_or_default();
    let known = category::schema().attribute("allergens").context("the schema has allergens")?;
    let value = known.values.iter().find(|value| value.name.ko == name);
    Ok(value.with_context(|| format!("{name} is no allergen of the schema"))?.id.clone())
}

/// How it is kept, in the stall's own words, beside the answers.
fn facts(product: &Product) -> Vec<Fact> {
    let facts = product.facts.iter().map(|fact| (text(&fact.label), text(&fact.value)));
    let storage =
        product.card.iter().map(|card| (Text::new("보관하실 때", "To keep it"), text(&card.storage)));
    facts.chain(storage).map(|(name, value)| Fact { name, value }).collect()
}

fn joined(texts: &[Said]) -> Said {
    let join = |pick: fn(&Said) -> &str| texts.iter().map(pick).collect::<Vec<_>>().join(", ");
    Said { ko: join(|text| &text.ko), en: join(|text| &text.en) }
}

fn withdrawal(key: &str) -> Result<Withdrawal> {
    serde_json::from_value(serde_json::Value::String(key.to_owned())).context("an unknown withdrawal")
}

pub(super) async fn picture(app: &App, drawing: &str) -> Result<PhotoId> {
    let file = content::picture(drawing)?;
    photo::add(&app.shop, Bytes::from(file)).await.with_context(|| drawing.to_owned())
}

fn identity(legal: &Legal) -> Identity {
    Identity {
        company: legal.company.ko.clone(),
        company_en: legal.company.en.clone(),
        representative: legal.representative.ko.clone(),
        representative_en: legal.representative.en.clone(),
        address: legal.address.ko.clone(),
        address_en: legal.address.en.clone(),
        phone: legal.phone.clone(),
        email: legal.email.clone(),
        business_number: legal.business_number.clone(),
        mail_order_number: legal.mail_order_number.ko.clone(),
        mail_order_number_en: legal.mail_order_number.en.clone(),
        mail_order_exempt: false,
    }
}

fn text(said: &Said) -> Text {
    Text::new(&said.ko, &said.en)
}
