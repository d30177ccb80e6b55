package dev.pintle.notebook.kernel;

import dev.pintle.evaluation.SweepResult;
import dev.pintle.figure.Figure;
import dev.pintle.model.Generated;
import dev.pintle.notebook.Renderer;
import dev.pintle.report.Element;
import dev.pintle.sae.Decomposition;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.Vec;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.rapaio.jupyter.kernel.display.DisplayData;
import org.rapaio.jupyter.kernel.display.DisplayRenderer;
import org.rapaio.jupyter.kernel.display.DisplayTransformer;
import org.rapaio.jupyter.kernel.display.spi.DisplayProvider;

/**
 * How the kernel shows what a cell's last line returns. It would send a text as HTML as it is, so that markup in what a model
 * wrote would be followed; here it is escaped.
 */
public final class KernelDisplays implements DisplayProvider {
    private static final List<Class<?>> OURS = List.of(
            CharSequence.class,
            Figure.class,
            Generated.class,
            SteeringVector.class,
            Decomposition.class,
            SweepResult.class,
            Element.class,
            Vec.class,
            Record.class,
            Collection.class,
            float[].class,
            double[].class,
            int[].class,
            Object[].class);

    @Override
    public List<DisplayRenderer> getDisplayRenderers() {
        return OURS.stream()
                .flatMap(kind -> Stream.<DisplayRenderer>of(new Shown(kind)))
                .toList();
    }

    @Override
    public List<DisplayTransformer> getDisplayTransformers() {
        return List.of();
    }

    private record Shown(Class<?> rendererClass) implements DisplayRenderer {
        @Override
        public boolean canRender(String mime) {
            return true;
        }

        @Override
        public DisplayData render(String mime, Object value) {
            return KernelOutput.data(Renderer.of(value));
        }
    }
}
