//! Paths of LeadConduit's web site that are no operations of its API, and the operations to use in their place.

/// Path templates, with what is at the path.
const PAGES: [(&str, &str); 2] = [
    (
        "/flows/{}/sources/{}/docs",
        "the web page with the submission docs of a source, which the mock does not have; its content is \
         GET /flows/{flow_id}/sources/{source_id}/meta (get_source_meta)",
    ),
    (
        "/leads",
        "a web page of LeadConduit, which the mock does not have; leads are GET /search/leads (search_leads) and \
         GET /events (list_events)",
    ),
];

/// What LeadConduit's web site has at a path; `None` for other paths.
pub(super) fn page_at(path: &str) -> Option<&'static str> {
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let matches = |template: &str| {
        let expected: Vec<&str> = template.split('/').collect();
        expected.len() == segments.len()
            && expected.iter().zip(&segments).all(|(one, given)| *one == "{}" || one == given)
    };
    PAGES.iter().find(|(template, _)| matches(template)).map(|(_, page)| *page)
}
