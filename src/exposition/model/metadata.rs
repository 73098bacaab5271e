//! Reads HELP and TYPE lines.

use super::kind::Kind;
use crate::exposition::family::{FamilyTable, Suffix};
use crate::exposition::text::lines;
use crate::exposition::text::scan::Line;
use crate::exposition::text::token::{Token, resolve_escapes};
use std::borrow::Cow;

/// The name, type and HELP text of a family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FamilyMetadata<'a> {
    pub name: Cow<'a, [u8]>,
    pub kind: Kind,
    pub help: Cow<'a, [u8]>,
}

/// The families in the input, with their types and HELP texts.
#[derive(Debug)]
pub(super) struct MetadataTable<'a> {
    text: &'a [u8],
    pub(super) families: FamilyTable<'a>,
    /// The metadata of each family, indexed by family number.
    pub(super) metadata: Vec<FamilyMetadata<'a>>,
}

impl<'a> MetadataTable<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, families: FamilyTable::new(text), metadata: Vec::new() }
    }

    /// Returns the number of the family that a sample with this name belongs to, and the suffix of the sample. Adds the
    /// family if it is new.
    pub(super) fn family(&mut self, name: &Token<'a>) -> (usize, Suffix) {
        let (number, part) = self.families.get_or_add(name);
        if number == self.metadata.len() {
            self.metadata.push(FamilyMetadata { name: name.text(), ..FamilyMetadata::default() });
        }
        (number, part)
    }

    /// Reads a HELP or TYPE line. Only the first non-empty HELP text and the first type of a family are used.
    pub(super) fn read(&mut self, line: &Line<'a>) {
        let (Line::Help(meta) | Line::Type(meta)) = line else { return };
        if meta.ignored {
            return;
        }
        let (number, _) = self.family(&meta.name);
        let Some(text) = meta.text.clone() else { return };
        let text = &self.text[text];
        let metadata = &mut self.metadata[number];
        if let Line::Type(_) = line {
            let kind = &mut self.families[number].kind;
            *kind = kind.or_else(|| Kind::parse(&text[..lines::trimmed_len(text)]));
            metadata.kind = kind.unwrap_or_default();
        } else if metadata.help.is_empty() {
            let has_escapes = text.contains(&b'\\');
            metadata.help = if has_escapes { resolve_escapes(text, true).into() } else { text.into() };
        }
    }
}
