//! Reads the HELP and TYPE lines of a text.

use super::kind::Kind;
use crate::exposition::family::{FamilyTable, Suffix};
use crate::exposition::text::lines;
use crate::exposition::text::scan::Line;
use crate::exposition::text::token::{Token, resolve_escapes};
use std::borrow::Cow;

/// What is known about a family, apart from its samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FamilyMetadata<'a> {
    pub name: Cow<'a, [u8]>,
    pub kind: Kind,
    pub help: Cow<'a, [u8]>,
}

/// The families of a text, with the type and the HELP text of each.
#[derive(Debug)]
pub(super) struct MetadataTable<'a> {
    text: &'a [u8],
    pub(super) families: FamilyTable<'a>,
    /// Indexed by family number.
    pub(super) metadata: Vec<FamilyMetadata<'a>>,
}

impl<'a> MetadataTable<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, families: FamilyTable::new(text), metadata: Vec::new() }
    }

    /// Returns the number of the family with this name, or of which this is the name of a part.
    pub(super) fn family(&mut self, name: &Token<'a>) -> (usize, Suffix) {
        let (number, part) = self.families.get_or_add(name);
        if number == self.metadata.len() {
            self.metadata.push(FamilyMetadata { name: name.text(), ..FamilyMetadata::default() });
        }
        (number, part)
    }

    /// Reads a HELP or TYPE line. The first HELP line with text counts, and the first type.
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
