//! Content negotiation: whether a `Content-Type` is JSON, and which media type an `Accept` header selects.
//!
//! The crates `mediatype` and `mime` parse one media type strictly. They do not select by quality and specificity, and
//! reject headers that LeadConduit accepts, so they would replace only the calls of `split`.

/// Whether a `Content-Type` is JSON: `application/json` or `application/…+json`, in UTF-8.
#[must_use]
pub fn is_json(content_type: &str) -> bool {
    if content_type == "application/json" {
        return true;
    }
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_json_type =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    let is_utf8 = parts.all(|part| match part.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            value.eq_ignore_ascii_case("utf-8")
                || value.eq_ignore_ascii_case("utf8")
                || value.eq_ignore_ascii_case("us-ascii")
        }
        _ => true,
    });
    is_json_type && is_utf8
}

/// The media type of nearly every body.
pub const JSON: &str = "application/json";

/// A media type without its parameters, in lower case.
#[must_use]
pub fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether an `Accept` header accepts JSON. The most specific matching range decides; `q=0` excludes.
#[must_use]
pub fn accepts_json(accept: &str) -> bool {
    accept == "*/*" || accept == JSON || quality(accept, JSON) > 0.0
}

/// The quality value of a media type in an `Accept` header: that of the most specific matching range, 0 without one.
/// The vendor's own types (`application/vnd.…+json`) count as JSON.
#[must_use]
pub fn quality(accept: &str, media_type: &str) -> f32 {
    let family = media_type.split('/').next().unwrap_or_default();
    let ranges = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let specificity = match essence.as_str() {
            same if same == media_type => 3,
            vendor if media_type == JSON && vendor.starts_with("application/") && vendor.ends_with("+json") => 2,
            "*/*" => 0,
            any if any.strip_suffix("/*") == Some(family) => 1,
            _ => return None,
        };
        let weight =
            parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
        let weight = weight.and_then(|(_, value)| value.trim().parse::<f32>().ok()).unwrap_or(1.0);
        Some((specificity, weight))
    });
    ranges.max_by(|(a, x), (b, y)| a.cmp(b).then(x.total_cmp(y))).map_or(0.0, |(_, weight)| weight.clamp(0.0, 1.0))
}

/// The media type with the highest quality value; the first of equals. `None` when the header accepts none of them.
#[must_use]
pub fn best<'m>(accept: &str, media_types: &'m [String]) -> Option<&'m str> {
    let mut best: Option<(&str, f32)> = None;
    for media_type in media_types {
        let candidate = quality(accept, media_type);
        if candidate > best.map_or(0.0, |(_, quality)| quality) {
            best = Some((media_type, candidate));
        }
    }
    best.map(|(media_type, _)| media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_content_types_are_recognised() {
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
    fn accept_headers_decide_whether_json_is_acceptable() {
        for yes in ["*/*", "application/json", "text/html, */*;q=0.8", "application/vnd.com.leadconduit.event+json"] {
            assert!(accepts_json(yes), "{yes}");
        }
        for no in [
            "text/html",
            "text/html,application/xhtml+xml",
            "application/json;q=0",
            "",
            "text/*",
            "*/*, application/json;q=0",
        ] {
            assert!(!accepts_json(no), "{no}");
        }
    }

    #[test]
    fn the_media_type_with_the_highest_quality_is_selected() {
        let both = [JSON.to_owned(), "text/csv".to_owned()];
        for (accept, expected) in [
            ("*/*", Some(JSON)),
            ("text/csv", Some("text/csv")),
            ("text/*", Some("text/csv")),
            ("text/csv;q=0.5, application/json;q=0.9", Some(JSON)),
            ("text/csv, */*;q=0.1", Some("text/csv")),
            ("text/html", None),
            ("text/csv;q=0", None),
        ] {
            assert_eq!(best(accept, &both), expected, "{accept}");
        }
    }
}
