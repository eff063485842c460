//! Products as a table: one line for each variant, one column for each thing that is told. Read from what sellers send,
//! and written for them to take along; what was written is read again as it was.

use base::Won;
use serde::{Deserialize, Serialize};
use web::Lang;

use super::draft::checked;
use super::{Choice, Draft, NewVariant, Product, Story, Variant, Withdrawal, number};
use crate::Error;
use crate::category::{self, Attribute, Kind, schema};
use crate::sheet::Cell;
use crate::sheet::read::Grid;
use crate::text::Text;

/// A column: what it is called in Korean, in English, and what else people call it.
struct Head {
    is: Is,
    names: &'static [&'static str],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Code,
    Name,
    NameEn,
    Category,
    Price,
    LivePrice,
    Stock,
    Origin,
    Unit,
    PerBuyer,
    Parcel,
    Pickup,
    Cold,
    Withdrawal,
    StoryHead,
    Story,
    Option,
    Attribute(&'static Attribute),
}

impl PartialEq for Attribute {
    fn eq(&self, other: &Attribute) -> bool {
        self.id == other.id
    }
}
impl Eq for Attribute {}

/// The columns that are no question of a category, in the order in which they are written.
const HEADS: [Head; 19] = [
    Head { is: Is::Code, names: &["상품번호", "상품코드", "판매자상품코드", "code"] },
    Head { is: Is::Name, names: &["이름", "상품명", "상품이름", "name"] },
    Head { is: Is::Category, names: &["분류", "카테고리", "category"] },
    Head { is: Is::Option, names: &["옵션1", "옵션", "option1"] },
    Head { is: Is::Option, names: &["옵션2", "option2"] },
    Head { is: Is::Option, names: &["옵션3", "option3"] },
    Head { is: Is::Price, names: &["값", "가격", "판매가", "price"] },
    Head { is: Is::LivePrice, names: &["방송값", "라이브가격", "live_price"] },
    Head { is: Is::Stock, names: &["개수", "재고", "재고수량", "stock"] },
    Head { is: Is::Origin, names: &["원산지", "origin"] },
    Head { is: Is::Unit, names: &["단위", "unit"] },
    Head { is: Is::PerBuyer, names: &["한사람최대", "구매제한", "per_buyer"] },
    Head { is: Is::Parcel, names: &["택배", "parcel"] },
    Head { is: Is::Pickup, names: &["픽업", "방문수령", "pickup"] },
    Head { is: Is::Cold, names: &["아이스박스", "냉장배송", "cold"] },
    Head { is: Is::Withdrawal, names: &["청약철회", "반품", "withdrawal"] },
    Head { is: Is::StoryHead, names: &["이야기제목", "story_head"] },
    Head { is: Is::Story, names: &["이야기", "상세설명", "story"] },
    Head { is: Is::NameEn, names: &["영어이름", "name_en"] },
];

/// How a withdrawal is called in a table.
const WITHDRAWALS: [(Withdrawal, &str); 3] =
    [(Withdrawal::Normal, "일반"), (Withdrawal::Fresh, "신선식품"), (Withdrawal::Made, "주문제작")];
const YES: [&str; 9] = ["예", "네", "o", "y", "yes", "1", "true", "가능", "있음"];
const NO: [&str; 10] = ["아니오", "아니요", "x", "n", "no", "0", "false", "불가", "없음", "-"];

/// What is wrong with a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fault {
    /// Its line in the table, 1 being the names of the columns.
    pub(crate) line: usize,
    /// Its column's name as the table has it; empty: the whole line.
    pub(crate) column: String,
    /// What stands there.
    pub(crate) said: String,
    /// The slug of its words.
    pub(crate) fault: String,
}

/// A product of the table: its lines, and the product or what is wrong with it.
pub(crate) struct Entry {
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) made: Result<Draft, Vec<Fault>>,
}

/// What a table holds.
pub(crate) struct Bulk {
    pub(crate) entries: Vec<Entry>,
    /// Names of columns that nobody knows.
    pub(crate) unknown: Vec<String>,
}

