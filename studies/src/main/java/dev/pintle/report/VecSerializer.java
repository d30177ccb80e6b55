package dev.pintle.report;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import dev.pintle.tensor.Vec;
import java.io.IOException;

/** Writes a vector as an array of numbers. */
final class VecSerializer extends StdSerializer<Vec> {
    private static final long serialVersionUID = 1L;

    VecSerializer() {
        super(Vec.class);
    }

    @Override
    public void serialize(Vec vec, JsonGenerator json, SerializerProvider provider) throws IOException {
        json.writeStartArray();
        for (float value : vec.toArray()) {
            json.writeNumber(value);
        }
        json.writeEndArray();
    }
}
