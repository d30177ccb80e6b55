package dev.pintle.figure;

/**
 * A vertical line that names a value.
 *
 * @param at where on the horizontal axis
 * @param label a few words
 */
public record Marker(double at, String label) {}
