//! OpenMetrics input: what is accepted, and what it is converted to.

mod cli;
