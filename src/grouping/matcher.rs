//! Matchers select groups by their labels, as in a Prometheus query. A missing label counts as empty, and a
//! regular expression must match the whole value.
//!
//! The syntax follows amtool, which is designed for use in a shell. Names and values can be bare (`job=x`) or
//! quoted as in a query (`job="x"`). Inside quotes, `\\`, `\"`, `\n`, `\r` and `\t` are escapes, and so are
//! those that are printed for invisible characters (see `printed_escape`). Any other backslash is literal, so
//! that `job=~"db\d+"` needs no double backslash. A value that starts with a quote must be quoted. All other
//! characters in a bare value are literal, including spaces and commas.
//!
//! Regular expressions use RE2 syntax, as in Prometheus, and run on the `regex` crate, which is based on RE2.
//! Syntax that the crate treats differently is rewritten (see `re2`). Three differences remain: octal escapes
//! (`\123`) and `\C` are errors, a repetition may exceed RE2's limit of 1000, and `(?x)` is accepted.

use super::label::{Label, LabelSet};
use super::names::LegacyName;
use regex::Regex;
use std::str::FromStr;

#[derive(Clone, Debug)]
pub struct Matcher {
    name: String,
    condition: Condition,
}

#[derive(Clone, Debug)]
enum Condition {
    Equal(String),
    NotEqual(String),
    Regex(Regex),
    NotRegex(Regex),
}

impl Matcher {
    pub fn equal(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), condition: Condition::Equal(value.into()) }
    }

    pub fn matches(&self, labels: &LabelSet) -> bool {
        self.matches_value(labels.get(&self.name).unwrap_or_default())
    }

    /// Returns the matcher that the user probably meant if this one matches no group, and the reason.
    pub fn meant(&self) -> Option<(String, &'static str)> {
        let name = &self.name;
        match &self.condition {
            Condition::Equal(value) => meant_by_equal(name, value),
            Condition::Regex(regex) => {
                let pattern = pattern(regex)?;
                let is_glob = pattern.strip_suffix('*').is_some_and(|stem| literal(stem) == stem);
                if is_glob && pattern.len() > 1 {
                    return Some((format!("{name}=~{}.*", pattern.trim_end_matches('*')), WILDCARD));
                }
                // The values of other labels can be paths.
                let text = if name == "job" { pattern.trim_matches('/') } else { pattern };
                if literal(pattern) == pattern && pattern.contains(',') {
                    let meant = format!("{name}=~{}", pattern.replace(',', "|"));
                    return Some((meant, "alternatives are separated by `|`"));
                }
                (literal(pattern) == pattern && !text.is_empty()).then(|| {
                    (format!("{name}=~.*{text}.*"), "a regular expression must match the whole value")
                })
            }
            _ => None,
        }
    }

    /// Returns true if this is `job=""` or `job=~""`, which no group matches.
    pub fn requires_no_job(&self) -> bool {
        self.compares_job_with_empty() && self.matches_empty()
    }

    /// Returns a matcher for either value if the matchers require different values of the same label.
    pub fn either(&self, other: &Self) -> Option<(String, &'static str)> {
        let (one, another) = (self.only_value()?, other.only_value()?);
        (self.name == other.name && one != another)
            .then(|| (format!("{}=~{one}|{another}", self.name), "a label has only one value"))
    }

    /// Returns the regular expression for the only value that matches.
    fn only_value(&self) -> Option<String> {
        match &self.condition {
            Condition::Equal(value) => Some(literal(value)),
            Condition::Regex(regex) => {
                pattern(regex).filter(|text| literal(text) == *text).map(str::to_owned)
            }
            _ => None,
        }
    }

    /// Returns true if the matcher matches an empty or missing label. If all matchers do, the selection
    /// includes groups that lack the labels.
    pub fn matches_empty(&self) -> bool {
        self.matches_value("")
    }

    /// Returns true if this is `job!=""` or `job!~""`, which every group matches.
    pub fn requires_any_job(&self) -> bool {
        self.compares_job_with_empty() && !self.matches_empty()
    }

    fn compares_job_with_empty(&self) -> bool {
        self.name == "job"
            && match &self.condition {
                Condition::Equal(value) | Condition::NotEqual(value) => value.is_empty(),
                Condition::Regex(regex) | Condition::NotRegex(regex) => regex.as_str() == "^(?s:)$",
            }
    }

    fn matches_value(&self, value: &str) -> bool {
        match &self.condition {
            Condition::Equal(wanted) => value == wanted,
            Condition::NotEqual(unwanted) => value != unwanted,
            Condition::Regex(wanted) => wanted.is_match(value),
            Condition::NotRegex(unwanted) => !unwanted.is_match(value),
        }
    }
}

