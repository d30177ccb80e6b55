package dev.pintle.text;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Excerpt;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/*
 * The tokenizer library's native code assumes that it reads files written by itself. On other input it panics, and a
 * panic there ends the whole process: an index out of range, an undeclared token, a slice through a character, a
 * regular expression that gives up. So everything that could lead to a panic is checked beforehand. Ordinary mistakes
 * (a missing field, a string where a number belongs) are left to the native reader, which reports them.
 */
/** Checks the parts of a {@code tokenizer.json} and adds up the worst-case work they can cause. */
final class TokenizerCheck {
    private static final int MAX_PARTS = 64;
    private static final int MAX_DEPTH = 8;
    private static final int MAX_ADDED = 100_000;
    private static final int MAX_TOKEN_LENGTH = 4_096;
    private static final int MAX_PIECE_LENGTH = 256;
    private static final int MAX_ID = (1 << 24) - 1;
    private static final double MAX_GROWTH = 10_000;
    private static final Set<String> BEHAVIORS =
            Set.of("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous");

    private final Path file;
    private final TokenizerWork work;
    private int parts;
    private int templates;

    private TokenizerCheck(Path file) {
        this.file = file;
        this.work = new TokenizerWork(file);
    }

    /**
     * Checks a file.
     *
     * @throws TokenizerException if the file is unsafe for native code
     */
    static TokenizerWork of(JsonNode root, Path file) {
        TokenizerCheck check = new TokenizerCheck(file);
        check.plain(root, "");
        check.part(root.path("normalizer"), "normalizer", "normalizers", 0, check::normalizer);
        double normalized = check.work.growth();
        check.part(root.path("pre_tokenizer"), "pre_tokenizer", "pretokenizers", 0, check::preTokenizer);
        check.part(root.path("post_processor"), "post_processor", "processors", 0, check::postProcessor);
        check.part(root.path("decoder"), "decoder", "decoders", 0, check::decoder);
        if (check.work.growth() > MAX_GROWTH || check.work.decodedGrowth() > MAX_GROWTH) {
            throw check.refused(
                    check.work.growth() > MAX_GROWTH ? "normalizer" : "decoder",
                    "replacements that can make a text more than 10,000 times longer",
                    "shorter replacements");
        }
        check.addedTokens(root.path("added_tokens"), normalized);
        check.model(root.path("model"));
        return check.work;
    }

    private TokenizerException refused(String at, Object found, String expected) {
        return new TokenizerException(
                "The tokenizer file contains something that is unsafe for native code.",
                null,
                "file",
                file.toString(),
                "at",
                Excerpt.of(at),
                "found",
                Excerpt.of(found),
                "expected",
                expected,
                "try",
                "the original file from its authors");
    }

    /** Refuses strings and numbers that are valid JSON but that the native reader cannot represent. */
    private void plain(JsonNode node, String at) {
        if (node.isTextual()) {
            requireCharacters(node.textValue(), at);
        } else if (node.isNumber()) {
            boolean fits = node.isIntegralNumber() ? node.canConvertToLong() : Double.isFinite(node.doubleValue());
            if (!fits) {
                throw refused(at, node, "a 64-bit number");
            }
        } else if (node.isObject()) {
            for (Map.Entry<String, JsonNode> entry : node.properties()) {
                requireCharacters(entry.getKey(), at);
                boolean vocabulary = at.equals("model.vocab");
                plain(entry.getValue(), vocabulary ? at : at.isEmpty() ? entry.getKey() : at + "." + entry.getKey());
            }
        } else {
            node.forEach(child -> plain(child, at));
        }
    }

    private void requireCharacters(String text, String at) {
        for (int i = 0; i < text.length(); i++) {
            if (!Character.isSurrogate(text.charAt(i))) {
                continue;
            }
            if (i + 1 >= text.length() || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
                throw refused(at, text, "complete characters, not half of a surrogate pair");
            }
            i++;
        }
    }

    // ---- parts of any kind

    private interface Kind {
        /** Checks a part that has a type and is not a sequence. */
        void check(JsonNode part, String type, String at);
    }

