"""Whether PyTorch reads vector files that Pintle wrote, without running code from them, and finds what lm-evaluation-harness wants.

    python3 bench/check_vector_files.py FILE.pt ...

Needs torch.
"""
import sys

import torch

KEYS = {"steering_vector", "steering_coefficient", "action", "bias"}

for path in sys.argv[1:]:
    steer = torch.load(path, weights_only=True)
    for module, settings in steer.items():
        vector = settings["steering_vector"]
        assert set(settings) == KEYS, f"{path}: {module} holds {sorted(settings)}, expected {sorted(KEYS)}"
        assert settings["action"] == "add" and settings["bias"] is None and settings["steering_coefficient"] == 1.0, f"{path}: {settings}"
        assert vector.ndim == 1 and vector.dtype == torch.float32 and bool(torch.isfinite(vector).all()), f"{path}: {vector}"
        print(f"{path}: {module}, {vector.numel()} numbers, length {vector.norm():.6f}: loaded with weights_only=True")
