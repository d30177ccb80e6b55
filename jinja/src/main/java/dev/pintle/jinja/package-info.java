/**
 * A Jinja engine for chat templates: the language of Python's jinja2 3.1 with Python's values, as Hugging Face
 * transformers configures it.
 *
 * <p>The configuration is an immutable sandbox with {@code trim_blocks}, {@code lstrip_blocks}, {@code break} and
 * {@code continue}, the {@code generation} tag, {@code tojson}, {@code raise_exception} and {@code strftime_now}. A
 * template goes from {@link dev.pintle.jinja.Lexer} to {@link dev.pintle.jinja.Parser} to
 * {@link dev.pintle.jinja.Scoping}, which settles once which variable each name means, and is then run by an
 * {@link dev.pintle.jinja.Interpreter} per rendering. Values are the classes of
 * {@link dev.pintle.jinja.Value} together with {@code String}, {@code Boolean}, {@code Long}, {@code BigInteger}
 * and {@code Double}.
 *
 * <p>What is unknown is refused with its line and column. A template comes from whoever published the model, so depth,
 * steps and text are bounded by {@link dev.pintle.jinja.Limits}, and no template reaches anything but the values
 * given to it.
 */
@NullMarked
package dev.pintle.jinja;

import org.jspecify.annotations.NullMarked;
