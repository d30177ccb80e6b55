/** A latent that is raised, decoded and encoded again. */
@NullMarked
package dev.pintle.study.doubledecode;

import org.jspecify.annotations.NullMarked;
