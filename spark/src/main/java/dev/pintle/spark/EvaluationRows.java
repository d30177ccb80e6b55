package dev.pintle.spark;

import dev.pintle.evaluation.Score;
import dev.pintle.evaluation.SweepPoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/** What evaluations measured as Parquet files, one row an item at one multiple of a steering. */
public final class EvaluationRows {
    private static final List<String> TEXTS = List.of("model", "revision", "dtype", "steering", "kind");
    private static final MessageType SCHEMA = schema();

    private EvaluationRows() {}

    private static MessageType schema() {
        Types.MessageTypeBuilder schema = Types.buildMessage();
        TEXTS.forEach(name -> SampleColumns.text(schema, name));
        schema.addField(Types.required(PrimitiveTypeName.DOUBLE).named("multiple"));
        schema.addField(Types.required(PrimitiveTypeName.INT32).named("chosen"));
        schema.addField(Types.required(PrimitiveTypeName.INT32).named("right"));
        SampleColumns.addTo(schema);
        return schema.named("items");
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
            group.append("model", source.model())
                    .append("revision", source.revision())
                    .append("dtype", source.dtype())
                    .append("steering", source.steering())
                    .append("kind", kind.label())
                    .append("multiple", source.multiple())
                    .append("chosen", row.chosen())
                    .append("right", row.right());
            SampleColumns.write(row.sample(), group);
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
        return new Row(SampleColumns.read(row), row.getInteger("chosen", 0), row.getInteger("right", 0));
    }
}
