//! Makes the embedding of the page follow the page: it is rebuilt when `web/dist` changes.

fn main() {
    let dist = std::path::Path::new("../web/dist");
    // A watched path that does not exist would make every build a rebuild, so there is always a directory.
    let _ = std::fs::create_dir_all(dist);
    println!("cargo::rerun-if-changed={}", dist.display());
}
