//! The sync messages that both protocols carry (message type 0): who has what, and the updates themselves.
//!
//! Invariant: payloads are handed on as the bytes that came. They are not looked into here; a state vector or an
//! update goes through [`crate::scan`] before anything else may read it.

use crate::lib0::{DecodeError, Reader, buffer_len, write_buffer};

const STEP_ONE: u8 = 0;
const STEP_TWO: u8 = 1;
const UPDATE: u8 = 2;

/// One sync message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncMessage<'a> {
    /// "This is what I have." Always answered with one [`SyncMessage::StepTwo`].
    StepOne {
        /// An encoded state vector.
        state_vector: &'a [u8],
    },
    /// "This is what you lack": the answer to step 1.
    StepTwo {
        /// An update in format v1.
        update: &'a [u8],
    },
    /// An edit.
    Update {
        /// An update in format v1.
        update: &'a [u8],
    },
}

impl<'a> SyncMessage<'a> {
    /// Reads the message behind the message type. What follows it is left alone.
    ///
    /// # Errors
    /// [`DecodeError`] if the kind is unknown or the payload is not all there.
    pub fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let kind = reader.var_uint()?;
        match u8::try_from(kind) {
            Ok(STEP_ONE) => Ok(Self::StepOne {
                state_vector: reader.buffer()?,
            }),
            Ok(STEP_TWO) => Ok(Self::StepTwo {
                update: reader.buffer()?,
            }),
            Ok(UPDATE) => Ok(Self::Update {
                update: reader.buffer()?,
            }),
            _ => Err(DecodeError::UnknownSyncMessage { kind }),
        }
    }

    /// The number of bytes that [`SyncMessage::encode`] appends.
    pub fn encoded_len(&self) -> usize {
        1 + buffer_len(self.parts().1.len())
    }

    /// Appends the message as it stands behind the message type.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let (kind, payload) = self.parts();
        out.push(kind);
        write_buffer(out, payload);
    }

    fn parts(&self) -> (u8, &'a [u8]) {
        match *self {
            Self::StepOne { state_vector } => (STEP_ONE, state_vector),
            Self::StepTwo { update } => (STEP_TWO, update),
            Self::Update { update } => (UPDATE, update),
        }
    }
}
