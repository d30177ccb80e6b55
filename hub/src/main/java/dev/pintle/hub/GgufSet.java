package dev.pintle.hub;

import dev.pintle.base.Excerpt;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A model among GGUF files: one file, or the parts that llama.cpp's gguf-split made of one
 * ({@code NAME-00001-of-00003.gguf}).
 *
 * @param files paths with slashes, in order
 * @param parts how many files there should be
 * @param quantisation as the file's name gives it, or its folder's, in capitals: {@code Q4_K_M}; "" if neither does
 */
public record GgufSet(List<String> files, int parts, String quantisation) {
    private static final String ENDING = ".gguf";
    private static final Pattern PART = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf", Pattern.CASE_INSENSITIVE);
    private static final Pattern QUANTISATION = Pattern.compile(
            "(?:^|[-_./])((?:UD-)?(?:I?Q\\d(?:_(?:\\d|K|NL|XXS|XS|S|M|L|XL))*|TQ\\d_\\d|MXFP4(?:_MOE)?|BF16|FP?16|FP?32))"
                    + "(?=$|[-_./])",
            Pattern.CASE_INSENSITIVE);
    /** By Unsloth: chosen layer by layer. Its files may be named with or without. */
    private static final String DYNAMIC = "UD-";

    private static final int MOST_SHOWN = 40;

    /** @param files copied; at least one */
    public GgufSet {
        files = List.copyOf(files);
    }

    /** The models among files, in the order of their names. Vision encoders and importance matrices are none. */
    public static List<GgufSet> among(List<String> files) {
        Map<String, List<String>> sets = new LinkedHashMap<>();
        files.stream()
                .sorted()
                .filter(GgufSet::isModel)
                .forEach(file -> sets.computeIfAbsent(set(file), key -> new ArrayList<>())
                        .add(file));
        return sets.values().stream()
                .map(all -> new GgufSet(all, parts(all.get(0)), quantisation(all.get(0))))
                .toList();
    }

    /** The models among the files of a folder and the folders in it. */
    public static List<GgufSet> in(Path folder) {
        return among(ModelFiles.below(folder));
    }

    private static boolean isModel(String file) {
        String name = file.substring(file.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
        return name.endsWith(ENDING) && !name.contains("mmproj") && !name.contains("imatrix");
    }

    private static String set(String file) {
        Matcher part = PART.matcher(file);
        return part.matches() ? part.group(1) + " of " + part.group(3) : file;
    }

    private static int parts(String file) {
        Matcher part = PART.matcher(file);
        return part.matches() ? Integer.parseInt(part.group(3)) : 1;
    }

    private static String quantisation(String file) {
        for (String name = withoutEnding(file); !name.isEmpty(); ) {
            int slash = name.lastIndexOf('/');
            Matcher found = QUANTISATION.matcher(name.substring(slash + 1));
            String last = "";
            for (int from = 0; found.find(from); from = found.end()) {
                last = found.group(1).toUpperCase(Locale.ROOT);
            }
            if (!last.isEmpty()) {
                return last;
            }
            name = name.substring(0, Math.max(0, slash));
        }
        return "";
    }

    /** The path of the first file, without the ending and the number of the part. */
    private static String withoutEnding(String file) {
        Matcher part = PART.matcher(file);
        return part.matches() ? part.group(1) : file.substring(0, file.length() - ENDING.length());
    }

    /** Whether all files are there. */
    public boolean isComplete() {
        return files.size() == parts;
    }

    /** The first file. */
    public String first() {
        return files.get(0);
    }

    /**
     * Those that a word means: a file's path or name, with or without its ending, or else a quantisation, in capitals or
     * not.
     */
    public static List<GgufSet> matching(List<GgufSet> all, String word) {
        List<GgufSet> named = all.stream().filter(set -> set.isNamed(word)).toList();
        if (!named.isEmpty()) {
            return named;
        }
        String wanted = plain(word);
        List<GgufSet> exact = all.stream()
                .filter(set ->
                        !set.quantisation.isEmpty() && plain(set.quantisation).equals(wanted))
                .toList();
        return !exact.isEmpty()
                ? exact
                : all.stream()
                        .filter(set -> plain(set.quantisation).equals(DYNAMIC + wanted))
                        .toList();
    }

    private boolean isNamed(String word) {
        return files.stream().anyMatch(file -> isPath(file, word))
                || isPath(withoutEnding(first()), word)
                || isPath(first().substring(0, first().length() - ENDING.length()), word);
    }

    private static boolean isPath(String path, String word) {
        return path.equals(word) || path.substring(path.lastIndexOf('/') + 1).equals(word);
    }

    private static String plain(String quantisation) {
        return quantisation.toUpperCase(Locale.ROOT).replace("FP", "F");
    }

    /** The shortest word that means this one among all: its quantisation, or its path. */
    public String wordAmong(List<GgufSet> all) {
        boolean alone = !quantisation.isEmpty() && matching(all, quantisation).equals(List.of(this));
        return alone ? quantisation : first();
    }

    /** What there is to choose from, a line each, for errors. */
    static String listed(List<GgufSet> all) {
        return all.isEmpty()
                ? "no GGUF files"
                : all.stream()
                                .limit(MOST_SHOWN)
                                .map(set -> Excerpt.of(set.wordAmong(all))
                                        + (set.wordAmong(all).equals(set.first())
                                                ? ""
                                                : "  " + Excerpt.of(set.first())))
                                .collect(Collectors.joining("\n"))
                        + (all.size() > MOST_SHOWN ? "\n… and more" : "");
    }
}
