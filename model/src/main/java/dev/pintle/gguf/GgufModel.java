package dev.pintle.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/** What a GGUF file says of its model, as the files of the Hugging Face format. */
public final class GgufModel {
    private GgufModel() {}

    /**
     * The files of a model, in order.
     *
     * @param any one of them
     * @throws PintleException if one is missing
     */
    public static List<Path> files(Path any) {
        return GgufParts.paths(any);
    }

    /**
     * What a file says of its model.
     *
     * @param files the contents of config.json, generation_config.json, and, if there is a tokenizer, tokenizer.json and
     *     tokenizer_config.json, by their names
     * @param tokenizers of the repositories that the file says it was made from, where each tokenizer.json is; "" for those
     *     that are not here
     * @param tokenizer the repository whose tokenizer.json it is; "" where it was rebuilt from the metadata
     * @param hasTemplate whether there is a chat template
     * @param otherStops of the strings that were to end an answer, those that are no control token
     */
    public record Description(
            Map<String, String> files,
            Map<String, String> tokenizers,
            String tokenizer,
            boolean hasTemplate,
            List<String> otherStops) {}

    /**
     * Describes a model. Its tokenizer is that of a repository which the file says it was made from, if that has the same
     * tokens; otherwise it is rebuilt from the metadata.
     *
     * @param any one of the model's files
     * @param stops strings that end an answer
     * @param cached where a repository's tokenizer.json is, if it is here
     * @throws PintleException if the file is not a model that can be read, naming what is not understood
     */
    public static Description describe(Path any, List<String> stops, Function<String, Optional<Path>> cached) {
        try (GgufParts parts = GgufParts.open(any)) {
            Map<String, String> files = new LinkedHashMap<>();
            files.put("config.json", Json.text(GgufConfig.of(parts)));
            Map<String, String> tokenizers = new LinkedHashMap<>();
            if (!GgufTokenizer.isIn(parts.values())) {
                return new Description(files, tokenizers, "", false, stops);
            }
            GgufTokenizer own = GgufTokenizer.of(parts.path(), parts.values());
            String chosen = "";
            for (String repository : GgufSources.repositories(parts.values())) {
                Optional<Path> file = cached.apply(repository);
                tokenizers.put(repository, file.map(Path::toString).orElse(""));
                if (chosen.isEmpty() && file.isPresent()) {
                    Optional<String> text = GgufSources.tokenizer(file.get(), own);
                    if (text.isPresent()) {
                        chosen = repository;
                        files.put("tokenizer.json", text.get());
                    }
                }
            }
            if (chosen.isEmpty()) {
                files.put("tokenizer.json", Json.line(own.tokenizer()));
            }
            files.put("tokenizer_config.json", Json.text(own.configuration()));
            Set<Integer> ends = new TreeSet<>(own.stopIds());
            List<String> others = new ArrayList<>();
            for (String stop : stops) {
                own.control(stop).ifPresentOrElse(ends::add, () -> others.add(stop));
            }
            ObjectNode generation = Json.object();
            ArrayNode stop = generation.putArray("eos_token_id");
            ends.forEach(stop::add);
            files.put("generation_config.json", Json.text(generation));
            return new Description(files, tokenizers, chosen, own.hasTemplate(), others);
        }
    }
}
