//! Signatures by HMAC-SHA256 over id, time and body, as Standard Webhooks has them: whoever knows the secret knows
//! who sent a message, that nobody changed it, and that it is not an old one.

use data_encoding::BASE64;
use ring::hmac::{HMAC_SHA256, Key, sign};

/// For a secret that is used, one that will be, one that was, and one to spare.
pub const MOST_SECRETS: usize = 4;
/// What each begins with.
const MARK: &str = "whsec_";
/// As Standard Webhooks wants them.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret, which nothing shows.
#[derive(Clone)]
pub struct Secret(Key);

impl Secret {
    /// Reads `whsec_` and base64; the error says what is wrong, and never what was read.
    pub fn read(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix(MARK).ok_or("a line that does not begin with whsec_")?;
        let bytes = BASE64.decode(digits.as_bytes()).map_err(|_| "what is no base64")?;
        if !BYTES.contains(&bytes.len()) {
            return Err(format!("a secret of {} bytes", bytes.len()));
        }
        Ok(Self(Key::new(HMAC_SHA256, &bytes)))
    }
}

/// What stands in the header `webhook-signature`: a signature by each secret, any of which is enough.
pub fn signatures(secrets: &[Secret], id: &str, unix_seconds: u64, body: &[u8]) -> String {
    let signed = [format!("{id}.{unix_seconds}.").as_bytes(), body].concat();
    let one = |secret: &Secret| format!("v1,{}", BASE64.encode(sign(&secret.0, &signed).as_ref()));
    secrets.iter().map(one).collect::<Vec<_>>().join(" ")
}
