//! A stage on which one act moves at a time: an act runs until it ends or comes to a crash point, and waits
//! there until it is told to go on. So the order in which acts meet is the director's, not the machine's,
//! and can be played again. An act that is dropped where it waits is a process killed there.

use std::pin::Pin;
use std::time::Duration;

use base::Db;
use tokio::sync::{mpsc, oneshot};

/// How long an act may take from one point to the next before it is called stuck.
const PATIENCE: Duration = Duration::from_secs(30);

type Doing<Said> = Pin<Box<dyn Future<Output = Said>>>;

/// An act that has begun and not ended.
pub(crate) struct Act<Said> {
    pub(crate) name: String,
    /// The point at which it waits.
    pub(crate) place: &'static str,
    doing: Doing<Said>,
    go: Option<oneshot::Sender<()>>,
}

/// How far an act came.
pub(crate) enum Came<Said> {
    /// To a point.
    Waits(Act<Said>),
    Ended(Said),
}

/// The stage of one database.
pub(crate) struct Stage {
    comings: mpsc::UnboundedReceiver<(&'static str, oneshot::Sender<()>)>,
}

impl Stage {
    /// Watches a database's points. The writer's own are passed: it holds its transaction there.
    pub(crate) fn on(db: &Db) -> Stage {
        let (coming, comings) = mpsc::unbounded_channel();
        db.watch_points(move |place| {
            let coming = coming.clone();
            Box::pin(async move {
                if place.starts_with("group-") {
                    return;
                }
                let (go, told) = oneshot::channel();
                let is_watched = coming.send((place, go)).is_ok();
                // Whoever is never told to go on is dead.
                if is_watched && told.await.is_err() {
                    std::future::pending().await
                }
            })
        });
        Stage { comings }
    }

    /// Begins an act and lets it run to its first point.
    pub(crate) async fn begin<Said>(
        &mut self,
        name: String,
        doing: impl Future<Output = Said> + 'static,
    ) -> Came<Said> {
        self.run(Act { name, place: "", doing: Box::pin(doing), go: None }).await
    }

    /// Lets an act run to its next point.
    pub(crate) async fn run<Said>(&mut self, mut act: Act<Said>) -> Came<Said> {
        if let Some(go) = act.go.take() {
            let _ = go.send(());
        }
        tokio::select! {
            biased;
            Some((place, go)) = self.comings.recv() => Came::Waits(Act { place, go: Some(go), ..act }),
            said = &mut act.doing => Came::Ended(said),
            () = tokio::time::sleep(PATIENCE) => panic!("{} came to no end after {:?}", act.name, act.place),
        }
    }
}
