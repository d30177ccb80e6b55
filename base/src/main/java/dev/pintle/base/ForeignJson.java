package dev.pintle.base;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.JsonParserDelegate;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;

/** Parses untrusted JSON into a tree, within limits. */
public final class ForeignJson {
    private ForeignJson() {}

    /**
     * Limits on a document.
     *
     * @param values total number of names, values, and ends of lists and objects; each takes about 50 bytes of memory
     * @param depth maximum nesting depth
     * @param text maximum number of characters in one string
     */
    public record Limits(long values, int depth, int text) {}

    /**
     * Parses one document; anything but white space after it is refused.
     *
     * @throws JsonProcessingException if it is not JSON, or exceeds the limits
     */
    public static JsonNode read(byte[] document, Limits limits) throws JsonProcessingException {
        return read(document, limits, false);
    }

    /**
     * The same for a request, in which a key that stands in an object twice is refused too.
     *
     * @throws JsonProcessingException if it is not JSON, exceeds the limits, or has a key twice
     */
    public static JsonNode request(byte[] document, Limits limits) throws JsonProcessingException {
        return read(document, limits, true);
    }

    private static JsonNode read(byte[] document, Limits limits, boolean keysOnce) throws JsonProcessingException {
        StreamReadConstraints constraints = StreamReadConstraints.builder()
                .maxNestingDepth(limits.depth())
                .maxStringLength(limits.text())
                .maxNameLength(limits.text())
                .maxNumberLength(400)
                .build();
        JsonFactory factory = JsonFactory.builder()
                .streamReadConstraints(constraints)
                .configure(StreamReadFeature.STRICT_DUPLICATE_DETECTION, keysOnce)
                .build();
        ObjectMapper mapper = new ObjectMapper(factory).enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
        try (JsonParser parser = new Counting(factory.createParser(document), limits.values())) {
            JsonNode root = mapper.readTree(parser);
            if (root == null || root.isMissingNode()) {
                throw new JsonParseException(parser, "There is nothing in it.");
            }
            return root;
        } catch (JsonProcessingException e) {
            throw e;
        } catch (IOException e) {
            throw new IllegalStateException("Bytes in memory cannot be read.", e);
        }
    }

    /** Where the document stops being JSON: {@code line 3, column 14}. */
    public static String place(JsonProcessingException failure) {
        JsonLocation at = failure.getLocation();
        return at == null ? "unknown" : "line " + at.getLineNr() + ", column " + at.getColumnNr();
    }

    /** What is wrong with the document, on one line, as people would say it. */
    public static String why(JsonProcessingException failure) {
        return JsonFault.words(String.valueOf(failure.getOriginalMessage()));
    }

    private static final class Counting extends JsonParserDelegate {
        private final long limit;
        private long values;

        Counting(JsonParser parser, long limit) {
            super(parser);
            this.limit = limit;
        }

        @Override
        public JsonToken nextToken() throws IOException {
            if (++values > limit) {
                throw new JsonParseException(this, "It holds more than " + limit + " values.");
            }
            return super.nextToken();
        }
    }
}
