package dev.pintle.study;

import dev.pintle.report.Element;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a report says of a study's result.
 *
 * @param claimed what the original said; empty where it said nothing
 * @param findings what was found, as sentences, the most important first
 * @param elements figures, tables and texts of the chapter
 * @param headlines the few numbers that the findings rest on, in words, by what they are
 * @param leads whether its findings come before those of other studies
 * @param opening what the report shows before its first chapter
 */
public record Told(
        String claimed,
        List<String> findings,
        List<Element> elements,
        Map<String, String> headlines,
        boolean leads,
        List<Element> opening) {
    /** Keeps copies. */
    public Told {
        findings = List.copyOf(findings);
        elements = List.copyOf(elements);
        headlines = Collections.unmodifiableMap(new LinkedHashMap<>(headlines));
        opening = List.copyOf(opening);
    }

    /** Findings and what shows them, beside other studies' and of nothing that the original claimed. */
    public static Told of(List<String> findings, List<Element> elements) {
        return new Told("", findings, elements, Map.of(), false, List.of());
    }

    /** The same with what the original said. */
    public Told claimed(String sentence) {
        return new Told(sentence, findings, elements, headlines, leads, opening);
    }

    /** The same with the numbers that the findings rest on, in their order. */
    public Told headlines(Map<String, String> numbers) {
        return new Told(claimed, findings, elements, numbers, leads, opening);
    }

    /** The same as what the report leads with: its findings first, and elements before the first chapter. */
    public Told leading(List<Element> before) {
        return new Told(claimed, findings, elements, headlines, true, before);
    }
}
