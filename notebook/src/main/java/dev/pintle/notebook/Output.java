package dev.pintle.notebook;

/** Where what notebooks show goes: plain text to standard output, unless a kernel or a builder has said otherwise. */
public interface Output {
    /** Standard output. */
    Output PLAIN = new Output() {
        @Override
        public void show(Rendered value) {
            System.out.println(value.text());
        }

        @Override
        public void update(String id, Rendered value) {
            // a line that is written again and again is noise in a log; its last state is shown
        }

        @Override
        public void settle(String id, Rendered value) {
            show(value);
        }
    };

    /** Shows a value below the cell that runs. */
    void show(Rendered value);

    /**
     * Shows a value in the place of the one that was shown before with the same id, if there was one.
     *
     * @param id of the place
     */
    void update(String id, Rendered value);

    /** As {@link #update}, for the last time with this id. */
    void settle(String id, Rendered value);

    /** Shows a line of text below the cell that runs. */
    default void line(String text) {
        System.out.println(text);
    }

    /** Sends everything from now on to another place. */
    static void to(Output other) {
        CurrentOutput.set(other);
    }
}
