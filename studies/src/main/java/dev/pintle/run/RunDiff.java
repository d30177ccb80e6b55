package dev.pintle.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How two runs differ, value by value. A value is named by its path, such as {@code base/error/percent}; a long list of numbers
 * is one value. How long stages took is left out.
 *
 * @param circumstances settings and manifest
 * @param numbers sorted by relative change, the largest first
 * @param texts generated texts and other words
 * @param onlyInA paths
 * @param onlyInB paths
 * @param compared how many numbers both have
 */
public record RunDiff(
        List<Words> circumstances,
        List<Change> numbers,
        List<Words> texts,
        List<String> onlyInA,
        List<String> onlyInB,
        int compared) {
    private static final int SHORT_LIST = 8;

    /** Words that changed. */
    public record Words(String path, String a, String b) {}

    /**
     * A number that changed; of a list of numbers, the one that changed most.
     *
     * @param change b − a; NaN if either is not a number
     * @param relative |b − a| / max(|a|, |b|); of a list ‖b − a‖ / max(‖a‖, ‖b‖); infinite if only one is a number
     */
    public record Change(String path, double a, double b, double change, double relative) {}

    /**
     * Compares two runs.
     *
     * @param tolerance relative change up to which a number counts as the same
     */
    public static RunDiff of(StoredRun a, StoredRun b, double tolerance) {
        Comparison circumstances = new Comparison(tolerance);
        circumstances.words("run", a.name(), b.name());
        circumstances.words("pintle", a.pintle(), b.pintle());
        circumstances.words("model", a.model(), b.model());
        circumstances.words("autoencoder", a.autoencoder(), b.autoencoder());
        circumstances.compare("settings", a.settings(), b.settings());
        circumstances.compare("manifest", a.manifest(), b.manifest());
        Comparison results = new Comparison(tolerance);
        results.compare("", untimed(a.numbers()), untimed(b.numbers()));
        results.numbers.sort((x, y) -> Double.compare(y.relative(), x.relative()));
        return new RunDiff(
                circumstances.asWords(),
                List.copyOf(results.numbers),
                List.copyOf(results.texts),
                List.copyOf(results.onlyInA),
                List.copyOf(results.onlyInB),
                results.compared);
    }

    // how long a stage took differs every time
    private static ObjectNode untimed(ObjectNode stages) {
        stages.forEach(stage -> {
            if (stage instanceof ObjectNode fields) {
                fields.remove("seconds");
            }
        });
        return stages;
    }

    /** Whether nothing differs. */
    public boolean same() {
        return circumstances.isEmpty()
                && numbers.isEmpty()
                && texts.isEmpty()
                && onlyInA.isEmpty()
                && onlyInB.isEmpty();
    }

    private static final class Comparison {
        private final double tolerance;
        private final List<Change> numbers = new ArrayList<>();
        private final List<Words> texts = new ArrayList<>();
        private final List<String> onlyInA = new ArrayList<>();
        private final List<String> onlyInB = new ArrayList<>();
        private int compared;

        Comparison(double tolerance) {
            this.tolerance = tolerance;
        }

        void compare(String root, JsonNode first, JsonNode second) {
            Map<String, JsonNode> a = values(root, first);
            Map<String, JsonNode> b = values(root, second);
            Set<String> paths = new LinkedHashSet<>(a.keySet());
            paths.addAll(b.keySet());
            for (String path : paths) {
                JsonNode one = a.get(path);
                JsonNode other = b.get(path);
                if (one == null) {
                    onlyInB.add(path);
                } else if (other == null) {
                    onlyInA.add(path);
                } else if (one.isArray() && other.isArray() && one.size() == other.size()) {
                    list(path, one, other);
                } else if (isNumber(one) && isNumber(other)) {
                    number(path, one.asDouble(), other.asDouble());
                } else {
                    words(path, shown(one), shown(other));
                }
            }
        }

        void words(String path, String a, String b) {
            if (!a.equals(b)) {
                texts.add(new Words(path, a, b));
            }
        }

        private void number(String path, double a, double b) {
            compared++;
            double size = Math.max(Math.abs(a), Math.abs(b));
            double relative = Double.compare(a, b) == 0 || size == 0 ? 0 : Math.abs(b - a) / size;
            add(new Change(path, a, b, b - a, Double.isNaN(relative) ? Double.POSITIVE_INFINITY : relative));
        }

        private void list(String path, JsonNode a, JsonNode b) {
            compared++;
            double difference = 0;
            double sizeA = 0;
            double sizeB = 0;
            int most = 0;
            double largest = -1;
            for (int i = 0; i < a.size(); i++) {
                double one = a.get(i).asDouble();
                double other = b.get(i).asDouble();
                double change = Double.compare(one, other) == 0 ? 0 : Math.abs(other - one);
                change = Double.isNaN(change) ? Double.POSITIVE_INFINITY : change;
                if (change > largest) {
                    largest = change;
                    most = i;
                }
                difference += change * change;
                sizeA += Double.isFinite(one) ? one * one : 0;
                sizeB += Double.isFinite(other) ? other * other : 0;
            }
            double size = Math.sqrt(Math.max(sizeA, sizeB));
            double from = a.get(most).asDouble();
            double to = b.get(most).asDouble();
            double relative = difference == 0 ? 0 : Math.sqrt(difference) / size;
            add(new Change(path + "[" + most + "]", from, to, to - from, relative));
        }

        private void add(Change change) {
            if (change.relative() > tolerance) {
                numbers.add(change);
            }
        }

        /** All that differs, as words. */
        List<Words> asWords() {
            List<Words> all = new ArrayList<>(texts);
            numbers.forEach(change -> all.add(new Words(change.path(), shown(change.a()), shown(change.b()))));
            onlyInA.forEach(path -> all.add(new Words(path, "there", "")));
            onlyInB.forEach(path -> all.add(new Words(path, "", "there")));
            return List.copyOf(all);
        }
    }

    private static String shown(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? String.valueOf((long) value)
                : String.valueOf(value);
    }

    // ---------------------------------------------------------------- paths

    private static Map<String, JsonNode> values(String root, JsonNode node) {
        Map<String, JsonNode> values = new LinkedHashMap<>();
        collect(root, node, values);
        return values;
    }

    private static void collect(String path, JsonNode node, Map<String, JsonNode> values) {
        if (node.isObject()) {
            node.properties()
                    .forEach(field -> collect(
                            path.isEmpty() ? field.getKey() : path + "/" + field.getKey(), field.getValue(), values));
        } else if (node.isArray() && !isLongList(node)) {
            for (int i = 0; i < node.size(); i++) {
                collect(path + "[" + i + "]", node.get(i), values);
            }
        } else {
            values.put(path, node);
        }
    }

    private static boolean isLongList(JsonNode array) {
        if (array.size() <= SHORT_LIST) {
            return false;
        }
        for (JsonNode item : array) {
            if (!isNumber(item)) {
                return false;
            }
        }
        return true;
    }

    // JSON has no NaN and no infinity; they are written as words
    private static boolean isNumber(JsonNode node) {
        return node.isNumber() || (node.isTextual() && node.textValue().matches("NaN|-?Infinity"));
    }

    private static String shown(JsonNode node) {
        return node.isTextual() ? node.textValue() : node.isArray() ? "a list of " + node.size() : node.toString();
    }
}
