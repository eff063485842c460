//! A film with the bit rate of the promise, by ffmpeg: a moving test picture under noise, so that the encoder spends
//! what it is given, in every part about as much.

use std::{path::Path, process::Command};

use anyhow::{Context, bail};

/// Ten seconds, looped by the market: 1.5 Mbit/s of picture and 96 kbit/s of sound.
pub(crate) fn make(to: &Path) -> anyhow::Result<()> {
    let picture = "testsrc2=size=1280x720:rate=30:duration=10,noise=alls=12:allf=t";
    let sound = "sine=frequency=440:sample_rate=48000:duration=10";
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-pix_fmt", "yuv420p"])
        .args(["-bf", "0", "-g", "60", "-keyint_min", "60", "-sc_threshold", "0"])
        .args(["-b:v", "1490k", "-minrate", "1490k", "-maxrate", "1490k", "-bufsize", "745k"])
        .args(["-c:a", "aac", "-ac", "2", "-b:a", "96k", "-movflags", "+faststart"])
        .arg(to)
        .status()
        .context("ffmpeg is missing")?;
    if !status.success() {
        bail!("ffmpeg could not make the film: {status}");
    }
    Ok(())
}
