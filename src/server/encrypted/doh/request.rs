//! What an HTTP request asks (RFC 8484 4.1), without its body.

use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, Method, StatusCode, Uri, header};

/// The one path that is served; the URI template is `https://NAME/dns-query{?dns}`.
const PATH: &str = "/dns-query";
/// The media type of questions and answers.
pub(super) const DNS_MESSAGE: &str = "application/dns-message";

/// Where the question is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// In the path.
    Here(Vec<u8>),
    /// In the body.
    InBody,
}

/// Reads a request's head; an error is the status of the refusal.
pub(super) fn read(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Asked, StatusCode> {
    if uri.path() != PATH {
        return Err(StatusCode::NOT_FOUND);
    }
    match *method {
        Method::GET => in_query(uri.query().unwrap_or("")).map(Asked::Here),
        Method::POST if is_dns_message(headers) => Ok(Asked::InBody),
        Method::POST => Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        _ => Err(StatusCode::METHOD_NOT_ALLOWED),
    }
}

/// The question in the variable `dns`, in base64url without padding (RFC 8484 6).
fn in_query(query: &str) -> Result<Vec<u8>, StatusCode> {
    let mut values = query.split('&').filter_map(|pair| pair.strip_prefix("dns="));
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(StatusCode::BAD_REQUEST);
    };
    BASE64URL_NOPAD.decode(value.as_bytes()).map_err(|_| StatusCode::BAD_REQUEST)
}

fn is_dns_message(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let first = types.next().and_then(|value| value.to_str().ok());
    let essence = first.map(|value| value.split(';').next().unwrap_or("").trim());
    types.next().is_none() && essence.is_some_and(|found| found.eq_ignore_ascii_case(DNS_MESSAGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(uri: &str) -> Result<Asked, StatusCode> {
        read(&Method::GET, &uri.parse().unwrap(), &HeaderMap::new())
    }

    fn post(uri: &str, types: &[&str]) -> Result<Asked, StatusCode> {
        let mut headers = HeaderMap::new();
        for value in types {
            headers.append(header::CONTENT_TYPE, value.parse().unwrap());
        }
        read(&Method::POST, &uri.parse().unwrap(), &headers)
    }

    #[test]
    fn a_question_in_the_path_is_base64url() {
        // The example of RFC 8484 4.1.1, cut short; `-` and `_` are what sets base64url apart.
        let asked = |bytes: &[u8]| Ok(Asked::Here(bytes.to_vec()));
        assert_eq!(get("https://x/dns-query?dns=AAABAAAB"), asked(&[0, 0, 1, 0, 0, 1]));
        assert_eq!(get("https://x/dns-query?dns=-_8"), asked(&[0xfb, 0xff]));
        assert_eq!(get("https://x/dns-query?ct=x&dns=AA"), asked(&[0]));
        for wrong in ["", "?", "?DNS=AA", "?dns=A", "?dns=AA==", "?dns=+/8", "?dns=AA&dns=AA"] {
            let refused = get(&format!("https://x/dns-query{wrong}"));
            assert_eq!(refused, Err(StatusCode::BAD_REQUEST), "{wrong}");
        }
    }

    #[test]
    fn a_question_in_the_body_has_its_media_type() {
        let uri = "https://x/dns-query";
        assert_eq!(post(uri, &[DNS_MESSAGE]), Ok(Asked::InBody));
        assert_eq!(post(uri, &["Application/DNS-Message; x=y"]), Ok(Asked::InBody));
        for wrong in [&[][..], &["text/plain"], &[DNS_MESSAGE, DNS_MESSAGE]] {
            assert_eq!(post(uri, wrong), Err(StatusCode::UNSUPPORTED_MEDIA_TYPE), "{wrong:?}");
        }
    }

    #[test]
    fn other_paths_and_methods_are_refused() {
        for path in ["/", "/dns-query/", "/DNS-query", "/dns-query%20", "/resolve"] {
            assert_eq!(get(&format!("https://x{path}?dns=AA")), Err(StatusCode::NOT_FOUND));
        }
        let uri = "https://x/dns-query?dns=AA".parse().unwrap();
        for method in [Method::HEAD, Method::PUT, Method::OPTIONS, Method::CONNECT] {
            let refused = read(&method, &uri, &HeaderMap::new());
            assert_eq!(refused, Err(StatusCode::METHOD_NOT_ALLOWED), "{method}");
        }
    }
}
