/** Runs notebooks without Jupyter, builds .ipynb files from their sources, and tells Jupyter of Pintle's kernel. */
@NullMarked
package dev.pintle.notebook.build;

import org.jspecify.annotations.NullMarked;