/// Reads a table; `Err` names the columns that are missing.
pub(crate) fn read(grid: &Grid) -> Result<Bulk, Vec<&'static str>> {
    let mut columns: Vec<(usize, Is)> = Vec::new();
    let mut unknown = Vec::new();
    for (at, name) in grid.first().into_iter().flatten().enumerate() {
        match column(name) {
            Some(is) => columns.push((at, is)),
            None if name.is_empty() => {}
            None => unknown.push(name.clone()),
        }
    }
    let missing: Vec<_> = HEADS
        .iter()
        .filter(|head| matches!(head.is, Is::Name | Is::Price | Is::Stock | Is::Origin))
        .filter(|head| columns.iter().all(|(_, is)| *is != head.is))
        .map(|head| head.names[0])
        .collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    let lines: Vec<Line<'_>> = grid
        .iter()
        .enumerate()
        .skip(1)
        .map(|(at, cells)| Line { at, cells, columns: &columns, heads: &grid[0] })
        .collect();
    let lines: Vec<Line<'_>> =
        lines.into_iter().filter(|line| line.cells.iter().any(|cell| !cell.is_empty())).collect();
    let groups = lines.chunk_by(|one, next| {
        let code = one.text(Is::Code);
        !code.is_empty() && code == next.text(Is::Code) && next.options().next().is_some()
    });
    Ok(Bulk { entries: groups.map(entry).collect(), unknown })
}

/// A name without what people put between its letters.
fn bare(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '*' | '·' | '_' | '-'))
        .collect::<String>()
        .to_lowercase()
}

fn column(name: &str) -> Option<Is> {
    let name = bare(name);
    let head = HEADS.iter().find(|head| head.names.iter().any(|one| bare(one) == name));
    if let Some(head) = head {
        return Some(head.is);
    }
    let named =
        |one: &&Attribute| [&one.id, &one.name.ko, &one.name.en].iter().any(|text| bare(text) == name);
    schema().attributes.iter().find(named).map(Is::Attribute)
}

#[derive(Clone, Copy)]
struct Line<'g> {
    at: usize,
    cells: &'g [String],
    columns: &'g [(usize, Is)],
    heads: &'g [String],
}

impl<'g> Line<'g> {
    fn text(&self, is: Is) -> &'g str {
        let at = self.columns.iter().find(|(_, one)| *one == is).map(|(at, _)| *at);
        at.and_then(|at| self.cells.get(at)).map(String::as_str).unwrap_or_default()
    }

    /// "손질: 조림용", of each option column that is filled.
    fn options(&self) -> impl Iterator<Item = &'g str> {
        let cells = self.cells;
        let filled = self.columns.iter().filter(|(_, is)| *is == Is::Option);
        filled.filter_map(move |(at, _)| cells.get(*at)).map(String::as_str).filter(|text| !text.is_empty())
    }

    fn fault(&self, is: Option<Is>, said: &str, fault: &str) -> Fault {
        let at = is.and_then(|is| self.columns.iter().find(|(_, one)| *one == is)).map(|(at, _)| *at);
        let column = at.and_then(|at| self.heads.get(at)).cloned().unwrap_or_default();
        Fault { line: self.at + 1, column, said: said.chars().take(80).collect(), fault: fault.to_owned() }
    }
}

/// What was read of a product so far, with everything that is wrong.
struct Reading<'l> {
    line: Line<'l>,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    fn wrong(&mut self, line: Line<'_>, is: Is, fault: &str) {
        self.faults.push(line.fault(Some(is), line.text(is), fault));
    }

    fn number(&mut self, line: Line<'_>, is: Is) -> Option<i64> {
        let text = line.text(is);
        if text.is_empty() {
            return None;
        }
        let read = number(text);
        if read.is_none() {
            let fault = if text.starts_with('=') { "formula" } else { "number" };
            self.wrong(line, is, fault);
        }
        read
    }

    fn yes(&mut self, is: Is, otherwise: bool) -> bool {
        let said = self.line.text(is).to_lowercase();
        match said.as_str() {
            "" => otherwise,
            said if YES.contains(&said) => true,
            said if NO.contains(&said) => false,
            _ => {
                self.wrong(self.line, is, "yes-or-no");
                otherwise
            }
        }
    }
}

