package dev.pintle.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The points of a sweep as they become known, one JSON object per line. What is added together is forced to disk together; a
 * part of it that a killed run left at the end is cut off when the next run opens the log.
 */
public final class SweepLog implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final double ROUNDING = 1e-9;
    private static final String FOLLOW = "follow"; // how many more of what was added together come after this line

    private final Path file;
    private final List<SweepPoint> points = new ArrayList<>();
    private final FileChannel channel;
    private boolean lean;

    private SweepLog(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Opens a log or begins it.
     *
     * @param plan what the sweep is, {@link Sweep#plan}; another plan's log is refused
     * @throws PintleException if the file holds another sweep, another run is writing it, or it cannot be used
     */
    public static SweepLog open(Path file, String plan) {
        try {
            Path folder = file.toAbsolutePath().getParent();
            if (folder != null) {
                Files.createDirectories(folder);
            }
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                if (channel.tryLock() == null) {
                    throw isWritten(file);
                }
                SweepLog log = new SweepLog(file, channel);
                log.begin(plan);
                return log;
            } catch (OverlappingFileLockException e) {
                channel.close();
                throw isWritten(file);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw unusable(file, e);
        }
    }

    private static PintleException isWritten(Path file) {
        return Problem.of("Another run is writing the same sweep.")
                .fact("file", file.toAbsolutePath())
                .toException();
    }

    private void begin(String plan) throws IOException {
        String text = Files.readString(file, StandardCharsets.UTF_8);
        long good = 0; // bytes of what was written whole
        long read = 0;
        List<SweepPoint> together = new ArrayList<>();
        int number = 0;
        for (int from = 0, to = text.indexOf('\n'); to >= 0; from = to + 1, to = text.indexOf('\n', from)) {
            String line = text.substring(from, to);
            boolean whole = true;
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
                    int follow = node instanceof ObjectNode point && point.remove(FOLLOW) instanceof IntNode left
                            ? left.intValue()
                            : 0;
                    together.add(JSON.treeToValue(node, SweepPoint.class));
                    whole = follow == 0;
                }
            } catch (JsonProcessingException e) {
                break; // a partial line, and whatever the disk left after it
            }
            number++;
            read += line.getBytes(StandardCharsets.UTF_8).length + 1;
            if (whole) {
                points.addAll(together);
                together.clear();
                good = read;
            }
        }
        channel.truncate(good);
        channel.position(good);
        if (number == 0) {
            append(JSON.createObjectNode().put("plan", plan) + "\n");
        }
    }

    /** The point where nothing is tried, if it is known. */
    public Optional<SweepPoint> unsteered() {
        return find("", -1, 0, 0);
    }

    /** The settings whose points are not known, in their order. */
    public List<SweepSetting> missing(List<SweepSetting> settings) {
        return settings.stream().filter(setting -> find(setting).isEmpty()).toList();
    }

    /** The points of these settings, as the log keeps them; empty unless all are known. */
    public Optional<List<SweepPoint>> points(List<SweepSetting> settings) {
        List<SweepPoint> known =
                settings.stream().flatMap(one -> find(one).stream()).toList();
        return known.size() == settings.size() ? Optional.of(known) : Optional.empty();
    }

    /**
     * What is known of a sweep: unsteered, then the settings in their order, under the names of their candidates.
     *
     * @param concept its name
     */
    public SweepResult result(String concept, List<SweepSetting> settings) {
        List<SweepPoint> known = new ArrayList<>();
        unsteered().ifPresent(known::add);
        settings.forEach(setting -> find(setting)
                .ifPresent(point -> known.add(new SweepPoint(
                        setting.candidate().method(),
                        point.layer(),
                        point.strength(),
                        point.coefficient(),
                        point.samples()))));
        return new SweepResult(concept, known, known.size() == 1 + settings.size());
    }

    private Optional<SweepPoint> find(SweepSetting setting) {
        return find(setting.key(), setting.layer(), setting.strength().value(), setting.coefficient());
    }

    /** The point of that setting, if known; one whose strength came to another factor is another point. */
    private Optional<SweepPoint> find(String method, int layer, double strength, double coefficient) {
        return points.stream()
                .filter(point ->
                        point.method().equals(method) && point.layer() == layer && point.strength() == strength)
                .filter(point -> Math.abs(point.coefficient() - coefficient) <= ROUNDING * Math.abs(coefficient))
                .findFirst();
    }

    /**
     * Adds points that were computed together, so that either all of them are kept or none.
     *
     * @throws PintleException if they cannot be written, as when the disk is full
     */
    public void add(List<SweepPoint> together) {
        try {
            append(text(together));
            together.forEach(point -> points.add(lean ? withoutSamples(point) : point));
        } catch (IOException e) {
            throw unusable(file, e);
        }
    }

    /** Adds those points that are not known yet. */
    public void addMissing(List<SweepPoint> together) {
        List<SweepPoint> missing = together.stream()
                .filter(point -> find(point.method(), point.layer(), point.strength(), point.coefficient())
                        .isEmpty())
                .toList();
        if (!missing.isEmpty()) {
            add(missing);
        }
    }

    /** Forgets the answers, which take most of the memory; which points are known stays known, and the file as it is. */
    public void forgetAnswers() {
        lean = true;
        points.replaceAll(SweepLog::withoutSamples);
    }

    private static SweepPoint withoutSamples(SweepPoint point) {
        return new SweepPoint(point.method(), point.layer(), point.strength(), point.coefficient(), List.of());
    }

    /** Points that were computed together as lines of a log. */
    public static String text(List<SweepPoint> together) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < together.size(); i++) {
            ObjectNode line = point(together.get(i));
            int follow = together.size() - 1 - i;
            lines.append(follow == 0 ? line : line.put(FOLLOW, follow)).append('\n');
        }
        return lines.toString();
    }

    /**
     * The points of {@link #text}; every number has its bits.
     *
     * @throws IllegalArgumentException if the text is another
     */
    public static List<SweepPoint> points(String text) {
        try {
            List<SweepPoint> points = new ArrayList<>();
            for (String line : text.lines().toList()) {
                JsonNode node = JSON.readTree(line);
                if (node instanceof ObjectNode point) {
                    point.remove(FOLLOW);
                }
                points.add(JSON.treeToValue(node, SweepPoint.class));
            }
            return points;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("These are not the points of a sweep.", e);
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

    private void append(String lines) throws IOException {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(lines);
        long from = channel.position();
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            channel.truncate(from); // of a full disk's half lines, nothing is read later
            throw e;
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
