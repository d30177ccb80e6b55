package dev.pintle.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.JsonLines;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.RegularFile;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A question with several answers of which one is right, in the form of MMLU (Hendrycks et al. 2021, arXiv:2009.03300).
 *
 * @param question the question
 * @param choices the answers, 2 to 26
 * @param answer index of the right one
 * @param subject what it is about; empty if it is not known
 */
public record MultipleChoice(String question, List<String> choices, int answer, String subject)
        implements Serializable {
    private static final String LINE = "{\"question\": \"…\", \"choices\": [\"…\", \"…\"], \"answer\": 0}, with the"
            + " index or the letter of the answer";

    /** @throws IllegalArgumentException if there are too few or too many choices, or none of them is right */
    public MultipleChoice {
        choices = List.copyOf(choices);
        if (choices.size() < 2 || choices.size() > 26 || answer < 0 || answer >= choices.size()) {
            throw Problem.of("The question has no right answer among its choices.")
                    .fact("expected", "2 to 26 choices, and the index of one of them")
                    .fact("but was", choices.size() + " choices, answer " + answer)
                    .toIllegalArgument();
        }
    }

    /** The letter of a choice: A, B, and so on. */
    public static String letter(int choice) {
        return String.valueOf((char) ('A' + choice));
    }

    /**
     * The prompt of the original evaluation without examples, up to {@code Answer:}, after which the model is to write a
     * space and a letter.
     */
    public String prompt() {
        StringBuilder prompt = new StringBuilder("The following are multiple choice questions (with answers)");
        prompt.append(subject.isEmpty() ? "" : " about " + subject)
                .append(".\n\n")
                .append(question);
        for (int choice = 0; choice < choices.size(); choice++) {
            prompt.append('\n').append(letter(choice)).append(". ").append(choices.get(choice));
        }
        return prompt.append("\nAnswer:").toString();
    }

    /**
     * Reads questions: a {@code .csv} file of rows {@code question,A,B,C,D,answer} without a header, as MMLU was published,
     * with the subject in its name ({@code high_school_physics_test.csv}); or lines of JSON {@code {"question", "choices",
     * "answer"}} with the index or the letter of the answer and possibly a {@code subject}, as on the Hugging Face hub.
     *
     * @throws PintleException naming the row that cannot be used
     */
    public static List<MultipleChoice> read(Path file) {
        String name = String.valueOf(file.getFileName());
        try {
            List<MultipleChoice> questions =
                    name.toLowerCase(Locale.ROOT).endsWith(".csv") ? ofCsv(file, subject(name)) : ofLines(file);
            if (questions.isEmpty()) {
                throw Problem.of("There are no questions in the file.")
                        .fact("file", file.toAbsolutePath())
                        .toException();
            }
            return questions;
        } catch (IOException e) {
            throw Problem.of("The questions cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", ForeignFile.why(e))
                    .toException(e);
        }
    }

    private static String subject(String name) {
        return name.replaceFirst("(?i)(_(test|val|dev))?\\.csv$", "").replace('_', ' ');
    }

    private static List<MultipleChoice> ofCsv(Path file, String subject) throws IOException {
        List<MultipleChoice> questions = new ArrayList<>();
        CsvMapper mapper = CsvMapper.builder()
                .enable(CsvParser.Feature.WRAP_AS_ARRAY)
                .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
                .build();
        try (MappingIterator<String[]> rows = mapper.readerFor(String[].class).readValues(RegularFile.text(file))) {
            for (int number = 1; rows.hasNextValue(); number++) {
                String[] row = rows.nextValue();
                int last = row.length - 1;
                int answer = last < 3 ? -1 : index(row[last], last - 1);
                if (answer < 0) {
                    throw unusable(
                            file,
                            number,
                            "question,A,B,C,D,answer with the letter of the answer",
                            String.join(",", row));
                }
                questions.add(new MultipleChoice(row[0], List.of(row).subList(1, last), answer, subject));
            }
        }
        return questions;
    }

    private static List<MultipleChoice> ofLines(Path file) throws IOException {
        List<MultipleChoice> questions = new ArrayList<>();
        for (JsonLines.Line line : JsonLines.read(file, LINE)) {
            JsonNode json = line.json();
            List<String> choices = new ArrayList<>();
            json.path("choices").forEach(choice -> choices.add(choice.asText()));
            JsonNode given = json.path("answer");
            int answer = given.isInt() ? given.intValue() : index(given.asText(), choices.size());
            if (!json.path("question").isTextual() || choices.size() < 2 || answer < 0 || answer >= choices.size()) {
                throw unusable(file, line.number(), LINE, json.toString());
            }
            questions.add(new MultipleChoice(
                    json.get("question").textValue(),
                    choices,
                    answer,
                    json.path("subject").asText("").replace('_', ' ')));
        }
        return questions;
    }

    private static int index(String letter, int choices) {
        String stripped = letter.strip().toUpperCase(Locale.ROOT);
        int index = stripped.length() == 1 ? stripped.charAt(0) - 'A' : -1;
        return index < choices && choices <= 26 ? index : -1;
    }

    private static PintleException unusable(Path file, int row, String expected, String found) {
        return Problem.of("A question cannot be used.")
                .fact("file", file.toAbsolutePath())
                .fact("row", row)
                .fact("expected", expected)
                .fact("but was", found.length() > 120 ? found.substring(0, 120) + "…" : found)
                .toException();
    }
}
