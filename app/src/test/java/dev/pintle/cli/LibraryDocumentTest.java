package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javax.tools.ToolProvider;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/** What docs/library.md shows is compiled and run from there, and its pom held against the project's. */
class LibraryDocumentTest {
    private static final Path ROOT = Golden.parley().resolve("../..").normalize();

    @TempDir
    Path folder = Path.of("");

    private static List<String> blocks(String kind) throws IOException {
        List<String> all = new ArrayList<>();
        StringBuilder block = new StringBuilder();
        boolean within = false;
        boolean wanted = false;
        for (String line : Files.readAllLines(ROOT.resolve("docs/library.md"))) {
            if (!line.startsWith("```")) {
                block.append(line).append('\n');
            } else if (!within) {
                block.setLength(0);
                within = true;
                wanted = line.equals("```" + kind);
            } else {
                if (wanted) {
                    all.add(block.toString());
                }
                within = false;
            }
        }
        return all;
    }

    @Test
    void the_program_compiles_and_prints_what_is_shown_in_a_jvm_without_flags() throws Exception {
        Path source = folder.resolve("Steer.java");
        Files.writeString(source, blocks("java").get(0));
        String classpath = System.getProperty("java.class.path");
        assertThat(ToolProvider.getSystemJavaCompiler()
                        .run(null, null, null, "-cp", classpath, "-d", folder.toString(), source.toString()))
                .isZero();
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Process run = new ProcessBuilder(
                        java.toString(),
                        "-cp",
                        folder + System.getProperty("path.separator") + classpath,
                        "Steer",
                        Golden.parley().toString(),
                        Golden.parley().resolve("parley-7m-sae-l3.pth").toString())
                .redirectError(folder.resolve("err").toFile())
                .start();
        String out = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(run.waitFor()).as(Files.readString(folder.resolve("err"))).isZero();
        assertThat(out).isEqualTo(blocks("").get(0));
    }

    private static Document xml(String text) throws IOException, ParserConfigurationException, SAXException {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(text)));
    }

    private static List<String> texts(Document document, String name) {
        NodeList nodes = document.getElementsByTagName(name);
        return IntStream.range(0, nodes.getLength())
                .mapToObj(i -> nodes.item(i).getTextContent())
                .toList();
    }

    @Test
    void the_poms_agree_on_versions_and_modules() throws Exception {
        Document root = xml(Files.readString(ROOT.resolve("pom.xml")));
        String version = texts(root, "version").get(0);
        assertThat(texts(xml(blocks("xml").get(0)), "version"))
                .contains(version)
                .doesNotContain("${project.version}");
        Document bom = xml(Files.readString(ROOT.resolve("bom/pom.xml")));
        assertThat(texts(bom, "version")).containsOnly(version);
        List<String> told = texts(bom, "artifactId");
        for (String module : texts(root, "module")) {
            String artifact = "pintle-" + module.replace('/', '-');
            if (!List.of("pintle-bom", "pintle-testkit", "pintle-app").contains(artifact)) {
                assertThat(told).contains(artifact);
            }
        }
        String pytorch = texts(root, "pytorch.version").get(0);
        try (var systems = Files.list(ROOT.resolve("natives"))) {
            for (Path system : systems.toList()) {
                Document natives = xml(Files.readString(system.resolve("pom.xml")));
                assertThat(texts(natives, "version")).contains(version, pytorch);
                assertThat(texts(natives, "classifier")).containsOnly(String.valueOf(system.getFileName()));
            }
        }
    }

    @Test
    void no_module_but_the_application_and_the_tests_brings_native_libraries() throws Exception {
        for (String module : List.of("tensor", "model", "steering", "sae", "studies")) {
            String pom =
                    Files.readString(ROOT.resolve(module).resolve("pom.xml")).replaceAll("(?s)<profiles>.*", "");
            String compiled =
                    pom.replaceAll("(?s)<dependency>(?:(?!</dependency>).)*<scope>test</scope>.*?</dependency>", "");
            assertThat(compiled).doesNotContain("-platform", "<classifier>");
        }
    }
}
