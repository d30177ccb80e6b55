package dev.pintle.sae.profile;

import dev.pintle.base.PartFiles;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Puts profiles of parts of a collection ({@link Profiler}) together. The result equals the profile of one pass over all of
 * it exactly: counts, sums, histograms, token tables, samples and contexts. Parts may also be merged step by step: a
 * merged profile of some of the parts is merged with the others like a part.
 *
 * <p>Memory is that of one latent in each part and, for a moment, some hundreds of them in the result.
 */
public final class ProfileMerge {
    private static final String PART = "part";
    private static final int AT_ONCE = 512;

    private ProfileMerge() {}

    /**
     * What was merged.
     *
     * @param parts the parts that the result has, from 1
     * @param of how many there are
     * @param documents in the collection
     * @param tokens that were counted
     */
    public record Merged(SortedSet<Integer> parts, int of, long documents, long tokens) {
        /** Copies the set. */
        public Merged {
            parts = new TreeSet<>(parts);
        }

        /** The parts that are still to be merged; empty if the result is of the whole collection. */
        public SortedSet<Integer> missing() {
            return IntStream.rangeClosed(1, of)
                    .boxed()
                    .filter(part -> !parts.contains(part))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    /**
     * Merges finished profiles of different parts into a new file, which replaces an existing one when it is complete.
     *
     * @param files the profiles, in any order
     * @param to none of them
     * @throws PintleException if one is not finished, a part occurs twice, they are not parts of the same collection, or
     *     were made with other settings
     */
    public static Merged merge(List<Path> files, Path to) {
        if (files.isEmpty()) {
            throw new IllegalArgumentException("There is nothing to merge.");
        }
        List<ProfileStore> stores = new ArrayList<>();
        try {
            SortedMap<Integer, Path> parts = new TreeMap<>();
            SortedMap<String, String> first = new TreeMap<>();
            for (Path file : files) {
                ProfileStore store = ProfileStore.open(file);
                stores.add(store);
                SortedMap<String, String> facts = store.facts();
                requireFinished(store, file, facts);
                if (first.isEmpty()) {
                    first = facts;
                }
                requireSame(files.get(0), first, file, facts);
                for (int part : parts(facts)) {
                    Path other = parts.put(part, file);
                    if (other != null) {
                        throw Problem.of("A part occurs twice.")
                                .fact("part", part + "/" + of(facts))
                                .fact("in", other.toAbsolutePath())
                                .fact("and in", file.toAbsolutePath())
                                .toException();
                    }
                }
            }
            long tokens = stores.stream()
                    .mapToLong(store -> Long.parseLong(store.facts().getOrDefault("tokens", "0")))
                    .sum();
            Merged merged = new Merged(
                    new TreeSet<>(parts.keySet()),
                    of(first),
                    Long.parseLong(first.getOrDefault("documents", "0")),
                    tokens);
            write(stores, facts(first, merged), to);
            return merged;
        } finally {
            stores.forEach(ProfileStore::close);
        }
    }

    private static Map<String, String> facts(SortedMap<String, String> first, Merged merged) {
        Map<String, String> facts = new TreeMap<>(first);
        facts.put("tokens", String.valueOf(merged.tokens()));
        facts.remove(PART);
        if (!merged.missing().isEmpty()) {
            facts.put(
                    PART,
                    merged.parts().stream().map(String::valueOf).collect(Collectors.joining(",")) + "/" + merged.of());
        }
        return facts;
    }

    private static void requireFinished(ProfileStore store, Path file, SortedMap<String, String> facts) {
        if (store.isEarlier()) {
            throw Problem.of("A profile by an earlier version of Pintle cannot be merged.")
                    .fact("file", file.toAbsolutePath())
                    .fact("try", "making it again")
                    .toException();
        }
        if (!facts.containsKey(PART)) {
            throw Problem.of("The profile is not of a part of a collection.")
                    .fact("file", file.toAbsolutePath())
                    .fact("expected", "profiles made with pintle sae profile --part K/N")
                    .toException();
        }
        if (!Profiler.FINISHED.equals(facts.get("state"))) {
            throw Problem.of("A part is not finished.")
                    .fact("file", file.toAbsolutePath())
                    .fact(PART, facts.get(PART))
                    .fact("read so far", facts.getOrDefault("documents", "0") + " texts")
                    .fact("try", "the command that began it; it goes on where it stopped")
                    .toException();
        }
    }

    private static void requireSame(
            Path file, SortedMap<String, String> expected, Path otherFile, SortedMap<String, String> other) {
        Map<String, String> a = comparable(expected);
        Map<String, String> b = comparable(other);
        for (String name : a.keySet()) {
            if (!Objects.equals(a.get(name), b.get(name))) {
                boolean texts = name.equals("chain") || name.equals("documents");
                throw Problem.of(
                                texts
                                        ? "The profiles are not of parts of the same texts."
                                        : "The profiles are not parts of one profile.")
                        .fact("what", texts ? "the texts that were read" : name)
                        .fact("in " + file.getFileName(), shown(name, a, expected))
                        .fact("in " + otherFile.getFileName(), shown(name, b, other))
                        .toException();
            }
        }
    }

    private static Object shown(String name, Map<String, String> facts, SortedMap<String, String> all) {
        return name.equals("chain") || name.equals("documents")
                ? all.get("documents") + " texts, hash " + all.get("chain")
                : facts.getOrDefault(name, "nothing");
    }

    /** The facts that parts of a profile have in common. */
    private static SortedMap<String, String> comparable(SortedMap<String, String> facts) {
        SortedMap<String, String> same = new TreeMap<>(facts);
        same.remove("texts"); // the same may have another path on another machine
        same.remove("tokens");
        same.computeIfPresent("model", (name, id) -> id.replaceFirst("^.*@(?=content-)", "")); // a folder, likewise
        same.put(PART, "of " + of(facts));
        return same;
    }

    private static int of(SortedMap<String, String> facts) {
        String part = Objects.requireNonNull(facts.get(PART));
        return Integer.parseInt(part.substring(part.indexOf('/') + 1));
    }

    private static List<Integer> parts(SortedMap<String, String> facts) {
        String part = Objects.requireNonNull(facts.get(PART));
        return Arrays.stream(part.substring(0, part.indexOf('/')).split(","))
                .map(Integer::valueOf)
                .toList();
    }

    private static void write(List<ProfileStore> stores, Map<String, String> facts, Path to) {
        Path target = to.toAbsolutePath();
        Path folder = Objects.requireNonNull(target.getParent());
        try {
            Files.createDirectories(folder);
            PartFiles.sweep(folder);
            Path beside = PartFiles.in(folder);
            try {
                try (ProfileStore store = ProfileStore.openOrMake(beside)) {
                    fill(store, stores);
                    store.setFacts(facts);
                }
                Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(beside);
            }
        } catch (IOException e) {
            throw Problem.of("The merged profile cannot be written.")
                    .fact("file", target)
                    .fact("cause", e)
                    .toException(e);
        }
    }

    private static void fill(ProfileStore store, List<ProfileStore> parts) {
        SortedMap<Integer, String> pieces = new TreeMap<>();
        SortedMap<Integer, Long> counts = new TreeMap<>();
        SortedSet<Integer> latents = new TreeSet<>();
        for (ProfileStore part : parts) {
            pieces.putAll(part.pieces());
            part.counts().forEach((id, count) -> counts.merge(id, count, Long::sum));
            latents.addAll(part.latents());
            store.putExplanationsOf(part);
            store.putEffectsOf(part);
        }
        store.putCounted(Map.of(), pieces, counts);
        int kept = parts.stream()
                .map(part -> Objects.requireNonNull(part.facts().get("contexts")))
                .mapToInt(contexts -> Integer.parseInt(contexts.substring(0, contexts.indexOf(' '))))
                .max()
                .orElseThrow();
        Map<Integer, Tally> some = new HashMap<>();
        for (int latent : latents) {
            Tally sum = new Tally(kept);
            parts.forEach(part -> part.tally(latent, kept).ifPresent(sum::add));
            some.put(latent, sum);
            if (some.size() == AT_ONCE) {
                store.putCounted(some, Map.of(), Map.of());
                some.clear();
            }
        }
        store.putCounted(some, Map.of(), Map.of());
    }
}
