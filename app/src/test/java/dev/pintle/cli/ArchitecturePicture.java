package dev.pintle.cli;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.Polygon;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;

/**
 * The picture of docs/architecture.md, drawn from the poms: {@code java
 * app/src/test/java/dev/pintle/cli/ArchitecturePicture.java} in the root of a checkout draws it again.
 */
final class ArchitecturePicture {
    static final int WIDTH = 760;
    static final int HEIGHT = 1068;
    private static final int BOX = 52;
    private static final int PITCH = 88;
    private static final int GUTTER = 380;

    /** A module: its row from the top, left edge, width, and what it holds. */
    private record Place(int row, int x, int width, String holds) {
        int top() {
            return 20 + row * PITCH;
        }

        int bottom() {
            return top() + BOX;
        }

        int right() {
            return x + width;
        }
    }

    private record Arrow(String from, String to, int x1, int y1, int x2, int y2) {}

    private static final Map<String, Place> PLACES = new LinkedHashMap<>();

    static {
        PLACES.put("bench", new Place(0, 40, 330, "pintle bench: measuring code"));
        PLACES.put("spark", new Place(0, 390, 330, "pintle spark: jobs for many machines"));
        PLACES.put("app", new Place(1, 40, 680, "the pintle command: options in, tables and JSON out"));
        PLACES.put("notebook", new Place(2, 40, 330, "notebooks in Java, and Jupyter"));
        PLACES.put("studio", new Place(2, 390, 330, "pages in the browser"));
        PLACES.put("server", new Place(3, 390, 330, "models over HTTP, with steering"));
        PLACES.put("library", new Place(4, 40, 680, "the user's data folder: everything by name"));
        PLACES.put("studies", new Place(5, 40, 680, "sweeps, studies, runs, reports, figures"));
        PLACES.put("sae", new Place(6, 40, 680, "sparse autoencoders, decompositions, labels, profiles"));
        PLACES.put("steering", new Place(7, 40, 680, "steering vectors, interventions, vector files"));
        PLACES.put("model", new Place(8, 40, 680, "transformer, GPU kernels, model families, generation"));
        PLACES.put("hub", new Place(9, 450, 270, "Hugging Face cache, HTTP"));
        PLACES.put("tensor", new Place(10, 40, 300, "tensors over libtorch, tensor files"));
        PLACES.put("text", new Place(10, 420, 300, "tokenizers, chats, roles"));
        PLACES.put("base", new Place(11, 40, 300, "errors, foreign files, JSON"));
        PLACES.put("jinja", new Place(11, 420, 300, "chat-template language"));
    }

    private ArchitecturePicture() {}

    /** Modules and the modules of ours that their poms name, test scope left out. */
    static Map<String, List<String>> dependencies(Path root) throws IOException {
        Map<String, List<String>> found = new LinkedHashMap<>();
        for (String module :
                all(Pattern.compile("<module>([a-z]+)</module>"), Files.readString(root.resolve("pom.xml")))) {
            if (module.equals("testkit") || module.equals("bom")) {
                continue;
            }
            List<String> known = new ArrayList<>();
            String pom = Files.readString(root.resolve(module).resolve("pom.xml"));
            for (String dependency : all(Pattern.compile("(?s)<dependency>(.*?)</dependency>"), pom)) {
                if (!dependency.contains("<scope>test</scope>")) {
                    known.addAll(all(Pattern.compile("<artifactId>pintle-([a-z]+)</artifactId>"), dependency));
                }
            }
            found.put(module, known);
        }
        return found;
    }

    private static List<String> all(Pattern pattern, String text) {
        List<String> found = new ArrayList<>();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }

    private static Place place(String module) {
        Place place = PLACES.get(module);
        if (place == null) {
            throw new IllegalArgumentException("no place in the picture for the module " + module);
        }
        return place;
    }

    private static List<Arrow> arrows(Map<String, List<String>> dependencies) {
        List<Arrow> arrows = new ArrayList<>();
        dependencies.forEach((from, known) -> {
            for (String to : known) {
                Place a = place(from);
                Place b = place(to);
                int left = Math.max(a.x(), b.x());
                int right = Math.min(a.right(), b.right());
                boolean blocked = PLACES.values().stream()
                        .anyMatch(other -> other.row() > a.row()
                                && other.row() < b.row()
                                && other.x() < right
                                && other.right() > left);
                int x1 = (left + right) / 2;
                int x2 = x1;
                if (left >= right) { // side by side: corner to corner
                    int apart = 24 * (b.row() - a.row() - 1);
                    x1 = b.x() < a.x() ? a.x() + 6 : a.right() - 6;
                    x2 = b.x() < a.x() ? b.right() - 10 - apart : b.x() + 10 + apart;
                } else if (blocked) {
                    x1 = GUTTER;
                    x2 = b.x() > GUTTER ? b.x() + 10 : b.right() - 10;
                }
                arrows.add(new Arrow(from, to, x1, a.bottom(), x2, b.top() - 2));
            }
        });
        return arrows;
    }

