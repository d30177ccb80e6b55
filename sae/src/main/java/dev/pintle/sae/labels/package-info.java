/**
 * Where labels of latents come from and where they are kept: files, services, dumps, and a searchable store. A source that
 * fails costs labels and nothing else.
 */
@NullMarked
package dev.pintle.sae.labels;

import org.jspecify.annotations.NullMarked;
