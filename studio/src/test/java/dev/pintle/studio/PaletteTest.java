package dev.pintle.studio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.figure.Theme;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The colours of figures in the browser are those of figures in reports. */
class PaletteTest {
    private static final Path FILE =
            Golden.projectRoot().resolve("studio/src/main/resources/dev/pintle/studio/css/palette.css");

    @Test
    void the_pages_palette_is_that_of_the_reports() throws IOException {
        assertThat(Files.readString(FILE)).isEqualTo(css());
    }

    private static String css() {
        StringBuilder css =
                new StringBuilder("/* The colours of dev.pintle.figure.Theme; PaletteTest prints this file. */\n");
        css.append(rule(":root", Theme.LIGHT));
        css.append(rule(":root[data-theme=\"dark\"]", Theme.DARK));
        return css.toString();
    }

    private static String rule(String selector, Theme theme) {
        StringBuilder rule = new StringBuilder(selector + " {\n");
        theme.palette().forEach((name, hex) -> rule.append("  --" + name + ": #" + hex + ";\n"));
        return rule.append("}\n").toString();
    }
}
