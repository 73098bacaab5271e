//! pushgw.
fn main() {}
