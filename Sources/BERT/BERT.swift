// The classifier, in the order in which a text meets it:
//
//   1. `BERTConfiguration`   what the base is, from its config.json
//   2. `BERTBase`            the frozen weights, read once from safetensors, shared by everyone
//   3. `Adapter`             one task's LoRA matrices, head and labels over that base, immutable
//   4. `PackedBatch`         token ids of many texts end to end, never padded
//   5. `InferencePass`       one worker's forward pass: batch and adapters in, logits out
//   6. `ParallelInference`   many texts over all cores, for work that is not live
//   7. `TrainableAdapter`    an adapter's parameters as one flat buffer that an optimizer can step
//   8. `TrainingPass`        one worker's forward and backward pass: batch and targets in, loss and gradient out
