/**
 * Where labels of latents come from and where they are cached: files, services, dumps, and a searchable database. If a
 * source fails, only its labels are missing.
 */
@NullMarked
package dev.pintle.sae.labels;

import org.jspecify.annotations.NullMarked;
