package dev.pintle.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** Small tokenizers in the forms in which well-known models publish theirs. */
final class Tokenizers {
    private static final ObjectMapper JSON = new ObjectMapper();
    static final String LLAMA3 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    static final String QWEN2 = LLAMA3.replace("{1,3}", "");
    static final String TEKKEN =
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    static final String O200K =
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    static final String DEEPSEEK_V3 =
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    static final String KIMI =
            "[\\p{Han}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    static final String EXAONE =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+";
    private static final String BYTES =
            "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":%s}";
    private static final String METASPACE_NORMALIZER =
            "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":\"▁\"},{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"▁\"}]}";
    private static final String METASPACE_DECODER =
            "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{\"String\":\"▁\"},\"content\":\" \"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}]}";
    private static final String TEMPLATE =
            "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":1}},{\"Sequence\":{\"id\":\"B\",\"type_id\":1}}],\"special_tokens\":{\"<s>\":{\"id\":\"<s>\",\"ids\":[1],\"tokens\":[\"<s>\"]}}}";
    private static final String BPE =
            "{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":true,\"byte_fallback\":true,\"ignore_merges\":false,\"vocab\":{\"<unk>\":0,\"<s>\":1,\"a\":2,\"b\":3,\"ab\":4,\"▁\":5,\"Ġ\":6,\"é\":7,\"<0x0A>\":8,\"1\":9},\"merges\":[\"a b\"]}";

    private Tokenizers() {}

    static String split(String regex) {
        ObjectNode split = JSON.createObjectNode().put("type", "Split");
        split.putObject("pattern").put("Regex", regex);
        return split.put("behavior", "Isolated").put("invert", false).toString();
    }

    static String sequence(String field, String... parts) {
        return "{\"type\":\"Sequence\",\"" + field + "\":[" + String.join(",", parts) + "]}";
    }

    static String replace(String kind, String pattern, String content) {
        ObjectNode replace = JSON.createObjectNode().put("type", "Replace");
        replace.putObject("pattern").put(kind, pattern);
        return replace.put("content", content).toString();
    }

    static String file(String normalizer, String preTokenizer, String postProcessor, String decoder, String model) {
        return file(normalizer, preTokenizer, postProcessor, decoder, model, "false");
    }

    static String file(
            String normalizer,
            String preTokenizer,
            String postProcessor,
            String decoder,
            String model,
            String normalized) {
        return "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{\"id\":1,\"content\":\"<s>\",\"single_word\":false,\"lstrip\":false,\"rstrip\":true,\"normalized\":"
                + normalized
                + ",\"special\":true}],\"normalizer\":" + normalizer + ",\"pre_tokenizer\":" + preTokenizer
                + ",\"post_processor\":" + postProcessor + ",\"decoder\":" + decoder + ",\"model\":" + model + "}";
    }

    /** A tokenizer with one part changed: {@code normalizer}, {@code decoder} and so on. */
    static String with(String field, String part) {
        try {
            ObjectNode root = (ObjectNode) JSON.readTree(published("gpt2"));
            root.set(field, JSON.readTree(part));
            return root.toString();
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(part, e);
        }
    }

    static Tokenizer open(Path folder, String json) throws IOException {
        Path file = folder.resolve("tokenizer.json");
        Files.writeString(file, json);
        return Tokenizer.open(file);
    }

    /** A map that replaces {@code A} by {@code b}, as SentencePiece compiles it. */
    static String charsMap() {
        int[] units = new int[512];
        units[0] = 256 << 10;
        units[256 ^ 'A'] = 'A' | 1 << 8 | (256 ^ 'A' ^ 'z') << 10;
        units['z'] = 1 << 31;
        ByteBuffer bytes = ByteBuffer.allocate(4 + 4 * units.length + 2).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(4 * units.length);
        for (int unit : units) {
            bytes.putInt(unit);
        }
        bytes.put("b\0".getBytes(StandardCharsets.UTF_8));
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    static String published(String name) {
        return Objects.requireNonNull(published().get(name), name);
    }

    static Map<String, String> published() {
        Map<String, String> all = new LinkedHashMap<>();
        String bytes = String.format(BYTES, "false");
        String words = String.format(BYTES, "true");
        String oldBpe = BPE.replace("\"type\":\"BPE\",", "")
                .replace("\"continuing_subword_prefix\":null", "\"continuing_subword_prefix\":\"\"");
        all.put("gpt2", file("null", words, words, words, oldBpe));
        all.put("pythia, OLMo", file("{\"type\":\"NFC\"}", words, words, words, BPE));
        all.put(
                "llama3",
                file(
                        "null",
                        sequence("pretokenizers", split(LLAMA3), bytes),
                        sequence("processors", words, TEMPLATE),
                        words,
                        BPE.replace("[\"a b\"]", "[[\"a\",\"b\"]]")));
        all.put("qwen", file("{\"type\":\"NFC\"}", sequence("pretokenizers", split(QWEN2), bytes), bytes, bytes, BPE));
        all.put("mistral nemo", file("null", sequence("pretokenizers", split(TEKKEN), bytes), TEMPLATE, words, BPE));
        all.put("gpt-oss, phi-4", file("null", sequence("pretokenizers", split(O200K), bytes), words, words, BPE));
        all.put(
                "deepseek v3",
                file(
                        sequence("normalizers"),
                        sequence(
                                "pretokenizers",
                                split("\\p{N}{1,3}"),
                                split("[一-龥\u3040-ゟ゠-ヿ]+"),
                                split(DEEPSEEK_V3),
                                bytes),
                        words,
                        words,
                        BPE));
        all.put(
                "deepseek coder",
                file(
                        sequence("normalizers"),
                        sequence(
                                "pretokenizers",
                                split("[\r\n]"),
                                split("\\s?\\p{L}+"),
                                split("\\s?\\p{P}+"),
                                split("\\s+$"),
                                split("[一-龥ࠀ-一가-퟿]+"),
                                "{\"type\":\"Digits\",\"individual_digits\":true}",
                                bytes),
                        words,
                        words,
                        BPE));
        all.put("kimi", file("null", sequence("pretokenizers", split(KIMI), bytes), words, words, BPE));
        all.put("exaone", file("null", sequence("pretokenizers", split(EXAONE), bytes), words, words, BPE));
        all.put(
                "bloom",
                file("null", sequence("pretokenizers", split(" ?[^(\\s|[.,!?…。，、।۔،])]+"), bytes), words, words, BPE));
        all.put(
                "digits from the right",
                file(
                        "null",
                        sequence(
                                "pretokenizers",
                                split("\\p{N}{1,3}(?=(?:\\p{N}{3})*(?!\\p{N}))"),
                                split("(?=(\\d{3})+(?!\\d))"),
                                bytes),
                        words,
                        words,
                        BPE));
        all.put("llama2, phi-3, mistral", file(METASPACE_NORMALIZER, "null", TEMPLATE, METASPACE_DECODER, BPE, "true"));
        all.put(
                "mistral v3",
                file(
                        "null",
                        "{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"first\",\"split\":false}",
                        TEMPLATE,
                        METASPACE_DECODER,
                        BPE));
        all.put(
                "gemma",
                file(
                        replace("String", " ", "▁"),
                        "{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},\"behavior\":\"MergedWithPrevious\",\"invert\":false}",
                        TEMPLATE,
                        "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{\"String\":\"▁\"},\"content\":\" \"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"}]}",
                        BPE));
        all.put(
                "starcoder",
                file(
                        "null",
                        sequence("pretokenizers", "{\"type\":\"Digits\",\"individual_digits\":true}", words),
                        "null",
                        words,
                        BPE));
        all.put(
                "falcon",
                file(
                        "null",
                        sequence(
                                "pretokenizers",
                                "{\"type\":\"Punctuation\",\"behavior\":\"Contiguous\"}",
                                words,
                                "{\"type\":\"Digits\",\"individual_digits\":false}",
                                split("[0-9][0-9][0-9]")),
                        words,
                        words,
                        BPE));
        all.put(
                "clip",
                file(
                        sequence(
                                "normalizers",
                                "{\"type\":\"NFC\"}",
                                replace("Regex", "\\s+", " "),
                                "{\"type\":\"Lowercase\"}"),
                        sequence(
                                "pretokenizers",
                                split("'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"),
                                bytes),
                        "{\"type\":\"RobertaProcessing\",\"sep\":[\"<s>\",1],\"cls\":[\"<s>\",1],\"trim_offsets\":false,\"add_prefix_space\":false}",
                        words,
                        BPE));
        all.put(
                "t5, xlm-r",
                file(
                        sequence(
                                "normalizers",
                                "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"" + charsMap() + "\"}",
                                replace("Regex", " {2,}", "▁")),
                        "{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"add_prefix_space\":true}",
                        TEMPLATE,
                        "{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"add_prefix_space\":true}",
                        "{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"<unk>\",0.0],[\"<s>\",0.0],[\"▁\",-2.5],[\"a\",-3],[\"b\",-3.5],[\"▁ab\",-4]],\"byte_fallback\":false}"));
        all.put(
                "bert",
                file(
                        "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,\"strip_accents\":null,\"lowercase\":true}",
                        "{\"type\":\"BertPreTokenizer\"}",
                        TEMPLATE,
                        "{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true}",
                        "{\"type\":\"WordPiece\",\"unk_token\":\"<unk>\",\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":100,\"vocab\":{\"<unk>\":0,\"<s>\":1,\"a\":2,\"##b\":3}}"));
        all.put(
                "words",
                file(
                        "null",
                        "{\"type\":\"Whitespace\"}",
                        "null",
                        "null",
                        "{\"type\":\"WordLevel\",\"unk_token\":\"<unk>\",\"vocab\":{\"<unk>\":0,\"<s>\":1,\"ab\":2}}"));
        return all;
    }
}
