//! Limits of a template's source, checked before it is parsed. The engine's parser and compiler recurse into operators,
//! filters and `elif` without a limit, and end the process when the stack is used up.

use minijinja::machinery::{Token, WhitespaceConfig, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::TemplateError;
use crate::config::limits::{
    TEMPLATE_BLOCKS_MAX, TEMPLATE_BYTES_MAX, TEMPLATE_ELIF_MAX, TEMPLATE_OPERATORS_MAX, TEMPLATE_TOKENS_MAX,
};

/// Which limit a template exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceLimit {
    /// The whole text.
    #[error("it has more than {TEMPLATE_BYTES_MAX} bytes; split it into several values")]
    Bytes,
    /// Words and signs of the whole template.
    #[error("it has more than {TEMPLATE_TOKENS_MAX} words and signs; split it into several values")]
    Tokens,
    /// Operators of one expression.
    #[error(
        "line {line}: the expression has more than {TEMPLATE_OPERATORS_MAX} operators, filters and brackets; use \
         `{{% set %}}` for a part of it"
    )]
    Operators {
        /// The line in the template.
        line: u16,
    },
    /// Nested blocks.
    #[error("line {line}: blocks are nested more than {TEMPLATE_BLOCKS_MAX} deep; use several values")]
    Blocks {
        /// The line in the template.
        line: u16,
    },
    /// `elif` in the whole template.
    #[error("line {line}: the template has more than {TEMPLATE_ELIF_MAX} `elif`; look the value up in a map instead")]
    Elif {
        /// The line in the template.
        line: u16,
    },
}

/// Checks the source of a template, or of an expression.
///
/// # Errors
///
/// It exceeds a limit, or a word in it is malformed.
pub(super) fn check(source: &str, is_expression: bool) -> Result<(), TemplateError> {
    if source.len() > TEMPLATE_BYTES_MAX {
        return Err(SourceLimit::Bytes.into());
    }
    let (mut tokens, mut operators, mut elif) = (0, 0, 0);
    let mut blocks = BlockDepth::default();
    for token in tokenize(source, is_expression, SyntaxConfig, WhitespaceConfig::default()) {
        let (token, span) = token.map_err(TemplateError::Invalid)?;
        let line = span.start_line;
        tokens += 1;
        if tokens > TEMPLATE_TOKENS_MAX {
            return Err(SourceLimit::Tokens.into());
        }
        match &token {
            Token::VariableStart | Token::BlockStart => operators = 0,
            Token::Ident("elif") => elif += 1,
            token if is_operator(token) => operators += 1,
            _ => {}
        }
        if operators > TEMPLATE_OPERATORS_MAX {
            return Err(SourceLimit::Operators { line }.into());
        }
        if elif > TEMPLATE_ELIF_MAX {
            return Err(SourceLimit::Elif { line }.into());
        }
        if blocks.follow(&token) > TEMPLATE_BLOCKS_MAX {
            return Err(SourceLimit::Blocks { line }.into());
        }
    }
    Ok(())
}

/// Whether the syntax tree can become deeper with the token.
fn is_operator(token: &Token<'_>) -> bool {
    match token {
        Token::Ident(word) => ["if", "else", "not", "and", "or", "is", "in"].contains(word),
        Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::FloorDiv
        | Token::Pow
        | Token::Mod
        | Token::Dot
        | Token::Tilde
        | Token::Pipe
        | Token::Eq
        | Token::Ne
        | Token::Gt
        | Token::Gte
        | Token::Lt
        | Token::Lte
        | Token::BracketOpen
        | Token::ParenOpen
        | Token::BraceOpen => true,
        _ => false,
    }
}

/// The nesting of blocks at a token.
#[derive(Default)]
struct BlockDepth {
    depth: usize,
    /// True at the first word of a statement.
    is_keyword: bool,
    /// True inside of `{% set %}` before an assignment: without one it is a block.
    is_set: bool,
}

impl BlockDepth {
    fn follow(&mut self, token: &Token<'_>) -> usize {
        match token {
            Token::BlockStart => self.is_keyword = true,
            Token::Assign => self.is_set = false,
            Token::BlockEnd if self.is_set => {
                self.is_set = false;
                self.depth += 1;
            }
            Token::Ident(word) if self.is_keyword => {
                self.is_keyword = false;
                self.is_set = *word == "set";
                if ["for", "if", "with", "filter", "autoescape"].contains(word) {
                    self.depth += 1;
                } else if word.starts_with("end") {
                    self.depth = self.depth.saturating_sub(1);
                }
            }
            _ => {}
        }
        self.depth
    }
}
