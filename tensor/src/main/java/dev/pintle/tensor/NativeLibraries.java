package dev.pintle.tensor;

import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.bytedeco.javacpp.Loader;
import org.jspecify.annotations.Nullable;

/*
 * JavaCPP unpacks each native library into its cache just before it loads it, straight under the final name. It checks the size of
 * a library that it loads by itself, but not of one that the system's linker pulls in from the same folder: libtorch.so, loaded early,
 * pulls in libtorch_cpu.so (300 MB), which JavaCPP unpacks later. A process that is killed while it unpacks, or a second process
 * beside it, leaves a file cut short under that name, and every later start ends with SIGBUS in the linker. So all libraries that
 * others pull in are made complete before any of them is loaded.
 */
/** Unpacks the native libraries that libtorch's own libraries depend on. */
final class NativeLibraries {
    // a library of each jar that holds dependencies; the jar's other libraries lie beside it
    private static final List<String> KNOWN = List.of("openblas/%s/jniopenblas_nolapack", "pytorch/%s/jnitorch");

    private NativeLibraries() {}

    /**
     * Unpacks what is missing from JavaCPP's cache, and what is there with another size or time than in its jar. Waits for another
     * process that is unpacking.
     *
     * @throws IOException if a library can't be written
     */
    static void unpack() throws IOException {
        String platform = Loader.getPlatform() + System.getProperty("org.bytedeco.javacpp.platform.extension", "");
        for (String known : KNOWN) {
            String path = "org/bytedeco/" + String.format(known, platform);
            int name = path.lastIndexOf('/') + 1;
            URL library = resource(path.substring(0, name) + System.mapLibraryName(path.substring(name)));
            if (library == null && path.contains("-gpu/")) { // jars without a build for CUDA
                library = resource(
                        path.substring(0, name).replace("-gpu/", "/") + System.mapLibraryName(path.substring(name)));
            }
            if (library != null && library.openConnection() instanceof JarURLConnection connection) {
                unpackBeside(library, connection);
            }
        }
    }

    private static @Nullable URL resource(String name) {
        return Loader.class.getClassLoader().getResource(name);
    }

    private static void unpackBeside(URL library, JarURLConnection connection) throws IOException {
        String folder = connection.getEntryName();
        folder = folder.substring(0, folder.lastIndexOf('/') + 1);
        String jar = library.toString().substring(0, library.toString().lastIndexOf("!/") + 2);
        JarFile file = connection.getJarFile(); // shared with JavaCPP, which reads from it next, so not ours to close
        for (JarEntry entry : (Iterable<JarEntry>) file.stream()::iterator) {
            String name = entry.getName();
            if (name.startsWith(folder) && isDependency(name.substring(folder.length()))) {
                Loader.cacheResource(new URL(jar + name));
            }
        }
    }

    /** JNI libraries are loaded by JavaCPP itself, after it checked them. */
    private static boolean isDependency(String name) {
        return !name.contains("/")
                && !name.contains("jni")
                && (name.contains(".so") || name.endsWith(".dylib") || name.endsWith(".dll"));
    }
}
