//! What the HTTP face promises, asked over real sockets.
