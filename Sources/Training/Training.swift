// Labelled rows to an adapter candidate, in order:
//
//   1. `LabelledFile`        a file or standard input → `[LabelledText]`
//   2. `AdapterTrainer`      rows and `TrainingSettings` → `AdapterCandidate`, step by step:
//        `TrainingRows`          texts → token ids and targets
//        `LearningRateSchedule`  step → rate
//        `BatchPlan`             seed and epoch → batches, each cut into one share a worker
//        `HiddenStateCache`      what the frozen layers below the lowest adapted one gave, kept between epochs in memory and `SpillFile`
//        `TrainingWorker`        a share → its loss and gradient, on a thread of `WorkerTeam`
//        `LossCurve`             loss and rate of the steps, for people
//        `TrainingCheckpoint`    all that a training needs to go on and end with the same bits
//        `AdapterOptimizer`      the shares' gradients → clipped, one step of AdamW
//   3. `Evaluator`           texts and an adapter → `[Prediction]`, `Evaluation`
//   4. `PairedComparison`    two adapters' answers to the same rows → what differs, and whether chance explains it
//
// `SettingsSearch` runs stage 2 for several settings, in parts, and keeps the one that does best.
