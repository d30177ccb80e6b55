package dev.pintle.cli;

import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/** The fenced blocks of a document. */
final class DocumentBlocks {
    private DocumentBlocks() {}

    /** Blocks of one language, such as {@code java}; those without a language for "". */
    static List<String> of(String document, String language) throws IOException {
        List<String> all = new ArrayList<>();
        StringBuilder block = new StringBuilder();
        boolean within = false;
        boolean wanted = false;
        for (String line : Files.readAllLines(Golden.projectRoot().resolve(document))) {
            if (!line.startsWith("```")) {
                block.append(line).append('\n');
            } else if (!within) {
                block.setLength(0);
                within = true;
                wanted = line.equals("```" + language);
            } else {
                if (wanted) {
                    all.add(block.toString());
                }
                within = false;
            }
        }
        return all;
    }
}
