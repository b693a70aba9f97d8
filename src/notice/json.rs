//! All of a message as JSON.

use super::message::Message;

/// The body of a request.
pub fn body(message: &Message) -> Vec<u8> {
    // Texts and numbers only, so that there is nothing that JSON could not hold.
    serde_json::to_vec(message).unwrap_or_default()
}
