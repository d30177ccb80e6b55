package dev.pintle.server.serving;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.JsonRecords;

/** Token ids in a request. */
public final class TokenIds {
    private TokenIds() {}

    /**
     * Reads them.
     *
     * @param path where they stand, for messages
     * @throws dev.pintle.base.FieldException unless they are a list of at least one id of the model's vocabulary
     */
    public static int[] read(ServedModel served, JsonNode json, String path) {
        int vocabulary = served.model().config().dVocab();
        if (!json.isArray() || json.isEmpty()) {
            throw JsonRecords.wrong(path, "a list of token ids", json);
        }
        int[] ids = new int[json.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = json.get(i);
            if (!id.isInt() || id.intValue() < 0 || id.intValue() >= vocabulary) {
                throw JsonRecords.wrong(path + "[" + i + "]", "a token id, 0 to " + (vocabulary - 1), id);
            }
            ids[i] = id.intValue();
        }
        return ids;
    }
}
