package dev.pintle.steering;

import dev.pintle.model.Hook;

/** Something done to the residual stream while a model runs. A value: it can be kept, compared and reused. */
public sealed interface Intervention extends Hook permits Add {}
