package dev.pintle.library;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.pintle.base.Cause;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.family.ConfigReader;
import dev.pintle.family.Families;
import dev.pintle.gguf.GgufModel;
import dev.pintle.gguf.GgufSummary;
import dev.pintle.hub.CachedRepo;
import dev.pintle.hub.GgufSet;
import dev.pintle.hub.HubClient;
import dev.pintle.hub.HubSettings;
import dev.pintle.hub.ModelFolders;
import dev.pintle.hub.ModelPlace;
import dev.pintle.hub.ModelStore;
import dev.pintle.quantised.QuantisedCheckpoint;
import dev.pintle.transformer.ModelConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * The models on this machine that have a name, and what can be told of a model without reading its weights. One that is
 * broken is told of as such.
 */
final class LocalModels {
    private static final ForeignJson.Limits CONFIG = new ForeignJson.Limits(200_000, 64, 10_000_000);
    private static final long MOST_CONFIG = 16L << 20;

    private LocalModels() {}

    /** The embedded model, then those in the cache, then those of other programs. */
    static List<KnownModel> all(HubSettings hub) {
        List<KnownModel> models = new ArrayList<>();
        try {
            Path embedded = ModelFolders.embedded();
            models.add(folder(ModelFolders.EMBEDDED, "Pintle", "embedded", List.of(), size(embedded), embedded, true));
        } catch (PintleException e) {
            // an installation without it still has the cache
        }
        for (CachedRepo repo : HubClient.of(hub).cachedRepos()) {
            models.addAll(of(repo));
        }
        for (ModelStore store : ModelStore.all(hub)) {
            for (String name : store.names()) {
                models.add(of(store, name));
            }
        }
        return models;
    }

    /** Their names, without looking into them. */
    static List<String> names(HubSettings hub) {
        List<String> names = new ArrayList<>();
        names.add(ModelFolders.EMBEDDED);
        for (CachedRepo repo : HubClient.of(hub).cachedRepos()) {
            List<GgufSet> ggufs = ggufs(repo);
            if (ggufs.isEmpty() || isModel(repo)) {
                names.add(repo.name());
            }
            ggufs.forEach(set -> names.add(name(repo) + ":" + set.wordAmong(ggufs)));
        }
        ModelStore.all(hub).forEach(store -> names.addAll(store.names()));
        return names.stream().distinct().toList();
    }

    // ---------------------------------------------------------------- repositories

    private static List<KnownModel> of(CachedRepo repo) {
        List<GgufSet> ggufs = ggufs(repo);
        List<KnownModel> models = new ArrayList<>();
        if (ggufs.isEmpty() || isModel(repo)) {
            models.add(folder(
                    repo.name(),
                    "Hugging Face",
                    repo.commit(),
                    repo.revisions(),
                    repo.bytes(),
                    repo.folder(),
                    repo.complete()));
        }
        for (GgufSet set : ggufs) {
            models.add(gguf(
                    name(repo) + ":" + set.wordAmong(ggufs),
                    "Hugging Face",
                    repo.commit(),
                    repo.revisions(),
                    set.files().stream().map(repo.folder()::resolve).toList(),
                    set.isComplete()));
        }
        return models;
    }

    private static List<GgufSet> ggufs(CachedRepo repo) {
        return GgufSet.in(repo.folder());
    }

