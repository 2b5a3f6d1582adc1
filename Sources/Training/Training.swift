// Labelled rows to an adapter candidate, in order:
//
//   1. `LabelledFile`        a file or standard input → `[LabelledText]`
//   2. `AdapterTrainer`      rows and `TrainingSettings` → `AdapterCandidate`, step by step:
//        `TrainingRows`          texts → token ids and targets
//        `LearningRateSchedule`  step → rate
//        `BatchPlan`             seed and epoch → batches, each cut into one share a worker
//        `HiddenStateCache`      what the frozen layers below the lowest adapted one gave, kept between epochs in memory and `SpillFile`
//        `TrainingWorker`        a share → its loss and gradient, on a thread of `WorkerTeam`
//        `AdapterOptimizer`      the shares' gradients → clipped, one step of AdamW
//   3. `Evaluator`           texts and an adapter → `[Prediction]`, `Evaluation`
