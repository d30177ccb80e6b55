package dev.pintle.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.tensor.io.GgufValue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/*
 * GGUF keeps the vocabulary, merges and special tokens, and names the rest: how text is split before merging is known by
 * tokenizer.ggml.pre, how blanks are written by tokenizer.ggml.model and a few flags. The regular expressions are those of the
 * tokenizers that the names stand for, as their own tokenizer.json writes them.
 *
 * A SentencePiece vocabulary has scores instead of merges. Its merges are all splits of a token into two tokens, in the order of
 * the scores, as transformers derives them.
 */
/** The tokenizer of a GGUF file as tokenizer.json and tokenizer_config.json of the Hugging Face format. */
final class GgufTokenizer {
    private static final String KEY = "tokenizer.ggml.";
    private static final String BLANK = "\u2581";
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNKNOWN = 2;
    private static final int UNUSED = 5;

    private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private static final String GPT2 =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    private static final String TAIL = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String LLAMA3 = CONTRACTIONS + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|" + TAIL;
    private static final String QWEN2 = CONTRACTIONS + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|" + TAIL;
    private static final String QWEN35 = CONTRACTIONS
            + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String UPPER = "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String TAIL_WITH_SLASH = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String GPT4O = UPPER + "*" + LOWER + "+" + CONTRACTIONS + "?|" + UPPER + "+" + LOWER + "*"
            + CONTRACTIONS + "?|\\p{N}{1,3}|" + TAIL_WITH_SLASH;
    private static final String TEKKEN =
            UPPER + "*" + LOWER + "+|" + UPPER + "+" + LOWER + "*|\\p{N}|" + TAIL_WITH_SLASH;
    private static final String DEEPSEEK3 = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
            + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /**
     * How text is split before merging.
     *
     * @param splits regular expressions, each applied to the pieces of the one before
     * @param digits whether each digit is a piece of its own, before everything else
     * @param gpt2 whether the byte-level step splits too, as in GPT-2
     * @param nfc whether text is composed first
     * @param ignoreMerges whether a piece that is a token stays whole
     * @param bos whether a beginning-of-text token is added, where the file does not say
     */
    private record Splitting(
            List<String> splits, boolean digits, boolean gpt2, boolean nfc, boolean ignoreMerges, boolean bos) {
        static Splitting by(String split) {
            return new Splitting(List.of(split), false, false, false, false, false);
        }

        static Splitting gpt2(boolean digits) {
            return new Splitting(List.of(), digits, true, false, false, false);
        }

        Splitting composed() {
            return new Splitting(splits, digits, gpt2, true, ignoreMerges, bos);
        }

        Splitting keepingTokens() {
            return new Splitting(splits, digits, gpt2, nfc, true, true);
        }
    }

    private final Path file;
    private final Map<String, GgufValue> values;
    private final List<String> tokens;
    private final int[] types;

    private GgufTokenizer(Path file, Map<String, GgufValue> values) {
        this.file = file;
        this.values = values;
        this.tokens = texts("tokens");
        List<GgufValue> given = array("token_type");
        this.types = IntStream.range(0, tokens.size())
                .map(id -> id < given.size() && given.get(id) instanceof GgufValue.Int type ? (int) type.value() : 1)
                .toArray();
    }

    /** Whether the metadata has a tokenizer at all. */
    static boolean isIn(Map<String, GgufValue> values) {
        return values.get(KEY + "model") instanceof GgufValue.Text text
                && !text.value().equals("none");
    }

    /** @throws PintleException for a kind of tokenizer that cannot be rebuilt exactly */
    static GgufTokenizer of(Path file, Map<String, GgufValue> values) {
        GgufTokenizer tokenizer = new GgufTokenizer(file, values);
        if (tokenizer.tokens.isEmpty()) {
            throw tokenizer.problem("tokens", "a list of tokens").toException();
        }
        return tokenizer;
    }

    /**
     * What {@link #of} and {@link #tokenizer} would refuse without looking at the vocabulary, which may be left out.
     *
     * @throws PintleException for a kind of tokenizer that cannot be rebuilt exactly
     */
    static void requireKnown(Path file, Map<String, GgufValue> values) {
        GgufTokenizer tokenizer = new GgufTokenizer(file, values);
        if (tokenizer.requireModel().equals("gpt2")) {
            tokenizer.splitting();
        }
    }

    // ---------------------------------------------------------------- tokenizer.json

