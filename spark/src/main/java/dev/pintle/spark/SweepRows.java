package dev.pintle.spark;

import dev.pintle.evaluation.SweepPoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/** Points of sweeps as Parquet files, one row an answer. */
public final class SweepRows {
    private static final List<String> TEXTS = List.of("model", "revision", "dtype", "concept", "method");
    private static final MessageType SCHEMA = schema();

    private SweepRows() {}

    private static MessageType schema() {
        Types.MessageTypeBuilder schema = Types.buildMessage();
        TEXTS.forEach(name -> SampleColumns.text(schema, name));
        schema.addField(Types.required(PrimitiveTypeName.INT32).named("layer"));
        schema.addField(Types.required(PrimitiveTypeName.DOUBLE).named("strength"));
        schema.addField(Types.required(PrimitiveTypeName.DOUBLE).named("coefficient"));
        SampleColumns.addTo(schema);
        return schema.named("answers");
    }

    /**
     * What the points of a file have in common.
     *
     * @param model its name
     * @param revision of its repository, or a fingerprint of its files
     * @param dtype of weights and residual stream
     * @param concept its name
     */
    record Source(String model, String revision, String dtype, String concept) {}

    private record Row(SweepPoint point, SweepPoint.Sample sample) {}

    static void write(Path file, Map<String, String> metadata, Source source, List<SweepPoint> points) {
        List<Row> rows = points.stream()
                .flatMap(point -> point.samples().stream().map(sample -> new Row(point, sample)))
                .toList();
        ParquetFiles.write(file, SCHEMA, metadata, rows, (row, group) -> {
            group.append("model", source.model())
                    .append("revision", source.revision())
                    .append("dtype", source.dtype())
                    .append("concept", source.concept())
                    .append("method", row.point().method())
                    .append("layer", row.point().layer())
                    .append("strength", row.point().strength())
                    .append("coefficient", row.point().coefficient());
            SampleColumns.write(row.sample(), group);
        });
    }

    /**
     * The points of a file, as its task computed them.
     *
     * @throws dev.pintle.base.PintleException if it cannot be read
     */
    public static List<SweepPoint> read(Path file) {
        List<SweepPoint> points = new ArrayList<>();
        for (SweepPoint one : ParquetFiles.read(file, SweepRows::point)) {
            SweepPoint last = points.isEmpty() ? null : points.get(points.size() - 1);
            if (last != null && last.equals(withSamples(one, last.samples()))) {
                List<SweepPoint.Sample> samples = new ArrayList<>(last.samples());
                samples.addAll(one.samples());
                points.set(points.size() - 1, withSamples(one, samples));
            } else {
                points.add(one);
            }
        }
        return points;
    }

    private static SweepPoint withSamples(SweepPoint point, List<SweepPoint.Sample> samples) {
        return new SweepPoint(
                point.method(), point.layer(), point.strength(), point.coefficient(), List.copyOf(samples));
    }

    private static SweepPoint point(Group row) {
        return new SweepPoint(
                row.getString("method", 0),
                row.getInteger("layer", 0),
                row.getDouble("strength", 0),
                row.getDouble("coefficient", 0),
                List.of(SampleColumns.read(row)));
    }
}
