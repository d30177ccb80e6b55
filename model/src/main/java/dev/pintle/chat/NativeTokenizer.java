package dev.pintle.chat;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/** The Hugging Face tokenizer in native code; closing waits for what other threads are doing with it. */
final class NativeTokenizer implements AutoCloseable {
    static {
        // The library reports its use over the network and unpacks itself into the home folder unless told otherwise.
        setIfAbsent("OPT_OUT_TRACKING", "true");
        setIfAbsent("ai.djl.offline", "true");
        if (System.getenv("DJL_CACHE_DIR") == null && System.getenv("ENGINE_CACHE_DIR") == null) {
            String cache = cacheFolder().toString();
            setIfAbsent("DJL_CACHE_DIR", cache);
            setIfAbsent("ENGINE_CACHE_DIR", cache);
        }
    }

    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private final HuggingFaceTokenizer tokenizer;
    private boolean closed;

    /** A tokenizer from the text of its {@code tokenizer.json}; {@code file} is for messages only. */
    NativeTokenizer(String json, Path file) {
        Map<String, String> options = Map.of("truncation", "false", "padding", "false");
        try {
            tokenizer = HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), options);
        } catch (Exception e) {
            throw new TokenizerException(
                    "The tokenizer file says something that the tokenizer does not understand.",
                    e,
                    "file",
                    file.toString(),
                    "found",
                    String.valueOf(e.getMessage()));
        }
    }

    private static void setIfAbsent(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    private static Path cacheFolder() {
        String own = System.getenv("PINTLE_CACHE");
        String cache = System.getenv("XDG_CACHE_HOME");
        Path root = own != null
                ? Path.of(own)
                : cache != null
                        ? Path.of(cache, "pintle")
                        : Path.of(System.getProperty("user.home"), ".cache", "pintle");
        return root.resolve("tokenizers");
    }

    /** Ids, and where each token stands in the text, counted in code points; a token from nowhere has no span. */
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
        lock.readLock().lock();
        try {
            requireOpen();
            Encoding encoding = tokenizer.encode(text, addSpecialTokens, false);
            int[] ids =
                    Arrays.stream(encoding.getIds()).mapToInt(Math::toIntExact).toArray();
            return new Encoded(ids, encoding.getCharTokenSpans());
        } finally {
            lock.readLock().unlock();
        }
    }

    String decode(int[] ids, boolean skipSpecialTokens) {
        lock.readLock().lock();
        try {
            requireOpen();
            return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), skipSpecialTokens);
        } finally {
            lock.readLock().unlock();
        }
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
