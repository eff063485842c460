//! The desk on which a seller lays a product's page out: each block with its place, large buttons to move and hide it, and
//! room to write. Everything is a form; a button says the place it leads to, so that a double tap moves once.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::{MaybePerson, Seller, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Path, Problem, Query, Ui};

use super::compose::Composed;
use super::{Block, CARE, Desk, HOOK, bring_back, desk, draft, drop_draft, of_product, show};
use crate::product::{Product, ProductId, of_store};
use crate::text::Text;
use crate::{Error, Shop, diary, product, store};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .route("/sell/{store}/products/{product}/page", get(look).post(change))
        .route("/sell/{store}/products/{product}/page/preview", get(preview))
        .route("/sell/{store}/products/{product}/page/showing", post(show_it))
        .route("/sell/{store}/products/{product}/page/return", post(back))
        .route("/sell/{store}/products/{product}/page/draft-removal", post(drop_it))
        .merge(super::turn::routes())
}

/// Where the desk of a product's page is.
pub(super) fn path(store: &StoreId, product: &ProductId) -> String {
    format!("/sell/{store}/products/{product}/page")
}

/// A block as its card shows it.
struct Card {
    block: Block,
    place: usize,
    is_hidden: bool,
    is_silent: bool,
    line: String,
}

impl Card {
    fn title(&self, ui: &Ui) -> String {
        ui.t(&format!("detail-block-{}", self.block.word()))
    }

    fn word(&self) -> &'static str {
        self.block.word()
    }

    fn may_hide(&self) -> bool {
        self.block.may_hide()
    }

    fn is(&self, word: &str) -> bool {
        self.block.word() == word
    }

    fn before(&self) -> usize {
        self.place.saturating_sub(1)
    }

    fn after(&self) -> usize {
        self.place + 1
    }
}

#[derive(Template)]
#[template(path = "detail/desk.html")]
struct DeskPage {
    ui: Ui,
    base: String,
    shelf: String,
    diary: String,
    product: Product,
    cards: Vec<Card>,
    desk: Desk,
    hook: String,
    hook_en: String,
    care: String,
    care_en: String,
    /// The size table as lines.
    sizes: String,
    /// The block whose room to write is open.
    open: String,
    problem: Option<Problem>,
    just: String,
}

impl DeskPage {
    fn wrong(&self, field: &str) -> String {
        let problem = self.problem.as_ref();
        problem.and_then(|problem| problem.field_words(self.ui.language(), field)).unwrap_or_default()
    }

    fn most(&self, block: &str) -> usize {
        if block == "hook" { HOOK } else { CARE }
    }

    fn is_open(&self, card: &Card) -> bool {
        self.open == card.word()
    }

    fn has_draft(&self) -> bool {
        self.desk.draft.is_some()
    }

    fn turn(&self) -> usize {
        self.desk.worked_on().turn.len()
    }

    /// What was just done, in words.
    fn done(&self) -> String {
        match self.just.as_str() {
            "shown" => self.ui.t("detail-shown"),
            "back" => self.ui.t("detail-is-back"),
            "dropped" => self.ui.t("detail-dropped"),
            _ => String::new(),
        }
    }

    /// The way back from it, or nothing.
    fn undo(&self) -> String {
        match self.just.as_str() {
            "shown" | "back" if self.desk.before.is_some() => {
                format!("{}/return?edition={}", self.base, self.desk.edition)
            }
            _ => String::new(),
        }
    }
}

/// The product in the path; the store in front of it is the seller's.
#[derive(Deserialize)]
struct Named {
    product: ProductId,
}

/// What was just done.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Just {
    just: String,
}

async fn page(shop: &Shop, ui: Ui, store: &StoreId, id: &ProductId) -> Result<DeskPage, Problem> {
    let db = &shop.base.db;
    let product = of_store(db, store, id).await?;
    let store = store::find(db, store).await?;
    let desk = desk(db, &store.id, id).await?;
    let (_, edition) = of_product(db, id).await?;
    let entries = diary::of_product(db, id, diary::ON_PRODUCT).await?;
    let detail = desk.worked_on();
    let composed = Composed::of(&ui, &product, &store, (detail, edition), entries);
    let card = |(place, block): (usize, Block)| Card {
        block,
        place,
        is_hidden: !detail.shows(block),
        is_silent: composed.is_silent(block),
        line: composed.line(&ui, block),
    };
    let cards = detail.blocks().into_iter().enumerate().map(card).collect();
    Ok(DeskPage {
        base: path(&store.id, id),
        shelf: format!("/sell/{}/products/{id}", store.id),
        diary: format!("/sell/{}/diary?product={id}", store.id),
        hook: detail.hook.ko.clone(),
        hook_en: detail.hook.en.clone(),
        care: detail.care.ko.clone(),
        care_en: detail.care.en.clone(),
        sizes: written(&detail.sizes),
        open: String::new(),
        problem: None,
        just: String::new(),
        cards,
        ui,
        product,
        desk,
    })
}