    /** Whether a repository is, or is to be, a model in the Hugging Face format. */
    private static boolean isModel(CachedRepo repo) {
        try (Stream<Path> files = Files.list(repo.folder())) {
            return files.anyMatch(file -> String.valueOf(file.getFileName()).endsWith(".safetensors"));
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }

    private static String name(CachedRepo repo) {
        return repo.revisions().contains("main") ? repo.name() : repo.name() + "@" + repo.commit();
    }

    // ---------------------------------------------------------------- other programs

    private static KnownModel of(ModelStore store, String name) {
        try {
            ModelPlace place = store.find(name);
            return place instanceof ModelPlace.GgufFile file
                    ? gguf(name, store.program(), "", List.of(), GgufModel.files(file.path()), true)
                    : folder(name, store.program(), "", List.of(), size(place.path()), place.path(), true);
        } catch (PintleException e) {
            return new KnownModel(
                    name,
                    store.program(),
                    "",
                    List.of(),
                    0,
                    "",
                    "",
                    false,
                    true,
                    store.folders().get(0),
                    null,
                    e.problem());
        }
    }

    // ---------------------------------------------------------------- one model

    /** A model that was found. */
    static KnownModel of(String name, ModelPlace place) {
        return place instanceof ModelPlace.GgufFile file
                ? gguf(name, "", "", List.of(), GgufModel.files(file.path()), true)
                : folder(name, "", "", List.of(), size(place.path()), place.path(), true);
    }

    private static KnownModel folder(
            String name, String keeper, String revision, List<String> refs, long bytes, Path folder, boolean complete) {
        JsonNode json = config(folder);
        String family = json.path("model_type").asText("");
        String quantised = "";
        ModelConfig config = null;
        Problem obstacle = null;
        if (!family.isEmpty()) {
            try {
                ConfigReader reader = ConfigReader.open(folder.resolve("config.json"));
                config = Families.of(reader).config(reader);
                quantised = QuantisedCheckpoint.method(reader).orElse("");
            } catch (PintleException | IllegalArgumentException e) {
                config = null;
                obstacle = problem(e);
            }
        }
        return new KnownModel(
                name,
                keeper,
                revision,
                refs,
                bytes,
                family,
                quantised.isEmpty() ? format(json) : "safetensors " + quantised,
                !quantised.isEmpty(),
                complete,
                folder,
                config,
                obstacle);
    }

    private static String format(JsonNode config) {
        JsonNode text = config.path("text_config");
        for (JsonNode dtype : List.of(
                config.path("quantization_config").path("quant_method"),
                config.path("dtype"),
                config.path("torch_dtype"),
                text.path("dtype"),
                text.path("torch_dtype"))) {
            if (dtype.isTextual()) {
                return "safetensors "
                        + switch (dtype.textValue()) {
                            case "bfloat16" -> "BF16";
                            case "float16" -> "F16";
                            case "float32" -> "F32";
                            default -> dtype.textValue();
                        };
            }
        }
        return config.isMissingNode() ? "" : "safetensors";
    }

    private static KnownModel gguf(
            String name, String keeper, String revision, List<String> refs, List<Path> files, boolean complete) {
        String family = "";
        String format = "GGUF";
        ModelConfig config = null;
        Problem obstacle = null;
        try {
            GgufSummary summary = GgufSummary.of(files.get(0));
            family = summary.architecture();
            format = (format + " " + summary.quantisation()).strip();
            config = summary.config();
            obstacle = summary.obstacle();
        } catch (PintleException | IllegalArgumentException e) {
            obstacle = problem(e);
        }
        return new KnownModel(
                name,
                keeper,
                revision,
                refs,
                bytes(files),
                family,
                format,
                true,
                complete,
                files.get(0),
                config,
                obstacle);
    }

    private static Problem problem(RuntimeException e) {
        return e instanceof PintleException known
                ? known.problem()
                : Problem.of("The model's configuration cannot be used.").fact("cause", Cause.words(e));
    }

    // ---------------------------------------------------------------- files

    /** Number of blocks as a model's config.json states it; empty where it does not. */
    static OptionalInt blocks(Path model) {
        JsonNode config = config(model);
        JsonNode blocks = config.path("text_config").path("num_hidden_layers");
        blocks = blocks.isInt() ? blocks : config.path("num_hidden_layers");
        blocks = blocks.isInt() ? blocks : config.path("n_layer"); // GPT-2
        return blocks.isInt() && blocks.intValue() > 0 ? OptionalInt.of(blocks.intValue()) : OptionalInt.empty();
    }

    /** The model's config.json; an empty node where it cannot be read, which loading reports. */
    private static JsonNode config(Path model) {
        try {
            return ForeignJson.read(ForeignFile.bytes(model.resolve("config.json"), MOST_CONFIG), CONFIG);
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        } catch (IOException e) {
            return MissingNode.getInstance();
        }
    }

    private static long size(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return bytes(files.toList());
        } catch (IOException | UncheckedIOException e) {
            return 0;
        }
    }

    /** Together, as far as they are there. */
    private static long bytes(List<Path> files) {
        long bytes = 0;
        for (Path file : files) {
            try {
                bytes += Files.isRegularFile(file) ? Files.size(file) : 0;
            } catch (IOException e) {
                bytes += 0; // gone meanwhile
            }
        }
        return bytes;
    }
}
