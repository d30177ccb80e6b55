package dev.pintle.jinja;

/** A 1-based line and column in a template. */
record Place(int line, int column) {
    @Override
    public String toString() {
        return "line " + line + ", column " + column;
    }
}
