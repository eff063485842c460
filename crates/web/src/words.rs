//! Words: Fluent, Korean first. Every sentence a person reads comes from a key, in both languages.
//!
//! Korean particles follow the sound of the word before them; `JOSA($name, "을/를")` chooses.

use std::borrow::Cow;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use tracing::{error, warn};
use unic_langid::langid;

/// A language we speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    #[default]
    Ko,
    En,
}

impl Lang {
    /// The tag in `<html lang>` and in the cookie.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::Ko => "ko",
            Lang::En => "en",
        }
    }

    /// Reads a tag such as `en-US`; `None` for a language we do not speak.
    pub fn of_tag(tag: &str) -> Option<Lang> {
        match tag.trim().split(['-', '_', ';']).next()?.to_ascii_lowercase().as_str() {
            "ko" => Some(Lang::Ko),
            "en" => Some(Lang::En),
            _ => None,
        }
    }
}

/// One crate's words.
#[derive(Clone, Copy)]
pub struct Source {
    pub ko: &'static str,
    pub en: &'static str,
}

struct Words {
    ko: FluentBundle<FluentResource>,
    en: FluentBundle<FluentResource>,
}

static WORDS: OnceLock<Words> = OnceLock::new();

/// Gathers every crate's words, once, at start. Later calls change nothing.
pub fn install(sources: &[Source]) {
    WORDS.get_or_init(|| Words {
        ko: bundle(langid!("ko"), sources.iter().map(|source| source.ko)),
        en: bundle(langid!("en"), sources.iter().map(|source| source.en)),
    });
}

fn bundle(
    lang: unic_langid::LanguageIdentifier,
    sources: impl Iterator<Item = &'static str>,
) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![lang]);
    bundle.set_use_isolating(false);
    if let Err(error) = bundle.add_function("JOSA", josa_function) {
        error!(%error, "JOSA could not be added");
    }
    for source in sources {
        let resource = match FluentResource::try_new(source.to_owned()) {
            Ok(resource) => resource,
            Err((resource, errors)) => {
                error!(?errors, "Words that cannot be read");
                resource
            }
        };
        if let Err(errors) = bundle.add_resource(resource) {
            error!(?errors, "The same key twice");
        }
    }
    bundle
}

/// What may stand in a sentence: text, or a number the language counts by.
pub struct Arg<'a>(FluentValue<'a>);

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Arg<'a> {
        Arg(FluentValue::from(text))
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Arg<'a> {
        Arg(FluentValue::from(text.as_str()))
    }
}

impl From<String> for Arg<'_> {
    fn from(text: String) -> Self {
        Arg(FluentValue::from(text))
    }
}

impl<'a> From<Cow<'a, str>> for Arg<'a> {
    fn from(text: Cow<'a, str>) -> Arg<'a> {
        Arg(FluentValue::String(text))
    }
}

impl From<i64> for Arg<'_> {
    fn from(number: i64) -> Self {
        Arg(FluentValue::from(number))
    }
}

impl From<&i64> for Arg<'_> {
    fn from(number: &i64) -> Self {
        Arg(FluentValue::from(*number))
    }
}

impl From<usize> for Arg<'_> {
    fn from(number: usize) -> Self {
        Arg(FluentValue::from(number))
    }
}

impl From<base::Won> for Arg<'_> {
    fn from(won: base::Won) -> Self {
        Arg(FluentValue::from(won.to_string()))
    }
}

impl From<&base::Won> for Arg<'_> {
    fn from(won: &base::Won) -> Self {
        Arg(FluentValue::from(won.to_string()))
    }
}

/// The sentence under `key`. A key without words shows itself, so that it is seen and mended.
pub fn say(lang: Lang, key: &str, args: Vec<(&str, Arg<'_>)>) -> String {
    find(lang, key, args).unwrap_or_else(|| {
        warn!(key, "No words for {key}");
        key.to_owned()
    })
}

/// The sentence under `key`, or `None`.
pub fn find(lang: Lang, key: &str, args: Vec<(&str, Arg<'_>)>) -> Option<String> {
    let words = WORDS.get()?;
    let bundle = match lang {
        Lang::Ko => &words.ko,
        Lang::En => &words.en,
    };
    let pattern = bundle.get_message(key)?.value()?;
    let mut values = FluentArgs::with_capacity(args.len());
    for (name, Arg(value)) in args {
        values.set(name, value);
    }
    let mut errors = Vec::new();
    let said = bundle.format_pattern(pattern, Some(&values), &mut errors).into_owned();
    if !errors.is_empty() {
        warn!(key, ?errors, "The words for {key} want something else");
    }
    Some(said)
}

fn josa_function<'a>(positional: &[FluentValue<'a>], _: &FluentArgs<'_>) -> FluentValue<'a> {
    match positional {
        [FluentValue::String(word), FluentValue::String(pair)] => {
            FluentValue::from(format!("{word}{}", josa(word, pair)))
        }
        [FluentValue::Number(number), FluentValue::String(pair)] => {
            let word = number.as_string();
            FluentValue::from(format!("{word}{}", josa(&word, pair)))
        }
        _ => FluentValue::Error,
    }
}

/// The particle of `pair` ("을/를": after a consonant / after a vowel) that fits `word`.
pub fn josa<'p>(word: &str, pair: &'p str) -> &'p str {
    let (closed, open) = pair.split_once('/').unwrap_or((pair, pair));
    match final_sound(word) {
        Sound::Vowel => open,
        // 으로/로: after ㄹ the short one.
        Sound::Rieul if closed.starts_with('으') => open,
        Sound::Rieul | Sound::Consonant => closed,
    }
}

enum Sound {
    Vowel,
    Rieul,
    Consonant,
}

fn final_sound(word: &str) -> Sound {
    let Some(last) = word.chars().rev().find(|letter| letter.is_alphanumeric()) else { return Sound::Vowel };
    match last {
        '가'..='힣' => match (last as u32 - '가' as u32) % 28 {
            0 => Sound::Vowel,
            8 => Sound::Rieul,
            _ => Sound::Consonant,
        },
        // Digits as they are read: 일, 칠, 팔 end in ㄹ; 영, 삼, 육 in another consonant.
        '1' | '7' | '8' => Sound::Rieul,
        '0' | '3' | '6' => Sound::Consonant,
        'l' | 'L' | 'r' | 'R' => Sound::Rieul,
        'm' | 'M' | 'n' | 'N' => Sound::Consonant,
        _ => Sound::Vowel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particles_follow_the_sound_before_them() {
        for (word, pair, particle) in [
            ("고등어", "을/를", "를"),
            ("갈치젓", "을/를", "을"),
            ("쌀", "으로/로", "로"),
            ("시장", "으로/로", "으로"),
            ("사과 (3kg)", "이/가", "가"),
            ("10", "이/가", "이"),
            ("iPhone 7", "은/는", "은"),
        ] {
            assert_eq!(josa(word, pair), particle, "{word} {pair}");
        }
    }
}