    /** The content of tokenizer.json. */
    ObjectNode tokenizer() {
        ObjectNode json = Json.object().put("version", "1.0");
        json.putNull("truncation").putNull("padding");
        added(json.putArray("added_tokens"));
        if (requireModel().equals("gpt2")) {
            byteLevel(json);
        } else {
            sentencePiece(json);
        }
        return json;
    }

    private String requireModel() {
        String model = text("model", "");
        if (!model.equals("gpt2") && !model.equals("llama")) {
            throw problem("model", "gpt2 or llama").toException();
        }
        return model;
    }

    /** Whether a tokenizer.json has the same tokens under the same ids; tokens of the file that are not used don't count. */
    boolean isOf(JsonNode json) {
        Map<Integer, String> others = new HashMap<>();
        json.path("model")
                .path("vocab")
                .properties()
                .forEach(entry -> others.put(entry.getValue().asInt(-1), entry.getKey()));
        json.path("added_tokens")
                .forEach(token -> others.put(
                        token.path("id").asInt(-1), token.path("content").asText()));
        for (int id = 0; id < types.length; id++) {
            String other = others.remove(id);
            boolean same =
                    other == null ? types[id] == UNUSED : other.equals(tokens.get(id)) || other.equals(piece(id));
            if (!same) {
                return false;
            }
        }
        return others.isEmpty();
    }

    private void added(ArrayNode list) {
        for (int id = 0; id < types.length; id++) {
            if (types[id] == CONTROL || types[id] == USER_DEFINED || (types[id] == UNKNOWN && isSentencePiece())) {
                list.addObject()
                        .put("id", id)
                        .put("content", tokens.get(id))
                        .put("single_word", false)
                        .put("lstrip", false)
                        .put("rstrip", false)
                        .put("normalized", false)
                        .put("special", types[id] != USER_DEFINED);
            }
        }
    }

    private boolean isSentencePiece() {
        return text("model", "").equals("llama");
    }

    private void byteLevel(ObjectNode json) {
        Splitting how = splitting();
        if (how.nfc) {
            json.putObject("normalizer").put("type", "NFC");
        } else {
            json.putNull("normalizer");
        }
        ObjectNode sequence = json.putObject("pre_tokenizer").put("type", "Sequence");
        ArrayNode steps = sequence.putArray("pretokenizers");
        if (how.digits) {
            steps.addObject().put("type", "Digits").put("individual_digits", true);
        }
        for (String split : how.splits) {
            ObjectNode step = steps.addObject().put("type", "Split");
            step.putObject("pattern").put("Regex", split);
            step.put("behavior", "Isolated").put("invert", false);
        }
        steps.addObject()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", how.gpt2);
        postProcessor(json, flag("add_bos_token", how.bos));
        json.putObject("decoder")
                .put("type", "ByteLevel")
                .put("add_prefix_space", true)
                .put("trim_offsets", true)
                .put("use_regex", true);
        ObjectNode model = model(json).put("ignore_merges", how.ignoreMerges);
        model.putNull("unk_token").put("fuse_unk", false).put("byte_fallback", false);
        ArrayNode merges = model.putArray("merges");
        for (String merge : texts("merges")) {
            int blank = merge.indexOf(' ', 1);
            if (blank < 0) {
                throw problem("merges", "two tokens with a blank between").toException();
            }
            merges.addArray().add(merge.substring(0, blank)).add(merge.substring(blank + 1));
        }
    }

    private Splitting splitting() {
        String pre = text("pre", "default");
        return switch (pre) {
            case "llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral", "lfm2" ->
                Splitting.by(LLAMA3).keepingTokens();
            case "smaug-bpe", "dbrx", "glm4", "chatglm-bpe" -> Splitting.by(LLAMA3);
            case "qwen2", "deepseek-r1-qwen" -> Splitting.by(QWEN2).composed();
            case "stablelm2", "hunyuan", "megrez" -> Splitting.by(QWEN2);
            case "qwen35" -> Splitting.by(QWEN35).composed();
            case "gpt-2", "phi-2", "olmo", "mpt", "exaone4", "jais", "a.x-4.0" -> Splitting.gpt2(false);
            case "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone" -> Splitting.gpt2(true);
            case "gpt-4o", "llama4", "kanana2", "minimax-m2" -> Splitting.by(GPT4O);
            case "tekken" -> Splitting.by(TEKKEN).keepingTokens();
            case "deepseek-v3", "hunyuan-dense" ->
                new Splitting(
                        List.of("\\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+", DEEPSEEK3),
                        false,
                        false,
                        false,
                        false,
                        false);
            default ->
                throw problem("pre", "a known way of splitting text, such as llama-bpe, qwen2 or gpt-2")
                        .fact("try", GgufSources.advice(values))
                        .toException();
        };
    }

