//! The descriptions of cards, for those that write rich text.

use yrs::{Map, TransactionMut, XmlFragmentPrelim, XmlFragmentRef};

use super::{ChangeError, Editor};
use crate::board::id::CardId;
use crate::board::raw;
use crate::board::schema::field;

impl<'t> Editor<'_, 't> {
    /// The description of a card, and the transaction to write it in. It is made if there is none.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`].
    pub fn description(
        &mut self,
        id: &CardId,
    ) -> Result<(&mut TransactionMut<'t>, XmlFragmentRef), ChangeError> {
        let card = self.card(id)?;
        self.touched.descriptions.insert(id.clone());
        let fragment = match raw::description(self.txn, id) {
            Some(fragment) => fragment,
            None => card.insert(self.txn, field::DESC, XmlFragmentPrelim::default()),
        };
        Ok((self.txn, fragment))
    }
}
