//! What two Weft peers must agree on: bytes in, values out.
//!
//! Nothing here does I/O, reads a clock, spawns a task or logs; everything is a pure function of its input, bounded
//! by the length of that input, and never panics whatever the bytes.

pub mod awareness;
pub mod board;
pub mod close;
pub mod copy;
pub mod gate;
pub mod hocuspocus;
pub mod id;
pub mod lib0;
pub mod renewal;
pub mod scan;
pub mod sync;
pub mod teardown;
pub mod ywebsocket;
