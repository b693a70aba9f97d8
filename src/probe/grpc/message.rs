//! The two messages of the health service, in the form of protocol buffers, framed as gRPC does.
//!
//! `HealthCheckRequest { string service = 1; }` and
//! `HealthCheckResponse { ServingStatus status = 1; }`.

/// Number 1, of varying length.
const SERVICE_FIELD: u8 = 0x0a;
/// Whether it is compressed, and its length.
const FRAME_BYTES: usize = 5;

/// The question for a service.
pub(super) fn question(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    // What has its default is not written.
    if !service.is_empty() {
        message.push(SERVICE_FIELD);
        write_number(service.len() as u64, &mut message);
        message.extend_from_slice(service.as_bytes());
    }
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[0][..], &length, &message].concat()
}

/// The state that an answer tells; none where it cannot be read.
pub(super) fn state(body: &[u8]) -> Option<u64> {
    let (frame, rest) = body.split_at_checked(FRAME_BYTES)?;
    // The first octet says whether it is compressed.
    let [0, a, b, c, d] = *frame else { return None };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    let mut message = rest.get(..length)?;
    let mut state = 0;
    while !message.is_empty() {
        let key = read_number(&mut message)?;
        match (key >> 3, key & 7) {
            (1, 0) => state = read_number(&mut message)?,
            (_, 0) => drop(read_number(&mut message)?),
            (_, 1) => message = message.get(8..)?,
            (_, 2) => {
                let length = usize::try_from(read_number(&mut message)?).ok()?;
                message = message.get(length..)?;
            }
            (_, 5) => message = message.get(4..)?,
            _ => return None,
        }
    }
    Some(state)
}

fn write_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// A text whose odd octets are written as `%0A`.
pub(super) fn decoded(text: &[u8]) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let octet = match (byte, after) {
            (b'%', [high, low, ..]) => {
                data_encoding::HEXLOWER_PERMISSIVE.decode(&[*high, *low]).ok()
            }
            _ => None,
        };
        match octet {
            Some(octet) => {
                bytes.extend(octet);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_framed_and_an_empty_service_left_out() {
        assert_eq!(question(""), [0, 0, 0, 0, 0]);
        assert_eq!(question("ab"), [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        let long = question(&"x".repeat(300));
        assert_eq!(long[..8], [0, 0, 0, 1, 47, 0x0a, 0xac, 0x02]);
        assert_eq!(long.len(), 5 + 303);
    }

    #[test]
    fn a_state_is_found_among_whatever_else_there_is() {
        for (message, wanted) in [
            (&[][..], Some(0)),
            (&[8, 1], Some(1)),
            (&[8, 0x82, 0x01], Some(130)),
            (
                &[0x10, 7, 0x1a, 2, 9, 9, 0x25, 0, 0, 0, 0, 0x29, 0, 0, 0, 0, 0, 0, 0, 0, 8, 2],
                Some(2),
            ),
            (&[8], None),
            (&[8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], None),
            (&[0x1a, 3, 1], None),
            (&[0x0b], None),
        ] {
            let body = [&[0, 0, 0, 0, message.len() as u8][..], message].concat();
            assert_eq!(state(&body), wanted, "{message:?}");
            assert_eq!(state(&body[..4]), None);
        }
        assert_eq!(state(&[1, 0, 0, 0, 2, 8, 1]), None, "compressed");
        assert_eq!(state(&[0, 0, 0, 0, 3, 8, 1]), None, "cut off");
    }

    #[test]
    fn a_message_is_decoded_as_far_as_it_can_be() {
        for (text, wanted) in
            [("unknown%20service", "unknown service"), ("100%", "100%"), ("%zz%41", "%zzA")]
        {
            assert_eq!(decoded(text.as_bytes()), wanted);
        }
    }
}
