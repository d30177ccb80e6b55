package dev.pintle.quantised;

import dev.pintle.base.Problem;
import java.util.List;
import java.util.Set;

/**
 * What {@code quantization_config} says.
 *
 * @param name what it is called: {@code GPTQ}
 * @param layouts in which weights may be stored
 * @param plain modules that are not quantised, by their whole names; patterns are left out, since a module's tensors say as much
 * @param unread ends of the names of tensors that no weight needs, such as scales of keys and values
 * @param notes what the original computes otherwise
 */
record Scheme(String name, List<Layout> layouts, Set<String> plain, Set<String> unread, List<Problem> notes) {}
