//! Making a clip's film: the cut of the recording, upright, with product and price drawn in.
//!
//! Drawing into a picture means to decode and encode it, which no library here does: `ffmpeg` does, as a program
//! beside us, if the machine has it. It reads one file that we wrote and writes one file, and nothing else; it has
//! little time, little room, and the machine's spare hours. Without it the clip is the cut as it was recorded.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{ObjectStoreExt, WriteMultipart};
use shop::product::{self, Card};
use tempfile::TempDir;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::{Clip, ClipId, Stage, serve};
use crate::{Error, Live, Result, clip};

/// The program that draws.
const PROGRAM: &str = "ffmpeg";
/// Two minutes of film take one minute on a quiet core.
const LIMIT: Duration = Duration::from_secs(20 * 60);
/// The largest film.
const MAX_BYTES: u64 = 200 << 20;
/// How often the row is told.
const TELL: Duration = Duration::from_secs(1);
/// When this process is busy with another film.
const LATER_MS: i64 = 2_000;
/// Read and written at a time.
const CHUNK: usize = 1 << 20;
/// Letters of Korean that fit into a line of the drawing, and lines.
const LINE: usize = 13;
const LINES: usize = 2;

/// Whether product and price can be drawn on this machine.
pub(crate) fn can_draw() -> bool {
    program().is_some() && web::assets::bytes("print-bold.ttf").is_some()
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(PROGRAM)).find(|program| program.is_file())
}

/// Makes a clip whose row says so; any other is left alone. One at a time in a process.
pub(crate) async fn carry(live: &Live, id: &ClipId) -> Result<()> {
    let Some(wanted) = clip::find(&live.base.db, id).await?.filter(|clip| clip.stage == Stage::Making) else {
        return Ok(());
    };
    let Ok(_alone) = live.filming.try_acquire() else {
        return clip::later(live, id, live.base.clock.now_ms() + LATER_MS).await;
    };
    match film(live, &wanted).await {
        Ok((file, won)) if clip::made(live, id, &file, won).await? => {
            info!(clip.id = %id, "Clip {id} is made");
            Ok(())
        }
        Ok((file, _)) => Ok(live.base.blobs.delete(&serve::key(&file)).await?),
        Err(error) => {
            warn!(clip.id = %id, %error, "Clip {id} could not be made");
            clip::failed(live, id).await
        }
    }
}

/// The file's name among the clips, and the price drawn into it.
async fn film(live: &Live, clip: &Clip) -> Result<(String, i64)> {
    let card = product::card(&live.base.db, &clip.product_id).await.map_err(Error::from)?;
    let card = card.ok_or(Error::ProductGone)?;
    let folder = TempDir::new().map_err(disk)?;
    let cut = folder.path().join("cut.mp4");
    let starts_ms = save(live, clip, &cut).await?;
    clip::tell(live, &clip.id, 5).await?;
    let (film, won) = match (program(), web::assets::bytes("print-bold.ttf")) {
        (Some(program), Some(letters)) => {
            write_words(folder.path(), &card, &letters).await?;
            let skip_ms = (clip.from_ms - starts_ms).max(0);
            draw(live, clip, &program, folder.path(), skip_ms).await?;
            (folder.path().join("film.mp4"), card.price_from_won.0)
        }
        _ => (cut, 0),
    };
    let file = format!("{}-{}.mp4", clip.id, live.base.random.token::<6>());
    keep(live, &film, &file).await?;
    Ok((file, won))
}

/// The cut of the recording, as a file; answers the moment of its first picture.
async fn save(live: &Live, clip: &Clip, to: &Path) -> Result<i64> {
    let between = Some(clip.from_ms..clip.to_ms);
    let cut = media::download(&live.store, clip.broadcast_id.as_str(), between).await?;
    if cut.length > MAX_BYTES {
        return Err(Error::Filming { reason: "the cut is too large".into() });
    }
    let starts_ms = cut.starts_ms;
    let mut file = File::create(to).await.map_err(disk)?;
    let mut bytes = std::pin::pin!(cut.bytes());
    while let Some(chunk) = bytes.try_next().await? {
        file.write_all(&chunk).await.map_err(disk)?;
    }
    file.flush().await.map_err(disk)?;
    Ok(starts_ms)
}

/// What is drawn, as files: words in a command line would have to be escaped three times over.
async fn write_words(folder: &Path, card: &Card, letters: &[u8]) -> Result<()> {
    let price = format!("{}원", card.price_from_won);
    for (name, bytes) in [("name.txt", lines(&card.name).as_bytes()), ("price.txt", price.as_bytes())] {
        tokio::fs::write(folder.join(name), bytes).await.map_err(disk)?;
    }
    tokio::fs::write(folder.join("letters.ttf"), letters).await.map_err(disk)
}

/// A name in lines that fit; the rest is left out.
fn lines(name: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let length = |line: &str| line.chars().map(|one| if one.is_ascii() { 1 } else { 2 }).sum::<usize>();
    let letters = name.chars().map(|one| if one.is_control() { ' ' } else { one }).collect::<String>();
    for word in letters.split_whitespace() {
        let word: String = word.chars().take(LINE).collect();
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(&word) <= LINE * 2 => *line = format!("{line} {word}"),
            _ => lines.push(word),
        }
    }
    lines.truncate(LINES);
    lines.join("\n")
}