async fn look(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
    Query(Just { just }): Query<Just>,
) -> Result<Response, Problem> {
    let page = page(&shop, ui, &seller.store, &product).await?;
    Ok(web::page(&DeskPage { just, ..page })?.into_response())
}

/// One form for everything that can be done to a block.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Change {
    /// `place`, `hide`, `show` or `write`.
    act: String,
    block: String,
    /// The place a block is put at.
    to: usize,
    text: String,
    text_en: String,
}

async fn change(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
    Form(change): Form<Change>,
) -> Result<Response, Problem> {
    let block = Block::of(&change.block).ok_or_else(|| Problem::bad_request("unreadable"))?;
    let done = match change.act.as_str() {
        "place" => draft(&shop, &seller.store, &product, |page| page.place(block, change.to)).await,
        "hide" if !block.may_hide() => Err(Error::Invalid(vec![("hidden".to_owned(), "block-needed")])),
        "hide" => draft(&shop, &seller.store, &product, |page| page.set_hidden(block, true)).await,
        "show" => draft(&shop, &seller.store, &product, |page| page.set_hidden(block, false)).await,
        "write" => {
            let text = Text::new(&change.text, &change.text_en);
            draft(&shop, &seller.store, &product, |page| match block {
                Block::Hook => page.hook = text,
                Block::Care => page.care = text,
                Block::Sizes => page.sizes = table(&change.text),
                _ => {}
            })
            .await
        }
        _ => return Err(Problem::bad_request("unreadable")),
    };
    if let Err(wrong @ Error::Invalid(_)) = done {
        let mut page = page(&shop, ui, &seller.store, &product).await?;
        match block {
            Block::Hook => (page.hook, page.hook_en) = (change.text, change.text_en),
            Block::Care => (page.care, page.care_en) = (change.text, change.text_en),
            Block::Sizes => page.sizes = change.text,
            _ => {}
        }
        page.open = block.word().to_owned();
        page.problem = Some(wrong.into());
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response());
    }
    done?;
    Ok(Redirect::to(&format!("{}#{}", path(&seller.store, &product), block.word())).into_response())
}

/// A row a line, its cells parted by commas, or by tabs as a spreadsheet copies them.
fn table(lines: &str) -> Vec<Vec<String>> {
    let rows = lines.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        let part = if line.contains('\t') { '\t' } else { ',' };
        line.split(part).map(|cell| cell.trim().to_owned()).collect()
    });
    rows.collect()
}

/// The same, written out.
fn written(rows: &[Vec<String>]) -> String {
    let part = if rows.iter().flatten().any(|cell| cell.contains(',')) { "\t" } else { ", " };
    rows.iter().map(|row| row.join(part)).collect::<Vec<_>>().join("\n")
}

/// The page as it would be.
async fn preview(
    seller: Seller,
    ui: Ui,
    State(shop): State<Shop>,
    MaybePerson(person): MaybePerson,
    Path(Named { product }): Path<Named>,
) -> Result<Response, Problem> {
    of_store(&shop.base.db, &seller.store, &product).await?;
    let desk = desk(&shop.base.db, &seller.store, &product).await?;
    let (detail, back) = (desk.worked_on().clone(), path(&seller.store, &product));
    product::pages::preview(&shop, ui, person.as_ref(), &product, detail, back).await
}

async fn show_it(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
) -> Result<Redirect, Problem> {
    show(&shop, &seller.store, &product).await?;
    Ok(Redirect::to(&format!("{}?just=shown", path(&seller.store, &product))))
}

#[derive(Deserialize)]
struct Since {
    edition: i64,
}

async fn back(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
    Query(Since { edition }): Query<Since>,
) -> Result<Redirect, Problem> {
    bring_back(&shop, &seller.store, &product, edition).await?;
    Ok(Redirect::to(&format!("{}?just=back", path(&seller.store, &product))))
}

async fn drop_it(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
) -> Result<Redirect, Problem> {
    drop_draft(&shop, &seller.store, &product).await?;
    Ok(Redirect::to(&format!("{}?just=dropped", path(&seller.store, &product))))
}

#[cfg(test)]
mod tests {
    use super::{table, written};

    #[test]
    fn a_table_is_read_as_it_is_typed_or_pasted() {
        let typed = table("크기, 어깨 ,총장\n\n M,44,70\r\n");
        assert_eq!(typed, [["크기", "어깨", "총장"], ["M", "44", "70"]]);
        let pasted = table("크기\t값\nM\t1,000\n");
        assert_eq!(pasted, [["크기", "값"], ["M", "1,000"]]);
        assert_eq!(table(&written(&pasted)), pasted);
        assert_eq!(table(&written(&typed)), typed);
        assert!(table(" \n").is_empty());
    }
}
