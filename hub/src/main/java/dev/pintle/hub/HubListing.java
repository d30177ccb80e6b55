package dev.pintle.hub;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.pintle.base.BoundedStream;
import dev.pintle.base.Excerpt;
import dev.pintle.hub.HubHttp.Entry;
import dev.pintle.hub.HubHttp.Listing;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Parses the hub's file list as it arrives, within limits that no model repository comes near. */
final class HubListing {
    private static final long MAX_BYTES = 100L << 20;
    private static final int MAX_FILES = 400_000;
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(1 << 20)
                    .maxNestingDepth(100)
                    .maxNumberLength(40)
                    .build())
            .build();

    private HubListing() {}

    /** The list is valid JSON but not what the hub sends. */
    static final class Odd extends IOException {
        private static final long serialVersionUID = 1L;
        private final String expected;
        private final String found;

        Odd(String expected, String found) {
            super(found);
            this.expected = expected;
            this.found = found;
        }

        String expected() {
            return expected;
        }

        String found() {
            return found;
        }
    }

    static Listing read(InputStream in) throws IOException {
        String commit = "";
        List<Entry> files = null;
        try (JsonParser parser = JSON.createParser(bounded(in))) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new Odd("a commit and files", "not an object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (name.equals("sha") && value == JsonToken.VALUE_STRING) {
                    commit = parser.getText();
                } else if (name.equals("siblings") && value == JsonToken.START_ARRAY) {
                    files = files(parser);
                } else {
                    parser.skipChildren();
                }
            }
            if (parser.currentToken() != JsonToken.END_OBJECT) {
                throw new JsonParseException(parser, "It ends unexpectedly.");
            }
        }
        if (!RepoId.isCommit(commit) || files == null) {
            throw new Odd("a commit and files", "neither");
        }
        return new Listing(commit, files);
    }

    private static List<Entry> files(JsonParser parser) throws IOException {
        List<Entry> files = new ArrayList<>();
        for (JsonToken token = parser.nextToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            if (token != JsonToken.START_OBJECT) {
                throw new Odd("a list of files", token == null ? "an unexpected end" : Excerpt.of(parser.getText()));
            }
            files.add(file(parser));
            if (files.size() > MAX_FILES) {
                throw new Odd(String.format(Locale.ROOT, "at most %,d files", MAX_FILES), "more");
            }
        }
        return files;
    }

    private static Entry file(JsonParser parser) throws IOException {
        String path = "";
        String gitHash = "";
        String contentHash = "";
        long size = -1;
        long largeSize = -1;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (name.equals("lfs") && value == JsonToken.START_OBJECT) {
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String inner = parser.currentName();
                    JsonToken content = parser.nextToken();
                    if (inner.equals("sha256") && content == JsonToken.VALUE_STRING) {
                        contentHash = parser.getText();
                    } else if (inner.equals("size")) {
                        largeSize = size(parser, content);
                    }
                    parser.skipChildren();
                }
                continue;
            }
            if (name.equals("rfilename") && value == JsonToken.VALUE_STRING) {
                path = parser.getText();
            } else if (name.equals("blobId") && value == JsonToken.VALUE_STRING) {
                gitHash = parser.getText();
            } else if (name.equals("size")) {
                size = size(parser, value);
            }
            parser.skipChildren();
        }
        String etag = contentHash.isEmpty() ? gitHash : contentHash;
        return new Entry(SafeNames.requireFile(path), size >= 0 ? size : largeSize, SafeNames.isEtag(etag) ? etag : "");
    }

    /** A size in bytes, or -1 if the value is not one. */
    private static long size(JsonParser parser, JsonToken value) throws IOException {
        boolean whole =
                value == JsonToken.VALUE_NUMBER_INT && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
        return whole ? Math.max(-1, parser.getLongValue()) : -1;
    }

    /** Limits the size of the list. */
    private static InputStream bounded(InputStream in) {
        return new BoundedStream(
                in, MAX_BYTES, () -> new Odd(String.format(Locale.ROOT, "at most %,d bytes", MAX_BYTES), "more"));
    }
}
