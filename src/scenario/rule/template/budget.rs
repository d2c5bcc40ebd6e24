//! What a template can produce: the size of each value, and the work of all filters and operators together. The engine
//! itself only counts instructions, and one of them can double a text.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Enumerator, Object, Value, ValueKind};
use minijinja::{Error, ErrorKind, State};

use super::CollectionObject;
use crate::config::limits::{
    TEMPLATE_EMITTED_BYTES_MAX, TEMPLATE_FUEL_MAX, TEMPLATE_NUMBER_MAX, TEMPLATE_TEXT_BYTES_MAX,
    TEMPLATE_VALUE_BYTES_MAX, TEMPLATE_VALUE_DEPTH_MAX, TEMPLATE_WORK_BYTES_MAX,
};

/// What an item takes in addition to its text.
const ITEM_BYTES: usize = 16;

/// Which limit a template exceeds while it is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderLimit {
    /// The rendered text.
    #[error("a template renders to more than {TEMPLATE_TEXT_BYTES_MAX} bytes")]
    Text,
    /// A value.
    #[error("a value in a template is larger than {TEMPLATE_VALUE_BYTES_MAX} bytes")]
    Value,
    /// The nesting of a value.
    #[error("a value in a template is nested more than {TEMPLATE_VALUE_DEPTH_MAX} deep")]
    Depth,
    /// The work of all filters and operators.
    #[error("the filters and operators of a template read and write more than {TEMPLATE_WORK_BYTES_MAX} bytes")]
    Work,
    /// The instructions of the engine.
    #[error("a template executes more than {TEMPLATE_FUEL_MAX} instructions; shorten its loops")]
    Instructions,
    /// A width or count.
    #[error("a width or count in a template is larger than {TEMPLATE_NUMBER_MAX}")]
    Number,
    /// A namespace in a namespace.
    #[error("a namespace cannot be the value of an attribute of a namespace")]
    Namespace,
}

impl From<RenderLimit> for Error {
    fn from(limit: RenderLimit) -> Self {
        Self::new(ErrorKind::InvalidOperation, limit.to_string()).with_source(limit)
    }
}

/// The limit that an error is about.
pub(super) fn limit_of(error: &Error) -> Option<RenderLimit> {
    if error.kind() == ErrorKind::OutOfFuel {
        return Some(RenderLimit::Instructions);
    }
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(limit) = error.downcast_ref() {
            return Some(*limit);
        }
        source = error.source();
    }
    None
}

/// What the filters and operators of one rendering have used so far.
#[derive(Debug, Default)]
pub(super) struct Budget {
    work: AtomicUsize,
    emitted: AtomicUsize,
}

impl Object for Budget {}

impl Budget {
    /// The budget of a rendering.
    pub(super) fn of(state: &State<'_, '_>) -> Arc<Self> {
        state.get_or_set_temp_object("budget", Self::default)
    }

    /// Counts a value that is read or written, and returns its size.
    pub(super) fn charge(&self, value: &Value) -> Result<usize, RenderLimit> {
        let size = measure(value)?.bytes;
        let work = self.work.fetch_add(size, Ordering::Relaxed) + size;
        if work > TEMPLATE_WORK_BYTES_MAX { Err(RenderLimit::Work) } else { Ok(size) }
    }

    /// Counts a value that is written into the text.
    pub(super) fn emit(&self, value: &Value) -> Result<(), RenderLimit> {
        let size = self.charge(value)?;
        let emitted = self.emitted.fetch_add(size, Ordering::Relaxed) + size;
        if emitted > TEMPLATE_EMITTED_BYTES_MAX { Err(RenderLimit::Text) } else { Ok(()) }
    }

    /// Counts a new value. A sequence that is computed while it is read becomes a list: such sequences can depend on each
    /// other without end.
    pub(super) fn created(&self, value: Value) -> Result<Value, Error> {
        self.charge(&value)?;
        if value.kind() == ValueKind::Iterable {
            return Ok(Value::from(value.try_iter()?.collect::<Vec<Value>>()));
        }
        Ok(value)
    }
}

/// The size of a value.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    bytes: usize,
    has_namespace: bool,
}

/// Measures a value, with what it refers to.
fn measure(value: &Value) -> Result<Size, RenderLimit> {
    let mut size = Size::default();
    size.add(value, 0)?;
    Ok(size)
}

impl Size {
    fn add(&mut self, value: &Value, depth: usize) -> Result<(), RenderLimit> {
        if depth > TEMPLATE_VALUE_DEPTH_MAX {
            return Err(RenderLimit::Depth);
        }
        self.bytes += ITEM_BYTES + value.as_bytes().map_or(0, <[u8]>::len);
        if self.bytes > TEMPLATE_VALUE_BYTES_MAX {
            return Err(RenderLimit::Value);
        }
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => {
                for item in value.try_iter().into_iter().flatten() {
                    self.add(&item, depth + 1)?;
                }
            }
            ValueKind::Map => self.add_map(value, depth)?,
            _ => {}
        }
        Ok(())
    }

    fn add_map(&mut self, map: &Value, depth: usize) -> Result<(), RenderLimit> {
        self.has_namespace |= map.downcast_object_ref::<Namespace>().is_some();
        // Documents of the world are looked up when they are used.
        let is_collection = map.downcast_object_ref::<CollectionObject>().is_some();
        for key in map.try_iter().into_iter().flatten() {
            self.add(&key, depth + 1)?;
            if !is_collection && let Ok(value) = map.get_item(&key) {
                self.add(&value, depth + 1)?;
            }
        }
        Ok(())
    }
}

/// A namespace: a map whose attributes `{% set %}` can assign. The engine's own can contain itself, and rendering it
/// never ends.
#[derive(Debug, Default)]
pub(super) struct Namespace(Mutex<BTreeMap<String, Value>>);

impl Object for Namespace {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key.as_str()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let attributes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Enumerator::Values(attributes.keys().map(|name| Value::from(name.as_str())).collect())
    }
}

impl Namespace {
    /// Creates a namespace from the arguments of the function `namespace`: a map, or named values.
    pub(super) fn create(defaults: Option<&Value>) -> Result<Value, Error> {
        let namespace = Self::default();
        if let Some(defaults) = defaults {
            if defaults.kind() != ValueKind::Map {
                let message = format!("expected object or keyword arguments, got {}", defaults.kind());
                return Err(Error::new(ErrorKind::InvalidOperation, message));
            }
            for key in defaults.try_iter()? {
                if let Some(name) = key.as_str() {
                    namespace.set(name, defaults.get_item(&key)?)?;
                }
            }
        }
        Ok(Value::from_object(namespace))
    }

    /// Assigns an attribute.
    pub(super) fn set(&self, name: &str, value: Value) -> Result<(), Error> {
        if measure(&value)?.has_namespace {
            return Err(RenderLimit::Namespace.into());
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value);
        Ok(())
    }
}