/// Returns the pattern that was typed, without the anchors.
fn pattern(regex: &Regex) -> Option<&str> {
    regex.as_str().strip_prefix("^(?s:")?.strip_suffix(")$")
}

/// Returns a regular expression for this text. A hyphen is special only in a class.
fn literal(text: &str) -> String {
    regex::escape(text).replace("\\-", "-")
}

const WILDCARD: &str = "`*` and `?` are not wildcards";

/// Returns the matcher that was probably meant by `name=value`, and the reason.
fn meant_by_equal(name: &str, value: &str) -> Option<(String, &'static str)> {
    let typed = format!("{name}={value}");
    let any_of = |values: Option<Vec<&str>>| {
        let values = values?.into_iter().map(str::trim).collect::<Vec<_>>();
        let is_list = values.len() > 1 && values.iter().all(|value| !value.is_empty());
        let pattern = values.into_iter().map(literal).collect::<Vec<_>>().join("|");
        is_list.then(|| (format!("{name}=~{pattern}"), "a label has only one value"))
    };
    let (alternatives, start) = (typed.replace("||", " or "), format!("{name}="));
    let alternatives = alternatives.split(" or ").map(|part| part.trim().strip_prefix(&*start));
    if let Some(meant) = any_of(alternatives.collect()) {
        return Some(meant);
    }
    if let Some(meant) = in_braces(&typed) {
        return Some((meant, "several matchers in one argument need braces"));
    }
    let class = value.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    // An IPv6 address is in brackets, too.
    let has_class = class.is_some_and(|(inside, _)| !inside.contains(':'));
    let has_tilde = value.starts_with('~') && !value.starts_with("~/");
    let has_anchor = value.starts_with('^') || value.len() > 1 && value.ends_with('$');
    if has_tilde || has_class || has_anchor || [".*", ".+", "|"].iter().any(|part| value.contains(part)) {
        // An empty alternative would also match groups that lack the label.
        let pattern = value.trim_start_matches('~').replace("||", "|");
        let meant = format!("{name}=~{}", pattern.trim_matches('|'));
        return meant.parse::<Matcher>().is_ok().then_some((meant, "a regular expression needs `=~`"));
    }
    if value.contains(['*', '?']) {
        let pattern = literal(value).replace("\\*", ".*").replace("\\?", ".");
        return Some((format!("{name}=~{pattern}"), WILDCARD));
    }
    if name != "job" && ["job", "jobs", "jobname", "job_name"].contains(&&*name.to_ascii_lowercase()) {
        return Some((format!("job={value}"), "the label for the job is `job`"));
    }
    if let Some(meant) = any_of(Some(value.split(',').collect())).filter(|_| name == "job") {
        return Some(meant);
    }
    if value.contains('{') {
        return None;
    }
    let trimmed = value.trim_matches(|c: char| c.is_whitespace() || "“”„‘’«»\"'},;".contains(c));
    (trimmed != value && !trimmed.is_empty()).then(|| {
        let meant = Label::new(name, trimmed).matcher();
        (meant, "the value starts or ends with a space, quote, brace or comma")
    })
}

/// Returns several matchers with another separator, such as `a=b;c=d`, as they were meant: in braces.
fn in_braces(text: &str) -> Option<String> {
    let text = text.replace(['“', '”', '„'], "\"");
    [",", ";", "&&", "&", " and ", " AND ", " ", "/"].iter().find_map(|separator| {
        let parts: Vec<&str> = text.split(separator).map(str::trim).collect();
        let meant = format!("{{{}}}", parts.join(","));
        let count = parse_matchers(&meant).map_or(0, |matchers| matchers.len());
        (parts.len() > 1 && count >= parts.len()).then_some(meant)
    })
}

/// Parses an argument that contains one matcher, or several in braces, as in the output of `list`.
///
/// # Errors
///
/// Returns the [`MatcherError`] of the first invalid matcher.
pub fn parse_matchers(argument: &str) -> Result<Vec<Matcher>, MatcherError> {
    let text = argument.trim();
    let Some(mut rest) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
        return Ok(vec![argument.parse()?]);
    };
    let mut matchers = Vec::new();
    while !rest.trim().is_empty() {
        let (matcher, after) = rest.split_at(end_of_matcher(rest));
        matchers.push(matcher.parse()?);
        rest = after.strip_prefix(',').unwrap_or_default();
    }
    if matchers.is_empty() {
        return Err(MatcherError::NoName { argument: argument.to_owned() });
    }
    Ok(matchers)
}

