package dev.pintle.spark;

/** Prints {@link Clusters#moduleOptions} for the launcher, as a file of arguments of {@code java}. */
public final class JvmOptions {
    private JvmOptions() {}

    public static void main(String[] args) {
        System.out.println(String.join("\n", Clusters.moduleOptions()));
    }
}
