//! The index: what can be found, in a folder beside the data or in memory. It is a copy that may be thrown away and
//! made anew at any time; prices, stock and what is listed are read from the database when something was found.
//!
//! Nothing here depends on how the copy came about: points are whole numbers and not statistics, ties are broken by
//! age and id. Two processes that know the same goods answer alike, whatever database they read them from.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock};

use language::grams;
use serde::{Deserialize, Serialize};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::StrColumn;
use tantivy::directory::MmapDirectory;
use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, DisjunctionMaxQuery, EmptyQuery, Occur, PhraseQuery, Query,
    TermQuery,
};
use tantivy::schema::{
    FAST, Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value as _,
};
use tantivy::tokenizer::{PreTokenizedString, Token};
use tantivy::{
    DocAddress, DocId, IndexReader, IndexWriter, ReloadPolicy, Score, Searcher, SegmentOrdinal,
    SegmentReader, TantivyDocument, TantivyError, Term,
};

use super::rank::{self, Name};
use super::vocabulary::Vocabulary;

/// Raised whenever what is written into the index changes: an older copy is thrown away.
const VERSION: u32 = 1;
/// Memory of the writer; the least that it takes.
const WRITER_BYTES: usize = 15_000_000;
/// Characters of a story that are indexed.
const STORY: usize = 2_000;
/// Between two texts in one field, so that no pair of syllables spans them.
const GAP: usize = 10;
type Result<T> = std::result::Result<T, TantivyError>;

/// What can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Product,
    Store,
}

/// A thing as it is put into the index.
#[derive(Clone, Debug)]
pub struct Item {
    pub kind: Kind,
    pub id: String,
    /// Whose it is; of a store its own id.
    pub store: String,
    pub store_name: String,
    /// In each language.
    pub names: Vec<String>,
    /// Where it comes from, its category's and attributes' names, its line.
    pub about: Vec<String>,
    pub story: String,
    /// `("category", "fish")`, `("category", "fish.fresh")`, `("storage", "frozen")`.
    pub facets: Vec<(String, String)>,
    pub price_won: i64,
    pub created_at_ms: i64,
}

/// A word to be found, and other words for it, each with the points it loses.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Word(Vec<(String, i64)>),
    Sounds(String),
}

/// Which of the things that answer are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// The store's id.
    pub store: Option<String>,
    /// For each attribute (and `category`) its values: one of them is enough.
    pub facets: Vec<(String, Vec<String>)>,
    pub price_to: Option<i64>,
    /// Points that are needed.
    pub from_points: i64,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    #[default]
    Best,
    New,
    Cheap,
}

/// A thing that was found.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub id: String,
    pub names: Vec<String>,
    pub points: i64,
    order: (i64, i64, u64),
}

impl Hit {
    pub(crate) fn order(&self) -> (i64, i64, u64) {
        self.order
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    pub products: Vec<Hit>,
    pub stores: Vec<Hit>,
    /// All products that answer.
    pub total: usize,
    /// How many products have each value.
    pub facets: HashMap<(String, String), usize>,
}

#[derive(Clone, Copy)]
struct Fields {
    id: Field,
    /// Words of the names and their ends: `rank::name_tokens`.
    word: Field,
    /// Pairs of syllables of the names, across spaces.
    name: Field,
    /// First sounds of the names' words, and pairs of them across spaces.
    sound: Field,
    sounds: Field,
    store: Field,
    /// Whole words and pairs of what is said about it, and of its story.
    about_word: Field,
    about: Field,
    story_word: Field,
    story: Field,
    facet: Field,
    kind: Field,
    price: Field,
    made: Field,
    tie: Field,
    shown: Field,
}

/// The index.
pub struct Index {
    index: tantivy::Index,
    fields: Fields,
    reader: IndexReader,
    writer: Mutex<Option<IndexWriter>>,
    vocabulary: RwLock<Vocabulary>,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    version: u32,
    cursor_ms: i64,
}

impl Index {
    /// An empty index that is gone with the process.
    pub fn in_memory() -> Result<Index> {
        let (schema, fields) = schema();
        Index::of(tantivy::Index::create_in_ram(schema), fields)
    }