/// Returns the position of the first unquoted comma, or the end of the text.
fn end_of_matcher(text: &str) -> usize {
    let (mut quote, mut is_escaped) = (None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, ',') => return at,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open && !is_escaped => quote = None,
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    text.len()
}

impl FromStr for Matcher {
    type Err = MatcherError;

    fn from_str(argument: &str) -> Result<Self, MatcherError> {
        let (name, rest) = name(argument)?;
        let is_spaced = argument[..argument.len() - rest.len()].ends_with(char::is_whitespace);
        let operators = ["=~", "!~", "!=", "="];
        let found = operators.iter().find_map(|op| Some((*op, rest.strip_prefix(op)?)));
        let Some((operator, rest)) = found else {
            return Err(MatcherError::NoOperator { argument: argument.to_owned() });
        };
        // `==` is probably meant as `=`, as in many languages. A value that starts with `=`, `!` or `~` can be quoted.
        let meant = match (operator, rest.bytes().next()) {
            ("=" | "!=", Some(b'=')) | ("=~" | "!~", Some(b'~')) => Some(operator),
            ("=", Some(b'!')) => Some(if rest.starts_with("!~") { "!~" } else { "!=" }),
            ("!=", Some(b'~')) => Some("!~"),
            _ => None,
        };
        if let Some(meant) = meant {
            let typed_name = argument[..argument.len() - operator.len() - rest.len()].trim();
            let value = rest.trim_start_matches(['=', '!', '~']).trim_start();
            let meant = format!("{typed_name}{meant}{value}");
            return Err(MatcherError::Operator { argument: argument.to_owned(), meant });
        }
        // Spaces around the operator are ignored, as in a query.
        let value = value(argument, if is_spaced { rest.trim_start() } else { rest })?;
        let condition = match operator {
            "=~" => Condition::Regex(anchored(&value)?),
            "!~" => Condition::NotRegex(anchored(&value)?),
            "!=" => Condition::NotEqual(value),
            _ => Condition::Equal(value),
        };
        Ok(Self { name, condition })
    }
}

/// Splits off the label name. The rest starts with the operator.
fn name(argument: &str) -> Result<(String, &str), MatcherError> {
    let text = argument.trim_start();
    let (name, rest) = if text.starts_with(['"', '\'']) {
        let (name, rest) = quoted(argument, text)?;
        (name, rest.trim_start())
    } else {
        let end = text.find(['=', '!']).unwrap_or(text.len());
        let name = text[..end].trim_end();
        if name.contains(['{', '}', ',', '"', '\'']) {
            return Err(MatcherError::NotOne { argument: argument.to_owned() });
        }
        if let Some(stem) = name.strip_suffix(['~', '<', '>', ':'])
            && !stem.is_empty()
            && let Some(value) = text[end..].strip_prefix('=')
        {
            let operator = if name.ends_with('~') { "=~" } else { "=" };
            let value = value.trim_start_matches(['=', '~']).trim_start();
            let meant = format!("{}{operator}{value}", stem.trim_end());
            return Err(MatcherError::Operator { argument: argument.to_owned(), meant });
        }
        if end < text.len() && !is_bare_name(name) {
            let meant = format!("\"{name}\"{}", &text[end..]);
            let (argument, name) = (argument.to_owned(), name.to_owned());
            return Err(MatcherError::BareName { argument, name, meant });
        }
        (name.to_owned(), &text[end..])
    };
    if name.is_empty() {
        return Err(MatcherError::NoName { argument: argument.to_owned() });
    }
    Ok((name, rest))
}

/// Returns true if a matcher needs no quotes around this name. A gateway with UTF-8 names accepts every name, but
/// others are more likely mistakes.
pub fn is_bare_name(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || "_.".contains(c))
}

fn value(argument: &str, rest: &str) -> Result<String, MatcherError> {
    if !rest.trim_start().starts_with(['"', '\'']) {
        return Ok(rest.to_owned());
    }
    let (value, after) = quoted(argument, rest.trim_start())?;
    if after.trim().is_empty() {
        Ok(value)
    } else {
        Err(MatcherError::NotOne { argument: argument.to_owned() })
    }
}