/// Upright, on black, with a dark band for the words.
const PICTURE: &str = "scale=720:1280:force_original_aspect_ratio=decrease,pad=720:1280:(ow-iw)/2:(oh-ih)/2,setsar=1,\
    drawbox=x=0:y=ih-330:w=iw:h=230:color=black@0.65:t=fill,\
    drawtext=fontfile=letters.ttf:textfile=name.txt:expansion=none:fontsize=46:line_spacing=10:fontcolor=white:x=40:y=h-200-th,\
    drawtext=fontfile=letters.ttf:textfile=price.txt:expansion=none:fontsize=60:fontcolor=white:x=40:y=h-180";

async fn draw(live: &Live, clip: &Clip, program: &Path, folder: &Path, skip_ms: i64) -> Result<()> {
    let seconds = |ms: i64| format!("{}.{:03}", ms / 1000, ms % 1000);
    let length_ms = clip.to_ms - clip.from_ms;
    let mut command = Command::new("nice");
    command.args(["-n", "15"]).arg(program);
    command.args(["-nostdin", "-hide_banner", "-v", "error", "-y", "-protocol_whitelist", "file,pipe"]);
    command.args(["-f", "mov", "-i", "cut.mp4", "-ss", &seconds(skip_ms), "-t", &seconds(length_ms)]);
    command
        .args(["-map", "0:v:0", "-map", "0:a:0?", "-vf", PICTURE, "-c:v", "libx264", "-preset", "veryfast"]);
    command.args(["-crf", "24", "-maxrate", "2500k", "-bufsize", "5000k", "-pix_fmt", "yuv420p", "-g", "60"]);
    command.args([
        "-r",
        "30",
        "-c:a",
        "aac",
        "-b:a",
        "96k",
        "-ac",
        "2",
        "-threads",
        "2",
        "-map_metadata",
        "-1",
    ]);
    command.args([
        "-movflags",
        "+faststart",
        "-fs",
        &MAX_BYTES.to_string(),
        "-progress",
        "pipe:1",
        "film.mp4",
    ]);
    command.current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(disk)?;
    let drawn = timeout(LIMIT, follow(live, clip, &mut child)).await;
    drawn.map_err(|_| Error::Filming { reason: "it took too long".into() })?
}

/// Tells the row how far the program is, and waits for its end.
async fn follow(live: &Live, clip: &Clip, child: &mut Child) -> Result<()> {
    let gone = || Error::Filming { reason: "the program has no voice".into() };
    let (out, error) = (child.stdout.take().ok_or_else(gone)?, child.stderr.take().ok_or_else(gone)?);
    // What it complains of must be read, or it waits for a reader; the first words are enough to know.
    let complaint = tokio::spawn(async move {
        let mut said = String::new();
        let mut error = BufReader::new(error).lines();
        while let Ok(Some(line)) = error.next_line().await {
            if said.len() < 1_000 {
                said.extend(line.chars().take(300).chain([' ']));
            }
        }
        said
    });
    let mut told = Instant::now();
    let mut lines = BufReader::new(out).lines();
    while let Some(line) = lines.next_line().await.map_err(disk)? {
        let done_us: Option<i64> = line.strip_prefix("out_time_us=").and_then(|us| us.parse().ok());
        if let Some(done_us) = done_us.filter(|_| told.elapsed() >= TELL) {
            told = Instant::now();
            let percent = done_us / 10 / (clip.to_ms - clip.from_ms).max(1);
            clip::tell(live, &clip.id, percent.clamp(5, 99)).await?;
        }
    }
    let status = child.wait().await.map_err(disk)?;
    match status.success() {
        true => Ok(()),
        false => Err(Error::Filming { reason: complaint.await.unwrap_or_default() }),
    }
}

/// Puts the film among the blobs, a piece at a time.
async fn keep(live: &Live, film: &Path, file: &str) -> Result<()> {
    let mut film = File::open(film).await.map_err(disk)?;
    let upload = live.base.blobs.store().put_multipart(&Key::from(serve::key(file))).await;
    let mut upload = WriteMultipart::new(upload.map_err(media::Error::from)?);
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = film.read(&mut chunk).await.map_err(disk)?;
        if count == 0 {
            break;
        }
        upload.wait_for_capacity(2).await.map_err(media::Error::from)?;
        upload.write(&chunk[..count]);
    }
    upload.finish().await.map_err(media::Error::from)?;
    Ok(())
}

fn disk(error: std::io::Error) -> Error {
    Error::Filming { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn a_name_is_broken_between_words_and_ends_after_two_lines() {
        assert_eq!(lines("자반고등어 두 손"), "자반고등어 두 손");
        assert_eq!(
            lines("오늘 아침에 들어온 자반고등어 두 손 세 손 네 손 다섯 손"),
            "오늘 아침에 들어온\n자반고등어 두 손 세 손 네"
        );
        assert_eq!(lines("a\nb\u{7}%{pts}"), "a b %{pts}");
        assert_eq!(lines(&"가".repeat(99)), "가".repeat(13));
    }
}