fn entry(lines: &[Line<'_>]) -> Entry {
    let first = lines[0];
    let mut reading = Reading { line: first, faults: Vec::new() };
    let draft = draft(&mut reading, lines);
    let mut faults = reading.faults;
    let whole = match checked(draft) {
        Ok(draft) => match draft.require_whole() {
            Err(Error::Incomplete(lacking)) => {
                faults.extend(lacking.iter().map(|id| lacks(first, id)));
                Err(())
            }
            _ => Ok(draft),
        },
        Err(Error::Invalid(wrong)) => {
            let known: Vec<_> = faults.iter().map(|fault| fault.column.clone()).collect();
            let told = wrong.into_iter().map(|(field, slug)| told(first, &field, slug));
            faults.extend(told.filter(|fault| fault.column.is_empty() || !known.contains(&fault.column)));
            Err(())
        }
        Err(_) => Err(()),
    };
    let made = match whole {
        Ok(draft) if faults.is_empty() => Ok(draft),
        _ => Err(faults),
    };
    Entry { line: first.at + 1, name: first.text(Is::Name).to_owned(), made }
}

/// An answer the law wants and no column gives.
fn lacks(line: Line<'_>, id: &str) -> Fault {
    if id == "category" {
        return line.fault(Some(Is::Category), line.text(Is::Category), "category");
    }
    let name = schema().attribute(id).map(|one| one.name.ko.clone()).unwrap_or_default();
    Fault { column: name, ..line.fault(None, "", "needed") }
}

/// A fault of the product, at the column it came from.
fn told(line: Line<'_>, field: &str, slug: &str) -> Fault {
    let is = match field {
        "name" => Is::Name,
        "name_en" => Is::NameEn,
        "unit" | "unit_en" => Is::Unit,
        "origin" | "origin_en" => Is::Origin,
        "price_won" => Is::Price,
        "live_price_won" => Is::LivePrice,
        "stock" => Is::Stock,
        "stories" => Is::Story,
        "options" | "variants" => Is::Option,
        "delivery" => Is::Parcel,
        "per_buyer" => Is::PerBuyer,
        "code" => Is::Code,
        "category" => Is::Category,
        field => match field.strip_prefix("attributes.").and_then(|id| schema().attribute(id)) {
            Some(attribute) => Is::Attribute(attribute),
            None => return line.fault(None, field, slug),
        },
    };
    line.fault(Some(is), line.text(is), slug)
}

fn draft(reading: &mut Reading<'_>, lines: &[Line<'_>]) -> Draft {
    let line = reading.line;
    let options = options(reading, lines);
    let variants = lines.iter().map(|line| variant(reading, *line, &options)).collect();
    let mut draft = Draft {
        name: Text::new(line.text(Is::Name), line.text(Is::NameEn)),
        unit: line.text(Is::Unit).into(),
        origin: line.text(Is::Origin).into(),
        code: line.text(Is::Code).to_owned(),
        category: place(reading),
        per_buyer: reading.number(line, Is::PerBuyer).unwrap_or_default(),
        parcel: reading.yes(Is::Parcel, true),
        pickup: reading.yes(Is::Pickup, true),
        cold: reading.yes(Is::Cold, false),
        withdrawal: withdrawal(reading),
        options,
        variants,
        ..Draft::default()
    };
    if !line.text(Is::Story).is_empty() {
        draft.stories =
            vec![Story { head: line.text(Is::StoryHead).into(), body: line.text(Is::Story).into() }];
    }
    for (_, is) in line.columns {
        let Is::Attribute(attribute) = is else { continue };
        let said = line.text(*is);
        if !said.is_empty() {
            draft.attributes.0.insert(attribute.id.clone(), answer(attribute, said));
        }
    }
    draft
}

/// The things to choose, from the "손질: 조림용" of all lines.
fn options(reading: &mut Reading<'_>, lines: &[Line<'_>]) -> Vec<Choice> {
    let mut choices: Vec<Choice> = Vec::new();
    for line in lines {
        for said in line.options() {
            let Some((name, value)) = said.split_once([':', '：']) else {
                reading.faults.push(line.fault(Some(Is::Option), said, "option-cell"));
                continue;
            };
            let (name, value) = (name.trim(), Text::from(value.trim()));
            match choices.iter_mut().find(|choice| choice.name.ko == name) {
                Some(choice) if choice.values.contains(&value) => {}
                Some(choice) => choice.values.push(value),
                None => choices.push(Choice { name: name.into(), values: vec![value] }),
            }
        }
    }
    choices
}

fn variant(reading: &mut Reading<'_>, line: Line<'_>, options: &[Choice]) -> NewVariant {
    let said: Vec<(&str, &str)> = line
        .options()
        .filter_map(|said| said.split_once([':', '：']))
        .map(|(n, v)| (n.trim(), v.trim()))
        .collect();
    let pick = options.iter().filter_map(|choice| {
        let (_, value) = said.iter().find(|(name, _)| *name == choice.name.ko)?;
        choice.values.iter().position(|one| one.ko == *value)
    });
    let pick: Vec<usize> = pick.collect();
    for (is, text) in [(Is::Price, line.text(Is::Price)), (Is::Stock, line.text(Is::Stock))] {
        if text.is_empty() {
            reading.wrong(line, is, "empty");
        }
    }
    NewVariant {
        pick,
        price_won: Won(reading.number(line, Is::Price).unwrap_or(1)),
        live_price_won: reading.number(line, Is::LivePrice).map(Won),
        stock: reading.number(line, Is::Stock).unwrap_or_default(),
    }
}

