//! Sources as the URIs of SARIF.

use super::finding::{CheckedRule, STDIN};

/// The name of the folder that relative URIs start from.
pub(super) const ROOT: &str = "%SRCROOT%";

/// A URI and what it is relative to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SourceUri {
    /// Percent-encoded, with forward slashes.
    pub(super) uri: String,
    /// Whether it is relative to [`ROOT`].
    pub(super) in_root: bool,
}

impl SourceUri {
    /// The URI of the source of `rule`. What is no file gets a plain name: `stdin`, `rule%201`.
    pub(super) fn of(rule: &CheckedRule) -> Self {
        match rule.file() {
            Some(file) => Self::of_file(file, std::path::MAIN_SEPARATOR),
            None if rule.source == STDIN => Self { uri: "stdin".to_owned(), in_root: false },
            None => Self { uri: encoded(rule.source.trim_matches(['<', '>'])), in_root: false },
        }
    }

    fn of_file(file: &str, separator: char) -> Self {
        let path = file.replace(separator, "/");
        let path = path.strip_prefix("./").unwrap_or(&path);
        if let Some(share) = path.strip_prefix("//") {
            return Self { uri: format!("file://{}", encoded(share)), in_root: false };
        }
        if path.starts_with('/') {
            return Self { uri: format!("file://{}", encoded(path)), in_root: false };
        }
        match path.split_once(':') {
            Some((drive, rest)) if separator == '\\' && drive.len() == 1 && rest.starts_with('/') => {
                Self { uri: format!("file:///{drive}:{}", encoded(rest)), in_root: false }
            }
            _ => Self { uri: encoded(path), in_root: true },
        }
    }
}

/// `path` with every byte but unreserved ones and slashes percent-encoded.
fn encoded(path: &str) -> String {
    let piece = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    path.bytes().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(file: &str, separator: char) -> String {
        let SourceUri { uri, in_root } = SourceUri::of_file(file, separator);
        if in_root { format!("root + {uri}") } else { uri }
    }

    #[test]
    fn paths_become_uris() {
        assert_eq!(shown("./a b/ø:1%.rule", '/'), "root + a%20b/%C3%B8%3A1%25.rule");
        assert_eq!(shown("../x.json", '/'), "root + ../x.json");
        assert_eq!(shown("/tenant/groups.json", '/'), "file:///tenant/groups.json");
        assert_eq!(shown(r"a\b", '/'), "root + a%5Cb", "a letter of the name where folders have slashes");
        assert_eq!(shown(r".\a\b.rule", '\\'), "root + a/b.rule");
        assert_eq!(shown(r"C:\a b\c.rule", '\\'), "file:///C:/a%20b/c.rule");
        assert_eq!(shown(r"\\server\share\c.rule", '\\'), "file://server/share/c.rule");
    }
}
