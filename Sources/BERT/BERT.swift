// The classifier, from the base to training:
//
//   1. `BERTConfiguration`   architecture and sizes of the base, from its config.json
//   2. `BERTBase`            the frozen weights, read once from safetensors, shared by all
//   3. `Adapter`             one task's LoRA matrices, head and labels over that base, immutable
//   4. `PackedBatch`         token ids of many texts end to end, never padded
//   5. `InferencePass`       one worker's forward pass over them: batch and adapters in, logits out
//   6. `ParallelInference`   many texts on all cores, for work that is not live
//   7. `TrainableAdapter`    an adapter's parameters in one flat buffer for the optimizer
//   8. `TrainingPass`        one worker's forward and backward pass: batch and targets in, loss and gradient out
