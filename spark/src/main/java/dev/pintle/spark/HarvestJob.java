package dev.pintle.spark;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.cli.HookPointChoice;
import dev.pintle.library.Library;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.harvest.Harvest;
import dev.pintle.sae.harvest.HarvestSettings;
import dev.pintle.sae.harvest.StoreManifest;
import dev.pintle.sae.profile.ProfileSettings;
import dev.pintle.tensor.DType;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.LongFunction;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * A store of activations of a collection of texts, written in parts: the folder {@code store} of the outcome is one that {@code
 * pintle harvest-info} and {@link dev.pintle.sae.harvest.ActivationStore} read.
 *
 * @param model that is run
 * @param patterns of hook points, as {@code --at} of {@code pintle harvest}; none for the residual stream after each layer
 * @param layers of these, such as {@code 3,5-7}; empty for all
 * @param texts a file or folder that every executor sees; empty for the embedded texts
 * @param parts in how many parts they are read; each is a task
 * @param storedAs dtype of the activations: FP32, BF16 or FP16
 * @param shardMib size of a shard at most
 * @param window maximum tokens of a text to read at once
 * @param specialTokens whether special tokens get rows
 * @param bos whether a plain text gets the start token if the tokenizer adds none
 * @param roles whose tokens get rows, as {@code --roles} of {@code pintle harvest}
 */
public record HarvestJob(
        ModelSpec model,
        List<String> patterns,
        String layers,
        String texts,
        int parts,
        DType storedAs,
        int shardMib,
        int window,
        boolean specialTokens,
        boolean bos,
        List<String> roles) {
    /** @throws IllegalArgumentException if a part cannot be used */
    public HarvestJob {
        PartTask.requireParts(parts);
        patterns = patterns.isEmpty() ? List.of(HookPointChoice.RESIDUAL_STREAM) : List.copyOf(patterns);
        roles = List.copyOf(roles);
        if (shardMib < 1) {
            throw Problem.of("A shard has at least 1 MiB.")
                    .fact("but was", shardMib)
                    .toIllegalArgument();
        }
        settings(window, specialTokens, bos, roles, storedAs, shardMib);
        PartTask.texts(texts);
    }

    private static HarvestSettings settings(
            int window, boolean specialTokens, boolean bos, List<String> roles, DType storedAs, int shardMib) {
        return new HarvestSettings(
                window,
                HarvestSettings.usual().tokensAtOnce(),
                bos,
                specialTokens,
                ProfileSettings.roles(roles),
                0,
                storedAs,
                (long) shardMib << 20);
    }

    private ObjectNode settings() {
        ObjectNode settings = Json.object();
        settings.set("model", model.fields());
        patterns.forEach(settings.putArray("patterns")::add);
        settings.put("layers", layers)
                .put("texts", texts)
                .put("parts", parts)
                .put("stored_as", storedAs.toString())
                .put("shard_mib", shardMib)
                .put("window", window)
                .put("special_tokens", specialTokens)
                .put("bos", bos);
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
        int blocks = model.layers(library, List.of()).size();
        Set<HookPoint> points = HookPointChoice.of(
                HookPointChoice.usualPlaces(blocks), blocks, patterns, layers.isEmpty() ? null : layers);
        ModelConfig config = library.known(model.name()).config();
        if (config != null) {
            settings(window, specialTokens, bos, roles, storedAs, shardMib).requireRoom(points, config);
        }
        long needed = ExecutorMemory.require(library, List.of(model), 1, 0, memory.orElse(Long.MAX_VALUE));
        try (OutputFolder folder = OutputFolder.open(out, "harvest", settings())) {
            List<Pass> tasks = new ArrayList<>();
            for (int part = 1; part <= parts; part++) {
                tasks.add(new Pass(folder.path().toString(), this, part));
            }
            return PartTask.run(folder, tasks, new LazyCluster(cluster, needed), listener);
        }
    }

    /** Harvests one part. */
    private record Pass(
            String out,
            ModelSpec model,
            List<String> patterns,
            String layers,
            String texts,
            int number,
            int of,
            DType storedAs,
            int shardMib,
            int window,
            boolean specialTokens,
            boolean bos,
            List<String> roles)
            implements PartTask {
        Pass(String out, HarvestJob job, int number) {
            this(
                    out,
                    job.model,
                    job.patterns,
                    job.layers,
                    job.texts,
                    number,
                    job.parts,
                    job.storedAs,
                    job.shardMib,
                    job.window,
                    job.specialTokens,
                    job.bos,
                    job.roles);
        }

        @Override
        public String what() {
            return "harvest part " + number + " of " + of;
        }

        @Override
        public Read read() {
            try (ModelCache.Use use = ModelCache.use(model)) {
                LanguageModel loaded = use.model();
                StoreManifest manifest = new Harvest(
                                loaded,
                                HookPointChoice.of(
                                        loaded.hookPoints(),
                                        loaded.config().nLayers(),
                                        patterns,
                                        layers.isEmpty() ? null : layers),
                                Path.of(out, "store"),
                                settings(window, specialTokens, bos, roles, storedAs, shardMib),
                                part())
                        .run(PartTask.texts(texts), Harvest.Listener.SILENT);
                return new Read(manifest.rows(), manifest.rows());
            }
        }
    }
}