/// Reads the quoted string at the start of `text`. Returns its content and the text after it.
fn quoted<'a>(argument: &str, text: &'a str) -> Result<(String, &'a str), MatcherError> {
    let mut chars = text.chars();
    let quote = chars.next();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        match c {
            _ if Some(c) == quote => return Ok((out, chars.as_str())),
            '\\' => match (printed_escape(&out, chars.as_str()), chars.next()) {
                (Some((c, after)), _) => {
                    out.push(c);
                    chars = after.chars();
                }
                (_, Some('n')) => out.push('\n'),
                (_, Some('r')) => out.push('\r'),
                (_, Some('t')) => out.push('\t'),
                (_, Some(c @ ('\\' | '"' | '\''))) => out.push(c),
                (_, Some(c)) => out.extend(['\\', c]),
                (_, None) => break,
            },
            _ => out.push(c),
        }
    }
    Err(MatcherError::Unclosed { argument: argument.to_owned() })
}

/// Decodes the escape after a backslash if it is one that `output::sanitize` or `list` prints in a label:
/// `\x1b`, `\u{200b}`, `\u001b`, or the bracket in `##\x5b`. Returns the character and the text after it.
fn printed_escape<'a>(before: &str, text: &'a str) -> Option<(char, &'a str)> {
    let (digits, after) = match text.strip_prefix("u{") {
        Some(text) => text.split_once('}')?,
        None if text.starts_with('x') => text[1..].split_at_checked(2)?,
        None => text.strip_prefix('u')?.split_at_checked(4)?,
    };
    let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
    let is_printed = !c.is_ascii() || c.is_ascii_control() || c == '[' && before.ends_with("##");
    is_printed.then_some((c, after))
}

/// Compiles a pattern as Prometheus 3 does (`model/labels/regexp.go`): anchored at both ends, with a dot that
/// matches line breaks. In Prometheus 2, it does not match them.
fn anchored(pattern: &str) -> Result<Regex, MatcherError> {
    let error = |error: regex::Error| MatcherError::Regex {
        pattern: pattern.to_owned(),
        // The last line of the crate's message contains the reason. The lines before it show the pattern.
        reason: error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    };
    let rewritten = re2(pattern);
    // Compile the pattern alone first: `a)|(b` is invalid, but would be valid inside our parentheses.
    Regex::new(&rewritten).map_err(error)?;
    Regex::new(&format!("^(?s:{rewritten})$")).map_err(error)
}

/// Rewrites a pattern so that the `regex` crate interprets it like RE2. `\d`, `\s`, `\w`, `\b` and `\B` are
/// limited to ASCII, and `\Q...\E` quotes. A brace that does not start a repetition is literal, and so are
/// `[`, `&&`, `--` and `~~` inside a class (Go's `regexp/syntax`, tested with Prometheus 2.42).
fn re2(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let mut after = &rest[c.len_utf8()..];
        match c {
            '\\' if after.starts_with('Q') && !in_class => {
                let (text, end) = after[1..].split_once("\\E").unwrap_or((&after[1..], ""));
                out.push_str(&regex::escape(text));
                after = end;
            }
            '\\' => after = escape(&mut out, after),
            '[' if !in_class => {
                in_class = true;
                let negation = if after.starts_with('^') { "^" } else { "" };
                out.extend(["[", negation]);
                after = &after[negation.len()..];
                // These characters are literal at the start of a class.
                if let Some(first @ (']' | '-')) = after.chars().next() {
                    out.extend(['\\', first]);
                    after = &after[1..];
                }
            }
            '[' if after.starts_with(':') && after.contains(":]") => {
                let (name, end) = after.split_once(":]").unwrap_or((after, ""));
                out.extend(["[", name, ":]"]);
                after = end;
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '[' | '&' | '~' => out.extend(['\\', c]),
            // This range ends with a hyphen. The crate would parse two hyphens as a class difference.
            '-' if in_class && after.starts_with('-') => {
                out.push_str("-\\-");
                after = &after[1..];
            }
            '{' if !in_class && !is_repetition(after) => out.push_str("\\{"),
            c => out.push(c),
        }
        rest = after;
    }
    out
}

