//! OpenMetrics input: what is accepted, and what it is converted to.

mod cli;
mod corpus;
mod cut;
mod generate;
mod oracle;
mod servers;