    /**
     * @param list the field of a sequence that contains its parts
     */
    private void part(JsonNode part, String at, String list, int depth, Kind kind) {
        if (part.isMissingNode() || part.isNull()) {
            return;
        }
        if (++parts > MAX_PARTS || depth > MAX_DEPTH) {
            throw refused(at, "nested parts", "at most 64 parts, nested at most 8 deep");
        }
        String type = part.path("type").asText();
        if (!type.equals("Sequence")) {
            kind.check(part, type, at);
            return;
        }
        JsonNode all = part.path(list);
        if (!all.isArray()) {
            throw refused(at + "." + list, all, "a list");
        }
        for (int i = 0; i < all.size(); i++) {
            part(all.get(i), at + "." + list + "[" + i + "]", list, depth + 1, kind);
        }
    }

    private TokenizerException unknown(String type, String at, String known) {
        return refused(at + ".type", type.isEmpty() ? "no type" : type, known + " or Sequence");
    }

    // ---- normalizer and pre-tokenizer

    private void normalizer(JsonNode part, String type, String at) {
        switch (type) {
            case "NFC", "Nmt", "Strip" -> work.growsBy(3);
            case "StripAccents" -> work.growsBy(1);
            case "Lowercase", "ByteLevel" -> work.growsBy(2);
            case "NFD" -> work.growsBy(4);
            case "NFKC", "NFKD" -> work.growsBy(11);
            case "BertNormalizer" -> work.growsBy(8);
            case "Prepend" -> work.growsBy(1 + bytes(text(part, "prepend", at)));
            case "Replace" -> work.growsBy(replacement(part, at, false));
            case "Precompiled" -> {
                try {
                    work.growsBy(
                            CharsMap.growth(part.path("precompiled_charsmap").asText()));
                } catch (IllegalArgumentException e) {
                    throw refused(
                            at + ".precompiled_charsmap",
                            String.valueOf(e.getMessage()),
                            "a charsmap made by SentencePiece");
                }
            }
            default ->
                throw unknown(
                        type,
                        at,
                        "BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, "
                                + "Replace, Strip, StripAccents");
        }
        work.changesText();
    }

    private void preTokenizer(JsonNode part, String type, String at) {
        switch (type) {
            case "BertPreTokenizer", "CharDelimiterSplit", "Digits", "UnicodeScripts" -> {
                // These make a single pass over the text, and use nothing from the file that could be invalid.
            }
            case "Whitespace", "WhitespaceSplit" -> {
                // As above.
            }
            case "Punctuation" -> {
                if (part.has("behavior")) {
                    behavior(part, at);
                }
            }
            case "Metaspace" -> {
                work.growsBy(3);
                work.changesText();
            }
            case "ByteLevel" -> {
                work.growsBy(2);
                work.changesText();
            }
            case "Split" -> {
                behavior(part, at);
                JsonNode pattern = part.path("pattern");
                if (pattern.path("Regex").isTextual()) {
                    work.matches(regex(pattern.path("Regex").textValue(), at + ".pattern.Regex"));
                } else {
                    text(pattern, "String", at + ".pattern");
                }
            }
            default ->
                throw unknown(
                        type,
                        at,
                        "BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, Metaspace, Punctuation, Split, "
                                + "UnicodeScripts, Whitespace, WhitespaceSplit");
        }
    }

    private void behavior(JsonNode part, String at) {
        String behavior = part.path("behavior").asText();
        if (!BEHAVIORS.contains(behavior)) {
            throw refused(at + ".behavior", behavior, "one of " + String.join(", ", new TreeSet<>(BEHAVIORS)));
        }
    }

    private RegexWork regex(String pattern, String at) {
        try {
            return RegexWork.of(pattern);
        } catch (RegexSyntax.Refused e) {
            throw refused(at, pattern, "a regular expression with bounded work; for this one, " + e.getMessage());
        }
    }

    /** How much longer a replacement can make a text. */
    private double replacement(JsonNode part, String at, boolean decoding) {
        double content = bytes(text(part, "content", at));
        JsonNode pattern = part.path("pattern");
        if (!pattern.path("Regex").isTextual()) {
            String literal = text(pattern, "String", at + ".pattern");
            if (literal.isEmpty()) {
                throw refused(at + ".pattern", "an empty string", "a string to replace");
            }
            return content / bytes(literal);
        }
        String expression = pattern.path("Regex").textValue();
        RegexWork regex = regex(expression, at + ".pattern.Regex");
        if (regex.shortest() == 0) {
            throw refused(
                    at + ".pattern.Regex", expression, "a regular expression that does not match the empty string");
        }
        if (!decoding) {
            work.matches(regex);
        } else if (!regex.slow().isEmpty() || regex.ways() > 64) {
            throw refused(at + ".pattern.Regex", expression, "a regular expression that runs in linear time");
        }
        return content / regex.shortest();
    }

