"""A small right document, for tests to change."""

import pytest


@pytest.fixture
def document():
    return {
        "benchmarks": ["copy"],
        "model": "hadamrnn",
        "q": 1,
        "readout": "auto",
        "fade": "auto",
        "weight_bits": 4,
        "activation_bits": "auto",
        "input_bits": "auto",
        "seed": 1,
        "device": "auto",
        "train": {
            "hidden_size": 128,
            "q": 1,
            "embedding_size": None,
            "epochs": 30,
            "min_steps": None,
            "batch_size": 100,
            "balanced": False,
            "learning_rate": 0.002,
            "learning_rate_schedule": "cosine",
            "learning_rate_decay": 0.98,
            "warmup_steps": 100,
            "patience": None,
            "weight_bits": 3,
            "input_weight_bits": "auto",
            "output_weight_bits": "auto",
            "quantizer": "max",
            "select": "accuracy",
            "train_on_validation": False,
            "finer_classes": False,
            "readout": "last",
            "fade": None,
            "sign_schedule": "hold",
            "sign_learning_rate": 0.001,
            "sign_epochs": 10,
            "clip_gradient": None,
            "state_noise_bits": None,
            "rotation": 0,
            "embedding_bits": None,
            "word_dropout": 0,
            "distortion": 0,
            "channel_dropout": 0,
        },
        "export": {"activation_bits": 12, "input_bits": 8, "bias_bits": 16},
        "benchmark": {
            "copy": {"epochs": 6, "data": {"steps": 1000}},
            "har2": {"readout": "mean", "activation_bits": 9},
        },
    }
