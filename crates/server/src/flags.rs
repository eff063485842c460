//! Flags and environment: only what is needed before the database opens. Everything else is a row
//! an operator edits.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use base::Secret;
use clap::{Args, Parser, Subcommand};

/// Live commerce and digital shops that a traditional market runs itself.
#[derive(Parser)]
#[command(name = "dangol", version, about, arg_required_else_help = true)]
pub struct Flags {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serve the market: pages, API, broadcasts and background work.
    Serve(Box<Serve>),
    /// Bring the database's schema up to date and stop.
    Migrate(Store),
    /// Who operates the market.
    #[command(subcommand)]
    Operator(Operator),
    /// Print the API's description (OpenAPI 3.1) and stop.
    Openapi,
    /// Draw once more from what a show told about its draw, and say whether the same tickets win.
    VerifyDraw {
        /// The file that the page of the draw gives.
        proof: PathBuf,
    },
}

#[derive(Subcommand)]
pub enum Operator {
    /// Give somebody who has signed in before the operator's role, by phone number or e-mail.
    Add {
        contact: String,
        #[command(flatten)]
        store: Store,
    },
}

/// Where state lives.
#[derive(Args, Clone)]
pub struct Store {
    /// The folder for everything that is not elsewhere: database, photos, recordings, certificate.
    #[arg(long, env = "DANGOL_DATA", default_value = "./data")]
    pub data: PathBuf,
    /// `sqlite:PATH` or `postgres://…`; a file in the data folder when absent.
    #[arg(long, env = "DANGOL_DATABASE")]
    pub database: Option<String>,
}

#[derive(Args)]
pub struct Serve {
    #[command(flatten)]
    pub store: Store,
    /// Where to listen. One port speaks HTTP and HTTPS.
    #[arg(long, env = "DANGOL_LISTEN", default_value = "0.0.0.0:4600")]
    pub listen: SocketAddr,
    /// The market's domain: HTTPS on port 443 with a certificate from Let's Encrypt.
    #[arg(long, env = "DANGOL_DOMAIN")]
    pub domain: Option<String>,
    /// `local:` or `nats://host:port`.
    #[arg(long, env = "DANGOL_BUS", default_value = "local:")]
    pub bus: String,
    /// `file:PATH` or `s3://bucket?endpoint=…`; a folder in the data folder when absent.
    #[arg(long, env = "DANGOL_BLOBS")]
    pub blobs: Option<String>,
    /// UDP port for broadcasts coming in; the number of the listening port when absent.
    #[arg(long, env = "DANGOL_UDP")]
    pub udp: Option<u16>,
    /// An address at which phones reach this machine, when it is not one of its own (NAT).
    #[arg(long, env = "DANGOL_PUBLIC_IP")]
    pub public_ip: Vec<IpAddr>,
    /// So many viewers of each show get the picture by WebRTC, a quarter of a second behind; all others half a second.
    /// Each costs a core as much as a dozen others. 0, none, is enough for most markets.
    #[arg(long, env = "DANGOL_WHEP", default_value_t = 0)]
    pub whep: usize,
    /// `smtps://user:password@host`, to send codes by e-mail.
    #[arg(long, env = "DANGOL_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<Secret>,
    /// `Market <market@host>`: the sender of every e-mail.
    #[arg(long, env = "DANGOL_MAIL_FROM")]
    pub mail_from: Option<String>,
    /// Where the text message provider takes requests.
    #[arg(long, env = "DANGOL_SMS_URL")]
    pub sms_url: Option<String>,
    /// `Name: value`, the header that proves to it who we are.
    #[arg(long, env = "DANGOL_SMS_HEADER", hide_env_values = true)]
    pub sms_header: Option<Secret>,
    /// Its JSON body, with `{to}` and `{text}` inside the strings.
    #[arg(long, env = "DANGOL_SMS_BODY")]
    pub sms_body: Option<String>,
    /// Fill an empty database with the demo market. Refused on a database that is not a demo. With a
    /// film (MP4: H.264 without B-frames, AAC at 48 kHz), that is what is always on air.
    #[arg(long, value_name = "FILM", num_args = 0..=1, require_equals = true)]
    pub demo: Option<Option<PathBuf>>,
    /// Logs as JSON, one object a line.
    #[arg(long, env = "DANGOL_LOG_JSON")]
    pub log_json: bool,
}
