//! Contracts: which payment company a store has signed with, and its keys.
//!
//! Each store has its own, for nobody here may pool others' money (전자금융거래법). Keys come from a
//! secret file the operator keeps; they are never written to the database or a log.

use std::collections::HashMap;
use std::sync::Arc;

use base::Secret;
use people::StoreId;
use serde::Deserialize;

use super::gateway::Gateway;
use super::toss::{self, Toss};

/// The stores' contracts. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Contracts {
    practice: Option<Practice>,
    stores: Arc<HashMap<String, Gateway>>,
}

/// The sandbox every store without a contract uses, on a market for practice.
#[derive(Clone, Debug)]
struct Practice {
    url: String,
    client: toss::Client,
}

/// The secret file: `[stores."STORE ID"]` with a `secret_key` each.
#[derive(Debug, Default, Deserialize)]
pub struct File {
    #[serde(default)]
    stores: HashMap<String, Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    secret_key: Secret,
    /// Where its company speaks, when that is not the usual place.
    url: Option<String>,
}

/// What is wrong with the secret file. It never repeats a key.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("\"{0}\" is not a store's id")]
    NotAStore(String),
    #[error("the secret key of store {0} is empty")]
    NoKey(String),
    #[error("no HTTPS client could be made")]
    NoClient,
}

impl Contracts {
    /// The contracts of a secret file.
    pub fn of_file(file: File) -> Result<Contracts, Fault> {
        let client = toss::Client::new().ok_or(Fault::NoClient)?;
        let mut stores = HashMap::with_capacity(file.stores.len());
        for (name, entry) in file.stores {
            let store: StoreId = name.parse().map_err(|_| Fault::NotAStore(name.clone()))?;
            if entry.secret_key.reveal().trim().is_empty() {
                return Err(Fault::NoKey(name));
            }
            let url = entry.url.unwrap_or_else(|| toss::URL.to_owned());
            let toss = Toss::new(client.clone(), url, entry.secret_key);
            stores.insert(store.to_string(), Gateway::Toss(toss));
        }
        Ok(Contracts { practice: None, stores: Arc::new(stores) })
    }

    /// Lets every store without a contract practise with the sandbox at `url`.
    pub fn with_practice(self, url: String) -> Result<Contracts, Fault> {
        let client = toss::Client::new().ok_or(Fault::NoClient)?;
        Ok(Contracts { practice: Some(Practice { url, client }), ..self })
    }

    /// The stores that have signed.
    pub(super) fn stores(&self) -> Vec<StoreId> {
        self.stores.keys().filter_map(|store| store.parse().ok()).collect()
    }

    /// A store's contract, if it has one.
    pub fn of(&self, store: &StoreId) -> Option<Gateway> {
        if let Some(gateway) = self.stores.get(store.as_str()) {
            return Some(gateway.clone());
        }
        let practice = self.practice.as_ref()?;
        let key = Secret::new(format!("test_sk_{store}"));
        Some(Gateway::Sandbox(Toss::new(practice.client.clone(), practice.url.clone(), key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Contracts, Fault> {
        Contracts::of_file(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn a_store_has_its_own_contract_and_no_other() {
        let (mine, other) = (StoreId::new(1), StoreId::new(2));
        let text = format!(r#"{{"stores":{{"{mine}":{{"secret_key":"live_sk_abc"}}}}}}"#);
        let contracts = read(&text).unwrap();
        assert_eq!(contracts.of(&mine).unwrap().name(), "toss");
        assert!(contracts.of(&other).is_none(), "a market without keys takes no money");
        let practising = contracts.with_practice("http://127.0.0.1:1".into()).unwrap();
        assert_eq!(practising.of(&mine).unwrap().name(), "toss");
        assert_eq!(practising.of(&other).unwrap().name(), "sandbox");
        assert!(!format!("{practising:?}").contains("live_sk_abc"), "a key was printed");
    }

    #[test]
    fn a_wrong_file_says_what_is_wrong_without_the_key() {
        let wrong = read(r#"{"stores":{"nonsense":{"secret_key":"live_sk_abc"}}}"#).unwrap_err();
        assert!(matches!(&wrong, Fault::NotAStore(name) if name == "nonsense"));
        assert!(!wrong.to_string().contains("live_sk_abc"));
        let empty = format!(r#"{{"stores":{{"{}":{{"secret_key":" "}}}}}}"#, StoreId::new(1));
        assert!(matches!(read(&empty), Err(Fault::NoKey(_))));
    }
}