    private String text(JsonNode part, String field, String at) {
        JsonNode value = part.path(field);
        if (!value.isTextual() || value.textValue().length() > MAX_TOKEN_LENGTH) {
            throw refused(
                    at + "." + field,
                    value.isMissingNode() ? "nothing" : value,
                    "a string of at most " + MAX_TOKEN_LENGTH + " characters");
        }
        return value.textValue();
    }

    private static double bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    // ---- post-processor and decoder

    private void postProcessor(JsonNode part, String type, String at) {
        switch (type) {
            case "ByteLevel" -> {
                // Only shifts offsets.
            }
            case "BertProcessing", "RobertaProcessing" -> {
                onlyOne(at);
                for (String name : List.of("sep", "cls")) {
                    id(part.path(name).path(1), at + "." + name + "[1]");
                }
            }
            case "TemplateProcessing" -> {
                onlyOne(at);
                JsonNode tokens = part.path("special_tokens");
                tokens.fields().forEachRemaining(entry -> {
                    String where = at + ".special_tokens";
                    JsonNode ids = entry.getValue().path("ids");
                    JsonNode names = entry.getValue().path("tokens");
                    if (!ids.isArray() || !names.isArray() || ids.size() != names.size() || ids.size() > 64) {
                        throw refused(where, entry.getKey(), "as many ids as tokens for each entry, at most 64");
                    }
                    ids.forEach(id -> id(id, where));
                });
                template(part.path("single"), tokens, at + ".single", Set.of("A"));
                template(part.path("pair"), tokens, at + ".pair", Set.of("A", "B"));
            }
            default -> throw unknown(type, at, "BertProcessing, ByteLevel, RobertaProcessing, TemplateProcessing");
        }
    }

    private void onlyOne(String at) {
        if (++templates > 1) {
            throw refused(at, "a second part that adds special tokens", "only one such part");
        }
    }

    private void template(JsonNode pieces, JsonNode declared, String at, Set<String> sequences) {
        if (!pieces.isArray() || pieces.size() > 64) {
            throw refused(at, pieces, "a list of at most 64 pieces");
        }
        List<String> used = new ArrayList<>();
        for (JsonNode piece : pieces) {
            String token = piece.path("SpecialToken").path("id").asText();
            String sequence = piece.path("Sequence").path("id").asText();
            if (piece.has("SpecialToken") && !declared.has(token)) {
                throw refused(at, token, "a token declared in special_tokens");
            }
            if (piece.has("Sequence")) {
                used.add(sequence);
            }
        }
        if (used.size() != sequences.size() || !Set.copyOf(used).equals(sequences)) {
            throw refused(at, "the sequences " + used, "the sequences " + new TreeSet<>(sequences) + ", once each");
        }
    }

    private void decoder(JsonNode part, String type, String at) {
        switch (type) {
            case "ByteLevel", "ByteFallback", "Fuse", "Metaspace" -> {
                // These use nothing from the file that could be invalid.
            }
            case "BPEDecoder" -> requireText(part, "suffix", at);
            case "CTC" -> requireText(part, "word_delimiter_token", at);
            case "WordPiece" -> text(part, "prefix", at);
            case "Replace" -> work.decodedGrowsBy(replacement(part, at, true));
            case "Strip" -> {
                if (part.path("stop").asLong(-1) != 0) {
                    throw refused(at + ".stop", part.path("stop"), "0: a shorter token could not be cut that way");
                }
            }
            default ->
                throw unknown(
                        type,
                        at,
                        "BPEDecoder, ByteFallback, ByteLevel, CTC, Fuse, Metaspace, Replace, Strip, WordPiece");
        }
        work.decodedGrowsBy(2);
    }

    private void requireText(JsonNode part, String field, String at) {
        if (text(part, field, at).isEmpty()) {
            throw refused(at + "." + field, "an empty string", "a string to search for");
        }
    }

    // ---- tokens

