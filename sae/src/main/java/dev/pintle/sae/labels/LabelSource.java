package dev.pintle.sae.labels;

import dev.pintle.base.Problem;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;

/** A service that has labels of latents. */
public sealed interface LabelSource {
    /** The name that {@link #parse} accepts, and that labels are cached under. */
    String name();

    /** A service that is queried for individual latents. */
    sealed interface ByLatent extends LabelSource permits GoodfireLookup, NeuronpediaFeatures {
        /**
         * Queries latents, as far as the source responds. Failures of the source are part of the result, never
         * exceptions.
         */
        LabelAnswer ask(SortedSet<Integer> latents);
    }

    /** A service that provides all labels at once, in one or more files. */
    sealed interface Wholesale extends LabelSource permits NeuronpediaExport, LabelDump {
        /** The files. Failures of the source are part of the result, never exceptions. */
        Parts parts();
    }

    /**
     * The files of a wholesale source.
     *
     * @param problem why there are none, if there are none
     */
    record Parts(List<URI> files, Optional<Problem> problem) {
        static Parts none(Problem problem) {
            return new Parts(List.of(), Optional.of(problem));
        }
    }

    /** The forms that {@link #parse} accepts. */
    String FORMS = "a file, neuronpedia:MODEL/SOURCE, neuronpedia-export:MODEL/SOURCE, goodfire:MODEL,"
            + " goodfire-dump:MODEL, or the address of a file";

    /**
     * Parses a name:
     *
     * <ul>
     *   <li>{@code neuronpedia:llama3.1-8b-it/19-resid-post-gf}: one latent per request;
     *   <li>{@code neuronpedia-export:llama3.3-70b-it/50-resid-post-gf}: all of them, from the public bucket;
     *   <li>{@code goodfire:meta-llama/Meta-Llama-3.1-8B-Instruct}: Goodfire's lookup, which seems to have been shut
     *       down;
     *   <li>{@code goodfire-dump:meta-llama/Llama-3.1-8B-Instruct}: a copy of Goodfire's labels that a user published
     *       on the hub;
     *   <li>{@code https://…}: any file that {@link LabelFiles} reads.
     * </ul>
     *
     * @throws IllegalArgumentException listing the forms
     */
    static LabelSource parse(String name, LabelSettings settings) {
        int colon = name.indexOf(':');
        String kind = colon < 0 ? "" : name.substring(0, colon);
        String rest = name.substring(colon + 1);
        Optional<LabelSource> source = switch (kind) {
            case "http", "https" -> dump(name, name);
            case "goodfire" -> Optional.of(new GoodfireLookup(rest, settings));
            case "goodfire-dump" ->
                dump(
                        settings.hub() + "/datasets/nickjiang/feature_labels/resolve/main/goodfire/" + rest + ".json",
                        name);
            case "neuronpedia", "neuronpedia-export" -> neuronpedia(kind, rest, settings);
            default -> Optional.empty();
        };
        return source.orElseThrow(() -> noSuch(name));
    }

    private static Optional<LabelSource> dump(String address, String name) {
        try {
            URI uri = URI.create(address);
            return uri.getHost() == null ? Optional.empty() : Optional.of(new LabelDump(uri, name));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // the caller reports it, with the valid forms
        }
    }

    private static Optional<LabelSource> neuronpedia(String kind, String rest, LabelSettings settings) {
        if (!rest.matches("[\\w.+-]+/[\\w.+-]+")) {
            return Optional.empty();
        }
        String model = rest.substring(0, rest.indexOf('/'));
        String source = rest.substring(rest.indexOf('/') + 1);
        return Optional.of(
                kind.equals("neuronpedia")
                        ? new NeuronpediaFeatures(model, source, settings)
                        : new NeuronpediaExport(model, source, settings.neuronpediaBucket()));
    }

    private static IllegalArgumentException noSuch(String name) {
        return Problem.of("There is no such source of labels.")
                .fact("expected", FORMS)
                .fact("but was", name)
                .toIllegalArgument();
    }
}
