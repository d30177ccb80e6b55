package dev.pintle.model;

import java.util.Locale;
import java.util.regex.Pattern;

/** What the names of models and of their copies in other formats have in common. */
public final class ModelNames {
    /** What copies add to a model's name, such as {@code -GGUF}, {@code -Q4_K_M}, {@code -bnb-4bit} or {@code -FP8-dynamic}. */
    private static final Pattern MARK =
            Pattern.compile("[-_.](gguf|(ud-)?i?q\\d(_\\w+)?|mxfp4|b?f16|fp16|f32|awq|gptq|bnb|nf4"
                    + "|fp8|dynamic|int[48]|g\\d+|[48]bit|w\\d+a\\d+|quantized|unsloth)$");

    /** What names a file among those of a repository. */
    private static final Pattern FILE = Pattern.compile(":([^:/][^:]*\\.gguf|(ud-)?i?q\\d\\w*|b?f16|fp16|f32|mxfp4)$");

    private static final Pattern PROGRAM = Pattern.compile("^(ollama|lmstudio|llama\\.cpp):");

    private static final Pattern PART = Pattern.compile("-\\d{5}-of-\\d{5}$");

    private ModelNames() {}

    /**
     * A name without its organisation or folder, in lower case, and without the {@code Meta-} that some Llama repositories
     * prepend. TransformerLens calls GPT-2's smallest model {@code gpt2-small}; its repository is {@code gpt2}.
     */
    public static String plain(String name) {
        String path = name.replace('\\', '/').replaceAll("/+$", "").toLowerCase(Locale.ROOT);
        String repository = FILE.matcher(PROGRAM.matcher(path).replaceFirst("")).replaceFirst("");
        return repository
                .substring(repository.lastIndexOf('/') + 1)
                .replaceFirst("\\.gguf$", "")
                .replaceFirst("^meta-", "")
                .replaceFirst("^gpt2-small$", "gpt2");
    }

    /** The same without what copies in another format add to it. */
    static String ofOriginal(String name) {
        String rest = PART.matcher(plain(name)).replaceFirst("");
        for (String before = ""; !before.equals(rest); ) {
            before = rest;
            rest = MARK.matcher(rest).replaceFirst("");
        }
        return rest;
    }

    /**
     * Whether one names a copy of the other in another format, or both are copies of one model. A name without any digit, such
     * as {@code model.gguf}, says too little.
     */
    public static boolean areCopies(String one, String other) {
        String original = ofOriginal(one);
        return (isMarked(one) || isMarked(other))
                && original.chars().anyMatch(Character::isDigit)
                && original.equals(ofOriginal(other));
    }

    private static boolean isMarked(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".gguf")
                || FILE.matcher(lower).find()
                || !ofOriginal(name).equals(plain(name));
    }
}
