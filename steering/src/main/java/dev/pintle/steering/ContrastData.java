package dev.pintle.steering;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.chat.Message;
import dev.pintle.model.LanguageModel;
import dev.pintle.problem.PintleException;
import dev.pintle.problem.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Contrast pairs in files, and how pairs look to a model. Every error of a file names its line. */
public final class ContrastData {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ContrastData() {}

    /**
     * Multiple-choice items as in the data of contrastive activation addition: a JSON list of {@code {"question": …,
     * "answer_matching_behavior": "(A)", "answer_not_matching_behavior": "(B)"}}.
     *
     * @throws PintleException naming the file, line and key of what does not fit
     */
    public static List<ContrastPair> readAnswers(Path file) {
        List<ContrastPair> pairs = new ArrayList<>();
        try (JsonParser parser = JSON.createParser(Files.readString(file))) {
            if (parser.nextToken() != JsonToken.START_ARRAY) {
                throw unusable(file, 1, "a JSON list of items", "no list");
            }
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                int line = parser.currentTokenLocation().getLineNr();
                JsonNode item = JSON.readTree(parser);
                if (item == null) {
                    throw unusable(file, line, "the end of the list", "the end of the file");
                }
                pairs.add(ContrastPair.ofAnswers(
                        text(item, "question", file, line),
                        text(item, "answer_matching_behavior", file, line),
                        text(item, "answer_not_matching_behavior", file, line)));
            }
        } catch (JsonProcessingException e) {
            throw unusable(file, line(e), "a JSON list of items", e.getOriginalMessage());
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        return notEmpty(pairs, file);
    }

    /**
     * Free pairs, one a line: {@code {"positive": …, "negative": …}}, each a text, or a conversation as a list of {@code
     * {"role": …, "content": …}} that is open at its end where the assistant speaks last.
     *
     * @throws PintleException naming the file, line and key of what does not fit
     */
    public static List<ContrastPair> readJsonl(Path file) {
        List<ContrastPair> pairs = new ArrayList<>();
        try {
            int number = 0;
            for (String line : Files.readAllLines(file)) {
                number++;
                if (line.isBlank()) {
                    continue;
                }
                JsonNode pair = parse(line, file, number);
                pairs.add(new ContrastPair(
                        prompt(pair, "positive", file, number), prompt(pair, "negative", file, number), false));
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        return notEmpty(pairs, file);
    }

    private static JsonNode parse(String line, Path file, int number) {
        try {
            JsonNode node = JSON.readTree(line);
            if (!node.isObject()) {
                throw unusable(file, number, "an object with positive and negative", node.toString());
            }
            return node;
        } catch (JsonProcessingException e) {
            throw unusable(file, number, "JSON", e.getOriginalMessage());
        }
    }

    private static Prompt prompt(JsonNode pair, String key, Path file, int line) {
        JsonNode value = pair.path(key);
        if (value.isTextual()) {
            return Prompt.ofText(text(pair, key, file, line));
        }
        if (!value.isArray() || value.isEmpty()) {
            throw unusable(file, line, "a text or a list of messages as " + key, shown(value));
        }
        List<Message> messages = new ArrayList<>();
        for (JsonNode message : value) {
            messages.add(new Message(text(message, "role", file, line), content(message, file, line)));
        }
        return Prompt.ofMessages(messages);
    }

    private static String content(JsonNode message, Path file, int line) {
        if (!message.path("content").isTextual()) {
            throw unusable(file, line, "a string as content", shown(message.path("content")));
        }
        return message.get("content").textValue();
    }

    private static String text(JsonNode item, String key, Path file, int line) {
        JsonNode value = item.path(key);
        if (!value.isTextual() || value.textValue().isBlank()) {
            throw unusable(file, line, "a string that is not empty as " + key, shown(value));
        }
        return value.textValue();
    }

    private static String shown(JsonNode value) {
        return value.isMissingNode() ? "none" : value.toString();
    }

    private static int line(JsonProcessingException e) {
        return e.getLocation() == null ? 1 : e.getLocation().getLineNr();
    }

    private static List<ContrastPair> notEmpty(List<ContrastPair> pairs, Path file) {
        if (pairs.isEmpty()) {
            throw unusable(file, 1, "at least one pair", "none");
        }
        return List.copyOf(pairs);
    }

    private static PintleException unusable(Path file, int line, String expected, String found) {
        return Problem.of("The contrast pairs cannot be used.")
                .fact("file", file.toAbsolutePath())
                .fact("line", line)
                .fact("expected", expected)
                .fact("but was", found)
                .toException();
    }

    private static PintleException unreadable(Path file, IOException e) {
        return Problem.of("The contrast pairs cannot be read.")
                .fact("file", file.toAbsolutePath())
                .fact("cause", e)
                .toException(e);
    }

    // ---------------------------------------------------------------- how pairs look to a model

    /**
     * Token lengths of a pair and where its prompts differ.
     *
     * @param positiveTokens length of the positive prompt
     * @param negativeTokens length of the negative prompt
     * @param firstDifference first position at which they differ
     * @param equalTail how many tokens at the end are the same
     * @param differsIn the tokens of the positive prompt between both, then those of the negative
     */
    public record PairReport(
            int positiveTokens, int negativeTokens, int firstDifference, int equalTail, List<String> differsIn) {
        /** Whether the prompts are the same, so that nothing can be read from them. */
        public boolean same() {
            return positiveTokens == negativeTokens && firstDifference == positiveTokens;
        }
    }

    /** One report a pair. */
    public static List<PairReport> report(LanguageModel model, List<ContrastPair> pairs) {
        return pairs.stream().map(pair -> report(pair.tokens(model))).toList();
    }

    private static PairReport report(TokenPair pair) {
        return new PairReport(
                pair.positive().length(),
                pair.negative().length(),
                pair.firstDifference(),
                pair.equalTail(),
                List.of(
                        between(pair.positive(), pair.firstDifference(), pair.equalTail()),
                        between(pair.negative(), pair.firstDifference(), pair.equalTail())));
    }

    private static String between(TokenizedPrompt prompt, int from, int tail) {
        StringBuilder text = new StringBuilder();
        for (int position = from; position < prompt.length() - tail; position++) {
            text.append(prompt.text(position));
        }
        return text.toString();
    }
}
