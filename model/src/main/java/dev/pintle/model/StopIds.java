package dev.pintle.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Excerpt;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The tokens that end an answer: {@code eos_token_id} from generation_config.json, otherwise from config.json. */
final class StopIds {
    private StopIds() {}

    static Set<Integer> read(Path folder) {
        for (String name : new String[] {"generation_config.json", "config.json"}) {
            Path file = folder.resolve(name);
            if (Files.isRegularFile(file)) {
                Set<Integer> ids = ids(file);
                if (!ids.isEmpty()) {
                    return ids;
                }
            }
        }
        return Set.of();
    }

    private static Set<Integer> ids(Path file) {
        try {
            JsonNode eos = Json.file(file).path("eos_token_id");
            Set<Integer> ids = new LinkedHashSet<>();
            for (JsonNode id : eos.isArray() ? eos : List.of(eos)) {
                if (id.isInt()) {
                    ids.add(id.intValue());
                } else if (!id.isNull() && !id.isMissingNode()) {
                    throw Problem.of("A configuration file of the model has a value that cannot be used.")
                            .fact("file", file.toAbsolutePath())
                            .fact("key", "eos_token_id")
                            .fact("expected", "a token id, or a list of ids")
                            .fact("but was", Excerpt.of(eos.toString()))
                            .toException();
                }
            }
            return ids;
        } catch (IOException e) {
            throw Problem.of("A configuration file of the model cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", e)
                    .toException(e);
        }
    }
}
