package dev.pintle.text;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import dev.pintle.base.Excerpt;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/*
 * Keeping special tokens as text. Like transformers, this tokenizer reads a special token written in a text as that
 * token. `asText` therefore replaces every special token that a user has typed with a stand-in. When a text with
 * stand-ins is encoded, the special tokens in the rest of it are given secret names, the stand-ins are turned back into
 * the user's characters, and the whole is encoded by a second tokenizer that knows the special tokens only by their
 * secret names. So the user's characters are split and merged with the same neighbours as any other text.
 */
/**
 * A model's tokenizer, from text to token ids and back. Runs the Hugging Face library. Nothing is truncated or padded.
 * Thread-safe.
 */
public final class Tokenizer implements AutoCloseable {
    private static final int MAX_STAND_IN_LENGTH = 64;

    private final TokenizerFile file;
    private final NativeTokenizer tokenizer;
    private final Map<String, Object> configured;
    private final Map<String, String> standIns = new LinkedHashMap<>();
    private final Map<String, String> secretNames = new LinkedHashMap<>();
    private final Map<String, String> plainNames = new HashMap<>();
    private final TokenNames specials;
    private final Set<Integer> specialIds;
    private @Nullable NativeTokenizer literal;

    private Tokenizer(TokenizerFile file, Map<String, Object> configured) {
        this.file = file;
        this.configured = configured;
        this.tokenizer = new NativeTokenizer(file.root(), file.work(), file.path());
        byte[] random = new byte[12];
        new SecureRandom().nextBytes(random);
        String secret = HexFormat.of().formatHex(random);
        file.specialTokens().forEach((token, id) -> {
            String standIn = "\ue000t" + secret + "x" + id + "\ue001";
            standIns.put(token, standIn);
            plainNames.put(standIn, token);
            secretNames.put(token, "\ue000s" + secret + "x" + id + "\ue001");
        });
        specials = new TokenNames(file.specialTokens().keySet());
        specialIds = Set.copyOf(new HashSet<>(file.specialTokens().values()));
    }

    /**
     * Opens a model's tokenizer.
     *
     * @param path a model folder, or its {@code tokenizer.json}
     * @throws TokenizerException if there is none, or it is damaged
     */
    public static Tokenizer open(Path path) {
        Path json = Files.isDirectory(path) ? path.resolve("tokenizer.json") : path;
        TokenizerFile file = TokenizerFile.read(json);
        Path folder = json.toAbsolutePath().getParent();
        Map<String, Object> configured =
                folder == null ? Map.of() : TokenizerConfig.read(folder).specialTokens();
        return new Tokenizer(file, configured);
    }

    // ---- text to tokens

    /** The ids of a text, with the special tokens that the model expects around it. */
    public int[] encode(String text) {
        return encode(text, SpecialTokens.ADD);
    }

    /** The ids of a text. Special tokens written in the text become tokens, unless it went through {@link #asText}. */
    public int[] encode(String text, SpecialTokens around) {
        Prepared prepared = prepare(text);
        return prepared.tokenizer()
                .encode(prepared.text(), around == SpecialTokens.ADD)
                .ids();
    }

    /** The ids of a text, treating special tokens as plain text and adding none around it. */
    public int[] encodeAsText(String text) {
        return encode(asText(text), SpecialTokens.NONE);
    }

    /**
     * The tokens of a text with their positions in it. Stand-ins made by {@link #asText} count as the characters they
     * stand for: the positions refer to {@link #plain}.
     */
    public List<Token> tokens(String text, SpecialTokens around) {
        Prepared prepared = prepare(text);
        String plain = plain(text);
        NativeTokenizer.Encoded encoded = prepared.tokenizer().encode(prepared.text(), around == SpecialTokens.ADD);
        Places places = new Places(prepared.text());
        List<Token> tokens = new ArrayList<>();
        for (int i = 0; i < encoded.ids().length; i++) {
            int id = encoded.ids()[i];
            CharSpan span = encoded.span(i);
            if (span == null) {
                tokens.add(new Token(id, tokenOf(id), null));
            } else {
                int start = prepared.inPlain(places.utf16(span.getStart()));
                int end = prepared.inPlain(places.utf16(span.getEnd()));
                tokens.add(new Token(id, plain.substring(start, end), new Token.Span(start, end)));
            }
        }
        return Collections.unmodifiableList(tokens);
    }

    /**
     * Replaces every special token in the text with a stand-in, so that {@link #encode} reads it as ordinary
     * characters. Apply it to user input before rendering a chat template. Stand-ins are only understood by the
     * tokenizer that made them.
     */
    public String asText(String text) {
        TokenNames.Found found = specials.find(text, 0);
        if (found == null) {
            return text;
        }
        StringBuilder result = new StringBuilder();
        int from = 0;
        for (; found != null; found = specials.find(text, from)) {
            result.append(text, from, found.start()).append(standIns.get(found.name()));
            from = found.end();
        }
        return result.append(text, from, text.length()).toString();
    }

    /** The text with the stand-ins of {@link #asText} turned back into the original characters. */
    public String plain(String text) {
        int start = text.indexOf('\ue000');
        if (start < 0) {
            return text;
        }
        StringBuilder result = new StringBuilder();
        int from = 0;
        for (; start >= 0; start = text.indexOf('\ue000', start + 1)) {
            int end = text.indexOf('\ue001', start);
            if (end < 0) {
                break;
            }
            String token = end - start > MAX_STAND_IN_LENGTH ? null : plainNames.get(text.substring(start, end + 1));
            if (token != null) {
                result.append(text, from, start).append(token);
                from = end + 1;
            }
        }
        return result.append(text, from, text.length()).toString();
    }

