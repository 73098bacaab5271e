//! Tests of OpenMetrics input and its conversion.

mod cli;
mod corpus;
mod cut;
mod generate;
mod oracle;
mod servers;
