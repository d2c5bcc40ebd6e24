//! From method and path to the operation, and from a path that leads nowhere to the nearest one.

use http::Method;

use super::operation::Operation;

/// Finds operations. Built once; a static segment beats a parameter.
#[derive(Debug)]
pub(super) struct Router {
    paths: matchit::Router<usize>,
    /// For each path pattern, its methods and their operations.
    methods: Vec<Vec<(Method, usize)>>,
}

/// What a path led to.
#[derive(Debug)]
pub enum Route<'c> {
    /// An operation, with the values of the path's parameters, still escaped.
    Found(&'c Operation, PathValues),
    /// A path of the contract, with another method.
    WrongMethod(Vec<&'c Operation>),
    /// No path of the contract. The nearest operation, if any is near.
    Unknown(Option<&'c Operation>),
}

/// The values of a path's parameters by name, with escapes resolved.
pub type PathValues = Vec<(String, String)>;

impl Router {
    pub(super) fn new(operations: &[Operation]) -> Result<Self, String> {
        let mut paths = matchit::Router::new();
        let mut methods: Vec<Vec<(Method, usize)>> = Vec::new();
        let mut known: Vec<&str> = Vec::new();
        for operation in operations {
            let at = match known.iter().position(|path| *path == operation.path) {
                Some(at) => at,
                None => {
                    paths.insert(&operation.path, known.len()).map_err(|error| {
                        format!("{}: the path {} cannot be served: {error}", operation.file, operation.path)
                    })?;
                    known.push(&operation.path);
                    methods.push(Vec::new());
                    known.len() - 1
                }
            };
            methods[at].push((operation.method.clone(), operation.index));
        }
        Ok(Self { paths, methods })
    }

    pub(super) fn find<'c>(&self, operations: &'c [Operation], method: &Method, path: &str) -> Route<'c> {
        let Ok(found) = self.paths.at(path) else {
            return Route::Unknown(nearest(operations, method, path));
        };
        // HEAD is answered as GET is, without the body.
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        let methods = &self.methods[*found.value];
        match methods.iter().find(|(method, _)| method == wanted) {
            Some((_, index)) => {
                let values = found.params.iter().map(|(name, value)| (name.to_owned(), unescape(value))).collect();
                Route::Found(&operations[*index], values)
            }
            None => Route::WrongMethod(methods.iter().map(|(_, index)| &operations[*index]).collect()),
        }
    }
}

fn unescape(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// The operation whose method and path are most like the ones asked for.
fn nearest<'c>(operations: &'c [Operation], method: &Method, path: &str) -> Option<&'c Operation> {
    // A path may be as long as a request line; its beginning says enough.
    let path: String = path.chars().take(200).collect::<String>().to_ascii_lowercase();
    operations
        .iter()
        .map(|operation| {
            let same_method = if operation.method == *method { 0.05 } else { 0.0 };
            (likeness(&path, &operation.path) + same_method, operation)
        })
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.index.cmp(&a.1.index)))
        .map(|(_, operation)| operation)
}

fn likeness(path: &str, pattern: &str) -> f64 {
    let given: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let wanted: Vec<&str> = pattern.split('/').filter(|s| !s.is_empty()).collect();
    let longest = given.len().max(wanted.len()).max(1);
    let sum: f64 = given
        .iter()
        .zip(&wanted)
        .map(
            |(given, wanted)| {
                if wanted.starts_with('{') { 0.8 } else { strsim::normalized_damerau_levenshtein(given, wanted) }
            },
        )
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "a handful of segments")]
    let count = longest as f64;
    sum / count
}
