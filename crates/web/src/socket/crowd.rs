//! The crowd of a room: its listeners, and how many viewers they are.

use std::collections::HashMap;

use tokio::time::Instant;

use super::{Fate, Listener};

/// Listeners written to before other tasks get a turn.
const TURN: usize = 256;
/// Letters in a browser's name for itself.
const NAME: std::ops::RangeInclusive<usize> = 8..=64;

/// A name that a browser made up for itself, the same in all of its tabs. It says nothing about who
/// looks, and is forgotten with the connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Browser(Box<str>);

impl Browser {
    /// The name, if the text can be one.
    pub fn read(text: &str) -> Option<Browser> {
        let fits = NAME.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Browser(text.into()))
    }
}

/// Everybody who listens in one room.
#[derive(Default)]
pub(super) struct Crowd {
    listeners: HashMap<u64, Listener>,
    /// Tabs of each browser that told its name.
    tabs: HashMap<Browser, usize>,
    /// Listeners that told none: each is somebody.
    nameless: usize,
}

impl Crowd {
    pub(super) fn join(&mut self, listener: Listener) {
        match &listener.browser {
            Some(browser) => *self.tabs.entry(browser.clone()).or_default() += 1,
            None => self.nameless += 1,
        }
        self.listeners.insert(listener.id, listener);
    }

    pub(super) fn leave(&mut self, id: u64) -> Option<Listener> {
        let listener = self.listeners.remove(&id)?;
        match &listener.browser {
            None => self.nameless -= 1,
            Some(browser) => {
                if let Some(tabs) = self.tabs.get_mut(browser) {
                    *tabs -= 1;
                    if *tabs == 0 {
                        self.tabs.remove(browser);
                    }
                }
            }
        }
        Some(listener)
    }

    pub(super) fn sockets(&self) -> usize {
        self.listeners.len()
    }

    pub(super) fn viewers(&self) -> usize {
        self.tabs.len() + self.nameless
    }

    /// Whether somebody has not taken all that was written.
    pub(super) fn is_behind(&self) -> bool {
        self.listeners.values().any(|listener| !listener.waiting.is_empty())
    }

    pub(super) fn write_one(&mut self, id: u64, frame: &[u8], now: Instant) {
        if let Some(listener) = self.listeners.get_mut(&id) {
            let fate = listener.write(frame, now);
            self.fulfil(id, fate);
        }
    }

    pub(super) async fn write_all(&mut self, frames: &[u8], now: Instant) {
        let mut going = Vec::new();
        for (turn, listener) in self.listeners.values_mut().enumerate() {
            if turn % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
            match listener.write(frames, now) {
                Fate::Stays => {}
                fate => going.push((listener.id, fate)),
            }
        }
        for (id, fate) in going {
            self.fulfil(id, fate);
        }
    }

    fn fulfil(&mut self, id: u64, fate: Fate) {
        match fate {
            Fate::Stays => {}
            Fate::Gone => drop(self.leave(id)),
            Fate::TooSlow => {
                if let Some(listener) = self.leave(id) {
                    tokio::spawn(listener.say_goodbye());
                }
            }
        }
    }
}