/// Writes the escape whose backslash precedes `after`. Returns the text after the escape. In a class, the
/// crate treats a nested `[0-9]` as part of that class.
fn escape<'a>(out: &mut String, after: &'a str) -> &'a str {
    let Some(c) = after.chars().next() else {
        out.push('\\');
        return after;
    };
    match c {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        's' => out.push_str(r"[\t\n\f\r ]"),
        'S' => out.push_str(r"[^\t\n\f\r ]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        'b' | 'B' => out.extend(["(?-u:\\", &after[..1], ")"]),
        c => out.extend(['\\', c]),
    }
    let after = &after[c.len_utf8()..];
    // The braces of `\p{Greek}`, `\x{10FFFF}` and `\u{200b}` neither start a repetition nor are literal.
    let has_braces = matches!(c, 'p' | 'P' | 'x' | 'u');
    match after.strip_prefix('{').filter(|_| has_braces).and_then(|text| text.find('}')) {
        Some(at) => {
            out.push_str(&after[..at + 2]);
            &after[at + 2..]
        }
        None => after,
    }
}

/// Returns true if the text after an opening brace is `3}`, `3,}` or `3,5}`.
fn is_repetition(after: &str) -> bool {
    let Some((inside, _)) = after.split_once('}') else { return false };
    let (low, high) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !low.is_empty() && digits(low) && digits(high)
}

const FORMS: &str = "write NAME=VALUE, NAME!=VALUE, NAME=~REGEX or NAME!~REGEX";

/// An error for an argument that is not a valid matcher.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatcherError {
    #[error("`{argument}` is not a matcher: {FORMS}")]
    NoOperator { argument: String },
    #[error("`{argument}` has an unknown operator")]
    Operator { argument: String, meant: String },
    #[error("`{name}` is not a valid label name; if the gateway has UTF-8 names, quote it")]
    BareName { argument: String, name: String, meant: String },
    #[error("`{argument}` has no label name: {FORMS}")]
    NoName { argument: String },
    /// The argument contains braces or commas, so it is a whole selector instead of one matcher.
    #[error("`{argument}` {}", not_one(.argument))]
    NotOne { argument: String },
    #[error("`{argument}` has an unclosed quote")]
    Unclosed { argument: String },
    #[error("`{pattern}` is not a valid regular expression: {reason}")]
    Regex { pattern: String, reason: String },
}

impl MatcherError {
    /// Returns what was probably meant by an argument that caused this error.
    pub fn meant(&self, typed: &str) -> Option<String> {
        let mut meant = self.corrected(typed)?;
        // There may be more than one mistake, such as in `{a==x,b==y}`.
        for _ in 0..9 {
            let Err(error) = parse_matchers(&meant) else { return Some(meant) };
            meant = error.corrected(&meant)?;
        }
        None
    }

    /// Corrects this mistake. There may be others.
    fn corrected(&self, typed: &str) -> Option<String> {
        match self {
            Self::Operator { argument, meant } | Self::BareName { argument, meant, .. } => {
                // The same text in another matcher may be a value.
                (typed.matches(&**argument).count() == 1).then(|| typed.replace(&**argument, meant))
            }
            Self::NotOne { .. } => {
                let inside = typed.split_once('{').map_or(typed, |(_metric, inside)| inside);
                let inside = inside.trim_start_matches('{').trim_end_matches([' ', '}', ',', ';']);
                let single = || Some(format!("{{{inside}}}")).filter(|meant| parse_matchers(meant).is_ok());
                in_braces(inside).or_else(single).or_else(|| either(typed))
            }
            _ => None,
        }
    }
}

/// Returns the matcher for `job="x" or job="y"`.
fn either(typed: &str) -> Option<String> {
    let (one, another) = typed.split_once(" or ")?;
    let (one, another): (Matcher, Matcher) = (one.trim().parse().ok()?, another.trim().parse().ok()?);
    one.either(&another).map(|(meant, _)| meant)
}

