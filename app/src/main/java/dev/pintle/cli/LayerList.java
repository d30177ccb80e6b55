package dev.pintle.cli;

import dev.pintle.base.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Layers as options list them: {@code 3}, or a range {@code 2-5}. */
public final class LayerList {
    private LayerList() {}

    /**
     * The layers, 0-based, in the order given.
     *
     * @param nLayers number of blocks of the model
     * @throws IllegalArgumentException if the model has no such block
     */
    public static List<Integer> of(List<String> parts, int nLayers) {
        List<Integer> wanted = new ArrayList<>();
        for (String part : parts) {
            if (!part.strip().matches("\\d{1,4}(-\\d{1,4})?")) {
                throw bad(part, nLayers);
            }
            String[] ends = part.strip().split("-", -1);
            int last = Integer.parseInt(ends[ends.length - 1]);
            if (last >= nLayers) {
                throw bad(part, nLayers);
            }
            IntStream.rangeClosed(Integer.parseInt(ends[0]), last).forEach(wanted::add);
        }
        return wanted;
    }

    private static IllegalArgumentException bad(String part, int nLayers) {
        return Problem.of("There is no such block.")
                .fact("expected", String.format(Locale.ROOT, "0 to %d, or a range such as 2-5", nLayers - 1))
                .fact("but was", part)
                .toIllegalArgument();
    }
}
