//! The page that explains every type of problem: HTML without scripts, to which the `type` of each problem refers.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};

use super::problem::ProblemType;
use crate::http::message::Response;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin:1.8rem 0 .2rem}p{margin:.2rem 0}\
code{font:.9em ui-monospace,monospace}:target{outline:2px solid;outline-offset:.4rem}";

/// The page with an explanation of every type of problem.
#[must_use]
pub fn problems() -> Response {
    let mut body = String::from("<h1>Problems of leadconduit-mock</h1>\n");
    body.push_str(
        "<p>These are errors of the mock itself, sent as <code>application/problem+json</code>. LeadConduit's own \
         errors have other formats.</p>\n",
    );
    for problem_type in ProblemType::ALL {
        let (name, title) = (problem_type.name(), problem_type.title());
        let explanation = format_text(problem_type.explanation());
        let _ = write!(
            body,
            "<section id=\"{name}\">\n<h2>{title}</h2>\n<p><code>{name}</code></p>\n<p>{explanation}</p>\n</section>\n"
        );
    }
    page("Problems of leadconduit-mock", &body)
}

fn page(title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    );
    // Only this style sheet is allowed: no script, no form, no other resource, and no frame around the page.
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers: [(HeaderName, HeaderValue); 4] = [
        (CONTENT_TYPE, HTML),
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'")),
        ),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    headers.into_iter().fold(Response::new(StatusCode::OK, html), |page, (name, value)| page.with_header(name, value))
}

/// Escapes a text for HTML. The parts between backticks become code.
fn format_text(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        let escaped = part.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        if index % 2 == 1 {
            let _ = write!(html, "<code>{escaped}</code>");
        } else {
            html.push_str(&escaped);
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_one_section_and_a_text_with_paired_backticks() {
        let page = String::from_utf8(problems().body.to_vec()).unwrap();
        for problem_type in ProblemType::ALL {
            let id = format!("id=\"{}\"", problem_type.name());
            assert_eq!(page.matches(&id).count(), 1, "{id}");
            assert_eq!(problem_type.explanation().matches('`').count() % 2, 0, "{}", problem_type.name());
            let titles = ProblemType::ALL.iter().filter(|other| other.title() == problem_type.title());
            assert_eq!(titles.count(), 1, "{}", problem_type.title());
        }
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(format_text("a < b `x & \"y\"`"), "a &lt; b <code>x &amp; &quot;y&quot;</code>");
    }
}
