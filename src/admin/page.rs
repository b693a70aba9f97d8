//! The page at `/`: files of `page/`, which are in the binary as they are.
//!
//! They hold nothing of the daemon's: the page asks the API, as whoever is signed in.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::sync::OnceLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use utoipa::openapi::path::{Operation, OperationBuilder};
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{Content, HttpMethod, Object, Paths, Response, Type};
use utoipa_axum::router::OpenApiRouter;

/// One file of it.
struct File {
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    packed: OnceLock<Packed>,
}

/// What is sent of a file.
struct Packed {
    gzip: Vec<u8>,
    tag: String,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file of `page/` under its path.
macro_rules! file {
    ($path:literal, $kind:expr, $name:literal) => {
        File {
            path: $path,
            kind: $kind,
            bytes: include_bytes!(concat!("../../page/", $name)),
            packed: OnceLock::new(),
        }
    };
}

static FILES: [File; 18] = [
    file!("/", HTML, "index.html"),
    file!("/page/page.css", CSS, "page.css"),
    file!("/page/icon.svg", "image/svg+xml", "icon.svg"),
    file!("/page/world.json", JSON, "world.json"),
    file!("/page/app.js", SCRIPT, "app.js"),
    file!("/page/actions.js", SCRIPT, "actions.js"),
    file!("/page/api.js", SCRIPT, "api.js"),
    file!("/page/dom.js", SCRIPT, "dom.js"),
    file!("/page/explain.js", SCRIPT, "explain.js"),
    file!("/page/map.js", SCRIPT, "map.js"),
    file!("/page/model.js", SCRIPT, "model.js"),
    file!("/page/names.js", SCRIPT, "names.js"),
    file!("/page/plans.js", SCRIPT, "plans.js"),
    file!("/page/pools.js", SCRIPT, "pools.js"),
    file!("/page/report.js", SCRIPT, "report.js"),
    file!("/page/timeline.js", SCRIPT, "timeline.js"),
    file!("/page/webhooks.js", SCRIPT, "webhooks.js"),
    file!("/page/words.js", SCRIPT, "words.js"),
];

/// What the page may load and do: its own files, and nothing of anybody else's.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; \
     form-action 'self'";

/// Whether something of the page is there.
pub(super) fn has(path: &str) -> bool {
    FILES.iter().any(|file| file.path == path)
}

/// A route for each file, with its description.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    FILES.iter().fold(OpenApiRouter::default(), |router, file| {
        let mut paths = Paths::new();
        paths.add_path_operation(file.path, vec![HttpMethod::Get], file.described());
        let answer = get(async move |headers: HeaderMap| file.answer(&headers));
        router.routes((Vec::new(), paths, answer))
    })
}

impl File {
    fn described(&self) -> Operation {
        let name = self.path.rsplit('/').next().filter(|name| !name.is_empty());
        let name = name.unwrap_or("index.html");
        let schema = match self.kind {
            JSON => Object::with_type(SchemaType::AnyValue),
            _ => Object::with_type(Type::String),
        };
        let file = Content::builder().schema(Some(schema)).build();
        let found = Response::builder().description("The file.").content(self.kind, file);
        let known = "It is what the client has, as it says by If-None-Match.";
        OperationBuilder::new()
            .tag("page")
            .operation_id(Some(name.replace('.', "_")))
            .summary(Some(format!("{name} of the page")))
            .response("200", found)
            .response("304", Response::builder().description(known))
            .build()
    }

    fn answer(&'static self, headers: &HeaderMap) -> axum::response::Response {
        let packed = self.packed.get_or_init(|| Packed::new(self.bytes));
        let is_known = headers
            .get(header::IF_NONE_MATCH)
            .and_then(|tags| tags.to_str().ok())
            .is_some_and(|tags| tags.contains(&packed.tag));
        let mut response = match (is_known, takes_gzip(headers)) {
            (true, _) => StatusCode::NOT_MODIFIED.into_response(),
            (false, true) => {
                ([(header::CONTENT_ENCODING, "gzip")], packed.gzip.as_slice()).into_response()
            }
            (false, false) => self.bytes.into_response(),
        };
        let all = response.headers_mut();
        all.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        // A new binary has a new page: ask each time, and be told that it is still the same.
        all.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        all.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        all.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        if let Ok(tag) = HeaderValue::from_str(&packed.tag) {
            all.insert(header::ETAG, tag);
        }
        response
    }
}

impl Packed {
    fn new(bytes: &[u8]) -> Self {
        Self { gzip: gzip(bytes, Compression::best()), tag: tag(bytes) }
    }
}

/// Whether a client takes what is packed.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = headers.get(header::ACCEPT_ENCODING).and_then(|codings| codings.to_str().ok());
    codings.is_some_and(|codings| codings.contains("gzip"))
}

/// The same bytes, packed.
pub(super) fn gzip(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    // Memory takes whatever is written to it.
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

/// The same for the same bytes.
pub(super) fn tag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("W/\"{:016x}\"", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every file of the folder that the page consists of is in the binary, and nothing else.
    #[test]
    fn all_of_the_page_is_served() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/page")).unwrap();
        let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.contains('.')).collect();
        names.sort();
        let served = FILES.iter().map(|file| file.path.trim_start_matches("/page/").to_owned());
        let mut served: Vec<String> =
            served.map(|name| if name == "/" { "index.html".into() } else { name }).collect();
        served.sort();
        assert_eq!(served, names);
    }

    /// What people wait for who open it on a telephone.
    #[test]
    fn the_page_is_small() {
        let packed: usize = FILES.iter().map(|file| Packed::new(file.bytes).gzip.len()).sum();
        assert!(packed <= 300_000, "{packed} bytes");
    }
}
