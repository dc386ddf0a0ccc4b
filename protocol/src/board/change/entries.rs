//! Columns, lanes, labels and custom fields: named things in an order.

use std::collections::HashMap;

use yrs::{Any, Map, MapPrelim, MapRef, WriteTxn};

use super::{At, ChangeError, Editor, What, fits, is_stamped, keys_at, not_found, position, too_many};
use crate::board::id::{ColumnId, Id, kind};
use crate::board::key::OrderKey;
use crate::board::raw::{RawEntry, Wip, entry, map};
use crate::board::schema::{Category, FieldType, field, is_color, limit, root};
use crate::board::view::ordered;

/// What stands in a list of its own: columns, lanes, labels, custom fields.
pub trait Entry {
    /// The root of the list.
    const ROOT: &'static str;
    /// The register with what it is called.
    const NAME: &'static str;
    /// What errors call it.
    const WHAT: What;
    /// How many there may be.
    const LIMIT: usize;
}

impl Entry for kind::Column {
    const ROOT: &'static str = root::COLUMNS;
    const NAME: &'static str = field::TITLE;
    const WHAT: What = What::Column;
    const LIMIT: usize = limit::COLUMNS;
}

impl Entry for kind::Lane {
    const ROOT: &'static str = root::LANES;
    const NAME: &'static str = field::TITLE;
    const WHAT: What = What::Lane;
    const LIMIT: usize = limit::LANES;
}

impl Entry for kind::Label {
    const ROOT: &'static str = root::LABELS;
    const NAME: &'static str = field::NAME;
    const WHAT: What = What::Label;
    const LIMIT: usize = limit::LABELS;
}

impl Entry for kind::Field {
    const ROOT: &'static str = root::FIELDS;
    const NAME: &'static str = field::NAME;
    const WHAT: What = What::Field;
    const LIMIT: usize = limit::FIELDS;
}

/// Something named that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry<K> {
    /// A fresh id.
    pub id: Id<K>,
    /// What it is called, at most [`limit::NAME_CHARS`].
    pub name: String,
    /// Its colour.
    pub color: Option<String>,
    /// Its place among its like.
    pub at: At<K>,
}

impl Editor<'_, '_> {
    /// Creates a column.
    ///
    /// # Errors
    /// [`ChangeError::Exists`], [`ChangeError::TooLong`], [`ChangeError::TooMany`], [`ChangeError::Invalid`] colour,
    /// [`ChangeError::NotFound`] for what `at` names.
    pub fn create_column(
        &mut self,
        new: &NewEntry<kind::Column>,
        category: Category,
    ) -> Result<(), ChangeError> {
        let column = self.create(new)?;
        self.set(&column, field::CATEGORY, Some(Any::from(category.as_str())));
        Ok(())
    }

    /// Creates a lane.
    ///
    /// # Errors
    /// As [`Editor::create_column`].
    pub fn create_lane(&mut self, new: &NewEntry<kind::Lane>) -> Result<(), ChangeError> {
        self.create(new).map(drop)
    }

    /// Creates a label.
    ///
    /// # Errors
    /// As [`Editor::create_column`].
    pub fn create_label(&mut self, new: &NewEntry<kind::Label>) -> Result<(), ChangeError> {
        self.create(new).map(drop)
    }

    /// Creates a custom field. Its type stays for ever.
    ///
    /// # Errors
    /// As [`Editor::create_column`].
    pub fn create_field(&mut self, new: &NewEntry<kind::Field>, kind: FieldType) -> Result<(), ChangeError> {
        let custom = self.create(new)?;
        self.set(&custom, field::TYPE, Some(Any::from(kind.as_str())));
        custom.insert(self.txn, field::OPTIONS, MapPrelim::default());
        Ok(())
    }

