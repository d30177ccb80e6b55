package dev.pintle.cli;

import dev.pintle.model.Quantisation;
import dev.pintle.steering.SteeringMethod;
import dev.pintle.studies.Studies;
import dev.pintle.study.Study;
import dev.pintle.study.StudyVector;
import dev.pintle.tensor.DType;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Values that shells complete. Options may take others too, such as {@code cuda:1}. */
class Candidates implements Iterable<String> {
    private static final Set<String> NEED_MORE_THAN_PAIRS = Set.of("contrast", "generated-tokens");

    private final Supplier<Stream<String>> names;

    private Candidates(Supplier<Stream<String>> names) {
        this.names = names;
    }

    @Override
    public Iterator<String> iterator() {
        return names.get().iterator();
    }

    /** Dtypes that models run in. */
    static final class Dtypes extends Candidates {
        Dtypes() {
            super(() -> DType.MODELS.stream().map(dtype -> dtype.name().toLowerCase(Locale.ROOT)));
        }
    }

    static final class Quantisations extends Candidates {
        Quantisations() {
            super(() -> Arrays.stream(Quantisation.values()).map(Quantisation::toString));
        }
    }

    static final class Devices extends Candidates {
        Devices() {
            super(() -> Stream.of("best", "cpu", "cuda"));
        }
    }

    /** Methods that fit a vector. */
    static final class Methods extends Candidates {
        Methods() {
            super(SteeringMethod.NAMES::stream);
        }
    }

    /** Methods that need nothing but pairs. */
    static final class PairMethods extends Candidates {
        PairMethods() {
            super(() -> SteeringMethod.NAMES.stream().filter(name -> !NEED_MORE_THAN_PAIRS.contains(name)));
        }
    }

    /** Methods whose vectors the studies steer with. */
    static final class StudyVectors extends Candidates {
        StudyVectors() {
            super(() -> StudyVector.labels().stream());
        }
    }

    /** Studies, those of other jars included. */
    static final class StudyNames extends Candidates {
        StudyNames() {
            super(() -> Stream.concat(
                    Stream.of("all", "list"), Studies.all().stream().map(Study::name)));
        }
    }
}
