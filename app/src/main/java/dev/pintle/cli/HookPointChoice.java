package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.transformer.HookPoint;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Hook points chosen by patterns and layers. */
public final class HookPointChoice {
    /** The pattern of the residual stream after each layer. */
    public static final String RESIDUAL_STREAM = "blocks.*.hook_resid_post";

    private HookPointChoice() {}

    /** The hook points of a model with the usual blocks, for checking patterns before the model is loaded. */
    public static Set<HookPoint> usualPlaces(int nLayers) {
        Set<HookPoint> places = new TreeSet<>(Set.of(HookPoint.embed(), HookPoint.normalized()));
        for (HookPoint.Site site : HookPoint.Site.OF_BLOCKS) {
            for (int layer = 0; layer < nLayers; layer++) {
                places.add(new HookPoint(site, layer));
            }
        }
        return places;
    }

    /**
     * The hook points that match any of the patterns.
     *
     * @param all those of the model
     * @param patterns with {@code *} for anything
     * @param layers only these, such as {@code 3,5-7}; null for all
     * @throws IllegalArgumentException if a pattern matches none, or the layers are not valid or have no effect
     */
    public static SortedSet<HookPoint> of(
            Set<HookPoint> all, int nLayers, List<String> patterns, @Nullable String layers) {
        Set<Integer> among = layers == null ? null : layers(layers, nLayers);
        SortedSet<HookPoint> chosen = new TreeSet<>();
        for (String pattern : patterns) {
            Set<HookPoint> matching = HookPoint.matching(all, pattern).stream()
                    .filter(point -> among == null || point.layer() < 0 || among.contains(point.layer()))
                    .collect(Collectors.toSet());
            if (matching.isEmpty()) {
                throw Problem.of("No hook point of the model matches the pattern.")
                        .fact("pattern", pattern)
                        .fact("layers", layers == null ? "0 to " + (nLayers - 1) : layers)
                        .fact("expected", "such as blocks.3.hook_resid_post, blocks.*.hook_mlp_out, hook_embed")
                        .toIllegalArgument();
            }
            chosen.addAll(matching);
        }
        if (among != null && chosen.stream().allMatch(point -> point.layer() < 0)) {
            throw Problem.of("--layers has no effect: none of the requested hook points is in a block.")
                    .fact("layers", layers)
                    .fact("hook points", chosen)
                    .fact("try", "leaving out --layers, or adding --at blocks.*.hook_resid_post")
                    .toIllegalArgument();
        }
        return chosen;
    }

    private static Set<Integer> layers(String list, int nLayers) {
        Set<Integer> layers = new TreeSet<>();
        for (String part : list.split(",", -1)) {
            if (!part.strip().matches("\\d{1,5}(-\\d{1,5})?")) {
                throw badLayers(list, nLayers);
            }
            String[] ends = part.strip().split("-", -1);
            int first = Integer.parseInt(ends[0]);
            int last = Integer.parseInt(ends[ends.length - 1]);
            if (first > last || last >= nLayers) {
                throw badLayers(list, nLayers);
            }
            for (int layer = first; layer <= last; layer++) {
                layers.add(layer);
            }
        }
        return layers;
    }

    private static IllegalArgumentException badLayers(String list, int nLayers) {
        return Problem.of("The list of layers is not valid.")
                .fact("expected", String.format(Locale.ROOT, "a list such as 3,5-7, of layers 0 to %d", nLayers - 1))
                .fact("but was", list)
                .toIllegalArgument();
    }
}
