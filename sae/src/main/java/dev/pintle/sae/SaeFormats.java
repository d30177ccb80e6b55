package dev.pintle.sae;

import dev.pintle.base.Excerpt;
import dev.pintle.base.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** All known formats: Pintle's own, and those of other jars on the class path. */
final class SaeFormats {
    private static final List<SaeFormat> OWN = List.of(
            new DictionaryLearningFormat(),
            new LlamaScopeFormat(),
            new SparsifyFormat(),
            new GemmaScope2Format(),
            new GemmaScopeFormat(),
            new SaeLensFormat(),
            new OpenAiFormat(),
            new QwenScopeFormat(),
            new GoodfireFormat());

    private SaeFormats() {}

    static List<SaeFormat> all() {
        List<SaeFormat> all = new ArrayList<>(OWN);
        try {
            ServiceLoader.load(SaeFormat.class).forEach(all::add);
        } catch (ServiceConfigurationError e) {
            throw Problem.of("An autoencoder format on the class path cannot be loaded.")
                    .fact("cause", Excerpt.of(e.getMessage()))
                    .fact("try", "fixing its jar, or removing it from the class path")
                    .toException(e);
        }
        return all;
    }

    /**
     * The format that recognises the files.
     *
     * @throws dev.pintle.base.PintleException if none does, or several do; names them
     */
    static SaeFormat of(SaeFiles files) {
        List<SaeFormat> claims =
                all().stream().filter(format -> format.recognises(files)).toList();
        if (claims.isEmpty()) {
            throw files.unknown(all());
        }
        if (claims.size() > 1) {
            throw Problem.of("Several formats claim the autoencoder's files.")
                    .fact("file", files.path().toAbsolutePath())
                    .fact(
                            "formats",
                            claims.stream()
                                    .map(format -> format.name() + " ("
                                            + format.getClass().getName() + ")")
                                    .collect(Collectors.joining(", ")))
                    .fact("try", "removing the jar of one of them")
                    .toException();
        }
        return claims.get(0);
    }
}
