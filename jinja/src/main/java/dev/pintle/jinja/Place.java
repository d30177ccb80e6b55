package dev.pintle.jinja;

/** A line and a column in a template, both from 1. */
record Place(int line, int column) {
    @Override
    public String toString() {
        return "line " + line + ", column " + column;
    }
}