    /** What is passed to which tokenizer, and how positions in the plain text have moved. */
    private record Prepared(NativeTokenizer tokenizer, String text, List<Move> moves) {
        /** The range from {@code start} to {@code end} holds a secret name for the token at {@code plainStart}. */
        record Move(int start, int end, int plainStart, int plainEnd) {}

        int inPlain(int place) {
            int low = 0;
            int high = moves.size();
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (moves.get(middle).start() < place) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            if (low == 0) {
                return place;
            }
            Move move = moves.get(low - 1);
            return place < move.end() ? move.plainStart() : place + move.plainEnd() - move.end();
        }
    }

    private Prepared prepare(String text) {
        String plain = plain(text);
        if (plain.equals(text)) {
            return new Prepared(tokenizer, text, List.of());
        }
        StringBuilder renamed = new StringBuilder();
        List<Prepared.Move> moves = new ArrayList<>();
        int plainAt = 0;
        int from = 0;
        for (TokenNames.Found found = specials.find(text, 0); found != null; found = specials.find(text, from)) {
            String between = plain(text.substring(from, found.start()));
            renamed.append(between);
            plainAt += between.length();
            int start = renamed.length();
            renamed.append(secretNames.get(found.name()));
            int plainEnd = plainAt + found.name().length();
            moves.add(new Prepared.Move(start, renamed.length(), plainAt, plainEnd));
            plainAt = plainEnd;
            from = found.end();
        }
        renamed.append(plain(text.substring(from)));
        return new Prepared(literal(), renamed.toString(), moves);
    }

    private synchronized NativeTokenizer literal() {
        if (literal == null) {
            literal = new NativeTokenizer(file.root(secretNames), file.work(), file.path());
            requireSameIds(literal);
        }
        return literal;
    }

    /** Requires the renamed tokenizer to differ in names only; otherwise special tokens cannot be kept as text. */
    private void requireSameIds(NativeTokenizer renamed) {
        file.specialTokens().forEach((token, id) -> {
            int[] named = renamed.encode(String.valueOf(secretNames.get(token)), false)
                    .ids();
            int[] typed = renamed.encode(token, false).ids();
            boolean typedIsText = Arrays.stream(typed).noneMatch(specialIds::contains);
            if (named.length != 1 || named[0] != id || !typedIsText) {
                throw new TokenizerException(
                        "This tokenizer cannot treat special tokens in a text as plain text.",
                        null,
                        "file",
                        file.path().toString(),
                        "token",
                        Excerpt.of(token));
            }
        });
    }

    /** Converts code point positions to UTF-16 indices, optimised for mostly increasing positions. */
    private static final class Places {
        private final String text;
        private int codePoints;
        private int utf16;

        Places(String text) {
            this.text = text;
        }

        int utf16(int codePoint) {
            utf16 = text.offsetByCodePoints(utf16, codePoint - codePoints);
            codePoints = codePoint;
            return utf16;
        }
    }

    // ---- tokens to text

    /** The text of a sequence of ids, including special tokens. */
    public String decode(int[] ids) {
        return decode(ids, false);
    }

    /**
     * The text of a sequence of ids. Ids that form only part of a character give U+FFFD; use {@link #stream} to
     * assemble text token by token.
     *
     * @param skipSpecialTokens whether special tokens are left out
     */
    public String decode(int[] ids, boolean skipSpecialTokens) {
        long characters = 0;
        for (int id : ids) {
            characters += tokenOf(id).length() + 1;
        }
        return ids.length == 0 ? "" : tokenizer.decode(ids, skipSpecialTokens, characters);
    }

    /** A decoder for ids that arrive one by one. */
    public StreamingDecoder stream(boolean skipSpecialTokens) {
        return new StreamingDecoder(this, skipSpecialTokens);
    }

    // ---- the vocabulary

    /** The number of ids: the highest id plus one. */
    public int vocabularySize() {
        return file.highestId() + 1;
    }

    /**
     * The id of a token in the vocabulary's own spelling, in which a space may be {@code Ġ}; empty if there is none.
     */
    public OptionalInt idOf(String token) {
        Integer id = file.ids().get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** The token for an id, in the vocabulary's own spelling. */
    public String tokenOf(int id) {
        requireId(id);
        return String.valueOf(file.tokens().get(id));
    }

    /** Whether an id belongs to a token. */
    public boolean knows(int id) {
        return file.tokens().containsKey(id);
    }

    private void requireId(int id) {
        if (!knows(id)) {
            throw Facts.problem(
                            "The tokenizer has no such token.",
                            "id",
                            String.valueOf(id),
                            "vocabulary",
                            "0 to " + (vocabularySize() - 1))
                    .toIllegalArgument();
        }
    }

    /** The special tokens and their ids, in file order. */
    public Map<String, Integer> specialTokens() {
        return Collections.unmodifiableMap(file.specialTokens());
    }

    /** Whether an id is one of the special tokens. */
    public boolean isSpecial(int id) {
        return specialIds.contains(id);
    }

    /** The id of the beginning-of-sequence token, if the model's configuration names one. */
    public OptionalInt bosId() {
        return configured("bos_token");
    }

    /** The id of the end-of-sequence token, if the model's configuration names one. */
    public OptionalInt eosId() {
        return configured("eos_token");
    }

    /** The id of the padding token, if the model's configuration names one. */
    public OptionalInt padId() {
        return configured("pad_token");
    }

    private OptionalInt configured(String name) {
        return configured.get(name) instanceof String token ? idOf(token) : OptionalInt.empty();
    }

    @Override
    public synchronized void close() {
        tokenizer.close();
        if (literal != null) {
            literal.close();
        }
    }
}
