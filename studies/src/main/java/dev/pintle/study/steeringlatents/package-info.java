/** What steering does to the latents, token by token. */
@NullMarked
package dev.pintle.study.steeringlatents;

import org.jspecify.annotations.NullMarked;
