//! The same blobs in a folder and on a real S3 protocol.

use base::Blobs;
use bytes::Bytes;

async fn keeps(blobs: &Blobs) {
    let key = format!("photos/{}.jpg", uuid::Uuid::new_v4());
    assert_eq!(blobs.get(&key).await.unwrap(), None);
    blobs.put(&key, Bytes::from_static(b"one")).await.unwrap();
    blobs.put(&key, Bytes::from_static(b"two")).await.unwrap();
    assert_eq!(blobs.get(&key).await.unwrap(), Some(Bytes::from_static(b"two")));
    blobs.delete(&key).await.unwrap();
    blobs.delete(&key).await.unwrap();
    assert_eq!(blobs.get(&key).await.unwrap(), None);
}

#[tokio::test]
async fn in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    keeps(&Blobs::folder(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn in_s3() {
    let Ok(url) = std::env::var("DANGOL_TEST_S3") else { return };
    keeps(&Blobs::open(&url).unwrap()).await;
}

#[tokio::test]
async fn a_key_cannot_leave_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("blobs");
    let blobs = Blobs::folder(&inside).unwrap();
    let _ = blobs.put("../outside", Bytes::from_static(b"x")).await;
    assert!(!folder.path().join("outside").exists());
}
