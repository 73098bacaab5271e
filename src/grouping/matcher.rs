//! Matchers select groups by their labels, with the meaning that they have in a query: a label that is missing has the
//! empty value, and a regular expression must match the whole value.
//!
//! The spelling is amtool's, which is made for a shell: the value may be bare (`job=x`) or quoted as in a query
//! (`job="x"`), and so may the name. Inside quotes `\\`, `\"` and `\n` are escapes and any other backslash stays, so
//! that `job=~"db\d+"` needs no doubling. A value that itself begins with a quote must be quoted. All else in a bare
//! value is taken as it is, blanks and commas too.

use super::label::LabelSet;
use regex::Regex;
use std::fmt;
use std::str::FromStr;

/// One condition on one label.
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
    /// `name=value`, as `--job JOB` means it where groups are selected.
    #[must_use]
    pub fn equal(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), condition: Condition::Equal(value.into()) }
    }

    /// The label that the matcher looks at.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether these labels meet the condition.
    #[must_use]
    pub fn matches(&self, labels: &LabelSet) -> bool {
        self.matches_value(labels.get(&self.name).unwrap_or_default())
    }

    /// Whether the condition is met by a label that is empty or missing. A selection of nothing but such matchers
    /// selects groups for what they lack.
    #[must_use]
    pub fn matches_empty(&self) -> bool {
        self.matches_value("")
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

impl FromStr for Matcher {
    type Err = MatcherError;

    fn from_str(argument: &str) -> Result<Self, MatcherError> {
        let (name, rest) = name(argument)?;
        let operators = ["=~", "!~", "!=", "="];
        let found = operators.iter().find_map(|op| Some((*op, rest.strip_prefix(op)?)));
        let Some((operator, rest)) = found else {
            return Err(MatcherError::NoOperator { argument: argument.to_owned() });
        };
        // `job==x` is a habit from other languages; the value `=x` can be quoted.
        if operator == "=" && rest.starts_with('=') {
            return Err(MatcherError::NoOperator { argument: argument.to_owned() });
        }
        let value = value(argument, rest)?;
        let condition = match operator {
            "=~" => Condition::Regex(anchored(&value)?),
            "!~" => Condition::NotRegex(anchored(&value)?),
            "!=" => Condition::NotEqual(value),
            _ => Condition::Equal(value),
        };
        Ok(Self { name, condition })
    }
}

/// The name in front of the operator, and the operator with all behind it.
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
        (name.to_owned(), &text[end..])
    };
    if name.is_empty() {
        return Err(MatcherError::NoName { argument: argument.to_owned() });
    }
    Ok((name, rest))
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

/// The text inside the quotes that `text` begins with, and what comes behind them.
fn quoted<'a>(argument: &str, text: &'a str) -> Result<(String, &'a str), MatcherError> {
    let mut chars = text.char_indices();
    let quote = chars.next().map(|(_, c)| c);
    let mut out = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            _ if Some(c) == quote => return Ok((out, &text[at + c.len_utf8()..])),
            '\\' => match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, c @ ('\\' | '"' | '\''))) => out.push(c),
                Some((_, c)) => out.extend(['\\', c]),
                None => break,
            },
            _ => out.push(c),
        }
    }
    Err(MatcherError::Unclosed { argument: argument.to_owned() })
}

/// Anchored at both ends, and with a dot that takes line breaks, as Prometheus compiles it.
fn anchored(pattern: &str) -> Result<Regex, MatcherError> {
    let error = |error: regex::Error| MatcherError::Regex {
        pattern: pattern.to_owned(),
        // The last line of the crate's text says what is wrong; the ones above it draw the pattern.
        reason: error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    };
    // By itself first: `a)|(b` is no pattern, but becomes one between our parentheses.
    Regex::new(pattern).map_err(error)?;
    Regex::new(&format!("^(?s:{pattern})$")).map_err(error)
}

