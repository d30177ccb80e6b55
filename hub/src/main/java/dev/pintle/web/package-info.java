/**
 * Requests to services that may be slow, wrong or gone: every request has a deadline and a size limit, and failures are
 * values.
 */
@NullMarked
package dev.pintle.web;

import org.jspecify.annotations.NullMarked;
