package dev.pintle.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.problem.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;

/** The tokens that end an answer: {@code eos_token_id} of generation_config.json, else of config.json. */
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
            JsonNode eos = new ObjectMapper().readTree(Files.readString(file)).path("eos_token_id");
            Set<Integer> ids = new LinkedHashSet<>();
            if (eos.isInt()) {
                ids.add(eos.intValue());
            }
            eos.forEach(id -> ids.add(id.intValue()));
            return ids;
        } catch (IOException e) {
            throw Problem.of("A configuration file of the model cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", e)
                    .toException(e);
        }
    }
}
