//! A map with few entries, in the order of its keys.

use std::borrow::Borrow;
use std::cmp::Ordering;

/// A sorted vector without spare room. A `BTreeMap` allocates room for eleven entries with the first one, and each of
/// thousands of sandboxes has several maps with one or two. An insertion moves the entries behind it.
#[derive(Clone, Debug)]
pub struct SortedMap<K, V>(Vec<(K, V)>);

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    /// The value of a key.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().and_then(|index| self.0.get(index)).map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().and_then(|index| self.0.get_mut(index)).map(|(_, value)| value)
    }

    /// The value of the key that `compare` finds equal, to be changed. `compare` has the order of the keys.
    pub fn get_mut_by(&mut self, mut compare: impl FnMut(&K) -> Ordering) -> Option<&mut V> {
        let index = self.0.binary_search_by(|(key, _)| compare(key)).ok()?;
        self.0.get_mut(index).map(|(_, value)| value)
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: K, value: V) {
        match self.find(&key) {
            Ok(index) => self.0[index].1 = value,
            Err(index) => {
                self.0.reserve_exact(1);
                self.0.insert(index, (key, value));
            }
        }
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The value of a key, which is inserted when it is new.
    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let index = self.find(&key).unwrap_or_else(|index| {
            self.0.reserve_exact(1);
            self.0.insert(index, (key, V::default()));
            index
        });
        &mut self.0[index].1
    }

    /// The entries in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0.binary_search_by(|(other, _)| other.borrow().cmp(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn it_has_the_entries_of_a_tree() {
        let (mut map, mut tree) = (SortedMap::<u32, u64>::default(), BTreeMap::<u32, u64>::new());
        assert!(map.is_empty());
        for number in 0..200 {
            let key = number * 7919 % 61;
            *map.get_or_default(key) += u64::from(number);
            *tree.entry(key).or_default() += u64::from(number);
            if let Some(value) = map.get_mut(&(key / 2)) {
                *value += 1;
                *tree.get_mut(&(key / 2)).unwrap() += 1;
            }
            assert!(map.iter().eq(tree.iter()) && map.values().eq(tree.values()));
            assert_eq!(map.get(&(key + 1)), tree.get(&(key + 1)));
            assert_eq!(map.get_mut_by(|other| other.cmp(&(key + 2))), tree.get_mut(&(key + 2)));
            map.insert(key / 3, 7);
            tree.insert(key / 3, 7);
            assert_eq!(map.len(), tree.len());
        }
        assert_eq!(map.0.capacity(), map.0.len());
    }
}
