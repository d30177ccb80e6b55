/**
 * Asking services that may be slow, wrong or gone: every request has a deadline and a largest answer, and what goes wrong
 * is a value.
 */
@NullMarked
package dev.pintle.web;

import org.jspecify.annotations.NullMarked;