    private void addedTokens(JsonNode tokens, double growth) {
        if (tokens.isMissingNode() || tokens.isNull()) {
            return;
        }
        if (!tokens.isArray() || tokens.size() > MAX_ADDED) {
            throw refused("added_tokens", "too many tokens, or not a list", "a list of at most " + MAX_ADDED);
        }
        double normalized = 0;
        for (int i = 0; i < tokens.size(); i++) {
            String at = "added_tokens[" + i + "]";
            id(tokens.get(i).path("id"), at + ".id");
            String content = text(tokens.get(i), "content", at);
            normalized += tokens.get(i).path("normalized").asBoolean() ? bytes(content) : 0;
            work.requireEncodable(content);
        }
        if (normalized * growth > 16e6) {
            throw refused("added_tokens", "tokens that the normalizer could make too long", "shorter tokens");
        }
    }

    private void id(JsonNode id, String at) {
        if (!id.isIntegralNumber() || !id.canConvertToInt() || id.asInt() < 0 || id.asInt() > MAX_ID) {
            throw refused(at, id.isMissingNode() ? "nothing" : id, "a number from 0 to " + MAX_ID);
        }
    }

    private void model(JsonNode model) {
        JsonNode vocabulary = model.path("vocab");
        if (vocabulary.isObject()) {
            for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
                id(entry.getValue(), "model.vocab");
            }
        }
        switch (typeOf(model)) {
            case "BPE" -> merges(model);
            case "WordLevel" -> requireMap(vocabulary);
            case "WordPiece" -> {
                requireMap(vocabulary);
                text(model, "continuing_subword_prefix", "model");
                // Lookup tries every start and every end within a word.
                double longest = model.path("max_input_chars_per_word").asDouble(100);
                work.modelSteps(Math.max(1, longest) * longest / 20);
            }
            case "Unigram" -> pieces(vocabulary);
            default -> throw refused("model.type", model.path("type"), "BPE, Unigram, WordLevel or WordPiece");
        }
    }

    /** The type of a model; files of old versions do not state it. */
    static String typeOf(JsonNode model) {
        if (model.path("type").isTextual()) {
            return model.path("type").textValue();
        } else if (model.has("merges")) {
            return "BPE";
        } else if (model.path("vocab").isArray()) {
            return "Unigram";
        }
        return model.has("max_input_chars_per_word") ? "WordPiece" : "WordLevel";
    }

    private void requireMap(JsonNode vocabulary) {
        if (!vocabulary.isObject()) {
            throw refused("model.vocab", "not an object", "an object of tokens and ids");
        }
    }

    private void merges(JsonNode model) {
        requireMap(model.path("vocab"));
        String prefix = model.path("continuing_subword_prefix").asText("");
        if (model.path("continuing_subword_prefix").isNull() || prefix.isEmpty()) {
            return;
        }
        if (!prefix.chars().allMatch(c -> c < 0x80) || prefix.length() > 64) {
            throw refused("model.continuing_subword_prefix", prefix, "at most 64 ASCII characters");
        }
        // Merging drops this many bytes from the start of the second half.
        for (JsonNode merge : model.path("merges")) {
            String written = merge.isArray() ? merge.path(1).asText() : merge.asText();
            String second = merge.isArray() ? written : written.substring(written.indexOf(' ') + 1);
            if (!second.startsWith(prefix)) {
                throw refused("model.merges", merge, "second halves that start with " + Excerpt.of(prefix));
            }
        }
    }

    private void pieces(JsonNode vocabulary) {
        if (!vocabulary.isArray()) {
            throw refused("model.vocab", "not a list", "a list of pieces and scores");
        }
        Set<String> known = new HashSet<>();
        double longest = 1;
        long total = 0;
        for (JsonNode piece : vocabulary) {
            String text = piece.path(0).asText();
            if (text.length() > MAX_PIECE_LENGTH) {
                throw refused("model.vocab", text, "pieces of at most " + MAX_PIECE_LENGTH + " characters");
            }
            longest = Math.max(longest, bytes(text));
            total += text.length();
            known.add(text);
        }
        if (total > 8_000_000) {
            throw refused("model.vocab", total + " characters", "at most 8,000,000 characters in total");
        }
        int chain = 1;
        for (String text : known) {
            int prefixes = 0;
            for (int i = 1; i <= text.length() && text.length() > chain; i++) {
                prefixes += known.contains(text.substring(0, i)) ? 1 : 0;
            }
            chain = Math.max(chain, prefixes);
        }
        // Every piece that starts at each position of a text is looked up.
        work.modelSteps(longest + chain * longest / 4);
    }
}
