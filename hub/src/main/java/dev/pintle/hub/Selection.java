package dev.pintle.hub;

import dev.pintle.base.Excerpt;
import dev.pintle.base.Problem;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which files of a repository to download. Patterns follow Hugging Face's library: {@code *} matches any characters
 * including slashes, and {@code ?} matches one character.
 */
public sealed interface Selection {
    /**
     * What is needed to run a model: configuration, tokenizer, chat template and safetensors. Weights in other formats,
     * and duplicates such as {@code consolidated.safetensors} or {@code original/}, are left out.
     */
    static Selection forModel() {
        return new ForModel();
    }

    /** Files by name or pattern. */
    static Selection matching(String... patterns) {
        return new Matching(Arrays.asList(patterns));
    }

    /** Files by name or pattern. */
    static Selection matching(List<String> patterns) {
        return new Matching(patterns);
    }

    /** A model among a repository's GGUF files, with all its parts, by file or by quantisation such as {@code Q4_K_M}. */
    static Selection gguf(String fileOrQuantisation) {
        return new ForGguf(fileOrQuantisation);
    }

    /** The selected files of a repository. */
    List<String> of(List<String> files);

    /** What was requested but is not among the files, for an error; empty if nothing is missing. */
    List<String> missingFrom(List<String> files);

    /** Why these files of a repository cannot be selected; empty if they can. */
    default Optional<Problem> obstacle(RepoId repo, List<String> files) {
        List<String> missing = missingFrom(files);
        if (missing.isEmpty()) {
            return Optional.empty();
        }
        Problem problem = Problem.of("The repository lacks requested files.").fact("repository", repo);
        for (String pattern : missing) {
            problem = problem.fact("missing", pattern);
        }
        int shown = Math.min(files.size(), 30);
        return Optional.of(problem.fact(
                        "it has",
                        files.subList(0, shown).stream().map(Excerpt::of).collect(Collectors.joining("\n"))
                                + (shown < files.size() ? "\n… and more" : ""))
                .fact("try", "pintle pull " + repo + " FILES, to download some of these"));
    }

    /**
     * Whether a snapshot folder contains everything that would be selected, as far as is known without the
     * repository's file list.
     */
    boolean isHeldBy(Path snapshot);

    /** Whether {@link #isHeldBy} is certain without the file list. */
    boolean isExact();

    /** See {@link #forModel}. */
    record ForModel() implements Selection {
        private static final Matching TEXT = new Matching(List.of(
                "config.json",
                "generation_config.json",
                "tokenizer*.json",
                "tokenizer.model",
                "special_tokens_map.json",
                "added_tokens.json",
                "chat_template*",
                ModelFiles.INDEX));
        private static final Pattern SHARD = Pattern.compile("model(-[^/]*)?\\.safetensors");

        @Override
        public List<String> of(List<String> files) {
            boolean named = files.contains(ModelFiles.INDEX) || files.contains(ModelFiles.SINGLE);
            Predicate<String> weights = named
                    ? SHARD.asMatchPredicate()
                    : file -> file.endsWith(".safetensors") && !file.startsWith("consolidated");
            return files.stream()
                    .filter(file -> file.indexOf('/') < 0)
                    .filter(file -> TEXT.includes(file) || weights.test(file))
                    .toList();
        }

        @Override
        public List<String> missingFrom(List<String> files) {
            return Stream.of("config.json", "*.safetensors")
                    .filter(pattern -> of(files).stream().noneMatch(new Matching(List.of(pattern))::includes))
                    .toList();
        }

        @Override
        public Optional<Problem> obstacle(RepoId repo, List<String> files) {
            List<GgufSet> ggufs = GgufSet.among(files);
            return missingFrom(files).isEmpty() || ggufs.isEmpty()
                    ? Selection.super.obstacle(repo, files)
                    : Optional.of(ofGguf(
                            "The repository has its model in GGUF files, of which one has to be named.", repo, ggufs));
        }

