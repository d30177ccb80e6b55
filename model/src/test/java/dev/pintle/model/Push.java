package dev.pintle.model;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.Addition;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;

/** Adds a vector to the generated tokens of a row, or to all. */
record Push(Vec added, HookPoint at, boolean everywhere) implements Addition {
    @Override
    public boolean actsOn(int position, int promptLength) {
        return everywhere || position >= promptLength;
    }

    @Override
    public boolean actsEverywhere() {
        return everywhere;
    }

    @Override
    public Action bind(ModelConfig model, Device device, DType dtype) {
        return (point, activation, layout) -> {
            Tensor vector = Tensor.of(added).to(device);
            float[] acts = new float[layout.batch() * layout.tokens()];
            for (int i = 0; i < acts.length; i++) {
                int row = i / layout.tokens();
                acts[i] = actsOn(layout.position(row, i % layout.tokens()), layout.promptLength(row)) ? 1 : 0;
            }
            Tensor where = Tensor.of(acts, layout.batch(), layout.tokens(), 1);
            return activation.plus(vector.times(where)).to(dtype);
        };
    }
}
