//! What the rules of all lines share.

use super::family::FamilyTable;
use super::findings::Findings;
use super::rules::Rules;

/// A text, the rules it is checked against, and what was found so far.
pub(super) struct Context<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) rules: &'a Rules<'a>,
    pub(super) families: FamilyTable<'a>,
    pub(super) findings: Findings,
}
