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
import java.util.Map;
import java.util.stream.IntStream;
import javax.tools.ToolProvider;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Tag;
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

    private static List<String> blocks(String language) throws IOException {
        return DocumentBlocks.of("docs/library.md", language);
    }

    /** What a program of the document prints, in a JVM without flags. */
    private String printed(String name, String source, String... arguments) throws IOException, InterruptedException {
        Path file = Files.writeString(folder.resolve(name + ".java"), source);
        String classpath = System.getProperty("java.class.path");
        assertThat(ToolProvider.getSystemJavaCompiler()
                        .run(null, null, null, "-cp", classpath, "-d", folder.toString(), file.toString()))
                .isZero();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                folder + System.getProperty("path.separator") + classpath,
                name));
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(folder.resolve("err").toFile());
        builder.environment().put("PINTLE_DATA", folder.resolve("data").toString());
        Process run = builder.start();
        String out = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(run.waitFor()).as(Files.readString(folder.resolve("err"))).isZero();
        return out;
    }

    @Test
    @Tag("slow")
    void the_program_compiles_and_prints_what_is_shown_in_a_jvm_without_flags() throws Exception {
        String out = printed(
                "Steer",
                blocks("java").get(0),
                Golden.parley().toString(),
                Golden.parley().resolve("parley-7m-sae-l3.pth").toString());
        assertThat(out).isEqualTo(blocks("").get(0));
    }

    @Test
    @Tag("slow")
    void what_a_program_keeps_by_name_the_command_steers_with() throws Exception {
        assertThat(printed("Keep", blocks("java").get(1))).isEqualTo(blocks("").get(1));
        CommandRun run = CommandRun.of(
                folder,
                Map.of(),
                "generate",
                "--device",
                "cpu",
                "--vector",
                "pirate",
                "--strength",
                "0.45",
                "--user",
                "Tell me about the whale.");
        assertThat(run.out()).startsWith("Ahoy there!");
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
        for (String module :
                List.of("base", "tensor", "jinja", "text", "hub", "model", "steering", "sae", "studies", "library")) {
            String pom =
                    Files.readString(ROOT.resolve(module).resolve("pom.xml")).replaceAll("(?s)<profiles>.*", "");
            String compiled =
                    pom.replaceAll("(?s)<dependency>(?:(?!</dependency>).)*<scope>test</scope>.*?</dependency>", "");
            assertThat(compiled).doesNotContain("-platform", "<classifier>");
        }
    }
}
