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
 * Text that must stay text. A special token written in a text is read as that token, by this tokenizer as by
 * transformers. `asText` therefore puts a stand-in for every special token that a user has typed. When a text with
 * stand-ins is encoded, the special tokens in the rest of it are given secret names, the stand-ins become the user's
 * characters again, and a second tokenizer encodes the whole, one that knows the special tokens by their secret names
 * only. So the user's characters go through the same splitting and merging, with the same neighbours, as any others.
 */
/**
 * The tokenizer of a model: text to token ids and back, as the Hugging Face library has it, whose code it runs. Nothing
 * is truncated or padded. Safe to use from many threads.
 */
public final class Tokenizer implements AutoCloseable {
    private static final int LONGEST_STAND_IN = 64;

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
     * Opens the tokenizer of a model.
     *
     * @param path a model folder, or its {@code tokenizer.json}
     * @throws TokenizerException when there is none, or it is damaged
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

    /** The ids of a text with the special tokens that the model expects around it. */
    public int[] encode(String text) {
        return encode(text, SpecialTokens.ADD);
    }

    /** The ids of a text. Special tokens written in it are read as tokens, unless they went through {@link #asText}. */
    public int[] encode(String text, SpecialTokens around) {
        Prepared prepared = prepare(text);
        return prepared.tokenizer()
                .encode(prepared.text(), around == SpecialTokens.ADD)
                .ids();
    }

    /** The ids of a text in which nothing is a special token, and with none around it. */
    public int[] encodeAsText(String text) {
        return encode(asText(text), SpecialTokens.NONE);
    }

    /**
     * The tokens of a text with their places in it. Stand-ins made by {@link #asText} count as the characters that they
     * stand for: the places are those in {@link #plain}.
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
     * The text with a stand-in for every special token in it, so that {@link #encode} reads those as ordinary characters.
     * Made for what users type, before it goes into a chat template. Stand-ins mean something to this tokenizer only.
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

    /** The text with the stand-ins of {@link #asText} turned back into what they stand for. */
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
            String token = end - start > LONGEST_STAND_IN ? null : plainNames.get(text.substring(start, end + 1));
            if (token != null) {
                result.append(text, from, start).append(token);
                from = end + 1;
            }
        }
        return result.append(text, from, text.length()).toString();
    }

    /** What is given to which tokenizer, and where in it a place of the plain text has moved. */
    private record Prepared(NativeTokenizer tokenizer, String text, List<Move> moves) {
        /** From {@code start} up to {@code end} stands a secret name for the token at {@code plainStart}. */
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

    /** The renamed tokenizer must differ in names only; where it does not, text cannot be kept from being a token. */
    private void requireSameIds(NativeTokenizer renamed) {
        file.specialTokens().forEach((token, id) -> {
            int[] named = renamed.encode(String.valueOf(secretNames.get(token)), false)
                    .ids();
            int[] typed = renamed.encode(token, false).ids();
            boolean typedIsText = Arrays.stream(typed).noneMatch(specialIds::contains);
            if (named.length != 1 || named[0] != id || !typedIsText) {
                throw new TokenizerException(
                        "This tokenizer cannot keep special tokens in a text as text.",
                        null,
                        "file",
                        file.path().toString(),
                        "token",
                        Excerpt.of(token));
            }
        });
    }

    /** Turns places counted in code points into UTF-16 indices, for places that rarely go back. */
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

    /** The text of some ids, with special tokens written out. */
    public String decode(int[] ids) {
        return decode(ids, false);
    }

    /**
     * The text of some ids. Ids that are only part of a character give U+FFFD; use {@link #stream} to put text together
     * token by token.
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

    /** A decoder for ids that come one by one. */
    public StreamingDecoder stream(boolean skipSpecialTokens) {
        return new StreamingDecoder(this, skipSpecialTokens);
    }

    // ---- the vocabulary

    /** The number of ids: one more than the highest. */
    public int vocabularySize() {
        return file.highestId() + 1;
    }

    /** The id of a token in the vocabulary's own spelling, in which a space may be {@code Ġ}; empty when there is none. */
    public OptionalInt idOf(String token) {
        Integer id = file.ids().get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** The token of an id in the vocabulary's own spelling. */
    public String tokenOf(int id) {
        requireId(id);
        return String.valueOf(file.tokens().get(id));
    }

    /** Whether an id stands for a token. */
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

    /** The special tokens and their ids, in the order of the file. */
    public Map<String, Integer> specialTokens() {
        return Collections.unmodifiableMap(file.specialTokens());
    }

    /** Whether an id is one of the special tokens. */
    public boolean isSpecial(int id) {
        return specialIds.contains(id);
    }

    /** The id of the token that begins a text, where the model's configuration names one. */
    public OptionalInt bosId() {
        return configured("bos_token");
    }

    /** The id of the token that ends a text, where the model's configuration names one. */
    public OptionalInt eosId() {
        return configured("eos_token");
    }

    /** The id of the token that fills up shorter rows of a batch, where the model's configuration names one. */
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
