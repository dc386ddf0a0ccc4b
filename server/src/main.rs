//! The `weft` binary: chooses the allocator and hands over to the command line.

use std::process::ExitCode;

/// Gives memory back to the system when documents leave, which the default allocator seldom does.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    weft_server::cli::main()
}
