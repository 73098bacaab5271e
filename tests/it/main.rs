//! pushgw.
