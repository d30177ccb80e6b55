package dev.pintle.sae.corpus;

import dev.pintle.sae.corpus.TextWindows.Window;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads a collection batch by batch. Documents form blocks of about 16,384 characters, which parts take in turn, and no batch
 * crosses the end of a block. So which sequences a model runs together depends on the texts alone, and a token's
 * activation has the same bits whatever part it is computed in, also where a sequence's bits depend on its batch.
 */
public final class TextBatches implements AutoCloseable {
    private static final int BLOCK_CHARACTERS = 16_384;

    private final Texts.Reading reading;
    private final TextWindows windows;
    private final Part part;
    private final int tokensAtOnce;
    private @Nullable Document ahead;
    private String aheadContent = "";
    private long documents;
    private long block;
    private int characters;
    private String chain = "";

    /**
     * @param part whose blocks get windows; those of others are only read
     * @param tokensAtOnce a batch ends with the document that makes it this long
     */
    public TextBatches(Texts texts, TextWindows windows, Part part, int tokensAtOnce) {
        this.reading = texts.open();
        this.windows = windows;
        this.part = part;
        this.tokensAtOnce = tokensAtOnce;
    }

    /** Whether there are more documents. */
    public boolean hasNext() {
        if (ahead == null && reading.hasNext()) {
            Document document = reading.next();
            ahead = document;
            aheadContent = document.content();
        }
        return ahead != null;
    }

    /**
     * The next documents of one block, as lists of windows for the model to run together: longest first, to need little
     * padding, and each of about {@code tokensAtOnce} tokens at most. Empty if the block belongs to another part.
     */
    public List<List<Window>> next() {
        if (!hasNext()) {
            throw new NoSuchElementException("There are no more texts.");
        }
        long current = block;
        boolean mine = part.includes(current);
        List<Window> batch = new ArrayList<>();
        int size = 0;
        while (block == current && size < tokensAtOnce && hasNext()) {
            long number = documents;
            Document document = take();
            if (mine) {
                List<Window> some = windows.of(document, number);
                batch.addAll(some);
                size += some.stream().mapToInt(window -> window.ids().length).sum();
            }
        }
        return runs(batch);
    }

    /** Reads documents that an earlier run has dealt with, as many as there are. */
    public void skip(long count) {
        while (documents < count && hasNext()) {
            take();
        }
    }

    private Document take() {
        Document document = Objects.requireNonNull(ahead);
        chain = link(chain, aheadContent);
        characters += aheadContent.length() + 1;
        documents++;
        if (characters >= BLOCK_CHARACTERS) {
            block++;
            characters = 0;
        }
        ahead = null;
        aheadContent = "";
        return document;
    }

    private List<List<Window>> runs(List<Window> batch) {
        batch.sort((a, b) -> Integer.compare(b.ids().length, a.ids().length));
        List<List<Window>> runs = new ArrayList<>();
        int from = 0;
        while (from < batch.size()) {
            int rows = Math.max(1, tokensAtOnce / batch.get(from).ids().length);
            int to = Math.min(batch.size(), from + rows);
            runs.add(List.copyOf(batch.subList(from, to)));
            from = to;
        }
        return runs;
    }

    /** How many documents have been read, those of other parts included. */
    public long documents() {
        return documents;
    }

    /** A hash chain over the contents of the documents that have been read, in hexadecimal digits; empty before the first. */
    public String chain() {
        return chain;
    }

    /** Approximate number of bytes read, for progress. */
    public long bytes() {
        return reading.bytes();
    }

    private static String link(String chain, String content) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(chain.getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(sha.digest(content.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    @Override
    public void close() {
        reading.close();
    }
}
