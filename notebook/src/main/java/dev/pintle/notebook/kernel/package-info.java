/** The Java kernel of Jupyter with Pintle's class path and renderers; needs the kernel's jar on the class path. */
@NullMarked
package dev.pintle.notebook.kernel;

import org.jspecify.annotations.NullMarked;
