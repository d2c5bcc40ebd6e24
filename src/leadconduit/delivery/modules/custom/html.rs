//! HTML and CSS selectors.

use scraper::{ElementRef, Html, Node, Selector};

use crate::support::computation;

/// Longest selector, in bytes.
const SELECTOR_BYTES_MAX: usize = 1000;

/// The most elements that a selector selects.
const ELEMENTS_MAX: usize = 1000;

/// The work of comparing an element with a selector, in units of [`computation::spend`].
const ELEMENT_UNITS: u32 = 8;

/// Elements whose text is not part of a page's text.
const TEXTLESS: [&str; 2] = ["script", "style"];

/// A document.
#[derive(Debug)]
pub(super) struct HtmlDocument(Html);

impl HtmlDocument {
    /// Parses a page. `None` when the text does not begin with an element or a comment: blank characters before the
    /// first one are text as well.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fragment = Html::parse_fragment(text);
        let first = fragment.root_element().first_child()?;
        if first.value().is_text() {
            return None;
        }
        Some(Self(Html::parse_document(text)))
    }

    /// The document as text.
    pub(super) fn text(&self) -> String {
        self.0.html()
    }

    /// The inner HTML of the elements that a selector selects; none when it is not valid.
    pub(super) fn inner(&self, selector: &str) -> Vec<String> {
        self.select(selector).iter().map(ElementRef::inner_html).collect()
    }

    /// The texts of the elements that a selector selects.
    pub(super) fn texts(&self, selector: &str) -> Vec<String> {
        self.select(selector).into_iter().map(text_of).collect()
    }

    /// The values of an attribute of the elements that a selector selects and that have it.
    pub(super) fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let elements = self.select(selector).into_iter();
        elements.filter_map(|element| element.attr(name)).map(str::to_owned).collect()
    }

    fn select(&self, selector: &str) -> Vec<ElementRef<'_>> {
        if selector.len() > SELECTOR_BYTES_MAX {
            return Vec::new();
        }
        let Ok(selector) = Selector::parse(selector) else { return Vec::new() };
        let elements = self.0.tree.nodes().filter_map(ElementRef::wrap);
        // A selector can look at the whole document for each element.
        let matches = |element: &ElementRef<'_>| {
            computation::spend(ELEMENT_UNITS);
            selector.matches(element)
        };
        elements.filter(matches).take(ELEMENTS_MAX).collect()
    }
}

/// The text of an element, without that of scripts and styles, which have none of their own either.
fn text_of(element: ElementRef<'_>) -> String {
    let mut found = String::new();
    for node in element.descendants() {
        let Node::Text(text) = node.value() else { continue };
        let parent = node.parent().and_then(ElementRef::wrap);
        let is_hidden = parent.is_some_and(|parent| TEXTLESS.contains(&parent.value().name()));
        if !is_hidden {
            found.push_str(text);
        }
    }
    found
}
