package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.PintleException;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Configurations in which one value is another: they load, or are refused with a sentence, within seconds. */
class ConfigurationFuzzTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int VALUES_EACH = 2;
    private static final int LONGEST_MESSAGE = 2000;
    private static final List<String> VALUES = List.of(
            "0",
            "-1",
            "1",
            "3",
            "100000",
            "2147483647",
            "1000000000000",
            "1e308",
            "-0.5",
            "0.001",
            "\"silu\"",
            "\"\"",
            "[]",
            "[1, \"a\", null]",
            "[[1]]",
            "{}",
            "{\"a\": {\"b\": [1]}}",
            "true",
            "false",
            "null");

    @TempDir
    Path folder;

    @ParameterizedTest
    @MethodSource("dev.pintle.testkit.Golden#models")
    void another_value_loads_or_is_refused(String family) throws IOException {
        Path from = Golden.folder().resolve(family);
        Files.copy(from.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        JsonNode config = JSON.readTree(from.resolve("config.json").toFile());
        Random random = new Random(family.hashCode());
        for (List<String> key : keys(config, List.of())) {
            for (int i = 0; i < VALUES_EACH; i++) {
                String value = VALUES.get(random.nextInt(VALUES.size()));
                Files.writeString(folder.resolve("config.json"), JSON.writeValueAsString(with(config, key, value)));
                open(key + " = " + value, random.nextBoolean() ? DType.FP32 : DType.BF16);
            }
        }
    }

    private void open(String what, DType dtype) {
        try {
            LoadedTransformer.open(folder, Device.CPU, dtype).close();
        } catch (PintleException | IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            assertThat(message).as(what).isNotBlank().hasSizeLessThan(LONGEST_MESSAGE);
            assertThat(message.lines().count())
                    .as(what + ": a sentence and facts")
                    .isGreaterThan(1);
        } catch (RuntimeException | Error e) {
            throw new AssertionError(what + " in " + dtype, e);
        }
    }

    /** The keys of an object and of those within it. */
    private static List<List<String>> keys(JsonNode object, List<String> within) {
        List<List<String>> keys = new ArrayList<>();
        object.fields().forEachRemaining(field -> {
            List<String> key = new ArrayList<>(within);
            key.add(field.getKey());
            keys.add(key);
            if (field.getValue().isObject()) {
                keys.addAll(keys(field.getValue(), key));
            }
        });
        return keys;
    }

    private static JsonNode with(JsonNode config, List<String> key, String value) throws JsonProcessingException {
        ObjectNode changed = config.deepCopy();
        JsonNode holder = changed;
        for (String name : key.subList(0, key.size() - 1)) {
            holder = holder.get(name);
        }
        ((ObjectNode) holder).set(key.get(key.size() - 1), JSON.readTree(value));
        return changed;
    }
}
