//! Hints about environment variables, printed when a request has failed.

use crate::cli::ConnectionArgs;
use crate::env::Environment;

/// All variables that pushgw reads, except the ones for color, locale and proxies.
const KNOWN: [&str; 20] = [
    "PUSHGATEWAY_URL",
    "PUSHGATEWAY_TEXTFILE",
    "PUSHGATEWAY_REMOTE_WRITE",
    "PUSHGATEWAY_TIMEOUT",
    "PUSHGATEWAY_CONNECT_TIMEOUT",
    "PUSHGATEWAY_RETRIES",
    "PUSHGATEWAY_USER",
    "PUSHGATEWAY_PASSWORD",
    "PUSHGATEWAY_PASSWORD_FILE",
    "PUSHGATEWAY_BEARER_TOKEN",
    "PUSHGATEWAY_BEARER_TOKEN_FILE",
    "PUSHGATEWAY_HEADER",
    "PUSHGATEWAY_CA_CERT",
    "PUSHGATEWAY_CERT",
    "PUSHGATEWAY_KEY",
    "PUSHGATEWAY_INSECURE",
    "PUSHGATEWAY_PROXY",
    "PUSHGATEWAY_NO_PROXY",
    "PUSHGATEWAY_UNIX_SOCKET",
    "PUSHGATEWAY_COMPRESS",
];

/// Returns a hint for each variable that looks like one of pushgw's but is not read. The hint names the variable that
/// was probably meant. If `server` is the default gateway, variables of other programs for its URL count, too.
pub(crate) fn misspelt(environment: &Environment, server: &str) -> Vec<String> {
    let is_default = server == "localhost:9091" && environment.variable("PUSHGATEWAY_URL").is_none();
    let mut names: Vec<&str> = environment.variables.keys().filter_map(|name| name.to_str()).collect();
    names.sort_unstable();
    let is_ours = |name: &&str| {
        let upper = name.to_ascii_uppercase().replace("PUSH_", "PUSH");
        // Other programs have their own variables for the gateway's URL.
        let theirs = ["PUSHGATEWAY", "PUSHGATEWAY_URL", "PUSHGATEWAY_HOST", "PUSHGATEWAY_ADDR"];
        let is_url = || {
            let value = environment.variable(name).and_then(|value| value.to_str());
            value.is_some_and(|value| value.contains(['.', ':']))
        };
        let is_theirs = is_default && theirs.iter().any(|end| upper.ends_with(end)) && is_url();
        (is_theirs || ["PUSHGATEWAY_", "PUSHGW_"].iter().any(|prefix| name.starts_with(prefix)))
            && !KNOWN.contains(name)
            // Kubernetes sets these in each pod for a service named `pushgateway`.
            && !name.contains("_PORT")
            && !name.contains("_SERVICE_")
            // `pushgw run` sets this variable for its command.
            && *name != "PUSHGW_METRICS"
    };
    let hint = |name| format!("{name} is set, but pushgw does not read it: did you mean {}?", meant(name));
    names.into_iter().filter(is_ours).map(hint).collect()
}

fn meant(name: &str) -> &'static str {
    let (_, setting) = name.split_once('_').unwrap_or_default();
    let setting = if setting == "USERNAME" { "USER" } else { setting };
    let likeness =
        |known: &str| strsim::normalized_damerau_levenshtein(&known["PUSHGATEWAY_".len()..], setting);
    let likest = KNOWN.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let ends_alike = || KNOWN.into_iter().find(|known| known.ends_with(setting));
    likest.filter(|known| likeness(known) >= 0.6).or_else(ends_alike).unwrap_or("PUSHGATEWAY_URL")
}

