package dev.pintle.gguf;

import dev.pintle.base.ForeignFile;
import dev.pintle.base.ForeignJson;
import dev.pintle.tensor.io.GgufValue;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The repositories that a GGUF file says it was made from, and their tokenizers. */
final class GgufSources {
    private static final int MOST = 8;
    private static final Pattern KEY = Pattern.compile(
            "general\\.(source\\.(huggingface\\.repository|repo_url)|base_model\\.\\d{1,3}\\.repo_url)");
    private static final Pattern HUB = Pattern.compile("^https?://(www\\.)?huggingface\\.co/");
    private static final Pattern REPOSITORY = Pattern.compile("[\\w.-]{1,96}/[\\w.-]{1,96}");
    private static final long MOST_BYTES = 128L << 20;
    private static final ForeignJson.Limits LIMITS = new ForeignJson.Limits(8_000_000, 32, 16 << 20);

    private GgufSources() {}

    /** Repositories as {@code org/name}: that of the same model, if the file names it, and those that it was tuned from. */
    static List<String> repositories(Map<String, GgufValue> values) {
        Set<String> repositories = new LinkedHashSet<>();
        for (boolean same : new boolean[] {true, false}) {
            values.forEach((key, value) -> {
                if (KEY.matcher(key).matches()
                        && key.startsWith("general.source") == same
                        && value instanceof GgufValue.Text text) {
                    repositories.add(
                            HUB.matcher(text.value().strip()).replaceFirst("").replaceFirst("/$", ""));
                }
            });
        }
        return repositories.stream()
                .filter(name -> REPOSITORY.matcher(name).matches())
                .limit(MOST)
                .toList();
    }

    /** The text of a tokenizer.json, if it has the file's tokens; one that cannot be read has not. */
    static Optional<String> tokenizer(Path file, GgufTokenizer own) {
        try {
            byte[] text = ForeignFile.bytes(file, MOST_BYTES);
            return own.isOf(ForeignJson.read(text, LIMITS))
                    ? Optional.of(new String(text, StandardCharsets.UTF_8))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** What to try where a tokenizer cannot be rebuilt. */
    static String advice(Map<String, GgufValue> values) {
        List<String> repositories = repositories(values);
        return repositories.isEmpty()
                ? "the same model in the Hugging Face format"
                : "pintle pull " + repositories.get(0) + " tokenizer.json, which is used if it has the same tokens";
    }
}
