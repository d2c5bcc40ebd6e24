//! Routing: finds the operation for a method and a path, or the most similar operation for an error message.

use http::Method;

use super::error::ContractError;
use super::operation::Operation;

/// The routing table. Static segments take precedence over parameters.
#[derive(Debug)]
pub(super) struct Router {
    paths: matchit::Router<usize>,
    /// For each path template: its methods and the indexes of their operations.
    methods: Vec<Vec<(Method, usize)>>,
}

/// The result of routing.
#[derive(Debug)]
pub enum Route<'c> {
    /// An operation, and the values of its path parameters.
    Found(&'c Operation, PathParameters),
    /// The path exists, but not with this method: the operations of the path.
    MethodNotAllowed(Vec<&'c Operation>),
    /// The path does not exist: the most similar operation, if one is similar enough.
    NotFound(Option<&'c Operation>),
}

/// The values of the path parameters by name, percent-decoded.
pub type PathParameters = Vec<(String, String)>;

impl Router {
    pub(super) fn new(operations: &[Operation]) -> Result<Self, ContractError> {
        let mut paths = matchit::Router::new();
        let mut methods: Vec<Vec<(Method, usize)>> = Vec::new();
        let mut known: Vec<&str> = Vec::new();
        for operation in operations {
            let index = match known.iter().position(|path| *path == operation.path) {
                Some(index) => index,
                None => {
                    paths.insert(&operation.path, known.len()).map_err(|error| ContractError::Route {
                        file: operation.file.clone(),
                        path: operation.path.clone(),
                        error,
                    })?;
                    known.push(&operation.path);
                    methods.push(Vec::new());
                    known.len() - 1
                }
            };
            methods[index].push((operation.method.clone(), operation.index));
        }
        Ok(Self { paths, methods })
    }

    pub(super) fn find<'c>(&self, operations: &'c [Operation], method: &Method, path: &str) -> Route<'c> {
        let Ok(found) = self.paths.at(path) else {
            return Route::NotFound(nearest(operations, method, path));
        };
        // HEAD is served as GET without the body.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let methods = &self.methods[*found.value];
        match methods.iter().find(|(allowed, _)| allowed == method) {
            Some((_, index)) => {
                let values = found.params.iter().map(|(name, value)| (name.to_owned(), unescape(value))).collect();
                Route::Found(&operations[*index], values)
            }
            None => Route::MethodNotAllowed(methods.iter().map(|(_, index)| &operations[*index]).collect()),
        }
    }
}

fn unescape(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// The operation with the most similar path; the method breaks ties.
fn nearest<'c>(operations: &'c [Operation], method: &Method, path: &str) -> Option<&'c Operation> {
    // Bounds the work: a path can be as long as a request line.
    let path: String = path.chars().take(200).collect::<String>().to_ascii_lowercase();
    operations
        .iter()
        .map(|operation| {
            let same_method = if operation.method == *method { 0.05 } else { 0.0 };
            (similarity(&path, &operation.path) + same_method, operation)
        })
        .filter(|(similarity, _)| *similarity >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.index.cmp(&a.1.index)))
        .map(|(_, operation)| operation)
}

/// How similar a path is to a path template, from 0 to 1; a parameter counts 0.8.
fn similarity(path: &str, template: &str) -> f64 {
    let given: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let expected: Vec<&str> = template.split('/').filter(|s| !s.is_empty()).collect();
    let longest = given.len().max(expected.len()).max(1);
    let sum: f64 = given
        .iter()
        .zip(&expected)
        .map(
            |(given, expected)| {
                if expected.starts_with('{') { 0.8 } else { strsim::normalized_damerau_levenshtein(given, expected) }
            },
        )
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "a handful of segments")]
    let count = longest as f64;
    sum / count
}
