/** A study as another jar would bring it. */
@NullMarked
package org.example.norms;

import org.jspecify.annotations.NullMarked;
