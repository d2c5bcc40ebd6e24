//! Media types: which bodies are taken for JSON, and which `Accept` can be met with it.

/// Whether a `Content-Type` says JSON: `application/json` or `application/…+json`, in UTF-8.
#[must_use]
pub fn is_json(content_type: &str) -> bool {
    if content_type == "application/json" {
        return true;
    }
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

/// Whether an `Accept` header takes JSON. The range that fits most closely decides; with `q=0` it takes nothing.
#[must_use]
pub fn takes_json(accept: &str) -> bool {
    if accept == "*/*" || accept == "application/json" {
        return true;
    }
    let ranges = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let closeness = match essence.as_str() {
            "application/json" => 3,
            vendor if vendor.starts_with("application/") && vendor.ends_with("+json") => 2,
            "application/*" => 1,
            "*/*" => 0,
            _ => return None,
        };
        let refused = parts.any(|part| {
            part.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|q| q <= 0.0)
            })
        });
        Some((closeness, !refused))
    });
    ranges.max().is_some_and(|(_, taken)| taken)
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
        for no in [
            "text/html",
            "text/html,application/xhtml+xml",
            "application/json;q=0",
            "",
            "text/*",
            "*/*, application/json;q=0",
        ] {
            assert!(!takes_json(no), "{no}");
        }
    }
}
