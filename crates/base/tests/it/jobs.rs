//! Jobs: done once, retried with a pause, taken by one worker, and alive after `kill -9`.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base::jobs::{self, Workers};
use base::{Clock, Db, sql};
use serde_json::json;

async fn put_one(db: &Db) {
    let mut tx = db.begin().await.unwrap();
    jobs::put(&mut tx, "greet", &json!({ "who": "dangol" })).await.unwrap();
    tx.commit().await.unwrap();
}

fn counting(count: &Arc<AtomicUsize>, succeed: bool) -> Workers {
    let count = count.clone();
    let mut workers = Workers::default();
    workers.on("greet", move |_job| {
        count.fetch_add(1, Ordering::SeqCst);
        async move { if succeed { Ok(()) } else { Err("not yet") } }
    });
    workers
}

#[tokio::test]
async fn a_job_is_done_once() {
    for (engine, db, _folder) in crate::engines().await {
        put_one(&db).await;
        let (clock, count) = (Clock::mock(1_000), Arc::default());
        let workers = counting(&count, true);
        assert!(workers.work_once(&db, &clock).await.unwrap());
        assert!(!workers.work_once(&db, &clock).await.unwrap());
        assert_eq!(count.load(Ordering::SeqCst), 1, "{engine}");
    }
}

#[tokio::test]
async fn a_failed_job_waits_longer_each_time_and_is_then_set_aside() {
    for (engine, db, _folder) in crate::engines().await {
        put_one(&db).await;
        let (clock, count) = (Clock::mock(1_000), Arc::default());
        let workers = counting(&count, false);
        assert!(workers.work_once(&db, &clock).await.unwrap());
        assert!(!workers.work_once(&db, &clock).await.unwrap(), "{engine}: the pause holds");
        for _ in 0..20 {
            clock.advance(Duration::from_secs(3_600));
            workers.work_once(&db, &clock).await.unwrap();
        }
        assert_eq!(count.load(Ordering::SeqCst), 12, "{engine}");
        let aside: i64 = sql!(value & db, "select count(*) from jobs where failed").unwrap();
        assert_eq!(aside, 1, "{engine}: it is kept for a person to look at");
    }
}

#[tokio::test]
async fn eight_workers_never_take_the_same_job() {
    for (engine, db, _folder) in crate::engines().await {
        for _ in 0..40 {
            put_one(&db).await;
        }
        let count = Arc::default();
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (workers, db, clock) = (counting(&count, true), db.clone(), Clock::mock(1_000));
            all.spawn(async move {
                let mut idle = 0;
                while idle < 5 {
                    if workers.work_once(&db, &clock).await.unwrap() { idle = 0 } else { idle += 1 }
                }
            });
        }
        all.join_all().await;
        assert_eq!(count.load(Ordering::SeqCst), 40, "{engine}");
    }
}

/// The child of the next test: takes the job, says so, and never finishes.
#[tokio::test]
async fn child_that_hangs_in_the_middle_of_a_job() {
    let Ok(url) = std::env::var("DANGOL_TEST_HANG_ON") else { return };
    let db = Db::connect(&url).await.unwrap();
    let mut workers = Workers::default();
    workers.on("greet", |_job| async {
        println!("in the middle");
        std::future::pending::<Result<(), &str>>().await
    });
    workers.work_once(&db, &Clock::mock(1_000)).await.unwrap();
}

#[tokio::test]
async fn a_job_survives_kill_nine_and_its_effect_happens_once() {
    for (engine, url, _folder) in urls().await {
        let db = Db::open(&url).await.unwrap();
        crate::scratch(&db).await;
        put_one(&db).await;
        kill_in_the_middle(&url);

        let mut workers = Workers::default();
        let effect = db.clone();
        workers.on("greet", move |job| {
            let db = effect.clone();
            async move {
                let mut tx = db.begin().await?;
                sql!(run &mut tx, "insert into stock values ('greeted', 1)")?;
                if job.done(&mut tx).await? { tx.commit().await } else { tx.rollback().await }
            }
        });
        let clock = Clock::mock(1_000);
        assert!(!workers.work_once(&db, &clock).await.unwrap(), "{engine}: the dead worker's lease holds");
        clock.advance(Duration::from_secs(61));
        assert!(workers.work_once(&db, &clock).await.unwrap(), "{engine}");
        clock.advance(Duration::from_secs(7_200));
        assert!(!workers.work_once(&db, &clock).await.unwrap(), "{engine}");
        let effects: i64 = sql!(value & db, "select count(*) from stock").unwrap();
        assert_eq!(effects, 1, "{engine}");
    }
}

async fn urls() -> Vec<(&'static str, String, Option<tempfile::TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    let mut all = vec![("sqlite", format!("sqlite:{}", folder.path().join("k.db").display()), Some(folder))];
    if let Ok(url) = std::env::var("DANGOL_TEST_POSTGRES") {
        all.push(("postgres", crate::fresh_postgres(&url).await, None));
    }
    all
}

/// Runs the child until it holds the job, then kills it the hard way.
fn kill_in_the_middle(url: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "jobs::child_that_hangs_in_the_middle_of_a_job", "--nocapture"])
        .env("DANGOL_TEST_HANG_ON", url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = std::io::BufReader::new(child.stdout.take().unwrap());
    let reached = std::io::BufRead::lines(out).any(|line| line.unwrap().contains("in the middle"));
    assert!(reached, "the child never took the job");
    child.kill().unwrap();
    child.wait().unwrap();
}
