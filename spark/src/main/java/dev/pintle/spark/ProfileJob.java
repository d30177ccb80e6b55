package dev.pintle.spark;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.library.Library;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.profile.ProfileMerge;
import dev.pintle.sae.profile.ProfileSettings;
import dev.pintle.sae.profile.Profiler;
import dev.pintle.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * A profile of an autoencoder over a collection of texts, read in parts and merged into exactly what one pass finds.
 *
 * <pre>
 *   parts/*.sqlite    profiles of the parts, which may be removed once they are merged
 *   profile.sqlite    the profile
 * </pre>
 *
 * @param model that the autoencoder reads
 * @param autoencoder as for {@link Library#autoencoder}
 * @param autoencoderDtype of its matrices, FP32 or BF16
 * @param texts a file or folder that every executor sees; empty for the embedded texts
 * @param parts in how many parts they are read; each is a task
 * @param window maximum tokens of a text to read at once
 * @param specialTokens whether special tokens count
 * @param roles whose tokens count, as {@code --roles} of {@code pintle sae profile}
 */
public record ProfileJob(
        ModelSpec model,
        String autoencoder,
        DType autoencoderDtype,
        String texts,
        int parts,
        int window,
        boolean specialTokens,
        List<String> roles) {
    /** @throws IllegalArgumentException if a part cannot be used */
    public ProfileJob {
        PartTask.requireParts(parts);
        roles = List.copyOf(roles);
        ProfileSettings.roles(roles);
        PartTask.texts(texts);
    }

    private ObjectNode settings() {
        ObjectNode settings = Json.object();
        settings.set("model", model.fields());
        settings.put("autoencoder", autoencoder)
                .put("autoencoder_dtype", autoencoderDtype.toString())
                .put("texts", texts)
                .put("parts", parts)
                .put("window", window)
                .put("special_tokens", specialTokens);
        roles.forEach(settings.putArray("roles")::add);
        return settings;
    }

    /**
     * Runs the job, or goes on with it; as {@link SweepJob#run}.
     *
     * @throws dev.pintle.base.PintleException if the job is refused, or the cluster fails; failures of tasks are in the result
     */
    public JobResult run(
            LongFunction<JavaSparkContext> cluster,
            OptionalLong memory,
            Path out,
            Library library,
            JobListener listener) {
        long coder = ExecutorMemory.bytes(library.autoencoderFile(autoencoder));
        long needed = ExecutorMemory.require(library, List.of(model), 1, coder, memory.orElse(Long.MAX_VALUE));
        try (OutputFolder folder = OutputFolder.open(out, "profile", settings())) {
            List<Pass> tasks = new ArrayList<>();
            for (int part = 1; part <= parts; part++) {
                tasks.add(new Pass(
                        folder.path().toString(),
                        this.model,
                        autoencoder,
                        autoencoderDtype,
                        texts,
                        part,
                        parts,
                        window,
                        specialTokens,
                        roles));
            }
            JobResult result = PartTask.run(folder, tasks, new LazyCluster(cluster, needed), listener);
            Path whole = folder.path().resolve("profile.sqlite");
            if (result.whole() && !Files.exists(whole)) {
                ProfileMerge.merge(tasks.stream().map(Pass::file).toList(), whole);
            }
            return result;
        }
    }

    /** Profiles one part. */
    private record Pass(
            String out,
            ModelSpec model,
            String autoencoder,
            DType autoencoderDtype,
            String texts,
            int number,
            int of,
            int window,
            boolean specialTokens,
            List<String> roles)
            implements PartTask {
        Path file() {
            return Path.of(out, "parts", number + "-of-" + of + ".sqlite");
        }

        @Override
        public String what() {
            return "profile part " + number + " of " + of;
        }

        @Override
        public Read read() {
            try (ModelCache.Use use = ModelCache.use(model);
                    Library library = Library.open()) {
                LanguageModel loaded = use.model();
                try (SparseAutoencoder coder = library.autoencoder(autoencoder, loaded.device(), autoencoderDtype)) {
                    ProfileSettings settings = ProfileSettings.usual()
                            .withWindow(window)
                            .withSpecialTokens(specialTokens)
                            .withRoles(ProfileSettings.roles(roles));
                    Profiler.Outcome outcome = new Profiler(loaded, coder, coder.place(), file(), settings, part())
                            .run(PartTask.texts(texts), Profiler.Listener.SILENT);
                    return new Read(outcome.documents(), outcome.tokens());
                }
            }
        }
    }
}
