package dev.pintle.tensor.io;

import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Finds a folder's safetensors files if neither the usual name nor an index identifies them. */
final class ShardFiles {
    private static final Pattern SHARD = Pattern.compile("(.+)-(\\d{1,6})-of-(\\d{1,6})\\.safetensors");
    private static final int SHOWN = 5;

    private ShardFiles() {}

    /**
     * All shards of the folder's only checkpoint, in order, or its only file.
     *
     * @param expected what was looked for before, for the error
     * @throws PintleException if there is none, one is missing, or there are several checkpoints
     */
    static List<Path> in(Path folder, String expected) {
        List<Path> files = list(folder);
        if (files.size() == 1 && !SHARD.matcher(name(files.get(0))).matches()) {
            return files;
        }
        Map<Integer, Path> shards = new TreeMap<>();
        String set = "";
        int count = 0;
        for (Path file : files) {
            Matcher shard = SHARD.matcher(name(file));
            String its = shard.matches() ? shard.group(1) + "-of-" + Integer.parseInt(shard.group(3)) : "";
            if (its.isEmpty() || !(set.isEmpty() || set.equals(its))) {
                throw withNames(problem("The folder contains several safetensors files.", folder, expected), files)
                        .fact("try", "the path of the file itself, or an index file that lists the shards")
                        .toException();
            }
            set = its;
            count = Integer.parseInt(shard.group(3));
            shards.put(Integer.parseInt(shard.group(2)), file);
        }
        if (shards.isEmpty()) {
            throw withNames(
                            problem("The folder contains no safetensors checkpoint.", folder, expected),
                            otherWeights(folder))
                    .fact("try", "the path of the file itself if it has another name")
                    .toException();
        }
        requireWhole(shards, count, folder);
        return List.copyOf(shards.values());
    }

    /** Shards are numbered from 1 to N; some tools count from 0. */
    private static void requireWhole(Map<Integer, Path> shards, int count, Path folder) {
        int first = shards.containsKey(0) ? 0 : 1;
        List<Integer> missing = new ArrayList<>();
        for (int i = first; i < first + count && missing.size() <= SHOWN; i++) {
            if (!shards.containsKey(i)) {
                missing.add(i);
            }
        }
        if (!missing.isEmpty() || shards.size() != count) {
            throw Problem.of("The folder contains only some of a checkpoint's shards, and no index.")
                    .fact("folder", folder.toAbsolutePath())
                    .fact("expected", count + " shards")
                    .fact("but was", shards.size())
                    .fact("missing", missing.isEmpty() ? "none; there are more" : "numbers " + missing)
                    .toException();
        }
    }

    private static Problem problem(String sentence, Path folder, String expected) {
        return Problem.of(sentence).fact("folder", folder.toAbsolutePath()).fact("expected", expected);
    }

    private static Problem withNames(Problem problem, List<Path> files) {
        Problem named = problem;
        for (Path file : files.subList(0, Math.min(SHOWN, files.size()))) {
            named = named.fact("there", Excerpt.of(name(file)));
        }
        return files.size() > SHOWN ? named.fact("there", "and " + (files.size() - SHOWN) + " more") : named;
    }

    private static List<Path> list(Path folder) {
        return matching(folder, ".+\\.safetensors");
    }

    private static List<Path> otherWeights(Path folder) {
        return matching(folder, ".+\\.(bin|pth?|gguf|npz|ckpt|msgpack|h5|onnx)");
    }

    private static List<Path> matching(Path folder, String pattern) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> name(file).matches(pattern) && Files.isRegularFile(file))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw FileProblems.unreadable(folder, e);
        }
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }
}
