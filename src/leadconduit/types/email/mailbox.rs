//! Mailboxes by RFC 5322: `Name <user@host>`, comments, quoted users and domain literals. The grammar is tried without
//! its obsolete forms first, then with them. Each alternative is tried in order, and the first that matches is final,
//! as in the parser of the vendor's library; a text that it leaves unread is invalid.

/// The deepest nesting of comments.
const COMMENT_DEPTH_MAX: usize = 64;

/// A mailbox without comments and white space around its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mailbox {
    pub(super) user: String,
    pub(super) domain: String,
}

/// Parses a text that contains one address.
pub(super) fn parse(text: &str) -> Option<Mailbox> {
    plain(text).or_else(|| parse_any(text))
}

/// The address of a text that is nothing but atoms and dots around an at sign, as nearly all are. The grammar has the same
/// result, which a test compares, but takes several times as long.
fn plain(text: &str) -> Option<Mailbox> {
    let (user, domain) = text.split_once('@')?;
    let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(|byte| is_atom_character(byte.into()));
    let is_plain = [user, domain].into_iter().all(|part| part.split('.').all(is_atom));
    is_plain.then(|| Mailbox { user: user.to_owned(), domain: domain.to_owned() })
}

fn parse_any(text: &str) -> Option<Mailbox> {
    let chars: Vec<char> = text.chars().collect();
    let mut parser = Parser { chars: &chars, at: 0, has_obsolete_forms: false };
    let mut found = parser.addresses();
    if parser.at < chars.len() {
        parser = Parser { chars: &chars, at: 0, has_obsolete_forms: true };
        found = parser.addresses();
    }
    let mut addresses = found.filter(|_| parser.at == chars.len())?;
    // A group without a mailbox has no address.
    if addresses.len() == 1 { addresses.pop().flatten() } else { None }
}

struct Parser<'c> {
    chars: &'c [char],
    at: usize,
    has_obsolete_forms: bool,
}

/// Control characters that only obsolete forms allow.
fn is_obsolete_control(c: char) -> bool {
    matches!(c, '\u{1}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}')
}

fn is_atom_character(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            '!' | '#'
                | '$'
                | '%'
                | '&'
                | '\''
                | '*'
                | '+'
                | '-'
                | '/'
                | '='
                | '?'
                | '^'
                | '_'
                | '`'
                | '{'
                | '|'
                | '}'
                | '~'
        )
}

