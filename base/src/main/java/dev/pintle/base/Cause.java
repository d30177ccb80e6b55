package dev.pintle.base;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import java.io.EOFException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Explains exceptions of the JDK and of libraries to readers who do not know Java. */
public final class Cause {
    private static final Pattern JAVA_NAME =
            Pattern.compile("^(?:[a-z][A-Za-z0-9_]*\\.)+([A-Z][A-Za-z0-9_$]*(?:Exception|Error)): ");

    private Cause() {}

    /** A phrase that describes what happened, for a line such as "cause: …". */
    public static String words(Throwable thrown) {
        if (thrown instanceof UncheckedIOException unchecked && unchecked.getCause() != null) {
            return words(unchecked.getCause());
        }
        if (thrown instanceof FileSystemException file) {
            return onFile(file);
        }
        if (thrown instanceof InvalidPathException path) {
            return "no file can have that name: " + path.getReason();
        }
        if (thrown instanceof CharacterCodingException) {
            return "it is not UTF-8 text";
        }
        if (thrown instanceof EOFException) {
            return "it ends too early";
        }
        if (thrown instanceof ClosedChannelException) {
            return "it was closed in the meantime";
        }
        if (thrown instanceof InterruptedIOException || thrown instanceof InterruptedException) {
            return "it took too long or was interrupted";
        }
        if (thrown instanceof OutOfMemoryError) {
            return "there is not enough memory";
        }
        if (thrown instanceof JsonProcessingException json) {
            return inJson(json);
        }
        String message = thrown.getMessage();
        if (message == null || message.isBlank()) {
            return thrown.getCause() != null && thrown.getCause() != thrown
                    ? words(thrown.getCause())
                    : spelled(thrown.getClass().getSimpleName());
        }
        return withoutJava(message);
    }

    private static String onFile(FileSystemException file) {
        String name = Objects.requireNonNullElse(file.getFile(), "the file");
        if (file instanceof NoSuchFileException) {
            return "there is no file or folder " + name;
        }
        if (file instanceof AccessDeniedException) {
            return "permission denied: " + name;
        }
        if (file instanceof FileAlreadyExistsException) {
            return "it already exists: " + name;
        }
        if (file instanceof NotDirectoryException) {
            return "it is not a folder: " + name;
        }
        if (file instanceof DirectoryNotEmptyException) {
            return "the folder is not empty: " + name;
        }
        if (file instanceof FileSystemLoopException) {
            return "its symbolic links form a loop: " + name;
        }
        return file.getReason() == null ? name : file.getReason() + ": " + name;
    }

    /** The location and what is wrong there, without Java class names. */
    private static String inJson(JsonProcessingException json) {
        JsonLocation at = json.getLocation();
        String where = at == null || at.getLineNr() < 1
                ? ""
                : String.format(Locale.ROOT, "line %d, column %d: ", at.getLineNr(), at.getColumnNr());
        if (json instanceof JsonMappingException mapping) {
            String path = mapping.getPath().stream()
                    .map(step -> step.getFieldName() == null ? "[" + step.getIndex() + "]" : "." + step.getFieldName())
                    .collect(Collectors.joining())
                    .replaceFirst("^\\.", "");
            Throwable cause = mapping.getCause();
            String what = cause instanceof IllegalArgumentException && cause.getMessage() != null
                    ? withoutJava(cause.getMessage())
                    : "a value of a different type was expected";
            return where + (path.isEmpty() ? what : path + ": " + what);
        }
        return where + withoutJava(ForeignJson.why(json));
    }

    private static String withoutJava(String message) {
        return JAVA_NAME.matcher(message).replaceFirst("");
    }

    /** {@code HttpTimeoutException} as "http timeout". */
    private static String spelled(String name) {
        return name.replaceFirst("(Exception|Error)$", "")
                .replaceAll("(?<=[a-z])(?=[A-Z])", " ")
                .toLowerCase(Locale.ROOT);
    }
}
