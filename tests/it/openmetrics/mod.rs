//! OpenMetrics input: what is accepted, and what it is converted to.

mod corpus;
mod cut;
mod generate;
mod oracle;
mod servers;