/// Why an argument is no matcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatcherError {
    /// None of the four operators is in it.
    NoOperator {
        /// The argument.
        argument: String,
    },
    /// Nothing stands in front of the operator.
    NoName {
        /// The argument.
        argument: String,
    },
    /// Braces or commas: a whole selector instead of one matcher.
    NotOne {
        /// The argument.
        argument: String,
    },
    /// A quote is not closed.
    Unclosed {
        /// The argument.
        argument: String,
    },
    /// No regular expression.
    Regex {
        /// The expression.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for MatcherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FORMS: &str = "a matcher is NAME=VALUE, NAME!=VALUE, NAME=~REGEX or NAME!~REGEX";
        match self {
            Self::NoOperator { argument } => write!(f, "`{argument}` is no matcher: {FORMS}"),
            Self::NoName { argument } => write!(f, "`{argument}` names no label: {FORMS}"),
            Self::NotOne { argument } => {
                write!(
                    f,
                    "`{argument}` is not one matcher: give each by itself, without braces, as --match NAME=VALUE"
                )
            }
            Self::Unclosed { argument } => write!(f, "`{argument}` has a quote that is not closed"),
            Self::Regex { pattern, reason } => write!(f, "`{pattern}` is no regular expression: {reason}"),
        }
    }
}

impl std::error::Error for MatcherError {}

#[cfg(test)]
mod tests {
    use super::*;
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
            // A dot takes a line break, and `$` is the end of the value.
            ("instance=~a.b", true),
            ("instance=~a", false),
            ("instance=\"a\\nb\"", true),
            // Missing is empty.
            ("missing=", true),
            ("missing=\"\"", true),
            ("missing!=", false),
            ("missing=~.*", true),
            ("missing=~.+", false),
            ("missing!=x", true),
            ("empty=", true),
            ("empty!=", false),
            ("job=~", false),
            // Names beyond the legacy ones, and values with quotes, commas and equals signs.
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
    fn a_matcher_says_whether_it_takes_nothing_for_an_answer() {
        for matcher in ["a=", "a!=x", "a=~.*", "a=~x|", "a!~.+"] {
            assert!(matcher.parse::<Matcher>().unwrap().matches_empty(), "{matcher}");
        }
        for matcher in ["a=x", "a!=", "a=~.+", "a!~.*", "a!~"] {
            assert!(!matcher.parse::<Matcher>().unwrap().matches_empty(), "{matcher}");
        }
    }

    #[test]
    fn what_is_no_matcher_is_told() {
        let forms = "a matcher is NAME=VALUE, NAME!=VALUE, NAME=~REGEX or NAME!~REGEX";
        let table = [
            ("job", format!("`job` is no matcher: {forms}")),
            ("", format!("`` names no label: {forms}")),
            ("=x", format!("`=x` names no label: {forms}")),
            ("\"\"=x", format!("`\"\"=x` names no label: {forms}")),
            ("job==x", format!("`job==x` is no matcher: {forms}")),
            ("job!x", format!("`job!x` is no matcher: {forms}")),
            ("job~x", format!("`job~x` is no matcher: {forms}")),
            (
                "{job=\"x\"}",
                "`{job=\"x\"}` is not one matcher: give each by itself, without braces, as --match NAME=VALUE".into(),
            ),
            (
                "a=\"x\",b=\"y\"",
                "`a=\"x\",b=\"y\"` is not one matcher: give each by itself, without braces, as --match NAME=VALUE"
                    .into(),
            ),
            ("a=\"x", "`a=\"x` has a quote that is not closed".into()),
            ("a=\"x\\", "`a=\"x\\` has a quote that is not closed".into()),
            ("a=~(", "`(` is no regular expression: unclosed group".into()),
            ("a=~x)|(y", "`x)|(y` is no regular expression: unopened group".into()),
            ("a=~*", "`*` is no regular expression: repetition operator missing expression".into()),
        ];
        for (matcher, expected) in table {
            assert_eq!(matcher.parse::<Matcher>().unwrap_err().to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn no_argument_makes_it_panic(argument in "\\PC{0,12}|[a=!~\"'\\\\(){},]{0,12}") {
            if let Ok(matcher) = argument.parse::<Matcher>() {
                let _ = matcher.matches(&labels());
            }
        }

        #[test]
        fn any_value_can_be_quoted(value in any::<String>()) {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let matcher: Matcher = format!("a=\"{quoted}\"").parse().unwrap();
            prop_assert!(matcher.matches(&[("a", value)].into_iter().collect()));
        }
    }
}
