/** Pages that show what a study found: one self-contained HTML file, light and dark, that needs no network. */
@NullMarked
package dev.pintle.report;

import org.jspecify.annotations.NullMarked;
