//! Media types: which bodies are taken for JSON, and which `Accept` can be met with it.

/// Whether a `Content-Type` says JSON: `application/json` or `application/…+json`, in UTF-8.
#[must_use]
pub fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let json = essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    let utf8 = parts.all(|part| match part.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            value.eq_ignore_ascii_case("utf-8")
                || value.eq_ignore_ascii_case("utf8")
                || value.eq_ignore_ascii_case("us-ascii")
        }
        _ => true,
    });
    json && utf8
}

/// Whether JSON is among what an `Accept` header takes. A range with `q=0` takes nothing.
#[must_use]
pub fn takes_json(accept: &str) -> bool {
    accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let refused = parts.any(|part| {
            part.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|q| q <= 0.0)
            })
        });
        let json = matches!(essence.as_str(), "*/*" | "application/*" | "application/json")
            || (essence.starts_with("application/") && essence.ends_with("+json"));
        json && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        for yes in ["application/json", "Application/JSON; charset=UTF-8", "application/vnd.com.leadconduit.flow+json"]
        {
            assert!(is_json(yes), "{yes}");
        }
        for no in
            ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "text/json"]
        {
            assert!(!is_json(no), "{no}");
        }
    }

    #[test]
    fn accepts() {
        for yes in ["*/*", "application/json", "text/html, */*;q=0.8", "application/vnd.com.leadconduit.event+json"] {
            assert!(takes_json(yes), "{yes}");
        }
        for no in ["text/html", "text/html,application/xhtml+xml", "application/json;q=0", "", "text/*"] {
            assert!(!takes_json(no), "{no}");
        }
    }
}
