//! What maintainers run: `cargo xtask --help`.

fn main() {}
