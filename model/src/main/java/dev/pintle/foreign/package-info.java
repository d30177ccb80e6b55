/**
 * What others wrote: files, JSON and text from repositories, servers and users. It is read within limits, and quoted in
 * messages as short excerpts in which nothing can steer a terminal.
 */
@org.jspecify.annotations.NullMarked
package dev.pintle.foreign;
