//! Hand-made attacks, one by one.
