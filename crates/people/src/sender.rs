//! Senders: how a code reaches its address. Chosen once, when the program starts.
//!
//! Text messages go through a provider with a contract and a registered caller number (the law lets
//! nobody else send them in bulk), and every provider takes one HTTP request with a key in a header:
//! so there is one sender for all of them, and its body is a template.

use std::sync::Arc;
use std::time::Duration;

use base::Secret;
use lettre::message::Mailbox;
use lettre::transport::smtp;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::Address;

/// How long a provider may take before the job tries again later.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who carries codes.
#[derive(Clone, Debug)]
pub enum Sender {
    /// Nobody: messages are rows of `outbox`, read at `/dev/outbox`, which only the demo has.
    Sandbox,
    /// A mail server and a text message provider. Shared, because every request carries its sender.
    Providers(Arc<Providers>),
}

/// The ways out of the house; either may be missing.
#[derive(Debug)]
pub struct Providers {
    mail: Option<Mail>,
    texts: Option<Texts>,
}

/// What the market's settings say about sending.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `smtps://user:password@host` or `smtp://host:587?tls=required`.
    pub smtp_url: Option<Secret>,
    /// `Market <market@host>`: the sender of every mail.
    pub mail_from: Option<String>,
    /// Where the text message provider takes requests.
    pub sms_url: Option<String>,
    /// `Name: value`, the header that proves who we are.
    pub sms_header: Option<Secret>,
    /// The JSON body, with `{to}` (010…) and `{text}` inside its strings.
    pub sms_body: Option<String>,
}

/// Why sending did not work. Never holds a message.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the sender is not set up: {0}")]
    Setting(&'static str),
    #[error("the mail server: {0}")]
    Smtp(#[from] smtp::Error),
    #[error("the mail could not be written")]
    Mail,
    #[error("the text message provider cannot be reached")]
    Unreachable,
    #[error("the text message provider did not answer")]
    Unanswered,
    #[error("the text message provider answered {0}")]
    Refused(u16),
    #[error("the address cannot be reached by any sender")]
    NoSender,
    #[error(transparent)]
    Internal(#[from] base::Error),
}

/// A message to one address.
pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) text: String,
    /// What stands in the outbox by itself.
    pub(crate) code: Option<Secret>,
    /// Where one request stops more of the kind (RFC 8058).
    pub(crate) stop: Option<String>,
}

/// What became of a message.
#[derive(PartialEq, Eq)]
pub(crate) enum Sent {
    /// It left the house.
    Away,
    /// The sandbox keeps it.
    Kept,
}

impl Error {
    /// Whether the message surely did not go out, so that it may be sent again.
    pub(crate) fn is_certain(&self) -> bool {
        match self {
            Error::Smtp(error) => error.is_transient() || error.is_permanent(),
            Error::Unanswered => false,
            _ => true,
        }
    }
}

impl Sender {
    /// The providers the settings name.
    pub fn of(settings: Settings) -> Result<Sender, Error> {
        let mail = match settings.smtp_url {
            Some(url) => Some(Mail::of(&url, settings.mail_from.as_deref())?),
            None => None,
        };
        let texts = match settings.sms_url {
            Some(url) => Some(Texts::of(url, settings.sms_header.as_ref(), settings.sms_body.as_deref())?),
            None => None,
        };
        Ok(Sender::Providers(Arc::new(Providers { mail, texts })))
    }

    /// Whether a message can get to such an address at all.
    pub(crate) fn reaches(&self, address: &Address) -> bool {
        match (self, address) {
            (Sender::Sandbox, _) => true,
            (Sender::Providers(providers), Address::Phone(_)) => providers.texts.is_some(),
            (Sender::Providers(providers), Address::Email(_)) => providers.mail.is_some(),
        }
    }

    /// Whether messages stay in the house.
    pub(crate) fn keeps(&self) -> bool {
        matches!(self, Sender::Sandbox)
    }

    pub(crate) async fn send(&self, address: &Address, message: &Message) -> Result<Sent, Error> {
        let Sender::Providers(providers) = self else { return Ok(Sent::Kept) };
        match (providers.as_ref(), address) {
            (Providers { texts: Some(texts), .. }, Address::Phone(_)) => texts.send(address, message).await?,
            (Providers { mail: Some(mail), .. }, Address::Email(email)) => mail.send(email, message).await?,
            _ => return Err(Error::NoSender),
        }
        Ok(Sent::Away)
    }
}

