//! Composes a detail page: what each block says, from what is known of the product and what its seller wrote. A block that
//! has nothing to say is left out.

use web::Ui;

use super::{Block, Detail, LEAST_TURN};
use crate::category;
use crate::diary::Entry;
use crate::photo::PhotoId;
use crate::product::Product;
use crate::review::mean_tenths;
use crate::store::Store;

/// Answers that tell how something is kept and used.
const CARE: [&str; 6] = ["storage", "keeps", "opened", "washing", "howto", "care"];
/// From so many reviews on their mean says something.
const RATED: i64 = 3;

/// What a detail page says.
pub(crate) struct Composed {
    /// The blocks that say something, in order.
    pub(crate) blocks: Vec<Block>,
    pub(crate) hook: String,
    /// The photos behind the first.
    pub(crate) photos: Vec<PhotoId>,
    pub(crate) turn: Vec<PhotoId>,
    /// Heading and text.
    pub(crate) stories: Vec<(String, String)>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) facts: Vec<(String, String)>,
    /// Which edition of the label the facts are; 0: from before there were editions.
    pub(crate) edition: i64,
    pub(crate) sizes: Vec<Vec<String>>,
    /// The seller's own words, or the answers.
    pub(crate) care_words: String,
    pub(crate) care: Vec<(String, String)>,
    /// How it comes, and how it goes back.
    pub(crate) terms: Vec<String>,
    pub(crate) withdrawal: String,
}

impl Composed {
    pub(crate) fn of(
        ui: &Ui,
        product: &Product,
        store: &Store,
        (detail, edition): (&Detail, i64),
        entries: Vec<Entry>,
    ) -> Composed {
        let lang = ui.language();
        let stories = product
            .stories
            .iter()
            .map(|story| (story.head.read(lang).to_owned(), story.body.read(lang).to_owned()));
        let own = detail.care.read(lang).to_owned();
        let mut composed = Composed {
            blocks: Vec::new(),
            hook: hook(ui, product, store, detail),
            photos: product.photos.iter().skip(1).cloned().collect(),
            turn: detail.turn.clone(),
            stories: stories.collect(),
            entries,
            facts: facts(ui, product, store),
            edition,
            sizes: detail.sizes.clone(),
            care: if own.is_empty() { care(ui, product, store) } else { Vec::new() },
            care_words: own,
            terms: terms(ui, product, store),
            withdrawal: ui.t(&format!("shop-withdrawal-{}", product.withdrawal.slug())),
        };
        let said = detail.blocks().into_iter();
        composed.blocks = said.filter(|block| detail.shows(*block) && !composed.is_silent(*block)).collect();
        composed
    }

    /// Whether a block has nothing to say.
    pub(crate) fn is_silent(&self, block: Block) -> bool {
        match block {
            Block::Hook => self.hook.is_empty(),
            Block::Pictures => self.photos.is_empty() && self.turn.is_empty(),
            Block::Story => self.stories.is_empty() && self.entries.is_empty(),
            Block::Ingredients => self.facts.is_empty(),
            Block::Sizes => self.sizes.is_empty(),
            Block::Care => self.care_words.is_empty() && self.care.is_empty(),
            Block::Delivery | Block::Questions => false,
        }
    }

    /// Whether there are photos enough to turn it.
    pub(crate) fn turns(&self) -> bool {
        self.turn.len() >= LEAST_TURN
    }

    /// What a block says, in a line for its seller.
    pub(crate) fn line(&self, ui: &Ui, block: Block) -> String {
        let join = |lines: &[(String, String)]| {
            lines.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(" · ")
        };
        let line = match block {
            Block::Hook => self.hook.clone(),
            Block::Pictures => {
                ui.t2("detail-line-pictures", "count", self.photos.len(), "turn", self.turn.len())
            }
            Block::Story => {
                ui.t2("detail-line-story", "count", self.stories.len(), "entries", self.entries.len())
            }
            Block::Ingredients => join(&self.facts),
            Block::Sizes => ui.t1("detail-line-sizes", "count", self.sizes.len().saturating_sub(1)),
            Block::Care if self.care_words.is_empty() => join(&self.care),
            Block::Care => self.care_words.clone(),
            Block::Delivery => self.terms.join(" · "),
            Block::Questions => ui.t("detail-line-questions"),
        };
        short(&line)
    }
}

/// The first letters of a line.
fn short(line: &str) -> String {
    const LETTERS: usize = 80;
    let line = line.replace('\n', " ");
    if line.chars().count() <= LETTERS {
        return line;
    }
    line.chars().take(LETTERS).chain(['…']).collect()
}

/// The seller's own sentence, what buyers gave it, or what the stall promises.
fn hook(ui: &Ui, product: &Product, store: &Store, detail: &Detail) -> String {
    let own = detail.hook.read(ui.language());
    if !own.is_empty() {
        return own.to_owned();
    }
    if product.reviews_count >= RATED {
        let mean = mean_tenths(product.stars_sum, product.reviews_count);
        let mean = format!("{}.{}", mean / 10, mean % 10);
        return ui.t2("detail-hook-rated", "mean", mean, "count", product.reviews_count);
    }
    store.line_in(ui.language()).to_owned()
}

/// What is told of it: the answers to its category's questions, then the seller's further lines.
pub(crate) fn facts(ui: &Ui, product: &Product, store: &Store) -> Vec<(String, String)> {
    let lang = ui.language();
    let mut told = category::facts(product, store, lang);
    for fact in product.facts.iter() {
        let name = fact.name.read(lang);
        if !told.iter().any(|(known, _)| known == name) {
            told.push((name.to_owned(), fact.value.read(lang).to_owned()));
        }
    }
    told
}

fn care(ui: &Ui, product: &Product, store: &Store) -> Vec<(String, String)> {
    let lang = ui.language();
    let asks = category::asks(&product.category);
    let told = CARE.iter().filter_map(|id| {
        let ask = asks.iter().find(|ask| ask.attribute.id == *id)?;
        let value = category::answer(ask.attribute, product, store, lang)?;
        Some((ask.attribute.name.read(lang).to_owned(), value))
    });
    told.collect()
}

fn terms(ui: &Ui, product: &Product, store: &Store) -> Vec<String> {
    let mut terms = Vec::new();
    if product.parcel {
        let won = if product.cold { store.parcel_cold_won } else { store.parcel_won };
        let free = ui.won(store.parcel_free_from_won);
        terms.push(ui.t2("shop-product-parcel", "won", ui.won(won), "free", free));
    }
    if product.pickup {
        terms.push(ui.t1("shop-product-pickup", "place", store.pickup_in(ui.language())));
    }
    terms
}
