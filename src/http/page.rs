//! Finds the title of an HTML page, which is usually the most useful part of an error page.

/// Maximum length of a title, in characters.
const MAX_TITLE: usize = 120;

/// HTML entities that are common in the titles of error pages, and their replacements.
const ENTITIES: [(&str, &str); 6] =
    [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];

/// Returns the page's title or first `<h1>` heading as one line, or an empty string if it has neither.
pub(crate) fn title(page: &str) -> String {
    let title = element(page, "title").or_else(|| element(page, "h1")).unwrap_or_default();
    title.chars().take(MAX_TITLE).collect()
}

pub(crate) fn page_name(title: &str) -> String {
    if title.is_empty() { "an HTML page".to_owned() } else { format!("the HTML page `{title}`") }
}

/// Returns true if the text starts like an HTML page, whatever its media type is.
pub(super) fn is_page(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(14).collect();
    let start = start.to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// Returns the text of the first element with this name, or `None` if there is no text.
fn element(page: &str, name: &str) -> Option<String> {
    // Lowercasing ASCII does not change the length, so positions in `lower` are also valid in `page`.
    let lower = page.to_ascii_lowercase();
    let start = lower.find(&format!("<{name}"))?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find(&format!("</{name}"))?;
    let mut text = String::new();
    for part in page[start..end].split('<') {
        // The text before a `>` belongs to a nested tag.
        text.push_str(part.split_once('>').map_or(part, |(_, after)| after));
    }
    for (entity, meaning) in ENTITIES {
        text = text.replace(entity, meaning);
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_title() {
        for (page, expected) in [
            ("<html><head><title>403 Access denied</title></head><h1>x</h1>", "403 Access denied"),
            ("<TITLE lang=en>\n  Sign in &amp;\n go </TITLE>", "Sign in & go"),
            ("<title></title><body><h1><b>502</b> Bad Gateway</h1>", "502 Bad Gateway"),
            ("<title>never closed", ""),
            ("<title", ""),
            ("", ""),
            ("\u{130}<title>\u{130}</title>", "\u{130}"),
        ] {
            assert_eq!(title(page), expected, "{page}");
        }
        assert_eq!(title(&format!("<title>{}</title>", "x".repeat(1000))).len(), MAX_TITLE);
    }

    #[test]
    fn a_page_is_recognized_without_its_media_type() {
        for (text, expected) in [
            ("\n<!DOCTYPE HTML PUBLIC>", true),
            ("<html>", true),
            ("<a>", false),
            ("a 1", false),
            ("", false),
        ] {
            assert_eq!(is_page(text), expected, "{text}");
        }
    }
}
