package dev.pintle.sae.labels;

import dev.pintle.base.Problem;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A source's response about some latents. Latents in neither {@code labels} nor {@code without} stay unknown.
 *
 * @param labels by latent
 * @param without latents that the source says have no label
 * @param problems what went wrong
 */
record LabelAnswer(Map<Integer, String> labels, Set<Integer> without, List<Problem> problems) {}