    /// The index of a folder, as it was left there; made anew where it is of another version or cannot be read.
    pub fn in_folder(folder: &Path) -> Result<Index> {
        let index = match Index::open(folder) {
            Ok(index) if index.payload().is_none_or(|payload| payload.version == VERSION) => index,
            _ => {
                // It is a copy: nothing is lost.
                let _ = std::fs::remove_dir_all(folder);
                Index::open(folder)?
            }
        };
        // Another process may write here: that is known before anybody relies on the folder.
        index.writing(|_| Ok(()))?;
        Ok(index)
    }

    fn open(folder: &Path) -> Result<Index> {
        std::fs::create_dir_all(folder)?;
        let (schema, fields) = schema();
        Index::of(tantivy::Index::open_or_create(MmapDirectory::open(folder)?, schema)?, fields)
    }

    fn of(index: tantivy::Index, fields: Fields) -> Result<Index> {
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let index = Index {
            index,
            fields,
            reader,
            writer: Mutex::new(None),
            vocabulary: RwLock::new(Vocabulary::default()),
        };
        index.learn()?;
        Ok(index)
    }

    fn payload(&self) -> Option<Payload> {
        serde_json::from_str(&self.index.load_metas().ok()?.payload?).ok()
    }

    /// Up to when it knows what changed.
    pub(crate) fn cursor_ms(&self) -> i64 {
        self.payload().map_or(0, |payload| payload.cursor_ms)
    }

    /// Products in it.
    pub(crate) fn products(&self) -> Result<usize> {
        let kind = Term::from_field_u64(self.fields.kind, Kind::Product as u64);
        self.reader
            .searcher()
            .search(&TermQuery::new(kind, IndexRecordOption::Basic), &tantivy::collector::Count)
    }

    /// Throws everything away; seen after the next `commit`.
    pub(crate) fn clear(&self) -> Result<()> {
        *self.vocabulary.write().unwrap_or_else(PoisonError::into_inner) = Vocabulary::default();
        self.writing(|writer| writer.delete_all_documents().map(|_| ()))
    }

    /// Puts things in, over what is there under their ids, and takes others out; seen after the next `commit`.
    pub fn put(&self, items: &[Item], gone: &[String]) -> Result<()> {
        let mut vocabulary = self.vocabulary.write().unwrap_or_else(PoisonError::into_inner);
        for item in items {
            for word in item.names.iter().flat_map(|name| Name::of(name).words) {
                vocabulary.learn(&word, 1);
            }
        }
        drop(vocabulary);
        self.writing(|writer| {
            for id in gone.iter().chain(items.iter().map(|item| &item.id)) {
                writer.delete_term(Term::from_field_text(self.fields.id, id));
            }
            for item in items {
                writer.add_document(self.document(item))?;
            }
            Ok(())
        })
    }

    /// Keeps what was put in, and up to when it is whole.
    pub fn commit(&self, cursor_ms: i64) -> Result<()> {
        let payload = serde_json::to_string(&Payload { version: VERSION, cursor_ms });
        self.writing(|writer| {
            let mut prepared = writer.prepare_commit()?;
            prepared.set_payload(&payload.unwrap_or_default());
            prepared.commit()?;
            Ok(())
        })?;
        self.reader.reload()
    }

    /// The writer has threads of its own: it is there from the first write on.
    fn writing(&self, act: impl FnOnce(&mut IndexWriter) -> Result<()>) -> Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.is_none() {
            *writer = Some(self.index.writer_with_num_threads(1, WRITER_BYTES)?);
        }
        match writer.as_mut() {
            Some(writer) => act(writer),
            None => Ok(()),
        }
    }

    /// Learns the words of a copy that was there.
    fn learn(&self) -> Result<()> {
        let mut vocabulary = self.vocabulary.write().unwrap_or_else(PoisonError::into_inner);
        for segment in self.reader.searcher().segment_readers() {
            let inverted = segment.inverted_index(self.fields.word)?;
            let mut terms = inverted.terms().range().ge("=").lt(">").into_stream()?;
            while let Some((term, info)) = terms.next() {
                if let Ok(word) = std::str::from_utf8(term) {
                    vocabulary.learn(&word[1..], info.doc_freq);
                }
            }
        }
        Ok(())
    }

