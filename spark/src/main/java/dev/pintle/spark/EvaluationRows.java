package dev.pintle.spark;

import dev.pintle.evaluation.Score;
import dev.pintle.evaluation.SweepPoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/** What evaluations measured as Parquet files, one row an item at one multiple of a steering. */
public final class EvaluationRows {
    private static final List<String> TEXTS = List.of("model", "revision", "dtype", "steering", "kind");
    private static final List<String> MEASURES =
            List.of("propensity", "score", "perplexity", "repetition", "divergence");
    private static final MessageType SCHEMA = schema();

    private EvaluationRows() {}

    private static MessageType schema() {
        Types.MessageTypeBuilder schema = Types.buildMessage();
        TEXTS.forEach(name -> text(schema, name));
        schema.addField(Types.required(PrimitiveTypeName.DOUBLE).named("multiple"));
        text(schema, "question");
        text(schema, "answer");
        schema.addField(Types.required(PrimitiveTypeName.INT32).named("chosen"));
        schema.addField(Types.required(PrimitiveTypeName.INT32).named("right"));
        MEASURES.forEach(
                name -> schema.addField(Types.required(PrimitiveTypeName.DOUBLE).named(name)));
        schema.addField(Types.required(PrimitiveTypeName.BOOLEAN).named("loops"));
        text(schema, "broken");
        return schema.named("items");
    }

    private static void text(Types.MessageTypeBuilder schema, String name) {
        schema.addField(Types.required(PrimitiveTypeName.BINARY)
                .as(LogicalTypeAnnotation.stringType())
                .named(name));
    }

    /** What was measured of an item. */
    enum Kind {
        CHOICE,
        CAPABILITY,
        ANSWER;

        String label() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /**
     * What the rows of a file have in common.
     *
     * @param model its name
     * @param revision of its repository, or a fingerprint of its files
     * @param dtype of weights and residual stream
     * @param steering its name; empty for the unsteered model
     * @param multiple of its strengths
     */
    record Source(String model, String revision, String dtype, String steering, double multiple) {}

    /**
     * One item.
     *
     * @param sample question, answer and what was measured; of a choice the question and its propensity alone
     * @param chosen index of the likeliest choice of a multiple-choice question; -1 for others
     * @param right index of its right choice; -1 for others
     */
    public record Row(SweepPoint.Sample sample, int chosen, int right) {
        static Row ofChoice(String question, double propensity) {
            return new Row(sample(question, propensity), -1, -1);
        }

        static Row ofCapability(String question, int chosen, int right) {
            return new Row(sample(question, Double.NaN), chosen, right);
        }

        static Row ofAnswer(SweepPoint.Sample sample) {
            return new Row(sample, -1, -1);
        }

        private static SweepPoint.Sample sample(String question, double propensity) {
            return new SweepPoint.Sample(
                    question,
                    "",
                    new Score(Double.NaN, propensity),
                    new SweepPoint.Fluency(Double.NaN, Double.NaN, false),
                    Double.NaN,
                    "");
        }

        double propensity() {
            return sample.score().propensity();
        }
    }

    static void write(Path file, Map<String, String> metadata, Source source, Kind kind, List<Row> rows) {
        ParquetFiles.write(file, SCHEMA, metadata, rows, (row, group) -> {
            SweepPoint.Sample sample = row.sample();
            group.append("model", source.model())
                    .append("revision", source.revision())
                    .append("dtype", source.dtype())
                    .append("steering", source.steering())
                    .append("kind", kind.label())
                    .append("multiple", source.multiple())
                    .append("question", sample.question())
                    .append("answer", sample.text())
                    .append("chosen", row.chosen())
                    .append("right", row.right())
                    .append("propensity", sample.score().propensity())
                    .append("score", sample.score().concept())
                    .append("perplexity", sample.fluency().perplexity())
                    .append("repetition", sample.fluency().repetition())
                    .append("divergence", sample.divergence())
                    .append("loops", sample.fluency().loops())
                    .append("broken", sample.broken());
        });
    }

    /**
     * The rows of a file, as its task computed them.
     *
     * @throws dev.pintle.base.PintleException if it cannot be read
     */
    public static List<Row> read(Path file) {
        return ParquetFiles.read(file, EvaluationRows::row);
    }

    private static Row row(Group row) {
        return new Row(
                new SweepPoint.Sample(
                        row.getString("question", 0),
                        row.getString("answer", 0),
                        new Score(row.getDouble("score", 0), row.getDouble("propensity", 0)),
                        new SweepPoint.Fluency(
                                row.getDouble("perplexity", 0),
                                row.getDouble("repetition", 0),
                                row.getBoolean("loops", 0)),
                        row.getDouble("divergence", 0),
                        row.getString("broken", 0)),
                row.getInteger("chosen", 0),
                row.getInteger("right", 0));
    }
}
