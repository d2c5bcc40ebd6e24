//! Counts, in unit tests, what is parsed on a thread: flows; and the rules, templates and patterns in them.

use std::cell::Cell;

thread_local! {
    static FLOWS: Cell<usize> = const { Cell::new(0) };
    static EXPRESSIONS: Cell<usize> = const { Cell::new(0) };
}

pub(crate) fn add_flow() {
    FLOWS.set(FLOWS.get() + 1);
}

/// Counts a rule, a rule set, a template or a pattern.
pub(crate) fn add_expression() {
    EXPRESSIONS.set(EXPRESSIONS.get() + 1);
}

/// The number of flows that `run` parses, and the number of rules, templates and patterns.
pub(crate) fn parsed_by<T>(run: impl FnOnce() -> T) -> (T, usize, usize) {
    let (flows, expressions) = (FLOWS.get(), EXPRESSIONS.get());
    let result = run();
    (result, FLOWS.get() - flows, EXPRESSIONS.get() - expressions)
}
