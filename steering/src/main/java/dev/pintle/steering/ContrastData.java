package dev.pintle.steering;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.steering.DataRows.Row;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Contrast data in files, in the layouts in which it is usually published. A file may be JSON lines, a JSON list, a
 * JSON object of lists by name ({@code {"train": […], "test": […]}}), CSV or TSV with a header, or, for plain texts, a
 * text file with one text per line. Every error in a file gives the line number.
 *
 * <p>Keys and lists that are not used are listed in {@link #notes}.
 */
public final class ContrastData {
    private static final String MATCHING = "answer_matching_behavior";
    private static final String NOT_MATCHING = "answer_not_matching_behavior";
    private static final List<List<String>> SIDES =
            List.of(List.of("positive", "negative"), List.of("pos", "neg"), List.of("chosen", "rejected"));
    private static final List<String> TEXTS = List.of("text", "instruction", "prompt", "question", "content");
    private static final List<String> QUESTIONS = List.of("question", "prompt");
    private static final List<String> SYSTEMS = List.of("system", "system_prompt");
    private static final List<String> CONVERSATIONS = List.of("messages", "conversation");

    private final DataRows data;
    private final DataLayout layout;
    private final Set<String> read = new TreeSet<>();
    private final Set<String> found = new TreeSet<>();
    private final List<String> notes = new ArrayList<>();

    private ContrastData(DataRows data, DataLayout layout) {
        this.data = data;
        this.layout = layout;
    }

    /**
     * Opens a file.
     *
     * @throws PintleException naming the file and line that is not valid JSON, CSV or text
     */
    public static ContrastData open(Path file, DataLayout layout) {
        return new ContrastData(DataRows.read(file), layout);
    }

    /** Reads multiple-choice items in the default layout, like {@link #answers}. */
    public static List<ContrastPair> readAnswers(Path file) {
        return open(file, DataLayout.USUAL).answers();
    }

    /** Reads pairs in the default layout, like {@link #pairs}. */
    public static List<ContrastPair> readPairs(Path file) {
        return open(file, DataLayout.USUAL).pairs();
    }

    /** What was left unread in the file, in sentences; complete once the data has been read. */
    public List<String> notes() {
        List<String> all = new ArrayList<>(notes);
        Set<String> unread = new TreeSet<>(found);
        unread.removeAll(read);
        if (!unread.isEmpty()) {
            all.add(data.file().getFileName() + ": not read: " + String.join(", ", unread));
        }
        return all;
    }

    // ---------------------------------------------------------------- what a file can hold

    /**
     * Multiple-choice items as in the data of contrastive activation addition:
     * {@code {"question": …, "answer_matching_behavior": "(A)", "answer_not_matching_behavior": "(B)"}}, with an
     * optional {@code system} prompt.
     *
     * @throws PintleException naming the file, line and key of data that does not fit
     */
    public List<ContrastPair> answers() {
        List<ContrastPair> pairs = new ArrayList<>();
        for (Row row : rows()) {
            List<Message> before = new ArrayList<>(system(row));
            before.add(Message.user(text(row, "question")));
            pairs.add(ContrastPair.ofAnswers(before, text(row, MATCHING), text(row, NOT_MATCHING))
                    .labelled(label(row)));
        }
        return notEmpty(pairs);
    }

    /**
     * The default positions for answers: their letters if all of them name one, their first words (such as Yes and No)
     * if none does.
     *
     * @throws PintleException naming a pair of each kind if only some of them name a letter
     */
    public static Positions usualPositions(List<ContrastPair> answers) {
        @Nullable ContrastPair without = null;
        @Nullable ContrastPair with = null;
        for (ContrastPair pair : answers) {
            boolean letters = Answer.hasLetter(pair.positive().lastMessage().content())
                    && Answer.hasLetter(pair.negative().lastMessage().content());
            with = letters && with == null ? pair : with;
            without = !letters && without == null ? pair : without;
        }
        if (with != null && without != null) {
            throw Problem.of("Some answers name a letter and some do not.")
                    .fact("with", shown(with))
                    .fact("without", shown(without))
                    .fact("choose", "--positions answer-word, answer-mean or last, which work for both")
                    .toException();
        }
        return without == null ? Positions.answerLetter() : Positions.answerWord();
    }

    private static String shown(ContrastPair pair) {
        String answers = pair.positive().lastMessage().content() + " / "
                + pair.negative().lastMessage().content();
        String line = answers.replace('\n', ' ');
        return (line.length() <= 60 ? line : line.substring(0, 60) + "…")
                + (pair.label().isEmpty() ? "" : " (" + pair.label() + ")");
    }

    /**
     * Arbitrary pairs: {@code {"positive": …, "negative": …}}, or {@code pos} and {@code neg}, {@code chosen} and
     * {@code rejected}, or the columns of the layout; {@code [positive, negative]}; or an object of two lists. A side
     * is a text, or a conversation as a list of {@code {"role": …, "content": …}}, whose last turn stays open if it is
     * the assistant's. If a row has a {@code question} or {@code prompt}, its sides are answers to it.
     *
     * @throws PintleException naming the file, line and key of data that does not fit
     */
    public List<ContrastPair> pairs() {
        List<ContrastPair> pairs = new ArrayList<>();
        for (Row row : pairRows()) {
            pairs.add(pair(row).labelled(label(row)));
        }
        return notEmpty(pairs);
    }

    /**
     * Pairs whose sides are answers to questions from another file: answer i to question i, cycling through the shorter
     * of the two lists, as in conditional activation steering (arXiv:2409.05907).
     *
     * @param questions at least one
     * @throws PintleException if a side is not a text
     */
    public List<ContrastPair> answersTo(List<String> questions) {
        List<Row> rows = pairRows();
        List<ContrastPair> pairs = new ArrayList<>();
        for (int i = 0; i < Math.max(rows.size(), questions.size()) && !rows.isEmpty(); i++) {
            Row row = rows.get(i % rows.size());
            List<String> sides = sides(row);
            List<Message> before = new ArrayList<>(system(row));
            before.add(Message.user(questions.get(i % questions.size())));
            pairs.add(ContrastPair.ofAnswers(before, text(row, sides.get(0)), text(row, sides.get(1)))
                    .labelled(label(row)));
        }
        return notEmpty(pairs);
    }

    /**
     * A trait in the format of persona vectors (arXiv:2507.21509): {@code {"instruction": [{"pos": …, "neg": …}],
     * "questions": […]}}. Every question is asked under every pair of system prompts.
     *
     * @throws PintleException naming the file, line and key of data that does not fit
     */
    public List<ContrastPair> persona() {
        if (!isPersona()) {
            throw data.unusable(
                    1,
                    "an object with two lists: instruction, of {pos, neg}, and questions",
                    data.rows().isEmpty() ? "none" : keys(data.rows().get(0)));
        }
        found(data.rows().get(0));
        read.addAll(Set.of("instruction", "questions"));
        List<ContrastPair> pairs = new ArrayList<>();
        for (Row instruction : data.list("instruction")) {
            String positive = text(instruction, "pos");
            String negative = text(instruction, "neg");
            for (Row question : data.list("questions")) {
                pairs.add(
                        ContrastPair.ofSystemPrompts(positive, negative, string(question, question.value(), "question"))
                                .unpadded()
                                .labelled(name() + ", lines " + instruction.line() + " and " + question.line()));
            }
        }
        return notEmpty(pairs);
    }

    /** Whether the file describes a trait that {@link #persona} reads. */
    public boolean isPersona() {
        return data.rows().size() == 1
                && data.rows().get(0).value().path("instruction").isArray()
                && data.rows().get(0).value().path("questions").isArray();
    }

    /**
     * Texts: strings, or the value of {@code text}, {@code instruction}, {@code prompt}, {@code question} or
     * {@code content}, or of the layout's column.
     *
     * @throws PintleException naming the file, line and key of data that does not fit
     */
    public List<String> texts() {
        List<String> texts = new ArrayList<>();
        for (Row row : rows()) {
            texts.add(row.value().isTextual() ? string(row, row.value(), "an item") : text(row, textKey(row)));
        }
        if (texts.isEmpty()) {
            throw data.unusable(1, "at least one text", "none");
        }
        return List.copyOf(texts);
    }

    /**
     * Prompts of one class: texts, read as the layout says, or conversations under {@code messages} or {@code conversation}.
     *
     * @throws PintleException naming the file, line and key of data that does not fit
     */
    public List<Prompt> prompts() {
        List<Prompt> prompts = new ArrayList<>();
        for (Row row : rows()) {
            List<String> conversation = CONVERSATIONS.stream()
                    .filter(key ->
                            layout.columns().isEmpty() && row.value().path(key).isArray())
                    .toList();
            if (row.value().isArray()) {
                prompts.add(conversation(row, row.value(), "an item"));
            } else if (conversation.size() == 1) {
                prompts.add(conversation(row, value(row, conversation.get(0)), conversation.get(0)));
            } else if (row.value().isTextual()) {
                prompts.add(layout.prompt(string(row, row.value(), "an item")));
            } else {
                prompts.add(layout.prompt(text(row, textKey(row))));
            }
        }
        if (prompts.isEmpty()) {
            throw data.unusable(1, "at least one text", "none");
        }
        return List.copyOf(prompts);
    }

    // ---------------------------------------------------------------- rows

    /**
     * The rows; in an object of lists, those of the list that the layout selects, else of the only one or the one
     * called train.
     */
    private List<Row> rows() {
        if (data.rows().size() != 1 || !data.rows().get(0).value().isObject()) {
            if (!layout.split().isEmpty()) {
                throw data.unusable(1, "an object with a list " + layout.split(), "no object of lists");
            }
            return data.rows();
        }
        Row root = data.rows().get(0);
        List<String> lists = lists(root);
        if (lists.isEmpty() && layout.split().isEmpty()) {
            return data.rows();
        }
        String chosen = layout.split().isEmpty() ? lists.size() == 1 ? lists.get(0) : "train" : layout.split();
        if (!lists.contains(chosen)) {
            throw data.unusable(
                    root.line(),
                    layout.split().isEmpty() ? "one list, or one called train" : "a list " + chosen,
                    keys(root) + "; --split NAME selects one, --columns A,B two of them");
        }
        if (root.value().size() > 1) {
            List<String> others = new ArrayList<>();
            root.value().fieldNames().forEachRemaining(others::add);
            others.remove(chosen);
            notes.add(name() + ": read: " + chosen + "; not read: " + String.join(", ", others));
        }
        return data.list(chosen);
    }

    private List<Row> pairRows() {
        if (data.rows().size() == 1 && data.rows().get(0).value().isObject()) {
            Row root = data.rows().get(0);
            List<String> sides = layout.columns().isEmpty()
                    ? SIDES.stream()
                            .filter(names -> names.stream()
                                    .allMatch(name -> ofTexts(root.value().path(name))))
                            .findFirst()
                            .orElse(List.of())
                    : layout.columns();
            if (sides.size() == 2
                    && layout.split().isEmpty()
                    && sides.stream().allMatch(name -> ofTexts(root.value().path(name)))) {
                return zipped(root, sides);
            }
        }
        return rows();
    }

    /** Whether it is a list of strings rather than a conversation. */
    private static boolean ofTexts(JsonNode value) {
        return value.isArray() && !value.isEmpty() && value.get(0).isTextual();
    }

    private List<Row> zipped(Row root, List<String> sides) {
        List<Row> positive = data.list(sides.get(0));
        List<Row> negative = data.list(sides.get(1));
        if (positive.size() != negative.size()) {
            throw data.unusable(
                    root.line(),
                    "as many " + sides.get(0) + " as " + sides.get(1),
                    positive.size() + " and " + negative.size()
                            + "; --positive-texts and --negative-texts do not need pairs");
        }
        found(root);
        read.addAll(sides);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < positive.size(); i++) {
            ObjectNode both = JsonNodeFactory.instance.objectNode();
            both.set(sides.get(0), positive.get(i).value());
            both.set(sides.get(1), negative.get(i).value());
            rows.add(new Row(positive.get(i).line(), both));
        }
        return rows;
    }

    private static List<String> lists(Row root) {
        List<String> lists = new ArrayList<>();
        for (Iterator<String> names = root.value().fieldNames(); names.hasNext(); ) {
            String name = names.next();
            JsonNode value = root.value().get(name);
            boolean conversation =
                    value.isArray() && !value.isEmpty() && value.get(0).has("role");
            if (value.isArray() && !conversation) {
                lists.add(name);
            }
        }
        return lists;
    }

    // ---------------------------------------------------------------- one row

    private ContrastPair pair(Row row) {
        if (row.value().isArray()) {
            if (row.value().size() != 2) {
                throw data.unusable(
                        row.line(), "[positive, negative]", row.value().size() + " items");
            }
            return new ContrastPair(
                    side(row, row.value().get(0), "the first of two"),
                    side(row, row.value().get(1), "the second of two"),
                    false);
        }
        List<String> sides = sides(row);
        List<String> questions = QUESTIONS.stream()
                .filter(key -> row.value().path(key).isTextual() && !sides.contains(key))
                .toList();
        if (questions.isEmpty()) {
            return new ContrastPair(
                    side(row, value(row, sides.get(0)), sides.get(0)),
                    side(row, value(row, sides.get(1)), sides.get(1)),
                    false);
        }
        if (questions.size() > 1) {
            throw data.unusable(row.line(), "one of " + String.join(", ", questions), "both");
        }
        List<Message> before = new ArrayList<>(system(row));
        before.add(Message.user(text(row, questions.get(0))));
        return ContrastPair.ofAnswers(before, text(row, sides.get(0)), text(row, sides.get(1)));
    }

    private List<String> sides(Row row) {
        if (!row.value().isObject()) {
            throw data.unusable(row.line(), "an object with positive and negative", DataRows.shown(row.value()));
        }
        if (!layout.columns().isEmpty()) {
            if (layout.columns().size() != 2) {
                throw data.unusable(
                        row.line(),
                        "two columns, for the positive and the negative side",
                        "--columns " + String.join(",", layout.columns()));
            }
            return layout.columns();
        }
        List<List<String>> named = SIDES.stream()
                .filter(names -> names.stream().anyMatch(row.value()::has))
                .toList();
        if (named.size() > 1) {
            throw data.unusable(row.line(), "one pair of sides, or --columns POSITIVE,NEGATIVE", keys(row));
        }
        return named.isEmpty() ? SIDES.get(0) : named.get(0);
    }

    private String textKey(Row row) {
        if (!row.value().isObject()) {
            throw data.unusable(row.line(), "a string, or an object with a text", DataRows.shown(row.value()));
        }
        if (layout.columns().size() == 1) {
            return layout.columns().get(0);
        }
        List<String> named = TEXTS.stream().filter(row.value()::has).toList();
        if (named.size() != 1 || !layout.columns().isEmpty()) {
            throw data.unusable(
                    row.line(),
                    "one key of " + String.join(", ", TEXTS) + ", or --columns KEY",
                    layout.columns().isEmpty() ? keys(row) : "--columns " + String.join(",", layout.columns()));
        }
        return named.get(0);
    }

    private List<Message> system(Row row) {
        List<String> systems = SYSTEMS.stream()
                .filter(key -> row.value().path(key).isTextual()
                        && !row.value().get(key).textValue().isBlank())
                .toList();
        if (systems.size() > 1) {
            throw data.unusable(row.line(), "one of " + String.join(", ", systems), "both");
        }
        return systems.isEmpty() ? List.of() : List.of(Message.system(text(row, systems.get(0))));
    }

    private Prompt side(Row row, JsonNode value, String key) {
        if (value.isTextual()) {
            return layout.prompt(string(row, value, key));
        }
        return conversation(row, value, key);
    }

    private Prompt conversation(Row row, JsonNode value, String key) {
        if (!value.isArray() || value.isEmpty()) {
            throw data.unusable(row.line(), "a text or a list of messages as " + key, DataRows.shown(value));
        }
        List<Message> messages = new ArrayList<>();
        for (JsonNode message : value) {
            JsonNode content = message.path("content");
            if (!content.isTextual()) {
                throw data.unusable(row.line(), "a string as content", DataRows.shown(content));
            }
            messages.add(new Message(string(row, message.path("role"), "role"), content.textValue()));
        }
        return Prompt.ofMessages(messages);
    }

    private JsonNode value(Row row, String key) {
        found(row);
        read.add(key);
        return row.value().path(key);
    }

    private String text(Row row, String key) {
        return string(row, value(row, key), key);
    }

    private String string(Row row, JsonNode value, String key) {
        if (!value.isTextual() || value.textValue().isBlank()) {
            throw data.unusable(row.line(), "a non-empty string as " + key, DataRows.shown(value));
        }
        return value.textValue();
    }

    private void found(Row row) {
        row.value().fieldNames().forEachRemaining(found::add);
    }

    private static String keys(Row row) {
        List<String> keys = new ArrayList<>();
        row.value().fieldNames().forEachRemaining(keys::add);
        return keys.isEmpty()
                ? DataRows.shown(row.value())
                : keys.stream().limit(12).collect(Collectors.joining(", "));
    }

    private String name() {
        return String.valueOf(data.file().getFileName());
    }

    private String label(Row row) {
        return name() + ", line " + row.line();
    }

    private List<ContrastPair> notEmpty(List<ContrastPair> pairs) {
        if (pairs.isEmpty()) {
            throw data.unusable(1, "at least one pair", "none");
        }
        return List.copyOf(pairs);
    }
}
