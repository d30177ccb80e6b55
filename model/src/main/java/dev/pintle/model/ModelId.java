package dev.pintle.model;

/**
 * Identifies the model that produced a result.
 *
 * @param name as the user gave it: a repository id, {@code parley-7m} or a folder
 * @param revision the repository's commit, or {@code content-…}, a hash of configuration and weights; with {@code +int8} or
 *     {@code +int4} if matrices were rounded when they were loaded
 */
public record ModelId(String name, String revision) {
    /** Whether both are weights of one model, rounded or not. */
    public boolean isSameModel(ModelId other) {
        return stored(revision).equals(stored(other.revision));
    }

    /**
     * Whether the names say that one is a copy of the other in another format, such as {@code org/name} and {@code
     * name-Q4_K_M.gguf}: other weights of one model, as far as can be known.
     */
    public boolean isCopyOf(ModelId other) {
        return !isSameModel(other) && ModelNames.areCopies(name, other.name);
    }

    private static String stored(String revision) {
        int rounded = revision.indexOf('+');
        return rounded < 0 ? revision : revision.substring(0, rounded);
    }

    /** The same model with matrices rounded when they are loaded. */
    ModelId rounded(Quantisation how) {
        return how == Quantisation.NONE ? this : new ModelId(name, revision + "+" + how);
    }

    /** {@code name@revision}. */
    @Override
    public String toString() {
        return name + "@" + revision;
    }
}
