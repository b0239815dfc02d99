"""From a trained model to integers, packed files, C and ONNX."""
