package dev.pintle.notebook;

/** Where everything goes. One place for the process: cells run on threads that a kernel chooses. */
final class CurrentOutput {
    private static volatile Output current = Output.PLAIN;

    private CurrentOutput() {}

    static Output get() {
        return current;
    }

    static void set(Output other) {
        current = other;
    }
}
