//! The task that carries segments into the store.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use object_store::ObjectStore;
use tokio::sync::{Notify, watch};

use super::book::{Phase, Stored};
use super::{Book, Closed, Manifest, Mark, Recording, put};
use crate::{Error, Record};

/// Segments that may wait for a slow store: a minute, about 20 MB. Beyond that the oldest one's bytes are let
/// go and it becomes a gap.
const MAX_WAITING: usize = 32;
/// Marks and inits that may wait; later ones are lost to the recording.
const MAX_ITEMS: usize = 512;
/// How often a put is tried…
const TRIES: u32 = 5;
/// …with twice this pause before each next time.
const PAUSE: Duration = Duration::from_millis(250);
/// The manifest is rewritten after this many segments; the jumps of a resume cover many more.
const MANIFEST_EVERY: u64 = 10;

/// Hands items to the recording task; never waits. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Recorder {
    record: Record,
    queue: Arc<Queue>,
    done: watch::Receiver<Option<Done>>,
}

type Done = Option<Recording>;

#[derive(Default)]
struct Queue {
    items: Mutex<VecDeque<Item>>,
    more: Notify,
}

enum Item {
    Init { epoch_ms: i64, number: u32, body: Bytes },
    Segment(Closed),
    Mark(Mark),
    End,
}

struct Writer {
    store: Arc<dyn ObjectStore>,
    id: String,
    book: Book,
    manifest: Manifest,
    record: Record,
    segments: u64,
}

impl Recorder {
    /// Start the task of one stream.
    pub(crate) fn start(
        store: Arc<dyn ObjectStore>,
        id: &str,
        manifest: Manifest,
        book: Book,
        record: Record,
    ) -> Recorder {
        let queue = Arc::new(Queue::default());
        let (tell, done) = watch::channel(None);
        let writer = Writer { store, id: id.to_owned(), book, manifest, record, segments: 0 };
        tokio::spawn(writer.run(queue.clone(), tell));
        Recorder { record, queue, done }
    }

    pub(crate) fn init(&self, epoch_ms: i64, number: u32, body: Bytes) {
        self.push(Item::Init { epoch_ms, number, body });
    }

    pub(crate) fn segment(&self, closed: Closed) {
        self.push(Item::Segment(closed));
    }

    pub(crate) fn mark(&self, mark: Mark) {
        self.push(Item::Mark(mark));
    }

    /// Close the recording and wait until it is stored.
    pub(crate) async fn end(&self) -> Result<Option<Recording>, Error> {
        self.push(Item::End);
        let mut done = self.done.clone();
        let recording = done.wait_for(Option::is_some).await.map(|done| done.flatten());
        recording.map_err(|_| Error::Setup { what: "the recording", reason: "its task is gone".into() })
    }

    fn push(&self, item: Item) {
        if self.record == Record::Nothing && !matches!(item, Item::End) {
            return;
        }
        let mut items = self.queue.items.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = |item: &Item| matches!(item, Item::Segment(Closed { body: Some(_), .. }));
        if items.iter().filter(|item| waiting(item)).count() >= MAX_WAITING
            && let Some(Item::Segment(oldest)) = items.iter_mut().find(|item| waiting(item))
        {
            oldest.body = None;
        }
        if items.len() < MAX_ITEMS || matches!(item, Item::End) {
            items.push_back(item);
        }
        drop(items);
        self.queue.more.notify_one();
    }
}

impl Writer {
    async fn run(mut self, queue: Arc<Queue>, tell: watch::Sender<Option<Done>>) {
        loop {
            let next = queue.items.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            match next {
                None => tokio::select! {
                    () = queue.more.notified() => {}
                    // Nobody holds the stream any more, and it was not ended: leave it as a kill would.
                    () = tell.closed() => return,
                },
                Some(Item::End) => {
                    self.end().await;
                    tell.send_replace(Some(self.book.recording(self.manifest.epoch_ms)));
                    return;
                }
                Some(item) => self.take(item).await,
            }
        }
    }

    async fn take(&mut self, item: Item) {
        match item {
            Item::Init { epoch_ms, number, body } => {
                self.manifest.epoch_ms = epoch_ms;
                self.manifest.next_init = number + 1;
                self.store("stream.json", self.manifest.json()).await;
                self.store(&format!("i{number}.mp4"), body).await;
            }
            Item::Mark(mark) => self.book.mark(&mark),
            Item::Segment(segment) => {
                let stored = match &segment.body {
                    Some(body) => self.store(&format!("s{}.m4s", segment.msn), body.clone()).await,
                    None => Stored::Lost,
                };
                self.book.add(&segment, stored);
                self.manifest.next_part = segment.next_part;
                self.manifest.next_segment = segment.msn + 1;
                self.segments += 1;
                if self.segments.is_multiple_of(MANIFEST_EVERY) {
                    self.store("stream.json", self.manifest.json()).await;
                }
                self.store("vod.m3u8", self.book.text(Phase::OnAir).into()).await;
            }
            Item::End => {}
        }
    }

    async fn end(&mut self) {
        if self.record == Record::Nothing {
            return;
        }
        self.manifest.ended = true;
        if self.book.ends_ms().is_some() {
            self.store("vod.m3u8", self.book.text(Phase::Ended).into()).await;
        }
        self.store("stream.json", self.manifest.json()).await;
    }

    async fn store(&self, file: &str, body: Bytes) -> Stored {
        let id = &self.id;
        for attempt in 0..TRIES {
            match put(&self.store, id, file, body.clone()).await {
                Ok(()) => return Stored::Kept,
                Err(error) => {
                    tracing::warn!(stream.id = %id, attempt, "Storing {id}/{file} failed: {error}");
                    if attempt + 1 < TRIES {
                        tokio::time::sleep(PAUSE * 2u32.pow(attempt)).await;
                    }
                }
            }
        }
        tracing::error!(stream.id = %id, "{id}/{file} is lost to the recording");
        Stored::Lost
    }
}
