//! Certificates. Phones give the camera only to HTTPS: with a domain the certificate comes from
//! Let's Encrypt, without one we make our own, kept in the data folder so that a phone that
//! accepted it once is not asked again.

use std::net::{IpAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use futures::StreamExt;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_acme::AcmeConfig;
use rustls_acme::caches::DirCache;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tracing::{error, info};

/// What a connection speaks over TLS, best first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Our own certificate for `localhost` and the addresses of this machine.
pub fn own(folder: &Path, addresses: &[IpAddr]) -> Result<Arc<ServerConfig>> {
    let (certificate, key) = (folder.join("own.crt"), folder.join("own.key"));
    // The addresses it was made for stand beside it: a new network needs a new certificate.
    let made_for = folder.join("own.for");
    let names = names(addresses);
    if std::fs::read_to_string(&made_for).unwrap_or_default() != names.join("\n") || !key.exists() {
        std::fs::create_dir_all(folder)?;
        let made =
            rcgen::generate_simple_self_signed(names.clone()).context("A certificate could not be made")?;
        std::fs::write(&certificate, made.cert.pem())?;
        write_private(&key, &made.signing_key.serialize_pem())?;
        std::fs::write(&made_for, names.join("\n"))?;
    }
    let chain = CertificateDer::pem_file_iter(&certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(&key)?;
    let mut config = builder()?.with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).into();
    Ok(Arc::new(config))
}

/// A certificate from Let's Encrypt for `domain`, asked for and renewed in the background.
pub fn acme(folder: &Path, domain: &str) -> Result<Arc<ServerConfig>> {
    let mut state = AcmeConfig::new([domain])
        .cache(DirCache::new(folder.join("acme")))
        .directory_lets_encrypt(true)
        .state();
    let mut config = builder()?.with_no_client_auth().with_cert_resolver(state.resolver());
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).into();
    config.alpn_protocols.push(b"acme-tls/1".to_vec());
    tokio::spawn(async move {
        while let Some(event) = state.next().await {
            match event {
                Ok(event) => info!(?event, "The certificate: {event:?}"),
                Err(error) => error!(%error, "The certificate could not be had; trying again"),
            }
        }
    });
    Ok(Arc::new(config))
}

fn builder() -> Result<rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    Ok(ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?)
}

fn names(addresses: &[IpAddr]) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    names.extend(addresses.iter().map(IpAddr::to_string));
    names.dedup();
    names
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(())
}

/// This machine's address on the local network, found by asking the kernel which way it would send;
/// nothing is sent.
pub fn lan_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}