/// A mail server.
#[derive(Debug)]
struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mail {
    fn of(url: &Secret, from: Option<&str>) -> Result<Mail, Error> {
        let from = from.ok_or(Error::Setting("a mail server needs the sender's address beside it"))?;
        let transport =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url.reveal())?.timeout(Some(PATIENCE)).build();
        let from =
            from.parse().map_err(|_| Error::Setting("the sender's address reads: Market <name@host>"))?;
        Ok(Mail { transport, from })
    }

    async fn send(&self, to: &str, message: &Message) -> Result<(), Error> {
        let mut mail = lettre::Message::builder();
        for (name, value) in one_click(message.stop.as_deref()) {
            let name = lettre::message::header::HeaderName::new_from_ascii_str(name);
            mail = mail.raw_header(lettre::message::header::HeaderValue::new(name, value));
        }
        let mail = mail
            .from(self.from.clone())
            .to(to.parse().map_err(|_| Error::Mail)?)
            .subject(&message.subject)
            .body(message.text.clone())
            .map_err(|_| Error::Mail)?;
        self.transport.send(mail).await?;
        Ok(())
    }
}

/// A text message provider.
#[derive(Debug)]
struct Texts {
    client: reqwest::Client,
    url: reqwest::Url,
    header: Option<(HeaderName, HeaderValue)>,
    body: Value,
}

impl Texts {
    fn of(url: String, header: Option<&Secret>, body: Option<&str>) -> Result<Texts, Error> {
        let url = url.parse().map_err(|_| Error::Setting("the provider's address is no URL"))?;
        let header = match header {
            Some(line) => Some(read_header(line.reveal())?),
            None => None,
        };
        let body = body.unwrap_or(r#"{"to":"{to}","text":"{text}"}"#);
        let body =
            serde_json::from_str(body).map_err(|_| Error::Setting("the provider's body is no JSON"))?;
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .build()
            .map_err(|_| Error::Setting("no HTTPS client could be made"))?;
        Ok(Texts { client, url, header, body })
    }

    async fn send(&self, to: &Address, message: &Message) -> Result<(), Error> {
        let to: String = to.written().chars().filter(char::is_ascii_digit).collect();
        let body = fill(&self.body, &to, &message.text).to_string();
        let mut request =
            self.client.post(self.url.clone()).header("content-type", "application/json").body(body);
        if let Some((name, value)) = &self.header {
            request = request.header(name, value);
        }
        // What the provider says is not kept: it may repeat the message.
        let answer = request
            .send()
            .await
            .map_err(|error| if error.is_connect() { Error::Unreachable } else { Error::Unanswered })?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(Error::Refused(status.as_u16())),
        }
    }
}

/// The headers that put a mail program's own button for "no more" on a mail.
fn one_click(stop: Option<&str>) -> Vec<(&'static str, String)> {
    let Some(stop) = stop else { return Vec::new() };
    vec![
        ("List-Unsubscribe", format!("<{stop}>")),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
    ]
}

fn read_header(line: &str) -> Result<(HeaderName, HeaderValue), Error> {
    const WRONG: Error = Error::Setting("the provider's header reads: Name: value");
    let (name, value) = line.split_once(':').ok_or(WRONG)?;
    let name = name.trim().parse().map_err(|_| WRONG)?;
    let mut value: HeaderValue = value.trim().parse().map_err(|_| WRONG)?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// The template with its places filled. They are filled inside JSON strings that were read already, so
/// that no message can end one.
fn fill(template: &Value, to: &str, text: &str) -> Value {
    match template {
        Value::String(string) => Value::String(
            string.split("{text}").map(|part| part.replace("{to}", to)).collect::<Vec<_>>().join(text),
        ),
        Value::Array(items) => items.iter().map(|item| fill(item, to, text)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), fill(value, to, text))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_break_out_of_its_place() {
        let template: Value = serde_json::from_str(r#"{"to":["{to}"],"m":{"t":"{text}!"}}"#).unwrap();
        let filled = fill(&template, "01000000001", r#"a","to":"{to}"#);
        assert_eq!(filled.to_string(), r#"{"m":{"t":"a\",\"to\":\"{to}!"},"to":["01000000001"]}"#);
    }

    #[test]
    fn settings_that_make_no_sense_are_told_at_start() {
        for settings in [
            Settings { smtp_url: Some(Secret::new("smtps://mail.example")), ..Settings::default() },
            Settings { sms_url: Some("no url".into()), ..Settings::default() },
            Settings {
                sms_url: Some("https://sms.example".into()),
                sms_body: Some("{".into()),
                ..Settings::default()
            },
        ] {
            assert!(Sender::of(settings).is_err());
        }
    }
}