/// The category by its id or its name, or by the product's name where the cell is empty.
fn place(reading: &mut Reading<'_>) -> String {
    let said = reading.line.text(Is::Category);
    let schema = schema();
    if said.is_empty() {
        let guess = schema.guess(reading.line.text(Is::Name));
        return guess.map(|category| category.id.clone()).unwrap_or_default();
    }
    // "생선·해산물 > 생선": what stands last is what it is.
    let last = bare(said.rsplit(['>', '›']).next().unwrap_or(said));
    let named = |one: &&category::Category| {
        [&one.id, &one.name.ko, &one.name.en].iter().any(|text| bare(text) == last)
    };
    // A child and its parent may be called the same: the child says more.
    match schema.categories.iter().rev().find(named) {
        Some(category) => category.id.clone(),
        None => {
            reading.wrong(reading.line, Is::Category, "unknown-category");
            String::new()
        }
    }
}

fn withdrawal(reading: &mut Reading<'_>) -> Withdrawal {
    let said = reading.line.text(Is::Withdrawal);
    let found = WITHDRAWALS.iter().find(|(kind, name)| kind.slug() == said || *name == said);
    if found.is_none() && !said.is_empty() {
        reading.wrong(reading.line, Is::Withdrawal, "withdrawal-cell");
    }
    found.map(|(kind, _)| *kind).unwrap_or_default()
}

/// An answer as it is written: a value by its name, the beginning of its name, or its id; several by commas.
fn answer(attribute: &Attribute, said: &str) -> Vec<String> {
    let value = |said: &str| {
        let said = bare(said);
        let short = |name: &str| bare(name.split('(').next().unwrap_or(name));
        let named = attribute.values.iter().find(|value| {
            value.id == said
                || bare(&value.name.ko) == said
                || short(&value.name.ko) == said
                || bare(&value.name.en) == said
        });
        named.map(|value| value.id.clone())
    };
    match attribute.kind {
        Kind::Choices => said
            .split([',', ';', '、'])
            .map(str::trim)
            .filter(|one| !one.is_empty())
            .map(|one| value(one).unwrap_or_else(|| one.to_owned()))
            .collect(),
        Kind::Choice => vec![value(said).unwrap_or_else(|| said.to_owned())],
        Kind::Text | Kind::Number => vec![said.to_owned()],
    }
}

/// The names of the columns of a table that is written.
pub(crate) fn heads() -> Vec<String> {
    let questions = schema().attributes.iter().map(|one| one.name.ko.clone());
    HEADS.iter().map(|head| head.names[0].to_owned()).chain(questions).collect()
}

/// A product's lines, one for each variant; only the first tells what holds for all.
pub(crate) fn lines<'p>(product: &'p Product, variants: &'p [Variant]) -> Vec<Vec<Cell<'p>>> {
    variants.iter().enumerate().map(|(at, variant)| line(product, variant, at == 0)).collect()
}

