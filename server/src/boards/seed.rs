//! What a board begins with, kept until it is opened for the first time.
//!
//! Invariant: a seed can be planted on an empty board, whatever version of Weft wrote it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weft_protocol::board::moment::Moment;
use weft_protocol::board::plan::Plan;
use weft_protocol::board::raw::Stamp;
use weft_protocol::board::{Editor, UserId};

use super::templates;
use crate::content::{self, Limits};
use crate::rooms::EditError;
