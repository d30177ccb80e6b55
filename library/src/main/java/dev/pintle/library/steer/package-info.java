/**
 * One spelling of steering, the JSON of {@code --steer}, of the server and of presets: {@link
 * dev.pintle.library.steer.SteeringSpec} is what was asked, {@link dev.pintle.library.steer.Steering} what will act.
 */
@NullMarked
package dev.pintle.library.steer;

import org.jspecify.annotations.NullMarked;