impl Parser<'_> {
    /// Consumes a character that passes the test.
    fn take(&mut self, test: impl Fn(char) -> bool) -> Option<char> {
        let c = self.chars.get(self.at).copied().filter(|c| test(*c))?;
        self.at += 1;
        Some(c)
    }

    fn literal(&mut self, c: char) -> Option<()> {
        self.take(|found| found == c).map(drop)
    }

    /// Applies a rule; the position is unchanged if it does not match.
    fn attempt<T>(&mut self, rule: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let start = self.at;
        let result = rule(self);
        if result.is_none() {
            self.at = start;
        }
        result
    }

    /// Consumes characters that pass the test; at least one.
    fn run(&mut self, test: impl Fn(char) -> bool + Copy) -> Option<String> {
        let mut text = String::new();
        while let Some(c) = self.take(test) {
            text.push(c);
        }
        (!text.is_empty()).then_some(text)
    }

    fn line_break(&mut self) -> Option<()> {
        self.attempt(|parser| {
            parser.literal('\r')?;
            parser.literal('\n')
        })
    }

    /// Folding white space, without its line breaks.
    fn white_space(&mut self) -> Option<String> {
        let is_blank = |c| c == ' ' || c == '\t';
        if self.has_obsolete_forms {
            let mut text = String::new();
            while let Some(c) = self.attempt(|parser| {
                parser.line_break();
                parser.take(is_blank)
            }) {
                text.push(c);
            }
            return (!text.is_empty()).then_some(text);
        }
        self.attempt(|parser| {
            let before = parser.attempt(|parser| {
                let before = parser.run(is_blank).unwrap_or_default();
                parser.line_break()?;
                Some(before)
            });
            Some(before.unwrap_or_default() + &parser.run(is_blank)?)
        })
    }

    /// A backslash and a character, which is returned.
    fn quoted_pair(&mut self) -> Option<char> {
        self.attempt(|parser| {
            parser.literal('\\')?;
            let has_obsolete_forms = parser.has_obsolete_forms;
            parser.take(|c| {
                let is_obsolete = is_obsolete_control(c) || matches!(c, '\0' | '\n' | '\r');
                matches!(c, '!'..='~' | ' ' | '\t') || (has_obsolete_forms && is_obsolete)
            })
        })
    }

    fn comment(&mut self, depth: usize) -> Option<()> {
        if depth > COMMENT_DEPTH_MAX {
            return None;
        }
        let has_obsolete_forms = self.has_obsolete_forms;
        let is_text =
            |c| matches!(c, '!'..='\'' | '*'..='[' | ']'..='~') || (has_obsolete_forms && is_obsolete_control(c));
        self.attempt(|parser| {
            parser.literal('(')?;
            while parser
                .attempt(|parser| {
                    parser.white_space();
                    let is_content = parser.take(is_text).is_some() || parser.quoted_pair().is_some();
                    if is_content { Some(()) } else { parser.comment(depth + 1) }
                })
                .is_some()
            {}
            parser.white_space();
            parser.literal(')')
        })
    }

    /// Skips comments and white space.
    fn skip(&mut self) {
        self.skip_some();
    }

    fn skip_some(&mut self) -> Option<()> {
        let mut has_comment = false;
        while self
            .attempt(|parser| {
                parser.white_space();
                parser.comment(0)
            })
            .is_some()
        {
            has_comment = true;
        }
        let has_space = self.white_space().is_some();
        (has_comment || has_space).then_some(())
    }

    fn atom(&mut self) -> Option<String> {
        self.attempt(|parser| {
            parser.skip();
            let text = parser.run(is_atom_character)?;
            parser.skip();
            Some(text)
        })
    }

    /// Atoms joined by dots, without anything between them.
    fn dot_atom(&mut self) -> Option<String> {
        self.attempt(|parser| {
            parser.skip();
            let mut text = parser.run(is_atom_character)?;
            while let Some(next) = parser.attempt(|parser| {
                parser.literal('.')?;
                parser.run(is_atom_character)
            }) {
                text = text + "." + &next;
            }
            parser.skip();
            Some(text)
        })
    }

    fn quoted_string(&mut self) -> Option<String> {
        let has_obsolete_forms = self.has_obsolete_forms;
        let is_text = |c: char| {
            matches!(c, '!' | '#'..='[' | ']'..='~') || !c.is_ascii() || (has_obsolete_forms && is_obsolete_control(c))
        };
        self.attempt(|parser| {
            parser.skip();
            parser.literal('"')?;
            let mut text = String::from("\"");
            while let Some((space, c)) = parser.attempt(|parser| {
                let space = parser.white_space().unwrap_or_default();
                let c = parser.take(is_text).or_else(|| parser.quoted_pair())?;
                Some((space, c))
            }) {
                text.push_str(&space);
                text.push(c);
            }
            text.push_str(&parser.white_space().unwrap_or_default());
            parser.literal('"')?;
            text.push('"');
            parser.skip();
            Some(text)
        })
    }

    fn word(&mut self) -> Option<String> {
        self.atom().or_else(|| self.quoted_string())
    }

    /// What the rule matches, joined by dots.
    fn dotted(&mut self, rule: fn(&mut Self) -> Option<String>) -> Option<String> {
        let mut text = rule(self)?;
        while let Some(next) = self.attempt(|parser| {
            parser.literal('.')?;
            rule(parser)
        }) {
            text = text + "." + &next;
        }
        Some(text)
    }

    fn user(&mut self) -> Option<String> {
        let obsolete = if self.has_obsolete_forms { self.attempt(|parser| parser.dotted(Self::word)) } else { None };
        obsolete.or_else(|| self.dot_atom()).or_else(|| self.quoted_string())
    }

    fn domain_literal(&mut self) -> Option<String> {
        let has_obsolete_forms = self.has_obsolete_forms;
        let is_text = |c| matches!(c, '!'..='Z' | '^'..='~') || (has_obsolete_forms && is_obsolete_control(c));
        self.attempt(|parser| {
            parser.skip();
            parser.literal('[')?;
            let mut text = String::from("[");
            while let Some((space, c)) = parser.attempt(|parser| {
                let space = parser.white_space().unwrap_or_default();
                let quoted = |parser: &mut Self| if has_obsolete_forms { parser.quoted_pair() } else { None };
                let c = parser.take(is_text).or_else(|| quoted(parser))?;
                Some((space, c))
            }) {
                text.push_str(&space);
                text.push(c);
            }
            text.push_str(&parser.white_space().unwrap_or_default());
            parser.literal(']')?;
            text.push(']');
            parser.skip();
            Some(text)
        })
    }

    fn domain(&mut self) -> Option<String> {
        let obsolete = if self.has_obsolete_forms { self.attempt(|parser| parser.dotted(Self::atom)) } else { None };
        obsolete.or_else(|| self.dot_atom()).or_else(|| self.domain_literal())
    }

    fn address_specification(&mut self) -> Option<Mailbox> {
        self.attempt(|parser| {
            let user = parser.user()?;
            parser.literal('@')?;
            Some(Mailbox { user, domain: parser.domain()? })
        })
    }

    fn display_name(&mut self) -> Option<()> {
        self.word()?;
        while self.word().is_some() {}
        Some(())
    }

    /// A route, which obsolete forms allow before the address: `@host,@host:`.
    fn route(&mut self) -> Option<()> {
        self.attempt(|parser| {
            while parser.skip_some().is_some() || parser.literal(',').is_some() {}
            parser.literal('@')?;
            parser.domain()?;
            while parser
                .attempt(|parser| {
                    parser.literal(',')?;
                    parser.skip();
                    parser.attempt(|parser| {
                        parser.literal('@')?;
                        parser.domain()
                    });
                    Some(())
                })
                .is_some()
            {}
            parser.literal(':')
        })
    }

    fn angle_address(&mut self, has_route: bool) -> Option<Mailbox> {
        self.attempt(|parser| {
            parser.skip();
            parser.literal('<')?;
            if has_route {
                parser.route()?;
            }
            let mailbox = parser.address_specification()?;
            parser.literal('>')?;
            parser.skip();
            Some(mailbox)
        })
    }

    fn mailbox(&mut self) -> Option<Mailbox> {
        let named = self.attempt(|parser| {
            parser.attempt(Self::display_name);
            let plain = parser.angle_address(false);
            if plain.is_none() && parser.has_obsolete_forms { parser.angle_address(true) } else { plain }
        });
        named.or_else(|| self.address_specification())
    }

    /// A named group of mailboxes, of which the first counts.
    #[expect(clippy::option_option, reason = "an empty group is an address too, without a mailbox")]
    fn group(&mut self) -> Option<Option<Mailbox>> {
        self.attempt(|parser| {
            parser.display_name()?;
            parser.literal(':')?;
            let first = parser.mailbox();
            if first.is_some() {
                while parser.attempt(Self::next_mailbox).is_some() {}
            } else {
                parser.skip();
            }
            parser.literal(';')?;
            parser.skip();
            Some(first)
        })
    }

    fn next_mailbox(&mut self) -> Option<Mailbox> {
        self.literal(',')?;
        self.mailbox()
    }

    /// The mailbox of an address; none if it is an empty group.
    #[expect(clippy::option_option, reason = "an empty group is an address too, without a mailbox")]
    fn address(&mut self) -> Option<Option<Mailbox>> {
        match self.mailbox() {
            Some(mailbox) => Some(Some(mailbox)),
            None => self.group(),
        }
    }

    fn addresses(&mut self) -> Option<Vec<Option<Mailbox>>> {
        let list = |parser: &mut Self| {
            let mut list = vec![parser.address()?];
            while let Some(next) = parser.attempt(|parser| {
                parser.literal(',')?;
                parser.address()
            }) {
                list.push(next);
            }
            Some(list)
        };
        if let Some(list) = self.attempt(list) {
            return Some(list);
        }
        if !self.has_obsolete_forms {
            return None;
        }
        // Commas before the first address.
        self.attempt(|parser| {
            while parser
                .attempt(|parser| {
                    parser.skip();
                    parser.literal(',')
                })
                .is_some()
            {}
            let mut list = vec![parser.address()?];
            while parser.literal(',').is_some() {
                if let Some(next) = parser.attempt(|parser| {
                    let next = parser.address()?;
                    parser.skip_some()?;
                    Some(next)
                }) {
                    list.push(next);
                }
            }
            Some(list)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_addresses_are_read_as_by_the_grammar() {
        let parts = ["", "a", "B-1", "a.b", ".a", "a.", "a..b", "a b", "ü", "\"q\"", "(c)a", "a@b", "[1]", "x'y+z"];
        for (user, domain) in parts.iter().flat_map(|user| parts.iter().map(move |domain| (user, domain))) {
            for text in [format!("{user}@{domain}"), format!("{user}{domain}"), format!(" {user}@{domain}")] {
                if let Some(found) = plain(&text) {
                    assert_eq!(Some(found), parse_any(&text), "{text}");
                }
            }
        }
        assert!(plain("x'y+z@a.b").is_some());
    }
}
