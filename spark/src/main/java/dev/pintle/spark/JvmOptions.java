package dev.pintle.spark;

import org.apache.spark.launcher.JavaModuleOptions;

/** Prints the options that a JVM with Spark must start with, for the launcher, as a file of arguments of {@code java}. */
public final class JvmOptions {
    private JvmOptions() {}

    /** Needs Spark's jars alone on the class path. */
    public static void main(String[] args) {
        System.out.println(String.join("\n", JavaModuleOptions.defaultModuleOptionArray()));
    }
}
