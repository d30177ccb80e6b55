package dev.pintle.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
     * The contents of config.json, generation_config.json, and, if the file has a tokenizer, tokenizer.json and
     * tokenizer_config.json, by their names.
     *
     * @param any one of the model's files
     * @throws PintleException if the file is not a model that can be read, naming what is not understood
     */
    public static Map<String, String> description(Path any) {
        try (GgufParts parts = GgufParts.open(any)) {
            Map<String, String> files = new LinkedHashMap<>();
            files.put("config.json", Json.text(GgufConfig.of(parts)));
            if (GgufTokenizer.isIn(parts.values())) {
                GgufTokenizer tokenizer = GgufTokenizer.of(parts.path(), parts.values());
                files.put("tokenizer.json", Json.line(tokenizer.tokenizer()));
                files.put("tokenizer_config.json", Json.text(tokenizer.configuration()));
                ObjectNode generation = Json.object();
                ArrayNode stop = generation.putArray("eos_token_id");
                tokenizer.stopIds().forEach(stop::add);
                files.put("generation_config.json", Json.text(generation));
            }
            return files;
        }
    }
}
