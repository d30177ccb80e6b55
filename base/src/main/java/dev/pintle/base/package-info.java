/**
 * Shared by every module: errors in a uniform format (one sentence, then facts), and bounded reading of untrusted
 * files, JSON and text, which messages quote as short, escaped excerpts that cannot control a terminal.
 */
@org.jspecify.annotations.NullMarked
package dev.pintle.base;
