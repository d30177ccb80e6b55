package dev.pintle.library;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.pintle.base.Excerpt;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.PintleException;
import dev.pintle.base.RegularFile;
import dev.pintle.family.ConfigReader;
import dev.pintle.family.Families;
import dev.pintle.hub.CachedRepo;
import dev.pintle.hub.HubClient;
import dev.pintle.hub.HubSettings;
import dev.pintle.hub.ModelFolders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** The models on this machine that have a name, and what can be told of a model without reading its weights. */
final class LocalModels {
    private static final ForeignJson.Limits CONFIG = new ForeignJson.Limits(200_000, 64, 10_000_000);

    private LocalModels() {}

    /** The embedded model, then those in the cache. */
    static List<KnownModel> all(HubSettings hub) {
        List<KnownModel> models = new ArrayList<>();
        try {
            Path embedded = ModelFolders.find(ModelFolders.EMBEDDED, hub);
            models.add(new KnownModel(
                    ModelFolders.EMBEDDED,
                    "embedded",
                    List.of(),
                    size(embedded),
                    family(embedded),
                    "",
                    true,
                    embedded));
        } catch (PintleException e) {
            // an installation without it still has the cache
        }
        for (CachedRepo repo : HubClient.of(hub).cachedRepos()) {
            models.add(new KnownModel(
                    repo.name(),
                    repo.commit(),
                    repo.revisions(),
                    repo.bytes(),
                    family(repo.folder()),
                    quantisation(config(repo.folder()).path("quantization_config")),
                    repo.complete(),
                    repo.folder()));
        }
        return models;
    }

    /** Number of blocks as a model's config.json states it; empty where it does not. */
    static OptionalInt blocks(Path model) {
        JsonNode config = config(model);
        JsonNode blocks = config.path("text_config").path("num_hidden_layers");
        blocks = blocks.isInt() ? blocks : config.path("num_hidden_layers");
        blocks = blocks.isInt() ? blocks : config.path("n_layer"); // GPT-2
        return blocks.isInt() && blocks.intValue() > 0 ? OptionalInt.of(blocks.intValue()) : OptionalInt.empty();
    }

    /** Number of weights in a model's matrices as its config.json states them; empty where they cannot be told. */
    static OptionalLong weights(Path model) {
        try {
            ConfigReader json = ConfigReader.open(model.resolve("config.json"));
            return OptionalLong.of(Families.of(json).config(json).weights());
        } catch (PintleException | IllegalArgumentException e) {
            return OptionalLong.empty(); // not a model, or of no family that can be loaded
        }
    }

    private static String family(Path model) {
        return config(model).path("model_type").asText("");
    }

    /** What config.json says of quantised weights, in a few words. */
    private static String quantisation(JsonNode stated) {
        String method = Excerpt.of(stated.path("quant_method").asText(stated.isEmpty() ? "" : "unknown"));
        String format =
                stated.path("bnb_4bit_quant_type").asText(stated.path("format").asText(""));
        boolean is4bit = stated.path("load_in_4bit").asBoolean();
        String more = stated.path("bits").isInt()
                ? stated.path("bits").intValue() + " bits"
                : method.equals("bitsandbytes") && !is4bit ? "int8" : Excerpt.of(format);
        return method.isEmpty() || more.isEmpty() ? method : method + ", " + more;
    }

    /** The model's config.json; an empty node where it cannot be read, which loading reports. */
    private static JsonNode config(Path model) {
        try {
            byte[] text = RegularFile.text(model.resolve("config.json")).getBytes(StandardCharsets.UTF_8);
            return ForeignJson.read(text, CONFIG);
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        } catch (IOException e) {
            return MissingNode.getInstance();
        }
    }

    private static long size(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            long bytes = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
            }
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
