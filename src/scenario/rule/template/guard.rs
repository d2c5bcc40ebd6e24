//! Rewrites the syntax tree of a template, so that everything that can create a large value goes through the filters of
//! [`super::filters`], which count what they read and write: `a ~ b` becomes a call of the filter `~`. The compiler then
//! evaluates no constants either, which it does without limits.

use std::collections::BTreeSet;

use minijinja::machinery::{Span, ast};
use minijinja::value::Value;

use ast::{BinOpKind, CallArg, Expr, Spanned, Stmt};

use super::filters::{ADD, CONCATENATE, CREATED, MULTIPLY, READ, SET_ATTRIBUTE};

/// The variable that holds the text of a block that is assigned to an attribute.
const BLOCK: &str = "(block)";

/// Rewrites a tree, and collects the names in it.
#[derive(Default)]
pub(super) struct Guard<'s> {
    /// The variables that are read.
    pub(super) read: BTreeSet<&'s str>,
    /// The variables that are assigned anywhere.
    pub(super) assigned: BTreeSet<&'s str>,
}

impl<'s> Guard<'s> {
    pub(super) fn template(&mut self, tree: &Stmt<'s>) -> Stmt<'s> {
        match tree {
            Stmt::Template(template) => {
                let children = self.body(&template.children);
                Stmt::Template(Spanned::new(ast::Template { children }, template.span()))
            }
            other => Stmt::Template(Spanned::new(
                ast::Template { children: self.body(std::slice::from_ref(other)) },
                Span::default(),
            )),
        }
    }

    fn body(&mut self, statements: &[Stmt<'s>]) -> Vec<Stmt<'s>> {
        let mut guarded = Vec::with_capacity(statements.len());
        for statement in statements {
            self.statement(statement, &mut guarded);
        }
        guarded
    }

    fn statement(&mut self, statement: &Stmt<'s>, out: &mut Vec<Stmt<'s>>) {
        match statement {
            Stmt::Template(inner) => out.extend(self.body(&inner.children)),
            Stmt::EmitExpr(emit) => {
                let expr = self.expression(&emit.expr);
                out.push(Stmt::EmitExpr(Spanned::new(ast::EmitExpr { expr }, emit.span())));
            }
            // Text counts like a value: a loop can repeat it.
            Stmt::EmitRaw(raw) => {
                let expr = constant(Value::from_safe_string(raw.raw.to_owned()), raw.span());
                out.push(Stmt::EmitExpr(Spanned::new(ast::EmitExpr { expr }, raw.span())));
            }
            Stmt::ForLoop(inner) => out.push(self.for_loop(inner)),
            Stmt::IfCond(inner) => out.push(self.condition(inner)),
            Stmt::WithBlock(inner) => out.push(self.with_block(inner)),
            Stmt::Set(inner) => out.push(self.set(inner)),
            Stmt::SetBlock(inner) => self.set_block(inner, out),
            Stmt::AutoEscape(inner) => {
                let (enabled, body) = (self.expression(&inner.enabled), self.body(&inner.body));
                out.push(Stmt::AutoEscape(Spanned::new(ast::AutoEscape { enabled, body }, inner.span())));
            }
            Stmt::FilterBlock(inner) => {
                let (filter, body) = (self.expression(&inner.filter), self.body(&inner.body));
                out.push(Stmt::FilterBlock(Spanned::new(ast::FilterBlock { filter, body }, inner.span())));
            }
            Stmt::Do(inner) => {
                let call = self.call(&inner.call);
                out.push(Stmt::Do(Spanned::new(ast::Do { call }, inner.span())));
            }
        }
    }

    fn for_loop(&mut self, inner: &Spanned<ast::ForLoop<'s>>) -> Stmt<'s> {
        let guarded = ast::ForLoop {
            target: self.target(&inner.target),
            iter: created(self.expression(&inner.iter)),
            filter_expr: inner.filter_expr.as_ref().map(|filter| self.expression(filter)),
            recursive: inner.recursive,
            body: self.body(&inner.body),
            else_body: self.body(&inner.else_body),
        };
        Stmt::ForLoop(Spanned::new(guarded, inner.span()))
    }

    fn condition(&mut self, inner: &Spanned<ast::IfCond<'s>>) -> Stmt<'s> {
        let guarded = ast::IfCond {
            expr: self.expression(&inner.expr),
            true_body: self.body(&inner.true_body),
            false_body: self.body(&inner.false_body),
        };
        Stmt::IfCond(Spanned::new(guarded, inner.span()))
    }

    fn with_block(&mut self, inner: &Spanned<ast::WithBlock<'s>>) -> Stmt<'s> {
        let assignments =
            inner.assignments.iter().map(|(target, value)| (self.target(target), self.expression(value))).collect();
        let body = self.body(&inner.body);
        Stmt::WithBlock(Spanned::new(ast::WithBlock { assignments, body }, inner.span()))
    }

    fn set(&mut self, inner: &Spanned<ast::Set<'s>>) -> Stmt<'s> {
        let expr = self.expression(&inner.expr);
        if let Expr::GetAttr(attribute) = &inner.target {
            return self.set_attribute(attribute, expr);
        }
        Stmt::Set(Spanned::new(ast::Set { target: self.target(&inner.target), expr }, inner.span()))
    }

    fn set_block(&mut self, inner: &Spanned<ast::SetBlock<'s>>, out: &mut Vec<Stmt<'s>>) {
        let filter = inner.filter.as_ref().map(|filter| self.expression(filter));
        let body = self.body(&inner.body);
        let (target, after) = if let Expr::GetAttr(attribute) = &inner.target {
            let block = variable(BLOCK, inner.span());
            (variable(BLOCK, inner.span()), Some(self.set_attribute(attribute, block)))
        } else {
            (self.target(&inner.target), None)
        };
        out.push(Stmt::SetBlock(Spanned::new(ast::SetBlock { target, filter, body }, inner.span())));
        out.extend(after);
    }

    /// `{% set namespace.name = value %}` as a call.
    fn set_attribute(&mut self, attribute: &Spanned<ast::GetAttr<'s>>, value: Expr<'s>) -> Stmt<'s> {
        let span = attribute.span();
        let name = constant(Value::from(attribute.name), span);
        let args = [self.expression(&attribute.expr), name, value].into_iter().map(CallArg::Pos).collect();
        let call = Spanned::new(ast::Call { expr: variable(SET_ATTRIBUTE, span), args }, span);
        Stmt::Do(Spanned::new(ast::Do { call }, span))
    }

    /// What is assigned to: a variable, or a list of them. An attribute inside a list stays; assigning to it fails.
    fn target(&mut self, target: &Expr<'s>) -> Expr<'s> {
        match target {
            Expr::List(list) => {
                let items = list.items.iter().map(|item| self.target(item)).collect();
                Expr::List(Spanned::new(ast::List { items }, list.span()))
            }
            Expr::Var(name) => {
                self.assigned.insert(name.id);
                variable(name.id, name.span())
            }
            other => self.expression(other),
        }
    }

    pub(super) fn expression(&mut self, expression: &Expr<'s>) -> Expr<'s> {
        match expression {
            Expr::Var(name) => {
                self.read.insert(name.id);
                variable(name.id, name.span())
            }
            Expr::Const(inner) => constant(inner.value.clone(), inner.span()),
            Expr::Slice(inner) => self.slice(inner),
            Expr::UnaryOp(inner) => self.unary(inner),
            Expr::BinOp(inner) => self.binary(inner),
            Expr::Compare(inner) => self.compare(inner),
            Expr::IfExpr(inner) => self.if_expression(inner),
            Expr::Filter(inner) => self.filter(inner),
            Expr::Test(inner) => self.test(inner),
            Expr::GetAttr(inner) => {
                let expr = self.expression(&inner.expr);
                Expr::GetAttr(Spanned::new(ast::GetAttr { expr, name: inner.name }, inner.span()))
            }
            Expr::GetItem(inner) => {
                let (expr, subscript_expr) = (self.expression(&inner.expr), self.expression(&inner.subscript_expr));
                Expr::GetItem(Spanned::new(ast::GetItem { expr, subscript_expr }, inner.span()))
            }
            Expr::Call(inner) => created(Expr::Call(self.call(inner))),
            Expr::List(inner) => {
                let items = inner.items.iter().map(|item| self.expression(item)).collect();
                created(Expr::List(Spanned::new(ast::List { items }, inner.span())))
            }
            Expr::Map(inner) => {
                let keys = inner.keys.iter().map(|key| self.expression(key)).collect();
                let values = inner.values.iter().map(|value| self.expression(value)).collect();
                created(Expr::Map(Spanned::new(ast::Map { keys, values }, inner.span())))
            }
        }
    }

    fn slice(&mut self, inner: &Spanned<ast::Slice<'s>>) -> Expr<'s> {
        let guarded = ast::Slice {
            expr: read(self.expression(&inner.expr)),
            start: inner.start.as_ref().map(|start| self.expression(start)),
            stop: inner.stop.as_ref().map(|stop| self.expression(stop)),
            step: inner.step.as_ref().map(|step| self.expression(step)),
        };
        created(Expr::Slice(Spanned::new(guarded, inner.span())))
    }

    fn unary(&mut self, inner: &Spanned<ast::UnaryOp<'s>>) -> Expr<'s> {
        // The kind of an operator cannot be copied.
        let is_not = matches!(inner.op, ast::UnaryOpKind::Not);
        let op = if is_not { ast::UnaryOpKind::Not } else { ast::UnaryOpKind::Neg };
        Expr::UnaryOp(Spanned::new(ast::UnaryOp { op, expr: self.expression(&inner.expr) }, inner.span()))
    }

    fn binary(&mut self, inner: &Spanned<ast::BinOp<'s>>) -> Expr<'s> {
        let (left, right) = (self.expression(&inner.left), self.expression(&inner.right));
        let name = match inner.op {
            BinOpKind::Add => ADD,
            BinOpKind::Mul => MULTIPLY,
            BinOpKind::Concat => CONCATENATE,
            BinOpKind::ScAnd | BinOpKind::ScOr => {
                return Expr::BinOp(Spanned::new(ast::BinOp { op: inner.op, left, right }, inner.span()));
            }
            op => {
                let compared = ast::BinOp { op, left: read(left), right: read(right) };
                return Expr::BinOp(Spanned::new(compared, inner.span()));
            }
        };
        call_filter(name, left, vec![CallArg::Pos(right)], inner.span())
    }

    fn compare(&mut self, inner: &Spanned<ast::Compare<'s>>) -> Expr<'s> {
        let expr = read(self.expression(&inner.expr));
        let compared = inner.ops.iter();
        let ops = compared.map(|one| ast::CompareOp { op: one.op, expr: read(self.expression(&one.expr)) }).collect();
        Expr::Compare(Spanned::new(ast::Compare { expr, ops }, inner.span()))
    }

    fn if_expression(&mut self, inner: &Spanned<ast::IfExpr<'s>>) -> Expr<'s> {
        let guarded = ast::IfExpr {
            test_expr: self.expression(&inner.test_expr),
            true_expr: self.expression(&inner.true_expr),
            false_expr: inner.false_expr.as_ref().map(|other| self.expression(other)),
        };
        Expr::IfExpr(Spanned::new(guarded, inner.span()))
    }

    fn filter(&mut self, inner: &Spanned<ast::Filter<'s>>) -> Expr<'s> {
        let guarded = ast::Filter {
            name: inner.name,
            expr: inner.expr.as_ref().map(|value| self.expression(value)),
            args: self.arguments(&inner.args),
        };
        Expr::Filter(Spanned::new(guarded, inner.span()))
    }

    fn test(&mut self, inner: &Spanned<ast::Test<'s>>) -> Expr<'s> {
        let value = self.expression(&inner.expr);
        // A test with an argument compares it with the value.
        let expr = if inner.args.is_empty() { value } else { read(value) };
        let args = self.arguments(&inner.args);
        Expr::Test(Spanned::new(ast::Test { name: inner.name, expr, args }, inner.span()))
    }

    fn call(&mut self, inner: &Spanned<ast::Call<'s>>) -> Spanned<ast::Call<'s>> {
        let (expr, args) = (self.expression(&inner.expr), self.arguments(&inner.args));
        Spanned::new(ast::Call { expr, args }, inner.span())
    }

    fn arguments(&mut self, arguments: &[CallArg<'s>]) -> Vec<CallArg<'s>> {
        let guarded = arguments.iter().map(|argument| match argument {
            CallArg::Pos(value) => CallArg::Pos(self.expression(value)),
            CallArg::Kwarg(name, value) => CallArg::Kwarg(name, self.expression(value)),
            CallArg::PosSplat(value) => CallArg::PosSplat(created(self.expression(value))),
            CallArg::KwargSplat(value) => CallArg::KwargSplat(created(self.expression(value))),
        });
        guarded.collect()
    }
}

fn variable(id: &str, span: Span) -> Expr<'_> {
    Expr::Var(Spanned::new(ast::Var { id }, span))
}

fn constant<'s>(value: Value, span: Span) -> Expr<'s> {
    Expr::Const(Spanned::new(ast::Const { value }, span))
}

fn call_filter<'s>(name: &'s str, value: Expr<'s>, args: Vec<CallArg<'s>>, span: Span) -> Expr<'s> {
    Expr::Filter(Spanned::new(ast::Filter { name, expr: Some(value), args }, span))
}

/// A value that an operator reads. Constants are as large as the source.
fn read(value: Expr<'_>) -> Expr<'_> {
    if matches!(value, Expr::Const(_)) {
        return value;
    }
    let span = value.span();
    call_filter(READ, value, Vec::new(), span)
}

/// A value that was created.
fn created(value: Expr<'_>) -> Expr<'_> {
    let span = value.span();
    call_filter(CREATED, value, Vec::new(), span)
}
