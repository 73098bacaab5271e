//! pushgw.
mod vectors;
