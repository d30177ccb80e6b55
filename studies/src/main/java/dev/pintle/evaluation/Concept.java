package dev.pintle.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Json;
import dev.pintle.base.JsonLines;
import dev.pintle.base.Problem;
import dev.pintle.model.Generated;
import dev.pintle.model.LanguageModel;
import dev.pintle.text.Message;
import dev.pintle.web.ChatEndpoint;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Decides whether a model's answers show a concept. */
public sealed interface Concept {
    /** A short name for tables, which also tells sweeps apart. */
    String name();

    /**
     * Scores a model's answers.
     *
     * @param model as steered
     * @param questions the user turns
     * @param answers what it wrote, one per question
     * @return one per question
     */
    List<Score> scores(LanguageModel model, List<String> questions, List<Generated> answers);

    /** Nothing is looked for: answers are measured for fluency alone, and have no score. */
    record Unscored() implements Concept {
        @Override
        public String name() {
            return "";
        }

        @Override
        public List<Score> scores(LanguageModel model, List<String> questions, List<Generated> answers) {
            return Collections.nCopies(answers.size(), Score.ofText(Double.NaN));
        }
    }

    /** A rule about words: 1 where the answer shows the style and does not loop, else 0. */
    record Marked(StyleMarker style) implements Concept {
        @Override
        public String name() {
            return "marker " + style.name() + " " + style.marker().pattern();
        }

        @Override
        public List<Score> scores(LanguageModel model, List<String> questions, List<Generated> answers) {
            return answers.stream()
                    .map(answer -> Score.ofText(style.shows(answer.text()) ? 1 : 0))
                    .toList();
        }
    }

    /**
     * The per-token log-probability of answers that show the concept, minus that of answers that do not. It reads no generated
     * text, so it has no sampling noise, but keeps growing after the text has broken down; read it together with fluency.
     *
     * @param targets answers that show it
     * @param neutrals answers that do not
     */
    record Continuations(List<String> targets, List<String> neutrals) implements Concept {
        /** @throws IllegalArgumentException if there is none of either */
        public Continuations {
            if (targets.isEmpty() || neutrals.isEmpty()) {
                throw Problem.of("Continuations are compared with others.")
                        .fact("expected", "at least one that shows the concept and one that does not")
                        .fact("but was", targets.size() + " and " + neutrals.size())
                        .toIllegalArgument();
            }
        }

        @Override
        public String name() {
            return "continuations " + targets + " against " + neutrals;
        }

        @Override
        public List<Score> scores(LanguageModel model, List<String> questions, List<Generated> answers) {
            List<LogProbabilities.Row> rows = new ArrayList<>();
            for (Generated answer : answers) {
                for (List<String> texts : List.of(targets, neutrals)) {
                    texts.forEach(text -> rows.add(new LogProbabilities.Row(
                            answer.promptIds(), model.tokenizer().encodeAsText(text))));
                }
            }
            List<double[]> tokens = LogProbabilities.of(model, rows);
            List<Score> scores = new ArrayList<>();
            int each = targets.size() + neutrals.size();
            for (int from = 0; from < tokens.size(); from += each) {
                double target = mean(tokens.subList(from, from + targets.size()));
                double neutral = mean(tokens.subList(from + targets.size(), from + each));
                scores.add(Score.ofLogOdds(target - neutral));
            }
            return scores;
        }

        private static double mean(List<double[]> texts) {
            return texts.stream()
                    .mapToDouble(tokens -> Arrays.stream(tokens).average().orElse(Double.NaN))
                    .average()
                    .orElse(Double.NaN);
        }
    }

    /**
     * Multiple-choice questions, as in contrastive activation addition: the log-odds of the answer that shows the behaviour
     * against the one that does not (Tan et al. 2024, arXiv:2407.12404, call it propensity).
     *
     * @param choices by question; the questions of the sweep are its keys
     */
    record Choices(Map<String, Choice> choices) implements Concept {
        private static final String ITEM =
                "{\"question\": \"…\", \"answer_matching_behavior\": \"…\", \"answer_not_matching_behavior\": \"…\"}";

        /** Two answers such as {@code (A)}. */
        public record Choice(String matching, String other) implements Serializable {}

