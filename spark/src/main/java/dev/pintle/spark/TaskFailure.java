package dev.pintle.spark;

/**
 * A task that could not be computed; the others went on.
 *
 * @param what the task
 * @param cause a sentence and facts
 */
public record TaskFailure(String what, String cause) {}
