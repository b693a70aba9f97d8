//! Cutting a reply that is ready to what makes the asker come again over TCP.

use super::answer::Answered;
use crate::wire::{HEADER_BYTES, TRUNCATED_BIT};

/// Cuts a reply to its header, its question and its OPT record, and sets TC (RFC 2181 9, RFC 6891
/// 7); returns what is left of it. The reply gets no longer by that, nor does silence become one.
pub fn truncate(reply: &mut [u8], answered: &Answered) -> Answered {
    let &Answered { length, question_end, opt_bytes, .. } = answered;
    let opt = length.saturating_sub(opt_bytes)..length;
    if reply.len() < length || question_end < HEADER_BYTES || question_end > opt.start {
        return Answered::silence(answered.reason);
    }
    reply[2] |= TRUNCATED_BIT;
    // No answers and authorities, and OPT alone in the additional section.
    reply[6..HEADER_BYTES].copy_from_slice(&[0, 0, 0, 0, 0, u8::from(opt_bytes > 0)]);
    reply.copy_within(opt, question_end);
    Answered { length: question_end + opt_bytes, slot: None, ..*answered }
}
