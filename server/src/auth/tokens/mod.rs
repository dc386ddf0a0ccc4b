//! Every kind of token that the server itself makes and reads.
