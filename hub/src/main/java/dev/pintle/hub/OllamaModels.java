package dev.pintle.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.Nearest;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/*
 * manifests/HOST/NAMESPACE/MODEL/TAG   JSON: layers, each with mediaType, digest and size
 * blobs/sha256-HEX                     the layers; that of the model is a GGUF file
 */
/**
 * Ollama's models.
 *
 * @see <a href="https://github.com/ollama/ollama/tree/main/manifest">how Ollama reads them</a>
 */
public final class OllamaModels implements ModelStore {
    static final String PREFIX = "ollama:";
    private static final String KIND = "application/vnd.ollama.image.";
    private static final Pattern DIGEST = Pattern.compile("sha256[:-]([0-9a-f]{64})");
    private static final long MOST_MANIFEST = 4 << 20;
    private static final long MOST_TEXT = 1 << 20;
    private static final ForeignJson.Limits MANIFEST = new ForeignJson.Limits(200_000, 20, 1 << 16);
    private static final ForeignJson.Limits PARAMETERS = new ForeignJson.Limits(10_000, 10, 1 << 16);
    private static final int NAMES = 4; // folders and file of a manifest
    private static final Set<String> WITHOUT_EFFECT = Set.of("license", "projector");

    private final List<Path> roots;
    private final Path cache;

    OllamaModels(HubSettings settings) {
        this.roots = settings.stores().ollama();
        this.cache = settings.cache();
    }

    @Override
    public String program() {
        return "Ollama";
    }

    @Override
    public String prefix() {
        return PREFIX;
    }

    @Override
    public List<Path> folders() {
        return roots;
    }

    @Override
    public List<String> names() {
        return roots.stream()
                .flatMap(root -> in(root).stream())
                .map(name -> PREFIX + name)
                .distinct()
                .sorted()
                .toList();
    }

    private static List<OllamaName> in(Path root) {
        return FolderFiles.below(root.resolve("manifests"), NAMES).stream()
                .map(OllamaName::ofManifest)
                .flatMap(Optional::stream)
                .toList();
    }

    @Override
    public ModelPlace find(String name) {
        OllamaName wanted = OllamaName.parse(name.substring(PREFIX.length()));
        for (Path root : roots) {
            Path manifest = wanted.manifest(root);
            if (!Files.isRegularFile(manifest)) {
                manifest = in(root).stream()
                        .filter(wanted::isSame)
                        .findFirst()
                        .orElse(wanted)
                        .manifest(root);
            }
            if (Files.isRegularFile(manifest)) {
                OllamaModel model = new Manifest(root, manifest, wanted).read();
                return new ModelPlace.GgufFile(model.weights(), cache, model);
            }
        }
        throw missing(name, wanted);
    }

    private PintleException missing(String name, OllamaName wanted) {
        Problem problem = Problem.of("Ollama has no such model.").fact("model", name);
        for (Path root : roots) {
            problem = problem.fact("looked in", root.toAbsolutePath());
        }
        List<String> all = names();
        List<String> nearest = Nearest.to(name, all);
        return problem.fact(
                        nearest.isEmpty() ? "it has" : "nearest",
                        all.isEmpty() ? "no models" : String.join(", ", nearest.isEmpty() ? all : nearest))
                .fact("try", "ollama pull " + wanted + ", or OLLAMA_MODELS=FOLDER")
                .toException();
    }

    /** A manifest that others wrote. */
    private record Manifest(Path root, Path file, OllamaName name) {
        /** @param bytes as the manifest gives it; -1 if it does not */
        private record Layer(String kind, Path blob, long bytes) {}

        OllamaModel read() {
            List<Layer> layers = layers();
            List<Layer> weights = of(layers, "model");
            if (!of(layers, "tensor").isEmpty()) {
                throw refused("The model is one of Ollama's that has no GGUF file, but a file for each tensor.");
            }
            if (!of(layers, "adapter").isEmpty()) {
                throw refused("The model has an adapter, without which its weights are another model's.");
            }
            if (weights.size() != 1) {
                throw refused(
                        weights.isEmpty()
                                ? "The model has no weights."
                                : "The model's weights are in several files, of which it is not known which is which.");
            }
            Map<String, List<String>> parameters = parameters(of(layers, "params"));
            String template = text(of(layers, "template")) + text(of(layers, "prompt"));
            return new OllamaModel(
                    file,
                    whole(weights.get(0)),
                    template,
                    text(of(layers, "system")),
                    parameters,
                    layers.stream()
                            .map(Layer::kind)
                            .filter(kind -> !Set.of("model", "params", "template", "prompt", "system")
                                            .contains(kind)
                                    && !WITHOUT_EFFECT.contains(kind))
                            .distinct()
                            .toList());
        }

