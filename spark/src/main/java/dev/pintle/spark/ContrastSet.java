package dev.pintle.spark;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.AtomicFile;
import dev.pintle.base.Digest;
import dev.pintle.base.Json;
import dev.pintle.base.JsonLines;
import dev.pintle.base.Problem;
import dev.pintle.steering.Aggregation;
import dev.pintle.steering.ContrastData;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.DataLayout;
import dev.pintle.steering.Positions;
import dev.pintle.steering.SteeringMethod;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Contrastive prompts that vectors are fitted from, as {@code pintle vector fit} reads them from {@code --pairs}, {@code
 * --answers} or {@code --persona}.
 *
 * @param name what its vectors are called
 * @param ending of the file that it was, such as {@code jsonl}
 * @param content of that file
 */
public record ContrastSet(String name, String ending, String content) implements Serializable {
    private static final String ANSWERS = "\"answer_matching_behavior\"";
    private static final String LINE = "{\"name\": \"…\", \"pairs\": [{\"positive\": \"…\", \"negative\": \"…\"}]}";
    private static final List<String> ENDINGS = List.of("json", "jsonl", "csv", "tsv");

    /**
     * The sets of a folder, one a file ({@code .json}, {@code .jsonl}, {@code .csv} or {@code .tsv}); or those of a file of JSON
     * lines, {@code {"name": …, "pairs": […]}}, whose pairs are as in a file of their own.
     *
     * @throws dev.pintle.base.PintleException naming the file or line that cannot be used
     */
    public static List<ContrastSet> read(Path folderOrFile) {
        try {
            List<ContrastSet> sets = Files.isDirectory(folderOrFile) ? ofFolder(folderOrFile) : ofLines(folderOrFile);
            if (sets.isEmpty()) {
                throw Problem.of("There are no contrast sets.")
                        .fact("in", folderOrFile.toAbsolutePath())
                        .fact("expected", "files that end in " + String.join(", ", ENDINGS) + ", or lines")
                        .toException();
            }
            return sets;
        } catch (IOException e) {
            throw Problem.of("The contrast sets cannot be read.")
                    .fact("in", folderOrFile.toAbsolutePath())
                    .fact("cause", e)
                    .toException(e);
        }
    }

    private static List<ContrastSet> ofFolder(Path folder) throws IOException {
        List<ContrastSet> sets = new ArrayList<>();
        Set<String> names = new TreeSet<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                String whole = String.valueOf(file.getFileName());
                int dot = whole.lastIndexOf('.');
                String ending = whole.substring(dot + 1);
                if (dot < 1 || !ENDINGS.contains(ending) || !Files.isRegularFile(file)) {
                    continue;
                }
                ContrastSet set = new ContrastSet(whole.substring(0, dot), ending, Files.readString(file));
                set.require(names, file.toString());
                sets.add(set);
            }
        }
        return sets;
    }

    private static List<ContrastSet> ofLines(Path file) throws IOException {
        List<ContrastSet> sets = new ArrayList<>();
        Set<String> names = new TreeSet<>();
        for (JsonLines.Line line : JsonLines.read(file, LINE)) {
            String where = file.toAbsolutePath() + ", line " + line.number();
            ContrastSet set = of(line.json(), where);
            set.require(names, where);
            sets.add(set);
        }
        return sets;
    }

    private static ContrastSet of(JsonNode json, String where) {
        JsonNode pairs = json.path("pairs");
        if (json.path("name").isTextual() && pairs.isArray() && json.size() == 2) {
            return new ContrastSet(json.get("name").textValue(), "json", Json.line(pairs));
        }
        throw Problem.of("A contrast set cannot be used.")
                .fact("in", where)
                .fact("expected", LINE)
                .toException();
    }

    /** @throws dev.pintle.base.PintleException if it cannot be read, or another has its name */
    private void require(Set<String> names, String where) {
        if (!names.add(name)) {
            throw Problem.of("Two contrast sets have the same name.")
                    .fact("name", name)
                    .fact("second in", where)
                    .toException();
        }
        pairs();
    }

    private boolean isAnswers() {
        return content.contains(ANSWERS);
    }

    /** The pairs, read in the way of the file. */
    private List<ContrastPair> pairs() {
        return read(data -> data.isPersona() ? data.persona() : isAnswers() ? data.answers() : data.pairs());
    }

    private <T> T read(java.util.function.Function<ContrastData, T> how) {
        try {
            Path folder = Files.createTempDirectory("pintle-contrast");
            Path file = folder.resolve(PlanTask.slug(name) + "." + ending); // errors name it
            try {
                AtomicFile.writeText(file, content);
                return how.apply(ContrastData.open(file, DataLayout.USUAL));
            } finally {
                Files.deleteIfExists(file);
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            throw Problem.of("A contrast set cannot be copied for reading.")
                    .fact("set", name)
                    .fact("cause", e)
                    .toException(e);
        }
    }

    /**
     * How vectors are fitted from it.
     *
     * @param method as {@code --method}; empty for the usual one of such data
     * @throws IllegalArgumentException if the method cannot use the data
     */
    SteeringMethod method(String method, Aggregation aggregation) {
        List<ContrastPair> pairs = pairs();
        boolean persona = read(ContrastData::isPersona);
        String usual = persona
                ? "generated-tokens"
                : isAnswers() ? "contrast" : pairs.size() == 1 ? "after-last-difference" : "last-position";
        String name = method.isEmpty() ? usual : method;
        @Nullable Positions where = name.equals("contrast") && isAnswers() ? ContrastData.usualPositions(pairs) : null;
        return SteeringMethod.of(name, pairs, where, aggregation);
    }

    /** A hash of name and content. */
    String hash() {
        return new Digest().add(name).add(ending).add(content).hex();
    }
}
