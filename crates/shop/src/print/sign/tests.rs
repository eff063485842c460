//! What was printed is worn: the squares are taken out of the document as a printer would draw them, damaged, and read
//! by a decoder that is not ours.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::*;

/// Dots of a printed square.
const DOTS: usize = 8;

/// The document's content streams, unpacked.
fn contents(document: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = document;
    while let Some(at) = rest.windows(6).position(|some| some == b"stream") {
        rest = &rest[at + 6..];
        let from = rest.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let mut text = Vec::new();
        if ZlibDecoder::new(&rest[from..]).read_to_end(&mut text).is_ok()
            && let Ok(text) = String::from_utf8(text)
        {
            found.push(text);
        }
        let end = rest.windows(9).position(|some| some == b"endstream").unwrap();
        rest = &rest[end + 9..];
    }
    found
}

/// The bars of each code on a page: x, y, width and height, as they stand in the document.
fn bars(content: &str) -> Vec<Vec<[f32; 4]>> {
    let (mut all, mut now) = (Vec::new(), Vec::new());
    for line in content.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [x, y, width, height, "re"] => {
                now.push([x, y, width, height].map(|number| number.parse().unwrap()));
            }
            ["f"] if !now.is_empty() => all.push(std::mem::take(&mut now)),
            _ => {}
        }
    }
    all
}

/// Paper on which a code was printed: grey values, row by row.
struct Paper {
    side: usize,
    dots: Vec<u8>,
}

impl Paper {
    fn of(bars: &[[f32; 4]]) -> Paper {
        let one = bars[0][3];
        let left = bars.iter().map(|bar| bar[0]).fold(f32::MAX, f32::min);
        let top = bars.iter().map(|bar| bar[1] + bar[3]).fold(f32::MIN, f32::max);
        let right = bars.iter().map(|bar| bar[0] + bar[2]).fold(f32::MIN, f32::max);
        let quiet = 4 * DOTS;
        let scale = DOTS as f32 / one;
        let side = ((right - left) * scale).round() as usize + 2 * quiet;
        let mut paper = Paper { side, dots: vec![250; side * side] };
        for [x, y, width, height] in bars {
            let from = ((x - left) * scale).round() as usize + quiet;
            let down = ((top - y - height) * scale).round() as usize + quiet;
            let (wide, high) = ((width * scale).round() as usize, (height * scale).round() as usize);
            paper.fill(from, down, wide, high, 20);
        }
        paper
    }

    fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, ink: u8) {
        for row in y..(y + height).min(self.side) {
            for column in x..(x + width).min(self.side) {
                self.dots[row * self.side + column] = ink;
            }
        }
    }

    /// A round blot, wet or torn.
    fn blot(&mut self, (x, y): (f32, f32), radius: f32, ink: u8) {
        let side = self.side as f32;
        for row in 0..self.side {
            for column in 0..self.side {
                let (across, down) = (column as f32 / side - x, row as f32 / side - y);
                if (across * across + down * down).sqrt() < radius {
                    self.dots[row * self.side + column] = ink;
                }
            }
        }
    }

    /// Sun and rain: ink fades, dirt comes, every dot a little different.
    fn weather(&mut self) {
        let mut chance = 4_600_u64;
        for dot in &mut self.dots {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let noise = (chance >> 33) as i64 % 41 - 20;
            let faded = i64::from(*dot) * 6 / 10 + 60 + noise;
            *dot = faded.clamp(0, 255) as u8;
        }
    }

    fn read(&self) -> Option<String> {
        let mut seen = rqrr::PreparedImage::prepare_from_greyscale(self.side, self.side, |x, y| {
            self.dots[y * self.side + x]
        });
        seen.detect_grids().into_iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text)
    }
}

/// The words of one sign, without a page around them.
fn words(kind: Kind, of: &str) -> Words {
    let address = "https://market.example/q/7kq2mxwp".to_owned();
    Words { lang: Lang::Ko, address, of: of.to_owned(), kind }
}

fn printed(strips: Vec<Strip>, format: Format) -> Vec<Vec<[f32; 4]>> {
    let letters = Letters::load().expect("the letters are built in; run the build of ui first");
    let document = pages(&letters, "test", format, Flow::Alone, vec![strips]).unwrap();
    contents(&document).iter().flat_map(|content| bars(content)).collect()
}

