//! Routing: finds the operation for a method and a path, or the nearest operation for an error message.

use http::Method;

use super::error::ContractError;
use super::nearest::{NearMiss, nearest_operations};
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
    /// The path does not exist: the nearest operation, if one is similar enough.
    NotFound(Option<NearMiss<'c>>),
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
            let nearest = nearest_operations(operations, Some(method), path, 1).into_iter().next();
            return Route::NotFound(nearest.filter(NearMiss::is_suggested));
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
    if !segment.as_bytes().contains(&b'%') {
        return segment.to_owned();
    }
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
