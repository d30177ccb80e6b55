package dev.pintle.study;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.pintle.base.Problem;
import dev.pintle.steering.Contrast;
import dev.pintle.steering.SteeringMethod;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The methods whose vectors the studies compare. */
public enum StudyVector {
    /** All positions of the pair of system prompts, as the original fitted its own. */
    ALL_POSITIONS {
        @Override
        SteeringMethod of(StudySubject subject) {
            return Contrast.allPositions(subject.pair());
        }
    },
    /** The positions of that pair after its prompts' last difference. */
    AFTER_LAST_DIFFERENCE {
        @Override
        SteeringMethod of(StudySubject subject) {
            return Contrast.afterLastDifference(subject.pair());
        }
    },
    /** The last position of many pairs with answer prefixes, the positive prompt as the settings want it. */
    LAST_POSITION {
        @Override
        SteeringMethod of(StudySubject subject) {
            StudySettings settings = subject.settings();
            return Contrast.lastPosition(subject.prefixPairs(
                    settings.answers().question(), settings.answers().tuplePrompt()));
        }
    };

    /** The method with the subject's prompts. */
    abstract SteeringMethod of(StudySubject subject);

    /** As it is written: {@code after-last-difference}. */
    @JsonValue
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Every method as it is written. */
    public static List<String> labels() {
        return Arrays.stream(values()).map(StudyVector::label).toList();
    }

    /**
     * The method of a name.
     *
     * @throws IllegalArgumentException listing the names there are
     */
    @JsonCreator
    public static StudyVector parse(String name) {
        return Arrays.stream(values())
                .filter(method -> method.label().equals(name))
                .findFirst()
                .orElseThrow(() -> Problem.of("A setting of the studies cannot be used.")
                        .fact("setting", "vector")
                        .fact("expected", String.join(", ", labels()))
                        .fact("but was", name)
                        .toIllegalArgument());
    }

    @Override
    public String toString() {
        return label();
    }
}
