/**
 * A Jinja engine for chat templates: the language of Python's jinja2 3.1 with Python's values, configured like Hugging
 * Face transformers.
 *
 * <p>The configuration is an immutable sandbox with {@code trim_blocks}, {@code lstrip_blocks}, {@code break} and
 * {@code continue}, the {@code generation} tag, {@code tojson}, {@code raise_exception} and {@code strftime_now}. A
 * template passes through {@link dev.pintle.jinja.Lexer}, {@link dev.pintle.jinja.Parser} and {@link
 * dev.pintle.jinja.Scoping}, which resolves once which variable each name refers to, and is then run by one {@link
 * dev.pintle.jinja.Interpreter} per rendering. Values are the classes of {@link dev.pintle.jinja.Value} together with
 * {@code String}, {@code Boolean}, {@code Long}, {@code BigInteger} and {@code Double}.
 *
 * <p>Anything unknown is refused with its line and column. Templates are untrusted, so depth, steps and text are
 * bounded by {@link dev.pintle.jinja.Limits}, and a template can only access the values passed to it.
 */
@NullMarked
package dev.pintle.jinja;

import org.jspecify.annotations.NullMarked;