        static Problem ofGguf(String sentence, RepoId repo, List<GgufSet> ggufs) {
            Problem problem = Problem.of(sentence).fact("repository", repo).fact("it has", GgufSet.listed(ggufs));
            return ggufs.isEmpty()
                    ? problem.fact("try", repo + ", the model in the Hugging Face format")
                    : problem.fact("try", repo + ":" + Excerpt.of(ggufs.get(0).wordAmong(ggufs)));
        }

        @Override
        public boolean isHeldBy(Path snapshot) {
            return ModelFiles.missingFrom(snapshot).isEmpty();
        }

        @Override
        public boolean isExact() {
            return true;
        }
    }

    /** See {@link #gguf}. */
    record ForGguf(String wanted) implements Selection {
        @Override
        public List<String> of(List<String> files) {
            List<GgufSet> found = GgufSet.matching(GgufSet.among(files), wanted);
            return found.size() == 1 ? found.get(0).files() : List.of();
        }

        @Override
        public List<String> missingFrom(List<String> files) {
            return of(files).isEmpty() ? List.of(wanted) : List.of();
        }

        @Override
        public Optional<Problem> obstacle(RepoId repo, List<String> files) {
            List<GgufSet> all = GgufSet.among(files);
            List<GgufSet> found = GgufSet.matching(all, wanted);
            return found.size() == 1
                    ? Optional.empty()
                    : Optional.of(
                            found.isEmpty()
                                    ? ForModel.ofGguf("The repository has no such GGUF file.", repo, all)
                                            .fact("but was", wanted)
                                    : ForModel.ofGguf("The repository has several such GGUF files.", repo, found)
                                            .fact("but was", wanted));
        }

        @Override
        public boolean isHeldBy(Path snapshot) {
            List<GgufSet> found = GgufSet.matching(GgufSet.in(snapshot), wanted);
            return found.size() == 1 && found.get(0).isComplete();
        }

        @Override
        public boolean isExact() {
            return wanted.toLowerCase(Locale.ROOT).endsWith(".gguf");
        }
    }

    /** See {@link #matching(List)}. */
    record Matching(List<String> patterns) implements Selection {
        /** @param patterns copied; not empty */
        public Matching {
            patterns = List.copyOf(patterns);
            if (patterns.isEmpty()) {
                throw new IllegalArgumentException("A selection needs at least one name or pattern.");
            }
        }

        boolean includes(String file) {
            return patterns.stream().anyMatch(pattern -> matches(pattern, file));
        }

        @Override
        public List<String> of(List<String> files) {
            return files.stream().filter(this::includes).toList();
        }

        @Override
        public List<String> missingFrom(List<String> files) {
            return patterns.stream()
                    .filter(pattern -> files.stream().noneMatch(file -> matches(pattern, file)))
                    .toList();
        }

        @Override
        public boolean isHeldBy(Path snapshot) {
            return missingFrom(ModelFiles.below(snapshot)).isEmpty();
        }

        @Override
        public boolean isExact() {
            return patterns.stream().allMatch(pattern -> pattern.indexOf('*') < 0 && pattern.indexOf('?') < 0);
        }

        /**
         * Matches from left to right; each star takes as little as possible, and the last one is extended where that
         * fails.
         */
        private static boolean matches(String pattern, String file) {
            int at = 0;
            int in = 0;
            int star = -1;
            int taken = 0;
            while (in < file.length()) {
                char c = at < pattern.length() ? pattern.charAt(at) : 0;
                if (at < pattern.length() && c == '*') {
                    star = at++;
                    taken = in;
                } else if (at < pattern.length() && (c == '?' || c == file.charAt(in))) {
                    at++;
                    in++;
                } else if (star >= 0) {
                    at = star + 1;
                    in = ++taken;
                } else {
                    return false;
                }
            }
            while (at < pattern.length() && pattern.charAt(at) == '*') {
                at++;
            }
            return at == pattern.length();
        }
    }
}