    static String svg(Map<String, List<String>> dependencies) {
        StringBuilder svg = new StringBuilder();
        svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\">\n"
                .formatted(WIDTH, HEIGHT));
        svg.append("<title>Modules of Pintle; an arrow points at what a module knows</title>\n");
        svg.append("<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n".formatted(WIDTH, HEIGHT));
        svg.append(
                "<defs><marker id=\"tip\" markerWidth=\"8\" markerHeight=\"8\" refX=\"7\" refY=\"4\" orient=\"auto\">"
                        + "<path d=\"M0,0 L8,4 L0,8 z\" fill=\"#5b6675\"/></marker></defs>\n");
        dependencies.keySet().forEach(module -> {
            Place p = place(module);
            svg.append(
                    "<g id=\"%s\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#eef3f9\" stroke=\"#31557f\"/>"
                            .formatted(module, p.x(), p.top(), p.width(), BOX));
            svg.append("<text x=\"%d\" y=\"%d\" font-size=\"16\" font-weight=\"bold\" fill=\"#17324f\">%s</text>"
                    .formatted(p.x() + 14, p.top() + 22, module));
            svg.append("<text x=\"%d\" y=\"%d\" font-size=\"13\" fill=\"#3b4653\">%s</text></g>\n"
                    .formatted(p.x() + 14, p.top() + 41, p.holds()));
        });
        for (Arrow a : arrows(dependencies)) {
            svg.append(
                    "<line class=\"knows\" data-from=\"%s\" data-to=\"%s\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#5b6675\" stroke-width=\"1.6\" marker-end=\"url(#tip)\"/>\n"
                            .formatted(a.from(), a.to(), a.x1(), a.y1(), a.x2(), a.y2()));
        }
        return svg.append("</svg>\n").toString();
    }

    /** The same at twice the size; letters differ with the fonts of the machine. */
    private static BufferedImage png(Map<String, List<String>> dependencies) {
        BufferedImage image = new BufferedImage(2 * WIDTH, 2 * HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        g.scale(2, 2);
        g.setColor(Color.WHITE);
        g.fillRect(0, 0, WIDTH, HEIGHT);
        dependencies.keySet().forEach(module -> {
            Place p = place(module);
            g.setColor(new Color(0xeef3f9));
            g.fillRoundRect(p.x(), p.top(), p.width(), BOX, 16, 16);
            g.setColor(new Color(0x31557f));
            g.drawRoundRect(p.x(), p.top(), p.width(), BOX, 16, 16);
            g.setColor(new Color(0x17324f));
            g.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 16));
            g.drawString(module, p.x() + 14, p.top() + 22);
            g.setColor(new Color(0x3b4653));
            g.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
            g.drawString(p.holds(), p.x() + 14, p.top() + 41);
        });
        g.setColor(new Color(0x5b6675));
        g.setStroke(new BasicStroke(1.6f));
        for (Arrow a : arrows(dependencies)) {
            g.drawLine(a.x1(), a.y1(), a.x2(), a.y2() - 3);
            double angle = Math.atan2(a.y2() - a.y1(), a.x2() - a.x1());
            Polygon tip = new Polygon();
            for (double turn : new double[] {0, Math.PI - 0.45, Math.PI + 0.45}) {
                double reach = turn == 0 ? 0 : 11;
                tip.addPoint((int) Math.round(a.x2() + reach * Math.cos(angle + turn)), (int)
                        Math.round(a.y2() + reach * Math.sin(angle + turn)));
            }
            g.fill(tip);
        }
        g.dispose();
        return image;
    }

    public static void main(String[] args) throws IOException {
        Path root = Path.of("").toAbsolutePath();
        Map<String, List<String>> dependencies = dependencies(root);
        Path images = root.resolve("docs/images");
        Files.writeString(images.resolve("architecture.svg"), svg(dependencies));
        ImageIO.write(
                png(dependencies), "png", images.resolve("architecture.png").toFile());
    }
}
