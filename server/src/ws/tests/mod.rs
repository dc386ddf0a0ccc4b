//! Sockets against real rooms, a real database and real time.

mod hocuspocus;
mod rights;
mod sockets;
mod world;
