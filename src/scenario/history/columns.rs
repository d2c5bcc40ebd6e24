//! The values of single fields of generated leads, by field: a query that reads one field of every lead generates each lead
//! only once. Fields with few different values, such as states, take one byte for each lead.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value;

/// How many fields have a column: the first that are read.
const COLUMNS_MAX: usize = 8;

/// How many different values a column has. Of a field with more, the leads with other values are generated again.
const VALUES_MAX: usize = 255;

/// The columns of a history.
#[derive(Debug, Default)]
pub(super) struct FieldColumns([OnceLock<Column>; COLUMNS_MAX]);

#[derive(Debug)]
struct Column {
    field: Box<str>,
    /// For each lead the number of its value, from 1; 0 when it is not known.
    numbers: Box<[AtomicU8]>,
    /// The different values; `None` is that of leads without the field.
    values: Box<[OnceLock<Option<Value>>]>,
    /// The numbers of the values, by their JSON.
    by_json: Mutex<HashMap<String, u8>>,
}

impl FieldColumns {
    /// The value of a field of a lead, which is one of so many leads. `generate` returns it when it is not known.
    pub(super) fn value(
        &self,
        field: &str,
        (lead, leads): (usize, usize),
        generate: impl FnOnce() -> Option<Value>,
    ) -> Option<Cow<'_, Value>> {
        let is_of_field = |column: &&Column| *column.field == *field;
        let known = self.0.iter().map_while(OnceLock::get).find(is_of_field);
        if let Some(value) = known.and_then(|column| column.value(lead)) {
            return value.map(Cow::Borrowed);
        }
        let value = generate();
        // Names that no lead has get no column.
        let added = || self.0.iter().map(|column| column.get_or_init(|| Column::new(field, leads))).find(is_of_field);
        if let Some(column) = known.or_else(|| value.as_ref().and_then(|_| added())) {
            column.set(lead, value.as_ref());
        }
        value.map(Cow::Owned)
    }
}

impl FieldColumns {
    /// A number for the value of a field of a lead, other than that of every other value. `None` for a value that the column
    /// does not have.
    pub(super) fn number(
        &self,
        field: &str,
        (lead, leads): (usize, usize),
        generate: impl FnOnce() -> Option<Value>,
    ) -> Option<u8> {
        let of_field = || self.0.iter().map_while(OnceLock::get).find(|column| *column.field == *field);
        let known = || of_field().and_then(|column| column.number(lead));
        known().or_else(|| {
            self.value(field, (lead, leads), generate);
            known()
        })
    }
}

impl Column {
    fn new(field: &str, leads: usize) -> Self {
        Self {
            field: field.into(),
            numbers: (0..leads).map(|_| AtomicU8::new(0)).collect(),
            values: (0..VALUES_MAX).map(|_| OnceLock::new()).collect(),
            by_json: Mutex::default(),
        }
    }

    #[expect(clippy::option_option, reason = "that a lead does not have the field can be known too")]
    fn value(&self, lead: usize) -> Option<Option<&Value>> {
        let number = self.number(lead)?;
        let value = self.values.get(usize::from(number.checked_sub(1)?))?;
        value.get().map(Option::as_ref)
    }

    fn number(&self, lead: usize) -> Option<u8> {
        Some(self.numbers.get(lead)?.load(Ordering::Relaxed)).filter(|number| *number > 0)
    }

    fn set(&self, lead: usize, value: Option<&Value>) {
        let json = value.map(Value::to_string).unwrap_or_default();
        let mut by_json = self.by_json.lock().unwrap_or_else(PoisonError::into_inner);
        let number = match by_json.get(&json) {
            Some(number) => *number,
            None => {
                let index = by_json.len();
                let (Some(slot), Ok(number)) = (self.values.get(index), u8::try_from(index + 1)) else { return };
                let _ = slot.set(value.cloned());
                by_json.insert(json, number);
                number
            }
        };
        if let Some(known) = self.numbers.get(lead) {
            known.store(number, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn each_value_is_generated_once() {
        let (columns, generated) = (FieldColumns::default(), Cell::new(0));
        let value = |lead: usize| (lead % 3 != 1).then(|| Value::from(lead % 7));
        let read = |field: &str, lead: usize| {
            let value = columns.value(field, (lead, 100), || {
                generated.set(generated.get() + 1);
                value(lead)
            });
            value.map(Cow::into_owned)
        };
        for (lead, field) in (0..100).cycle().take(300).flat_map(|lead| [(lead, "a"), (lead, "b")]) {
            assert_eq!(read(field, lead), value(lead));
        }
        assert_eq!(generated.get(), 200);
    }

    #[test]
    fn fields_with_many_values_and_further_fields_are_generated_again() {
        let columns = FieldColumns::default();
        for round in 0..2 {
            for lead in 0..1000 {
                let value = columns.value("many", (lead, 1000), || Some(lead.into()));
                assert_eq!(value.as_deref(), Some(&Value::from(lead)));
                assert_eq!(matches!(value, Some(Cow::Borrowed(_))), round == 1 && lead < VALUES_MAX);
                let number = columns.number("many", (lead, 1000), || Some(lead.into()));
                assert_eq!(number, u8::try_from(lead + 1).ok());
            }
        }
        for number in 0..2 * COLUMNS_MAX {
            let name = format!("field {number}");
            for _ in 0..2 {
                assert_eq!(columns.value(&name, (0, 1), || Some(number.into())).as_deref(), Some(&Value::from(number)));
            }
        }
    }
}