    private void sentencePiece(ObjectNode json) {
        boolean prefix = flag("add_space_prefix", true);
        ObjectNode blanks = json.objectNode().put("type", "Replace");
        blanks.putObject("pattern").put("String", " ");
        blanks.put("content", BLANK);
        if (prefix) {
            ArrayNode steps =
                    json.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
            steps.addObject().put("type", "Prepend").put("prepend", BLANK);
            steps.add(blanks);
        } else {
            json.set("normalizer", blanks);
        }
        if (isGemma()) {
            ObjectNode split = json.putObject("pre_tokenizer").put("type", "Split");
            split.putObject("pattern").put("String", " ");
            split.put("behavior", "MergedWithPrevious").put("invert", false);
        } else {
            json.putNull("pre_tokenizer");
        }
        postProcessor(json, flag("add_bos_token", true));
        ArrayNode steps = json.putObject("decoder").put("type", "Sequence").putArray("decoders");
        ObjectNode replace = steps.addObject().put("type", "Replace");
        replace.putObject("pattern").put("String", BLANK);
        replace.put("content", " ");
        steps.addObject().put("type", "ByteFallback");
        steps.addObject().put("type", "Fuse");
        if (prefix) {
            steps.addObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0);
        }
        ObjectNode model = model(json);
        int unknown = id("unknown_token_id").orElse(0);
        model.put("unk_token", tokens.get(Math.min(unknown, tokens.size() - 1)));
        model.put("fuse_unk", true).put("byte_fallback", true).put("ignore_merges", false);
        ArrayNode merges = model.putArray("merges");
        for (String[] merge : merges(isGemma())) {
            merges.addArray().add(merge[0]).add(merge[1]);
        }
    }

    /** Gemma's scores do not follow the order of its merges. */
    private boolean isGemma() {
        return values.get("general.architecture") instanceof GgufValue.Text text
                && text.value().startsWith("gemma");
    }

    private List<String[]> merges(boolean byId) {
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < tokens.size(); id++) {
            ids.putIfAbsent(piece(id), id);
        }
        List<GgufValue> scores = array("scores");
        record Merge(String left, String right, int token, double score, int leftId, int rightId) {}
        List<Merge> all = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            String whole = piece(id);
            if (types[id] == CONTROL || types[id] == 6) {
                continue;
            }
            double score = id < scores.size() && scores.get(id) instanceof GgufValue.Float32 given ? given.value() : 0;
            for (int at = whole.offsetByCodePoints(0, whole.isEmpty() ? 0 : 1);
                    at > 0 && at < whole.length();
                    at = whole.offsetByCodePoints(at, 1)) {
                Integer left = ids.get(whole.substring(0, at));
                Integer right = ids.get(whole.substring(at));
                if (left != null && right != null) {
                    all.add(new Merge(whole.substring(0, at), whole.substring(at), id, score, left, right));
                }
            }
        }
        Comparator<Merge> order = byId
                ? Comparator.comparingInt(Merge::token)
                : Comparator.comparingDouble((Merge merge) -> -merge.score);
        all.sort(order.thenComparingInt(Merge::leftId).thenComparingInt(Merge::rightId));
        return all.stream().map(merge -> new String[] {merge.left, merge.right}).toList();
    }

    /** A token as the vocabulary spells it: Gemma's tokens of nothing but blanks are stored as blanks. */
    private String piece(int id) {
        String token = tokens.get(id);
        return isSentencePiece() && !token.isEmpty() && token.isBlank() && token.indexOf(' ') >= 0
                ? token.replace(" ", BLANK)
                : token;
    }

    private ObjectNode model(ObjectNode json) {
        ObjectNode model = json.putObject("model").put("type", "BPE");
        model.putNull("dropout").putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            if (!vocabulary.has(piece(id))) {
                vocabulary.put(piece(id), id);
            }
        }
        return model;
    }

    private void postProcessor(ObjectNode json, boolean bos) {
        OptionalInt first = id("bos_token_id");
        OptionalInt last = flag("add_eos_token", false) ? id("eos_token_id") : OptionalInt.empty();
        if ((!bos || first.isEmpty()) && last.isEmpty()) {
            if (isSentencePiece()) {
                json.putNull("post_processor");
            } else {
                json.putObject("post_processor")
                        .put("type", "ByteLevel")
                        .put("add_prefix_space", true)
                        .put("trim_offsets", false)
                        .put("use_regex", true);
            }
            return;
        }
        ObjectNode processor = json.putObject("post_processor").put("type", "TemplateProcessing");
        ArrayNode single = processor.putArray("single");
        ArrayNode pair = processor.putArray("pair");
        ObjectNode special = processor.putObject("special_tokens");
        if (bos && first.isPresent()) {
            around(single, pair, special, first.getAsInt());
        }
        single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        pair.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
        last.ifPresent(id -> around(single, pair, special, id));
    }

    private void around(ArrayNode single, ArrayNode pair, ObjectNode special, int id) {
        String token = tokens.get(id);
        single.addObject().putObject("SpecialToken").put("id", token).put("type_id", 0);
        pair.addObject().putObject("SpecialToken").put("id", token).put("type_id", 0);
        ObjectNode entry = special.putObject(token).put("id", token);
        entry.putArray("ids").add(id);
        entry.putArray("tokens").add(token);
    }

    // ---------------------------------------------------------------- what is around it

    /** The content of tokenizer_config.json, with the chat template if the file has one. */
    ObjectNode configuration() {
        ObjectNode json = Json.object().put("tokenizer_class", "PreTrainedTokenizerFast");
        put(json, "bos_token", "bos_token_id");
        put(json, "eos_token", "eos_token_id");
        put(json, "unk_token", "unknown_token_id");
        put(json, "pad_token", "padding_token_id");
        if (values.get("tokenizer.chat_template") instanceof GgufValue.Text template) {
            json.put("chat_template", template.value());
        }
        return json;
    }

    private void put(ObjectNode json, String name, String key) {
        id(key).ifPresent(id -> json.put(name, tokens.get(id)));
    }

    /** Whether the file has a chat template. */
    boolean hasTemplate() {
        return values.get("tokenizer.chat_template") instanceof GgufValue.Text;
    }

    /** The control token of this text, if there is one. */
    OptionalInt control(String token) {
        return IntStream.range(0, types.length)
                .filter(id -> types[id] == CONTROL && tokens.get(id).equals(token))
                .findFirst();
    }

    /** Tokens that end an answer: those that the file names, and those whose names say so. */
    Set<Integer> stopIds() {
        Set<Integer> ids = new TreeSet<>();
        for (String key : List.of("eos_token_id", "eot_token_id", "eom_token_id")) {
            id(key).ifPresent(ids::add);
        }
        for (GgufValue one : array("eos_token_ids")) {
            if (one instanceof GgufValue.Int id && id.value() >= 0 && id.value() < tokens.size()) {
                ids.add((int) id.value());
            }
        }
        Set<String> ends = Set.of(
                "<|eot_id|>",
                "<|im_end|>",
                "<|end|>",
                "<end_of_turn>",
                "<|endoftext|>",
                "<|return|>",
                "<|call|>",
                "<EOT>");
        for (int id = 0; id < types.length; id++) {
            if (types[id] == CONTROL && ends.contains(tokens.get(id))) {
                ids.add(id);
            }
        }
        return ids;
    }

    // ---------------------------------------------------------------- reading

    private OptionalInt id(String key) {
        GgufValue value = values.get(KEY + key);
        if (value == null) {
            return OptionalInt.empty();
        }
        if (value instanceof GgufValue.Int id && id.value() >= 0 && id.value() < tokens.size()) {
            return OptionalInt.of((int) id.value());
        }
        if (value instanceof GgufValue.Int id && (id.value() == -1 || id.value() == 0xFFFF_FFFFL)) {
            return OptionalInt.empty(); // none
        }
        throw problem(key, "a token id below " + tokens.size()).toException();
    }

    private boolean flag(String key, boolean otherwise) {
        return values.get(KEY + key) instanceof GgufValue.Bool truth ? truth.value() : otherwise;
    }

    private String text(String key, String otherwise) {
        return values.get(KEY + key) instanceof GgufValue.Text text ? text.value() : otherwise;
    }

    private List<GgufValue> array(String key) {
        return values.get(KEY + key) instanceof GgufValue.Array array ? array.values() : List.of();
    }

    private List<String> texts(String key) {
        return array(key).stream()
                .map(value -> value instanceof GgufValue.Text text ? text.value() : "")
                .toList();
    }

    private Problem problem(String key, String expected) {
        GgufValue found = values.get(KEY + key);
        return FileProblems.of("The file's tokenizer cannot be rebuilt.", file)
                .fact("key", KEY + key)
                .fact("expected", expected)
                .fact("but was", found == null ? "absent" : Excerpt.of(described(found)));
    }

    private static String described(GgufValue value) {
        return value instanceof GgufValue.Array array ? array.values().size() + " values" : value.toString();
    }
}
