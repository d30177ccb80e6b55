package dev.pintle.report;

import dev.pintle.figure.Figure;
import java.util.List;
import java.util.stream.Stream;

/**
 * One chapter of a report, about one study.
 *
 * @param name identifies it in the page and in names of files: lower-case letters, digits and dashes
 * @param asked what the study asks
 * @param claimed what the original said; empty where it has none
 * @param findings what was found, as sentences, the most important first
 * @param elements figures, tables, texts
 */
public record Chapter(
        String name, String title, String asked, String claimed, List<String> findings, List<Element> elements) {
    /** @throws IllegalArgumentException if the name cannot identify it */
    public Chapter {
        if (!name.matches("[a-z0-9]+(-[a-z0-9]+)*")) {
            throw new IllegalArgumentException("A chapter's name is of lower-case letters, digits and dashes: " + name);
        }
        findings = List.copyOf(findings);
        elements = List.copyOf(elements);
    }

    /** Its elements and what is folded in them, in order. */
    public Stream<Element> everything() {
        return elements.stream().flatMap(Element::everything);
    }

    /** Its figures, in order. */
    public List<Figure> figures() {
        return everything()
                .filter(Element.Picture.class::isInstance)
                .map(element -> ((Element.Picture) element).figure())
                .toList();
    }
}
