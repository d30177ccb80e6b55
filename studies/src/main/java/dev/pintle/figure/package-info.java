/**
 * Figures as values: what is shown is stated in a record, how it looks is one theme, light or dark. Written as SVG and PNG.
 */
@NullMarked
package dev.pintle.figure;

import org.jspecify.annotations.NullMarked;