    /// Calls something otherwise.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`], [`ChangeError::TooLong`].
    pub fn rename<K: Entry>(&mut self, id: &Id<K>, name: &str) -> Result<(), ChangeError> {
        fits(name, K::WHAT, limit::NAME_CHARS)?;
        let entry = self.entry(id)?;
        self.set(&entry, K::NAME, Some(Any::from(name)));
        Ok(())
    }

    /// Gives something another colour, or none.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`], [`ChangeError::Invalid`].
    pub fn recolor<K: Entry>(&mut self, id: &Id<K>, color: Option<&str>) -> Result<(), ChangeError> {
        if !color.is_none_or(is_color) {
            return Err(ChangeError::Invalid(What::Color));
        }
        let entry = self.entry(id)?;
        self.set(&entry, field::COLOR, color.map(Any::from));
        Ok(())
    }

    /// Moves something among its like.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`].
    pub fn reorder<K: Entry>(&mut self, id: &Id<K>, at: &At<K>) -> Result<(), ChangeError> {
        self.entry(id)?;
        let scope = self.scope::<K>();
        self.order_in(&scope, id, at)
    }

    /// Deletes something. What refers to it shows nothing, and a card in a deleted column is shown at the end of the
    /// first one, until it comes back.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`].
    pub fn delete<K: Entry>(&mut self, id: &Id<K>) -> Result<(), ChangeError> {
        let entry = self.entry(id)?;
        self.stamp_entry(&entry);
        Ok(())
    }

    /// Gets something back. What is not deleted is left alone.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] for what there never was, [`ChangeError::TooMany`].
    pub fn restore<K: Entry>(&mut self, id: &Id<K>) -> Result<(), ChangeError> {
        let entry = self.thing(K::ROOT, K::WHAT, id.as_str())?;
        if is_stamped(self.txn, &entry, field::DEL) {
            let scope = self.scope::<K>();
            self.check_room_in::<K>(&scope)?;
            self.set(&entry, field::DEL, None);
        }
        Ok(())
    }

    /// Says what it means for a card to stand in a column.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`].
    pub fn set_category(&mut self, id: &ColumnId, category: Category) -> Result<(), ChangeError> {
        let column = self.entry(id)?;
        self.set(&column, field::CATEGORY, Some(Any::from(category.as_str())));
        Ok(())
    }

    /// Limits a column, or does not any more.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`], [`ChangeError::Invalid`].
    pub fn set_wip(&mut self, id: &ColumnId, wip: Option<Wip>) -> Result<(), ChangeError> {
        let column = self.entry(id)?;
        if !wip.is_none_or(|wip| (1..=limit::WIP).contains(&wip.limit)) {
            return Err(ChangeError::Invalid(What::Limit));
        }
        let value = wip.map(|wip| {
            let limit = crate::board::repair::clock(wip.limit);
            Any::from(HashMap::from([
                ("limit".to_owned(), limit),
                ("mode".to_owned(), Any::from(wip.mode.as_str())),
            ]))
        });
        self.set(&column, field::WIP, value);
        Ok(())
    }

    /// Checks that something is there and not deleted.
    pub(super) fn check_entry<K: Entry>(&self, id: &Id<K>) -> Result<(), ChangeError> {
        let entry = self.thing(K::ROOT, K::WHAT, id.as_str())?;
        if is_stamped(self.txn, &entry, field::DEL) {
            return Err(not_found(K::WHAT, id.as_str()));
        }
        Ok(())
    }

    /// An entry that is not deleted, to write into: its list is noted.
    pub(super) fn entry<K: Entry>(&mut self, id: &Id<K>) -> Result<MapRef, ChangeError> {
        self.check_entry(id)?;
        self.touched.lists.insert(K::ROOT);
        self.thing(K::ROOT, K::WHAT, id.as_str())
    }

    /// The list that a `K` stands in, to write into: it is noted.
    fn scope<K: Entry>(&mut self) -> Scope {
        self.touched.lists.insert(K::ROOT);
        Scope {
            list: self.txn.get_or_insert_map(K::ROOT),
            name: K::NAME,
            what: K::WHAT,
            limit: K::LIMIT,
        }
    }

