package dev.pintle.notebook.kernel;

import dev.pintle.notebook.Output;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.logging.LogManager;
import org.rapaio.jupyter.kernel.MainApp;
import org.rapaio.jupyter.kernel.channels.Channels;
import org.rapaio.jupyter.kernel.channels.LoopThread;
import org.rapaio.jupyter.kernel.core.ConnectionProperties;
import org.rapaio.jupyter.kernel.core.Transform;

/**
 * Starts the Java kernel for Jupyter. It does what the kernel's own main class does, except that no message is read before the
 * kernel has set up all its handlers: the kernel (3.0.1) reads first and drops what it has no handler for, so that one start in
 * three never answers.
 */
public final class KernelMain {
    private KernelMain() {}

    /** @param args Jupyter's connection file */
    public static void main(String[] args) throws IOException, GeneralSecurityException {
        try (InputStream logging = MainApp.class.getClassLoader().getResourceAsStream("logging.properties")) {
            if (logging != null) {
                LogManager.getLogManager().readConfiguration(logging);
            }
        }
        ConnectionProperties connection =
                Transform.fromJson(Files.readString(Path.of(args[0])), ConnectionProperties.class);
        Channels channels = new Channels(connection);
        Output.to(new KernelOutput());
        channels.connect(MainApp.kernel);
        LoopThread.begin();
        channels.joinUntilClose();
    }
}
