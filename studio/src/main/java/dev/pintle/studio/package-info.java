/**
 * The studio: pages in the browser to chat with a steered model and to look inside it. The pages are ES modules in the
 * resources beside this package, served as they are; all they show comes from the server's documented routes.
 */
@NullMarked
package dev.pintle.studio;

import org.jspecify.annotations.NullMarked;
