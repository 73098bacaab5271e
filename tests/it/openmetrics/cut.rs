//! Tests that truncated text, caused for example by a full disk or a killed producer, is rejected. Without `# EOF`,
//! OpenMetrics looks like the Prometheus format, so `--format auto` must not silently change its meaning.

use super::corpus::{Converted, cases, client_rust, convert, convert_with};
use super::generate;
use crate::support::Random;
use pushgw::exposition::model::read_families;
use pushgw::exposition::{CheckOptions, TextFormat};

/// Returns texts that have samples, because empty text is rejected for another reason.
fn texts() -> Vec<Vec<u8>> {
    let mut random = Random::with_seed(1);
    let generated = (0..6).map(|_| generate::text(&mut random, false));
    let cases = cases().into_iter().filter(|case| case.is_valid() && case.text.len() < 300);
    cases
        .step_by(4)
        .map(|case| case.text.into_bytes())
        .chain([client_rust().into_bytes()])
        .chain(generated)
        .collect()
}

/// Returns the length of the text without its last newline.
fn end(text: &[u8]) -> usize {
    text.trim_ascii_end().len()
}

#[test]
fn truncated_text_is_rejected() {
    for text in texts() {
        for at in 0..end(&text) {
            assert_eq!(convert(&text[..at]).text, None, "{}", text[..at].escape_ascii());
        }
        assert!(convert(&text[..end(&text)]).text.is_some(), "{}", text.escape_ascii());
    }
}

/// Returns the text that `pushgw push --strip-timestamps` would send.
fn push(text: &[u8], format: TextFormat) -> Converted {
    convert_with(text, &CheckOptions { format, strip_timestamps: true, ..CheckOptions::PLAIN })
}

/// If truncated text is silently accepted as the Prometheus format, it must have the same meaning in both formats.
#[test]
fn truncated_text_does_not_silently_change_its_meaning() {
    let mut silent = 0;
    for text in texts() {
        for at in 0..end(&text) {
            let cut = &text[..at];
            let output = push(cut, TextFormat::Auto);
            let Some(text) = output.text.filter(|_| output.diagnostics.is_empty()) else { continue };
            silent += 1;
            let complete = push(&[cut, b"# EOF\n"].concat(), TextFormat::Openmetrics);
            let meaning = |text: String| read_families(text.as_bytes());
            assert_eq!(complete.text.map(meaning), Some(meaning(text)), "{}", cut.escape_ascii());
        }
    }
    assert!(silent > 0, "no text was accepted");
}
