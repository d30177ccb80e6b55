/** What the tests of several modules share: reference values, tolerances with their reasons, a tensor assertion. */
@NullMarked
package dev.pintle.testkit;

import org.jspecify.annotations.NullMarked;
