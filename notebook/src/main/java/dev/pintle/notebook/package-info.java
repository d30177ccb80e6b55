/** What notebooks show and check: tables, texts, token strips and figures, in Jupyter and in plain JShell. */
@NullMarked
package dev.pintle.notebook;

import org.jspecify.annotations.NullMarked;
