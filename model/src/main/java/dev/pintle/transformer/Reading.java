package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;

/**
 * A hook that reads activations and changes none. As one of a row's own hooks, it is called for that row alone, whatever
 * other rows run beside it.
 */
public interface Reading extends Hook {
    /**
     * Called once per pass at each of the hook's points, for each row that it belongs to.
     *
     * @param activation of all rows, with the axes given by {@link HookPoint.Site#axes}; valid during the call
     * @param row the row to read
     */
    void read(HookPoint point, Tensor activation, Layout layout, int row);

    @Override
    default Action bind(ModelConfig model, Device device, DType dtype) {
        return (point, activation, layout) -> {
            for (int row = 0; row < layout.batch(); row++) {
                read(point, activation, layout, row);
            }
            return activation;
        };
    }
}
