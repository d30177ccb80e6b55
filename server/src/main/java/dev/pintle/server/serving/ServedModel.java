package dev.pintle.server.serving;

import dev.pintle.library.Library;
import dev.pintle.library.OpenSources;
import dev.pintle.model.Decoding;
import dev.pintle.model.EngineOptions;
import dev.pintle.model.GenerationEngine;
import dev.pintle.model.GenerationListener;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.RowCheck;
import dev.pintle.study.RunManifest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/**
 * A model that is served: one engine for all its requests.
 *
 * @param name as clients call it
 * @param engine generates for all requests
 * @param check which numbers of rows leave a row the bits that it has alone, as tried when it was loaded
 * @param sources vectors and autoencoders for steering it
 * @param reads what runs beside generation: scoring, capturing, fitting
 * @param since when it was loaded
 */
public record ServedModel(
        String name,
        LanguageModel model,
        GenerationEngine engine,
        RowCheck check,
        OpenSources sources,
        Reads reads,
        Instant since)
        implements AutoCloseable {
    private static final int SHOWN = 8;
    private static final Duration CHECKING = Duration.ofMillis(500);

    /**
     * Starts to serve a model, and closes it in the end.
     *
     * @param settings how its requests are generated
     */
    public static ServedModel start(String name, LanguageModel model, Library library, EngineOptions settings) {
        warmUp(model);
        GenerationEngine engine = model.engine(settings);
        RowCheck check = engine.check(CHECKING);
        return new ServedModel(name, model, engine, check, library.sources(model, false), new Reads(), Instant.now());
    }

    /** Reads the tokenizer and generates a few tokens, so that the first caller does not wait for it. */
    private static void warmUp(LanguageModel model) {
        int[] prompt = model.text().hasTokenizer() ? model.tokenizer().encode("Hello") : new int[] {0};
        model.generate(List.of(GenerationRequest.of(prompt, Decoding.greedy(2))), GenerationListener.SILENT);
    }

    /** What an answer's bits depend on, besides the request: version, weights, dtype, device, and whether it is exact. */
    public String fingerprint() {
        String revision = model.id().revision();
        String weights = revision.startsWith("content-") ? revision.substring("content-".length()) : revision;
        return String.join(
                "-",
                "pintle",
                RunManifest.version().split(" ", 2)[0],
                weights.substring(0, Math.min(SHOWN, weights.length())),
                model.dtype().toString().toLowerCase(Locale.ROOT),
                model.device().toString().replace(':', '.'),
                isExact() ? "exact" : "batched");
    }

    /** Whether an answer's bits do not depend on what is generated beside it. */
    public boolean isExact() {
        return engine.isExact() && check.different().isEmpty();
    }

    /** Cancels what runs, then releases the model. */
    @Override
    public void close() {
        engine.close();
        reads.close();
        sources.close();
        model.close();
    }
}