/// Returns the reason why an argument with braces or commas is invalid.
fn not_one(argument: &str) -> &'static str {
    match argument.trim().split_once('{') {
        Some(("", text)) if !text.contains('}') => "has an unclosed brace",
        Some((name, _)) if LegacyName::Metric.is(name.trim_end().as_bytes()) => {
            "has a metric name, but groups have only labels"
        }
        _ => {
            "is not a single matcher: use --match once for each, or put them all in braces: '{a=\"x\",b=\"y\"}'"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Charset, sanitize};
    use proptest::prelude::*;

    fn labels() -> LabelSet {
        [("job", "db_backup"), ("instance", "a\nb"), ("empty", ""), ("foo.bar", "\"q\", x")]
            .into_iter()
            .collect()
    }

    #[test]
    fn matchers_mean_what_they_mean_in_a_query() {
        let table = [
            ("job=db_backup", true),
            ("job=db", false),
            ("job=\"db_backup\"", true),
            ("job='db_backup'", true),
            (" job = \"db_backup\" ", true),
            ("\"job\"=db_backup", true),
            ("job!=db", true),
            ("job!=db_backup", false),
            ("job=~db", false),
            ("job=~db.*", true),
            ("job=~\"db_b\\w+\"", true),
            ("job=~\"db_b\\\\w+\"", true),
            ("job=~x|db_backup", true),
            ("job=~(?i)DB_backup", true),
            ("job!~db", true),
            ("job!~db.*", false),
            // A dot matches a line break, and `$` matches only at the end of the value.
            ("instance=~a.b", true),
            ("instance=~a", false),
            ("instance=\"a\\nb\"", true),
            // A missing label counts as empty.
            ("missing=", true),
            ("missing=\"\"", true),
            ("missing!=", false),
            ("missing=~.*", true),
            ("missing=~.+", false),
            ("missing!=x", true),
            ("empty=", true),
            ("empty!=", false),
            ("job=~", false),
            // Non-legacy names, and values with quotes, commas and equals signs.
            ("foo.bar=\"\\\"q\\\", x\"", true),
            ("foo.bar='\"q\", x'", true),
            ("\"foo.bar\"=~.+, x", true),
            ("job=~=x", false),
        ];
        for (matcher, expected) in table {
            let parsed: Matcher = matcher.parse().unwrap_or_else(|e| panic!("{matcher}: {e}"));
            assert_eq!(parsed.matches(&labels()), expected, "{matcher}");
        }
    }

    #[test]
    fn regular_expressions_mean_what_re2_means() {
        let table = [
            (r"\d+", "12", true),
            (r"\d+", "٣", false),
            (r"\w+", "é", false),
            (r"[\w-]+", "a-b", true),
            (r"\W", "é", true),
            (r"[\D]", "é", true),
            (r"\s", "\u{a0}", false),
            (r".+\bb.*", "éb", true),
            (r".\B.", "ab", true),
            (r".\B.", "aé", false),
            (r"\B.\B", "é", true),
            (r"\Qa.b|c\E.*", "a.b|cd", true),
            (r"\Qa.b", "axb", false),
            ("a{b}", "a{b}", true),
            ("{", "{", true),
            ("a{2}", "aa", true),
            ("a{1,}", "aaa", true),
            ("a{,2}", "a{,2}", true),
            ("[a&&b]+", "a&b", true),
            ("[[]", "[", true),
            ("a&&b~~--", "a&&b~~--", true),
            ("[]a]+", "]a", true),
            ("[^]a]+", "bc", true),
            ("[~~]", "~", true),
            ("[+--]", ",", true),
            ("[--a]", "5", true),
            ("[a-]", "-", true),
            ("[[:alpha:]_]+", "a_", true),
            (r"\p{Greek}+", "λ", true),
            (r"\x{3bb}", "λ", true),
            ("(?i)É", "é", true),
            ("(?P<n>a)|b", "b", true),
            (r"\[a\]", "[a]", true),
        ];
        for (pattern, value, expected) in table {
            let regex = anchored(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"));
            assert_eq!(regex.is_match(value), expected, "{pattern} {value}");
        }
    }

    #[test]
    fn matches_empty_is_true_for_missing_labels() {
        for matcher in ["a=", "a!=x", "a=~.*", "a=~x|", "a!~.+"] {
            assert!(matcher.parse::<Matcher>().unwrap().matches_empty(), "{matcher}");
        }
        for matcher in ["a=x", "a!=", "a=~.+", "a!~.*", "a!~"] {
            assert!(!matcher.parse::<Matcher>().unwrap().matches_empty(), "{matcher}");
        }
    }

    #[test]
    fn an_argument_that_is_not_a_matcher_is_an_error() {
        let forms = "write NAME=VALUE, NAME!=VALUE, NAME=~REGEX or NAME!~REGEX";
        let table = [
            ("job", format!("`job` is not a matcher: {forms}")),
            ("", format!("`` has no label name: {forms}")),
            ("=x", format!("`=x` has no label name: {forms}")),
            ("\"\"=x", format!("`\"\"=x` has no label name: {forms}")),
            ("job==x", "`job==x` has an unknown operator".into()),
            ("jo*=ci", "`jo*` is not a valid label name; if the gateway has UTF-8 names, quote it".into()),
            ("job!x", format!("`job!x` is not a matcher: {forms}")),
            ("job~x", format!("`job~x` is not a matcher: {forms}")),
            (
                "a=\"x\",b=\"y\"",
                "`a=\"x\",b=\"y\"` is not a single matcher: use --match once for each, or put them all in braces: '{a=\"x\",b=\"y\"}'"
                    .into(),
            ),
            ("a=\"x", "`a=\"x` has an unclosed quote".into()),
            ("a=\"x\\", "`a=\"x\\` has an unclosed quote".into()),
            ("a=~(", "`(` is not a valid regular expression: unclosed group".into()),
            ("a=~x)|(y", "`x)|(y` is not a valid regular expression: unopened group".into()),
            ("{a=\"x\"", "`{a=\"x\"` has an unclosed brace".into()),
            ("up{a=\"x\"}", "`up{a=\"x\"}` has a metric name, but groups have only labels".into()),
            ("a=~*", "`*` is not a valid regular expression: repetition operator missing expression".into()),
        ];
        for (matcher, expected) in table {
            assert_eq!(matcher.parse::<Matcher>().unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn braces_contain_several_matchers() {
        for (argument, amount) in [
            ("{job=\"db_backup\",instance=\"a\\nb\"}", 2),
            ("{job=db_backup}", 1),
            (" { job = \"db_backup\" , foo.bar=\"\\\"q\\\", x\" , } ", 2),
            ("job=db_backup", 1),
        ] {
            let matchers = parse_matchers(argument).unwrap_or_else(|error| panic!("{argument}: {error}"));
            assert_eq!(matchers.len(), amount, "{argument}");
            assert!(matchers.iter().all(|matcher| matcher.matches(&labels())), "{argument}");
        }
        for argument in ["{}", "{job}", "{job=\"x\"", "{job=\"x\",,a=b}", "{a=\"b,c=d}"] {
            assert!(parse_matchers(argument).is_err(), "{argument}");
        }
    }

    #[test]
    fn an_argument_that_is_almost_a_matcher_gets_a_suggestion() {
        for (argument, meant) in [
            ("job==x", Some("job=x")),
            ("job!==x", Some("job!=x")),
            ("job!=~x", Some("job!~x")),
            ("job=!~x", Some("job!~x")),
            ("job=!x", Some("job!=x")),
            ("job=~~x", Some("job=~x")),
            ("job!~~x", Some("job!~x")),
            ("job~=ci", Some("job=~ci")),
            ("job ~= ci", Some("job=~ci")),
            ("job:=ci", Some("job=ci")),
            ("jo*==ci", Some("\"jo*\"=ci")),
            ("a-b~=c", Some("\"a-b\"=~c")),
            ("{a==x,b==y}", Some("{a=x,b=y}")),
            ("{x=a==b,a==b}", None),
            ("{\"a b\"==x, team=a}", Some("{\"a b\"=x, team=a}")),
            ("jo*=ci", Some("\"jo*\"=ci")),
            ("a-b=c", Some("\"a-b\"=c")),
            ("{team=a,jo*=~ci}", Some("{team=a,\"jo*\"=~ci}")),
            ("job", None),
            ("{job=\"ci\"", Some("{job=\"ci\"}")),
            ("{job=\"ci\",repo=a", Some("{job=\"ci\",repo=a}")),
            ("up{job=\"ci\"}", Some("{job=\"ci\"}")),
            ("node:up {job=ci, a=b}", Some("{job=ci,a=b}")),
            ("{job=\"ci\"}}", Some("{job=\"ci\"}")),
            ("{{job=\"ci\"}}", Some("{job=\"ci\"}")),
            ("{x=y,job=\"ci\" repo=\"a\"}", Some("{x=y,job=\"ci\",repo=\"a\"}")),
            ("job=\"ci\",repo=\"a\"", Some("{job=\"ci\",repo=\"a\"}")),
            ("job=\"ci\" and repo=\"a\"", Some("{job=\"ci\",repo=\"a\"}")),
            ("job=\"ci\",", Some("{job=\"ci\"}")),
            ("job=\"ci\" or job=\"db\"", Some("job=~ci|db")),
            ("job=\"ci\" or team=\"a\"", None),
            ("sum(up{job=\"ci\"})", None),
            ("job=\"ci\",a", None),
        ] {
            assert_eq!(parse_matchers(argument).unwrap_err().meant(argument).as_deref(), meant, "{argument}");
        }
    }

    #[test]
    fn a_matcher_that_selects_nothing_gets_a_suggestion() {
        for (matcher, meant) in [
            ("job=db_*", Some("job=~db_.*")),
            ("job=a.b?", Some("job=~a\\.b.")),
            ("job=~db_*", Some("job=~db_.*")),
            ("instance=web-*", Some("instance=~web-.*")),
            ("job='~db'", Some("job=~db")),
            ("job='~db.*'", Some("job=~db.*")),
            ("job=~/ci/", Some("job=~.*ci.*")),
            ("path=~/ci/", Some("path=~.*/ci/.*")),
            ("job=~db-1", Some("job=~.*db-1.*")),
            ("job=~ci,db", Some("job=~ci|db")),
            ("job=ci,team=a", Some("{job=ci,team=a}")),
            ("job=ci;team=a", Some("{job=ci,team=a}")),
            ("job=ci and team=a", Some("{job=ci,team=a}")),
            ("job=ci team=\"a\"", Some("{job=ci,team=\"a\"}")),
            ("job=ci.*", Some("job=~ci.*")),
            ("job=ci|db", Some("job=~ci|db")),
            ("job=^ci$", Some("job=~^ci$")),
            ("job=${JOB}", None),
            ("path=\"~/x\"", None),
            ("jobs=ci", Some("job=ci")),
            ("job=ci ", Some("job=ci")),
            ("job=ci}", Some("job=ci")),
            ("job=ci,", Some("job=ci")),
            ("job=“ci”", Some("job=ci")),
            ("job= «a b» ", Some("job=\"a b\"")),
            ("job=“ci”,team=„a“", Some("{job=\"ci\",team=\"a\"}")),
            ("job=ci or job=d.b", Some("job=~ci|d\\.b")),
            ("team=a||team=b || team=c", Some("team=~a|b|c")),
            ("team=a||c", Some("team=~a|c")),
            ("team=x||", Some("team=~x")),
            ("job=ci or team=a", None),
            ("job=ci && team=a", Some("{job=ci,team=a}")),
            ("job=ci/team=a", Some("{job=ci,team=a}")),
            ("instance=web-[12]", Some("instance=~web-[12]")),
            ("instance=[::1]:9100", None),
            ("instance=web-[2-1]", None),
            ("path=/a/b=c", None),
            ("team=job", None),
            ("job=a.b, c", Some("job=~a\\.b|c")),
            ("team=a,b", None),
            ("job=db", None),
            ("job=~db.*", None),
            ("job=~a|b", None),
            ("job!=db*", None),
        ] {
            let found = matcher.parse::<Matcher>().unwrap().meant();
            assert_eq!(found.map(|(meant, _)| meant).as_deref(), meant, "{matcher}");
        }
    }

    #[test]
    fn different_values_of_a_label_get_a_suggestion() {
        for (one, another, meant) in [
            ("job=a.b", "job=c", Some("job=~a\\.b|c")),
            ("job=~a", "job=~b", Some("job=~a|b")),
            ("job=~a", "job=b", Some("job=~a|b")),
            ("job=~a", "job=a", None),
            ("job=~a.*", "job=~.*b", None),
            ("job=a", "team=b", None),
        ] {
            let [one, another] = [one, another].map(|matcher| matcher.parse::<Matcher>().unwrap());
            assert_eq!(one.either(&another).map(|(meant, _)| meant).as_deref(), meant);
        }
    }

    proptest! {
        #[test]
        fn no_argument_causes_a_panic(argument in "\\PC{0,12}|[a=!~\"'\\\\(){},]{0,12}") {
            if let Ok(matcher) = argument.parse::<Matcher>() {
                let _ = matcher.matches(&labels());
            }
        }

        #[test]
        fn no_expression_causes_a_panic(pattern in "[]a\\[\\\\QEdwpb{}x:^&~,1-9é-]{0,16}") {
            let _ = anchored(&pattern);
        }

        #[test]
        fn any_value_can_be_quoted(
            name in "\\PC+|[a-z\\\\\"\u{0}-\u{1f}\u{200b}]+",
            value in "(?s).*|(##\\[|[\\\\ux{0}\u{1b}\u{85}\u{200b}\u{e0001}])*",
        ) {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let matcher: Matcher = format!("a=\"{quoted}\"").parse().unwrap();
            prop_assert!(matcher.matches(&[("a", value.clone())].into_iter().collect()));
            let label = Label::new(name, value);
            let set: LabelSet = [(label.name.clone(), label.value.clone())].into_iter().collect();
            for text in [label.matcher(), set.to_string()] {
                for charset in [Charset::Unicode, Charset::Ascii] {
                    let printed = sanitize::text(&text, charset);
                    prop_assert!(parse_matchers(&printed).unwrap()[0].matches(&set), "{}", printed);
                }
            }
        }
    }
}