    /// The words of the names.
    pub(crate) fn vocabulary<T>(&self, ask: impl FnOnce(&Vocabulary) -> T) -> T {
        ask(&self.vocabulary.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn document(&self, item: &Item) -> TantivyDocument {
        let at = &self.fields;
        let mut document = TantivyDocument::new();
        document.add_text(at.id, &item.id);
        let names: Vec<Name> = item.names.iter().map(|name| Name::of(name)).collect();
        let whole: Vec<String> = names.iter().map(|name| name.words.concat()).collect();
        document.add_pre_tokenized_text(at.word, tokens(names.iter().flat_map(rank::name_tokens)));
        document.add_pre_tokenized_text(at.sound, tokens(names.iter().flat_map(rank::sound_tokens)));
        document.add_pre_tokenized_text(at.name, pairs(&whole));
        let sounds: Vec<String> = whole.iter().map(|name| language::chosung(name)).collect();
        document.add_pre_tokenized_text(at.sounds, pairs(&sounds));
        let stores = [rank::line(&item.store_name)];
        document.add_pre_tokenized_text(at.store, pairs(&stores));
        let about: Vec<String> = item.about.iter().map(|text| rank::line(text)).collect();
        document.add_pre_tokenized_text(at.about, pairs(&about));
        let words = item.about.iter().flat_map(|text| words(text)).chain(words(&item.store_name));
        document.add_pre_tokenized_text(at.about_word, tokens(words));
        let story: String = item.story.chars().take(STORY).collect();
        document.add_pre_tokenized_text(at.story, pairs(&[rank::line(&story)]));
        document.add_pre_tokenized_text(at.story_word, tokens(words_of_story(&story)));
        for (attribute, value) in &item.facets {
            document.add_text(at.facet, format!("{attribute}={value}"));
        }
        document.add_text(at.facet, format!("{STORE}={}", item.store));
        document.add_u64(at.kind, item.kind as u64);
        document.add_i64(at.price, item.price_won);
        document.add_i64(at.made, item.created_at_ms);
        document.add_u64(at.tie, tie(&item.id));
        document.add_text(at.shown, item.names.join("\n"));
        document
    }

    /// What answers all these words (or, of fewer than all, so many), the best of each kind.
    pub(crate) fn search(
        &self,
        wanted: &[Wanted],
        least: usize,
        filter: &Filter,
        sort: Sort,
        most: usize,
    ) -> Result<Hits> {
        let searcher = self.reader.searcher();
        let query = self.query(wanted, least, filter);
        let collector = Gather { filter: filter.clone(), sort, most };
        let gathered = searcher.search(&query, &collector)?;
        let mut hits = Hits { total: gathered.total, facets: gathered.facets, ..Hits::default() };
        hits.products = self.read(&searcher, gathered.products)?;
        hits.stores = self.read(&searcher, gathered.stores)?;
        Ok(hits)
    }

    fn read(&self, searcher: &Searcher, places: Vec<Place>) -> Result<Vec<Hit>> {
        let text = |document: &TantivyDocument, field| {
            document.get_first(field).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
        };
        places
            .into_iter()
            .map(|(order, address, points)| {
                let document: TantivyDocument = searcher.doc(address)?;
                let names = text(&document, self.fields.shown).split('\n').map(str::to_owned).collect();
                Ok(Hit { id: text(&document, self.fields.id), names, points, order })
            })
            .collect()
    }

    /// Whether anything answers this word.
    pub(crate) fn has(&self, wanted: &Wanted) -> Result<bool> {
        let query = self.word(wanted, 1);
        Ok(self.reader.searcher().search(&*query, &tantivy::collector::Count)? > 0)
    }

    fn query(&self, wanted: &[Wanted], least: usize, filter: &Filter) -> Box<dyn Query> {
        let answer: Box<dyn Query> = match wanted {
            [] => Box::new(ConstScoreQuery::new(Box::new(AllQuery), 0.0)),
            [one] => self.word(one, 1),
            many if least < many.len() => {
                let words = many.iter().map(|one| (Occur::Should, self.word(one, 1))).collect();
                Box::new(BooleanQuery::with_minimum_required_clauses(words, least))
            }
            many => {
                let all = many.iter().map(|one| (Occur::Must, self.word(one, 1))).collect();
                let mut ways: Vec<Box<dyn Query>> = vec![Box::new(BooleanQuery::new(all))];
                // The spaces may be too many.
                if let Some(joined) = joined(many) {
                    ways.push(self.word(&joined, many.len() as i64));
                }
                Box::new(DisjunctionMaxQuery::new(ways))
            }
        };
        match &filter.store {
            None => answer,
            Some(store) => {
                let term = Term::from_field_text(self.fields.facet, &format!("{STORE}={store}"));
                let own = TermQuery::new(term, IndexRecordOption::Basic);
                let own: Box<dyn Query> = Box::new(ConstScoreQuery::new(Box::new(own), 0.0));
                Box::new(BooleanQuery::new(vec![(Occur::Must, answer), (Occur::Must, own)]))
            }
        }
    }

    /// Points for a word by where it stands, times `times`.
    fn word(&self, wanted: &Wanted, times: i64) -> Box<dyn Query> {
        let at = &self.fields;
        let mut ways: Vec<Box<dyn Query>> = Vec::new();
        let mut way = |query: Option<Box<dyn Query>>, points: i64| {
            ways.extend(query.map(|query| -> Box<dyn Query> {
                Box::new(ConstScoreQuery::new(query, (points.max(1) * times) as Score))
            }));
        };
        match wanted {
            Wanted::Sounds(sounds) => {
                let sounds = &language::chosung(sounds);
                way(term(at.sound, '!', sounds), 95);
                way(term(at.sound, '=', sounds), 85);
                way(term(at.sound, '<', sounds), 75);
                way(term(at.sound, '>', sounds), 60);
                way(phrase(at.sounds, sounds), 40);
            }
            Wanted::Word(words) => {
                for (word, loss) in words {
                    way(term(at.word, '!', word), 100 - loss);
                    way(term(at.word, ')', word), 92 - loss);
                    way(term(at.word, '=', word), 85 - loss);
                    way(term(at.word, '<', word), 72 - loss);
                    way(term(at.word, '>', word), 60 - loss);
                    way(phrase(at.name, word), 50 - loss);
                    way(term(at.about_word, '=', word), 40 - loss);
                    way(phrase(at.store, word), 34 - loss);
                    way(phrase(at.about, word), 30 - loss);
                    way(term(at.story_word, '=', word), 24 - loss);
                    way(phrase(at.story, word), 16 - loss);
                    // A word of one syllable is found at the ends of others.
                    way(term(at.about_word, '-', word), 20 - loss);
                    way(term(at.story_word, '-', word), 10 - loss);
                }
            }
        }
        if ways.is_empty() { Box::new(EmptyQuery) } else { Box::new(DisjunctionMaxQuery::new(ways)) }
    }
}

/// The facet that says whose a thing is.
const STORE: &str = "store";

fn schema() -> (Schema, Fields) {
    let indexed = |record: IndexRecordOption| {
        let how =
            TextFieldIndexing::default().set_tokenizer("raw").set_fieldnorms(false).set_index_option(record);
        TextOptions::default().set_indexing_options(how)
    };
    let (plain, placed) =
        (indexed(IndexRecordOption::Basic), indexed(IndexRecordOption::WithFreqsAndPositions));
    let mut schema = Schema::builder();
    let fields = Fields {
        id: schema.add_text_field("id", STRING | STORED),
        word: schema.add_text_field("word", plain.clone()),
        name: schema.add_text_field("name", placed.clone()),
        sound: schema.add_text_field("sound", plain.clone()),
        sounds: schema.add_text_field("sounds", placed.clone()),
        store: schema.add_text_field("store", placed.clone()),
        about_word: schema.add_text_field("about_word", plain.clone()),
        about: schema.add_text_field("about", placed.clone()),
        story_word: schema.add_text_field("story_word", plain),
        story: schema.add_text_field("story", placed),
        facet: schema.add_text_field("facet", STRING | FAST),
        kind: schema.add_u64_field("kind", FAST | tantivy::schema::INDEXED),
        price: schema.add_i64_field("price", FAST),
        made: schema.add_i64_field("made", FAST),
        tie: schema.add_u64_field("tie", FAST),
        shown: schema.add_text_field("shown", STORED),
    };
    (schema.build(), fields)
}

/// All words as one word, where each is one.
fn joined(wanted: &[Wanted]) -> Option<Wanted> {
    let mut whole = String::new();
    for one in wanted {
        match one {
            Wanted::Word(words) => whole.push_str(&words.first()?.0),
            Wanted::Sounds(sounds) => whole.push_str(sounds),
        }
    }
    Some(if rank::is_sounds(&whole) { Wanted::Sounds(whole) } else { Wanted::Word(vec![(whole, 0)]) })
}

fn term(field: Field, mark: char, word: &str) -> Option<Box<dyn Query>> {
    if word.is_empty() {
        return None;
    }
    let term = Term::from_field_text(field, &format!("{mark}{word}"));
    Some(Box::new(TermQuery::new(term, IndexRecordOption::Basic)))
}

/// A run of syllables anywhere in a text; every second pair of them, and the last, says it.
fn phrase(field: Field, word: &str) -> Option<Box<dyn Query>> {
    let pairs = grams(word, 2);
    let last = pairs.len().checked_sub(1)?;
    if word.chars().count() < 2 {
        return None;
    }
    let terms: Vec<(usize, Term)> = pairs
        .iter()
        .enumerate()
        .filter(|(at, _)| at % 2 == 0 || *at == last)
        .map(|(at, pair)| (at, Term::from_field_text(field, pair)))
        .collect();
    Some(match terms.as_slice() {
        [(_, only)] => Box::new(TermQuery::new(only.clone(), IndexRecordOption::Basic)),
        _ => Box::new(PhraseQuery::new_with_offset(terms)),
    })
}

fn token(text: String, position: usize) -> Token {
    Token { text, position, ..Token::default() }
}

/// Tokens whose places nobody asks for.
fn tokens(all: impl IntoIterator<Item = String>) -> PreTokenizedString {
    let tokens = all.into_iter().enumerate().map(|(at, text)| token(text, at)).collect();
    PreTokenizedString { text: String::new(), tokens }
}

fn pairs(texts: &[String]) -> PreTokenizedString {
    let mut tokens = Vec::new();
    let mut from = 0;
    for text in texts {
        let pairs = grams(text, 2);
        tokens.extend(pairs.iter().enumerate().map(|(at, pair)| token((*pair).to_owned(), from + at)));
        from += pairs.len() + GAP;
    }
    PreTokenizedString { text: String::new(), tokens }
}

/// Whole words, and the first and last syllable of each.
fn words(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for word in language::words(text) {
        tokens.extend(
            [word.chars().next(), word.chars().next_back()]
                .into_iter()
                .flatten()
                .map(|one| format!("-{one}")),
        );
        tokens.push(format!("={word}"));
    }
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

fn words_of_story(text: &str) -> Vec<String> {
    words(text)
}

/// A number by which equals are always in the same order: FNV-1a of the id.
fn tie(id: &str) -> u64 {
    id.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Where something stands in the order, where it lies, and its points.
type Place = ((i64, i64, u64), DocAddress, i64);

/// Gathers the best, counts all, and counts the values of those that pass (of an attribute that is asked for, also the
/// values of those that only it keeps out, so that they can be chosen, too).
struct Gather {
    filter: Filter,
    sort: Sort,
    most: usize,
}

#[derive(Default)]
struct Gathered {
    products: Vec<Place>,
    stores: Vec<Place>,
    total: usize,
    facets: HashMap<(String, String), usize>,
}

impl Collector for Gather {
    type Fruit = Gathered;
    type Child = GatherSegment;

    fn for_segment(&self, ordinal: SegmentOrdinal, segment: &SegmentReader) -> Result<GatherSegment> {
        let fast = segment.fast_fields();
        let facet = fast.str("facet")?;
        let mut names = Vec::new();
        let mut asked = vec![None; 0];
        if let Some(facet) = &facet {
            asked = vec![None; facet.num_terms()];
            let mut name = String::new();
            for (group, (attribute, values)) in self.filter.facets.iter().enumerate() {
                for at in 0..facet.num_terms() as u64 {
                    name.clear();
                    facet.ord_to_str(at, &mut name)?;
                    if let Some((known, value)) = name.split_once('=')
                        && known == attribute
                    {
                        asked[at as usize] = Some((group, values.iter().any(|wanted| wanted == value)));
                    }
                }
            }
            names = vec![0; facet.num_terms()];
        }
        Ok(GatherSegment {
            ordinal,
            sort: self.sort,
            most: self.most.max(1),
            groups: self.filter.facets.len(),
            price_to: self.filter.price_to,
            from_points: self.filter.from_points,
            asked,
            counts: names,
            facet,
            kind: fast.u64("kind")?,
            price: fast.i64("price")?,
            made: fast.i64("made")?,
            tie: fast.u64("tie")?,
            products: BinaryHeap::new(),
            stores: BinaryHeap::new(),
            total: 0,
        })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, segments: Vec<Gathered>) -> Result<Gathered> {
        let mut all = Gathered::default();
        for segment in segments {
            all.products.extend(segment.products);
            all.stores.extend(segment.stores);
            all.total += segment.total;
            for (value, count) in segment.facets {
                *all.facets.entry(value).or_default() += count;
            }
        }
        for places in [&mut all.products, &mut all.stores] {
            places.sort_unstable_by_key(|place| Reverse(place.0));
            places.truncate(self.most);
        }
        Ok(all)
    }
}

type Heap = BinaryHeap<Reverse<((i64, i64, u64), DocId, i64)>>;

struct GatherSegment {
    ordinal: SegmentOrdinal,
    sort: Sort,
    most: usize,
    groups: usize,
    price_to: Option<i64>,
    from_points: i64,
    /// For each value here the group that asks for its attribute, and whether it is one of those asked for.
    asked: Vec<Option<(usize, bool)>>,
    counts: Vec<usize>,
    facet: Option<StrColumn>,
    kind: tantivy::columnar::Column<u64>,
    price: tantivy::columnar::Column<i64>,
    made: tantivy::columnar::Column<i64>,
    tie: tantivy::columnar::Column<u64>,
    products: Heap,
    stores: Heap,
    total: usize,
}

impl GatherSegment {
    /// Counts the values of a document; whether it passes.
    fn passes(&mut self, doc: DocId) -> bool {
        let Some(facet) = &self.facet else { return self.groups == 0 };
        let mut met = vec![false; self.groups];
        if self.groups > 0 {
            for at in facet.term_ords(doc) {
                if let Some(Some((group, true))) = self.asked.get(at as usize) {
                    met[*group] = true;
                }
            }
        }
        let unmet = met.iter().filter(|met| !**met).count();
        if unmet > 1 {
            return false;
        }
        let only = met.iter().position(|met| !met);
        for at in facet.term_ords(doc) {
            let group = self.asked[at as usize].map(|(group, _)| group);
            if only.is_none() || group == only {
                self.counts[at as usize] += 1;
            }
        }
        only.is_none()
    }
}

impl SegmentCollector for GatherSegment {
    type Fruit = Gathered;

    fn collect(&mut self, doc: DocId, score: Score) {
        let points = score as i64;
        if points < self.from_points {
            return;
        }
        let is_store = self.kind.first(doc) == Some(Kind::Store as u64);
        let price = self.price.first(doc).unwrap_or_default();
        if !is_store {
            if self.price_to.is_some_and(|most| price > most) || !self.passes(doc) {
                return;
            }
            self.total += 1;
        }
        let made = self.made.first(doc).unwrap_or_default();
        let order = match self.sort {
            Sort::Best => (points, made),
            Sort::New => (made, points),
            Sort::Cheap => (-price, points),
        };
        let order = (order.0, order.1, self.tie.first(doc).unwrap_or_default());
        let heap = if is_store { &mut self.stores } else { &mut self.products };
        if heap.len() < self.most {
            heap.push(Reverse((order, doc, points)));
        } else if heap.peek().is_some_and(|Reverse((least, _, _))| order > *least) {
            heap.pop();
            heap.push(Reverse((order, doc, points)));
        }
    }

    fn harvest(self) -> Gathered {
        let ordinal = self.ordinal;
        let places = |heap: Heap| {
            let place = |Reverse((order, doc, points))| (order, DocAddress::new(ordinal, doc), points);
            heap.into_iter().map(place).collect()
        };
        let mut facets = HashMap::new();
        if let Some(facet) = &self.facet {
            let mut name = String::new();
            for (at, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                name.clear();
                if facet.ord_to_str(at as u64, &mut name).is_ok_and(|known| known)
                    && let Some((attribute, value)) = name.split_once('=')
                    && attribute != STORE
                {
                    facets.insert((attribute.to_owned(), value.to_owned()), *count);
                }
            }
        }
        Gathered { products: places(self.products), stores: places(self.stores), total: self.total, facets }
    }
}
