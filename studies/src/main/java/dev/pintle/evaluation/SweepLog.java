package dev.pintle.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The points of a sweep as they become known, one JSON object per line. Each line is forced to disk; a partial line that a
 * killed run left at the end is cut off when the next run opens the log.
 */
final class SweepLog implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final double ROUNDING = 1e-9;

    private final Path file;
    private final List<SweepPoint> points = new ArrayList<>();
    private final FileChannel channel;

    private SweepLog(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Opens a log or begins it.
     *
     * @param plan what the sweep is; another plan's log is refused
     */
    static SweepLog open(Path file, String plan) {
        try {
            Path folder = file.toAbsolutePath().getParent();
            if (folder != null) {
                Files.createDirectories(folder);
            }
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                if (channel.tryLock() == null) {
                    throw Problem.of("Another run is writing the same sweep.")
                            .fact("file", file.toAbsolutePath())
                            .toException();
                }
                SweepLog log = new SweepLog(file, channel);
                log.begin(plan);
                return log;
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw unusable(file, e);
        }
    }

    private void begin(String plan) throws IOException {
        String text = Files.readString(file, StandardCharsets.UTF_8);
        long good = 0;
        int number = 0;
        for (int from = 0, to = text.indexOf('\n'); to >= 0; from = to + 1, to = text.indexOf('\n', from)) {
            String line = text.substring(from, to);
            try {
                JsonNode node = JSON.readTree(line);
                if (number == 0 && !node.path("plan").asText().equals(plan)) {
                    throw Problem.of("The file holds another sweep.")
                            .fact("file", file.toAbsolutePath())
                            .fact("expected", plan)
                            .fact("but was", node.path("plan").asText("nothing of the kind"))
                            .toException();
                }
                if (number > 0) {
                    points.add(JSON.treeToValue(node, SweepPoint.class));
                }
            } catch (JsonProcessingException e) {
                break; // a partial line, and whatever the disk left after it
            }
            number++;
            good += line.getBytes(StandardCharsets.UTF_8).length + 1;
        }
        channel.truncate(good);
        channel.position(good);
        if (number == 0) {
            append(JSON.createObjectNode().put("plan", plan));
        }
    }

    /** The point of that setting, if known; one whose strength came to another factor is another point. */
    Optional<SweepPoint> find(String method, int layer, double strength, double coefficient) {
        return points.stream()
                .filter(point ->
                        point.method().equals(method) && point.layer() == layer && point.strength() == strength)
                .filter(point -> Math.abs(point.coefficient() - coefficient) <= ROUNDING * Math.abs(coefficient))
                .findFirst();
    }

    void add(SweepPoint point) {
        try {
            append(point(point));
            points.add(point);
        } catch (IOException e) {
            throw unusable(file, e);
        }
    }

    private static ObjectNode point(SweepPoint point) {
        ObjectNode node = JSON.createObjectNode()
                .put("method", point.method())
                .put("layer", point.layer())
                .put("strength", point.strength())
                .put("coefficient", point.coefficient());
        node.set("samples", JSON.valueToTree(withoutDerived(point)));
        return node;
    }

    private static List<ObjectNode> withoutDerived(SweepPoint point) {
        List<ObjectNode> samples = new ArrayList<>();
        for (SweepPoint.Sample sample : point.samples()) {
            samples.add(JSON.createObjectNode()
                    .put("question", sample.question())
                    .put("text", sample.text())
                    .put("concept", sample.score().concept())
                    .put("propensity", sample.score().propensity())
                    .put("perplexity", sample.fluency().perplexity())
                    .put("repetition", sample.fluency().repetition())
                    .put("loops", sample.fluency().loops())
                    .put("divergence", sample.divergence())
                    .put("broken", sample.broken()));
        }
        return samples;
    }

    private void append(JsonNode node) throws IOException {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(node + "\n");
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        channel.force(false);
    }

    private static PintleException unusable(Path file, IOException e) {
        return Problem.of("The sweep's file cannot be used.")
                .fact("file", file.toAbsolutePath())
                .fact("cause", e)
                .toException(e);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw unusable(file, e);
        }
    }
}
