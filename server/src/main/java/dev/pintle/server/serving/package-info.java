/** What serves requests: the models and their engines, jobs, and metrics. It knows nothing of HTTP's routes. */
@NullMarked
package dev.pintle.server.serving;

import org.jspecify.annotations.NullMarked;
