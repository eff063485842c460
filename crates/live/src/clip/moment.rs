//! Which moments of a show are worth a clip.

use shop::product::ProductId;

use super::SHORTEST_MS;
use crate::diagnosis::Band;

/// Of a product that was shown for longer, the best minute is taken.
const WANTED_MS: i64 = 60_000;
/// Steps in which the best minute is looked for.
const STEP_MS: i64 = 2_000;
/// Found at most.
const MOST: usize = 5;

/// What happened in a show, each with its moment.
#[derive(Clone, Debug, Default)]
pub struct Happened {
    pub orders: Vec<(i64, ProductId)>,
    pub chat: Vec<i64>,
    /// How many at once.
    pub reactions: Vec<(i64, i64)>,
}

/// Part of a show that may become a clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub product: ProductId,
    pub from_ms: i64,
    pub to_ms: i64,
    score: i64,
}

/// The best moments in which a product was shown, in order, no two of them at once.
pub fn choose(bands: &[Band], happened: &Happened) -> Vec<Moment> {
    let mut all: Vec<Moment> = bands.iter().filter_map(|band| best(band, happened)).collect();
    // Of equally good ones the longer, then the earlier.
    all.sort_by_key(|moment| (-moment.score, moment.from_ms - moment.to_ms, moment.from_ms));
    let mut chosen: Vec<Moment> = Vec::new();
    for moment in all {
        let is_apart = chosen.iter().all(|one| moment.to_ms <= one.from_ms || one.to_ms <= moment.from_ms);
        if is_apart && chosen.len() < MOST {
            chosen.push(moment);
        }
    }
    chosen.sort_by_key(|moment| moment.from_ms);
    chosen
}

fn best(band: &Band, happened: &Happened) -> Option<Moment> {
    let length_ms = band.to_ms.saturating_sub(band.from_ms);
    if length_ms < SHORTEST_MS {
        return None;
    }
    let wanted_ms = length_ms.min(WANTED_MS);
    let last_ms = band.to_ms - wanted_ms;
    let starts = (0..).map(|step| band.from_ms + step * STEP_MS).take_while(|from_ms| *from_ms <= last_ms);
    let moment = |from_ms: i64| {
        let to_ms = from_ms + wanted_ms;
        let score = score(&band.product, (from_ms, to_ms), happened);
        Moment { product: band.product.clone(), from_ms, to_ms, score }
    };
    // Of equally good ones the first: there the product is introduced.
    starts.map(moment).reduce(|best, next| if next.score > best.score { next } else { best })
}

/// Orders of the product count three fifths, chat and reactions a fifth each, of all that came in the show.
fn score(product: &ProductId, (from_ms, to_ms): (i64, i64), happened: &Happened) -> i64 {
    let is_in = |at_ms: i64| (from_ms..to_ms).contains(&at_ms);
    let share = |part: i64, all: i64, weight: i64| if all > 0 { part * weight / all } else { 0 };
    let orders = happened.orders.iter().filter(|(at_ms, of)| is_in(*at_ms) && of == product).count() as i64;
    let chat = happened.chat.iter().filter(|at_ms| is_in(**at_ms)).count() as i64;
    let reactions: i64 = happened.reactions.iter().filter(|(at_ms, _)| is_in(*at_ms)).map(|(_, n)| n).sum();
    let all: i64 = happened.reactions.iter().map(|(_, count)| count).sum();
    share(orders, happened.orders.len() as i64, 6_000)
        + share(chat, happened.chat.len() as i64, 2_000)
        + share(reactions, all, 2_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(n: u8) -> ProductId {
        format!("00000000-0000-7000-8000-0000000000{n:02}").parse().expect("an id")
    }

    fn band(n: u8, from_s: i64, to_s: i64) -> Band {
        Band { product: product(n), from_ms: from_s * 1000, to_ms: to_s * 1000 }
    }

    fn seconds(moments: &[Moment]) -> Vec<(i64, i64)> {
        moments.iter().map(|moment| (moment.from_ms / 1000, moment.to_ms / 1000)).collect()
    }

    #[test]
    fn what_sold_comes_before_what_was_cheered_and_short_pins_are_no_clip() {
        let bands: Vec<Band> = (0..7).map(|n| band(n, i64::from(n) * 40, i64::from(n) * 40 + 30)).collect();
        let bands = [bands, vec![band(8, 300, 309)]].concat();
        let happened = Happened {
            orders: vec![
                (45_000, product(1)),
                (85_000, product(2)),
                (305_000, product(8)),
                (125_000, product(1)),
            ],
            chat: vec![130_000, 131_000],
            reactions: vec![(165_000, 500), (210_000, 20), (250_000, 10)],
        };
        let found = choose(&bands, &happened);
        assert_eq!(seconds(&found), [(40, 70), (80, 110), (120, 150), (160, 190), (200, 230)]);
    }

    #[test]
    fn of_a_long_pin_the_best_minute_is_taken() {
        let happened = Happened { chat: vec![400_000, 410_000, 420_000], ..Happened::default() };
        let found = choose(&[band(1, 0, 600)], &happened);
        assert_eq!(seconds(&found), [(362, 422)]);
        let quiet = choose(&[band(1, 0, 600), band(2, 600, 640)], &Happened::default());
        assert_eq!(seconds(&quiet), [(0, 60), (600, 640)], "a quiet show has clips too");
    }

    #[test]
    fn no_two_share_a_moment_and_each_has_its_length() {
        let bands = [band(1, 0, 50), band(2, 30, 90), band(3, 50, 500), band(4, 50, 40)];
        let found = choose(&bands, &Happened { reactions: vec![(60_000, 9)], ..Happened::default() });
        for pair in found.windows(2) {
            assert!(pair[0].to_ms <= pair[1].from_ms, "{found:?}");
        }
        assert!(found.iter().all(|one| (10_000..=120_000).contains(&(one.to_ms - one.from_ms))), "{found:?}");
    }
}
