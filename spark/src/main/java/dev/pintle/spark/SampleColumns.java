package dev.pintle.spark;

import dev.pintle.evaluation.Score;
import dev.pintle.evaluation.SweepPoint;
import java.util.List;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/** The columns of a question, its answer and what was measured of it, in the Parquet files of sweeps and evaluations. */
final class SampleColumns {
    private static final List<String> MEASURES =
            List.of("score", "propensity", "perplexity", "repetition", "divergence");

    private SampleColumns() {}

    static void addTo(Types.MessageTypeBuilder schema) {
        text(schema, "question");
        text(schema, "answer");
        MEASURES.forEach(
                name -> schema.addField(Types.required(PrimitiveTypeName.DOUBLE).named(name)));
        schema.addField(Types.required(PrimitiveTypeName.BOOLEAN).named("loops"));
        text(schema, "broken");
    }

    /** A column of text. */
    static void text(Types.MessageTypeBuilder schema, String name) {
        schema.addField(Types.required(PrimitiveTypeName.BINARY)
                .as(LogicalTypeAnnotation.stringType())
                .named(name));
    }

    static void write(SweepPoint.Sample sample, Group to) {
        to.append("question", sample.question())
                .append("answer", sample.text())
                .append("score", sample.score().concept())
                .append("propensity", sample.score().propensity())
                .append("perplexity", sample.fluency().perplexity())
                .append("repetition", sample.fluency().repetition())
                .append("divergence", sample.divergence())
                .append("loops", sample.fluency().loops())
                .append("broken", sample.broken());
    }

    static SweepPoint.Sample read(Group row) {
        return new SweepPoint.Sample(
                row.getString("question", 0),
                row.getString("answer", 0),
                new Score(row.getDouble("score", 0), row.getDouble("propensity", 0)),
                new SweepPoint.Fluency(
                        row.getDouble("perplexity", 0), row.getDouble("repetition", 0), row.getBoolean("loops", 0)),
                row.getDouble("divergence", 0),
                row.getString("broken", 0));
    }
}
