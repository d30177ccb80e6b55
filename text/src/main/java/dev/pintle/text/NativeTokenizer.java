package dev.pintle.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Excerpt;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/** The native Hugging Face tokenizer. Closing waits for calls in progress on other threads. */
final class NativeTokenizer implements AutoCloseable {
    private final TokenizerWork work;
    private final Path file;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private final HuggingFaceTokenizer tokenizer;
    private boolean closed;

    /**
     * Creates a native tokenizer.
     *
     * @param root its {@code tokenizer.json}, already checked by {@link TokenizerCheck}
     * @param work its worst-case work on a text
     * @param file for messages only
     */
    NativeTokenizer(ObjectNode root, TokenizerWork work, Path file) {
        prepareLibrary(System.getenv());
        this.work = work;
        this.file = file;
        requireVisibleTokens(root, file);
        tokenizer = open(root, file);
    }

    private static HuggingFaceTokenizer open(ObjectNode root, Path file) {
        Map<String, String> options = Map.of("truncation", "false", "padding", "false");
        try {
            return HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(Json.line(root).getBytes(StandardCharsets.UTF_8)), options);
        } catch (Exception e) {
            throw new TokenizerException(
                    "The tokenizer library cannot read this tokenizer file.",
                    e,
                    "file",
                    file.toString(),
                    "found",
                    Excerpt.of(e.getMessage()));
        }
    }

    /**
     * Refuses added tokens that the normalizer reduces to nothing. They would match everywhere, even inside a
     * character, which crashes native code. A tokenizer with a one-word vocabulary shows which ones they are.
     */
    private static void requireVisibleTokens(ObjectNode root, Path file) {
        List<String> normalized = new ArrayList<>();
        for (JsonNode added : root.path("added_tokens")) {
            String content = added.path("content").asText();
            if (added.path("normalized").asBoolean() && !content.isEmpty()) {
                normalized.add(content);
            }
        }
        if (normalized.isEmpty() || !root.path("normalizer").isObject()) {
            return;
        }
        ObjectNode probe = Json.object();
        probe.put("version", "1.0");
        probe.putArray("added_tokens");
        probe.set("normalizer", root.path("normalizer"));
        ObjectNode model = probe.putObject("model");
        model.put("type", "WordLevel").put("unk_token", "?").putObject("vocab").put("?", 0);
        try (HuggingFaceTokenizer words = open(probe, file)) {
            for (String token : normalized) {
                if (words.encode(wellFormed(token), false, false).getIds().length == 0) {
                    throw new TokenizerException(
                            "The tokenizer file has an added token that its normalizer removes entirely.",
                            null,
                            "file",
                            file.toString(),
                            "token",
                            Excerpt.of(token));
                }
            }
        }
    }

    private static void setIfAbsent(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    /**
     * Settings that the library reads on first use: by default it reports usage over the network and unpacks itself
     * into the home folder.
     *
     * @throws TokenizerException naming an environment variable that is not a folder
     */
    static void prepareLibrary(Map<String, String> variables) {
        setIfAbsent("OPT_OUT_TRACKING", "true");
        setIfAbsent("ai.djl.offline", "true");
        if (!variables.containsKey("DJL_CACHE_DIR") && !variables.containsKey("ENGINE_CACHE_DIR")) {
            String cache = cacheFolder(variables).toString();
            setIfAbsent("DJL_CACHE_DIR", cache);
            setIfAbsent("ENGINE_CACHE_DIR", cache);
        }
    }

    private static Path cacheFolder(Map<String, String> variables) {
        for (String name : List.of("PINTLE_CACHE", "XDG_CACHE_HOME")) {
            String value = variables.get(name);
            if (value != null && !value.isBlank()) {
                Path folder = folder(name, value);
                return (name.equals("PINTLE_CACHE") ? folder : folder.resolve("pintle")).resolve("tokenizers");
            }
        }
        return Path.of(System.getProperty("user.home", ""), ".cache", "pintle", "tokenizers");
    }

    private static Path folder(String name, String value) {
        try {
            Path folder = Path.of(value);
            if (!Files.exists(folder) || Files.isDirectory(folder)) {
                return folder;
            }
        } catch (InvalidPathException e) {
            // refused below
        }
        throw new TokenizerException(
                name + " does not name a folder.",
                null,
                "expected",
                "a folder that exists or can be created",
                "but was",
                Excerpt.of(value));
    }

    /** Ids, and the position of each token in the text, in code points; a token without a source has no span. */
    static final class Encoded {
        private final int[] ids;
        private final CharSpan[] spans;

        private Encoded(int[] ids, CharSpan[] spans) {
            this.ids = ids;
            this.spans = spans;
        }

        int[] ids() {
            return ids;
        }

        @Nullable
        CharSpan span(int token) {
            return spans[token];
        }
    }

    Encoded encode(String text, boolean addSpecialTokens) {
        work.requireEncodable(text);
        lock.readLock().lock();
        try {
            requireOpen();
            Encoding encoding = tokenizer.encode(wellFormed(text), addSpecialTokens, false);
            int[] ids =
                    Arrays.stream(encoding.getIds()).mapToInt(Math::toIntExact).toArray();
            return new Encoded(ids, encoding.getCharTokenSpans());
        } catch (RuntimeException e) {
            throw failure("The tokenizer cannot encode this text.", e);
        } finally {
            lock.readLock().unlock();
        }
    }

    /** The text with lone surrogates replaced by U+FFFD; native code would turn them into something longer. */
    private static String wellFormed(String text) {
        StringBuilder changed = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                changed = changed == null ? new StringBuilder(text) : changed;
                changed.setCharAt(i, '\ufffd');
            }
        }
        return changed == null ? text : changed.toString();
    }

    /**
     * @param characters total length of the tokens' names
     */
    String decode(int[] ids, boolean skipSpecialTokens, long characters) {
        work.requireDecodable(characters);
        lock.readLock().lock();
        try {
            requireOpen();
            return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), skipSpecialTokens);
        } catch (RuntimeException e) {
            throw failure("The tokenizer cannot decode these tokens.", e);
        } finally {
            lock.readLock().unlock();
        }
    }

    private RuntimeException failure(String sentence, RuntimeException e) {
        if (e instanceof PintleException || e instanceof IllegalStateException) {
            return e;
        }
        return new TokenizerException(sentence, e, "tokenizer", file.toString(), "found", Excerpt.of(e.getMessage()));
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("The tokenizer is closed.");
        }
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                tokenizer.close();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }
}