/// Returns a hint about credentials in variables that were not used, and why.
pub(crate) fn unused_credentials(args: &ConnectionArgs, environment: &Environment) -> Option<String> {
    let is_set = |name: &str| environment.variable(name).is_some();
    let is_empty =
        |name: &str| environment.variables.get(std::ffi::OsStr::new(name)).is_some_and(|v| v.is_empty());
    let password =
        ["PUSHGATEWAY_PASSWORD", "PUSHGATEWAY_PASSWORD_FILE"].into_iter().find(|name| is_set(name));
    if args.user.is_some() || args.bearer_token_file.is_some() {
        return None;
    }
    if let Some(password) = password.filter(|_| !is_set("PUSHGATEWAY_USER")) {
        return Some(format!("{password} is set, but was not used: PUSHGATEWAY_USER must be set, too"));
    }
    let empty = ["PUSHGATEWAY_BEARER_TOKEN", "PUSHGATEWAY_BEARER_TOKEN_FILE", "PUSHGATEWAY_USER"];
    let empty = empty.into_iter().find(|name| is_empty(name))?;
    Some(format!("{empty} is set but empty, so it was not used"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = "localhost:9091";

    fn with(names: &[(&str, &str)]) -> Environment {
        let variables = names.iter().map(|(name, value)| (name.into(), value.into())).collect();
        Environment { variables, ..Environment::default() }
    }

    #[test]
    fn a_misspelled_variable_gets_a_suggestion() {
        for (name, meant) in [
            ("PUSHGATEWAY_ADDR", "PUSHGATEWAY_URL"),
            ("PUSHGATEWAY_HOST", "PUSHGATEWAY_URL"),
            ("PUSHGW_URL", "PUSHGATEWAY_URL"),
            ("PUSHGW_PASSWORD", "PUSHGATEWAY_PASSWORD"),
            ("PUSHGATEWAY_TIMOUT", "PUSHGATEWAY_TIMEOUT"),
            ("PUSHGATEWAY_CACERT", "PUSHGATEWAY_CA_CERT"),
            ("PUSHGATEWAY_TOKEN", "PUSHGATEWAY_BEARER_TOKEN"),
            ("PUSHGATEWAY_USERNAME", "PUSHGATEWAY_USER"),
        ] {
            let expected = format!("{name} is set, but pushgw does not read it: did you mean {meant}?");
            assert_eq!(misspelt(&with(&[(name, "x")]), "gw"), [expected]);
        }
    }

    #[test]
    fn other_variables_are_not_mentioned() {
        for name in KNOWN {
            assert!(misspelt(&with(&[(name, "x")]), DEFAULT).is_empty(), "{name}");
        }
        for name in
            ["PUSHGATEWAY_PORT", "PUSHGATEWAY_SERVICE_HOST", "PUSHGATEWAY_PORT_9091_TCP", "PUSHGW_METRICS"]
        {
            assert!(misspelt(&with(&[(name, "x")]), DEFAULT).is_empty(), "{name}");
        }
    }

    #[test]
    fn variables_of_other_programs_are_named_only_for_the_default_gateway() {
        for name in [
            "PUSHGATEWAY",
            "PROMETHEUS_PUSHGATEWAY_URL",
            "pushgateway_url",
            "PROM_PUSHGATEWAY",
            "PUSH_GATEWAY_URL",
        ] {
            let expected =
                format!("{name} is set, but pushgw does not read it: did you mean PUSHGATEWAY_URL?");
            assert_eq!(misspelt(&with(&[(name, "gw:9091")]), DEFAULT), [expected]);
            assert!(misspelt(&with(&[(name, "gw:9091")]), "gw").is_empty(), "{name}");
            assert!(
                misspelt(&with(&[(name, "gw:9091"), ("PUSHGATEWAY_URL", "localhost")]), DEFAULT).is_empty()
            );
        }
        assert!(misspelt(&with(&[("ENABLE_PUSHGATEWAY", "true")]), DEFAULT).is_empty());
        for name in ["PROMETHEUS_PUSHGATEWAY_SERVICE_HOST", "PROMETHEUS_PUSHGATEWAY_PORT", "PUSHGATEWAYS"] {
            assert!(misspelt(&with(&[(name, "gw:9091")]), DEFAULT).is_empty(), "{name}");
        }
    }

    #[test]
    fn unused_credentials_are_named() {
        let args = ConnectionArgs::default();
        for (variables, says) in [
            (
                &[("PUSHGATEWAY_PASSWORD", "x")][..],
                Some("PUSHGATEWAY_PASSWORD is set, but was not used: PUSHGATEWAY_USER must be set, too"),
            ),
            (
                &[("PUSHGATEWAY_BEARER_TOKEN", "")],
                Some("PUSHGATEWAY_BEARER_TOKEN is set but empty, so it was not used"),
            ),
            (&[("PUSHGATEWAY_USER", "u"), ("PUSHGATEWAY_PASSWORD", "x")], None),
            (&[], None),
        ] {
            assert_eq!(unused_credentials(&args, &with(variables)).as_deref(), says);
        }
    }
}