fn squares(side: f32) -> Vec<Vec<[f32; 4]>> {
    let sign = words(Kind::Stall, "");
    printed(vec![Strip::default().squares(40.0, side, &sign.address).unwrap()], A6)
}

#[test]
fn a_fresh_sign_says_its_address() {
    let drawn = squares(200.0);
    assert_eq!(drawn.len(), 1);
    assert_eq!(Paper::of(&drawn[0]).read().as_deref(), Some("https://market.example/q/7kq2mxwp"));
}

/// What happens to a sign on a stall.
type Wear = &'static dyn Fn(&mut Paper);

#[test]
fn a_worn_sign_still_does() {
    let drawn = squares(200.0);
    let worn: [(&str, Wear); 6] = [
        ("fish scales in the middle", &|paper| paper.blot((0.5, 0.5), 0.11, 250)),
        ("a drop of ink", &|paper| paper.blot((0.62, 0.4), 0.1, 10)),
        ("a corner torn off", &|paper| paper.blot((0.97, 0.97), 0.2, 250)),
        ("scratches", &|paper| {
            let side = paper.side;
            paper.fill(side * 2 / 5, 0, DOTS, side, 250);
            paper.fill(side / 3, side * 3 / 5, side, DOTS, 250);
        }),
        ("a summer in the sun", &Paper::weather),
        ("a summer in the sun, and fish scales", &|paper| {
            paper.blot((0.55, 0.6), 0.07, 250);
            paper.weather();
        }),
    ];
    for (how, wear) in worn {
        let mut paper = Paper::of(&drawn[0]);
        let before = paper.dots.clone();
        wear(&mut paper);
        assert_ne!(paper.dots, before, "{how} left no trace");
        assert_eq!(paper.read().as_deref(), Some("https://market.example/q/7kq2mxwp"), "{how}");
    }
}

#[test]
fn the_damage_is_real() {
    // Half of it gone is more than anything can mend: the decoder does not guess.
    let mut paper = Paper::of(&squares(200.0)[0]);
    paper.blot((0.5, 0.5), 0.34, 250);
    assert_eq!(paper.read(), None);
}

#[test]
fn labels_stand_in_their_cells_and_every_one_is_read() {
    let letters = Letters::load().expect("the letters are built in; run the build of ui first");
    let row: Vec<Words> =
        ["고등어", "오징어 한 상자에 스무 마리", "갈치"].map(|of| words(Kind::Product, of)).into();
    let strip = labels(&letters, &store(), &row).unwrap();
    let drawn = printed(vec![strip], LABELS);
    assert_eq!(drawn.len(), ACROSS);
    for (place, code) in drawn.iter().enumerate() {
        let left = LEFT + (LABEL.0 + GAP) * place as f32;
        assert!(code.iter().all(|bar| bar[0] >= left && bar[0] + bar[2] <= left + LABEL.1), "{place}");
        let side = code.iter().map(|bar| bar[0] + bar[2]).fold(f32::MIN, f32::max)
            - code.iter().map(|bar| bar[0]).fold(f32::MAX, f32::min);
        assert!(side > 20.0 * MM, "a telephone reads squares of two centimetres: {side}");
        let mut paper = Paper::of(code);
        paper.blot((0.5, 0.5), 0.09, 250);
        assert!(paper.read().is_some(), "{place}");
    }
}

/// A store with a name, and nothing else that matters here.
fn store() -> Store {
    Store {
        id: crate::StoreId::new(1),
        slug: "fish".into(),
        category: "fish".into(),
        name: "한파도 수산".into(),
        name_en: String::new(),
        line: String::new(),
        line_en: String::new(),
        story: String::new(),
        story_en: String::new(),
        pickup: String::new(),
        pickup_en: String::new(),
        hours: String::new(),
        hours_en: String::new(),
        picture: None,
        identity: crate::store::Identity::default(),
        listed: true,
        parcel_won: base::Won(0),
        parcel_cold_won: base::Won(0),
        parcel_free_from_won: base::Won(0),
        promoted_until_ms: 0,
        created_at_ms: 0,
    }
}
