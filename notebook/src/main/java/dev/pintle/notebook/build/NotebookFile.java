package dev.pintle.notebook.build;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.notebook.Rendered;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/**
 * Writes a notebook with its outputs in Jupyter's format (nbformat 4.5). The file is reproducible: cell ids are numbered, and paths
 * of the machine are removed. Figures are PNG, since sites that render notebooks strip SVG.
 */
public final class NotebookFile {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private NotebookFile() {}

    /** The file's text. */
    public static String json(NotebookRun run) {
        ObjectNode notebook = JSON.objectNode();
        ArrayNode cells = notebook.putArray("cells");
        int executions = 0;
        for (int i = 0; i < run.cells().size(); i++) {
            RunCell ran = run.cells().get(i);
            String id = String.format(Locale.ROOT, "cell-%02d", i + 1);
            cells.add(ran.cell().kind() == Cell.Kind.CODE ? code(ran, id, ++executions) : text(ran.cell(), id));
        }
        ObjectNode metadata = notebook.putObject("metadata");
        metadata.putObject("kernelspec")
                .put("display_name", KernelSpec.DISPLAY_NAME)
                .put("language", "java")
                .put("name", KernelSpec.NAME);
        metadata.putObject("language_info")
                .put("file_extension", ".jshell")
                .put("mimetype", "text/x-java-source")
                .put("name", "java");
        notebook.put("nbformat", 4).put("nbformat_minor", 5);
        try {
            DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
            DefaultIndenter indent = new DefaultIndenter(" ", "\n");
            printer.indentObjectsWith(indent);
            printer.indentArraysWith(indent);
            return MAPPER.writer(printer).writeValueAsString(notebook) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A tree of plain values has JSON.", e);
        }
    }

    private static ObjectNode text(Cell cell, String id) {
        String text = cell.kind() == Cell.Kind.SOLUTION
                ? "<details>\n<summary>Solution</summary>\n\n```java\n" + cell.text() + "\n```\n\n</details>"
                : cell.text();
        ObjectNode node = JSON.objectNode().put("cell_type", "markdown").put("id", id);
        node.putObject("metadata");
        lines(node, "source", text);
        return node;
    }

    private static ObjectNode code(RunCell ran, String id, int execution) {
        ObjectNode node = JSON.objectNode()
                .put("cell_type", "code")
                .put("execution_count", execution)
                .put("id", id);
        ObjectNode metadata = node.putObject("metadata");
        if (!ran.cell().tags().isEmpty()) {
            ran.cell().tags().stream().sorted().forEach(metadata.putArray("tags")::add);
        }
        ArrayNode outputs = node.putArray("outputs");
        ran.outputs().forEach(shown -> outputs.add(output(shown)));
        lines(node, "source", ran.cell().text());
        return node;
    }

    private static ObjectNode output(RunCell.Shown shown) {
        ObjectNode node = JSON.objectNode();
        if (shown instanceof RunCell.Lines printed) {
            node.put("name", "stdout").put("output_type", "stream");
            lines(node, "text", Stripped.of(printed.text()));
            return node;
        }
        Rendered value = ((RunCell.Value) shown).rendered();
        node.put("output_type", "display_data").putObject("metadata");
        ObjectNode data = node.putObject("data");
        lines(data, "text/plain", Stripped.of(value.text()));
        if (value.hasPicture()) {
            data.put("image/png", Base64.getEncoder().encodeToString(value.png()));
        } else if (!value.html().isEmpty()) {
            lines(data, "text/html", Stripped.of(value.html()));
        }
        return node;
    }

    /** Text as a list of lines that keep their ends, as Jupyter writes it. */
    private static void lines(ObjectNode node, String key, String text) {
        ArrayNode lines = node.putArray(key);
        List.of(text.split("(?<=\n)", -1)).stream()
                .filter(line -> !line.isEmpty())
                .forEach(lines::add);
    }
}
