/**
 * What every module shares: errors that say the same things everywhere (a sentence, then facts), and files, JSON and text that
 * others wrote, read within limits and quoted in messages as short excerpts in which nothing can steer a terminal.
 */
@org.jspecify.annotations.NullMarked
package dev.pintle.base;
