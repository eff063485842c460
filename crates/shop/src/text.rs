//! Texts kept in two languages: Korean always, English when somebody wrote it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use web::Lang;

/// A text in Korean and perhaps in English.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Text {
    pub ko: String,
    /// Empty when nobody translated it.
    #[serde(default)]
    pub en: String,
}

impl Text {
    /// A text in both languages.
    pub fn new(ko: impl Into<String>, en: impl Into<String>) -> Text {
        Text { ko: ko.into(), en: en.into() }
    }

    /// The text for a reader.
    pub fn read(&self, lang: Lang) -> &str {
        read(lang, &self.ko, &self.en)
    }
}

impl From<&str> for Text {
    fn from(ko: &str) -> Text {
        Text::new(ko, "")
    }
}

/// The text for a reader: English only where it was written.
pub fn read<'t>(lang: Lang, ko: &'t str, en: &'t str) -> &'t str {
    if lang == Lang::En && !en.is_empty() { en } else { ko }
}

/// A list kept as JSON in one column, because it is only ever read whole with its row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Listing<T>(pub Vec<T>);

impl<T> Default for Listing<T> {
    fn default() -> Listing<T> {
        Listing(Vec::new())
    }
}

impl<T> std::ops::Deref for Listing<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: DeserializeOwned> TryFrom<String> for Listing<T> {
    type Error = serde_json::Error;
    fn try_from(text: String) -> Result<Listing<T>, serde_json::Error> {
        serde_json::from_str(&text).map(Listing)
    }
}

impl<T: Serialize> Listing<T> {
    /// The column's text.
    pub(crate) fn to_column(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_else(|_| "[]".to_owned())
    }
}
