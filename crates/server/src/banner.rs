//! What a person sees in the terminal: where the market is, and a QR code for the phone.

use std::fmt::Write;

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// Somebody who can sign in on the demo.
pub struct Login {
    pub role: String,
    pub contact: String,
}

/// The text shown once everything runs.
pub fn draw(local: &str, phone: Option<&str>, logins: &[Login]) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "\n  단골 Dangol\n\n  {local}");
    if let Some(address) = phone {
        let _ = writeln!(out, "  {address}   (phones; accept the certificate once)\n");
        if let Ok(code) = QrCode::new(address) {
            let drawn = code.render::<Dense1x2>().quiet_zone(true).build();
            for line in drawn.lines() {
                let _ = writeln!(out, "  {line}");
            }
        }
    }
    if !logins.is_empty() {
        let _ = writeln!(out, "\n  Demo logins (the six digits appear on {local}/dev/outbox)");
        for login in logins {
            let _ = writeln!(out, "    {:<10} {}", login.role, login.contact);
        }
    }
    out
}
