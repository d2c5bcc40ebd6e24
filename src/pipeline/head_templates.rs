//! The templates of response heads that a thread remembers.

use std::borrow::Cow;
use std::cell::RefCell;

use http::HeaderValue;

use crate::config::limits::HEAD_TEMPLATES_MAX;
use crate::recording::journal::HeadTemplate;

/// What the headers of a response depend on, apart from the values that a template leaves out. The rest follows from the
/// pipeline: its contract, and its settings for CORS and for the headers of the mock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeadKey<'h> {
    /// The number of the pipeline in this process.
    pub(super) pipeline: u64,
    /// The index of the operation.
    pub(super) operation: usize,
    pub(super) status: u16,
    pub(super) content_type: Cow<'h, HeaderValue>,
    pub(super) scenario: Cow<'h, HeaderValue>,
}

impl HeadKey<'_> {
    /// A key that borrows nothing.
    pub(super) fn into_owned(self) -> HeadKey<'static> {
        let Self { pipeline, operation, status, content_type, scenario } = self;
        let (content_type, scenario) = (Cow::Owned(content_type.into_owned()), Cow::Owned(scenario.into_owned()));
        HeadKey { pipeline, operation, status, content_type, scenario }
    }

    /// The place of its template. A template is replaced by the next one that has the same place.
    fn place(&self) -> usize {
        (self.operation * 8 + usize::from(self.status / 100) + usize::from(self.status % 100)) % HEAD_TEMPLATES_MAX
    }
}

type Remembered = Box<(HeadKey<'static>, HeadTemplate)>;

thread_local! {
    static TEMPLATES: RefCell<Vec<Option<Remembered>>> = const { RefCell::new(Vec::new()) };
}

/// The result of a function of the template of a key; `None` when this thread has no such template.
pub(super) fn with_template<T>(key: &HeadKey<'_>, function: impl FnOnce(&HeadTemplate) -> T) -> Option<T> {
    TEMPLATES.with_borrow(|templates| match templates.get(key.place()) {
        Some(Some(known)) if known.0 == *key => Some(function(&known.1)),
        _ => None,
    })
}

/// Remembers the template of a key.
pub(super) fn remember(key: HeadKey<'static>, template: HeadTemplate) {
    TEMPLATES.with_borrow_mut(|templates| {
        if templates.is_empty() {
            templates.resize_with(HEAD_TEMPLATES_MAX, || None);
        }
        let place = key.place();
        templates[place] = Some(Box::new((key, template)));
    });
}
