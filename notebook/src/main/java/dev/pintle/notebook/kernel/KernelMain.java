package dev.pintle.notebook.kernel;

import dev.pintle.notebook.Output;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.AbstractMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.logging.LogManager;
import org.jspecify.annotations.Nullable;
import org.rapaio.jupyter.kernel.MainApp;
import org.rapaio.jupyter.kernel.channels.Channels;
import org.rapaio.jupyter.kernel.core.ConnectionProperties;
import org.rapaio.jupyter.kernel.core.Transform;

/**
 * Starts the Java kernel for Jupyter. It does what the kernel's own main class does, except that a message which arrives before
 * the kernel has said what answers to it waits: the kernel (3.0.1) starts to read messages first, and without this a start in
 * three ends in a kernel that never answers.
 */
public final class KernelMain {
    private KernelMain() {}

    /** @param args Jupyter's connection file */
    public static void main(String[] args) throws IOException, GeneralSecurityException, ReflectiveOperationException {
        try (InputStream logging = MainApp.class.getClassLoader().getResourceAsStream("logging.properties")) {
            if (logging != null) {
                LogManager.getLogManager().readConfiguration(logging);
            }
        }
        ConnectionProperties connection =
                Transform.fromJson(Files.readString(Path.of(args[0])), ConnectionProperties.class);
        Channels channels = new Channels(connection);
        Field handlers = Channels.class.getDeclaredField("handlers");
        handlers.setAccessible(true);
        CountDownLatch connected = new CountDownLatch(1);
        handlers.set(channels, new NotYet(handlers, channels, connected));
        Output.to(new KernelOutput());
        channels.connect(MainApp.kernel);
        connected.countDown(); // all handlers are there: the kernel puts them into a new map one by one
        channels.joinUntilClose();
    }

    /** Stands for the handlers until they are there. */
    private static final class NotYet extends AbstractMap<Object, Object> {
        private final Field handlers;
        private final Channels channels;
        private final CountDownLatch connected;

        NotYet(Field handlers, Channels channels, CountDownLatch connected) {
            this.handlers = handlers;
            this.channels = channels;
            this.connected = connected;
        }

        @Override
        public @Nullable Object get(@Nullable Object kind) {
            try {
                connected.await();
                return ((Map<?, ?>) handlers.get(channels)).get(kind);
            } catch (IllegalAccessException e) {
                throw new IllegalStateException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }

        @Override
        public Set<Entry<Object, Object>> entrySet() {
            return Set.of();
        }
    }
}
