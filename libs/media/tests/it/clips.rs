//! Films that are taken and films that are refused.

use bytes::Bytes;
use media::{Clip, Error};

use crate::bench::film;

fn refusal(bytes: Bytes) -> String {
    match Clip::read(bytes) {
        Err(Error::Refused { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_film_for_everybody_is_read() {
    let clip = Clip::read(film("320x180", 2, &[])).unwrap();
    assert!((clip.duration().as_secs_f64() - 2.0).abs() < 0.05, "{:?}", clip.duration());
}

#[test]
fn a_silent_film_is_read() {
    Clip::read(film("320x180", 1, &["-an"])).unwrap();
}

#[test]
fn other_films_are_refused_with_a_reason() {
    assert!(refusal(film("320x180", 1, &["-profile:v", "main", "-bf", "2"])).contains("B-frames"));
    assert!(refusal(film("320x180", 1, &["-ar", "44100"])).contains("48 kHz"));
    assert!(refusal(film("320x180", 1, &["-c:v", "mpeg4", "-profile:v", "0"])).contains("H.264"));
    assert!(refusal(Bytes::from_static(b"not a film at all")).contains("MP4"));
}

#[test]
fn a_film_that_is_cut_or_flipped_anywhere_never_panics() {
    let whole = film("160x90", 1, &[]);
    for cut in (0..whole.len()).step_by(whole.len() / 97) {
        let _ = Clip::read(whole.slice(..cut));
    }
    let tables = whole.windows(4).position(|name| name == b"moov").unwrap();
    let end = whole.len().min(tables + 6000);
    for at in tables..end {
        let mut flipped = whole.to_vec();
        flipped[at] ^= 0xff;
        let _ = Clip::read(flipped.into());
    }
}