        private List<Layer> layers() {
            JsonNode json = json(file, MOST_MANIFEST, MANIFEST);
            if (!json.path("layers").isArray()) {
                throw damaged("layers, a list", Excerpt.of(json.path("layers"))).toException();
            }
            List<Layer> layers = new ArrayList<>();
            for (JsonNode layer : json.path("layers")) {
                String type = layer.path("mediaType").asText("");
                Matcher digest = DIGEST.matcher(layer.path("digest").asText(""));
                if (!digest.matches()) {
                    throw damaged("digests such as sha256:… with 64 digits", Excerpt.of(layer.path("digest")))
                            .toException();
                }
                layers.add(new Layer(
                        type.startsWith(KIND) ? type.substring(KIND.length()) : type,
                        root.resolve("blobs").resolve("sha256-" + digest.group(1)),
                        layer.path("size").canConvertToLong()
                                ? layer.path("size").longValue()
                                : -1));
            }
            return layers;
        }

        private static List<Layer> of(List<Layer> layers, String kind) {
            return layers.stream().filter(layer -> layer.kind.equals(kind)).toList();
        }

        /** The blob, if it is there in full. */
        private Path whole(Layer layer) {
            try {
                long bytes = Files.isRegularFile(layer.blob) ? Files.size(layer.blob) : -1;
                if (bytes >= 0 && (layer.bytes < 0 || layer.bytes == bytes)) {
                    return layer.blob;
                }
                throw FileProblems.of(
                                bytes < 0
                                        ? "A part of the model is missing from Ollama's folder."
                                        : "A part of the model in Ollama's folder has another size than it should.",
                                layer.blob)
                        .fact("manifest", file.toAbsolutePath())
                        .fact("expected", layer.bytes < 0 ? "a file" : layer.bytes + " bytes")
                        .fact("but was", bytes < 0 ? "absent" : bytes + " bytes")
                        .fact("try", "ollama pull " + name)
                        .toException();
            } catch (IOException e) {
                throw FileProblems.unreadable(layer.blob, e);
            }
        }

        private String text(List<Layer> layers) {
            StringBuilder all = new StringBuilder();
            for (Layer layer : layers) {
                Path blob = whole(layer);
                try {
                    all.append(ForeignFile.text(blob, MOST_TEXT));
                } catch (IOException e) {
                    throw FileProblems.of("A text that Ollama keeps beside the model cannot be read.", blob)
                            .fact("manifest", file.toAbsolutePath())
                            .fact("cause", ForeignFile.why(e))
                            .toException(e);
                }
            }
            return all.toString();
        }

        private Map<String, List<String>> parameters(List<Layer> layers) {
            Map<String, List<String>> parameters = new LinkedHashMap<>();
            for (Layer layer : layers) {
                json(whole(layer), MOST_TEXT, PARAMETERS).properties().forEach(entry -> {
                    List<String> values = new ArrayList<>();
                    JsonNode value = entry.getValue();
                    (value.isArray() ? value : List.of(value)).forEach(one -> values.add(one.asText()));
                    parameters.put(entry.getKey(), List.copyOf(values));
                });
            }
            return parameters;
        }

        private JsonNode json(Path document, long most, ForeignJson.Limits limits) {
            try {
                return ForeignJson.read(ForeignFile.bytes(document, most), limits);
            } catch (JsonProcessingException e) {
                throw FileProblems.of("A file of Ollama's is not the JSON that it should be.", document)
                        .fact("at", ForeignJson.place(e))
                        .fact("cause", ForeignJson.why(e))
                        .fact("try", "ollama pull " + name)
                        .toException(e);
            } catch (IOException e) {
                throw FileProblems.of("A file of Ollama's cannot be read.", document)
                        .fact("cause", ForeignFile.why(e))
                        .toException(e);
            }
        }

        private Problem damaged(String expected, @Nullable String found) {
            return FileProblems.of("Ollama's manifest of the model is not as it should be.", file)
                    .fact("expected", expected)
                    .fact("but was", found)
                    .fact("try", "ollama pull " + name);
        }

        private PintleException refused(String sentence) {
            return Problem.of(sentence)
                    .fact("model", PREFIX + name)
                    .fact("manifest", file.toAbsolutePath())
                    .fact("try", "the same model as one GGUF file, or in the Hugging Face format")
                    .toException();
        }
    }
}