    fn create<K: Entry>(&mut self, new: &NewEntry<K>) -> Result<MapRef, ChangeError> {
        let scope = self.scope::<K>();
        self.create_in(&scope, new)
    }

    pub(super) fn create_in<K>(&mut self, scope: &Scope, new: &NewEntry<K>) -> Result<MapRef, ChangeError> {
        check_new(new, scope.what)?;
        if scope.list.contains_key(self.txn, new.id.as_str()) {
            return Err(ChangeError::Exists {
                what: scope.what,
                id: new.id.as_str().to_owned(),
            });
        }
        let all = scope.limit * limit::DELETED_ENTRIES;
        if scope.list.len(self.txn) as usize >= all {
            return Err(too_many(scope.what, all));
        }
        self.check_room_in::<K>(scope)?;
        let (others, _) = self.entries::<K>(scope);
        position(&others, &new.at, scope.what)?;
        let entry = scope.list.insert(self.txn, new.id.as_str(), MapPrelim::default());
        entry.insert(self.txn, scope.name, new.name.as_str());
        if let Some(color) = &new.color {
            entry.insert(self.txn, field::COLOR, color.as_str());
        }
        self.order_in(scope, &new.id, &new.at)?;
        Ok(entry)
    }

    pub(super) fn order_in<K>(&mut self, scope: &Scope, id: &Id<K>, at: &At<K>) -> Result<(), ChangeError> {
        let (mut list, mut keys) = self.entries::<K>(scope);
        if let Some(old) = list.iter().position(|other| other == id) {
            list.remove(old);
            keys.remove(old);
        }
        let from = position(&list, at, scope.what)?;
        list.insert(from, id.clone());
        keys.insert(from, None);
        for (at, key) in keys_at(&keys, from, 1, self.hand.dice) {
            let entry = list
                .get(at)
                .and_then(|id| map(self.txn, &scope.list, id.as_str()));
            if let Some(entry) = entry {
                self.set(&entry, field::POS, Some(Any::from(key.as_str())));
            }
        }
        Ok(())
    }

    /// The entries that are not deleted, in order, and their keys.
    fn entries<K>(&self, scope: &Scope) -> (Vec<Id<K>>, Vec<Option<OrderKey>>) {
        let all = scope.list.iter(self.txn).filter_map(|(id, _)| {
            let found = map(self.txn, &scope.list, id)?;
            Some((Id::parse(id).ok()?, entry(self.txn, &found, scope.name)))
        });
        let all: std::collections::BTreeMap<Id<K>, RawEntry> = all.collect();
        let live = ordered(&all, |entry| {
            entry.deleted.is_none().then_some(entry.key.as_ref())
        });
        live.into_iter()
            .map(|(id, entry)| (id.clone(), entry.key.clone()))
            .unzip()
    }

    pub(super) fn check_room_in<K>(&self, scope: &Scope) -> Result<(), ChangeError> {
        if self.entries::<K>(scope).0.len() >= scope.limit {
            return Err(too_many(scope.what, scope.limit));
        }
        Ok(())
    }

    pub(super) fn stamp_entry(&mut self, entry: &MapRef) {
        if !is_stamped(self.txn, entry, field::DEL) {
            let stamp = self.stamp();
            self.set(entry, field::DEL, Some(stamp));
        }
    }
}

/// Checks name and colour of something that is to be.
pub(super) fn check_new<K>(new: &NewEntry<K>, what: What) -> Result<(), ChangeError> {
    fits(&new.name, what, limit::NAME_CHARS)?;
    if !new.color.as_deref().is_none_or(is_color) {
        return Err(ChangeError::Invalid(What::Color));
    }
    Ok(())
}

/// A list of named things.
pub(super) struct Scope {
    pub(super) list: MapRef,
    pub(super) name: &'static str,
    pub(super) what: What,
    pub(super) limit: usize,
}
