package dev.pintle.studies;

import dev.pintle.base.Problem;
import dev.pintle.study.Study;
import dev.pintle.study.allpositions.AllPositionCaa;
import dev.pintle.study.base.BaseStudy;
import dev.pintle.study.doubledecode.DoubleDecodeCaa;
import dev.pintle.study.meanvspca.MeanVsPca;
import dev.pintle.study.othersaes.OtherSaes;
import dev.pintle.study.quality.QualityStudy;
import dev.pintle.study.steeringlatents.SteeringLatents;
import dev.pintle.study.viasae.ViaSaeSteering;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The studies there are. */
public final class Studies {
    /** Pintle's own, in the order in which they run, with the strengths of the original's notebooks relative to its 12. */
    public static final List<Study<?>> ALL = List.of(
            new BaseStudy(),
            new AllPositionCaa(10.0 / 12),
            new MeanVsPca(11.0 / 12),
            new ViaSaeSteering(1.2),
            new DoubleDecodeCaa(8.0 / 12),
            new SteeringLatents(0.01, 16.0 / 12),
            new OtherSaes(),
            new QualityStudy());

    private static final Pattern NAME = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");
    private static final Set<String> RESERVED = Set.of("all", "list"); // words of the command line

    private Studies() {}

    /**
     * Pintle's own, then those of other jars on the class path.
     *
     * @throws dev.pintle.base.PintleException if a study cannot be loaded, or two have one name
     */
    public static List<Study<?>> all() {
        List<Study<?>> others = new ArrayList<>();
        try {
            ServiceLoader.load(Study.class).forEach(others::add);
        } catch (ServiceConfigurationError e) {
            throw Problem.of("A study of another jar cannot be loaded.")
                    .fact("cause", e.getMessage())
                    .fact("try", "a public class with a public constructor without parameters")
                    .toException(e);
        }
        return with(others);
    }

    static List<Study<?>> with(List<Study<?>> others) {
        List<Study<?>> all = new ArrayList<>(ALL);
        all.addAll(others);
        Map<String, Study<?>> byName = new LinkedHashMap<>();
        for (Study<?> study : all) {
            requireName(study);
            Study<?> other = byName.putIfAbsent(study.name(), study);
            if (other != null) {
                throw Problem.of("Two studies have one name.")
                        .fact("name", study.name())
                        .fact("first", other.getClass().getName())
                        .fact("second", study.getClass().getName())
                        .fact("try", "another name for the second, or its jar off the class path")
                        .toException();
            }
        }
        return List.copyOf(all);
    }

    private static void requireName(Study<?> study) {
        if (!NAME.matcher(study.name()).matches() || RESERVED.contains(study.name())) {
            throw Problem.of("A study cannot have that name.")
                    .fact("expected", "lower-case letters, digits and dashes; neither all nor list")
                    .fact("but was", study.name())
                    .fact("class", study.getClass().getName())
                    .toException();
        }
    }

    /**
     * The studies of a name; {@code all} is every one.
     *
     * @throws IllegalArgumentException listing the names
     */
    public static List<Study<?>> named(String name) {
        List<Study<?>> all = all();
        List<Study<?>> found = all.stream()
                .filter(study -> name.equals("all") || study.name().equals(name))
                .toList();
        if (found.isEmpty()) {
            throw Problem.of("There is no such study.")
                    .fact("but was", name)
                    .fact("choose", all.stream().map(Study::name).collect(Collectors.joining(", ")) + ", all")
                    .toIllegalArgument();
        }
        return found;
    }
}