        /**
         * Reads a JSON list, or lines of JSON in a {@code .jsonl} file, of {@code {question, answer_matching_behavior,
         * answer_not_matching_behavior}}: the files of contrastive activation addition, and those of Anthropic's
         * model-written evaluations (Perez et al. 2022, arXiv:2212.09251).
         *
         * @throws dev.pintle.base.PintleException naming the item that cannot be used
         */
        public static Choices read(Path file) {
            try {
                Map<String, Choice> choices = new LinkedHashMap<>();
                boolean lines = JsonLines.isNameOf(file);
                for (JsonLines.Line one : lines ? JsonLines.read(file, ITEM) : items(file)) {
                    JsonNode item = one.json();
                    JsonNode question = item.path("question");
                    JsonNode matching = item.path("answer_matching_behavior");
                    JsonNode other = item.path("answer_not_matching_behavior");
                    if (!question.isTextual() || !matching.isTextual() || !other.isTextual()) {
                        throw Problem.of("An item cannot be used.")
                                .fact("file", file.toAbsolutePath())
                                .fact(lines ? "line" : "item", one.number())
                                .fact("expected", ITEM)
                                .fact("but was", item)
                                .toException();
                    }
                    choices.put(
                            question.textValue(),
                            new Choice(
                                    matching.textValue().strip(),
                                    other.textValue().strip()));
                }
                if (choices.isEmpty()) {
                    throw Problem.of("There are no items in the file.")
                            .fact("file", file.toAbsolutePath())
                            .fact("expected", (lines ? "lines" : "a list") + " of " + ITEM)
                            .toException();
                }
                return new Choices(choices);
            } catch (IOException e) {
                throw Problem.of("The items cannot be read.")
                        .fact("file", file.toAbsolutePath())
                        .fact("cause", e)
                        .toException(e);
            }
        }

        /** The items of a list, numbered from 0. */
        private static List<JsonLines.Line> items(Path file) throws IOException {
            JsonNode list = Json.file(file);
            return IntStream.range(0, list.isArray() ? list.size() : 0)
                    .mapToObj(i -> new JsonLines.Line(i, list.get(i)))
                    .toList();
        }

        @Override
        public String name() {
            return "choices " + choices.size() + " " + choices.hashCode();
        }

        @Override
        public List<Score> scores(LanguageModel model, List<String> questions, List<Generated> answers) {
            double[] logOdds = logOdds(
                    model, questions, answers.stream().map(Generated::promptIds).toList());
            return Arrays.stream(logOdds).mapToObj(Score::ofLogOdds).toList();
        }

        /** The log-odds of the matching answer of some questions, each after its prompt, in nats. */
        double[] logOdds(LanguageModel model, List<String> questions, List<int[]> prompts) {
            List<LogProbabilities.Row> rows = new ArrayList<>();
            for (int i = 0; i < questions.size(); i++) {
                Choice choice = choices.get(questions.get(i));
                if (choice == null) {
                    throw new IllegalArgumentException("No choice has the question: " + questions.get(i));
                }
                int[] prompt = prompts.get(i);
                rows.add(new LogProbabilities.Row(prompt, model.tokenizer().encodeAsText(choice.matching())));
                rows.add(new LogProbabilities.Row(prompt, model.tokenizer().encodeAsText(choice.other())));
            }
            List<double[]> tokens = LogProbabilities.of(model, rows);
            double[] logOdds = new double[questions.size()];
            for (int i = 0; i < logOdds.length; i++) {
                logOdds[i] = sum(tokens.get(2 * i)) - sum(tokens.get(2 * i + 1));
            }
            return logOdds;
        }

        private static double sum(double[] values) {
            return Arrays.stream(values).sum();
        }
    }

    /**
     * A language model's verdict from 0 to 10.
     *
     * @param what the concept in words, such as {@code talking like a pirate}
     */
    record Judged(ChatEndpoint judge, String what) implements Concept {
        private static final Pattern NUMBER = Pattern.compile("\\b(10|\\d)(?:\\.\\d+)?\\b");
        private static final String TASK =
                "You rate how strongly a text shows a concept, from 0 (not at all) to 10 (could not be more). Rate the "
                        + "concept alone, neither truth nor quality. Answer with the number alone.";

        @Override
        public String name() {
            return "judge " + judge.model() + " on " + what;
        }

        /** A verdict that is missing or cannot be parsed is NaN. */
        @Override
        public List<Score> scores(LanguageModel model, List<String> questions, List<Generated> answers) {
            List<Score> scores = new ArrayList<>();
            for (int i = 0; i < answers.size(); i++) {
                String question = "Concept: " + what + "\n\nQuestion: " + questions.get(i) + "\n\nText: "
                        + answers.get(i).text();
                ChatEndpoint.Said said = judge.ask(List.of(Message.system(TASK), Message.user(question)), 8);
                scores.add(
                        Score.ofText(said instanceof ChatEndpoint.Said.Text text ? verdict(text.text()) : Double.NaN));
            }
            return scores;
        }

        private static double verdict(String text) {
            Matcher number = NUMBER.matcher(text);
            return number.find() ? Math.min(1, Double.parseDouble(number.group()) / 10) : Double.NaN;
        }
    }
}
