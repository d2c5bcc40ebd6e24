//! RFC 6901 pointers: a name as a pointer's token, and back. The build script shares it.

/// A name as a token.
#[must_use]
pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A token as the name that it stands for.
#[must_use]
pub fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back() {
        for (name, token) in [("a/b", "a~1b"), ("m~n", "m~0n"), ("~1", "~01"), ("", "")] {
            assert_eq!(escape(name), token);
            assert_eq!(unescape(token), name);
        }
    }
}
