/** Reports: one self-contained HTML page of chapters, claims, figures and tables. Knows nothing of studies. */
@NullMarked
package dev.pintle.report;

import org.jspecify.annotations.NullMarked;