fn line<'p>(product: &'p Product, variant: &'p Variant, is_first: bool) -> Vec<Cell<'p>> {
    let values: Vec<&str> = variant.name.split(" · ").collect();
    let option = |at: usize| match (product.options.get(at), values.get(at)) {
        (Some(option), Some(value)) => Cell::from(format!("{}: {value}", option.name.ko)),
        _ => Cell::Empty,
    };
    let yes = |yes: bool| Cell::from(if yes { YES[0] } else { NO[0] });
    let story = product.stories.first();
    let mut option_at = 0;
    let known = HEADS.iter().map(|head| match head.is {
        Is::Code => Cell::from(product.code.as_deref().unwrap_or_default()),
        Is::Name => Cell::from(product.name.as_str()),
        Is::Option => {
            option_at += 1;
            option(option_at - 1)
        }
        Is::Price => Cell::from(variant.price_won.0),
        Is::LivePrice => variant.live_price_won.map_or(Cell::Empty, |won| Cell::from(won.0)),
        Is::Stock => Cell::from(variant.left),
        _ if !is_first => Cell::Empty,
        Is::NameEn => Cell::from(product.name_en.as_str()),
        Is::Category => Cell::from(product.category.as_str()),
        Is::Origin => Cell::from(product.origin.as_str()),
        Is::Unit => Cell::from(product.unit.as_str()),
        Is::PerBuyer if product.per_buyer == 0 => Cell::Empty,
        Is::PerBuyer => Cell::from(product.per_buyer),
        Is::Parcel => yes(product.parcel),
        Is::Pickup => yes(product.pickup),
        Is::Cold => yes(product.cold),
        Is::Withdrawal => {
            let name = WITHDRAWALS.iter().find(|(kind, _)| *kind == product.withdrawal);
            Cell::from(name.map_or("", |(_, name)| *name))
        }
        Is::StoryHead => Cell::from(story.map_or("", |story| story.head.ko.as_str())),
        Is::Story => Cell::from(story.map_or("", |story| story.body.ko.as_str())),
        Is::Attribute(_) => Cell::Empty,
    });
    let mut cells: Vec<Cell<'p>> = known.collect();
    cells.extend(schema().attributes.iter().map(|attribute| {
        let told = product.attributes.to(&attribute.id);
        if is_first && !told.is_empty() { Cell::from(written(attribute, told)) } else { Cell::Empty }
    }));
    cells
}

/// An answer as a table has it: of own words the Korean, of values their names.
fn written(attribute: &Attribute, told: &[String]) -> String {
    match attribute.kind {
        Kind::Choices => attribute.read(told, Lang::Ko),
        Kind::Number => told.first().cloned().unwrap_or_default(),
        Kind::Choice | Kind::Text => attribute.read(&told[..1], Lang::Ko),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(text: &str) -> Grid {
        text.lines().map(|line| line.split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
    }

    const FISH: &str = "상품번호|상품명|가격|재고|원산지|단위|보관방법|소비기한|제조·수확·포장일|수입식품신고|먹거나 쓸 때 주의할 점|옵션1|알 수 없는 칸";

    fn faults(bulk: &Bulk, at: usize) -> Vec<(usize, &str, &str)> {
        let faults = bulk.entries[at].made.as_ref().err().into_iter().flatten();
        faults.map(|fault| (fault.line, fault.column.as_str(), fault.fault.as_str())).collect()
    }

    #[test]
    fn lines_become_products_and_lines_of_one_number_its_variants() {
        let table = format!(
            "{FISH}\nA-1|고등어|12,000원|7|국산|2마리|냉장|받은 뒤 2일|dawn|아니요, 국산이에요|뼈 조심|손질: 조림용|x\n\
             A-1||13000|3||||||||손질: 구이용|\n||\nA-2|갈치|9000|1|국산|1마리|얼음 위|2-days|dawn|no|없음||"
        );
        let bulk = read(&grid(&table)).unwrap();
        assert_eq!(bulk.unknown, ["알 수 없는 칸"]);
        assert_eq!(bulk.entries.len(), 2);
        let fish = bulk.entries[0].made.as_ref().unwrap();
        assert_eq!((fish.category.as_str(), fish.variants.len(), fish.options.len()), ("fish.fresh", 2, 1));
        assert_eq!((fish.variants[1].price_won, fish.variants[1].stock), (Won(13_000), 3));
        assert_eq!(fish.attributes.to("storage"), ["cold"]);
        assert_eq!(fish.attributes.to("keeps"), ["2-days"]);
        let other = bulk.entries[1].made.as_ref().unwrap();
        assert_eq!(other.attributes.to("storage"), ["얼음 위"]);
    }

    #[test]
    fn every_mistake_is_told_with_its_line_and_column() {
        let table = format!(
            "{FISH}\nA-1|고등어|=1+1|-3||2마리|냉장|2-days|dawn|no|상세페이지 참조|손질|\n|이것저것|5000|1|국산||||||||"
        );
        let bulk = read(&grid(&table)).unwrap();
        let told = faults(&bulk, 0);
        for fault in [
            (2, "가격", "formula"),
            (2, "재고", "out-of-range"),
            (2, "원산지", "empty"),
            (2, "먹거나 쓸 때 주의할 점", "vague"),
            (2, "옵션1", "option-cell"),
        ] {
            assert!(told.contains(&fault), "{fault:?} in {told:?}");
        }
        assert_eq!(faults(&bulk, 1), [(3, "", "category")]);
        assert_eq!(read(&grid("이름|값\n고등어|1")).err(), Some(vec!["개수", "원산지"]));
    }
}
